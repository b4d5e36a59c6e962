//! What a field that names a thing of the catalogue offers, and which thing is meant by what stands in it.
//!
//! A person types words of a title in any order, in any letters and digits, or a code; what is used most for this kind
//! of product stands first. A field may hold a code, a public id, a title that nothing else has, or both as they are
//! offered: `title · code`.

use std::cmp::Reverse;
use std::collections::HashMap;

use domain::access::Action;
use domain::text::{fold, key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::products::kind_path;
use store::error::{OrInvalid, Result};
use store::links::{meant, tail};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{
    brands, causes, diagnoses, faults, product_components, product_kinds, products, repairs, reported_faults,
    search_keys, services, work_lines,
};
use store::search_keys::Target;
use store::views::Title;
use store::{Conn, among, named};

domain::words! {
    /// What is chosen.
    Choosable {
        Fault = "fault",
        Cause = "cause",
        Service = "service",
        Product = "product",
        Part = "part",
        Kind = "kind",
        Brand = "brand",
        /// What faults stand under, and causes.
        FaultGroup = "fault_group",
        CauseGroup = "cause_group",
    }
}

/// What a field is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListChoices {
    /// What it names: fault, cause, service, product (that is repaired), part, kind (of product), brand, fault_group or
    /// cause_group.
    pub of: Choosable,
    /// What was typed: words of a title in any order, or of a code. Absent: what is used most.
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub q: Option<String>,
    /// Code or public id of the product that it is about: what does not fit it is left out.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub product: Option<String>,
}

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    pub code: String,
    pub title: Title,
    /// What it stands under: a fault's or a cause's group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Title>,
}

/// What can be chosen, the likeliest first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Choices {
    pub choices: Vec<Choice>,
}

/// How many are offered at once.
const OFFERED: usize = 20;

/// How many of the last repairs tell what is used most.
const LAST: i64 = 300;

/// How many products that begin with a word are looked at.
const LOOKED_AT: i64 = 5_000;

/// A thing of the catalogue as it is compared with what was typed.
struct Row {
    id: i64,
    choice: Choice,
    /// Whether it is for this product or its kind alone.
    is_of_this: bool,
}

/// The product that a choice is about.
struct About {
    id: i64,
    kind_id: i64,
    brand_id: i64,
    /// Its kinds, from the root.
    kinds: Vec<i64>,
}

/// What a field that names a thing offers for what was typed.
///
/// # Errors
/// `Forbidden`; `Invalid` for a product that is not there.
pub fn list_choices(conn: &mut Conn, actor: &Actor, query: &ListChoices) -> Result<Choices> {
    actor.may(Action::ViewCatalogue, Of::Anything)?;
    let about = match query.product.as_deref().map(str::trim).filter(|typed| !typed.is_empty()) {
        Some(typed) => Some(about(conn, typed)?),
        None => None,
    };
    let typed = query.q.as_deref().unwrap_or_default();
    let folded = fold(&typed.replace('·', " "));
    let words = folded.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let uses = uses(conn, actor, query.of, about.as_ref())?;
    let mut rows = match query.of {
        Choosable::Fault => faults_for(conn, about.as_ref())?,
        Choosable::Cause => causes_for(conn, about.as_ref())?,
        Choosable::Service => services_for(conn, about.as_ref())?,
        Choosable::Product => products_for(conn, false, &words, None, &uses)?,
        Choosable::Part => products_for(conn, true, &words, about.as_ref(), &uses)?,
        Choosable::Kind => kinds(conn)?,
        Choosable::Brand => brands_in_use(conn)?,
        Choosable::FaultGroup => fault_groups(conn)?,
        Choosable::CauseGroup => cause_groups(conn)?,
    };
    rows.retain(|row| holds_all(&row.choice, &words));
    let code = key(typed);
    rows.sort_by_cached_key(|row| {
        let is_named = !code.is_empty() && key(&row.choice.code) == code;
        let used = uses.get(&row.id).copied().unwrap_or(0);
        (!is_named, Reverse(used), !row.is_of_this, !begins(&row.choice, &words), row.choice.title.fa.clone(), row.id)
    });
    rows.truncate(OFFERED);
    Ok(Choices { choices: rows.into_iter().map(|row| row.choice).collect() })
}

