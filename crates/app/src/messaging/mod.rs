//! Messages to customers: a row per message with its state. Which route they take is the installation's; without one they stand on the screen.

pub mod rows;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rows::Message;
use crate::error::Result;
use crate::store::query::*;
use crate::store::schema::messages;
use crate::store::types::At;
use crate::store::{Conn, Tx};

/// Puts a message into the queue.
///
/// # Errors
/// The store.
pub fn queue(tx: &mut Tx<'_>, to: &str, body: &str, purpose: &str) -> Result<()> {
    let row = Message {
        id: 0,
        public_id: tx.public_id(),
        to_number: to.to_owned(),
        body: body.to_owned(),
        purpose: purpose.to_owned(),
        state: "shown".to_owned(),
        created_at: At::from(tx.now),
        sent_at: None,
        failure: None,
    };
    diesel::insert_into(messages::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// A message as the phone on the screen shows it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MessageView {
    /// In E.164.
    pub to: String,
    pub body: String,
    pub purpose: String,
    #[schemars(with = "String")]
    pub at: Timestamp,
}

impl From<Message> for MessageView {
    fn from(row: Message) -> Self {
        Self { to: row.to_number, body: row.body, purpose: row.purpose, at: row.created_at.instant() }
    }
}

/// The latest messages.
///
/// # Errors
/// The store.
pub fn latest(conn: &mut Conn, limit: i64) -> Result<Vec<MessageView>> {
    let rows = messages::table.order(messages::id.desc()).limit(limit).select(Message::as_select()).load::<Message>(conn)?;
    Ok(rows.into_iter().map(MessageView::from).collect())
}
