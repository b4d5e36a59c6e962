//! Policies: drafts that are edited, and versions that are published and never change.

use domain::access::Action;
use domain::coverage::{CoverKind, Policy as Rules, Term};
use domain::strict_json::Malformed;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rows::{Policy, PolicyVersion};
use crate::catalogue::legal_entities::party_link;
use crate::catalogue::{check_code_and_title, code, entity, same_version};
use store::error::{Error, Fault, Faults, Result};
use store::query::*;
use store::rights::{Of, Scope};
use store::schema::{brands, centres, parties, policies, policy_versions};
use store::types::At;
use store::views::{Link, PartyLink, Title};
use store::{Conn, Event, Subject, Tx, link, refer};

/// A policy with its draft: either the usual questions, or the rules in full as JSON.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SavePolicy {
    #[schemars(length(min = 1, max = 60), example = &"GOLD")]
    pub code: String,
    pub title: Title,
    /// What its covers are: a card, an extension, a contract …
    #[serde(default)]
    pub cover_kind: Option<CoverKind>,
    /// Public id of the brand whose products it is for; absent: any.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub brand: Option<String>,
    /// Public id of the legal entity that pays.
    #[schemars(length(max = 60))]
    #[serde(default)]
    pub payer: Option<String>,
    /// The rules as in `docs/coverage.md`; `code` and `version` are set by the system.
    #[serde(default)]
    pub rules: Option<Value>,
    /// The rules for the usual case, instead of `rules`.
    #[serde(default)]
    pub usual: Option<UsualPolicy>,
}

/// The questions that most policies need.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsualPolicy {
    /// Months for the whole device, parts and labour.
    #[schemars(range(min = 0, max = 600))]
    pub months: i64,
    /// Event from which it counts.
    #[schemars(length(min = 1, max = 30), example = &"sold")]
    #[serde(default)]
    pub start: Option<String>,
    /// Longer or shorter terms of components, by the code of their kind: parts only.
    #[serde(default)]
    #[schemars(length(max = 30))]
    pub components: Vec<UsualComponent>,
    /// Codes of causes that are not covered.
    #[schemars(length(max = 100), inner(length(max = 60)))]
    #[serde(default)]
    pub excluded_causes: Vec<String>,
    /// Codes of items of wear.
    #[schemars(length(max = 100), inner(length(max = 60)))]
    #[serde(default)]
    pub excluded_items: Vec<String>,
    /// Days of repair warranty on fitted parts and on labour.
    #[schemars(range(min = 0, max = 3650))]
    #[serde(default)]
    pub repair_part_days: Option<i64>,
    #[schemars(range(min = 0, max = 3650))]
    #[serde(default)]
    pub repair_labour_days: Option<i64>,
}

/// A component's own term.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsualComponent {
    /// Code of a product kind.
    #[schemars(length(min = 1, max = 60), example = &"compressor")]
    pub kind: String,
    #[schemars(range(min = 0, max = 600))]
    pub months: i64,
}

