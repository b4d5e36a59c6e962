//! The demo's house: legal entities, brands, centres, people, catalogue, policies, customers and devices.

use domain::access::Role;
use domain::coverage::{CoverKind, LineType};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::data::{CAUSES, COMPONENTS, FAULTS, KINDS, PARTS, STREETS};
use super::{Made, Maker, PASSWORD};
use crate::access::secrets;
use crate::access::users::{SaveMembership, SaveUser, save_user};
use crate::catalogue::faults::{SaveCause, SaveFault, save_cause, save_fault};
use crate::catalogue::legal_entities::{PartyKind, SaveLegalEntity, save_legal_entity};
use crate::catalogue::organisation::{SaveBrand, SaveCentre, SaveSection, save_brand, save_centre, save_section};
use crate::catalogue::products::{SaveComponent, SaveProduct, SaveProductKind, save_product, save_product_kind};
use crate::catalogue::services::{SaveService, save_service};
use crate::coverage::covers::{AddCover, IssueCard, add_cover, issue_card};
use crate::coverage::policies::{SavePolicy, publish_policy, save_policy};
use crate::customers::{SaveAddress, SaveCustomer, save_customer};
use crate::devices::{DeviceEventKind, NewComponent, NewDevice, NewEvent, register_device};
use crate::setup::{no_fault_found, paid_policy, vat};
use crate::staff::{SaveStaffMember, save_staff_member};
use store::error::Result;
use store::query::*;
use store::schema::users;
use store::views::Title;
use store::{Tx, settings};

