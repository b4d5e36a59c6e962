//! Tokens for the API: made by a person for themselves, or on the command line.

use domain::access::Action;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::ApiToken;
use super::secrets::{self, digest};
use store::error::{Error, Faults, Reason, Result};
use store::query::*;
use store::schema::api_tokens;
use store::types::At;
use store::{Conn, Event, Subject, Tx};

/// A token for a program that acts as its maker.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// What it is for.
    #[schemars(length(min = 1, max = 100), example = &"accounting")]
    pub title: String,
    /// The actions that it may do; empty: all that its person may.
    #[schemars(length(max = 100))]
    #[serde(default)]
    pub scopes: Vec<Action>,
    /// Days until it ends.
    #[schemars(range(min = 1, max = 366))]
    #[serde(default)]
    pub days: Option<i64>,
}

/// A token as its list shows it; the secret itself is told once, when it is made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TokenView {
    pub id: String,
    pub title: String,
    pub scopes: Vec<Action>,
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    #[schemars(with = "String")]
    pub expires_at: Timestamp,
    pub is_revoked: bool,
}

/// The person who acts by themselves: a token that was stolen makes no other, and ends none.
fn person(tx: &Tx<'_>) -> Result<i64> {
    if tx.actor.is_token {
        return Err(Error::Forbidden(Reason::new("by-a-person")));
    }
    tx.actor.user_id.ok_or(Error::Unauthenticated)
}

/// Makes a token and returns its secret.
///
/// # Errors
/// `Forbidden` to a token; `Invalid` without a title.
pub fn create_token(tx: &mut Tx<'_>, command: &CreateToken) -> Result<String> {
    let user_id = person(tx)?;
    let mut faults = Faults::default();
    faults.check(!command.title.trim().is_empty(), "title", "required");
    faults.told()?;
    let secret = format!("zmn_{}", secrets::token([tx.random(), tx.random()]));
    let scopes = if command.scopes.is_empty() {
        "*".to_owned()
    } else {
        command.scopes.iter().map(|action| action.name()).collect::<Vec<_>>().join(",")
    };
    let row = ApiToken {
        id: 0,
        public_id: tx.public_id(),
        user_id,
        title: command.title.trim().to_owned(),
        token_hash: digest(&secret),
        scopes,
        created_at: At::from(tx.now),
        expires_at: At::from(tx.now + (command.days.unwrap_or(90).clamp(1, 366) * 24).hours()),
        revoked_at: None,
    };
    diesel::insert_into(api_tokens::table).values(row).execute(tx.conn)?;
    tx.record(None, &Event::TokenMade { title: command.title.clone() }, &[Subject::User(user_id)])?;
    Ok(secret)
}

/// One's own tokens.
///
/// # Errors
/// The store.
pub fn list_tokens(conn: &mut Conn, user_id: i64) -> Result<Vec<TokenView>> {
    let rows = api_tokens::table
        .filter(api_tokens::user_id.eq(user_id))
        .order(api_tokens::id.desc())
        .select(ApiToken::as_select())
        .load::<ApiToken>(conn)?;
    Ok(rows
        .into_iter()
        .map(|row| TokenView {
            id: row.public_id,
            title: row.title,
            scopes: row.scopes.split(',').filter_map(Action::named).collect(),
            created_at: row.created_at.instant(),
            expires_at: row.expires_at.instant(),
            is_revoked: row.revoked_at.is_some(),
        })
        .collect())
}

/// Ends one of one's own tokens.
///
/// # Errors
/// `Forbidden` to a token; `NotFound`.
pub fn revoke_token(tx: &mut Tx<'_>, public_id: &str) -> Result<()> {
    let user_id = person(tx)?;
    let own = api_tokens::table.filter(api_tokens::public_id.eq(public_id)).filter(api_tokens::user_id.eq(user_id));
    let title = own.select(api_tokens::title).first::<String>(tx.conn).optional()?.ok_or(Error::NotFound)?;
    diesel::update(api_tokens::table.filter(api_tokens::public_id.eq(public_id)))
        .set(api_tokens::revoked_at.eq(Some(At::from(tx.now))))
        .execute(tx.conn)?;
    tx.record(None, &Event::TokenRevoked { title }, &[Subject::User(user_id)])?;
    Ok(())
}
