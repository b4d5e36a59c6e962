//! What tests stand on: a store of either engine with a clock that is set by hand, and builders that go through
//! commands only.

#![expect(clippy::disallowed_methods, reason = "tests read where the cluster is and need names that were never used")]

use std::sync::{Arc, Mutex};

use domain::access::Role;
use domain::coverage::CoverKind;
use domain::time::typed_date;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::{Strategy, any};
use serde_json::json;

use crate::access::session::actor_by_login;
use crate::access::users::{SaveMembership, SaveUser, save_user};
use crate::billing::{HandOver, HandOverView, hand_over};
use crate::catalogue::faults::{SaveCause, SaveFault, save_cause, save_fault};
use crate::catalogue::legal_entities::{PartyKind, SaveLegalEntity, save_legal_entity};
use crate::catalogue::organisation::{SaveBrand, SaveCentre, save_brand, save_centre};
use crate::catalogue::products::{SaveProduct, SaveProductKind, save_product, save_product_kind};
use crate::catalogue::services::{SaveService, save_service};
use crate::coverage::covers::{AddCover, IssueCard, add_cover, issue_card};
use crate::coverage::policies::{SavePolicy, publish_policy, save_policy};
use crate::customers::{SaveCustomer, save_customer};
use crate::devices::{DeviceEventKind, NewComponent, NewDevice, NewEvent, register_device};
use crate::reception::{CustomerChoice, ReceiveDevice, ReceiveDevices, ReceptionView, receive_devices};
use crate::repair::agreement::{AgreedBy, NoteAgreement, note_agreement};
use crate::repair::view::RepairView;
use crate::repair::{
    AddOperation, Answer, AnswerChecklist, AnswerEstimate, ChangeLine, DiagnoseRepair, FitPart, MakeEstimate,
    MoveRepair, add_operation, answer_checklist, answer_estimate, change_line, diagnose_repair, estimate_repair,
    fit_part, get_repair, move_repair,
};
use store::error::{Error, Result};
use store::rights::Actor;
use store::views::Title;
use store::{Clock, Db, Tx};

/// A clock that stands where it was put.
#[derive(Default)]
pub struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().expect("the clock");
        // Time goes on a little with every look, as it does.
        *now += jiff::SignedDuration::from_millis(1);
        *now
    }
}

impl Hands {
    /// Puts the clock to an instant in ISO 8601.
    pub fn set(&self, instant: &str) {
        *self.0.lock().expect("the clock") = instant.parse().expect("an instant");
    }
}

/// An installation with one legal entity, a maker, an insurer, two centres and the policies GOLD and PAID.
pub struct House {
    pub db: Db,
    clock: Arc<Hands>,
    pub admin: Actor,
    pub maker: String,
    pub insurer: String,
    pub brand: String,
    pub centre: String,
    pub gold: String,
    _dir: Option<tempfile::TempDir>,
}

pub const RECEPTIONIST: &str = "maryam";
pub const TECHNICIAN: &str = "saeed";
pub const MANAGER: &str = "laleh";

/// The stores on which a test runs: SQLite always, PostgreSQL where `ZAMEN_TEST_PG` names a cluster.
pub fn each_engine(test: impl Fn(Db, Arc<Hands>, Option<tempfile::TempDir>)) {
    let dir = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(Hands::default());
    let db = Db::open(dir.path().join("test.db").to_str().expect("a path"), clock.clone(), [7; 32], [8; 32])
        .expect("a store");
    db.migrate().expect("migrated");
    test(db, clock, Some(dir));
    match std::env::var("ZAMEN_TEST_PG") {
        Ok(base) => {
            let name = format!(
                "t{}",
                domain::keys::public_id(
                    u128::from(std::process::id()) << 64 | u128::from(jiff::Timestamp::now().as_nanosecond() as u64)
                )
            );
            let mut conn = store::Conn::open(&format!("{base}/postgres")).expect("the cluster");
            use diesel::connection::SimpleConnection;
            conn.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database");
            let clock = Arc::new(Hands::default());
            let db = Db::open(&format!("{base}/{name}"), clock.clone(), [7; 32], [8; 32]).expect("a store");
            db.migrate().expect("migrated");
            test(db, clock, None);
        }
        Err(_) => println!("named skip: ZAMEN_TEST_PG names no cluster, this test ran on SQLite alone"),
    }
}

