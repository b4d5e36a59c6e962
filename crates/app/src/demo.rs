//! A house with life in it, for trying: deterministic, made through the same commands that people use.

use std::sync::{Arc, Mutex};

use diesel::prelude::*;
use domain::access::Role;
use domain::coverage::{CoverKind, LineType};
use domain::time::plus_days;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::access::session::actor_by_login;
use crate::access::users::{SaveMembership, SaveUser, save_user};
use crate::access::{Actor, secrets};
use crate::billing::payments::Method;
use crate::billing::{HandOver, RecordPayment, hand_over, record_payment};
use crate::catalogue::faults::{SaveCause, SaveFault, save_cause, save_fault};
use crate::catalogue::organisation::{PartyKind, SaveBrand, SaveCentre, SaveLegalEntity, SaveSection, save_brand, save_centre, save_legal_entity, save_section};
use crate::catalogue::products::{SaveProduct, SaveProductKind, save_product, save_product_kind};
use crate::catalogue::services::{SaveService, save_service};
use crate::coverage::covers::{AddCover, IssueCard, add_cover, issue_card};
use crate::coverage::policies::{SavePolicy, publish_policy, save_policy};
use crate::customers::{SaveAddress, SaveCustomer, save_customer};
use crate::devices::{DeviceEventKind, NewComponent, NewDevice, NewEvent, register_device};
use crate::error::{Error, Result};
use crate::reception::{CustomerChoice, ReceiveDevice, ReceiveDevices, receive_devices};
use crate::repair::{AddOperation, Answer, AnswerChecklist, AnswerEstimate, DiagnoseRepair, FitPart, MakeEstimate, MoveRepair};
use crate::repair::{add_operation, answer_checklist, answer_estimate, diagnose_repair, estimate_repair, fit_part, move_repair};
use crate::setup::{no_fault_found, paid_policy, vat};
use crate::staff::{SaveStaffMember, save_staff_member};
use crate::store::schema::{receptions, repairs, users};
use crate::store::{Conn, Db, Tx, settings};
use crate::views::Title;

/// The password of everybody in the demo.
pub const PASSWORD: &str = "zamen-demo";

/// Names to sign in with, and what they are.
pub const LOGINS: [(&str, &str); 6] =
    [("maryam", "receptionist"), ("saeed", "technician"), ("nasrin", "expert"), ("laleh", "centre manager"), ("kamran", "brand manager"), ("admin", "administrator")];

/// Tracking numbers of open visits to try.
///
/// # Errors
/// The store.
pub fn tracking_numbers(conn: &mut Conn) -> Result<Vec<String>> {
    let open = repairs::table.filter(repairs::is_open.eq(true)).select(repairs::reception_id);
    Ok(receptions::table.filter(receptions::id.eq_any(open)).order(receptions::id.desc()).select(receptions::tracking_number).limit(3).load(conn)?)
}

const FIRST: [&str; 20] =
    ["زهرا", "مریم", "علی", "رضا", "فاطمه", "حسین", "سارا", "محمد", "نرگس", "امیر", "لیلا", "حسن", "مینا", "کاوه", "شیرین", "بهرام", "پریسا", "نادر", "الهام", "فرهاد"];
const LAST: [&str; 20] = [
    "کریمی",
    "احمدی",
    "مرادی",
    "رستمی",
    "صادقی",
    "نوری",
    "امینی",
    "جعفری",
    "یوسفی",
    "کاظمی",
    "رحیمی",
    "شریفی",
    "قاسمی",
    "موسوی",
    "حیدری",
    "اکبری",
    "باقری",
    "فرهادی",
    "توکلی",
    "ملکی",
];
const STREETS: [&str; 6] = ["تهران، خیابان مطهری", "تهران، خیابان ولیعصر", "کرج، بلوار طالقانی", "تهران، خیابان شریعتی", "تهران، نارمک", "اصفهان، خیابان چهارباغ"];

/// Kind, its titles, and a code prefix for its models.
const KINDS: [(&str, &str, &str, &str); 10] = [
    ("fridge", "یخچال‌فریزر", "Fridge-freezer", "SRF"),
    ("washer", "ماشین لباسشویی", "Washing machine", "SWM"),
    ("television", "تلویزیون", "Television", "STV"),
    ("vacuum", "جاروبرقی", "Vacuum cleaner", "SVC"),
    ("microwave", "مایکروویو", "Microwave oven", "SMW"),
    ("hood", "هود آشپزخانه", "Kitchen hood", "SHD"),
    ("cooler", "کولر گازی", "Air conditioner", "SAC"),
    ("laptop", "لپ‌تاپ", "Laptop", "PLT"),
    ("phone", "گوشی موبایل", "Mobile phone", "PMB"),
    ("printer", "چاپگر", "Printer", "PPR"),
];

