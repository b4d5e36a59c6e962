//! The counter's question about cards, components, twins and limits of use.

use domain::access::Role;
use domain::coverage::CoverKind;
use domain::time::typed_date;

use super::*;
use crate::catalogue::organisation::{SaveBrand, save_brand};
use crate::catalogue::products::{ListProducts, SaveProduct, list_products, save_product};
use crate::coverage::covers::{IssueCard, issue_card};
use crate::coverage::meters::record_on_device;
use crate::coverage::policies::{SavePolicy, publish_policy, save_policy};
use crate::reception::receive_devices;
use crate::testing::{House, MANAGER, RECEPTIONIST, another_centre, in_a_house, told};
use store::rights::Member;

#[test]
fn a_card_tells_its_last_day() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
        house.card(&device, "K-1");
        for (on, standing) in [("1405/09/03", "active"), ("1409/01/15", "active"), ("1409/01/16", "over")] {
            house.at(on);
            let device = house
                .db
                .read(|conn| crate::devices::get_device(conn, &house.admin, &device, house.db.now()))
                .expect("the device");
            assert_eq!(
                (device.covers[0].last_day, device.covers[0].standing()),
                (typed_date("1409/01/15"), standing),
                "{on}"
            );
        }
    });
}

/// Issues a card of 36 months and 5000 hours of use for a device, paid by the maker.
fn card_of_hours(house: &House, device: &str) {
    let rules = serde_json::json!({
        "start": {"from": ["sold"]}, "waiting_days": 0, "exclusions": [], "deductible": 0, "extend_by_downtime": null,
        "terms": [{"id": "whole", "pays": {"part": 100, "labour": 100}, "months": 36, "usage": {"hours": 5000}}],
        "limits": {"per_months": null, "max_claims": null, "max_amount": null},
    });
    let policy = SavePolicy {
        code: "HOURS".to_owned(),
        title: Title::new("HOURS", "HOURS"),
        cover_kind: Some(CoverKind::Card),
        brand: None,
        payer: Some(house.maker.clone()),
        rules: Some(rules),
        usual: None,
    };
    let policy = house.write(|tx| save_policy(tx, None, &policy)).id;
    house.write(|tx| publish_policy(tx, &policy));
    let card = IssueCard {
        device: device.to_owned(),
        policy: Some(policy),
        number: Some("K-1".to_owned()),
        starts_on: None,
        seller: None,
        issued_on: None,
    };
    house.write(|tx| issue_card(tx, &card));
}

#[test]
fn a_limit_of_use_is_judged_by_the_reading_given_or_by_one_before_that_is_over_it() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
        card_of_hours(house, &device);
        let outcome = |usage: &[&str]| {
            let question = AskCoverage {
                usage: usage.iter().map(|reading| (*reading).to_owned()).collect(),
                ..AskCoverage::default()
            };
            let asked = house
                .db
                .read(|conn| ask_coverage(conn, &house.admin, &device, house.db.now(), &question))
                .expect("asked");
            assert!(asked.metrics.contains("hours"));
            serde_json::to_value(&asked.decision.lines[0].considered[0]).expect("JSON")
        };
        let is_over = |told: serde_json::Value| told["outcome"] == "usage_exceeded";
        assert_eq!(outcome(&[])["unverified_usage"], serde_json::json!(["hours"]));
        assert!(!is_over(outcome(&["hours=5000"])) && is_over(outcome(&["hours=5001"])));
        house.at("1405/09/03");
        for (read, over) in [(4000, false), (6000, true)] {
            let reading =
                crate::devices::RecordOnDevice { meters: [("hours".to_owned(), read)].into(), ..Default::default() };
            house.write(|tx| crate::devices::record_on_device(tx, &device, &reading));
            assert_eq!(is_over(outcome(&[])), over, "{read} were read before");
        }
        assert!(outcome(&["hours=4500"])["unverified_usage"].is_null(), "what is read now is believed");
        // Less than was read before is noted by who rules on what is covered.
        let less = crate::devices::RecordOnDevice { meters: [("hours".to_owned(), 4500)].into(), ..Default::default() };
        let note = |login: &str| told(house.by(login, |tx| crate::devices::record_on_device(tx, &device, &less)));
        assert_eq!((note(RECEPTIONIST).as_str(), note(MANAGER).as_str()), ("meters.hours: meter-backwards", "done"));
        house.at("1405/09/04");
        assert!(!is_over(outcome(&[])), "what was read too high was put right");
        house.at("1405/09/02 23:00");
        assert!(!is_over(outcome(&[])), "what is read later is not known yet");
    });
}