/// What can become of a file on its way: bytes that changed, and its end that got lost.
#[derive(Debug)]
pub struct Damage {
    bytes: Vec<(usize, u8)>,
    end: usize,
}

impl Damage {
    /// The file with its bytes changed, and that without its end. The file must not be empty.
    pub fn of(&self, mut file: Vec<u8>) -> [Vec<u8>; 2] {
        let length = file.len();
        for (place, byte) in &self.bytes {
            file[place % length] = *byte;
        }
        let cut = file[..self.end % length].to_vec();
        [file, cut]
    }
}

/// Damages, for properties.
pub fn damages() -> impl Strategy<Value = Damage> {
    (proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6), any::<usize>())
        .prop_map(|(bytes, end)| Damage { bytes, end })
}

/// Runs a scenario in a furnished house, on each engine.
pub fn in_a_house(test: impl Fn(&House)) {
    each_engine(|db, clock, dir| test(&House::furnished(db, clock, dir)));
}

fn title(fa: &str, en: &str) -> Title {
    Title::new(fa, en)
}

impl House {
    fn furnished(db: Db, clock: Arc<Hands>, dir: Option<tempfile::TempDir>) -> Self {
        let system = Actor { zone: store::zone("Asia/Tehran"), ..Actor::system() };
        let mut house = Self {
            db,
            clock,
            admin: system,
            maker: String::new(),
            insurer: String::new(),
            brand: String::new(),
            centre: String::new(),
            gold: String::new(),
            _dir: dir,
        };
        house.at("1400/01/01 08:00");
        let made = house.write(|tx| {
            use store::schema::vat_rates;
            use store::query::*;
            for (from, percent) in [("1387/07/01", 9), ("1403/01/01", 10)] {
                let rate = crate::catalogue::rows::VatRate { tax_class: "standard".to_owned(), from_on: typed_date(from).expect("a date").into(), percent };
                diesel::insert_into(vat_rates::table).values(rate).execute(tx.conn)?;
            }
            let party = |tx: &mut Tx<'_>, name: &str, role| save_legal_entity(tx, None, &SaveLegalEntity { name: name.to_owned(), roles: vec![role], company_id: None, economic_code: None });
            let own = party(tx, "خدمات ولیعصر", PartyKind::LegalEntity)?.id;
            let maker = party(tx, "ACME", PartyKind::Maker)?.id;
            let insurer = party(tx, "بیمهٔ مهر", PartyKind::Insurer)?.id;
            let brand = save_brand(tx, None, &SaveBrand { code: "SERMAN".to_owned(), title: title("سِرمان", "Serman"), maker: maker.clone() })?.id;
            let kind = |tx: &mut Tx<'_>, code: &str, parent: Option<String>| save_product_kind(tx, None, &SaveProductKind { code: code.to_owned(), title: title(code, code), parent }).map(|kind| kind.id);
            let appliance = kind(tx, "appliance", None)?;
            let part = kind(tx, "part", None)?;
            let compressor = kind(tx, "compressor", Some(part.clone()))?;
            for (code, nature, price) in [("SRF-7300", &appliance, None), ("VAC-1", &appliance, None), ("IRON-1", &appliance, None), ("HOOD-1", &appliance, None), ("LAP-1", &appliance, None), ("TV-1", &appliance, None)]
                .into_iter()
                .chain([("CMP-EM65", &compressor, Some(98_500_000)), ("FILTER-1", &part, Some(3_200_000)), ("FAN-1", &part, Some(2_800_000)), ("MOTOR-1", &part, Some(12_000_000)), ("BOARD-1", &part, Some(26_000_000)), ("HINGE-1", &part, Some(2_000_000))])
            {
                let product = SaveProduct {
                    code: code.to_owned(),
                    title: title(code, code),
                    kind: nature.clone(),
                    brand: brand.clone(),
                    gtin: None,
                    is_serialised: !matches!(code, "FILTER-1" | "FAN-1" | "MOTOR-1" | "BOARD-1" | "HINGE-1"),
                    is_warrantied: true,
                    is_part: price.is_some(),
                    tax_class: None,
                    price,
                    policy: None,
                    components: Vec::new(),
                };
                save_product(tx, None, &product)?;
            }
            for (code, line_type, price) in [("SVC-COMP", "labour", 24_000_000), ("SVC-TRAVEL", "travel", 4_000_000), ("SVC-FAN", "labour", 1_500_000), ("SVC-BOARD", "labour", 5_000_000), ("SVC-ANY", "labour", 4_500_000)] {
                let service = SaveService {
                    code: code.to_owned(),
                    title: title(code, code),
                    line_type: domain::coverage::LineType::named(line_type).expect("a type"),
                    kind: None,
                    product: None,
                    standard_minutes: None,
                    is_free_once: false,
                    tax_class: None,
                    price: Some(price),
                };
                save_service(tx, None, &service)?;
            }
            let fault = |tx: &mut Tx<'_>, code: &str, related: Vec<String>| save_fault(tx, None, &SaveFault { code: code.to_owned(), title: title(code, code), parent: None, kind: None, related }).map(|fault| fault.id);
            let silent = fault(tx, "fan-silent", Vec::new())?;
            fault(tx, "hood-silent", vec![silent])?;
            for code in ["no-cooling", "compressor-seized", "no-power", "wet", crate::repair::diagnosis::NO_FAULT] {
                fault(tx, code, Vec::new())?;
            }
            for code in ["wear", "liquid", "power-surge", "burnt"] {
                save_cause(tx, None, &SaveCause { code: code.to_owned(), title: title(code, code), parent: None, kind: None })?;
            }
            let plain = |terms: serde_json::Value, exclusions: serde_json::Value, warranty: serde_json::Value| {
                let mut rules = json!({
                    "start": {"from": ["sold"]}, "waiting_days": 0, "terms": terms, "exclusions": exclusions, "deductible": 0,
                    "limits": {"per_months": null, "max_claims": null, "max_amount": null}, "extend_by_downtime": null,
                });
                if !warranty.is_null() {
                    rules["repair_warranty"] = warranty;
                }
                rules
            };
            let mut publish = |code: &str, kind: CoverKind, payer: Option<&str>, rules: serde_json::Value| -> Result<String> {
                let command = SavePolicy { code: code.to_owned(), title: title(code, code), cover_kind: Some(kind), brand: None, payer: payer.map(str::to_owned), rules: Some(rules), usual: None };
                let id = save_policy(tx, None, &command)?.id;
                publish_policy(tx, &id)?;
                Ok(id)
            };
            let gold_terms = json!([{"id": "whole", "pays": {"part": 100, "labour": 100}, "months": 36}, {"id": "compressor", "scope": {"kinds": ["compressor"]}, "pays": {"part": 100}, "months": 60}]);
            let gold_exclusions = json!([{"id": "liquid", "causes": ["liquid"]}, {"id": "power-surge", "causes": ["power-surge"]}, {"id": "wear", "items": ["FILTER-1"]}]);
            let gold = publish("GOLD", CoverKind::Card, Some(&maker), plain(gold_terms, gold_exclusions, json!({"part_days": 90, "labour_days": 30, "payer": "same"})))?;
            let paid_terms = json!([{"id": "paid", "pays": {"part": 100, "labour": 100}, "days": 0}]);
            let paid = publish("PAID", CoverKind::RepairWarranty, Some(&own), plain(paid_terms, json!([]), json!({"part_days": 180, "labour_days": 180, "payer": "centre"})))?;
            publish("TRAVEL-HALF", CoverKind::Contract, Some(&insurer), plain(json!([{"id": "travel", "pays": {"travel": 50}, "months": 24}]), json!([]), json!(null)))?;
            let centre = SaveCentre {
                code: "02".to_owned(),
                title: title("مرکز خدمات ولیعصر", "Valiasr Service Centre"),
                legal_entity: own,
                time_zone: None,
                phone: None,
                address: None,
                hours: None,
                paid_policy: Some(paid),
                diagnosis_fee: Some(600_000),
            };
            let centre = save_centre(tx, None, &centre)?.id;
            for (login, role) in [(RECEPTIONIST, Role::Receptionist), (TECHNICIAN, Role::Technician), (MANAGER, Role::CentreManager)] {
                let user = SaveUser {
                    login: login.to_owned(),
                    name: login.to_owned(),
                    language: None,
                    password: Some("correct horse".to_owned()),
                    roles: vec![SaveMembership { role, centre: Some(centre.clone()), brand: None }],
                };
                // The system's own actor is the administrator until somebody is.
                if login == RECEPTIONIST {
                    let admin = SaveUser { login: "admin".to_owned(), name: "admin".to_owned(), language: None, password: Some("correct horse".to_owned()), roles: vec![SaveMembership { role: Role::Administrator, centre: None, brand: None }] };
                    save_user(tx, None, &admin.hashed(tx.random())?)?;
                }
                save_user(tx, None, &user.hashed(tx.random())?)?;
            }
            Ok((maker, insurer, brand, centre, gold))
        });
        (house.maker, house.insurer, house.brand, house.centre, house.gold) = made;
        house.admin = house.person("admin");
        house
    }

