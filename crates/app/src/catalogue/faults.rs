//! Faults and causes: coded, on two levels (a group and what stands in it), for a kind of product or for all; and which
//! diagnosed faults belong to a reported one.

use domain::access::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rows::{Cause, Fault as FaultRow, FaultRelation};
use super::{check_code_and_title, code, entity, same_version};
use store::error::{Faults, Result};
use store::query::*;
use store::rights::Of;
use store::schema::{causes, fault_relations, faults, product_kinds};
use store::views::{Link, Title};
use store::{Conn, Event, Subject, Tx, link, refer};

/// A fault: what the customer reports or the technician finds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveFault {
    #[schemars(length(min = 1, max = 60), example = &"C01")]
    pub code: String,
    pub title: Title,
    /// Its group, as `listChoices` names it; absent for a group.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub parent: Option<String>,
    /// The kind of product, as `listChoices` names it, that can have it; absent: any.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub kind: Option<String>,
    /// The faults, as `listChoices` names them, that are found where this one is reported.
    #[schemars(length(max = 100), inner(length(max = 200)))]
    #[serde(default)]
    pub related: Vec<String>,
}

/// A cause: why the fault came.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveCause {
    #[schemars(length(min = 1, max = 60), example = &"liquid")]
    pub code: String,
    pub title: Title,
    /// Its group, as `listChoices` names it; absent for a group.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub parent: Option<String>,
    /// The kind of product, as `listChoices` names it, that can have it; absent: any.
    #[schemars(length(max = 200))]
    #[serde(default)]
    pub kind: Option<String>,
}

/// A fault or a cause.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct FaultView {
    pub id: String,
    pub code: String,
    pub title: Title,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Link>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Link>,
    pub version: i64,
    pub is_retired: bool,
}

macro_rules! shape {
    ($name:ident, $row:ty, $table:ident, $related:expr) => {
        fn $name(conn: &mut Conn, row: $row) -> Result<FaultView> {
            let parent = match row.parent_id {
                Some(id) => Some(link!(conn, $table, id)),
                None => None,
            };
            let kind = match row.kind_id {
                Some(id) => Some(link!(conn, product_kinds, id)),
                None => None,
            };
            let related = $related(conn, row.id)?;
            Ok(FaultView {
                id: row.public_id,
                code: row.code,
                title: Title::new(row.title_fa, row.title_en),
                parent,
                kind,
                related,
                version: row.version,
                is_retired: row.retired_at.is_some(),
            })
        }
    };
}

shape!(fault_view, FaultRow, faults, related);
shape!(cause_view, Cause, causes, |_: &mut Conn, _| Ok::<_, store::error::Error>(Vec::new()));

fn related(conn: &mut Conn, id: i64) -> Result<Vec<Link>> {
    let ids = fault_relations::table
        .filter(fault_relations::reported_fault_id.eq(id))
        .select(fault_relations::diagnosed_fault_id)
        .load::<i64>(conn)?;
    ids.into_iter().map(|id| Ok(link!(conn, faults, id))).collect()
}

entity!(faults: FaultRow => FaultView by fault_view, "fault", keep KeepCatalogue of |_| Of::All, list_faults, get_fault, fault_row, retire_fault);
entity!(causes: Cause => FaultView by cause_view, "cause", keep KeepCatalogue of |_| Of::All, list_causes, get_cause, cause_row, retire_cause);

macro_rules! save {
    ($name:ident, $command:ty, $row:ident, $table:ident, $row_of:ident, $what:literal) => {
        fn $name(tx: &mut Tx<'_>, id: Option<(&str, Option<i64>)>, command: &$command) -> Result<i64> {
            tx.actor.may(Action::KeepCatalogue, Of::All)?;
            let old = id.map(|(public_id, _)| $row_of(tx.conn, public_id)).transpose()?;
            if let (Some(old), Some((_, version))) = (&old, id) {
                same_version(old.version, version)?;
            }
            let code = code(&command.code);
            let mut wrong = Faults::default();
            check_code_and_title!(wrong, tx.conn, $table, code, command.title, old.as_ref().map(|old| old.id));
            let parent_id = refer!(wrong, tx.conn, $table, command.parent.as_deref(), "parent");
            if let Some(parent) = parent_id {
                let above = $table::table.find(parent).select($table::parent_id).first::<Option<i64>>(tx.conn)?;
                wrong.check(above.is_none() && old.as_ref().is_none_or(|old| old.id != parent), "parent", "two-levels");
            }
            let kind_id = refer!(wrong, tx.conn, product_kinds, command.kind.as_deref(), "kind");
            wrong.told()?;
            let (fa, en) = (command.title.fa.trim().to_owned(), command.title.en.trim().to_owned());
            let event = Event::Saved { what: $what.to_owned(), code: code.clone() };
            let id = match old {
                Some(old) => {
                    diesel::update($table::table.find(old.id))
                        .set((
                            $table::code.eq(code),
                            $table::title_fa.eq(fa),
                            $table::title_en.eq(en),
                            $table::parent_id.eq(parent_id),
                            $table::kind_id.eq(kind_id),
                            $table::version.eq(old.version + 1),
                        ))
                        .execute(tx.conn)?;
                    old.id
                }
                None => {
                    let row = $row {
                        id: 0,
                        public_id: tx.public_id(),
                        parent_id,
                        code,
                        title_fa: fa,
                        title_en: en,
                        kind_id,
                        version: 1,
                        retired_at: None,
                    };
                    diesel::insert_into($table::table).values(row).returning($table::id).get_result(tx.conn)?
                }
            };
            tx.record(None, &event, &[Subject::Object($what, id)])?;
            Ok(id)
        }
    };
}

save!(save_fault_row, SaveFault, FaultRow, faults, fault_row, "fault");
save!(save_cause_row, SaveCause, Cause, causes, cause_row, "cause");

/// # Errors
/// `Invalid`, `Conflict` on another version.
pub fn save_fault(tx: &mut Tx<'_>, id: Option<(&str, Option<i64>)>, command: &SaveFault) -> Result<FaultView> {
    let fault_id = save_fault_row(tx, id, command)?;
    let mut wrong = Faults::default();
    let mut related = Vec::new();
    for (index, other) in command.related.iter().enumerate() {
        related.extend(refer!(wrong, tx.conn, faults, Some(other), format!("related[{index}]")));
    }
    wrong.told()?;
    diesel::delete(fault_relations::table.filter(fault_relations::reported_fault_id.eq(fault_id))).execute(tx.conn)?;
    related.sort_unstable();
    related.dedup();
    for diagnosed_fault_id in related {
        diesel::insert_into(fault_relations::table)
            .values(FaultRelation { reported_fault_id: fault_id, diagnosed_fault_id })
            .execute(tx.conn)?;
    }
    let row = faults::table.find(fault_id).select(FaultRow::as_select()).first(tx.conn)?;
    fault_view(tx.conn, row)
}

/// # Errors
/// `Invalid`, `Conflict` on another version.
pub fn save_cause(tx: &mut Tx<'_>, id: Option<(&str, Option<i64>)>, command: &SaveCause) -> Result<FaultView> {
    let id = save_cause_row(tx, id, command)?;
    let row = causes::table.find(id).select(Cause::as_select()).first(tx.conn)?;
    cause_view(tx.conn, row)
}