/// Part kind, titles, price.
const PARTS: [(&str, &str, &str, i64); 12] = [
    ("compressor", "کمپرسور", "Compressor", 98_500_000),
    ("motor", "موتور", "Motor", 32_000_000),
    ("board", "برد اصلی", "Main board", 26_000_000),
    ("screen", "صفحه‌نمایش", "Screen", 45_000_000),
    ("thermostat", "ترموستات", "Thermostat", 6_500_000),
    ("filter", "فیلتر آب", "Water filter", 3_200_000),
    ("fan", "فن", "Fan", 2_800_000),
    ("pump", "پمپ تخلیه", "Drain pump", 7_400_000),
    ("battery", "باتری", "Battery", 18_000_000),
    ("power", "منبع تغذیه", "Power supply", 9_800_000),
    ("door", "لولای در", "Door hinge", 2_100_000),
    ("roller", "غلتک کاغذ", "Paper roller", 1_900_000),
];

/// A group, then what stands in it: code, Persian, English.
type Group = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str, &'static str)]);

/// Faults by group.
const FAULTS: [Group; 8] = [
    (
        "C",
        "سرمایش",
        "Cooling",
        &[
            ("C01", "خنک نمی‌کند", "Does not cool"),
            ("C02", "خنک‌کردن ناکافی یخچال", "Cools too little"),
            ("C03", "برفک می‌زند", "Ices up"),
            ("C04", "قفل‌شدن کمپرسور", "Compressor seized"),
            ("C05", "نشت گاز", "Gas leak"),
        ],
    ),
    (
        "E",
        "برق",
        "Power",
        &[
            ("E01", "روشن نمی‌شود", "Does not switch on"),
            ("E02", "خودبه‌خود خاموش می‌شود", "Switches off by itself"),
            ("E03", "بوی سوختگی می‌دهد", "Smells burnt"),
            ("E04", "برق می‌گیرد", "Gives a shock"),
            ("E05", "منبع تغذیه معیوب", "Power supply faulty"),
        ],
    ),
    (
        "M",
        "حرکت",
        "Movement",
        &[
            ("M01", "نمی‌چرخد", "Does not spin"),
            ("M02", "صدای غیرعادی دارد", "Makes an unusual noise"),
            ("M03", "لرزش شدید", "Shakes badly"),
            ("M04", "موتور معیوب", "Motor faulty"),
            ("M05", "فن کار نمی‌کند", "Fan does not turn"),
        ],
    ),
    (
        "W",
        "آب",
        "Water",
        &[
            ("W01", "آب تخلیه نمی‌شود", "Does not drain"),
            ("W02", "نشت آب", "Leaks water"),
            ("W03", "آب گرم نمی‌شود", "Does not heat water"),
            ("W04", "پمپ تخلیه معیوب", "Drain pump faulty"),
        ],
    ),
    (
        "D",
        "نمایش",
        "Display",
        &[
            ("D01", "تصویر ندارد", "No picture"),
            ("D02", "صفحه شکسته", "Broken screen"),
            ("D03", "خط روی صفحه", "Lines on the screen"),
            ("D04", "لمس کار نمی‌کند", "Touch does not work"),
        ],
    ),
    (
        "S",
        "نرم‌افزار",
        "Software",
        &[
            ("S01", "هنگ می‌کند", "Freezes"),
            ("S02", "به شبکه وصل نمی‌شود", "Does not connect"),
            ("S03", "کد خطا نشان می‌دهد", "Shows an error code"),
            ("S04", "برد اصلی معیوب", "Main board faulty"),
        ],
    ),
    (
        "B",
        "باتری و شارژ",
        "Battery and charging",
        &[("B01", "شارژ نمی‌شود", "Does not charge"), ("B02", "زود خالی می‌شود", "Runs empty soon"), ("B03", "باتری باد کرده", "Battery swollen")],
    ),
    ("P", "چاپ", "Printing", &[("P01", "کاغذ گیر می‌کند", "Paper jams"), ("P02", "کم‌رنگ چاپ می‌کند", "Prints faintly"), ("P03", "غلتک ساییده", "Roller worn")]),
];