    /// Sets the clock to a Jalali date and a time in Tehran: `1405/09/02 10:41`.
    pub fn at(&self, when: &str) {
        let (date, time) = when.split_once(' ').unwrap_or((when, "10:00"));
        let date = typed_date(date).expect("a date");
        let time: jiff::civil::Time = format!("{time}:00").parse().expect("a time");
        let instant = date
            .to_datetime(time)
            .to_zoned_datetime(TimeZone::get("Asia/Tehran").expect("the zone"))
            .expect("an instant");
        *self.clock.0.lock().expect("the clock") = instant.timestamp();
    }

    pub fn person(&self, login: &str) -> Actor {
        self.db.read(|conn| actor_by_login(conn, login)).expect("a person")
    }

    pub fn write<T>(&self, write: impl FnMut(&mut Tx<'_>) -> Result<T>) -> T {
        self.db.write(&self.admin, write).expect("written")
    }

    /// Writes as the administrator, and tells what came of it.
    pub fn write_or<T>(&self, write: impl FnMut(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.db.write(&self.admin, write)
    }

    /// Writes as somebody, and tells what came of it.
    pub fn by<T>(&self, login: &str, write: impl FnMut(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.db.write(&self.person(login), write)
    }

    pub fn customer(&self, name: &str, phone: &str) -> String {
        let command = SaveCustomer { name: name.to_owned(), phones: vec![phone.to_owned()], ..SaveCustomer::default() };
        self.by(RECEPTIONIST, |tx| save_customer(tx, None, &command)).expect("a customer").id
    }

    /// A device that was sold on a Jalali day.
    pub fn device(&self, product: &str, serial: &str, sold: &str, components: &[(&str, &str)]) -> String {
        let command = NewDevice {
            product: product.to_owned(),
            serial: serial.to_owned(),
            events: vec![NewEvent { kind: DeviceEventKind::Sold, on: typed_date(sold).expect("a date") }],
            components: components
                .iter()
                .map(|(product, serial)| NewComponent {
                    product: (*product).to_owned(),
                    serial: (*serial).to_owned(),
                    position: None,
                })
                .collect(),
            ..NewDevice::default()
        };
        self.write(|tx| register_device(tx, &command)).public_id
    }

    pub fn card(&self, device: &str, number: &str) {
        let command = IssueCard {
            device: device.to_owned(),
            policy: Some(self.gold.clone()),
            number: Some(number.to_owned()),
            starts_on: None,
            seller: None,
            issued_on: None,
        };
        self.write(|tx| issue_card(tx, &command));
    }

    pub fn contract(&self, device: &str, number: &str, starts: &str) {
        let policy = self.policy("TRAVEL-HALF");
        let command = AddCover {
            kind: CoverKind::Contract,
            number: number.to_owned(),
            policy,
            payer: None,
            starts_on: typed_date(starts),
            issued_on: None,
        };
        self.write(|tx| add_cover(tx, device, &command));
    }

    pub fn policy(&self, code: &str) -> String {
        use store::query::*;
        use store::schema::policies;
        self.db
            .read(|conn| Ok(policies::table.filter(policies::code.eq(code)).select(policies::public_id).first(conn)?))
            .expect("a policy")
    }

    pub fn reception(&self, customer: &str, devices: &[(&str, &str)]) -> ReceiveDevices {
        ReceiveDevices {
            centre: None,
            place: None,
            customer: CustomerChoice { id: Some(customer.to_owned()), new: None },
            devices: devices
                .iter()
                .map(|(device, fault)| ReceiveDevice {
                    device: Some((*device).to_owned()),
                    faults: vec![(*fault).to_owned()],
                    ..ReceiveDevice::default()
                })
                .collect(),
            note: None,
        }
    }

    pub fn receive(&self, customer: &str, devices: &[(&str, &str)]) -> ReceptionView {
        let command = self.reception(customer, devices);
        self.by(RECEPTIONIST, |tx| receive_devices(tx, &command)).expect("received")
    }

    pub fn repair(&self, id: &str) -> RepairView {
        self.db.read(|conn| get_repair(conn, &self.admin, id, self.db.now())).expect("a repair")
    }

    /// Takes a way by what it is called in the built-in chart; a chart of `nonsense` has another word for it.
    pub fn go(&self, login: &str, repair: &str, transition: &str) {
        let known = self.repair(repair).ways.iter().any(|way| way.transition == transition);
        let command = MoveRepair {
            transition: if known { transition.to_owned() } else { nonsense(transition) },
            ..MoveRepair::default()
        };
        self.by(login, |tx| move_repair(tx, repair, None, &command))
            .unwrap_or_else(|error| panic!("{transition}: {error}"));
    }

    pub fn diagnose(&self, repair: &str, fault: &str, cause: &str) {
        let command = DiagnoseRepair {
            fault: Some(fault.to_owned()),
            cause: Some(cause.to_owned()),
            accept_coverage_change: true,
            ..DiagnoseRepair::default()
        };
        self.by(TECHNICIAN, |tx| diagnose_repair(tx, repair, None, &command)).expect("diagnosed");
    }

    pub fn operation(&self, repair: &str, service: &str, price: Option<i64>) -> String {
        let command = AddOperation {
            service: service.to_owned(),
            quantity_milli: None,
            unit_price: None,
            component: None,
            fault: None,
            cause: None,
            result: None,
            accept_warnings: true,
        };
        let line = self.by(TECHNICIAN, |tx| add_operation(tx, repair, &command)).expect("an operation");
        self.price(repair, &line, price);
        line
    }

    pub fn fit(&self, repair: &str, command: FitPart) -> String {
        let (price, command) = (command.unit_price, FitPart { unit_price: None, ..command });
        let line = self.by(TECHNICIAN, |tx| fit_part(tx, repair, &command)).expect("a part");
        self.price(repair, &line, price);
        line
    }

    /// Another price than that of the list, by who is shown prices.
    fn price(&self, repair: &str, line: &str, unit_price: Option<i64>) {
        if unit_price.is_some() {
            let command = ChangeLine { line: line.to_owned(), quantity_milli: None, unit_price };
            self.by(MANAGER, |tx| change_line(tx, repair, &command)).expect("a price");
        }
    }

    pub fn part(product: &str) -> FitPart {
        FitPart { product: product.to_owned(), ..FitPart::default() }
    }

    pub fn estimate(&self, repair: &str) {
        let command = MakeEstimate { ask: true, note: Some("-".to_owned()), ..MakeEstimate::default() };
        self.by(TECHNICIAN, |tx| estimate_repair(tx, repair, &command)).expect("an estimate");
    }

    /// An estimate that is made and put to who stands there, at whatever step.
    pub fn estimate_at_the_counter(&self, repair: &str) {
        self.by(RECEPTIONIST, |tx| estimate_repair(tx, repair, &MakeEstimate::default())).expect("an estimate");
    }

    pub fn answer(&self, repair: &str, answer: Answer) {
        let command = AnswerEstimate { answer, declined_lines: Vec::new(), note: None };
        self.by(RECEPTIONIST, |tx| answer_estimate(tx, repair, &command)).expect("answered");
    }

    /// Notes that the customer agreed to what it is now.
    pub fn agree(&self, repair: &str) {
        let total = self.repair(repair).exceeded.map_or(0, |sums| sums.now);
        let command = NoteAgreement { who: "-".to_owned(), how: AgreedBy::Phone, total, reason: "-".to_owned() };
        self.by(RECEPTIONIST, |tx| note_agreement(tx, repair, &command)).expect("agreed");
    }

    /// From the step of repair to the shelf of ready things.
    pub fn finish(&self, repair: &str) {
        self.go(TECHNICIAN, repair, "repaired");
        let command = AnswerChecklist { items: vec!["runs".to_owned()] };
        self.by(TECHNICIAN, |tx| answer_checklist(tx, repair, &command)).expect("checked");
        self.go(TECHNICIAN, repair, "passed");
    }

    /// From reception to the shelf of ready things, without a line of work.
    pub fn ready(&self, repair: &str) {
        self.go(RECEPTIONIST, repair, "to-diagnosis");
        self.diagnose(repair, "no-power", "wear");
        self.go(TECHNICIAN, repair, "free");
        self.finish(repair);
    }

    pub fn hand_over(&self, reception: &str, repairs: &[&str]) -> HandOverView {
        let command = HandOver { repairs: repairs.iter().map(|id| (*id).to_owned()).collect(), ..HandOver::default() };
        self.by(RECEPTIONIST, |tx| hand_over(tx, reception, &command)).expect("handed over")
    }
}

/// A word that means nothing, for one that is known.
pub fn nonsense(word: &str) -> String {
    word.chars().rev().chain("-qx".chars()).collect()
}

/// The built-in chart with other ids and titles, which mean nothing.
pub fn nonsense_chart() -> domain::workflow::Chart {
    let mut chart = domain::workflow::standard();
    chart.start = nonsense(&chart.start);
    for step in &mut chart.steps {
        step.id = nonsense(&step.id);
        if let Some(assign) = &mut step.assign {
            assign.0 =
                assign.0.strip_prefix("same_as:").map_or(assign.0.clone(), |id| format!("same_as:{}", nonsense(id)));
        }
        (step.title.fa, step.title.en) = (nonsense(&step.title.fa), nonsense(&step.title.en));
    }
    for way in &mut chart.transitions {
        (way.id, way.from, way.to) = (nonsense(&way.id), nonsense(&way.from), nonsense(&way.to));
        (way.title.fa, way.title.en) = (nonsense(&way.title.fa), nonsense(&way.title.en));
    }
    chart
}

/// The id of another centre than that of the house.
pub fn another_centre(tx: &mut Tx<'_>) -> Result<i64> {
    use store::query::*;
    use store::schema::{centres, parties};
    let legal_entity =
        parties::table.filter(parties::name.eq("ACME")).select(parties::public_id).first::<String>(tx.conn)?;
    let title = title("دیگری", "Other");
    let centre = SaveCentre {
        code: "09".to_owned(),
        title,
        legal_entity,
        time_zone: None,
        phone: None,
        address: None,
        hours: None,
        paid_policy: None,
        diagnosis_fee: None,
    };
    let made = save_centre(tx, None, &centre)?;
    Ok(centres::table.filter(centres::public_id.eq(made.id)).select(centres::id).first(tx.conn)?)
}

/// What came of something, in a word: `done`, what is wrong as `path: code`, the code of a refusal, or the error as it
/// tells itself.
pub fn told<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(Error::Invalid(faults)) => {
            faults.iter().map(|fault| format!("{}: {}", fault.path, fault.reason.code)).collect::<Vec<_>>().join(", ")
        }
        Err(Error::Conflict(reason) | Error::Forbidden(reason)) => reason.code.to_string(),
        Err(error) => error.to_string(),
    }
}

/// When the covers of a device hold, as asked on a Jalali day.
pub fn bars_on(house: &House, device: &str, on: &str) -> Vec<crate::coverage::decide::Bar> {
    let question = crate::coverage::decide::AskCoverage { on: typed_date(on), ..Default::default() };
    house
        .db
        .read(|conn| crate::coverage::decide::ask_coverage(conn, &house.admin, device, house.db.now(), &question))
        .expect("asked")
        .bars
}
