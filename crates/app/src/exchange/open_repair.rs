//! A row of the Open Repair Data Standard as a past repair, with its own day.
//!
//! The product category becomes a kind, the brand a brand, both together a product; the row's id is the device's
//! serial. What the person said is matched with the coded faults and kept in words where none fits; status and barrier
//! become outcome and finding. Source of the fields: https://standard.openrepair.org/standard.html

use std::collections::HashMap;

use domain::text::fold;

use super::rows::Import;
use super::table::Row;
use crate::catalogue::legal_entities::{PartyKind, SaveLegalEntity, save_legal_entity};
use crate::catalogue::organisation::{SaveBrand, SaveCentre, save_brand, save_centre};
use crate::catalogue::products::{SaveProduct, SaveProductKind, save_product, save_product_kind};
use crate::customers::{SaveCustomer, save_customer};
use crate::devices::NewDevice;
use crate::exchange::done::Done;
use crate::reception::receive::write_reception;
use crate::reception::{CustomerChoice, ReceiveDevice, ReceiveDevices};
use crate::repair::past::{PastResult, close_past};
use store::Tx;
use store::error::{Error, Result};
use store::query::*;
use store::schema::{brands, centres, faults, parties, product_kinds, products};
use store::views::Title;

/// Code of the centre in which imported repairs stand where no other is named.
const CENTRE: &str = "OR";
/// Who stands for makers that the standard does not name.
const MAKERS: &str = "Open Repair";

/// What the rows of a batch share, so that it is looked up once.
#[derive(Default)]
pub(super) struct Shelf {
    centre: Option<(i64, String)>,
    maker: Option<String>,
    kinds: HashMap<String, String>,
    brands: HashMap<String, (String, String)>,
    products: HashMap<String, String>,
    groups: HashMap<String, String>,
    faults: Option<Vec<(String, String)>>,
}

pub(super) fn key(row: &Row<'_>) -> Result<String> {
    Ok(row.required("id")?.to_owned())
}

pub(super) fn import(tx: &mut Tx<'_>, import: &Import, row: &Row<'_>, shelf: &mut Shelf) -> Result<Done> {
    let on = row.date("event_date")?.ok_or_else(|| Error::invalid("event_date", "required"))?;
    if on > tx.today() {
        return Err(Error::invalid("event_date", "in-the-future"));
    }
    let result = match row.required("repair_status")? {
        "Fixed" => Some(PastResult::Repaired),
        "End of life" => Some(PastResult::Irreparable),
        "Repairable" => Some(PastResult::Withdrawn),
        "Unknown" => None,
        _ => return Err(Error::invalid("repair_status", "not-in-list")),
    };
    let (centre_id, centre) = centre(tx, import, shelf)?;
    let product = product(tx, row, shelf)?;
    let customer =
        group(tx, row.text("group_identifier").or_else(|| row.text("data_provider")).unwrap_or(MAKERS), shelf)?;
    let problem = row.text("problem");
    let known = match problem {
        Some(problem) => reported(tx, problem, shelf)?,
        None => None,
    };
    let note = match (problem, &known) {
        (Some(problem), _) => Some(problem.chars().take(2000).collect()),
        (None, Some(_)) => None,
        // The category in the words of who wrote it down is all that was said.
        (None, None) => Some(
            row.text("partner_product_category")
                .or_else(|| row.text("product_category"))
                .unwrap_or_default()
                .to_owned(),
        ),
    };
    let zone = centres::table.find(centre_id).select(centres::time_zone).first::<String>(tx.conn)?;
    let noon = jiff::civil::Time::constant(12, 0, 0, 0);
    let occurred = on.to_datetime(noon).to_zoned_datetime(store::zone(&zone)).map_err(Error::internal)?.timestamp();
    let visit = ReceiveDevices {
        centre: Some(centre),
        place: None,
        customer: CustomerChoice { id: Some(customer), new: None },
        devices: vec![ReceiveDevice {
            new_device: Some(NewDevice { product, serial: row.required("id")?.to_owned(), ..NewDevice::default() }),
            faults: known.into_iter().collect(),
            note,
            ..ReceiveDevice::default()
        }],
        note: age(row),
    };
    let finding = row.text("repair_barrier_if_end_of_life").map(str::to_owned);
    tx.in_the_past(occurred, |tx| {
        let reception = write_reception(tx, &visit)?;
        close_past(tx, reception.id, result, finding).map(Done::Written)
    })
}

/// Age and year of making, as far as the row tells them.
fn age(row: &Row<'_>) -> Option<String> {
    let told = [("product_age", row.text("product_age")), ("year_of_manufacture", row.text("year_of_manufacture"))];
    let told = told.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?))).collect::<Vec<_>>();
    (!told.is_empty()).then(|| told.join(", "))
}