const CAUSES: [Group; 4] = [
    (
        "use",
        "استفاده",
        "Use",
        &[
            ("wear", "فرسودگی", "Wear"),
            ("misuse", "استفادهٔ نادرست", "Misuse"),
            ("drop", "ضربه و سقوط", "Drop"),
            ("overload", "بار بیش از حد", "Overload"),
            ("dirt", "گردوغبار", "Dirt"),
        ],
    ),
    (
        "outside",
        "بیرونی",
        "Outside",
        &[
            ("liquid", "نفوذ مایعات", "Liquid"),
            ("power-surge", "نوسان برق", "Power surge"),
            ("lightning", "صاعقه", "Lightning"),
            ("insects", "نفوذ حشرات", "Insects"),
            ("transport", "حمل‌ونقل", "Transport"),
        ],
    ),
    (
        "making",
        "تولید",
        "Making",
        &[
            ("part-defect", "قطعهٔ معیوب", "Defective part"),
            ("assembly", "مونتاژ نادرست", "Assembly"),
            ("solder", "لحیم سرد", "Cold solder"),
            ("firmware", "خطای نرم‌افزار", "Firmware"),
            ("seal", "آب‌بندی نادرست", "Seal"),
        ],
    ),
    (
        "service",
        "خدمات",
        "Service",
        &[
            ("install", "نصب نادرست", "Installation"),
            ("earlier-repair", "تعمیر پیشین", "Earlier repair"),
            ("unknown", "نامشخص", "Not known"),
            ("non-genuine", "قطعهٔ غیراصلی", "Part not genuine"),
        ],
    ),
];

/// A clock that the demo sets.
struct Set(Mutex<Timestamp>);

impl crate::store::Clock for Set {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Fills an empty store. What lies in the past is written with its own days, in order, as it would have happened.
///
/// # Errors
/// The store, or a command that refuses: then the demo is wrong.
pub fn fill(db: &Db) -> Result<()> {
    let now = db.now();
    let mut maker = Maker { random: ChaCha8Rng::seed_from_u64(1405), today: crate::store::local_date(now, "Asia/Tehran"), made: Made::default() };
    let clock = Arc::new(Set(Mutex::new(now)));
    let past = db.with_clock(clock.clone());
    let set = |at: Timestamp| *clock.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = at;
    set(maker.instant(-760, 8, 0)?);
    past.write(&Actor::system(), |tx| maker.furnish(tx))?;
    past.write(&Actor::system(), |tx| maker.customers_and_devices(tx))?;
    let reception = past.read(|conn| LOGINS.iter().map(|(login, _)| actor_by_login(conn, login)).collect::<Result<Vec<_>>>())?;
    let (maryam, saeed) = (&reception[0], &reception[1]);
    for (index, days) in maker.visits().into_iter().enumerate() {
        set(maker.instant(days, 9 + i8::try_from(index % 7).unwrap_or(0), i8::try_from(index * 7 % 60).unwrap_or(0))?);
        let is_open = days > -12;
        let steps = if is_open { index % 7 } else { 99 };
        past.write(maryam, |tx| maker.visit(tx, saeed, index, steps))?;
    }
    db.write(&Actor::system(), |tx| settings::set(tx.conn, "demo", "yes"))
}

#[derive(Default)]
struct Made {
    brands: Vec<String>,
    centres: Vec<String>,
    kinds: Vec<String>,
    products: Vec<(String, usize)>,
    policies: Vec<String>,
    travel: String,
    devices: Vec<(String, String, usize, Date)>,
}

struct Maker {
    random: ChaCha8Rng,
    today: Date,
    made: Made,
}

impl Maker {
    fn day(&self, days: i64) -> Date {
        plus_days(self.today, days).unwrap_or(self.today)
    }

    fn instant(&self, days: i64, hour: i8, minute: i8) -> Result<Timestamp> {
        let time = jiff::civil::Time::new(hour, minute, 0, 0).map_err(Error::internal)?;
        Ok(self.day(days).to_datetime(time).to_zoned_datetime(TimeZone::get("Asia/Tehran").unwrap_or(TimeZone::UTC)).map_err(Error::internal)?.timestamp())
    }

    fn name(&mut self) -> String {
        format!("{} {}", FIRST.choose(&mut self.random).unwrap_or(&"زهرا"), LAST.choose(&mut self.random).unwrap_or(&"کریمی"))
    }