impl Maker {
    /// Legal entities, brands, centres, people, catalogue and policies.
    pub(super) fn furnish(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.made = Made::default();
        self.random = ChaCha8Rng::seed_from_u64(1405);
        settings::set(tx.conn, "calendar", "jalali")?;
        vat(tx)?;
        no_fault_found(tx)?;
        let mut party = |name: &str, role: PartyKind, id: &str| -> Result<String> {
            let company_id = (!id.is_empty()).then(|| id.to_owned());
            Ok(save_legal_entity(
                tx,
                None,
                &SaveLegalEntity { name: name.to_owned(), roles: vec![role], company_id, economic_code: None },
            )?
            .id)
        };
        let own = party("شرکت خدمات سِرمان‌یار", PartyKind::LegalEntity, "10380284790")?;
        let agency = party("نمایندگی پارس‌سرویس", PartyKind::LegalEntity, "14007650912")?;
        let serman = party("صنایع سِرمان", PartyKind::Maker, "10100171920")?;
        let parsa = party("پارسا الکترونیک", PartyKind::Maker, "")?;
        let insurer = party("بیمهٔ مهر", PartyKind::Insurer, "")?;
        for (code, fa, en, maker) in [("SERMAN", "سِرمان", "Serman", &serman), ("PARSA", "پارسا", "Parsa", &parsa)]
        {
            self.made.brands.push(
                save_brand(
                    tx,
                    None,
                    &SaveBrand { code: code.to_owned(), title: Title::new(fa, en), maker: maker.clone() },
                )?
                .id,
            );
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
                hours: Some(Title::new(
                    "شنبه تا چهارشنبه ۸ تا ۱۷، پنجشنبه تا ۱۳",
                    "Saturday to Wednesday 8–17, Thursday to 13",
                )),
                paid_policy: Some(paid.clone()),
                diagnosis_fee: Some(600_000),
            };
            let id = save_centre(tx, None, &centre)?.id;
            for (code, fa, en) in [
                ("COOL", "سردسازی", "Refrigeration"),
                ("ELEC", "الکترونیک", "Electronics"),
                ("MECH", "مکانیک", "Mechanics"),
            ] {
                save_section(
                    tx,
                    None,
                    &SaveSection { centre: id.clone(), code: code.to_owned(), title: Title::new(fa, en) },
                )?;
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
        let people: [Person; 12] = [
            ("admin", "مدیر سامانه", Role::Administrator, None, None),
            ("maryam", "مریم احمدی", Role::Receptionist, Some(0), None),
            ("saeed", "سعید مرادی", Role::Technician, Some(0), None),
            ("nasrin", "نسرین یوسفی", Role::Expert, Some(0), None),
            ("laleh", "لاله شریفی", Role::CentreManager, Some(0), None),
            ("kamran", "کامران ملکی", Role::BrandManager, None, Some(0)),
            ("mahsa", "مهسا توکلی", Role::Receptionist, Some(1), None),
            ("davood", "داوود قاسمی", Role::Technician, Some(1), None),
            ("parvin", "پروین اکبری", Role::Receptionist, Some(2), Some(1)),
            ("omid", "امید کاظمی", Role::Technician, Some(2), Some(1)),
            ("jalal", "جلال باقری", Role::Accountant, Some(0), None),
            ("simin", "سیمین رحیمی", Role::Auditor, None, None),
        ];
        for (login, name, role, at, brand) in people {
            let membership = SaveMembership {
                role,
                centre: at.map(|at: usize| self.made.centres[at].clone()),
                brand: brand.map(|at: usize| self.made.brands[at].clone()),
            };
            let user = SaveUser {
                login: login.to_owned(),
                name: name.to_owned(),
                language: None,
                password: Some(PASSWORD.to_owned()),
                roles: vec![membership],
            };
            save_user(tx, None, &user.hashed(tx.random())?)?;
        }
        diesel::update(users::table)
            .set((users::password_hash.eq(hash), users::pin_hash.eq(Some(pin)), users::must_change_password.eq(false)))
            .execute(tx.conn)?;
        for index in 0..25_usize {
            let (login, name) = match index {
                0 => (Some("maryam"), "مریم احمدی".to_owned()),
                1 => (Some("saeed"), "سعید مرادی".to_owned()),
                2 => (Some("nasrin"), "نسرین یوسفی".to_owned()),
                3 => (Some("laleh"), "لاله شریفی".to_owned()),
                _ => (None, self.name()),
            };
            let member = SaveStaffMember {
                centre: if index < 4 { centre.clone() } else { self.made.centres[index % 3].clone() },
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
            Ok(save_product_kind(
                tx,
                None,
                &SaveProductKind { code: code.to_owned(), title: Title::new(fa, en), parent },
            )?
            .id)
        };
        let home = kind(tx, "appliance", "لوازم خانگی", "Appliances", None)?;
        let digital = kind(tx, "digital", "دیجیتال", "Digital", None)?;
        let part = kind(tx, "part", "قطعه", "Parts", None)?;
        for (index, (code, fa, en, _)) in KINDS.iter().enumerate() {
            let parent = if index < 7 { home.clone() } else { digital.clone() };
            self.made.kinds.push(kind(tx, code, fa, en, Some(parent))?);
        }
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
                let id = save_product(tx, None, &product)?.id;
                self.made.parts.push((product.code, id));
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
                components: self.components_of(nature),
            };
            self.made.products.push((save_product(tx, None, &product)?.id, nature));
        }
        for (code, fa, en, kind, line, price, minutes) in [
            (
                "SVC-COMP",
                "تعویض کمپرسور و شارژ گاز",
                "Replace the compressor, charge gas",
                Some(0),
                LineType::Labour,
                24_000_000,
                120,
            ),
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
            let group = save_fault(
                tx,
                None,
                &SaveFault {
                    code: code.to_owned(),
                    title: Title::new(fa, en),
                    parent: None,
                    kind: None,
                    related: Vec::new(),
                },
            )?
            .id;
            let mut last = None;
            for (code, fa, en) in below.iter().rev() {
                let related = last.iter().cloned().collect();
                let fault = save_fault(
                    tx,
                    None,
                    &SaveFault {
                        code: (*code).to_owned(),
                        title: Title::new(*fa, *en),
                        parent: Some(group.clone()),
                        kind: None,
                        related,
                    },
                )?;
                last.get_or_insert(fault.id);
            }
        }
        for (code, fa, en, below) in CAUSES {
            let group = save_cause(
                tx,
                None,
                &SaveCause { code: format!("group-{code}"), title: Title::new(fa, en), parent: None, kind: None },
            )?
            .id;
            for (code, fa, en) in below {
                save_cause(
                    tx,
                    None,
                    &SaveCause {
                        code: (*code).to_owned(),
                        title: Title::new(*fa, *en),
                        parent: Some(group.clone()),
                        kind: None,
                    },
                )?;
            }
        }
        Ok(())
    }