impl UsualPolicy {
    /// The same as rules in full.
    #[must_use]
    pub fn rules(&self) -> Value {
        let mut terms = vec![json!({"id": "whole", "pays": {"part": 100, "labour": 100}, "months": self.months})];
        for component in &self.components {
            terms.push(json!({"id": component.kind, "scope": {"kinds": [component.kind]}, "pays": {"part": 100}, "months": component.months}));
        }
        let mut exclusions = Vec::new();
        for cause in &self.excluded_causes {
            exclusions.push(json!({"id": cause, "causes": [cause]}));
        }
        if !self.excluded_items.is_empty() {
            exclusions.push(json!({"id": "wear", "items": self.excluded_items}));
        }
        let mut rules = json!({
            "start": {"from": [self.start.as_deref().unwrap_or("sold")]}, "waiting_days": 0, "terms": terms, "exclusions": exclusions, "deductible": 0,
            "limits": {"per_months": null, "max_claims": null, "max_amount": null}, "extend_by_downtime": null,
        });
        if self.repair_part_days.or(self.repair_labour_days).is_some() {
            rules["repair_warranty"] = json!({"part_days": self.repair_part_days.unwrap_or(0), "labour_days": self.repair_labour_days.unwrap_or(0), "payer": "same"});
        }
        rules
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PolicyView {
    pub id: String,
    pub code: String,
    pub title: Title,
    pub cover_kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<PartyLink>,
    /// The draft.
    pub rules: Value,
    /// Number of the version that new cards pin; 0: none is published.
    pub published_version: i64,
    /// Whether the draft differs from it.
    pub is_changed: bool,
    pub version: i64,
    pub is_retired: bool,
}

fn policy_view(conn: &mut Conn, row: Policy) -> Result<PolicyView> {
    let brand = match row.brand_id {
        Some(id) => Some(link!(conn, brands, id)),
        None => None,
    };
    let payer = match row.payer_party_id {
        Some(id) => Some(party_link(conn, id)?),
        None => None,
    };
    let published = latest(conn, row.id)?;
    let rules: Value = serde_json::from_str(&row.draft).map_err(Error::internal)?;
    let same = published.as_ref().is_some_and(|version| is_same(&version.body, &rules));
    Ok(PolicyView {
        id: row.public_id,
        code: row.code,
        title: Title::new(row.title_fa, row.title_en),
        cover_kind: row.cover_kind,
        brand,
        payer,
        rules,
        published_version: row.latest_version,
        is_changed: !same,
        version: row.version,
        is_retired: row.retired_at.is_some(),
    })
}

/// Whether a stored version has these rules, whatever its number.
fn is_same(body: &str, rules: &Value) -> bool {
    serde_json::from_str::<Value>(body).is_ok_and(|mut body| {
        for key in ["version", "code"] {
            body[key] = rules[key].clone();
        }
        body == *rules
    })
}

/// What a right on a policy is asked about: its brand, or what all brands share.
fn of(brand_id: Option<i64>) -> Of {
    brand_id.map_or(Of::All, Of::Brand)
}

entity!(policies: Policy => PolicyView by policy_view, "policy", keep KeepPolicies of |row: &Policy| of(row.brand_id), list_policies, get_policy, policy_row, retire_policy);

/// The latest published version of a policy.
///
/// # Errors
/// The store.
pub(crate) fn latest(conn: &mut Conn, policy_id: i64) -> Result<Option<PolicyVersion>> {
    Ok(policy_versions::table
        .filter(policy_versions::policy_id.eq(policy_id))
        .order(policy_versions::number.desc())
        .select(PolicyVersion::as_select())
        .first(conn)
        .optional()?)
}

/// The latest rules of a policy; None where none is published.
///
/// # Errors
/// The store.
pub(crate) fn latest_rules(conn: &mut Conn, policy_id: i64) -> Result<Option<Rules>> {
    latest(conn, policy_id)?.map(|version| Rules::parse(&version.body).map_err(Error::internal)).transpose()
}

/// The longest promise: a hundred years. What is longer leaves the calendar.
const LONGEST_MONTHS: i64 = 1200;

/// Whether all numbers of a document are whole: rules know no others, and titles are texts.
fn has_whole_numbers(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::Array(list) => list.iter().all(has_whole_numbers),
        Value::Object(map) => map.values().all(has_whole_numbers),
        _ => true,
    }
}

/// Rules with code and version as the system sets them, checked.
fn checked(rules: &Value, code: &str, number: i64) -> Result<Value> {
    let mut body = match rules {
        Value::Object(map) => map.clone(),
        _ => return Err(Error::invalid("rules", "policy-object")),
    };
    body.insert("code".to_owned(), code.into());
    body.insert("version".to_owned(), number.into());
    let body = Value::Object(body);
    if !has_whole_numbers(&body) {
        return Err(Error::invalid("rules", "whole-numbers"));
    }
    let wrong = |path: &str, message: &str| {
        Error::Invalid(vec![Fault::new(format!("rules.{path}"), "policy-malformed").with("message", message)])
    };
    let parsed = Rules::parse(&body.to_string()).map_err(|Malformed { path, message }| wrong(&path, &message))?;
    let is_endless = |term: &Term| term.months > Some(LONGEST_MONTHS) || term.days > Some(LONGEST_MONTHS * 31);
    if let Some(at) = parsed.terms.iter().position(is_endless) {
        let fault = Fault::new(format!("rules.terms[{at}].months"), "too-long-promise").with("limit", LONGEST_MONTHS);
        return Err(Error::Invalid(vec![fault]));
    }
    if let Some(at) = parsed.terms.iter().position(|term| term.only.as_ref().is_some_and(|only| !only.lines.is_empty()))
    {
        return Err(wrong(&format!("terms[{at}].only.lines"), "lines of one repair: in goodwill alone"));
    }
    // `decide` ignores these two whatever they are; what the app uses of them must be right.
    for (key, is_usable) in
        [("repair_warranty", parsed.repair_warranty.is_some()), ("replacement", parsed.replacement.is_some())]
    {
        if body.get(key).is_some() && !is_usable {
            return Err(wrong(key, key));
        }
    }
    Ok(body)
}

/// Who says that a party pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// A policy, for all who are promised by it.
    Policy,
    /// A promise, where its policy leaves that open.
    Promise,
    /// A promise, as its policy says.
    AsItsPolicy,
}