    /// Legal entities, brands, centres, people, catalogue and policies.
    fn furnish(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.made = Made::default();
        self.random = ChaCha8Rng::seed_from_u64(1405);
        settings::set(tx.conn, "calendar", "jalali")?;
        settings::set(tx.conn, "currency", "IRR")?;
        vat(tx)?;
        no_fault_found(tx)?;
        let mut party = |name: &str, role: PartyKind, id: &str| -> Result<String> {
            let company_id = (!id.is_empty()).then(|| id.to_owned());
            Ok(save_legal_entity(tx, None, &SaveLegalEntity { name: name.to_owned(), roles: vec![role], company_id, economic_code: None })?.id)
        };
        let own = party("شرکت خدمات سِرمان‌یار", PartyKind::LegalEntity, "10380284790")?;
        let agency = party("نمایندگی پارس‌سرویس", PartyKind::LegalEntity, "14007650912")?;
        let serman = party("صنایع سِرمان", PartyKind::Maker, "10100171920")?;
        let parsa = party("پارسا الکترونیک", PartyKind::Maker, "")?;
        let insurer = party("بیمهٔ مهر", PartyKind::Insurer, "")?;
        for (code, fa, en, maker) in [("SERMAN", "سِرمان", "Serman", &serman), ("PARSA", "پارسا", "Parsa", &parsa)] {
            self.made.brands.push(save_brand(tx, None, &SaveBrand { code: code.to_owned(), title: Title::new(fa, en), maker: maker.clone() })?.id);
        }
        let paid = paid_policy(tx, &own)?;
        for (code, fa, en, entity, phone) in [
            ("02", "مرکز خدمات ولیعصر", "Valiasr Service Centre", &own, "021 88776655"),
            ("03", "مرکز خدمات کرج", "Karaj Service Centre", &own, "026 32221100"),
            ("07", "نمایندگی پارس‌سرویس اصفهان", "Pars Service, Isfahan", &agency, "031 36667788"),
        ] {
            let centre = SaveCentre {
                code: code.to_owned(),
                title: Title::new(fa, en),
                legal_entity: entity.clone(),
                time_zone: None,
                phone: Some(phone.to_owned()),
                address: Some(STREETS[0].to_owned()),
                hours: Some(Title::new("شنبه تا چهارشنبه ۸ تا ۱۷، پنجشنبه تا ۱۳", "Saturday to Wednesday 8–17, Thursday to 13")),
                paid_policy: Some(paid.clone()),
                diagnosis_fee: Some(600_000),
            };
            let id = save_centre(tx, None, &centre)?.id;
            for (code, fa, en) in [("COOL", "سردسازی", "Refrigeration"), ("ELEC", "الکترونیک", "Electronics"), ("MECH", "مکانیک", "Mechanics")] {
                save_section(tx, None, &SaveSection { centre: id.clone(), code: code.to_owned(), title: Title::new(fa, en) })?;
            }
            self.made.centres.push(id);
        }
        self.people(tx)?;
        self.catalogue(tx)?;
        self.policies(tx, &serman, &parsa, &insurer)
    }

    fn people(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let hash = secrets::hash_password(PASSWORD, tx.random())?;
        let pin = secrets::hash_password("1234", tx.random())?;
        let centre = self.made.centres[0].clone();
        type Person = (&'static str, &'static str, Role, Option<usize>, Option<usize>);
        let people: [Person; 11] = [
            ("admin", "مدیر سامانه", Role::Administrator, None, None),
            ("maryam", "مریم احمدی", Role::Receptionist, Some(0), None),
            ("saeed", "سعید مرادی", Role::Technician, Some(0), None),
            ("nasrin", "نسرین یوسفی", Role::Expert, Some(0), None),
            ("laleh", "لاله شریفی", Role::CentreManager, Some(0), None),
            ("kamran", "کامران ملکی", Role::BrandManager, None, Some(0)),
            ("mahsa", "مهسا توکلی", Role::Receptionist, Some(1), None),
            ("davood", "داوود قاسمی", Role::Technician, Some(1), None),
            ("parvin", "پروین اکبری", Role::Receptionist, Some(2), Some(1)),
            ("jalal", "جلال باقری", Role::Accountant, Some(0), None),
            ("simin", "سیمین رحیمی", Role::Auditor, None, None),
        ];
        for (login, name, role, at, brand) in people {
            let membership = SaveMembership { role, centre: at.map(|at: usize| self.made.centres[at].clone()), brand: brand.map(|at: usize| self.made.brands[at].clone()) };
            let user = SaveUser { login: login.to_owned(), name: name.to_owned(), language: None, password: Some(PASSWORD.to_owned()), roles: vec![membership] };
            save_user(tx, None, &user)?;
        }
        diesel::update(users::table).set((users::password_hash.eq(hash), users::pin_hash.eq(Some(pin)), users::must_change_password.eq(false))).execute(tx.conn)?;
        for index in 0..25_usize {
            let (login, name) = match index {
                0 => (Some("maryam"), "مریم احمدی".to_owned()),
                1 => (Some("saeed"), "سعید مرادی".to_owned()),
                2 => (Some("nasrin"), "نسرین یوسفی".to_owned()),
                _ => (None, self.name()),
            };
            let member = SaveStaffMember {
                centre: if index < 3 { centre.clone() } else { self.made.centres[index % 3].clone() },
                personnel_code: (1001 + index).to_string(),
                name,
                specialty: Some(["پذیرش", "سردسازی", "الکترونیک", "مکانیک"][index % 4].to_owned()),
                phone: None,
                section: None,
                login: login.map(str::to_owned),
            };
            save_staff_member(tx, None, &member)?;
        }
        Ok(())
    }

