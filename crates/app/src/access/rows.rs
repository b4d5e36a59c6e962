//! Rows of people who use the system and what they may do, as they are stored. An `id` of 0 is given by the store.

use store::query::*;
use store::schema::*;
use store::types::At;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub struct User {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub login: String,
    pub name: String,
    pub password_hash: String,
    pub pin_hash: Option<String>,
    pub language: String,
    pub must_change_password: bool,
    pub version: i64,
    pub created_at: At,
    pub disabled_at: Option<At>,
    /// The seed of the second factor, sealed; None: the password alone.
    pub totp_sealed: Option<String>,
    /// The last step of thirty seconds whose code was taken.
    pub totp_step: Option<i64>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = memberships, treat_none_as_default_value = false)]
pub struct Membership {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub user_id: i64,
    pub role: String,
    pub centre_id: Option<i64>,
    pub brand_id: Option<i64>,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub struct Session {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub token_hash: String,
    pub user_id: i64,
    pub centre_id: Option<i64>,
    pub csrf: String,
    pub created_at: At,
    pub seen_at: At,
    pub expires_at: At,
    /// Whether the password was right and the code of the second factor is still to come.
    pub awaits_code: bool,
}

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_tokens, treat_none_as_default_value = false)]
pub struct ApiToken {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub public_id: String,
    pub user_id: i64,
    pub title: String,
    pub token_hash: String,
    pub scopes: String,
    pub created_at: At,
    pub expires_at: At,
    pub revoked_at: Option<At>,
}
