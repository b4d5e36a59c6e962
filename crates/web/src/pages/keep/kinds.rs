//! The kinds of things that are kept, with the operations and the fields of each.

/// A kind of thing that is kept.
pub(super) struct Kind {
    pub slug: &'static str,
    pub list: &'static str,
    pub get: &'static str,
    pub create: &'static str,
    pub update: &'static str,
    pub retire: &'static str,
    pub action: &'static str,
    pub fields: &'static [Field],
}

/// A field of its form.
#[derive(Clone, Copy)]
pub(super) struct Field {
    pub name: &'static str,
    pub kind: Input,
}

#[derive(Clone, Copy)]
pub(super) enum Input {
    Text,
    Number,
    /// An amount in the unit of the house.
    Money,
    Flag,
    /// Another kept thing, by the slug of its kind.
    One(&'static str),
    /// Another kept thing, or none, which means all of them.
    OneOrAll(&'static str),
    /// Words of a closed list, by the list's name.
    Word(&'static str, &'static [&'static str]),
    /// Texts, one per line.
    Lines,
    /// Any JSON.
    Json,
    /// Any number of rows with these fields, and two more to fill.
    Rows(&'static [Field]),
}

const fn text(name: &'static str) -> Field {
    Field { name, kind: Input::Text }
}
const fn one(name: &'static str, slug: &'static str) -> Field {
    Field { name, kind: Input::One(slug) }
}
const fn one_or_all(name: &'static str, slug: &'static str) -> Field {
    Field { name, kind: Input::OneOrAll(slug) }
}
const fn number(name: &'static str) -> Field {
    Field { name, kind: Input::Number }
}
const fn money(name: &'static str) -> Field {
    Field { name, kind: Input::Money }
}
const fn flag(name: &'static str) -> Field {
    Field { name, kind: Input::Flag }
}

/// The roles that a person can have.
const ROLES: &[&str] = &[
    "receptionist",
    "technician",
    "expert",
    "centre_manager",
    "storekeeper",
    "accountant",
    "warranty_auditor",
    "auditor",
    "region_manager",
    "brand_manager",
    "administrator",
];

const TITLE: [Field; 3] = [text("code"), text("title.fa"), text("title.en")];

macro_rules! kind {
    ($slug:literal, $list:literal, $one:literal, $action:literal, [$($field:expr),* $(,)?]) => {
        Kind { slug: $slug, list: $list, get: concat!("get", $one), create: concat!("create", $one), update: concat!("update", $one), retire: concat!("retire", $one), action: $action, fields: &[$($field),*] }
    };
}

pub(super) static KINDS: &[Kind] = &[
    kind!(
        "legal-entities",
        "listLegalEntities",
        "LegalEntity",
        "keep_organisation",
        [
            text("name"),
            Field {
                name: "roles[]",
                kind: Input::Word(
                    "party-kind",
                    &["legal_entity", "maker", "warrantor", "insurer", "seller", "supplier"]
                )
            },
            text("company_id"),
            text("economic_code")
        ]
    ),
    kind!(
        "brands",
        "listBrands",
        "Brand",
        "keep_organisation",
        [TITLE[0], TITLE[1], TITLE[2], one("maker", "legal-entities")]
    ),
    kind!(
        "centres",
        "listCentres",
        "Centre",
        "keep_organisation",
        [
            TITLE[0],
            TITLE[1],
            TITLE[2],
            one("legal_entity", "legal-entities"),
            text("phone"),
            text("address"),
            text("hours.fa"),
            text("hours.en"),
            text("time_zone"),
            one("paid_policy", "policies"),
            money("diagnosis_fee")
        ]
    ),
    kind!(
        "sections",
        "listSections",
        "Section",
        "keep_organisation",
        [one("centre", "centres"), TITLE[0], TITLE[1], TITLE[2]]
    ),
    kind!(
        "staff",
        "listStaff",
        "StaffMember",
        "keep_staff",
        [
            one("centre", "centres"),
            text("personnel_code"),
            text("name"),
            text("specialty"),
            text("phone"),
            one("section", "sections"),
            text("login")
        ]
    ),
    kind!(
        "users",
        "listUsers",
        "User",
        "keep_access",
        [
            text("login"),
            text("name"),
            Field { name: "language", kind: Input::Word("language", &["fa", "en"]) },
            text("password"),
            Field {
                name: "roles",
                kind: Input::Rows(&[
                    Field { name: "role", kind: Input::Word("role", ROLES) },
                    one_or_all("centre", "centres"),
                    one_or_all("brand", "brands")
                ])
            }
        ]
    ),
    kind!(
        "product-kinds",
        "listProductKinds",
        "ProductKind",
        "keep_catalogue",
        [TITLE[0], TITLE[1], TITLE[2], one("parent", "product-kinds")]
    ),
    kind!(
        "products",
        "listProducts",
        "Product",
        "keep_catalogue",
        [
            TITLE[0],
            TITLE[1],
            TITLE[2],
            one("kind", "product-kinds"),
            one("brand", "brands"),
            text("gtin"),
            money("price"),
            one("policy", "policies"),
            flag("is_serialised"),
            flag("is_warrantied"),
            flag("is_part"),
            Field {
                name: "components",
                kind: Input::Rows(&[one("product", "parts"), text("position"), number("quantity")])
            }
        ]
    ),
    kind!(
        "services",
        "listServices",
        "Service",
        "keep_catalogue",
        [
            TITLE[0],
            TITLE[1],
            TITLE[2],
            Field { name: "line_type", kind: Input::Word("line-type", &["labour", "travel", "shipping"]) },
            one_or_all("kind", "product-kinds"),
            money("price"),
            number("standard_minutes"),
            flag("is_free_once")
        ]
    ),
    kind!(
        "faults",
        "listFaults",
        "Fault",
        "keep_catalogue",
        [
            TITLE[0],
            TITLE[1],
            TITLE[2],
            one("parent", "faults"),
            one_or_all("kind", "product-kinds"),
            Field { name: "related[]", kind: Input::Lines }
        ]
    ),
    kind!(
        "causes",
        "listCauses",
        "Cause",
        "keep_catalogue",
        [TITLE[0], TITLE[1], TITLE[2], one("parent", "causes"), one_or_all("kind", "product-kinds")]
    ),
    kind!(
        "policies",
        "listPolicies",
        "Policy",
        "keep_policies",
        [
            TITLE[0],
            TITLE[1],
            TITLE[2],
            Field {
                name: "cover_kind",
                kind: Input::Word(
                    "cover-kind",
                    &["card", "extension", "contract", "coupon", "recall", "repair_warranty"]
                )
            },
            one_or_all("brand", "brands"),
            one("payer", "legal-entities"),
            number("usual.months"),
            Field { name: "usual.components", kind: Input::Rows(&[text("kind"), number("months")]) },
            number("usual.repair_part_days"),
            number("usual.repair_labour_days"),
            Field { name: "usual.excluded_causes[]", kind: Input::Lines },
            Field { name: "rules", kind: Input::Json }
        ]
    ),
    kind!(
        "customers",
        "listCustomers",
        "Customer",
        "keep_customers",
        [
            text("name"),
            flag("is_company"),
            Field { name: "phones[]", kind: Input::Lines },
            Field { name: "addresses", kind: Input::Rows(&[text("address"), text("city"), text("postal_code")]) },
            text("national_id"),
            text("company_id"),
            text("economic_code"),
            text("subscription"),
            Field { name: "language", kind: Input::Word("language", &["fa", "en"]) },
            text("note")
        ]
    ),
    kind!(
        "devices",
        "listDevices",
        "Device",
        "keep_devices",
        [
            text("product"),
            text("serial"),
            text("imei"),
            text("tracking_code"),
            Field {
                name: "events",
                kind: Input::Rows(&[
                    Field {
                        name: "type",
                        kind: Input::Word("event-kind", &["sold", "installed", "made", "shipped", "activated"])
                    },
                    text("on")
                ])
            },
            Field { name: "components", kind: Input::Rows(&[text("product"), text("serial"), text("position")]) }
        ]
    ),
];

pub(super) fn kind(slug: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.slug == slug)
}