#[test]
fn a_component_is_under_the_promises_of_the_device_in_which_it_sits() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let device = house.device("SRF-7300", "R-1", "1404/01/15", &[("CMP-EM65", "C-1")]);
        house.card(&device, "K-1");
        let ask = |device: &str| {
            house
                .db
                .read(|conn| ask_coverage(conn, &house.admin, device, house.db.now(), &AskCoverage::default()))
                .expect("asked")
                .decision
                .lines
        };
        let component = house
            .db
            .read(|conn| crate::devices::get_device(conn, &house.admin, &device, house.db.now()))
            .expect("the device")
            .components[0]
            .id
            .clone();
        let lines = ask(&component);
        let part = lines.iter().find(|line| line.id == "part").expect("a line for the part");
        assert!(
            part.considered.iter().any(|of| of.cover == "card:K-1"
                && matches!(of.outcome, domain::coverage::Outcome::Pays { percent: 100, .. })),
            "{lines:?}"
        );
        assert_eq!(
            lines.iter().filter(|line| line.id.starts_with("part")).count(),
            1,
            "a component of the device is no component of its component: {lines:?}"
        );
    });
}

#[test]
fn two_devices_of_one_serial_in_one_tree_are_told_apart() {
    in_a_house(|house| {
        house.at("1405/09/02");
        house.write(|tx| {
            let maker =
                SaveBrand { code: "OTHER".to_owned(), title: Title::new("OTHER", "OTHER"), maker: house.maker.clone() };
            let brand = save_brand(tx, None, &maker)?.id;
            let like = list_products(
                tx.conn,
                tx.actor,
                &ListProducts { q: Some("CMP-EM65".to_owned()), ..ListProducts::default() },
            )?
            .items
            .remove(0);
            let product = SaveProduct {
                code: "CMP-OTHER".to_owned(),
                title: like.title,
                kind: like.kind.id,
                brand,
                gtin: None,
                is_serialised: true,
                is_warrantied: true,
                is_part: true,
                tax_class: None,
                price: None,
                policy: None,
                components: Vec::new(),
            };
            save_product(tx, None, &product)
        });
        let device = house.device("SRF-7300", "X-1", "1404/01/15", &[("CMP-OTHER", "X-1")]);
        let component = house
            .db
            .read(|conn| crate::devices::get_device(conn, &house.admin, &device, house.db.now()))
            .expect("the device")
            .components[0]
            .id
            .clone();
        house.card(&component, "K-C");
        let pays = |asked: &str| {
            let answer = house
                .db
                .read(|conn| ask_coverage(conn, &house.admin, asked, house.db.now(), &AskCoverage::default()))
                .expect("asked");
            let paid = |line: &domain::coverage::DecidedLine| {
                line.considered.iter().any(|of| matches!(of.outcome, domain::coverage::Outcome::Pays { .. }))
            };
            answer.decision.lines.iter().filter(|line| paid(line)).map(|line| line.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(pays(&device), [format!("part:X-1#{component}")], "the card speaks of the component alone");
        assert_eq!(pays(&component), ["part", "labour"]);
    });
}

#[test]
fn a_reading_of_the_counter_is_put_right_by_who_rules_where_the_device_is() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let device = house.device("TV-1", "T-1", "1405/01/15", &[]);
        card_of_hours(house, &device);
        let customer = house.customer("زهرا کریمی", "09123456789");
        let mut visit = house.reception(&customer, &[(&device, "no-power")]);
        visit.devices[0].meters = [("hours".to_owned(), 45_000)].into();
        let repair = house.by(RECEPTIONIST, |tx| receive_devices(tx, &visit)).expect("received").repairs.remove(0).id;
        house.go(RECEPTIONIST, &repair, "to-diagnosis");
        house.operation(&repair, "SVC-ANY", Some(1_000_000));
        assert_eq!(house.repair(&repair).customer_net, Some(1_000_000), "the slip costs the customer the cover");
        house.at("1405/09/03");
        let less =
            crate::devices::RecordOnDevice { meters: [("hours".to_owned(), 4_500)].into(), ..Default::default() };
        // Who rules in another centre rules not here.
        let elsewhere = house.write(another_centre);
        let mut both = house.person(RECEPTIONIST);
        both.members.push(Member { role: Role::Expert, centre_id: Some(elsewhere), brand_id: None });
        let note = |actor: &Actor| told(house.db.write(actor, |tx| record_on_device(tx, &device, &less)));
        assert_eq!(note(&both), "meters.hours: meter-backwards");
        assert_eq!(note(&house.person(MANAGER)), "done");
        assert_eq!(house.repair(&repair).customer_net, Some(0));
        // What the meter shows later is what it shows later.
        let read = |hours: i64| {
            let read =
                crate::devices::RecordOnDevice { meters: [("hours".to_owned(), hours)].into(), ..Default::default() };
            told(house.by(RECEPTIONIST, |tx| record_on_device(tx, &device, &read)))
        };
        assert_eq!(
            (read(44_000), read(1_000_000_001)),
            ("done".to_owned(), "meters.hours: meter-too-large".to_owned())
        );
        assert_eq!(house.repair(&repair).customer_net, Some(0));
        let again =
            crate::devices::RecordOnDevice { meters: [("hours".to_owned(), 45_000)].into(), ..Default::default() };
        house.by(MANAGER, |tx| record_on_device(tx, &device, &again)).expect("it was right");
        assert_eq!(
            house.repair(&repair).customer_net,
            Some(1_000_000),
            "what was put right wrongly is put right again"
        );
    });
}
