//! The day of who acts.

use domain::time::iso_date;
use store::query::*;

use crate::testing::{RECEPTIONIST, in_a_house};
use crate::tracking::track;
use store::schema::centres;

#[test]
fn a_day_is_that_of_the_centre_where_one_works() {
    in_a_house(|house| {
        let customer = house.customer("زهرا کریمی", "09123456789");
        // Half past ten in the evening of UTC: the next day has begun in Tehran, and is far in New York.
        house.at("1405/09/02 02:00");
        let here = house.device("TV-1", "T-1", "1404/01/15", &[]);
        let received = house.receive(&customer, &[(&here, "no-power")]);
        assert_eq!(Some(received.received_on), iso_date("2026-11-23"));

        house.write(|tx| {
            Ok(diesel::update(centres::table).set(centres::time_zone.eq("America/New_York")).execute(tx.conn)?)
        });
        assert_eq!(Some(house.person(RECEPTIONIST).today(house.db.now())), iso_date("2026-11-22"));
        let there = house.device("TV-1", "T-2", "1404/01/15", &[]);
        let received = house.receive(&customer, &[(&there, "no-power")]);
        assert_eq!(Some(received.received_on), iso_date("2026-11-22"));
        assert_eq!(
            track(&house.db, &received.tracking_number, "10.0.0.1").expect("tracked").time_zone,
            "America/New_York"
        );
    });
}
