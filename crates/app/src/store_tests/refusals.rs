//! What becomes of a write that the store cannot take.

use crate::testing::{House, in_a_house};
use store::Engine;
use store::error::Error;

/// Runs a statement of the engine's own on the connection that writes.
fn tell_writer(house: &House, sqlite: &str, postgres: &str) {
    let text = if house.db.engine() == Engine::Sqlite { sqlite } else { postgres };
    house.db.tell_writer(text).expect("told");
}

/// Writes until a write is refused; every name that was answered is there, and none that was refused.
fn refused_with(house: &House, code: &str, name: &str) {
    let mut kept = Vec::new();
    let refused = (0..2_000).find_map(|index| {
        let name = format!("{name} {index}");
        let saved = house.db.write(&house.admin, |tx| {
            let customer = crate::customers::SaveCustomer {
                name: name.clone(),
                note: Some("x".repeat(900)),
                ..Default::default()
            };
            crate::customers::save_customer(tx, None, &customer)
        });
        match saved {
            Ok(customer) => {
                kept.push(customer.id);
                None
            }
            Err(error) => Some(error),
        }
    });
    assert!(matches!(refused, Some(Error::Unavailable(told)) if told == code), "{refused:?} after {}", kept.len());
    let query = store::views::ListQuery { q: Some(name.to_owned()), limit: Some(200), ..Default::default() };
    let there = house
        .db
        .read(|conn| crate::customers::list_customers(conn, &house.admin, &query))
        .expect("reading goes on")
        .items;
    assert_eq!(there.len(), kept.len().min(200));
    assert!(there.iter().all(|customer| kept.contains(&customer.id)));
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    in_a_house(|house| {
        // The least that can be set is the size that the file has.
        let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                    RAISE EXCEPTION 'could not extend file \"base/5/24604\": No space left on device' USING ERRCODE = 'disk_full'; END $$; \
                    CREATE TRIGGER full_disk BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION full_disk();";
        tell_writer(house, "PRAGMA max_page_count = 1", full);
        refused_with(house, "store-full", "پر");
        tell_writer(house, "PRAGMA max_page_count = 1000000", "DROP TRIGGER full_disk ON journal");
        house.customer("زهرا کریمی", "09123456789");
    });
}

#[test]
fn a_store_that_takes_no_changes_is_read_on() {
    in_a_house(|house| {
        let known = house.customer("مینا رستمی", "09123456780");
        tell_writer(house, "PRAGMA query_only = ON", "SET default_transaction_read_only = on");
        refused_with(house, "store-read-only", "خواندنی");
        crate::personal::opened::note_opened(&house.db, &house.admin, &known)
            .expect("who stands at the counter is served");
        tell_writer(house, "PRAGMA query_only = OFF", "SET default_transaction_read_only = off");
        house.customer("زهرا کریمی", "09123456789");
    });
}
