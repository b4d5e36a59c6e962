//! Many hands at once, on each engine: eight writers receive, fit, deliver and invoice, and every rule holds
//! afterwards.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use crate::billing::payments::Method;
use crate::billing::{HandOver, RecordPayment, hand_over, record_payment};
use crate::testing::{House, RECEPTIONIST, TECHNICIAN, in_a_house};
use store::error::Error;
use store::events::PAPERS;
use store::jobs::{Job, Retry, work};
use store::query::*;
use store::schema::{invoices, jobs, journal, receptions};

const WRITERS: usize = 8;
const ROUNDS: usize = 3;

#[test]
fn eight_writers_keep_every_rule() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let customer = house.customer("زهرا کریمی", "09123456789");
        let device = |writer: usize, round: usize| format!("S-{writer}-{round}");
        let devices = (0..WRITERS)
            .map(|writer| {
                (0..ROUNDS)
                    .map(|round| house.device("TV-1", &device(writer, round), "1402/01/15", &[]))
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>();
        std::thread::scope(|threads| {
            for (writer, devices) in devices.iter().enumerate() {
                let customer = &customer;
                threads.spawn(move || {
                    devices
                        .iter()
                        .enumerate()
                        .for_each(|(round, device)| visit(house, customer, device, writer * ROUNDS + round))
                });
            }
        });
        rules_hold(house);
        every_task_is_done_once(house);
    });
}

fn visit(house: &House, customer: &str, device: &str, index: usize) {
    let reception = house.receive(customer, &[(device, "no-power")]);
    let repair = &reception.repairs[0].id;
    house.go(RECEPTIONIST, repair, "to-diagnosis");
    house.diagnose(repair, "no-power", "wear");
    house.fit(repair, crate::repair::FitPart { serial_in: Some(format!("C-{index}")), ..House::part("CMP-EM65") });
    house.estimate(repair);
    house.answer(repair, crate::repair::Answer::Accepted);
    house.finish(repair);
    let handed = house.hand_over(&reception.id, &[]);
    let paid = RecordPayment { method: Method::Card, amount: None, reference: None };
    house.by(RECEPTIONIST, |tx| record_payment(tx, &handed.invoices[0].id, &paid)).expect("paid");
}

fn rules_hold(house: &House) {
    let wrong = house.db.read(crate::check::findings).expect("checked");
    assert!(wrong.is_empty(), "{wrong:?}");
    let total = i64::try_from(WRITERS * ROUNDS).expect("a count");
    let (numbers, bills, entries) = house
        .db
        .read(|conn| {
            let numbers =
                receptions::table.order(receptions::number).select(receptions::number).load::<String>(conn)?;
            let bills = invoices::table
                .select((invoices::hand_over_id, invoices::payer_party_id))
                .load::<(Option<i64>, i64)>(conn)?;
            let entries = journal::table
                .group_by(journal::kind)
                .select((journal::kind, diesel::dsl::count_star()))
                .load::<(String, i64)>(conn)?;
            Ok((numbers, bills, entries.into_iter().collect::<BTreeMap<_, _>>()))
        })
        .expect("read");
    assert_eq!(
        numbers,
        (1..=total).map(|number| format!("1405-02-{number:06}")).collect::<Vec<_>>(),
        "numbers are unbroken"
    );
    assert_eq!(bills.len(), bills.iter().collect::<HashSet<_>>().len(), "one invoice per hand-over and payer");
    assert_eq!(bills.len(), usize::try_from(total).expect("a count"));
    for kind in ["part_fitted", "repair_diagnosed", "estimate_answered", "payment_recorded", "invoice_issued"] {
        assert_eq!(entries.get(kind), Some(&total), "{kind}");
    }
}

fn every_task_is_done_once(house: &House) {
    let waiting = house
        .db
        .read(|conn| Ok(jobs::table.filter(jobs::job.eq(PAPERS.name)).count().get_result::<i64>(conn)?))
        .expect("read");
    assert_eq!(waiting, i64::try_from(WRITERS * ROUNDS).expect("a count"));
    let papers = [Job {
        kind: PAPERS,
        retry: Retry { attempts: 1, first_wait: 1, limit: 60 },
        is_daily: false,
        run: |done: &Mutex<Vec<String>>, task| {
            done.lock().expect("the list").push(task.key().to_owned());
            Ok(())
        },
    }];
    let done = Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| while work(&house.db, &papers, &done).expect("worked") {});
        }
    });
    let done = done.into_inner().expect("the list");
    assert_eq!(done.len(), usize::try_from(waiting).expect("a count"));
    assert_eq!(done.iter().collect::<HashSet<_>>().len(), done.len(), "one was done twice");
}

#[test]
fn two_hands_on_one_thing_one_wins_and_the_other_is_told() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let customer = house.customer("زهرا کریمی", "09123456789");
        let device = house.device("TV-1", "T-1", "1405/01/15", &[]);
        house.card(&device, "G-1");
        let reception = house.receive(&customer, &[(&device, "no-power")]);
        let repair = &reception.repairs[0].id;
        house.go(RECEPTIONIST, repair, "to-diagnosis");
        house.diagnose(repair, "no-power", "wear");
        house.operation(repair, "SVC-ANY", None);
        house.go(TECHNICIAN, repair, "free");
        house.finish(repair);
        let outcomes = std::thread::scope(|threads| {
            let both = [0, 1].map(|_| {
                threads.spawn(|| {
                    house.by(RECEPTIONIST, |tx| {
                        hand_over(tx, &reception.id, &HandOver { repairs: vec![repair.clone()], ..HandOver::default() })
                            .map(|_| ())
                    })
                })
            });
            both.map(|hand| hand.join().expect("a hand"))
        });
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let told = outcomes.into_iter().find_map(Result::err).expect("one was told");
        assert!(matches!(told, Error::Conflict(reason) if reason.code == "already-handed-over"));
    });
}
