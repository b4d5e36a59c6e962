//! The demo's visits: two years of them that are over, and those that are open now, at every step of the road.

use std::collections::HashMap;
use std::ops::Range;

use domain::access::Action;
use jiff::ToSpan;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Maker;
use super::data::{OFTEN, USUAL};
use crate::billing::payments::Method;
use crate::billing::{HandOver, RecordPayment, hand_over, record_payment};
use crate::customers::{LookUpCustomer, look_up_customer};
use crate::devices::get_device;
use crate::reception::{CustomerChoice, ReceiveDevice, ReceiveDevices, receive_devices};
use crate::repair::agreed::exceeded;
use crate::repair::diagnosis::NO_FAULT;
use crate::repair::work::seen;
use crate::repair::{
    AddOperation, AgreedBy, Answer, AnswerChecklist, AnswerEstimate, AwaitPart, DiagnoseRepair, FitPart, MakeEstimate,
    MoveRepair, NoteAgreement, PlanPart, add_operation, answer_checklist, answer_estimate, await_part, diagnose_repair,
    estimate_repair, fit_part, get_repair, move_repair, note_agreement, plan_part,
};
use store::Tx;
use store::error::Result;
use store::rights::Actor;

const PAST: usize = 1500;
const OPEN: usize = 40;
/// Devices of the open visits, each of its own; the past ones are about the others.
const RESERVED: usize = 60;

/// How far a visit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Until {
    Received,
    Diagnosis,
    Diagnosed,
    Asked,
    Repair,
    AwaitingPart,
    Quality,
    Ready,
    HandedOver,
}

const STEPS: [Until; 8] = [
    Until::Received,
    Until::Diagnosis,
    Until::Diagnosed,
    Until::Asked,
    Until::Repair,
    Until::AwaitingPart,
    Until::Quality,
    Until::Ready,
];

/// A visit that will be: on which day (counted from today), where, with which device, how far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub day: i64,
    pub centre: usize,
    device: usize,
    until: Until,
}

impl Maker {
    /// The visits in the order of their days. More come in the later of the two years, and the first centre has half of
    /// them.
    pub(super) fn visits(&mut self) -> Vec<Plan> {
        self.random = ChaCha8Rng::seed_from_u64(1407);
        let mut plans = Vec::with_capacity(PAST + OPEN);
        let mut days = HashMap::<usize, Vec<i64>>::new();
        while plans.len() < PAST {
            let (a, b) = (self.random.random_range(14..730_i64), self.random.random_range(14..730_i64));
            let device = self.random.random_range(RESERVED..self.made.devices.len());
            // A device comes back after it went home, not before.
            let earlier = days.entry(device).or_default();
            if earlier.iter().any(|day| (day + a.min(b)).abs() < 20) {
                continue;
            }
            earlier.push(-a.min(b));
            plans.push(Plan { day: -a.min(b), centre: self.centre_for(device), device, until: Until::HandedOver });
        }
        for index in 0..OPEN {
            let day = -(i64::try_from(index).unwrap_or(0) % 11) - 1;
            // The counter's fridge is being repaired, three pay; the owner of the other one is being asked.
            let (centre, until) = match index {
                0 => (0, Until::Repair),
                1 => (0, Until::Asked),
                _ => (self.centre_for(index), STEPS[index % STEPS.len()]),
            };
            plans.push(Plan { day, centre, device: index, until });
        }
        plans.sort_by_key(|plan| plan.day);
        plans
    }

    /// The third centre serves one brand alone.
    fn centre_for(&mut self, device: usize) -> usize {
        let is_parsa = self.made.devices[device].2 >= 7;
        *if is_parsa { [0, 0, 1, 2, 2].as_slice() } else { [0, 0, 1].as_slice() }.choose(&mut self.random).unwrap_or(&0)
    }