/// Whether somebody may promise in a party's name. A maker pays for its own brands. A legal entity of the house pays
/// for what is promised by who keeps the whole of a centre of it, and everybody else for what the policy says or leaves
/// open; who keeps the policies of all brands in all centres names anybody.
///
/// # Errors
/// `Invalid` where they may not.
pub(super) fn may_promise_for(
    conn: &mut Conn,
    scope: &Scope,
    (payer, brand_id): (i64, Option<i64>),
    names: Names,
) -> Result<()> {
    if scope.holds(Of::All) {
        return Ok(());
    }
    let makes = brands::table.filter(brands::maker_party_id.eq(payer)).select(brands::id).load::<i64>(conn)?;
    let runs = centres::table.filter(centres::legal_entity_id.eq(payer)).select(centres::id).load::<i64>(conn)?;
    let is_theirs = match names {
        _ if !makes.is_empty() => makes.iter().any(|brand| brand_id == Some(*brand)),
        Names::AsItsPolicy => true,
        _ if !runs.is_empty() => runs.iter().any(|centre| scope.holds(Of::Centre(*centre))),
        Names::Promise => true,
        Names::Policy => false,
    };
    if is_theirs { Ok(()) } else { Err(Error::invalid("payer", "unknown-reference")) }
}

/// Makes a policy, or changes its draft.
///
/// # Errors
/// `Invalid` with the path inside the rules; `Conflict` on another version.
pub fn save_policy(tx: &mut Tx<'_>, id: Option<(&str, Option<i64>)>, command: &SavePolicy) -> Result<PolicyView> {
    tx.actor.may(Action::KeepPolicies, Of::Anything)?;
    let old = id.map(|(public_id, _)| policy_row(tx.conn, public_id)).transpose()?;
    if let Some(old) = &old {
        tx.actor.may(Action::KeepPolicies, of(old.brand_id))?;
    }
    if let (Some(old), Some((_, version))) = (&old, id) {
        same_version(old.version, version)?;
    }
    let code = code(&command.code);
    let mut faults = Faults::default();
    check_code_and_title!(faults, tx.conn, policies, code, command.title, old.as_ref().map(|old| old.id));
    let brand_id = refer!(faults, tx.conn, brands, command.brand.as_deref(), "brand");
    let payer_party_id = refer!(faults, tx.conn, parties, command.payer.as_deref(), "payer");
    faults.told()?;
    tx.actor.may(Action::KeepPolicies, of(brand_id))?;
    let rules = match (&command.rules, &command.usual) {
        (Some(rules), _) => rules.clone(),
        (None, Some(usual)) => usual.rules(),
        (None, None) => match &old {
            Some(old) => serde_json::from_str(&old.draft).map_err(Error::internal)?,
            None => return Err(Error::invalid("rules", "required")),
        },
    };
    let number = old.as_ref().map_or(1, |old| old.latest_version + 1);
    let draft = checked(&rules, &code, number)?;
    // Who pays is asked about where it is said anew, or what they pay.
    let is_said = old.as_ref().is_none_or(|old| {
        (old.payer_party_id, old.brand_id) != (payer_party_id, brand_id) || !is_same(&old.draft, &draft)
    });
    if let Some(payer) = payer_party_id.filter(|_| is_said) {
        let scope = tx.actor.scope(Action::KeepPolicies);
        may_promise_for(tx.conn, &scope, (payer, brand_id), Names::Policy)?;
    }
    let draft = draft.to_string();
    let cover_kind = command.cover_kind.unwrap_or(CoverKind::Card).name().to_owned();
    let public_id = old.as_ref().map_or_else(|| tx.public_id(), |old| old.public_id.clone());
    let (fa, en) = (command.title.fa.trim().to_owned(), command.title.en.trim().to_owned());
    let event = Event::Saved { what: "policy".to_owned(), code: code.clone() };
    let id = match old {
        Some(old) => {
            diesel::update(policies::table.find(old.id))
                .set((
                    (
                        policies::code.eq(code),
                        policies::title_fa.eq(fa),
                        policies::title_en.eq(en),
                        policies::brand_id.eq(brand_id),
                    ),
                    (
                        policies::payer_party_id.eq(payer_party_id),
                        policies::cover_kind.eq(cover_kind),
                        policies::draft.eq(draft),
                        policies::version.eq(old.version + 1),
                    ),
                ))
                .execute(tx.conn)?;
            old.id
        }
        None => {
            let row = Policy {
                id: 0,
                public_id: public_id.clone(),
                code,
                title_fa: fa,
                title_en: en,
                brand_id,
                payer_party_id,
                cover_kind,
                draft,
                latest_version: 0,
                version: 1,
                retired_at: None,
            };
            diesel::insert_into(policies::table).values(row).returning(policies::id).get_result(tx.conn)?
        }
    };
    tx.record(None, &event, &[Subject::Object("policy", id)])?;
    let row = policy_row(tx.conn, &public_id)?;
    policy_view(tx.conn, row)
}