    /// The sub-assemblies of a kind's products.
    fn components_of(&self, nature: usize) -> Vec<SaveComponent> {
        let prefix = ["S", "P"][usize::from(nature >= 7)];
        let part = |code: &str| {
            self.made
                .parts
                .iter()
                .find(|(known, _)| *known == format!("{prefix}-{}", code.to_uppercase()))
                .map(|(_, id)| id.clone())
        };
        let components = COMPONENTS[nature].iter().filter_map(|code| {
            Some(SaveComponent { product: part(code)?, position: Some((*code).to_owned()), quantity: Some(1) })
        });
        components.collect()
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
        let pages =
            json!([{"id": "whole", "pays": {"part": 100, "labour": 100}, "months": 18, "usage": {"pages": 50_000}}]);
        let travel = json!({
            "start": {"from": []}, "waiting_days": 0, "terms": [{"id": "travel", "pays": {"travel": 50}, "months": 24}], "exclusions": [], "deductible": 0,
            "limits": {"per_months": null, "max_claims": null, "max_amount": null}, "extend_by_downtime": null,
        });
        let mut publish =
            |code: &str, title: Title, kind: CoverKind, payer: &str, rules: serde_json::Value| -> Result<String> {
                let command = SavePolicy {
                    code: code.to_owned(),
                    title,
                    cover_kind: Some(kind),
                    brand: None,
                    payer: Some(payer.to_owned()),
                    rules: Some(rules),
                    usual: None,
                };
                let id = save_policy(tx, None, &command)?.id;
                publish_policy(tx, &id)?;
                Ok(id)
            };
        let gold = publish(
            "GOLD",
            Title::new("گارانتی طلایی ۳۶ ماهه", "Gold, 36 months"),
            CoverKind::Card,
            serman,
            rules(gold, "S-FILTER"),
        )?;
        let digital = publish(
            "DIGITAL",
            Title::new("گارانتی ۱۸ ماههٔ دیجیتال", "Digital, 18 months"),
            CoverKind::Card,
            parsa,
            rules(digital, "P-FILTER"),
        )?;
        let printer = publish(
            "PRINTER",
            Title::new("گارانتی ۱۸ ماهه یا ۵۰٬۰۰۰ برگ", "18 months or 50,000 pages"),
            CoverKind::Card,
            parsa,
            rules(pages, "P-FILTER"),
        )?;
        self.made.travel = publish(
            "TRAVEL-HALF",
            Title::new("قرارداد سرویس، نیمی از ایاب‌وذهاب", "Service contract, half of travel"),
            CoverKind::Contract,
            insurer,
            travel,
        )?;
        self.made.policies = vec![gold, digital, printer];
        Ok(())
    }

    /// 700 customers and 2,000 devices with their cards.
    pub(super) fn customers_and_devices(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.made.devices.clear();
        self.random = ChaCha8Rng::seed_from_u64(1406);
        let mut customers = Vec::new();
        for index in 0..700_usize {
            let customer = SaveCustomer {
                name: if index == 0 { "زهرا کریمی".to_owned() } else { self.name() },
                phones: vec![if index == 0 {
                    "09123456789".to_owned()
                } else {
                    format!("0912{:07}", 1_000_000 + index * 7919 % 8_999_999)
                }],
                addresses: vec![SaveAddress {
                    address: STREETS[index % STREETS.len()].to_owned(),
                    city: None,
                    postal_code: None,
                }],
                subscription: (index % 5 == 0).then(|| (102_488 + index).to_string()),
                ..SaveCustomer::default()
            };
            customers.push(save_customer(tx, None, &customer)?.id);
        }
        for index in 0..2000_usize {
            let (product, nature) = {
                // The first two are fridges: the one of the counter's picture, and one whose repair has two payers.
                let at =
                    if index < 2 { index * KINDS.len() } else { self.random.random_range(0..self.made.products.len()) };
                self.made.products[at].clone()
            };
            let prefix = KINDS[nature].3;
            let sold = match index {
                0 => self.day(-960),
                1 => self.day(-800),
                _ => {
                    let days = self.random.random_range(800..2200);
                    self.day(-days)
                }
            };
            let serial =
                if index == 0 { "SRF7300-0148812".to_owned() } else { format!("{prefix}{:07}", 100_000 + index * 37) };
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
            let device = NewDevice {
                product,
                serial,
                events: vec![NewEvent { kind: DeviceEventKind::Sold, on: sold }],
                components,
                owner: Some(owner.clone()),
                ..NewDevice::default()
            };
            let id = register_device(tx, &device)?.public_id;
            // Printers, the last kind, are promised for a number of pages too.
            let policy = self.made.policies[usize::from(nature >= 7) + usize::from(nature == KINDS.len() - 1)].clone();
            // What is sold while the demo runs is younger than its past: some cards start later.
            let starts_on = (index > 1 && index % 3 == 0).then(|| self.day(-(i64::try_from(index).unwrap_or(0) % 700)));
            let number = format!("G-{}", 884_213 + index);
            issue_card(
                tx,
                &IssueCard {
                    device: id.clone(),
                    policy: Some(policy),
                    number: Some(number),
                    starts_on,
                    seller: Some("فروشگاه نور".to_owned()),
                    issued_on: Some(sold),
                },
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
            self.made.devices.push((id, owner, nature));
        }
        Ok(())
    }
}
