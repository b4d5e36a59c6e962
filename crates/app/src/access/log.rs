//! The security log: who came in, who was refused, whose rights changed, who was shown what is personal. It is that
//! part of the journal.

use domain::access::Action;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use store::error::{Error, Result};
use store::events::{OF_SECURITY, REFUSED, SIGN_IN_FAILED};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{journal, users};
use store::types::At;
use store::views::Page;
use store::{Conn, Event, among, start_of};

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct By {
    pub login: String,
    pub name: String,
}

/// An entry of the security log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SecurityEntry {
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Who did or tried it; absent: nobody who is known, or the program itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// What happened, named in the past.
    pub what: String,
    pub details: serde_json::Value,
    /// From where; absent: from the command line, or by the program itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    pub is_refused: bool,
}

/// How the security log is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListSecurityLog {
    /// Name with which somebody signs in: what they did, and who failed to be them.
    #[schemars(length(max = 60))]
    pub who: Option<String>,
    /// What happened: signed_in, access_refused, …
    #[schemars(length(max = 60))]
    pub kind: Option<String>,
    /// Only what was refused.
    pub only_refused: Option<bool>,
    /// On this day or later.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub from: Option<Date>,
    /// On this day or earlier.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub to: Option<Date>,
    /// The `next` of the page before.
    #[schemars(regex(pattern = "^[0-9]{1,18}$"))]
    pub after: Option<String>,
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<i64>,
}

/// An entry as it is read: what happened, when, by whom and from where.
type Entry = (i64, (String, String), At, (Option<String>, Option<String>), Option<String>);

/// The security log of where the actor may look into it, newest first.
///
/// # Errors
/// `Forbidden`; `Invalid` where nothing of that kind stands in it.
pub fn list_security_log(conn: &mut Conn, actor: &Actor, query: &ListSecurityLog) -> Result<Page<SecurityEntry>> {
    actor.may(Action::ViewAudit, Of::Anything)?;
    let limit = query.limit.unwrap_or(store::PAGE).clamp(1, store::MAX_PAGE);
    let kind = query.kind.as_deref().filter(|kind| !kind.is_empty());
    if kind.is_some_and(|kind| !OF_SECURITY.contains(&kind)) {
        return Err(Error::invalid("kind", "not-in-list"));
    }
    let is_wanted = |name: &&&str| {
        kind.is_none_or(|kind| kind == **name) && (query.only_refused != Some(true) || REFUSED.contains(*name))
    };
    let kinds = OF_SECURITY.iter().filter(is_wanted).map(|name| (*name).to_owned()).collect::<Vec<String>>();
    let after = query.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(i64::MAX);
    let mut select = journal::table
        .filter(actor.scope(Action::ViewAudit).security_log())
        .filter(journal::kind.eq_any(kinds))
        .filter(journal::id.lt(after))
        .order(journal::id.desc())
        .select(journal::id)
        .into_boxed();
    if let Some(who) = query.who.as_deref().map(domain::text::fold).filter(|who| !who.is_empty()) {
        let id =
            users::table.filter(users::login.eq(&who)).select(users::id).first::<i64>(conn).optional()?.unwrap_or(-1);
        // Nobody did what failed, but somebody was meant.
        let meant = serde_json::to_value(Event::SignInFailed { login: who }).map_err(Error::internal)?.to_string();
        let failed = journal::kind.eq(SIGN_IN_FAILED).and(journal::payload.eq(meant));
        select = select.filter(journal::actor_user_id.eq(id).or(failed).assume_not_null());
    }
    if let Some(from) = query.from {
        select = select.filter(journal::recorded_at.ge(At::from(start_of(from, &actor.zone)?)));
    }
    if let Some(to) = query.to {
        let next_day = to.tomorrow().map_err(|_| Error::invalid("to", "date"))?;
        select = select.filter(journal::recorded_at.lt(At::from(start_of(next_day, &actor.zone)?)));
    }
    let ids = select.limit(limit + 1).load_boxed::<i64>(conn)?;
    let rows = journal::table
        .left_join(users::table.on(journal::actor_user_id.eq(users::id.nullable())))
        .filter(among(journal::id, ids))
        .order(journal::id.desc())
        .select((
            journal::id,
            (journal::kind, journal::payload),
            journal::recorded_at,
            (users::login.nullable(), users::name.nullable()),
            journal::address,
        ))
        .load::<Entry>(conn)?;
    Ok(Page::of(
        rows,
        limit,
        |row| row.0.to_string(),
        |(_, (what, payload), at, (login, name), address)| {
            let mut details: serde_json::Value = serde_json::from_str(&payload).unwrap_or_default();
            if let Some(map) = details.as_object_mut() {
                map.remove("event");
            }
            let is_refused = REFUSED.contains(&what.as_str());
            SecurityEntry {
                at: at.instant(),
                by: login.zip(name).map(|(login, name)| By { login, name }),
                what,
                details,
                address,
                is_refused,
            }
        },
    ))
}