    fn cause(&mut self) -> &'static str {
        let mut at = self.random.random_range(0..100);
        for (cause, weight) in OFTEN {
            if at < weight {
                return cause;
            }
            at -= weight;
        }
        "wear"
    }

    /// Lets some minutes pass, and never more than there were until now.
    fn wait(&mut self, tx: &mut Tx<'_>, minutes: Range<i64>) {
        let left = (self.now.as_second() - tx.now.as_second()) / 120;
        tx.later(self.random.random_range(minutes).min(left).minutes());
    }

    /// One visit: received by the actor, worked on by the technician as far as it goes.
    pub(super) fn visit(&mut self, tx: &mut Tx<'_>, technician: &Actor, index: usize, plan: &Plan) -> Result<()> {
        self.random = ChaCha8Rng::seed_from_u64(u64::try_from(index).unwrap_or(0) + 77);
        let (device, owner, nature) = self.made.devices[plan.device].clone();
        let (usual_report, usual_finding, part, service) = USUAL[nature];
        // Who comes to another centre than the one where they are known is looked up by what they bring.
        let known = get_device(tx.conn, tx.actor, &device, tx.now)?;
        if known.owner_is_elsewhere {
            look_up_customer(tx, &LookUpCustomer { number: known.serial })?;
        }
        let command = ReceiveDevices {
            centre: None,
            place: None,
            customer: CustomerChoice { id: Some(owner), new: None },
            devices: vec![ReceiveDevice {
                device: Some(device),
                faults: vec![usual_report.to_owned()],
                accessories: vec!["کارت گارانتی".to_owned()],
                conditions: if index.is_multiple_of(4) { vec!["خط‌وخش".to_owned()] } else { Vec::new() },
                ..ReceiveDevice::default()
            }],
            note: None,
        };
        let reception = receive_devices(tx, &command)?;
        let repair = reception.repairs[0].id.clone();
        let go = |tx: &mut Tx<'_>, transition: &str| {
            move_repair(tx, &repair, None, &MoveRepair { transition: transition.to_owned(), ..MoveRepair::default() })
        };
        if plan.until == Until::Received {
            return Ok(());
        }
        self.wait(tx, 20..240);
        go(tx, "to-diagnosis")?;
        if plan.until == Until::Diagnosis {
            return Ok(());
        }
        let receptionist: &Actor = tx.actor;
        let mut tx = tx.acting(technician);
        let tx = &mut tx;
        self.wait(tx, 60..900);
        let is_past = plan.until == Until::HandedOver;
        if is_past && self.random.random_range(0..100) < 4 {
            return self.no_fault(tx, receptionist, &repair, &reception.id, &go);
        }
        let is_shown = plan.device < 2;
        let cause = if is_shown { "wear" } else { self.cause() };
        let found = DiagnoseRepair {
            fault: Some(usual_finding.to_owned()),
            cause: Some(cause.to_owned()),
            accept_coverage_change: true,
            ..DiagnoseRepair::default()
        };
        diagnose_repair(tx, &repair, None, &found)?;
        let work = |service: &str| AddOperation {
            service: service.to_owned(),
            quantity_milli: None,
            unit_price: None,
            component: None,
            fault: None,
            cause: None,
            result: None,
            accept_warnings: true,
        };
        add_operation(tx, &repair, &work(service))?;
        let brand = ["S", "P"][usize::from(nature >= 7)];
        let view = get_repair(tx.conn, tx.actor, &repair, tx.now)?;
        let inside = view.components.into_iter().find(|node| node.product.code.ends_with(part)).map(|node| node.id);
        plan_part(
            tx,
            &repair,
            &PlanPart { product: format!("{brand}-{part}"), component: inside.clone(), ..PlanPart::default() },
        )?;
        if is_shown {
            plan_part(tx, &repair, &PlanPart { product: "S-FILTER".to_owned(), ..PlanPart::default() })?;
        }
        if plan.device == 0 || (index.is_multiple_of(9) && plan.device != 1) {
            add_operation(tx, &repair, &work("SVC-TRAVEL"))?;
        }
        if plan.until == Until::Diagnosed {
            return Ok(());
        }
        let is_free = get_repair(tx.conn, tx.actor, &repair, tx.now)?.customer_net == Some(0);
        if is_free {
            self.wait(tx, 20..21);
            go(tx, "free")?;
        } else {
            estimate_repair(tx, &repair, &MakeEstimate { ask: true, ..MakeEstimate::default() })?;
            if plan.until == Until::Asked {
                return Ok(());
            }
            self.wait(tx, 30..2900);
            let is_declined = is_past && self.random.random_range(0..100) < 18;
            let answer = if is_declined { Answer::Declined } else { Answer::Accepted };
            answer_estimate(
                &mut tx.acting(receptionist),
                &repair,
                &AnswerEstimate { answer, declined_lines: Vec::new(), note: None },
            )?;
            if is_declined {
                return self.home(tx, receptionist, &repair, &reception.id);
            }
        }
        if matches!(plan.until, Until::Asked | Until::Repair) {
            return Ok(());
        }
        let planned = get_repair(tx.conn, tx.actor, &repair, tx.now)?
            .lines
            .into_iter()
            .filter(|line| line.is_planned)
            .collect::<Vec<_>>();
        if plan.until == Until::AwaitingPart {
            await_part(tx, &repair, &AwaitPart { line: planned[0].id.clone(), is_awaited: true })?;
            return go(tx, "wait-part");
        }
        self.wait(tx, 45..4000);
        for (position, line) in planned.into_iter().enumerate() {
            let is_compressor = line.code.ends_with("COMPRESSOR");
            let serial_in = is_compressor.then(|| format!("CMP-{}", 731_140 + index));
            let component_out = if position == 0 { inside.clone() } else { None };
            fit_part(tx, &repair, &FitPart { line: Some(line.id), serial_in, component_out, ..FitPart::default() })?;
        }
        agree(tx, receptionist, &repair)?;
        go(tx, "repaired")?;
        if plan.until == Until::Quality {
            return Ok(());
        }
        self.wait(tx, 10..180);
        answer_checklist(tx, &repair, &AnswerChecklist { items: vec!["runs".to_owned()] })?;
        go(tx, "passed")?;
        if plan.until == Until::Ready { Ok(()) } else { self.home(tx, receptionist, &repair, &reception.id) }
    }

    /// Nothing was found: the device was looked after and goes home.
    fn no_fault(
        &mut self,
        tx: &mut Tx<'_>,
        receptionist: &Actor,
        repair: &str,
        reception: &str,
        go: &impl Fn(&mut Tx<'_>, &str) -> Result<()>,
    ) -> Result<()> {
        let nothing = DiagnoseRepair {
            fault: Some(NO_FAULT.to_owned()),
            accept_coverage_change: true,
            ..DiagnoseRepair::default()
        };
        diagnose_repair(tx, repair, None, &nothing)?;
        go(tx, "free")?;
        go(tx, "repaired")?;
        answer_checklist(tx, repair, &AnswerChecklist { items: vec!["runs".to_owned()] })?;
        go(tx, "passed")?;
        self.home(tx, receptionist, repair, reception)
    }

    /// Fetched after a while, and paid.
    fn home(&mut self, tx: &mut Tx<'_>, receptionist: &Actor, repair: &str, reception: &str) -> Result<()> {
        self.wait(tx, 120..5000);
        agree(tx, receptionist, repair)?;
        let mut desk = tx.acting(receptionist);
        let handed = hand_over(&mut desk, reception, &HandOver::default())?;
        if let Some(invoice) = handed.invoices.iter().find(|invoice| invoice.kind == "service") {
            let method = if self.random.random_range(0..3) == 0 { Method::Cash } else { Method::Card };
            record_payment(&mut desk, &invoice.id, &RecordPayment { method, amount: None, reference: None })?;
        }
        Ok(())
    }
}

/// A rate of VAT that begins meanwhile is told to the customer, who agrees.
fn agree(tx: &mut Tx<'_>, receptionist: &Actor, repair: &str) -> Result<()> {
    let row = seen(tx.conn, tx.actor, repair, Action::Estimate)?;
    let today = tx.today();
    let Some(sums) = exceeded(tx.conn, &row, today)? else { return Ok(()) };
    let told = NoteAgreement {
        who: "مالک دستگاه".to_owned(),
        how: AgreedBy::Phone,
        total: sums.now,
        reason: "نرخ مالیات عوض شد".to_owned(),
    };
    note_agreement(&mut tx.acting(receptionist), repair, &told)
}
