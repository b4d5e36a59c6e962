//! Which columns each kind of import knows, and by which headings they are recognised.

use std::collections::BTreeMap;

use domain::access::Action;
use domain::text::fold;

domain::words! {
    /// What a file holds.
    ImportKind {
        Products = "products",
        Customers = "customers",
        Devices = "devices",
        /// Repairs in the Open Repair Data Standard (https://standard.openrepair.org), version 0.3.
        OpenRepair = "open-repair",
    }
}

impl ImportKind {
    /// What its rows do: the rights of who may start it by a token that is narrowed.
    #[must_use]
    pub fn does(self) -> &'static [Action] {
        match self {
            Self::Products => &[Action::KeepCatalogue, Action::KeepOrganisation],
            Self::Customers => &[Action::KeepCustomers],
            Self::Devices => {
                &[Action::KeepDevices, Action::KeepCustomers, Action::IssueCards, Action::OverrideCoverage]
            }
            Self::OpenRepair => &[
                Action::KeepOrganisation,
                Action::KeepCatalogue,
                Action::KeepDevices,
                Action::KeepCustomers,
                Action::Receive,
                Action::Diagnose,
                Action::DoWork,
                Action::HandOver,
            ],
        }
    }
}

/// A column that a kind of import knows.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub name: &'static str,
    pub is_required: bool,
    /// Headings by which it is recognised, folded, beside its own name.
    pub known_as: &'static [&'static str],
}