fn centre(tx: &mut Tx<'_>, import: &Import, shelf: &mut Shelf) -> Result<(i64, String)> {
    if let Some(known) = &shelf.centre {
        return Ok(known.clone());
    }
    let found = centres::table.select((centres::id, centres::public_id));
    let row = match import.centre_id {
        Some(id) => found.find(id).first::<(i64, String)>(tx.conn),
        None => found.filter(centres::code.eq(CENTRE)).first(tx.conn),
    };
    let row = row.optional()?;
    let row = match row {
        Some(row) => row,
        None => {
            let legal_entity = SaveLegalEntity {
                name: MAKERS.to_owned(),
                roles: vec![PartyKind::LegalEntity, PartyKind::Maker],
                company_id: None,
                economic_code: None,
            };
            let legal_entity = save_legal_entity(tx, None, &legal_entity)?.id;
            let centre = SaveCentre {
                code: CENTRE.to_owned(),
                title: Title::new("کافه‌های تعمیر (دادهٔ باز)", "Repair cafés (open data)"),
                legal_entity,
                time_zone: None,
                phone: None,
                address: None,
                hours: None,
                paid_policy: None,
                diagnosis_fee: None,
            };
            let made = save_centre(tx, None, &centre)?.id;
            centres::table
                .filter(centres::public_id.eq(made))
                .select((centres::id, centres::public_id))
                .first(tx.conn)?
        }
    };
    shelf.centre = Some(row.clone());
    Ok(row)
}

/// The public id of the product: a brand's model of this category, of which the standard knows no more.
fn product(tx: &mut Tx<'_>, row: &Row<'_>, shelf: &mut Shelf) -> Result<String> {
    let category = row.required("product_category")?;
    let kind = kind(tx, category, shelf)?;
    let (brand, brand_code) = brand(tx, row.text("brand").unwrap_or("Unknown"), shelf)?;
    let code = format!("{category} {brand_code}").chars().take(60).collect::<String>();
    let code_key = domain::text::key(&code);
    if let Some(known) = shelf.products.get(&code_key) {
        return Ok(known.clone());
    }
    let known = products::table
        .inner_join(brands::table.on(brands::id.eq(products::brand_id)))
        .filter(brands::public_id.eq(&brand))
        .filter(products::code_key.eq(&code_key))
        .select(products::public_id)
        .first::<String>(tx.conn)
        .optional()?;
    let id = match known {
        Some(id) => id,
        None => {
            let product = SaveProduct {
                code,
                title: Title::new(category_fa(category), category),
                kind,
                brand,
                gtin: None,
                is_serialised: true,
                is_warrantied: false,
                is_part: false,
                tax_class: None,
                price: None,
                policy: None,
                components: Vec::new(),
            };
            save_product(tx, None, &product)?.id
        }
    };
    shelf.products.insert(code_key, id.clone());
    Ok(id)
}

fn kind(tx: &mut Tx<'_>, category: &str, shelf: &mut Shelf) -> Result<String> {
    if let Some(known) = shelf.kinds.get(category) {
        return Ok(known.clone());
    }
    let known = product_kinds::table
        .filter(product_kinds::code.eq(category))
        .select(product_kinds::public_id)
        .first::<String>(tx.conn)
        .optional()?;
    let id = match known {
        Some(id) => id,
        None => {
            save_product_kind(
                tx,
                None,
                &SaveProductKind {
                    code: category.to_owned(),
                    title: Title::new(category_fa(category), category),
                    parent: None,
                },
            )?
            .id
        }
    };
    shelf.kinds.insert(category.to_owned(), id.clone());
    Ok(id)
}

/// Public id and code of the brand: the first spelling of it that was met.
fn brand(tx: &mut Tx<'_>, typed: &str, shelf: &mut Shelf) -> Result<(String, String)> {
    let code = fold(typed).to_uppercase().chars().take(60).collect::<String>();
    if let Some(known) = shelf.brands.get(&code) {
        return Ok(known.clone());
    }
    let known =
        brands::table.filter(brands::code.eq(&code)).select(brands::public_id).first::<String>(tx.conn).optional()?;
    let id = match known {
        Some(id) => id,
        None => {
            let maker = maker(tx, shelf)?;
            let title =
                if code == "UNKNOWN" { Title::new("نامشخص", "Unknown") } else { Title::new(typed, typed) };
            save_brand(tx, None, &SaveBrand { code: code.clone(), title, maker })?.id
        }
    };
    shelf.brands.insert(code.clone(), (id.clone(), code.clone()));
    Ok((id, code))
}

fn maker(tx: &mut Tx<'_>, shelf: &mut Shelf) -> Result<String> {
    if let Some(known) = &shelf.maker {
        return Ok(known.clone());
    }
    let known = parties::table
        .filter(parties::name.eq(MAKERS))
        .select(parties::public_id)
        .first::<String>(tx.conn)
        .optional()?;
    let id = match known {
        Some(id) => id,
        None => {
            save_legal_entity(
                tx,
                None,
                &SaveLegalEntity {
                    name: MAKERS.to_owned(),
                    roles: vec![PartyKind::Maker],
                    company_id: None,
                    economic_code: None,
                },
            )?
            .id
        }
    };
    shelf.maker = Some(id.clone());
    Ok(id)
}