    fn catalogue(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let kind = |tx: &mut Tx<'_>, code: &str, fa: &str, en: &str, parent: Option<String>| -> Result<String> {
            Ok(save_product_kind(tx, None, &SaveProductKind { code: code.to_owned(), title: Title::new(fa, en), parent })?.id)
        };
        let home = kind(tx, "appliance", "لوازم خانگی", "Appliances", None)?;
        let digital = kind(tx, "digital", "دیجیتال", "Digital", None)?;
        let part = kind(tx, "part", "قطعه", "Parts", None)?;
        for (index, (code, fa, en, _)) in KINDS.iter().enumerate() {
            let parent = if index < 7 { home.clone() } else { digital.clone() };
            self.made.kinds.push(kind(tx, code, fa, en, Some(parent))?);
        }
        let mut parts = Vec::new();
        for (code, fa, en, price) in PARTS {
            let kind = kind(tx, code, fa, en, Some(part.clone()))?;
            for (brand, prefix) in [(0, "S"), (1, "P")] {
                let product = SaveProduct {
                    code: format!("{prefix}-{}", code.to_uppercase()),
                    title: Title::new(fa, en),
                    kind: kind.clone(),
                    brand: self.made.brands[brand].clone(),
                    gtin: None,
                    is_serialised: code == "compressor",
                    is_warrantied: true,
                    is_part: true,
                    tax_class: None,
                    price: Some(price),
                    policy: None,
                    components: Vec::new(),
                };
                parts.push(save_product(tx, None, &product)?.id);
            }
        }
        for index in 0..276_usize {
            let nature = index % KINDS.len();
            let (_, fa, en, prefix) = KINDS[nature];
            let model = 1000 + index * 25;
            let brand = usize::from(nature >= 7);
            let product = SaveProduct {
                code: format!("{prefix}-{model}"),
                title: Title::new(format!("{fa} {}", ["سِرمان", "پارسا"][brand]), en),
                kind: self.made.kinds[nature].clone(),
                brand: self.made.brands[brand].clone(),
                gtin: None,
                is_serialised: true,
                is_warrantied: true,
                is_part: false,
                tax_class: None,
                price: None,
                policy: None,
                components: Vec::new(),
            };
            self.made.products.push((save_product(tx, None, &product)?.id, nature));
        }
        for (code, fa, en, kind, line, price, minutes) in [
            ("SVC-COMP", "تعویض کمپرسور و شارژ گاز", "Replace the compressor, charge gas", Some(0), LineType::Labour, 24_000_000, 120),
            ("SVC-BOARD", "تعویض برد", "Replace a board", None, LineType::Labour, 5_000_000, 45),
            ("SVC-MOTOR", "تعویض موتور", "Replace a motor", None, LineType::Labour, 7_500_000, 60),
            ("SVC-SCREEN", "تعویض صفحه‌نمایش", "Replace the screen", None, LineType::Labour, 6_000_000, 50),
            ("SVC-SMALL", "تعمیر جزئی", "Small repair", None, LineType::Labour, 2_500_000, 30),
            ("SVC-CLEAN", "سرویس و نظافت", "Service and cleaning", None, LineType::Labour, 3_000_000, 40),
            ("SVC-TRAVEL", "ایاب‌وذهاب", "Travel", None, LineType::Travel, 4_000_000, 0),
            ("SVC-INSTALL", "نصب و راه‌اندازی", "Installation", None, LineType::Labour, 4_500_000, 60),
        ] {
            let service = SaveService {
                code: code.to_owned(),
                title: Title::new(fa, en),
                line_type: line,
                kind: kind.map(|index: usize| self.made.kinds[index].clone()),
                product: None,
                standard_minutes: Some(minutes),
                is_free_once: code == "SVC-INSTALL",
                tax_class: None,
                price: Some(price),
            };
            save_service(tx, None, &service)?;
        }
        for (code, fa, en, below) in FAULTS {
            let group = save_fault(tx, None, &SaveFault { code: code.to_owned(), title: Title::new(fa, en), parent: None, kind: None, related: Vec::new() })?.id;
            let mut last = None;
            for (code, fa, en) in below.iter().rev() {
                let related = last.iter().cloned().collect();
                let fault = save_fault(tx, None, &SaveFault { code: (*code).to_owned(), title: Title::new(*fa, *en), parent: Some(group.clone()), kind: None, related })?;
                last.get_or_insert(fault.id);
            }
        }
        for (code, fa, en, below) in CAUSES {
            let group = save_cause(tx, None, &SaveCause { code: format!("group-{code}"), title: Title::new(fa, en), parent: None, kind: None })?.id;
            for (code, fa, en) in below {
                save_cause(tx, None, &SaveCause { code: (*code).to_owned(), title: Title::new(*fa, *en), parent: Some(group.clone()), kind: None })?;
            }
        }
        Ok(())
    }