#[cfg(test)]
mod tests {
    use domain::access::Role;
    use domain::time::typed_date;

    use super::*;
    use crate::access::own::{SetPin, set_pin};
    use crate::access::refused::note_refused;
    use crate::access::session::{Browser, SignIn, SwitchPerson, sign_in, switch_person};
    use crate::testing::{House, MANAGER, RECEPTIONIST, TECHNICIAN, in_a_house};
    use store::rights::Member;

    fn listed(house: &House, actor: &Actor, query: &ListSecurityLog) -> Vec<SecurityEntry> {
        house.db.read(|conn| list_security_log(conn, actor, query)).expect("a log").items
    }

    fn try_to_sign_in(house: &House, login: &str, password: &str) {
        let browser = Browser { address: "10.0.0.7".to_owned(), ..Browser::default() };
        let _ = sign_in(&house.db, &SignIn { login: login.to_owned(), password: password.to_owned() }, &browser);
    }

    #[test]
    fn it_tells_who_did_what_from_where_and_whether_it_was_refused() {
        in_a_house(|house| {
            house.at("1405/09/02 10:00");
            try_to_sign_in(house, RECEPTIONIST, "wrong");
            try_to_sign_in(house, "a secret in the wrong field", "wrong");
            try_to_sign_in(house, RECEPTIONIST, "correct horse");
            house.at("1405/09/03 00:30");
            let technician = Actor { address: Some("10.0.0.9".to_owned()), ..house.person(TECHNICIAN) };
            note_refused(&house.db, &technician, "/invoices");
            // What is no matter of security stands in the journal alone.
            house.customer("زهرا کریمی", "09123456789");

            let today = typed_date("1405/09/02");
            let told = listed(house, &house.admin, &ListSecurityLog { from: today, ..ListSecurityLog::default() });
            let shown = told.iter().map(|entry| {
                let by = entry.by.as_ref().map(|by| by.login.as_str());
                (entry.what.as_str(), by, entry.address.as_deref(), entry.is_refused)
            });
            let expected = [
                ("access_refused", Some(TECHNICIAN), Some("10.0.0.9"), true),
                ("signed_in", Some(RECEPTIONIST), Some("10.0.0.7"), false),
                ("sign_in_failed", None, Some("10.0.0.7"), true),
                ("sign_in_failed", None, Some("10.0.0.7"), true),
            ];
            assert_eq!(shown.collect::<Vec<_>>(), expected);
            assert_eq!(told[0].details, serde_json::json!({"path": "/invoices"}));
            assert_eq!(
                [&told[2].details["login"], &told[3].details["login"]],
                ["", RECEPTIONIST],
                "what was typed in the wrong field is nobody's to read"
            );

            let of = |query: ListSecurityLog| {
                listed(house, &house.admin, &query).into_iter().map(|entry| entry.what).collect::<Vec<_>>()
            };
            let all = ListSecurityLog { from: today, ..ListSecurityLog::default() };
            assert_eq!(
                of(ListSecurityLog { who: Some(RECEPTIONIST.to_owned()), ..all.clone() }),
                ["signed_in", "sign_in_failed"]
            );
            assert_eq!(of(ListSecurityLog { kind: Some("signed_in".to_owned()), ..all.clone() }), ["signed_in"]);
            assert_eq!(of(ListSecurityLog { only_refused: Some(true), ..all.clone() }).len(), 3);
            assert_eq!(
                of(ListSecurityLog { to: today, ..all.clone() }).len(),
                3,
                "the next day begins where one works"
            );
            assert_eq!(of(ListSecurityLog { from: typed_date("1405/09/03"), ..all }), ["access_refused"]);
            let other = ListSecurityLog { kind: Some("customer_saved".to_owned()), ..ListSecurityLog::default() };
            assert!(matches!(
                house.db.read(|conn| list_security_log(conn, &house.admin, &other)),
                Err(Error::Invalid(_))
            ));
        });
    }

