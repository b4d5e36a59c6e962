//! Cases from the trade with their figures, through commands only, on each engine. They are told in `docs/scenarios/`
//! in the words of the trade.

use domain::time::typed_date;

use crate::billing::hand_over::{HandOverView, KnownBy, SendCode};
use crate::billing::payments::Method;
use crate::billing::{
    CorrectInvoice, HandOver, Receiver, RecordPayment, ReopenRepair, correct_invoice, hand_over, record_payment,
    reopen_repair, send_hand_over_code,
};
use crate::catalogue::products::{ListProducts, list_products};
use crate::coverage::goodwill::{GiveGoodwill, give_goodwill};
use crate::devices::view::PlaceView;
use crate::lookup::{GetTimeline, get_timeline, part_uses};
use crate::reception::{CancelReception, CorrectReception, cancel_reception, correct_reception, get_reception};
use crate::repair::{Answer, DiagnoseRepair, FitPart, TakePartOut, diagnose_repair, preview_diagnosis, take_part_out};
use crate::testing::{House, MANAGER, RECEPTIONIST, TECHNICIAN, in_a_house};
use crate::tracking::track;
use store::error::Error;
use store::rights::Actor;

/// Kind and total of each invoice.
fn totals(view: &HandOverView) -> Vec<(&str, &str, i64)> {
    view.invoices.iter().map(|invoice| (invoice.kind.as_str(), invoice.payer.name.as_str(), invoice.total)).collect()
}