    fn policies(&mut self, tx: &mut Tx<'_>, serman: &str, parsa: &str, insurer: &str) -> Result<()> {
        let rules = |terms: serde_json::Value, wear: &str| {
            json!({
                "start": {"from": ["sold"]}, "waiting_days": 0, "terms": terms,
                "exclusions": [{"id": "liquid", "causes": ["liquid"]}, {"id": "power-surge", "causes": ["power-surge"]}, {"id": "wear", "items": [wear]}],
                "deductible": 0, "limits": {"per_months": null, "max_claims": null, "max_amount": null}, "extend_by_downtime": {"beyond_days": 15},
                "repair_warranty": {"part_days": 90, "labour_days": 30, "payer": "same"},
            })
        };
        let gold = json!([{"id": "whole", "pays": {"part": 100, "labour": 100}, "months": 36}, {"id": "compressor", "scope": {"kinds": ["compressor"]}, "pays": {"part": 100}, "months": 60}]);
        let digital = json!([{"id": "whole", "pays": {"part": 100, "labour": 100}, "months": 18}, {"id": "battery", "scope": {"kinds": ["battery"]}, "pays": {"part": 100}, "months": 12, "pro_rata": true}]);
        let travel = json!({
            "start": {"from": []}, "waiting_days": 0, "terms": [{"id": "travel", "pays": {"travel": 50}, "months": 24}], "exclusions": [], "deductible": 0,
            "limits": {"per_months": null, "max_claims": null, "max_amount": null}, "extend_by_downtime": null,
        });
        let mut publish = |code: &str, title: Title, kind: CoverKind, payer: &str, rules: serde_json::Value| -> Result<String> {
            let command = SavePolicy { code: code.to_owned(), title, cover_kind: Some(kind), brand: None, payer: Some(payer.to_owned()), rules: Some(rules), usual: None };
            let id = save_policy(tx, None, &command)?.id;
            publish_policy(tx, &id)?;
            Ok(id)
        };
        let gold = publish("GOLD", Title::new("گارانتی طلایی ۳۶ ماهه", "Gold, 36 months"), CoverKind::Card, serman, rules(gold, "S-FILTER"))?;
        let digital = publish("DIGITAL", Title::new("گارانتی ۱۸ ماههٔ دیجیتال", "Digital, 18 months"), CoverKind::Card, parsa, rules(digital, "P-FILTER"))?;
        self.made.travel = publish("TRAVEL-HALF", Title::new("قرارداد سرویس، نیمی از ایاب‌وذهاب", "Service contract, half of travel"), CoverKind::Contract, insurer, travel)?;
        self.made.policies = vec![gold, digital];
        Ok(())
    }