/// The public id of the group that received: the standard knows no persons.
fn group(tx: &mut Tx<'_>, name: &str, shelf: &mut Shelf) -> Result<String> {
    if let Some(known) = shelf.groups.get(name) {
        return Ok(known.clone());
    }
    let same = parties::table
        .filter(parties::name_key.eq(fold(name)))
        .filter(parties::kind.eq("company"))
        .filter(parties::retired_at.is_null());
    let known = same.select(parties::public_id).first::<String>(tx.conn).optional()?;
    let id = match known {
        Some(id) => id,
        None => {
            let customer = SaveCustomer {
                name: name.chars().take(200).collect(),
                is_company: true,
                language: Some("en".to_owned()),
                ..SaveCustomer::default()
            };
            save_customer(tx, None, &customer)?.id
        }
    };
    shelf.groups.insert(name.to_owned(), id.clone());
    Ok(id)
}

/// The coded fault whose title, in either language, stands in what was said; the longest such title.
fn reported(tx: &mut Tx<'_>, problem: &str, shelf: &mut Shelf) -> Result<Option<String>> {
    if shelf.faults.is_none() {
        let rows = faults::table
            .filter(faults::retired_at.is_null())
            .filter(faults::parent_id.is_not_null())
            .select((faults::code, faults::title_fa, faults::title_en))
            .load::<(String, String, String)>(tx.conn)?;
        let mut titles = rows
            .into_iter()
            .flat_map(|(code, fa, en)| [(fold(&fa), code.clone()), (fold(&en), code)])
            .collect::<Vec<_>>();
        titles.sort_by_key(|(title, _)| std::cmp::Reverse(title.len()));
        shelf.faults = Some(titles);
    }
    let said = fold(problem);
    Ok(shelf
        .faults
        .iter()
        .flatten()
        .find(|(title, _)| !title.is_empty() && said.contains(title.as_str()))
        .map(|(_, code)| code.clone()))
}

/// The standard's categories in Persian; the English name where one is newer than this list.
fn category_fa(category: &str) -> &str {
    match category {
        "Air conditioner/dehumidifier" => "کولر و رطوبت‌گیر",
        "Aircon/dehumidifier" => "کولر و رطوبت‌گیر",
        "Battery/charger/adapter" => "باتری، شارژر و آداپتور",
        "Coffee maker" => "قهوه‌ساز",
        "Decorative or safety lights" => "چراغ تزئینی و ایمنی",
        "Desktop computer" => "رایانهٔ رومیزی",
        "Digital compact camera" => "دوربین دیجیتال کامپکت",
        "DSLR/video camera" => "دوربین عکاسی و فیلم‌برداری",
        "Fan" => "پنکه",
        "Flat screen" => "نمایشگر تخت",
        "Food processor" => "غذاساز",
        "Games console" => "کنسول بازی",
        "Hair & beauty item" => "لوازم آرایشی و مو",
        "Hair dryer" => "سشوار",
        "Handheld entertainment device" => "دستگاه سرگرمی دستی",
        "Headphones" => "هدفون",
        "Hi-Fi integrated" => "ضبط یکپارچه",
        "Hi-Fi separates" => "اجزای سیستم صوتی",
        "Irons/steamers" => "اتو و بخارشوی",
        "Iron" => "اتو",
        "Kettle" => "کتری برقی",
        "Lamp" => "چراغ",
        "Laptop" => "لپ‌تاپ",
        "Large home electrical" => "لوازم خانگی بزرگ",
        "Misc" => "متفرقه",
        "Mobile" => "گوشی همراه",
        "Musical instrument" => "ساز",
        "PC accessory" => "لوازم جانبی رایانه",
        "Paper shredder" => "کاغذخردکن",
        "Portable radio" => "رادیوی قابل‌حمل",
        "Power tool" => "ابزار برقی",
        "Printer/scanner" => "چاپگر و اسکنر",
        "Projector" => "پروژکتور",
        "Sewing machine" => "چرخ خیاطی",
        "Small home electrical" => "لوازم خانگی کوچک",
        "Small kitchen item" => "لوازم آشپزخانهٔ کوچک",
        "TV and gaming-related accessories" => "لوازم جانبی تلویزیون و بازی",
        "Tablet" => "تبلت",
        "Toaster" => "توستر",
        "Toy" => "اسباب‌بازی",
        "Vacuum" => "جاروبرقی",
        "Watch/clock" => "ساعت",
        "Large electrical" => "لوازم برقی بزرگ",
        other => other,
    }
}