fn ledger_balances(house: &House) {
    let wrong = house.db.read(crate::check::findings).expect("checked");
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn s01_a_compressor() {
    in_a_house(|house| {
        house.at("1404/06/01");
        let zahra = house.customer("زهرا کریمی", "0912 345 6789");
        let fridge = house.device("SRF-7300", "SRF7300-0148812", "1403/01/15", &[("CMP-EM65", "CMP-220981")]);
        house.card(&fridge, "G-884213");
        house.contract(&fridge, "K-1209", "1404/06/01");

        house.at("1405/09/02 10:41");
        let found = crate::lookup::search(&house.db, &house.person(RECEPTIONIST), "۰۹۱۲۳۴۵۶۷۸۹").expect("searched");
        assert_eq!(found.hits.iter().map(|hit| hit.title.as_str()).collect::<Vec<_>>(), ["زهرا کریمی"]);
        let reception = house.receive(&zahra, &[(&fridge, "no-cooling")]);
        assert_eq!(reception.number, "1405-02-000001");
        let repair = &reception.repairs[0].id;
        house.go(RECEPTIONIST, repair, "to-diagnosis");
        house.diagnose(repair, "compressor-seized", "wear");
        house.operation(repair, "SVC-COMP", None);
        house.operation(repair, "SVC-TRAVEL", None);
        house.fit(
            repair,
            FitPart {
                serial_in: Some("CMP-731140".to_owned()),
                serial_out: Some("CMP-220981".to_owned()),
                ..House::part("CMP-EM65")
            },
        );
        house.fit(repair, House::part("FILTER-1"));
        let view = house.repair(repair);
        assert_eq!(
            (view.total, view.customer_net, view.customer_vat),
            (Some(129_700_000), Some(5_200_000), Some(520_000))
        );
        house.estimate(repair);
        assert_eq!(house.repair(repair).step.id, "approval");
        assert_eq!(house.repair(repair).estimate.map(|estimate| estimate.total), Some(5_720_000));
        house.answer(repair, Answer::Accepted);
        assert_eq!(house.repair(repair).step.id, "repair");
        house.finish(repair);

        house.at("1405/09/03 12:00");
        let handed = house.hand_over(&reception.id, &[]);
        assert_eq!(
            totals(&handed),
            [
                ("service", "زهرا کریمی", 5_720_000),
                ("warranty", "ACME", 134_750_000),
                ("warranty", "بیمهٔ مهر", 2_200_000)
            ]
        );
        house
            .by(RECEPTIONIST, |tx| {
                record_payment(
                    tx,
                    &handed.invoices[0].id,
                    &RecordPayment { method: Method::Card, amount: None, reference: None },
                )
            })
            .expect("paid");

        let device = house
            .db
            .read(|conn| crate::devices::get_device(conn, &house.admin, &fridge, house.db.now()))
            .expect("a device");
        assert_eq!(device.place, PlaceView::Customer);
        assert!(device.components.iter().any(|node| node.serial == "CMP-731140"));
        assert!(!device.components.iter().any(|node| node.serial == "CMP-220981"));
        // The tree tells what left and what came, when, by whom; and the part tells where it was fitted, to who may see
        // that.
        let technician = house.person(TECHNICIAN).name;
        let left = &device.removed[0];
        assert_eq!((left.serial.as_str(), device.removed.len()), ("CMP-220981", 1));
        let came =
            device.components.iter().find(|node| node.serial == "CMP-731140").and_then(|node| node.fitted.clone());
        for work in [left.removed.clone(), came] {
            let work = work.expect("a repair");
            assert_eq!((work.repair.number.as_str(), work.by.as_ref()), ("1405-02-000001/1", Some(&technician)));
        }
        let uses = |actor: &Actor| {
            house.db.read(|conn| {
                let compressor = list_products(
                    conn,
                    &house.admin,
                    &ListProducts { q: Some("CMP-EM65".to_owned()), ..ListProducts::default() },
                )?
                .items
                .remove(0)
                .id;
                part_uses(conn, actor, &compressor)
            })
        };
        let used = uses(&house.person(RECEPTIONIST)).expect("uses").remove(0);
        assert_eq!(
            (used.device.serial.as_str(), used.serial_in.as_deref(), used.serial_out.as_deref()),
            ("SRF7300-0148812", Some("CMP-731140"), Some("CMP-220981"))
        );
        assert_eq!((used.disposition.as_deref(), used.is_covered), (Some("owed"), Some(true)));
        let mut elsewhere = house.person(RECEPTIONIST);
        elsewhere.members.iter_mut().for_each(|member| member.centre_id = Some(i64::MAX));
        assert!(uses(&elsewhere).expect("none").is_empty());
        let bars = crate::testing::bars_on(house, &fridge, "1405/09/04");
        let ends = |prefix: &str| {
            bars.iter()
                .filter(|bar| bar.cover.starts_with("repair_warranty") && bar.term == prefix)
                .map(|bar| bar.last_day)
                .collect::<Vec<_>>()
        };
        assert!(ends("part").contains(&typed_date("1405/12/03").expect("a date")));
        assert!(ends("labour").contains(&typed_date("1405/10/03").expect("a date")));
        let old = crate::lookup::search(&house.db, &house.admin, "CMP-220981").expect("searched").hits.remove(0);
        let old = house
            .db
            .read(|conn| crate::devices::get_device(conn, &house.admin, &old.id, house.db.now()))
            .expect("a part");
        assert!(matches!(old.place, PlaceView::Bin { .. }));
        let tracked = track(&house.db, &reception.tracking_number, "127.0.0.1").expect("tracked");
        assert_eq!(tracked.devices[0].step, "delivered");
        ledger_balances(house);
    });
}

#[test]
fn s02_two_devices_one_declined() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let customer = house.customer("مینا رستمی", "09121112233");
        let vacuum = house.device("VAC-1", "V-1", "1404/02/10", &[]);
        let iron = house.device("IRON-1", "I-1", "1402/08/20", &[]);
        house.card(&vacuum, "G-1");
        house.card(&iron, "G-2");
        let reception = house.receive(&customer, &[(&vacuum, "no-power"), (&iron, "no-power")]);
        let (first, second) = (&reception.repairs[0].id, &reception.repairs[1].id);
        house.go(RECEPTIONIST, first, "to-diagnosis");
        house.diagnose(first, "no-power", "wear");
        house.fit(first, House::part("MOTOR-1"));
        house.go(TECHNICIAN, first, "free");
        house.finish(first);

        house.go(RECEPTIONIST, second, "to-diagnosis");
        house.diagnose(second, "no-power", "burnt");
        house.operation(second, "SVC-ANY", None);
        let considered = house.repair(second).coverage.expect("decided").decision.lines.remove(0).considered;
        let ended = typed_date("1405/08/20").expect("a date");
        assert_eq!(considered[0].outcome, domain::coverage::Outcome::Expired { last_day: ended });
        assert_eq!(domain::time::days_between(ended, typed_date("1405/09/02").expect("a date")), 12);
        house.estimate(second);
        assert_eq!(house.repair(second).estimate.map(|estimate| estimate.total), Some(4_950_000));
        house.answer(second, Answer::Declined);
        let view = house.repair(second);
        assert_eq!((view.step.id.as_str(), view.outcome.as_deref()), ("ready", Some("withdrawn")));

        let handed = house.hand_over(&reception.id, &[]);
        assert_eq!(totals(&handed), [("service", "مینا رستمی", 660_000), ("warranty", "ACME", 13_200_000)]);
        for device in [&vacuum, &iron] {
            let device = house
                .db
                .read(|conn| crate::devices::get_device(conn, &house.admin, device, house.db.now()))
                .expect("a device");
            assert_eq!(device.place, PlaceView::Customer);
        }
        ledger_balances(house);
    });
}

