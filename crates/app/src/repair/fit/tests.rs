//! What goes into a device lies on the shelf of the centre that works on it, and is nobody's.

use super::*;
use crate::repair::plan::{PlanPart, plan_part};
use crate::testing::{House, RECEPTIONIST, TECHNICIAN, another_centre, in_a_house, told};
use store::schema::repairs;

/// A television at the bench: its device and its repair.
fn at_the_bench(house: &House, serial: &str) -> (String, String) {
    house.at("1405/09/02 10:00");
    let customer = house.customer("زهرا کریمی", &format!("0912345{:04}", serial.len() * 7));
    let device = house.device("TV-1", serial, "1400/01/15", &[]);
    let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
    house.go(RECEPTIONIST, &repair, "to-diagnosis");
    house.diagnose(&repair, "no-power", "wear");
    (device, repair)
}

fn fit(house: &House, repair: &str, product: &str, serial: &str) -> String {
    let command = FitPart { product: product.to_owned(), serial_in: Some(serial.to_owned()), ..FitPart::default() };
    told(house.by(TECHNICIAN, |tx| fit_part(tx, repair, &command)))
}

#[test]
fn nobodys_device_is_fitted_as_a_part() {
    in_a_house(|house| {
        let (device, repair) = at_the_bench(house, "T-1");
        assert_eq!(fit(house, &repair, "TV-1", "T-22"), "product: not-a-part");
        // A compressor that somebody brought by itself, and one that is theirs at home.
        let customer = house.customer("لیلا صادقی", "09121112233");
        let brought = house.device("CMP-EM65", "C-1", "1404/01/15", &[]);
        let compressor = house.receive(&customer, &[(&brought, "no-power")]).repairs.remove(0).id;
        let owned = house.device("CMP-EM65", "C-2", "1404/01/15", &[]);
        let mine = crate::devices::RecordOnDevice { owner: Some(customer), ..Default::default() };
        house.write(|tx| crate::devices::record_on_device(tx, &owned, &mine));
        // And one that sits in somebody's refrigerator.
        house.device("SRF-7300", "F-1", "1404/01/15", &[("CMP-EM65", "C-3")]);
        for serial in ["C-1", "C-2", "C-3"] {
            assert_eq!(fit(house, &repair, "CMP-EM65", serial), "serial_in: part-elsewhere", "{serial}");
        }
        house.go(RECEPTIONIST, &compressor, "to-diagnosis");
        house.diagnose(&compressor, "no-power", "wear");
        assert_eq!(fit(house, &compressor, "CMP-EM65", "C-1"), "serial_in: part-elsewhere", "into itself");
        // What this customer brings is theirs.
        let own = house.device("CMP-EM65", "C-4", "1404/01/15", &[]);
        let owner = house
            .db
            .read(|conn| Ok(crate::devices::get_device(conn, &house.admin, &device, house.db.now())?.owner))
            .expect("a device")
            .expect("an owner")
            .id;
        let theirs = crate::devices::RecordOnDevice { owner: Some(owner), ..Default::default() };
        house.write(|tx| crate::devices::record_on_device(tx, &own, &theirs));
        let brought = FitPart {
            serial_in: Some("C-4".to_owned()),
            supplied_by: Some(SuppliedBy::Customer),
            ..House::part("CMP-EM65")
        };
        assert_eq!(told(house.by(TECHNICIAN, |tx| fit_part(tx, &repair, &brought))), "done");
        // Also where it was here before, and its place tells no more than that a customer has it.
        let fetched = |serial: &str| {
            house.write(|tx| {
                let part = devices::table
                    .filter(devices::serial.eq(serial))
                    .select(Device::as_select())
                    .first::<Device>(tx.conn)?;
                move_thing(
                    tx,
                    Thing { device_id: Some(part.id), product_id: part.product_id, quantity_milli: 1000 },
                    Place::Supplier,
                    Place::Customer(None),
                    Paper("test", 1),
                )
            });
        };
        let again = house.device("CMP-EM65", "C-5", "1404/01/15", &[]);
        house.write(|tx| crate::devices::record_on_device(tx, &again, &theirs));
        fetched("C-5");
        let second = FitPart { serial_in: Some("C-5".to_owned()), ..brought.clone() };
        assert_eq!(told(house.by(TECHNICIAN, |tx| fit_part(tx, &repair, &second))), "done");
        // Taken out it is theirs again, and on no shelf.
        let line = house.repair(&repair).lines.into_iter().find(|line| line.is_fitted).expect("a part").id;
        house
            .by(TECHNICIAN, |tx| {
                take_part_out(tx, &repair, &TakePartOut { line: line.clone(), reason: "-".to_owned() })
            })
            .expect("out");
        assert_eq!(fit(house, &repair, "CMP-EM65", "C-4"), "serial_in: part-elsewhere");
        assert_eq!(told(house.by(TECHNICIAN, |tx| fit_part(tx, &repair, &brought))), "done");
        assert!(house.db.read(crate::check::findings).expect("checked").is_empty());
    });
}