    /// 700 customers and 2,000 devices with their cards.
    fn customers_and_devices(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.made.devices.clear();
        self.random = ChaCha8Rng::seed_from_u64(1406);
        let mut customers = Vec::new();
        for index in 0..700_usize {
            let customer = SaveCustomer {
                name: if index == 0 { "زهرا کریمی".to_owned() } else { self.name() },
                phones: vec![if index == 0 { "09123456789".to_owned() } else { format!("0912{:07}", 1_000_000 + index * 7919 % 8_999_999) }],
                addresses: vec![SaveAddress { address: STREETS[index % STREETS.len()].to_owned(), city: None, postal_code: None }],
                subscription: (index % 5 == 0).then(|| (102_488 + index).to_string()),
                ..SaveCustomer::default()
            };
            customers.push(save_customer(tx, None, &customer)?.id);
        }
        for index in 0..2000_usize {
            let (product, nature) = {
                let at = if index == 0 { 0 } else { self.random.random_range(0..self.made.products.len()) };
                self.made.products[at].clone()
            };
            let prefix = KINDS[nature].3;
            let sold = if index == 0 {
                self.day(-960)
            } else {
                {
                    let days = self.random.random_range(800..2200);
                    self.day(-days)
                }
            };
            let serial = if index == 0 { "SRF7300-0148812".to_owned() } else { format!("{prefix}{:07}", 100_000 + index * 37) };
            let components = if nature == 0 {
                vec![NewComponent {
                    product: "S-COMPRESSOR".to_owned(),
                    serial: if index == 0 { "CMP-220981".to_owned() } else { format!("CMP-{:06}", 300_000 + index) },
                    position: None,
                }]
            } else {
                Vec::new()
            };
            let owner = customers[if index == 0 { 0 } else { self.random.random_range(0..customers.len()) }].clone();
            let device =
                NewDevice { product, serial, events: vec![NewEvent { kind: DeviceEventKind::Sold, on: sold }], components, owner: Some(owner.clone()), ..NewDevice::default() };
            let id = register_device(tx, &device)?.public_id;
            let policy = self.made.policies[usize::from(nature >= 7)].clone();
            // What is sold while the demo runs is younger than its past: some cards start later.
            let starts_on = (index > 0 && index % 3 == 0).then(|| self.day(-(i64::try_from(index).unwrap_or(0) % 700)));
            let number = format!("G-{}", 884_213 + index);
            issue_card(
                tx,
                &IssueCard { device: id.clone(), policy: Some(policy), number: Some(number), starts_on, seller: Some("فروشگاه نور".to_owned()), issued_on: Some(sold) },
            )?;
            if index % 40 == 0 {
                let cover = AddCover {
                    kind: CoverKind::Contract,
                    number: format!("K-{}", 1209 + index),
                    policy: self.made.travel.clone(),
                    payer: None,
                    starts_on: Some(self.day(-500)),
                    issued_on: Some(sold),
                };
                add_cover(tx, &id, &cover)?;
            }
            self.made.devices.push((id, owner, nature, sold));
        }
        Ok(())
    }

    /// The days of the visits, from two years ago to today: 1,500 that are over and 40 that are open.
    fn visits(&mut self) -> Vec<i64> {
        let mut days = (0..1500).map(|_| -self.random.random_range(14..730_i64)).collect::<Vec<_>>();
        days.extend((0..40).map(|index| -(index % 11) - 1));
        days.sort_unstable();
        days
    }

