//! A yes binds what was shown: a line added after it and before it, another rate of VAT, a cover that was lost, and
//! what is no part of it.

use domain::coverage::CoverState;
use domain::time::typed_date;

use super::*;
use crate::billing::{HandOver, HandOverView, hand_over};
use crate::catalogue::installation::{SetVatRate, set_vat_rate};
use crate::coverage::covers::{ChangeCoverState, change_cover_state};
use crate::reception::correct::{CorrectReception, correct_reception};
use crate::repair::agreement::{AgreedBy, NoteAgreement, note_agreement};
use crate::repair::road::BarredView;
use crate::repair::view::RepairView;
use crate::repair::{
    Answer, AnswerChecklist, AnswerEstimate, ChangeLine, MoveRepair, RemoveLine, answer_checklist, answer_estimate,
    change_line, move_repair, remove_line,
};
use crate::testing::{House, RECEPTIONIST, TECHNICIAN, in_a_house, told};
use store::schema::journal;

/// A television without a card at the bench: visit and repair.
fn at_the_bench(house: &House, serial: &str) -> (String, String) {
    house.at("1405/09/02 10:00");
    let customer = house.customer("زهرا کریمی", &format!("0912345{:04}", serial.len() * 7));
    let device = house.device("TV-1", serial, "1400/01/15", &[]);
    let mut visit = house.receive(&customer, &[(&device, "no-power")]);
    let repair = visit.repairs.remove(0).id;
    house.go(RECEPTIONIST, &repair, "to-diagnosis");
    house.diagnose(&repair, "no-power", "wear");
    (visit.id, repair)
}

/// The same after the customer said yes to 1,100,000 with VAT.
fn accepted(house: &House, serial: &str) -> (String, String) {
    let (visit, repair) = at_the_bench(house, serial);
    house.operation(&repair, "SVC-ANY", Some(1_000_000));
    house.estimate(&repair);
    house.answer(&repair, Answer::Accepted);
    assert_eq!(standing_of(&house.repair(&repair)), ("repair".to_owned(), "accepted".to_owned(), None));
    (visit, repair)
}

/// Step, state of the estimate, and what is above it.
fn standing_of(view: &RepairView) -> (String, String, Option<(i64, i64)>) {
    let estimate = view.estimate.as_ref().map_or("none", |estimate| &estimate.state);
    (view.step.id.clone(), estimate.to_owned(), view.exceeded.map(|sums| (sums.accepted, sums.now)))
}

fn is_barred<T: std::fmt::Debug>(told: Result<T>, accepted: i64, now: i64) -> bool {
    match told {
        Err(Error::Conflict(reason)) => {
            let sums = |name: &str| reason.args.iter().find(|(known, _)| known == name).map(|(_, arg)| arg.clone());
            let money = |amount| Some(Arg::money(amount, domain::money::Unit::RIAL));
            reason.code == "estimate-exceeded" && sums("accepted") == money(accepted) && sums("now") == money(now)
        }
        other => panic!("{other:?}"),
    }
}

fn end_work(house: &House, repair: &str) -> Result<()> {
    house.by(TECHNICIAN, |tx| {
        move_repair(tx, repair, None, &MoveRepair { transition: "repaired".to_owned(), ..MoveRepair::default() })
    })
}

fn hand(house: &House, visit: &str) -> Result<HandOverView> {
    house.by(RECEPTIONIST, |tx| hand_over(tx, visit, &HandOver::default()))
}

fn note(house: &House, login: &str, repair: &str) -> Result<()> {
    let total = house.repair(repair).exceeded.map_or(0, |sums| sums.now);
    let command =
        NoteAgreement {
            who: "زهرا کریمی".to_owned(), how: AgreedBy::Phone, total, reason: "a second leak".to_owned()
        };
    house.by(login, |tx| note_agreement(tx, repair, &command))
}