#[test]
fn s03_back_after_twelve_days() {
    in_a_house(|house| {
        house.at("1405/08/15");
        let customer = house.customer("رضا امینی", "09121112233");
        let hood = house.device("HOOD-1", "H-1", "1401/05/10", &[]);
        house.card(&hood, "G-3");
        let first = house.receive(&customer, &[(&hood, "hood-silent")]);
        let repair = &first.repairs[0].id;
        house.go(RECEPTIONIST, repair, "to-diagnosis");
        house.diagnose(repair, "fan-silent", "wear");
        house.fit(repair, House::part("FAN-1"));
        house.operation(repair, "SVC-FAN", None);
        house.estimate(repair);
        house.answer(repair, Answer::Accepted);
        house.finish(repair);
        house.at("1405/08/21");
        let handed = house.hand_over(&first.id, &[]);
        assert_eq!(totals(&handed), [("service", "رضا امینی", 4_730_000)]);

        house.at("1405/09/03");
        let again = house.receive(&customer, &[(&hood, "hood-silent")]);
        let second = &again.repairs[0].id;
        let repeat = house.repair(second).repeat.expect("the same fault");
        assert_eq!((repeat.number.as_str(), repeat.days), (first.repairs[0].number.as_str(), 12));
        house.go(RECEPTIONIST, second, "to-diagnosis");
        house.diagnose(second, "fan-silent", "wear");
        let fan = house.repair(second).components.remove(0).id;
        house.fit(second, FitPart { component_out: Some(fan), ..House::part("FAN-1") });
        house.operation(second, "SVC-FAN", None);
        assert_eq!(house.repair(second).customer_net, Some(0));
        house.go(TECHNICIAN, second, "free");
        house.finish(second);
        let handed = house.hand_over(&again.id, &[]);
        assert_eq!(totals(&handed), [("internal", "خدمات ولیعصر", 4_300_000)]);

        let ends = crate::testing::bars_on(house, &hood, "1405/09/02")
            .into_iter()
            .filter(|bar| bar.cover.starts_with("repair_warranty"))
            .map(|bar| bar.last_day)
            .collect::<Vec<_>>();
        assert!(ends.contains(&typed_date("1406/02/21").expect("a date")));
        ledger_balances(house);
    });
}

#[test]
fn s04_it_was_water() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let customer = house.customer("لیلا صادقی", "09121112233");
        let laptop = house.device("LAP-1", "L-1", "1404/12/01", &[]);
        house.card(&laptop, "G-4");
        let reception = house.receive(&customer, &[(&laptop, "no-power")]);
        let repair = &reception.repairs[0].id;
        house.go(RECEPTIONIST, repair, "to-diagnosis");
        house.fit(repair, House::part("BOARD-1"));
        house.operation(repair, "SVC-BOARD", None);
        assert_eq!(house.repair(repair).customer_net, Some(0));
        let wet = DiagnoseRepair {
            fault: Some("wet".to_owned()),
            cause: Some("liquid".to_owned()),
            ..DiagnoseRepair::default()
        };
        let change = house
            .db
            .read(|conn| preview_diagnosis(conn, &house.person(TECHNICIAN), repair, house.db.now(), &wet))
            .expect("previewed");
        assert_eq!(
            (change.customer_before, change.customer_after + change.customer_vat_after, change.lines.len()),
            (0, 34_100_000, 2)
        );
        let refused = house.by(TECHNICIAN, |tx| diagnose_repair(tx, repair, None, &wet));
        assert!(matches!(refused, Err(Error::Conflict(reason)) if reason.code == "coverage-would-change"));
        house.diagnose(repair, "wet", "liquid");
        assert_eq!(house.repair(repair).customer_net, Some(31_000_000));
        // The board was only laid in: before the device goes back unrepaired it is taken out again.
        let line =
            house.repair(repair).lines.iter().find(|line| line.is_fitted).map(|line| line.id.clone()).expect("a part");
        house.estimate(repair);
        let answer = crate::repair::AnswerEstimate { answer: Answer::Declined, declined_lines: Vec::new(), note: None };
        let refused = house.by(RECEPTIONIST, |tx| crate::repair::answer_estimate(tx, repair, &answer));
        assert!(matches!(refused, Err(Error::Conflict(reason)) if reason.code == "take-it-out"));
        house
            .by(TECHNICIAN, |tx| {
                take_part_out(tx, repair, &TakePartOut { line: line.clone(), reason: "declined".to_owned() })
            })
            .expect("taken out");
        house.answer(repair, Answer::Declined);
        let handed = house.hand_over(&reception.id, &[]);
        assert_eq!(totals(&handed), [("service", "لیلا صادقی", 660_000)]);
        let timeline = house
            .db
            .read(|conn| {
                get_timeline(
                    conn,
                    &house.admin,
                    &GetTimeline { subject: "customer".to_owned(), id: customer.clone(), after: None, limit: None },
                )
            })
            .expect("a timeline");
        assert!(timeline.items.iter().any(|entry| entry.event == "coverage_changed"));
        ledger_balances(house);
    });
}