    /// One visit: received by the actor, worked on by the technician as far as `steps` goes (99: to the hand-over).
    fn visit(&mut self, tx: &mut Tx<'_>, technician: &Actor, index: usize, steps: usize) -> Result<()> {
        self.random = ChaCha8Rng::seed_from_u64(u64::try_from(index).unwrap_or(0) + 77);
        // Open visits are about devices of their own, the first about the fridge of the counter's picture.
        let at = if steps == 99 { 60 + self.random.random_range(0..1900) } else { index % 60 };
        let (device, owner, nature, _) = self.made.devices[at].clone();
        let busy = repairs::table
            .inner_join(crate::store::schema::devices::table.on(crate::store::schema::devices::id.eq(repairs::device_id)))
            .filter(crate::store::schema::devices::public_id.eq(&device))
            .filter(repairs::is_open.eq(true))
            .select(repairs::id)
            .first::<i64>(tx.conn)
            .optional()?;
        if busy.is_some() {
            return Ok(());
        }
        let brand = ["S", "P"][usize::from(nature >= 7)];
        let (reported, found, part, service) = [
            ("C01", "C04", "COMPRESSOR", "SVC-COMP"),
            ("M01", "M04", "MOTOR", "SVC-MOTOR"),
            ("D01", "S04", "BOARD", "SVC-BOARD"),
            ("M02", "M04", "MOTOR", "SVC-MOTOR"),
            ("E01", "E05", "POWER", "SVC-SMALL"),
            ("M05", "M05", "FAN", "SVC-SMALL"),
            ("C02", "C03", "THERMOSTAT", "SVC-SMALL"),
            ("S01", "S04", "BOARD", "SVC-BOARD"),
            ("B01", "B03", "BATTERY", "SVC-SMALL"),
            ("P01", "P03", "ROLLER", "SVC-SMALL"),
        ][nature];
        let cause = ["part-defect", "wear", "wear", "power-surge", "assembly", "liquid", "dirt", "wear"][self.random.random_range(0..8)];
        let command = ReceiveDevices {
            centre: None,
            place: None,
            customer: CustomerChoice { id: Some(owner), new: None },
            devices: vec![ReceiveDevice {
                device: Some(device), faults: vec![reported.to_owned()], accessories: vec!["کارت گارانتی".to_owned()], ..ReceiveDevice::default()
            }],
            note: None,
        };
        let reception = receive_devices(tx, &command)?;
        let repair = reception.repairs[0].id.clone();
        let go = |tx: &mut Tx<'_>, transition: &str| move_repair(tx, &repair, None, &MoveRepair { transition: transition.to_owned(), ..MoveRepair::default() });
        if steps == 0 {
            return Ok(());
        }
        go(tx, "to-diagnosis")?;
        if steps == 1 {
            return Ok(());
        }
        let receptionist: &Actor = tx.actor;
        let mut tx = tx.acting(technician);
        let tx = &mut tx;
        tx.later(95.minutes());
        diagnose_repair(
            tx,
            &repair,
            None,
            &DiagnoseRepair { fault: Some(found.to_owned()), cause: Some(cause.to_owned()), accept_coverage_change: true, ..DiagnoseRepair::default() },
        )?;
        let serial = |prefix: &str| (part == "COMPRESSOR").then(|| format!("{prefix}-{}", 731_140 + index));
        {
            add_operation(
                tx,
                &repair,
                &AddOperation {
                    service: service.to_owned(),
                    quantity_milli: None,
                    unit_price: None,
                    component: None,
                    fault: None,
                    cause: None,
                    result: None,
                    accept_warnings: true,
                },
            )?;
        }
        // The old compressor comes out; other parts were never registered.
        let inside = crate::repair::get_repair(tx.conn, tx.actor, &repair, tx.now)?.components.into_iter().find(|node| node.product.code.ends_with(part)).map(|node| node.id);
        let fit = FitPart { product: format!("{brand}-{part}"), serial_in: serial("CMP"), component_out: inside, ..FitPart::default() };
        fit_part(tx, &repair, &fit)?;
        if index.is_multiple_of(9) || at == 0 {
            add_operation(
                tx,
                &repair,
                &AddOperation {
                    service: "SVC-TRAVEL".to_owned(),
                    quantity_milli: None,
                    unit_price: None,
                    component: None,
                    fault: None,
                    cause: None,
                    result: None,
                    accept_warnings: true,
                },
            )?;
        }
        if steps == 2 {
            return Ok(());
        }
        let is_free = crate::repair::get_repair(tx.conn, tx.actor, &repair, tx.now)?.customer_net == 0;
        if is_free {
            tx.later(20.minutes());
            move_repair(tx, &repair, None, &MoveRepair { transition: "free".to_owned(), ..MoveRepair::default() })?;
        } else {
            estimate_repair(tx, &repair, &MakeEstimate { ask: true, ..MakeEstimate::default() })?;
            if steps == 3 {
                return Ok(());
            }
            tx.later(180.minutes());
            let mut desk = tx.acting(receptionist);
            answer_estimate(&mut desk, &repair, &AnswerEstimate { answer: Answer::Accepted, declined_lines: Vec::new(), note: None })?;
        }
        if steps <= 4 {
            return Ok(());
        }
        tx.later(240.minutes());
        move_repair(tx, &repair, None, &MoveRepair { transition: "repaired".to_owned(), ..MoveRepair::default() })?;
        if steps == 5 {
            return Ok(());
        }
        answer_checklist(tx, &repair, &AnswerChecklist { items: vec!["runs".to_owned()] })?;
        move_repair(tx, &repair, None, &MoveRepair { transition: "passed".to_owned(), ..MoveRepair::default() })?;
        if steps == 6 {
            return Ok(());
        }
        tx.later(1440.minutes());
        let mut desk = tx.acting(receptionist);
        let handed = hand_over(&mut desk, &reception.id, &HandOver::default())?;
        if let Some(invoice) = handed.invoices.iter().find(|invoice| invoice.kind == "service") {
            record_payment(&mut desk, &invoice.id, &RecordPayment { method: if index.is_multiple_of(3) { Method::Cash } else { Method::Card }, amount: None, reference: None })?;
        }
        Ok(())
    }
}