fn about(conn: &mut Conn, typed: &str) -> Result<About> {
    let id =
        product_named(conn, typed)?.ok_or(store::error::Error::NotFound).or_invalid("product", "unknown-product")?;
    let (kind_id, brand_id) =
        products::table.find(id).select((products::kind_id, products::brand_id)).first::<(i64, i64)>(conn)?;
    let kinds = kind_path(conn, kind_id)?.into_iter().map(|kind| kind.id).collect();
    Ok(About { id, kind_id, brand_id, kinds })
}

/// The texts of a choice as they are compared with what was typed: also as one word, because a half-space is written as
/// a space, or not at all.
fn texts(choice: &Choice) -> Vec<String> {
    let of = |title: &Title| [title.fa.clone(), title.en.clone()];
    let all = std::iter::once(choice.code.clone()).chain(of(&choice.title)).chain(choice.group.iter().flat_map(of));
    all.flat_map(|text| [fold(&text), key(&text)]).collect()
}

fn holds_all(choice: &Choice, words: &[String]) -> bool {
    let texts = texts(choice);
    words.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
}

fn begins(choice: &Choice, words: &[String]) -> bool {
    let Some(first) = words.first() else { return false };
    [&choice.title.fa, &choice.title.en].into_iter().any(|title| fold(title).starts_with(first.as_str()))
}

/// How often each was used in the last repairs that the actor sees, of this kind of product where it is known.
fn uses(conn: &mut Conn, actor: &Actor, of: Choosable, about: Option<&About>) -> Result<HashMap<i64, i64>> {
    if matches!(of, Choosable::Kind | Choosable::Brand | Choosable::FaultGroup | Choosable::CauseGroup) {
        return Ok(HashMap::new());
    }
    let mut last = repairs::table
        .filter(actor.scope(Action::ViewWork).rows::<repairs::table>())
        .order(repairs::id.desc())
        .limit(LAST)
        .select((repairs::id, repairs::product_id))
        .into_boxed();
    if let Some(about) = about.filter(|_| of != Choosable::Product) {
        last = last.filter(repairs::kind_id.eq(about.kind_id));
    }
    let last = last.load_boxed::<(i64, i64)>(conn)?;
    let ids = last.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    let used: Vec<Option<i64>> = match of {
        Choosable::Product => last.into_iter().map(|(_, product)| Some(product)).collect(),
        Choosable::Fault => {
            let reported = reported_faults::table
                .filter(among(reported_faults::repair_id, ids.clone()))
                .select(reported_faults::fault_id.nullable())
                .load(conn)?;
            let found =
                diagnoses::table.filter(among(diagnoses::repair_id, ids)).select(diagnoses::fault_id).load(conn)?;
            [reported, found].concat()
        }
        Choosable::Cause => {
            diagnoses::table.filter(among(diagnoses::repair_id, ids)).select(diagnoses::cause_id).load(conn)?
        }
        Choosable::Service => {
            work_lines::table.filter(among(work_lines::repair_id, ids)).select(work_lines::service_id).load(conn)?
        }
        Choosable::Part => {
            work_lines::table.filter(among(work_lines::repair_id, ids)).select(work_lines::product_id).load(conn)?
        }
        Choosable::Kind | Choosable::Brand | Choosable::FaultGroup | Choosable::CauseGroup => Vec::new(),
    };
    let mut uses = HashMap::new();
    for id in used.into_iter().flatten() {
        *uses.entry(id).or_insert(0) += 1;
    }
    Ok(uses)
}

/// Faults or causes of a table that can be chosen: a heading, under which others stand, cannot.
macro_rules! coded {
    ($name:ident, $table:ident) => {
        fn $name(conn: &mut Conn, about: Option<&About>) -> Result<Vec<Row>> {
            let all = $table::table
                .filter($table::retired_at.is_null())
                .select((
                    ($table::id, $table::parent_id, $table::kind_id),
                    $table::code,
                    ($table::title_fa, $table::title_en),
                ))
                .load::<((i64, Option<i64>, Option<i64>), String, Title)>(conn)?;
            let titles = all.iter().map(|((id, ..), _, title)| (*id, title.clone())).collect::<HashMap<_, _>>();
            let heads = all.iter().filter_map(|((_, parent, _), ..)| *parent).collect::<std::collections::HashSet<_>>();
            let fits =
                |kind: Option<i64>| kind.is_none_or(|kind| about.is_none_or(|about| about.kinds.contains(&kind)));
            Ok(all
                .into_iter()
                .filter(|((id, _, kind), ..)| !heads.contains(id) && fits(*kind))
                .map(|((id, parent, kind), code, title)| Row {
                    id,
                    choice: Choice { code, title, group: parent.and_then(|id| titles.get(&id).cloned()) },
                    is_of_this: kind.is_some() && about.is_some(),
                })
                .collect())
        }
    };
}

