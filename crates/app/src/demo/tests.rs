//! The demo has what it promises, and its removal leaves nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::testing::each_engine;
use store::schema::{causes, centres, coverage_shares, devices, faults, journal, products, repairs as r, staff};
use store::types::At;

#[test]
fn the_demo_has_life_at_every_step_and_can_be_removed() {
    each_engine(|db, clock, dir| {
        // One engine is enough for two minutes of work: the commands are tried on both elsewhere, the removal is not.
        if dir.is_none() {
            db.write(&Actor::system(), |tx| settings::set(tx.conn, "demo", "yes")).expect("a setting");
            remove(&db, &Actor::system()).expect("removed");
            assert!(!db.read(is_demo).expect("read"));
            return;
        }
        clock.set("2026-11-24T06:00:00Z");
        fill(&db).expect("filled");
        db.read(|conn| {
            let count = |wanted: i64, name: &str, found: i64| assert!(found >= wanted, "{name}: {found}");
            count(3, "centres", centres::table.count().get_result(conn)?);
            count(25, "staff", staff::table.count().get_result(conn)?);
            count(300, "products", products::table.count().get_result(conn)?);
            count(
                60,
                "faults and causes",
                faults::table.filter(faults::parent_id.is_not_null()).count().get_result::<i64>(conn)?
                    + causes::table.filter(causes::parent_id.is_not_null()).count().get_result::<i64>(conn)?,
            );
            count(2000, "devices", devices::table.filter(devices::has_serial.eq(true)).count().get_result(conn)?);
            count(1500, "past repairs", r::table.filter(r::is_open.eq(false)).count().get_result(conn)?);
            let open = r::table.filter(r::is_open.eq(true)).select((r::step, r::centre_id, r::decision_id)).load::<(
                String,
                i64,
                Option<i64>,
            )>(
                conn
            )?;
            assert_eq!(open.len(), 40);
            let steps = open.iter().map(|(step, ..)| step.as_str()).collect::<BTreeSet<_>>();
            assert_eq!(
                steps,
                BTreeSet::from(["approval", "diagnosis", "part", "quality", "ready", "received", "repair"])
            );
            assert_eq!(
                open.iter().map(|(_, centre, _)| centre).collect::<BTreeSet<_>>().len(),
                3,
                "each centre has work"
            );
            let mut payers = BTreeMap::<i64, BTreeSet<Option<i64>>>::new();
            for (decision, payer) in coverage_shares::table
                .select((coverage_shares::decision_id, coverage_shares::payer_party_id))
                .load::<(i64, Option<i64>)>(conn)?
            {
                payers.entry(decision).or_default().insert(payer);
            }
            let counts = open
                .iter()
                .filter_map(|(.., decision)| payers.get(decision.as_ref()?).map(BTreeSet::len))
                .collect::<BTreeSet<_>>();
            assert!(counts.contains(&2) && counts.contains(&3), "{counts:?}");
            assert!(
                journal::table.select(diesel::dsl::max(journal::occurred_at)).first::<Option<At>>(conn)?
                    <= Some(At::from(db.now())),
                "nothing lies in the future"
            );
            Ok(())
        })
        .expect("read");
        let wrong = db.read(crate::check::findings).expect("checked");
        assert!(wrong.is_empty(), "{wrong:?}");
        let receptionist = db.read(|conn| actor_by_login(conn, "maryam")).expect("a person");
        assert!(matches!(remove(&db, &receptionist), Err(Error::Forbidden(_))));
        let admin = db.read(|conn| actor_by_login(conn, "admin")).expect("a person");
        remove(&db, &admin).expect("removed");
        assert!(db.read(crate::setup::is_empty).expect("read"));
        assert_eq!(db.read(|conn| Ok(products::table.count().get_result::<i64>(conn)?)).expect("read"), 0);
        assert!(matches!(remove(&db, &Actor::system()), Err(Error::Conflict(_))));
    });
}