const fn column(name: &'static str, known_as: &'static [&'static str]) -> Column {
    Column { name, is_required: false, known_as }
}

const fn required(name: &'static str, known_as: &'static [&'static str]) -> Column {
    Column { name, is_required: true, known_as }
}

/// The most characters that a column takes, as what it is written to takes over the API.
#[must_use]
pub(super) fn longest(column: &str) -> usize {
    match column {
        "note" => 1000,
        "address" => 300,
        "name" | "title_fa" | "title_en" | "owner_name" | "kind" | "brand" => 200,
        "seller" => 120,
        "serial" | "component_serial" => 80,
        "phone" | "phone2" | "owner_phone" | "postal_code" | "national_id" | "company_id" | "economic_code"
        | "gtin" | "imei" => 30,
        "code" | "city" | "subscription" | "tracking_code" | "card_number" | "owner_subscription" => 60,
        _ => usize::MAX,
    }
}

const PRODUCTS: &[Column] = &[
    required("code", &["model", "product code", "کد", "کد کالا", "مدل", "کد مدل"]),
    required("title_fa", &["title", "name", "نام", "نام کالا", "عنوان", "شرح کالا", "شرح"]),
    column("title_en", &["english name", "نام انگلیسی", "عنوان انگلیسی"]),
    required("kind", &["product kind", "category", "نوع", "نوع کالا", "گروه", "گروه کالا", "دسته"]),
    required("brand", &["برند", "نشان تجاری", "مارک"]),
    column("gtin", &["barcode", "ean", "بارکد"]),
    column("is_part", &["part", "قطعه است", "قطعه"]),
    column("is_serialised", &["serialised", "serialized", "سریال دارد", "سریالی"]),
    column("price", &["unit price", "قیمت", "مبلغ", "بها"]),
    column("tax_class", &["کلاس مالیات"]),
    column("policy", &["warranty policy", "سیاست گارانتی", "گارانتی"]),
];

const CUSTOMERS: &[Column] = &[
    required("name", &["full name", "customer", "نام", "نام و نام خانوادگی", "نام مشتری", "مشتری"]),
    column("phone", &["mobile", "cell", "همراه", "موبایل", "تلفن همراه", "شماره همراه", "تلفن"]),
    column("phone2", &["landline", "second phone", "تلفن ثابت", "تلفن دوم"]),
    column("address", &["نشانی", "ادرس"]),
    column("city", &["شهر"]),
    column("postal_code", &["zip", "postcode", "کدپستی", "کد پستی"]),
    column("national_id", &["national code", "کد ملی", "کدملی"]),
    column("company_id", &["شناسه ملی"]),
    column("economic_code", &["کد اقتصادی"]),
    column("subscription", &["subscription number", "شماره اشتراک", "اشتراک"]),
    column("is_company", &["company", "شرکت", "حقوقی"]),
    column("language", &["زبان"]),
    column("note", &["notes", "یادداشت", "توضیحات"]),
];

const DEVICES: &[Column] = &[
    required("product", &["model", "product code", "کالا", "کد کالا", "مدل"]),
    required("serial", &["serial number", "سریال", "شماره سریال"]),
    column("imei", &["imei1"]),
    column("tracking_code", &["شناسه رهگیری"]),
    column("made_on", &["production date", "تاریخ تولید"]),
    column("shipped_on", &["shipping date", "تاریخ ارسال"]),
    column("sold_on", &["sale date", "purchase date", "تاریخ فروش", "تاریخ خرید"]),
    column("installed_on", &["installation date", "تاریخ نصب"]),
    column("activated_on", &["activation date", "تاریخ فعال سازی", "تاریخ فعالسازی"]),
    column("owner_name", &["owner", "customer", "مالک", "مشتری", "خریدار"]),
    column("owner_phone", &["customer phone", "همراه", "موبایل", "تلفن خریدار"]),
    column("owner_subscription", &["subscription", "شماره اشتراک"]),
    column("card_number", &["warranty card", "card", "شماره کارت", "کارت گارانتی", "شماره کارت گارانتی"]),
    column("card_policy", &["policy", "سیاست گارانتی"]),
    column("card_starts_on", &["warranty start", "شروع گارانتی"]),
    column("seller", &["shop", "فروشنده", "فروشگاه"]),
    column("component_product", &["کد زیرمجموعه"]),
    column("component_serial", &["سریال زیرمجموعه"]),
];

const OPEN_REPAIR: &[Column] = &[
    required("id", &[]),
    column("data_provider", &[]),
    column("country", &[]),
    column("partner_product_category", &[]),
    required("product_category", &[]),
    column("product_category_id", &[]),
    column("brand", &[]),
    column("year_of_manufacture", &[]),
    column("product_age", &[]),
    required("repair_status", &[]),
    column("repair_barrier_if_end_of_life", &["repair_barrier"]),
    column("group_identifier", &[]),
    required("event_date", &[]),
    column("problem", &[]),
];

impl ImportKind {
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Products => PRODUCTS,
            Self::Customers => CUSTOMERS,
            Self::Devices => DEVICES,
            Self::OpenRepair => OPEN_REPAIR,
        }
    }

    /// Which heading stands for which column, as far as the headings tell.
    #[must_use]
    pub fn guess(self, headings: &[String]) -> BTreeMap<String, String> {
        let plain = |text: &str| fold(text).replace(['_', '-', '.', ':', '*'], " ").trim().to_owned();
        let mut mapping = BTreeMap::new();
        let mut taken = Vec::new();
        for column in self.columns() {
            let names =
                std::iter::once(column.name).chain(column.known_as.iter().copied()).map(plain).collect::<Vec<_>>();
            let found = names
                .iter()
                .find_map(|name| headings.iter().find(|heading| !taken.contains(heading) && plain(heading) == *name));
            if let Some(heading) = found {
                taken.push(heading);
                mapping.insert(column.name.to_owned(), heading.clone());
            }
        }
        mapping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persian_and_english_headings_are_recognised_in_any_spelling() {
        let headings = ["كد کالا", "نامِ کالا", "گروه كالا", "برند", "قیمت"].map(str::to_owned);
        let guessed = ImportKind::Products.guess(&headings);
        assert_eq!(guessed.get("code"), Some(&headings[0]));
        assert_eq!(guessed.get("title_fa"), Some(&headings[1]));
        assert_eq!(guessed.get("kind"), Some(&headings[2]));
        assert_eq!(guessed.get("price"), Some(&headings[4]));
        let headings = ["Serial Number", "Sale-Date", "product"].map(str::to_owned);
        let guessed = ImportKind::Devices.guess(&headings);
        assert_eq!(
            (guessed.get("serial"), guessed.get("sold_on"), guessed.get("product")),
            (Some(&headings[0]), Some(&headings[1]), Some(&headings[2]))
        );
    }
}