coded!(faults_for, faults);
coded!(causes_for, causes);

/// Things of a table that has no more to tell than code and title, with a condition on which.
macro_rules! plain {
    ($name:ident, $table:ident, $which:expr) => {
        fn $name(conn: &mut Conn) -> Result<Vec<Row>> {
            let all = $table::table
                .filter($table::retired_at.is_null())
                .filter($which)
                .select(($table::id, $table::code, ($table::title_fa, $table::title_en)))
                .load::<(i64, String, Title)>(conn)?;
            let row = |(id, code, title)| Row { id, choice: Choice { code, title, group: None }, is_of_this: false };
            Ok(all.into_iter().map(row).collect())
        }
    };
}

plain!(kinds, product_kinds, product_kinds::id.gt(0));
plain!(brands_in_use, brands, brands::id.gt(0));
plain!(fault_groups, faults, faults::parent_id.is_null());
plain!(cause_groups, causes, causes::parent_id.is_null());

fn services_for(conn: &mut Conn, about: Option<&About>) -> Result<Vec<Row>> {
    let all = services::table
        .filter(services::retired_at.is_null())
        .select((
            (services::id, services::kind_id, services::product_id),
            services::code,
            (services::title_fa, services::title_en),
        ))
        .load::<((i64, Option<i64>, Option<i64>), String, Title)>(conn)?;
    let fits = |kind: Option<i64>, product: Option<i64>| {
        about.is_none_or(|about| {
            product.is_none_or(|product| product == about.id) && kind.is_none_or(|kind| about.kinds.contains(&kind))
        })
    };
    Ok(all
        .into_iter()
        .filter(|((_, kind, product), ..)| fits(*kind, *product))
        .map(|((id, kind, product), code, title)| Row {
            id,
            choice: Choice { code, title, group: None },
            is_of_this: about.is_some() && (kind.is_some() || product.is_some()),
        })
        .collect())
}

/// Products that begin with one of the words; without words those that were used, and the parts of this one.
fn products_for(
    conn: &mut Conn,
    is_part: bool,
    words: &[String],
    about: Option<&About>,
    uses: &HashMap<i64, i64>,
) -> Result<Vec<Row>> {
    let parts = match about {
        Some(about) => product_components::table
            .filter(product_components::product_id.eq(about.id))
            .select(product_components::component_id)
            .load::<i64>(conn)?,
        None => Vec::new(),
    };
    // The longest word is the rarest.
    let ids = match words.iter().max_by_key(|word| word.chars().count()) {
        Some(word) => search_keys::table
            .filter(search_keys::target_kind.eq(Target::Product.name()))
            .filter(search_keys::key.ge(word.clone()))
            .filter(search_keys::key.lt(format!("{word}\u{10FFFF}")))
            .select(search_keys::target_id)
            .limit(LOOKED_AT)
            .load::<i64>(conn)?,
        None => {
            let first = products::table
                .filter(products::is_part.eq(is_part))
                .filter(products::retired_at.is_null())
                .order(products::id)
                .limit(i64::try_from(OFFERED).unwrap_or(0))
                .select(products::id)
                .load::<i64>(conn)?;
            uses.keys().chain(&parts).copied().chain(first).collect()
        }
    };
    let all = products::table
        .filter(among(products::id, ids))
        .filter(products::is_part.eq(is_part))
        .filter(products::retired_at.is_null())
        .select(((products::id, products::brand_id), products::code, (products::title_fa, products::title_en)))
        .load::<((i64, i64), String, Title)>(conn)?;
    Ok(all
        .into_iter()
        .map(|((id, brand), code, title)| Row {
            id,
            choice: Choice { code, title, group: None },
            is_of_this: parts.contains(&id) || about.is_some_and(|about| about.brand_id == brand),
        })
        .collect())
}