#[test]
fn the_shelf_of_another_centre_is_not_this_ones() {
    in_a_house(|house| {
        let (_, repair) = at_the_bench(house, "T-1");
        let line = house.fit(&repair, FitPart { serial_in: Some("C-1".to_owned()), ..House::part("CMP-EM65") });
        let out = |line: &str| {
            house.by(TECHNICIAN, |tx| {
                take_part_out(tx, &repair, &TakePartOut { line: line.to_owned(), reason: "-".to_owned() })
            })
        };
        out(&line).expect("on the shelf");
        let other = house.write(another_centre);
        // The same bench, were it in the other centre.
        let of = repairs::table.filter(repairs::public_id.eq(&repair));
        let here = house.db.read(|conn| Ok(of.select(repairs::centre_id).first::<i64>(conn)?)).expect("a repair");
        let stand = |centre: i64| {
            house.write(|tx| Ok(diesel::update(of).set(repairs::centre_id.eq(centre)).execute(tx.conn)?))
        };
        let command =
            FitPart { product: "CMP-EM65".to_owned(), serial_in: Some("C-1".to_owned()), ..FitPart::default() };
        stand(other);
        assert_eq!(
            told(house.db.write(&house.admin, |tx| fit_part(tx, &repair, &command))),
            "serial_in: part-elsewhere"
        );
        stand(here);
        assert_eq!(told(house.db.write(&house.admin, |tx| fit_part(tx, &repair, &command))), "done");
    });
}

#[test]
fn what_the_customer_was_to_bring_and_the_house_gives_has_its_price() {
    in_a_house(|house| {
        let (_, repair) = at_the_bench(house, "T-1");
        let plan =
            PlanPart { product: "BOARD-1".to_owned(), supplied_by: Some(SuppliedBy::Customer), ..PlanPart::default() };
        let line = house.by(TECHNICIAN, |tx| plan_part(tx, &repair, &plan)).expect("planned");
        let amount = |line: &str| {
            house.db.read(|conn| {
                Ok(work_lines::table
                    .filter(work_lines::public_id.eq(line))
                    .select(work_lines::amount_minor)
                    .first::<Option<i64>>(conn)?)
            })
        };
        assert_eq!(amount(&line).expect("a line"), Some(0));
        let command = FitPart { line: Some(line.clone()), supplied_by: Some(SuppliedBy::Centre), ..FitPart::default() };
        house.by(TECHNICIAN, |tx| fit_part(tx, &repair, &command)).expect("fitted");
        assert_eq!(amount(&line).expect("a line"), Some(26_000_000));
        let priced = FitPart { supplied_by: Some(SuppliedBy::Customer), unit_price: Some(1), ..House::part("FAN-1") };
        assert_eq!(told(house.by("admin", |tx| fit_part(tx, &repair, &priced))), "unit_price: customers-part");
    });
}