/// Publishes the draft as the next version: from now on new cards pin it, and it never changes.
///
/// # Errors
/// `NotFound`, `Invalid` where the draft breaks a rule, `Conflict` where it does not differ from the version before.
pub fn publish_policy(tx: &mut Tx<'_>, public_id: &str) -> Result<PolicyView> {
    let row = policy_row(tx.conn, public_id)?;
    tx.actor.may(Action::KeepPolicies, of(row.brand_id))?;
    let view = policy_view(tx.conn, row.clone())?;
    if !view.is_changed {
        return Err(Error::conflict("nothing-to-publish"));
    }
    let number = row.latest_version + 1;
    let body = checked(&view.rules, &row.code, number)?.to_string();
    let version = PolicyVersion {
        id: 0,
        policy_id: row.id,
        number,
        body: body.clone(),
        published_at: At::from(tx.now),
        published_by: tx.actor.user_id,
    };
    diesel::insert_into(policy_versions::table).values(version).execute(tx.conn)?;
    diesel::update(policies::table.find(row.id))
        .set((policies::latest_version.eq(number), policies::draft.eq(body), policies::version.eq(row.version + 1)))
        .execute(tx.conn)?;
    tx.record(None, &Event::PolicyPublished { code: row.code.clone(), number }, &[Subject::Object("policy", row.id)])?;
    let row = policy_row(tx.conn, public_id)?;
    policy_view(tx.conn, row)
}

#[cfg(test)]
mod tests {
    use domain::access::Role;

    use super::*;
    use crate::catalogue::legal_entities::{PartyKind, SaveLegalEntity, save_legal_entity};
    use crate::catalogue::organisation::{SaveBrand, save_brand};
    use crate::catalogue::products::{SaveProduct, save_product};
    use crate::coverage::covers::{AddCover, IssueCard, add_cover, issue_card};
    use crate::devices::{NewDevice, register_device};
    use crate::testing::{House, in_a_house, told};
    use store::rights::{Actor, Member};

    /// Another maker with a brand and who manages it: maker, brand, person.
    fn another_brand(house: &House) -> (String, String, Actor) {
        let (maker, brand) = house.write(|tx| {
            let maker = save_legal_entity(
                tx,
                None,
                &SaveLegalEntity {
                    name: "Parsa".to_owned(),
                    roles: vec![PartyKind::Maker],
                    company_id: None,
                    economic_code: None,
                },
            )?
            .id;
            let brand = save_brand(
                tx,
                None,
                &SaveBrand { code: "PARSA".to_owned(), title: Title::new("پارسا", "Parsa"), maker: maker.clone() },
            )?
            .id;
            Ok((maker, brand))
        });
        let id = house
            .db
            .read(|conn| {
                Ok(brands::table.filter(brands::public_id.eq(&brand)).select(brands::id).first::<i64>(conn)?)
            })
            .expect("a brand");
        let members = vec![Member { role: Role::BrandManager, centre_id: None, brand_id: Some(id) }];
        (maker, brand, Actor { members, ..house.admin.clone() })
    }

    #[test]
    fn nobody_promises_in_the_name_of_another_brands_maker() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let (maker, brand, manager) = another_brand(house);
            let rules: Value =
                serde_json::from_str(&house.db.read(|conn| Ok(policy_row(conn, &house.gold)?.draft)).expect("rules"))
                    .expect("JSON");
            let save = |payer: &str, code: &str| {
                let command = SavePolicy {
                    code: code.to_owned(),
                    title: Title::new(code, code),
                    cover_kind: Some(CoverKind::Contract),
                    brand: Some(brand.clone()),
                    payer: Some(payer.to_owned()),
                    rules: Some(rules.clone()),
                    usual: None,
                };
                house.db.write(&manager, |tx| {
                    let id = save_policy(tx, None, &command)?.id;
                    publish_policy(tx, &id).map(|_| id)
                })
            };
            assert_eq!(told(save(&house.maker, "P-1")), "payer: unknown-reference");
            let house_itself = house
                .db
                .read(|conn| {
                    Ok(parties::table
                        .inner_join(centres::table.on(centres::legal_entity_id.eq(parties::id)))
                        .select(parties::public_id)
                        .first::<String>(conn)?)
                })
                .expect("a legal entity");
            for other in [&house.insurer, &house_itself] {
                assert_eq!(told(save(other, "P-2")), "payer: unknown-reference");
            }
            let policy = save(&maker, "P-3").expect("one's own maker");