fn conflict(told: Result<()>) -> String {
    match told {
        Err(Error::Conflict(reason)) => reason.code.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_line_that_is_added_after_the_yes() {
    in_a_house(|house| {
        let (visit, repair) = accepted(house, "T-1");
        house.operation(&repair, "SVC-FAN", Some(200_000));
        let view = house.repair(&repair);
        assert_eq!(standing_of(&view), ("repair".to_owned(), "exceeded".to_owned(), Some((1_100_000, 1_320_000))));
        let way = view.ways.iter().find(|way| way.transition == "repaired").expect("a way");
        assert!(!way.allowed && matches!(way.because.as_slice(), [BarredView::Exceeded]), "{way:?}");
        assert!(is_barred(end_work(house, &repair), 1_100_000, 1_320_000));

        // Asked again: it waits for the answer, and a new estimate alone opens nothing.
        house.estimate(&repair);
        assert_eq!(
            standing_of(&house.repair(&repair)),
            ("approval".to_owned(), "waiting".to_owned(), Some((1_100_000, 1_320_000)))
        );
        assert_eq!(conflict(note(house, RECEPTIONIST, &repair)), "estimate-waits");
        house.answer(&repair, Answer::Accepted);
        assert_eq!(standing_of(&house.repair(&repair)), ("repair".to_owned(), "accepted".to_owned(), None));
        house.finish(&repair);

        // On the shelf too, until it is noted who agreed; the name stands in no journal.
        house.operation(&repair, "SVC-BOARD", Some(100_000));
        assert!(is_barred(hand(house, &visit), 1_320_000, 1_430_000));
        assert!(matches!(note(house, TECHNICIAN, &repair), Err(Error::Forbidden(_))));
        note(house, RECEPTIONIST, &repair).expect("noted");
        assert_eq!(conflict(note(house, RECEPTIONIST, &repair)), "not-exceeded");
        let view = house.repair(&repair);
        let agreement = view.estimate.as_ref().and_then(|estimate| estimate.agreement.clone()).expect("an agreement");
        assert_eq!(
            (agreement.who.as_deref(), agreement.how.as_str(), agreement.total, view.exceeded),
            (Some("زهرا کریمی"), "phone", 1_430_000, None)
        );
        let told = house
            .db
            .read(|conn| {
                Ok(journal::table
                    .filter(journal::kind.eq("agreement_noted"))
                    .select(journal::payload)
                    .load::<String>(conn)?)
            })
            .expect("read");
        assert!(told.len() == 1 && told[0].contains("a second leak") && !told[0].contains("زهرا"), "{told:?}");
        assert_eq!(hand(house, &visit).expect("handed over").invoices[0].total, 1_430_000);
        // What comes later changes nothing of what is over.
        house.write(|tx| {
            set_vat_rate(tx, &SetVatRate { from: typed_date("1405/09/01").expect("a date"), percent: Some(20) })
        });
        assert_eq!(standing_of(&house.repair(&repair)).2, None);
    });
}

#[test]
fn a_yes_is_to_the_work_that_was_told_and_not_to_other_work_of_the_same_sum() {
    in_a_house(|house| {
        let (_, repair) = at_the_bench(house, "T-1");
        let remove = |line: &str| {
            let command = RemoveLine { line: line.to_owned(), reason: "not needed".to_owned() };
            house.by(TECHNICIAN, |tx| remove_line(tx, &repair, &command)).expect("removed");
        };
        let line = house.operation(&repair, "SVC-ANY", Some(1_000_000));
        house.operation(&repair, "SVC-FAN", Some(200_000));
        house.estimate(&repair);
        house.answer(&repair, Answer::Accepted);
        remove(&line);
        assert_eq!(house.repair(&repair).exceeded, None, "less than was told");
        let board = house.operation(&repair, "SVC-BOARD", Some(900_000));
        assert_eq!(house.repair(&repair).exceeded, Some(Exceeded { accepted: 220_000, now: 1_210_000 }));
        assert!(is_barred(end_work(house, &repair), 220_000, 1_210_000));

        // Noted again it is the work that was told.
        remove(&board);
        let line = house.operation(&repair, "SVC-ANY", Some(1_000_000));
        assert_eq!(house.repair(&repair).exceeded, None);

        // What somebody agreed to beyond it binds its lines as well.
        let board = house.operation(&repair, "SVC-BOARD", Some(900_000));
        note(house, RECEPTIONIST, &repair).expect("noted");
        assert_eq!(house.repair(&repair).exceeded, None);
        remove(&line);
        assert_eq!(house.repair(&repair).exceeded, None);
        remove(&board);
        house.operation(&repair, "SVC-TRAVEL", Some(100_000));
        assert_eq!(house.repair(&repair).exceeded, Some(Exceeded { accepted: 220_000, now: 330_000 }));
    });
}

#[test]
fn what_was_not_told_has_no_part_in_what_a_told_line_costs_less() {
    in_a_house(|house| {
        let change = |repair: &str, line: &str, quantity_milli: Option<i64>, unit_price: Option<i64>| {
            let command = ChangeLine { line: line.to_owned(), quantity_milli, unit_price };
            house.by(crate::testing::MANAGER, |tx| change_line(tx, repair, &command)).expect("changed");
        };
        let remove = |repair: &str, line: &str| {
            let command = RemoveLine { line: line.to_owned(), reason: "not needed".to_owned() };
            house.by(TECHNICIAN, |tx| remove_line(tx, repair, &command)).expect("removed");
        };
        for (serial, exchange) in [("T-1", 0), ("T-22", 1), ("T-333", 2)] {
            let (_, repair) = at_the_bench(house, serial);
            let first = house.operation(&repair, "SVC-ANY", Some(1_000_000));
            house.operation(&repair, "SVC-ANY", Some(1_000_000));
            house.estimate(&repair);
            house.answer(&repair, Answer::Accepted);
            match exchange {
                0 => remove(&repair, &first),
                1 => change(&repair, &first, Some(1), None),
                _ => change(&repair, &first, None, Some(0)),
            }
            let told = house.repair(&repair).exceeded;
            assert_eq!(told, None, "{serial}");
            house.operation(&repair, "SVC-BOARD", Some(900_000));
            let Exceeded { accepted, now } = house.repair(&repair).exceeded.expect("more than was told");
            assert_eq!(now - accepted, 990_000, "{serial}: all that was not told");
        }
        // Nor may one line of what was told cost more for what another costs less.
        let (_, repair) = at_the_bench(house, "T-4444");
        let first = house.operation(&repair, "SVC-ANY", Some(1_000_000));
        let second = house.operation(&repair, "SVC-FAN", Some(1_000_000));
        house.estimate(&repair);
        house.answer(&repair, Answer::Accepted);
        change(&repair, &first, None, Some(700_000));
        change(&repair, &second, None, Some(1_300_000));
        assert_eq!(house.repair(&repair).exceeded, Some(Exceeded { accepted: 770_000 + 1_100_000, now: 2_200_000 }));
    });
}

#[test]
fn the_houses_own_fee_is_typed_by_nobody_and_taken_off_by_who_works_there_and_rules() {
    in_a_house(|house| {
        let (visit, repair) = at_the_bench(house, "T-1");
        house.operation(&repair, "SVC-ANY", Some(1_000_000));
        house.estimate(&repair);
        house.answer(&repair, Answer::Declined);
        let fee = house.repair(&repair).lines.into_iter().find(|line| line.is_fee).expect("a fee").id;
        let times = ChangeLine { line: fee.clone(), quantity_milli: Some(50_000), unit_price: None };
        let off = RemoveLine { line: fee, reason: "-".to_owned() };
        for login in [TECHNICIAN, crate::testing::MANAGER] {
            assert_eq!(told(house.by(login, |tx| change_line(tx, &repair, &times))), "fee-of-the-house");
        }
        // It is no question of cover.
        let ruling = crate::coverage::overrides::OverrideCoverage {
            line: times.line.clone(),
            cover: None,
            percent: None,
            reason: "-".to_owned(),
        };
        let rule = |tx: &mut Tx<'_>| crate::coverage::overrides::override_coverage(tx, &repair, &ruling);
        assert_eq!(told(house.write_or(rule)), "line: fee-of-the-house");
        assert_eq!(told(house.by(TECHNICIAN, |tx| remove_line(tx, &repair, &off))), "fee-of-the-house");
        house.by(crate::testing::MANAGER, |tx| remove_line(tx, &repair, &off)).expect("taken off");
        assert!(hand(house, &visit).expect("handed over").invoices.is_empty());
        // Nor by an answer to another estimate.
        let (_, repair) = at_the_bench(house, "T-22");
        house.operation(&repair, "SVC-ANY", Some(1_000_000));
        house.estimate(&repair);
        house.answer(&repair, Answer::Declined);
        let fee = house.repair(&repair).lines.into_iter().find(|line| line.is_fee).expect("a fee").id;
        house.operation(&repair, "SVC-FAN", Some(200_000));
        house.estimate(&repair);
        let but_the_fee = AnswerEstimate { answer: Answer::Accepted, declined_lines: vec![fee.clone()], note: None };
        assert_eq!(
            told(house.by(RECEPTIONIST, |tx| answer_estimate(tx, &repair, &but_the_fee))),
            "declined_lines[0]: fee-of-the-house"
        );
        house.answer(&repair, Answer::Declined);
        let fees = house
            .repair(&repair)
            .lines
            .into_iter()
            .filter(|line| line.is_fee)
            .map(|line| (line.id, line.state))
            .collect::<Vec<_>>();
        assert_eq!(fees, [(fee, "open".to_owned())], "once");
        // A yes where nothing but the fee is left is no second no.
        house.estimate(&repair);
        house.answer(&repair, Answer::Accepted);
        let view = house.repair(&repair);
        assert_eq!(
            (view.estimate.expect("an estimate").state.as_str(), view.lines.iter().filter(|line| line.is_fee).count()),
            ("accepted", 1)
        );
    });
}

#[test]
fn a_price_that_went_up_after_the_work_is_put_back_by_the_house_and_not_by_a_no() {
    in_a_house(|house| {
        let (_, repair) = at_the_bench(house, "T-1");
        house.go(TECHNICIAN, &repair, "free");
        let line = house.operation(&repair, "SVC-ANY", Some(1_000_000));
        house.agree(&repair);
        house.finish(&repair);
        let off = RemoveLine { line, reason: "-".to_owned() };
        assert_eq!(told(house.by(TECHNICIAN, |tx| remove_line(tx, &repair, &off))), "back-to-work-first");
        let dearer = ChangeLine { line: off.line.clone(), quantity_milli: None, unit_price: Some(2_000_000) };
        house.by(crate::testing::MANAGER, |tx| change_line(tx, &repair, &dearer)).expect("a price");
        assert_eq!(told(house.by(TECHNICIAN, |tx| remove_line(tx, &repair, &off))), "back-to-work-first", "dearer too");
        house.estimate(&repair);
        let no = AnswerEstimate { answer: Answer::Declined, declined_lines: Vec::new(), note: None };
        assert_eq!(told(house.by(RECEPTIONIST, |tx| answer_estimate(tx, &repair, &no))), "agreed-and-done");
        let price = |unit_price: i64| ChangeLine { unit_price: Some(unit_price), ..dearer.clone() };
        let set = |unit_price: i64| {
            told(house.by(crate::testing::MANAGER, |tx| change_line(tx, &repair, &price(unit_price))))
        };
        assert_eq!(
            (set(999_999), set(1_000_000), set(999_999)),
            ("back-to-work-first".to_owned(), "done".to_owned(), "back-to-work-first".to_owned())
        );
    });
}

#[test]
fn what_goes_home_without_the_work_is_not_done_though_it_was_agreed_to() {
    in_a_house(|house| {
        let (_, repair) = accepted(house, "T-1");
        house.operation(&repair, "SVC-FAN", Some(200_000));
        house.estimate(&repair);
        house.at("1405/09/20 10:00");
        // Nobody answered: the device goes home as it is.
        house.go(RECEPTIONIST, &repair, "declined");
        house.estimate_at_the_counter(&repair);
        house.answer(&repair, Answer::Declined);
        let open = house.repair(&repair).lines.into_iter().filter(|line| line.state == "open" && !line.is_fee).count();
        assert_eq!(open, 0, "a no is a no");
    });
}

#[test]
fn an_old_yes_is_to_the_line_itself_mended_or_not() {
    in_a_house(|house| {
        let (_, repair) = accepted(house, "T-1");
        house.write(|tx| {
            let lines = estimates::table.select(estimates::lines_json).first::<String>(tx.conn)?;
            let old = lines.replace(",\"is_mended\":false", "");
            assert_ne!(old, lines);
            Ok(diesel::update(estimates::table).set(estimates::lines_json.eq(old)).execute(tx.conn)?)
        });
        house.write(|tx| {
            Ok(diesel::update(work_lines::table).set(work_lines::disposition.eq(Some("repaired"))).execute(tx.conn)?)
        });
        assert_eq!(house.repair(&repair).exceeded, None);
    });
}

#[test]
fn to_mend_a_part_is_other_work_than_to_fit_the_new_one_that_was_told() {
    in_a_house(|house| {
        house.at("1405/09/02 10:00");
        let customer = house.customer("لیلا صادقی", "09121112233");
        let fridge = house.device("SRF-7300", "F-1", "1400/01/15", &[("CMP-EM65", "C-1")]);
        let repair = house.receive(&customer, &[(&fridge, "no-power")]).repairs.remove(0).id;
        house.go(RECEPTIONIST, &repair, "to-diagnosis");
        house.diagnose(&repair, "no-power", "wear");
        let plan = crate::repair::plan::PlanPart { product: "CMP-EM65".to_owned(), ..Default::default() };
        let line = house.by(TECHNICIAN, |tx| crate::repair::plan::plan_part(tx, &repair, &plan)).expect("planned");
        house.estimate(&repair);
        house.answer(&repair, Answer::Accepted);
        assert_eq!(house.repair(&repair).exceeded, None);
        let mended = crate::repair::FitPart {
            line: Some(line),
            serial_out: Some("C-1".to_owned()),
            disposition: Some(crate::repair::work::Disposition::Repaired),
            ..Default::default()
        };
        house.by(TECHNICIAN, |tx| crate::repair::fit_part(tx, &repair, &mended)).expect("mended");
        let told = house.repair(&repair).exceeded.expect("another work");
        assert_eq!(told.accepted, 0);
        house.agree(&repair);
        assert_eq!(house.repair(&repair).exceeded, None);
    });
}

#[test]
fn nobody_takes_a_yes_back_when_the_work_is_done() {
    in_a_house(|house| {
        let (visit, repair) = accepted(house, "T-1");
        house.finish(&repair);
        let answer =
            |command: &AnswerEstimate| told(house.by(RECEPTIONIST, |tx| answer_estimate(tx, &repair, command)));
        let no = AnswerEstimate { answer: Answer::Declined, declined_lines: Vec::new(), note: None };
        house.estimate(&repair);
        assert_eq!(answer(&no), "agreed-and-done");
        let line = house.repair(&repair).lines[0].id.clone();
        let off = RemoveLine { line: line.clone(), reason: "-".to_owned() };
        assert_eq!(told(house.by(TECHNICIAN, |tx| remove_line(tx, &repair, &off))), "back-to-work-first");
        let less = ChangeLine { line, quantity_milli: Some(1), unit_price: None };
        assert_eq!(told(house.by(TECHNICIAN, |tx| change_line(tx, &repair, &less))), "back-to-work-first");
        // What came up later was not agreed to, and is declined by itself.
        let fan = house.operation(&repair, "SVC-FAN", Some(200_000));
        house.estimate(&repair);
        assert_eq!(answer(&no), "agreed-and-done");
        assert_eq!(answer(&AnswerEstimate { answer: Answer::Accepted, declined_lines: vec![fan], note: None }), "done");
        // A price that went up after it is put back.
        let line = house.repair(&repair).lines.into_iter().find(|line| line.state == "open").expect("a line").id;
        let dearer = ChangeLine { line: line.clone(), quantity_milli: None, unit_price: Some(3_000_000) };
        house.by(crate::testing::MANAGER, |tx| change_line(tx, &repair, &dearer)).expect("a price");
        house.estimate(&repair);
        let as_before = ChangeLine { line, quantity_milli: None, unit_price: Some(1_000_000) };
        house.by(crate::testing::MANAGER, |tx| change_line(tx, &repair, &as_before)).expect("a price");
        house.answer(&repair, Answer::Accepted);
        assert_eq!(hand(house, &visit).expect("handed over").invoices[0].total, 1_100_000);
    });
}

#[test]
fn a_line_that_is_declined_twice_is_one_line() {
    in_a_house(|house| {
        let (_, repair) = at_the_bench(house, "T-1");
        let line = house.operation(&repair, "SVC-ANY", Some(1_000_000));
        house.operation(&repair, "SVC-FAN", Some(200_000));
        house.estimate(&repair);
        let command = AnswerEstimate { answer: Answer::Accepted, declined_lines: vec![line.clone(), line], note: None };
        house.by(RECEPTIONIST, |tx| answer_estimate(tx, &repair, &command)).expect("answered");
        assert_eq!(standing_of(&house.repair(&repair)), ("repair".to_owned(), "accepted".to_owned(), None));
    });
}

#[test]
fn the_yes_of_one_customer_binds_no_other_and_no_other_sum() {
    in_a_house(|house| {
        let (visit, repair) = accepted(house, "T-1");
        house.operation(&repair, "SVC-FAN", Some(200_000));
        let noted = |total: i64| {
            let command = NoteAgreement { who: "-".to_owned(), how: AgreedBy::Phone, total, reason: "-".to_owned() };
            house.by(RECEPTIONIST, |tx| note_agreement(tx, &repair, &command))
        };
        assert_eq!(conflict(noted(1_210_000)), "agreed-to-other-sum", "what stood on the page before");
        noted(1_320_000).expect("noted");
        let other = house.customer("نگار رستمی", "09124443322");
        let correct =
            CorrectReception { customer: Some(other), repair: None, device: None, reason: "typed wrongly".to_owned() };
        house.by(RECEPTIONIST, |tx| correct_reception(tx, &visit, None, &correct)).expect("corrected");
        assert_eq!(
            standing_of(&house.repair(&repair)),
            ("repair".to_owned(), "expired".to_owned(), Some((0, 1_320_000)))
        );
        assert!(is_barred(end_work(house, &repair), 0, 1_320_000));
        house.estimate(&repair);
        house.answer(&repair, Answer::Accepted);
        house.finish(&repair);
    });
}

#[test]
fn what_comes_up_when_the_work_is_checked_calls_nobody_to_fetch_it() {
    in_a_house(|house| {
        let (_, repair) = accepted(house, "T-1");
        house.go(TECHNICIAN, &repair, "repaired");
        house.operation(&repair, "SVC-FAN", Some(200_000));
        let pass = || {
            let answers = AnswerChecklist { items: vec!["runs".to_owned()] };
            house.by(TECHNICIAN, |tx| answer_checklist(tx, &repair, &answers)).expect("checked");
            house.by(TECHNICIAN, |tx| {
                move_repair(tx, &repair, None, &MoveRepair { transition: "passed".to_owned(), ..MoveRepair::default() })
            })
        };
        assert!(is_barred(pass(), 1_100_000, 1_320_000));
        let view = house.repair(&repair);
        let barred = view
            .ways
            .iter()
            .filter(|way| way.because.iter().any(|barred| matches!(barred, BarredView::Exceeded)))
            .map(|way| way.transition.as_str());
        assert_eq!(barred.collect::<Vec<_>>(), ["passed"], "back to work it goes all the same");
        house.agree(&repair);
        pass().expect("passed");
    });
}

#[test]
fn a_line_that_is_added_between_the_question_and_the_yes() {
    in_a_house(|house| {
        for (serial, is_asked_again) in [("T-1", true), ("T-22", false)] {
            let (_, repair) = at_the_bench(house, serial);
            house.operation(&repair, "SVC-ANY", Some(1_000_000));
            house.estimate(&repair);
            house.operation(&repair, "SVC-FAN", Some(200_000));
            house.answer(&repair, Answer::Accepted);
            assert_eq!(
                standing_of(&house.repair(&repair)),
                ("approval".to_owned(), "exceeded".to_owned(), Some((1_100_000, 1_320_000))),
                "the yes is not to that"
            );
            if is_asked_again {
                house.estimate(&repair);
                house.answer(&repair, Answer::Accepted);
            } else {
                note(house, RECEPTIONIST, &repair).expect("noted");
            }
            assert_eq!(
                standing_of(&house.repair(&repair)),
                ("repair".to_owned(), "accepted".to_owned(), None),
                "and it goes on by itself"
            );
            house.finish(&repair);
        }
    });
}

#[test]
fn a_rate_of_vat_that_begins_before_the_device_is_fetched() {
    in_a_house(|house| {
        let (visit, repair) = accepted(house, "T-1");
        house.finish(&repair);
        house.write(|tx| {
            set_vat_rate(tx, &SetVatRate { from: typed_date("1405/10/01").expect("a date"), percent: Some(12) })
        });
        assert_eq!(house.repair(&repair).exceeded, None, "not yet");
        house.at("1405/10/02 10:00");
        assert_eq!(house.repair(&repair).exceeded, Some(Exceeded { accepted: 1_100_000, now: 1_120_000 }));
        assert!(is_barred(hand(house, &visit), 1_100_000, 1_120_000));
        note(house, RECEPTIONIST, &repair).expect("noted");
        assert_eq!(hand(house, &visit).expect("handed over").invoices[0].total, 1_120_000);
    });
}

#[test]
fn a_cover_that_is_lost_later() {
    in_a_house(|house| {
        house.at("1405/09/02 10:00");
        let customer = house.customer("لیلا صادقی", "09121112233");
        let laptop = house.device("LAP-1", "L-1", "1404/12/01", &[]);
        house.card(&laptop, "G-4");
        let repair = house.receive(&customer, &[(&laptop, "no-power")]).repairs.remove(0).id;
        house.go(RECEPTIONIST, &repair, "to-diagnosis");
        house.diagnose(&repair, "no-power", "wear");
        house.operation(&repair, "SVC-BOARD", None);
        house.operation(&repair, "SVC-TRAVEL", None);
        house.estimate(&repair);
        house.answer(&repair, Answer::Accepted);
        assert_eq!(house.repair(&repair).exceeded, None);
        let lost = Some(Exceeded { accepted: 4_400_000, now: 9_900_000 });

        let card = house
            .db
            .read(|conn| crate::devices::get_device(conn, &house.admin, &laptop, house.db.now()))
            .expect("a device")
            .covers
            .remove(0)
            .id;
        let turn = |state| {
            house.write(|tx| change_cover_state(tx, &card, &ChangeCoverState { state, reason: "asked".to_owned() }))
        };
        turn(CoverState::Suspended);
        assert_eq!(house.repair(&repair).exceeded, lost, "told where it happens");
        turn(CoverState::Active);
        assert_eq!(house.repair(&repair).exceeded, None);
        house.diagnose(&repair, "wet", "liquid");
        assert_eq!(house.repair(&repair).exceeded, lost);
        assert!(is_barred(end_work(house, &repair), 4_400_000, 9_900_000));
    });
}

#[test]
fn the_fee_of_a_declined_estimate_is_no_part_of_it_and_a_no_is_no_yes() {
    in_a_house(|house| {
        let declined = |serial: &str| {
            let (visit, repair) = at_the_bench(house, serial);
            house.operation(&repair, "SVC-ANY", Some(1_000_000));
            house.estimate(&repair);
            house.answer(&repair, Answer::Declined);
            assert_eq!(standing_of(&house.repair(&repair)), ("ready".to_owned(), "declined".to_owned(), None));
            (visit, repair)
        };
        let (visit, _) = declined("T-1");
        assert_eq!(hand(house, &visit).expect("handed over").invoices[0].total, 660_000);

        let (visit, repair) = declined("T-22");
        house.operation(&repair, "SVC-FAN", Some(200_000));
        assert!(is_barred(hand(house, &visit), 0, 220_000));
        house.estimate(&repair);
        house.answer(&repair, Answer::Accepted);
        assert_eq!(house.repair(&repair).exceeded, None);
        assert_eq!(hand(house, &visit).expect("handed over").invoices[0].total, 880_000, "with the fee");
    });
}

#[test]
fn who_was_never_asked_agreed_to_nothing_and_a_part_of_a_yes_counts() {
    in_a_house(|house| {
        let (visit, repair) = at_the_bench(house, "T-1");
        assert_eq!(conflict(note(house, RECEPTIONIST, &repair)), "not-exceeded");
        // Free as long as nothing is charged: what comes after it is asked for.
        house.go(TECHNICIAN, &repair, "free");
        assert_eq!(house.repair(&repair).exceeded, None);
        house.operation(&repair, "SVC-ANY", Some(1_000_000));
        assert_eq!(house.repair(&repair).exceeded, Some(Exceeded { accepted: 0, now: 1_100_000 }));
        assert!(is_barred(end_work(house, &repair), 0, 1_100_000));
        note(house, RECEPTIONIST, &repair).expect("noted without any estimate");
        assert_eq!(house.repair(&repair).exceeded, None);
        house.finish(&repair);
        assert_eq!(hand(house, &visit).expect("handed over").invoices[0].total, 1_100_000);

        // Of two lines one was declined: the yes is to the other.
        let (_, repair) = at_the_bench(house, "T-22");
        house.operation(&repair, "SVC-ANY", Some(1_000_000));
        let fan = house.operation(&repair, "SVC-FAN", Some(200_000));
        house.estimate(&repair);
        let answer = crate::repair::AnswerEstimate { answer: Answer::Accepted, declined_lines: vec![fan], note: None };
        house.by(RECEPTIONIST, |tx| crate::repair::answer_estimate(tx, &repair, &answer)).expect("answered");
        assert_eq!(house.repair(&repair).exceeded, None);
        house.operation(&repair, "SVC-BOARD", Some(100_000));
        assert_eq!(house.repair(&repair).exceeded, Some(Exceeded { accepted: 1_100_000, now: 1_210_000 }));
    });
}

#[test]
fn a_fee_for_a_diagnosis_needs_a_diagnosis_and_something_that_was_asked() {
    in_a_house(|house| {
        house.at("1405/09/02 10:00");
        let customer = house.customer("زهرا کریمی", "09123456789");
        let fees = |repair: &str| house.repair(repair).lines.iter().filter(|line| line.is_fee).count();
        // Nothing was diagnosed.
        let device = house.device("TV-1", "T-1", "1400/01/15", &[]);
        let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
        house.operation(&repair, "SVC-ANY", Some(1_000_000));
        house.estimate_at_the_counter(&repair);
        house.answer(&repair, Answer::Declined);
        assert_eq!(fees(&repair), 0);
        // The customer was to pay nothing.
        let device = house.device("TV-1", "T-2", "1405/01/15", &[]);
        house.card(&device, "G-1");
        let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
        house.go(RECEPTIONIST, &repair, "to-diagnosis");
        house.diagnose(&repair, "no-power", "burnt");
        house.operation(&repair, "SVC-ANY", Some(1_000_000));
        house.estimate_at_the_counter(&repair);
        house.answer(&repair, Answer::Declined);
        assert_eq!(fees(&repair), 0);
    });
}