#[test]
fn s05_goodwill() {
    in_a_house(|house| {
        house.at("1405/09/03");
        let customer = house.customer("حسن مرادی", "09121112233");
        let television = house.device("TV-1", "T-1", "1402/08/24", &[]);
        house.card(&television, "G-5");
        let reception = house.receive(&customer, &[(&television, "no-power")]);
        let repair = &reception.repairs[0].id;
        house.go(RECEPTIONIST, repair, "to-diagnosis");
        house.diagnose(repair, "no-power", "burnt");
        house.operation(repair, "SVC-ANY", Some(21_000_001));
        let give =
            |percent| GiveGoodwill { lines: Vec::new(), percent, max_amount: None, reason: "nine days".to_owned() };
        let refused = house.by(RECEPTIONIST, |tx| give_goodwill(tx, repair, &give(30)));
        assert!(matches!(refused, Err(Error::Forbidden(reason)) if reason.code == "goodwill-limit"));
        house.by(MANAGER, |tx| give_goodwill(tx, repair, &give(50))).expect("given");
        assert_eq!(house.repair(repair).customer_net, Some(10_500_000));
        house.estimate(repair);
        house.answer(repair, Answer::Accepted);
        house.finish(repair);
        let handed = house.hand_over(&reception.id, &[]);
        assert_eq!(totals(&handed), [("service", "حسن مرادی", 11_550_000), ("internal", "خدمات ولیعصر", 10_500_001)]);
        ledger_balances(house);
    });
}

#[test]
fn s10_put_right() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let wrong = house.customer("زهرا کریمی", "09121110000");
        let right = house.customer("زهرا کریمی", "09123456789");
        let fridge = house.device("SRF-7300", "S-10", "1404/01/15", &[("CMP-EM65", "C-OLD")]);
        house.card(&fridge, "G-10");
        let reception = house.receive(&wrong, &[(&fridge, "no-cooling")]);
        let command = CorrectReception {
            customer: Some(right.clone()),
            repair: None,
            device: None,
            reason: "another Zahra".to_owned(),
        };
        let corrected =
            house.by(RECEPTIONIST, |tx| correct_reception(tx, &reception.id, None, &command)).expect("corrected");
        assert_eq!(
            (corrected.revision, &corrected.tracking_number, &corrected.customer.id),
            (2, &reception.tracking_number, &right)
        );
        let papers = house
            .db
            .read(|conn| crate::billing::papers::papers_of(conn, &house.admin, "reception", &reception.id))
            .expect("papers");
        assert_eq!(papers.iter().map(|paper| paper.revision).collect::<Vec<_>>(), [2, 1]);
        let theirs = house
            .db
            .read(|conn| {
                crate::reception::list_receptions(
                    conn,
                    &house.admin,
                    &crate::reception::ListReceptions { customer: Some(wrong.clone()), ..Default::default() },
                )
            })
            .expect("a list");
        assert!(theirs.items.is_empty());

        // Typed twice: the second is refused while the first is open, and what was typed for another device by mistake
        // is cancelled.
        let vacuum = house.device("VAC-1", "V-10", "1404/01/15", &[]);
        let twice = house.receive(&right, &[(&vacuum, "no-power")]);
        house
            .by(RECEPTIONIST, |tx| {
                cancel_reception(tx, &twice.id, None, &CancelReception { reason: "typed twice".to_owned() })
            })
            .expect("cancelled");
        let cancelled = house.db.read(|conn| get_reception(conn, &house.admin, &twice.id)).expect("still there");
        assert_eq!((cancelled.state.as_str(), cancelled.number.as_str()), ("cancelled", "1405-02-000002"));
        assert_eq!(house.receive(&right, &[(&vacuum, "no-power")]).number, "1405-02-000003");

        let repair = &reception.repairs[0].id;
        house.go(RECEPTIONIST, repair, "to-diagnosis");
        house.diagnose(repair, "compressor-seized", "wear");
        let before = house.repair(repair);
        let line = house.fit(
            repair,
            FitPart {
                serial_in: Some("C-NEW".to_owned()),
                serial_out: Some("C-OLD".to_owned()),
                ..House::part("CMP-EM65")
            },
        );
        house
            .by(TECHNICIAN, |tx| {
                take_part_out(tx, repair, &TakePartOut { line: line.clone(), reason: "the wrong one".to_owned() })
            })
            .expect("taken out");
        let after = house.repair(repair);
        assert_eq!(after.total, before.total);
        assert_eq!(after.components.iter().map(|node| node.serial.as_str()).collect::<Vec<_>>(), ["C-OLD"]);

        house.operation(repair, "SVC-COMP", None);
        house.go(TECHNICIAN, repair, "free");
        house.finish(repair);
        let handed = house.hand_over(&reception.id, &[]);
        assert_eq!(totals(&handed), [("warranty", "ACME", 26_400_000)]);
        house
            .by(MANAGER, |tx| reopen_repair(tx, repair, &ReopenRepair { reason: "it hums".to_owned() }))
            .expect("reopened");
        let view = house.repair(repair);
        assert_eq!((view.step.id.as_str(), view.is_open), ("ready", true));
        let invoice = house
            .db
            .read(|conn| crate::billing::get_invoice(conn, &house.admin, &handed.invoices[0].id))
            .expect("an invoice");
        let counter = invoice.corrected_by.expect("corrected");
        let counter = house
            .db
            .read(|conn| crate::billing::get_invoice(conn, &house.admin, &counter.id))
            .expect("a counter-document");
        assert_eq!((counter.kind.as_str(), counter.total), ("counter", -26_400_000));
        let again =
            house.by(MANAGER, |tx| correct_invoice(tx, &invoice.id, &CorrectInvoice { reason: "twice".to_owned() }));
        assert!(matches!(again, Err(Error::Conflict(_))));
        ledger_balances(house);
    });
}