    #[test]
    fn a_wrong_pin_is_told_and_who_comes_in_at_a_counter_is_told_as_themselves() {
        in_a_house(|house| {
            house.at("1405/09/02 10:00");
            let (receptionist, manager) = (house.person(RECEPTIONIST), house.person(MANAGER));
            set_pin(&house.db, &manager, &SetPin { password: "correct horse".to_owned(), pin: "4711".to_owned() })
                .expect("a PIN");
            house.at("1405/09/03 10:00");
            let counter = Actor { address: Some("10.0.0.7".to_owned()), ..receptionist };
            let switch = |pin: &str| {
                switch_person(&house.db, &counter, "", &SwitchPerson { login: MANAGER.to_owned(), pin: pin.to_owned() })
            };
            assert!(switch("4712").is_err());
            switch("4711").expect("switched");
            let query = ListSecurityLog { from: typed_date("1405/09/03"), ..ListSecurityLog::default() };
            let told = listed(house, &house.admin, &query)
                .into_iter()
                .map(|entry| (entry.what, entry.by.map(|by| by.login), entry.address, entry.is_refused))
                .collect::<Vec<_>>();
            let entry = |what: &str, by: &str, is_refused| {
                (what.to_owned(), Some(by.to_owned()), Some("10.0.0.7".to_owned()), is_refused)
            };
            let expected = [
                entry("signed_in", MANAGER, false),
                entry("person_switched", RECEPTIONIST, false),
                entry("secret_refused", RECEPTIONIST, true),
            ];
            assert_eq!(told, expected);
        });
    }

    #[test]
    fn its_pages_leave_nothing_out() {
        in_a_house(|house| {
            for number in 0..7 {
                note_refused(&house.db, &house.person(TECHNICIAN), &format!("/{number}"));
            }
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let query =
                    ListSecurityLog { only_refused: Some(true), limit: Some(3), after, ..ListSecurityLog::default() };
                let page = house.db.read(|conn| list_security_log(conn, &house.admin, &query)).expect("a page");
                seen.extend(
                    page.items
                        .into_iter()
                        .map(|entry| entry.details["path"].as_str().map(str::to_owned).expect("a path")),
                );
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, ["/6", "/5", "/4", "/3", "/2", "/1", "/0"]);
        });
    }

    #[test]
    fn each_sees_that_of_their_own_centre_and_what_is_of_none_is_for_who_has_all() {
        in_a_house(|house| {
            try_to_sign_in(house, RECEPTIONIST, "wrong");
            note_refused(&house.db, &house.person(TECHNICIAN), "/invoices");
            let refused = ListSecurityLog { only_refused: Some(true), ..ListSecurityLog::default() };
            let sees =
                |actor: &Actor| listed(house, actor, &refused).into_iter().map(|entry| entry.what).collect::<Vec<_>>();
            let manager = house.person(MANAGER);
            assert_eq!(sees(&house.admin), ["access_refused", "sign_in_failed"]);
            assert_eq!(sees(&manager), ["access_refused"]);
            let elsewhere = Actor {
                members: vec![Member { role: Role::CentreManager, centre_id: Some(-7), brand_id: None }],
                ..manager.clone()
            };
            assert!(sees(&elsewhere).is_empty());
            let of_a_brand = Actor {
                members: vec![Member { role: Role::BrandManager, centre_id: None, brand_id: Some(1) }],
                ..manager
            };
            assert!(sees(&of_a_brand).is_empty(), "who came and went at a centre is not a brand's to know");
            let receptionist = house.person(RECEPTIONIST);
            assert!(matches!(
                house.db.read(|conn| list_security_log(conn, &receptionist, &refused)),
                Err(Error::Forbidden(_))
            ));
        });
    }
}