#[test]
fn a_line_is_about_a_component_of_the_device_that_is_repaired() {
    in_a_house(|house| {
        let (_, repair) = at_the_bench(house, "T-1");
        let other = house.device("SRF-7300", "F-1", "1404/01/15", &[]);
        let plan = PlanPart { product: "BOARD-1".to_owned(), component: Some(other), ..PlanPart::default() };
        assert_eq!(told(house.by(TECHNICIAN, |tx| plan_part(tx, &repair, &plan))), "component: not-in-device");
    });
}

#[test]
fn what_lies_on_the_shelf_was_brought_by_no_customer() {
    in_a_house(|house| {
        let (_, repair) = at_the_bench(house, "T-1");
        // It was taken out again, and lies on the shelf; another is only known so far, and may have been bought.
        let line = house.fit(&repair, FitPart { serial_in: Some("C-1".to_owned()), ..House::part("CMP-EM65") });
        let out = TakePartOut { line, reason: "-".to_owned() };
        house.by(TECHNICIAN, |tx| take_part_out(tx, &repair, &out)).expect("on the shelf");
        house.device("CMP-EM65", "C-2", "1404/01/15", &[]);
        let brought = |serial: &str| {
            let command = FitPart {
                serial_in: Some(serial.to_owned()),
                supplied_by: Some(SuppliedBy::Customer),
                ..House::part("CMP-EM65")
            };
            told(house.by(TECHNICIAN, |tx| fit_part(tx, &repair, &command)))
        };
        assert_eq!((brought("C-1").as_str(), brought("C-2").as_str()), ("serial_in: part-elsewhere", "done"));
        assert!(house.db.read(crate::check::findings).expect("checked").is_empty());
    });
}

#[test]
fn a_known_part_of_another_make_is_fitted_by_who_works_for_that() {
    in_a_house(|house| {
        let (_, repair) = at_the_bench(house, "T-1");
        let ours = house.write(|tx| {
            use store::schema::brands;
            let parsa = crate::catalogue::organisation::SaveBrand {
                code: "PARSA".to_owned(),
                title: store::views::Title::new("پارسا", "Parsa"),
                maker: house.maker.clone(),
            };
            let parsa = crate::catalogue::organisation::save_brand(tx, None, &parsa)?.id;
            let theirs = brands::table.filter(brands::public_id.eq(parsa)).select(brands::id).first::<i64>(tx.conn)?;
            let compressor = products::table.filter(products::code.eq("CMP-EM65"));
            diesel::update(compressor).set(products::brand_id.eq(theirs)).execute(tx.conn)?;
            Ok(brands::table.filter(brands::code.eq("SERMAN")).select(brands::id).first::<i64>(tx.conn)?)
        });
        let mut of_ours = house.person(TECHNICIAN);
        of_ours.members.iter_mut().for_each(|member| member.brand_id = Some(ours));
        let command = FitPart { serial_in: Some("C-1".to_owned()), ..House::part("CMP-EM65") };
        let by_ours = |command: &FitPart| told(house.db.write(&of_ours, |tx| fit_part(tx, &repair, command)));
        house.device("CMP-EM65", "C-1", "1404/01/15", &[]);
        assert_eq!(by_ours(&command), "not-your-right-here");
        assert_eq!(told(house.by(TECHNICIAN, |tx| fit_part(tx, &repair, &command))), "done");
        // What comes in for this repair, and what was in the device all along, is written down by who works on it.
        for new in [
            FitPart { serial_in: Some("C-2".to_owned()), ..House::part("CMP-EM65") },
            FitPart {
                serial_in: Some("C-4".to_owned()),
                serial_out: Some("C-3".to_owned()),
                ..House::part("CMP-EM65")
            },
        ] {
            assert_eq!(by_ours(&new), "done", "{new:?}");
        }
        // What is mended stays where it is, whoever made it.
        let component = house
            .db
            .read(|conn| {
                Ok(devices::table.filter(devices::serial.eq("C-1")).select(devices::public_id).first::<String>(conn)?)
            })
            .expect("a part");
        let mended = FitPart {
            component_out: Some(component),
            disposition: Some(Disposition::Repaired),
            ..House::part("CMP-EM65")
        };
        assert_eq!(by_ours(&mended), "done");
    });
}