#[test]
fn s11_in_two_goes() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let customer = house.customer("مریم نوری", "09123334455");
        let devices =
            [house.device("VAC-1", "V-11", "1400/02/10", &[]), house.device("IRON-1", "I-11", "1400/02/10", &[])];
        let reception = house.receive(&customer, &[(&devices[0], "no-power"), (&devices[1], "no-power")]);
        for (repair, price) in reception.repairs.iter().zip([1_000_000, 3_000_005]) {
            house.go(RECEPTIONIST, &repair.id, "to-diagnosis");
            house.diagnose(&repair.id, "no-power", "wear");
            house.operation(&repair.id, "SVC-ANY", Some(price));
            house.estimate(&repair.id);
            house.answer(&repair.id, Answer::Accepted);
            house.finish(&repair.id);
        }
        house.by(RECEPTIONIST, |tx| send_hand_over_code(tx, &reception.id, &SendCode {})).expect("sent");
        let code =
            house.by(RECEPTIONIST, |tx| crate::messaging::latest_messages(tx, 1)).expect("a message").remove(0).body;
        let brother = |code: &str| HandOver {
            repairs: vec![reception.repairs[0].id.clone()],
            receiver: Receiver {
                name: Some("علی نوری".to_owned()),
                national_id: Some("0499370899".to_owned()),
                known_by: Some(KnownBy::Code),
                code: Some(code.to_owned()),
            },
        };
        let wrong = house.by(RECEPTIONIST, |tx| hand_over(tx, &reception.id, &brother("00")));
        assert!(matches!(wrong, Err(Error::Invalid(_))));
        let first = house.by(RECEPTIONIST, |tx| hand_over(tx, &reception.id, &brother(&code))).expect("handed over");
        assert_eq!(totals(&first), [("service", "مریم نوری", 1_100_000)]);
        house
            .by(RECEPTIONIST, |tx| {
                record_payment(
                    tx,
                    &first.invoices[0].id,
                    &RecordPayment { method: Method::Cash, amount: None, reference: None },
                )
            })
            .expect("paid");
        house.at("1405/09/09");
        let second = house.hand_over(&reception.id, &[]);
        assert_eq!((second.invoices[0].total, second.invoices[0].vat), (3_300_006, 300_001));
        house
            .by(RECEPTIONIST, |tx| {
                record_payment(
                    tx,
                    &second.invoices[0].id,
                    &RecordPayment { method: Method::Card, amount: Some(1_650_003), reference: None },
                )
            })
            .expect("paid");
        let owed =
            house.db.read(|conn| crate::billing::get_account(conn, &house.admin, &customer)).expect("an account");
        assert_eq!((owed.owed, owed.entries.len()), (1_650_003, 4));
        ledger_balances(house);
    });
}