            // Who pays for a policy of theirs was said by who may: what else is in it is changed without saying it anew.
            let set = |who: &Actor, title: &str, payer: &str| {
                let command = SavePolicy {
                    code: "P-3".to_owned(),
                    title: Title::new(title, title),
                    cover_kind: Some(CoverKind::Contract),
                    brand: Some(brand.clone()),
                    payer: Some(payer.to_owned()),
                    rules: None,
                    usual: None,
                };
                told(house.db.write(who, |tx| save_policy(tx, Some((&policy, None)), &command).map(|_| ())))
            };
            assert_eq!(set(&manager, "a", &house.insurer), "payer: unknown-reference");
            assert_eq!(set(&house.admin, "a", &house.insurer), "done");
            assert_eq!(set(&manager, "b", &house.insurer), "done");
            let mut longer = rules.clone();
            longer["terms"][0]["months"] = 60.into();
            let raise = SavePolicy {
                code: "P-3".to_owned(),
                title: Title::new("b", "b"),
                cover_kind: Some(CoverKind::Contract),
                brand: Some(brand.clone()),
                payer: Some(house.insurer.clone()),
                rules: Some(longer.clone()),
                usual: None,
            };
            let raised = |who: &Actor, command: &SavePolicy| {
                told(house.db.write(who, |tx| save_policy(tx, Some((&policy, None)), command).map(|_| ())))
            };
            assert_eq!(raised(&manager, &raise), "payer: unknown-reference", "nor more in their name");
            for (path, value) in [("months", json!(12_000)), ("title", json!(1.5)), ("only", json!({"lines": ["x"]}))] {
                let mut wrong = rules.clone();
                wrong["terms"][0][path] = value;
                let command = SavePolicy { rules: Some(wrong), ..raise.clone() };
                assert_ne!(raised(&house.admin, &command), "done", "{path}");
            }
            assert_eq!(set(&manager, "b", &house.maker), "payer: unknown-reference");
            assert_eq!(set(&manager, "b", &maker), "done");

            let product = |brand: &str, policy: &str| SaveProduct {
                code: "PX-1".to_owned(),
                title: Title::new("PX", "PX"),
                kind: String::new(),
                brand: brand.to_owned(),
                gtin: None,
                is_serialised: true,
                is_warrantied: true,
                is_part: false,
                tax_class: None,
                price: None,
                policy: Some(policy.to_owned()),
                components: Vec::new(),
            };
            let kind = house
                .db
                .read(|conn| {
                    Ok(store::schema::product_kinds::table
                        .select(store::schema::product_kinds::public_id)
                        .first::<String>(conn)?)
                })
                .expect("a kind");
            let made = |brand: &str| {
                house.write_or(|tx| {
                    save_product(tx, None, &SaveProduct { kind: kind.clone(), ..product(brand, &policy) }).map(|_| ())
                })
            };
            assert_eq!(told(made(&house.brand)), "policy: policy-of-another-brand");
            made(&brand).expect("the brand's own");

            let device = house
                .db
                .write(&manager, |tx| {
                    register_device(
                        tx,
                        &NewDevice { product: "PX-1".to_owned(), serial: "P-1".to_owned(), ..NewDevice::default() },
                    )
                })
                .expect("a device")
                .public_id;
            let add = |payer: Option<&str>, number: &str| {
                let command = AddCover {
                    kind: CoverKind::Contract,
                    number: number.to_owned(),
                    policy: policy.clone(),
                    payer: payer.map(str::to_owned),
                    starts_on: None,
                    issued_on: None,
                };
                house.db.write(&manager, |tx| add_cover(tx, &device, &command).map(|_| ()))
            };
            assert_eq!(told(add(Some(&house.maker), "K-1")), "payer: unknown-reference");
            add(Some(&maker), "K-2").expect("one's own maker");
            let foreign = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let card = IssueCard {
                device: foreign,
                policy: Some(policy.clone()),
                number: Some("G-1".to_owned()),
                starts_on: None,
                seller: None,
                issued_on: None,
            };
            let refusal = told(house.write_or(|tx| issue_card(tx, &card).map(|_| ())));
            assert_eq!(refusal, "policy: policy-of-another-brand, policy: cover-kind-of-policy");
        });
    }
}