/// The fault in use that a field means, as [`store::links`] tells.
///
/// # Errors
/// The store.
pub(crate) fn fault_named(conn: &mut Conn, typed: &str) -> Result<Option<i64>> {
    Ok(named!(conn, faults, typed))
}

/// The cause in use that a field means.
///
/// # Errors
/// The store.
pub(crate) fn cause_named(conn: &mut Conn, typed: &str) -> Result<Option<i64>> {
    Ok(named!(conn, causes, typed))
}

/// The service in use that a field means.
///
/// # Errors
/// The store.
pub(crate) fn service_named(conn: &mut Conn, typed: &str) -> Result<Option<i64>> {
    Ok(named!(conn, services, typed))
}

/// The product in use that a field means. There may be many: those of a title are found by the search's keys.
///
/// # Errors
/// The store.
pub(crate) fn product_named(conn: &mut Conn, typed: &str) -> Result<Option<i64>> {
    let typed = typed.trim();
    let known = products::table
        .filter(products::retired_at.is_null())
        .filter(products::code_key.eq(key(tail(typed))).or(products::public_id.eq(typed)))
        .order(products::id)
        .select(products::id)
        .first::<i64>(conn)
        .optional()?;
    if known.is_some() || typed.is_empty() {
        return Ok(known);
    }
    // A title's first key is the whole of it.
    let ids = search_keys::table
        .filter(search_keys::target_kind.eq(Target::Product.name()))
        .filter(search_keys::kind.eq("title"))
        .filter(search_keys::key.eq(fold(typed)))
        .select(search_keys::target_id)
        .limit(LOOKED_AT)
        .load::<i64>(conn)?;
    let rows = products::table
        .filter(among(products::id, ids))
        .filter(products::retired_at.is_null())
        .select((products::id, products::code, (products::title_fa, products::title_en)))
        .load::<(i64, String, Title)>(conn)?;
    Ok(meant(typed, &rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::faults::{SaveCause, SaveFault, save_cause, save_fault};
    use crate::catalogue::products::{get_product, product_row};
    use crate::testing::{House, RECEPTIONIST, TECHNICIAN, in_a_house, told};

    fn fault(house: &House, code: &str, fa: &str, en: &str, parent: Option<&str>, kind: Option<&str>) -> String {
        let (parent, kind) = (parent.map(str::to_owned), kind.map(str::to_owned));
        let title = Title::new(fa, en);
        let command = SaveFault { code: code.to_owned(), title, parent, kind, related: Vec::new() };
        house.write(|tx| save_fault(tx, None, &command)).id
    }

    fn offered(house: &House, of: Choosable, q: &str, product: Option<&str>) -> Vec<String> {
        let query = ListChoices { of, q: Some(q.to_owned()), product: product.map(str::to_owned) };
        let found = house.db.read(|conn| list_choices(conn, &house.person(TECHNICIAN), &query)).expect("choices");
        found.choices.into_iter().map(|choice| choice.code).collect()
    }

    #[test]
    fn a_thing_is_offered_for_words_of_its_title_in_any_order_and_a_heading_is_not() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let group = fault(house, "G-POWER", "برق", "Power", None, None);
            fault(house, "P01", "روشن نمی‌شود", "Does not turn on", Some(&group), None);
            fault(house, "P02", "خاموش می‌شود", "Turns off by itself", Some(&group), None);
            for typed in
                ["روشن", "نمی شود روشن", "نمیشود", "نمی‌شود روشن", "TURN does", "p01", "برق روشن", "روشن نمی‌شود · P01"]
            {
                assert_eq!(offered(house, Choosable::Fault, typed, None), ["P01"], "{typed}");
            }
            assert_eq!(
                offered(house, Choosable::Fault, "power", None).len(),
                3,
                "no-power, and what stands under the heading"
            );
            assert!(offered(house, Choosable::Fault, "روشن خاموش", None).is_empty());
            assert!(!offered(house, Choosable::Fault, "", None).contains(&"G-POWER".to_owned()));
        });
    }

    #[test]
    fn what_does_not_fit_the_product_is_left_out_and_what_is_used_most_stands_first() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let kind_of = |product: &str| {
                let product = house.db.read(|conn| {
                    let id = product_named(conn, product)?.unwrap_or_default();
                    let public_id = products::table.find(id).select(products::public_id).first::<String>(conn)?;
                    get_product(conn, &house.admin, &public_id)
                });
                product.expect("a product").kind.id
            };
            let (appliance, compressor) = (kind_of("TV-1"), kind_of("CMP-EM65"));
            fault(house, "A1", "لرزش", "Shakes", None, Some(&appliance));
            fault(house, "C1", "لرزش کمپرسور", "Compressor shakes", None, Some(&compressor));
            assert_eq!(offered(house, Choosable::Fault, "لرزش", Some("TV-1")), ["A1"]);
            assert_eq!(offered(house, Choosable::Fault, "لرزش", None).len(), 2);
            // The wet ones come in most.
            let customer = house.customer("زهرا کریمی", "09123456789");
            for (serial, fault) in [("T-1", "wet"), ("T-2", "wet"), ("T-3", "no-power")] {
                let device = house.device("TV-1", serial, "1404/01/15", &[]);
                house.receive(&customer, &[(&device, fault)]);
            }
            assert_eq!(offered(house, Choosable::Fault, "", Some("TV-1"))[..2], ["wet", "no-power"]);
            assert_eq!(offered(house, Choosable::Product, "", None)[0], "TV-1");
            assert_eq!(offered(house, Choosable::Part, "fan", None), ["FAN-1"]);
            assert_eq!(offered(house, Choosable::Product, "fan", None), Vec::<String>::new(), "a part is not received");
            let unknown = ListChoices { of: Choosable::Fault, q: None, product: Some("nothing".to_owned()) };
            let answer = house.db.read(|conn| list_choices(conn, &house.admin, &unknown));
            assert_eq!(told(answer.map(|_| ())), "product: unknown-product");
        });
    }

    #[test]
    fn a_field_means_a_code_a_title_that_no_other_has_or_both_as_they_were_offered() {
        in_a_house(|house| {
            house.at("1405/09/02");
            fault(house, "P01", "روشن نمی‌شود", "Does not turn on", None, None);
            fault(house, "N1", "صدا می‌دهد", "Noise", None, None);
            fault(house, "N2", "صدا می‌دهد", "Noises", None, None);
            let cause =
                SaveCause { code: "C-9".to_owned(), title: Title::new("ضربه", "Impact"), parent: None, kind: None };
            house.write(|tx| save_cause(tx, None, &cause));
            let meant = |typed: &str| {
                house.db.read(|conn| {
                    let id = fault_named(conn, typed)?;
                    crate::repair::diagnosis::fault_code(conn, id)
                })
            };
            for typed in [
                "P01",
                "p01",
                " ۰P01",
                "P۰۱",
                "روشن نمیشود",
                "روشن نمی شود",
                "does not turn on",
                "روشن نمی‌شود · P01",
                "یک نام دیگر · P01",
            ] {
                let is_meant = meant(typed).expect("read").is_some();
                assert_eq!(is_meant, typed != " ۰P01", "{typed}");
            }
            assert_eq!(meant("صدا می‌دهد").expect("read"), None, "two have it");
            assert_eq!(meant("صدا می‌دهد · N2").expect("read").as_deref(), Some("N2"));
            assert_eq!(meant("").expect("read"), None);
            // On the road from the counter to the bench.
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let repair = house.receive(&customer, &[(&device, "روشن نمی‌شود")]).repairs.remove(0).id;
            house.go(RECEPTIONIST, &repair, "to-diagnosis");
            house.diagnose(&repair, "روشن نمی‌شود · P01", "ضربه");
            let view = house.repair(&repair);
            assert_eq!(view.fault.map(|fault| fault.code).as_deref(), Some("P01"));
            assert_eq!(view.cause.map(|cause| cause.code).as_deref(), Some("C-9"));
            house.operation(&repair, "svc-any", None);
            assert_eq!(
                house.db.read(|conn| product_named(conn, "tv1")).expect("read"),
                house.db.read(|conn| product_named(conn, "TV-1 · TV-1")).expect("read")
            );
            let row = house.db.read(|conn| product_row(conn, "0123456789abcdef"));
            assert!(row.is_err(), "an id of nothing is nothing");
        });
    }
}
