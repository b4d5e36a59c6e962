//! Where a right holds: the pairs of centre and brand for which it was given, and the one place in which rows are
//! narrowed by them (domain rule 9).
//!
//! A membership gives the rights of its role in one centre (or in all) and for one brand (or for all). What is asked
//! about belongs to a centre and a brand (a repair), to a centre (a section), to a brand (a device), to several of them
//! (a visit, an invoice), or to the whole installation. A pair that is narrower than the thing sees it where it has a
//! part in it, and changes it only where the thing is wholly its own.
//!
//! To narrow a table: one `impl Guarded` here, `.filter(actor.scope(action).rows::<table>())` where it is read. The
//! condition names columns of its table only, so that the compiler refuses it elsewhere.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType};
use domain::access::Role;

use super::Member;
use crate::query::*;
use crate::schema::{
    centres, devices, imports, invoices, journal, ledger_entries, messages, parties, receptions, repairs, sections,
    staff,
};

/// What a right is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Whatever it may be: whether asking is of any use.
    Anything,
    /// What a centre does for a brand: a repair.
    Work(i64, i64),
    /// A part of what a centre has or does.
    InCentre(i64),
    /// All that a centre has: its sections, its people.
    Centre(i64),
    /// A part of what is of a brand: one of its devices, which every centre may serve.
    InBrand(i64),
    /// All that is of a brand, in whatever centre: its products, its policies.
    Brand(i64),
    /// What all centres and brands share.
    All,
}

/// The pairs for which an actor has a right.
#[derive(Clone, Debug)]
pub struct Scope {
    user_id: Option<i64>,
    pairs: Vec<Member>,
}

impl Member {
    /// Whether this membership reaches what is asked about.
    #[must_use]
    pub fn reaches(self, of: Of) -> bool {
        let in_centre = |id: i64| self.centre_id.is_none_or(|mine| mine == id);
        let in_brand = |id: i64| self.brand_id.is_none_or(|mine| mine == id);
        match of {
            Of::Anything => true,
            Of::Work(centre, brand) => in_centre(centre) && in_brand(brand),
            Of::InCentre(centre) => in_centre(centre),
            Of::Centre(centre) => in_centre(centre) && self.brand_id.is_none(),
            Of::InBrand(brand) => in_brand(brand),
            Of::Brand(brand) => in_brand(brand) && self.centre_id.is_none(),
            Of::All => self.centre_id.is_none() && self.brand_id.is_none(),
        }
    }

    /// Whether this membership holds wherever another does.
    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        let within = |mine: Option<i64>, theirs: Option<i64>| mine.is_none() || mine == theirs;
        within(self.centre_id, other.centre_id) && within(self.brand_id, other.brand_id)
    }
}

impl Scope {
    #[must_use]
    pub fn new(user_id: Option<i64>, pairs: Vec<Member>) -> Self {
        Self { user_id, pairs }
    }

    /// Everything: for what was narrowed already by the thing that it is about.
    #[must_use]
    pub fn everything() -> Self {
        Self { user_id: None, pairs: vec![Member { role: Role::Administrator, centre_id: None, brand_id: None }] }
    }

    /// Whether what happened in a centre, and for a brand where it was about one, is within the pairs as a whole.
    #[must_use]
    pub fn holds_wholly(&self, centre_id: Option<i64>, brand_id: Option<i64>) -> bool {
        self.holds(match (centre_id, brand_id) {
            (Some(centre), Some(brand)) => Of::Work(centre, brand),
            (Some(centre), None) => Of::Centre(centre),
            (None, Some(brand)) => Of::Brand(brand),
            (None, None) => Of::All,
        })
    }

    #[must_use]
    pub fn holds(&self, of: Of) -> bool {
        self.pairs.iter().any(|pair| pair.reaches(of))
    }

    /// Whether one of the pairs holds wherever a membership does.
    #[must_use]
    pub fn includes(&self, member: Member) -> bool {
        self.pairs.iter().any(|pair| pair.includes(member))
    }

    /// The condition that a row of a table is within the scope.
    #[must_use]
    pub fn rows<T: Guarded>(&self) -> Within<T> {
        Within { sql: if self.holds(Of::All) { Sql::text("TRUE") } else { T::within(self) }, table: PhantomData }
    }

    /// The entries of the security log within the scope: what was about the work on one device, to who sees it; what
    /// somebody did or tried otherwise, to who has their centre as a whole; what was in no centre, to who has all
    /// of them.
    #[must_use]
    pub fn security_log(&self) -> Within<journal::table> {
        let theirs = self.pairs("journal.centre_id", "journal.brand_id");
        let here = Sql::text("journal.brand_id IS NULL AND ").and(self.whole_centres("journal.centre_id"));
        Within {
            sql: if self.holds(Of::All) { Sql::text("TRUE") } else { Sql::any([theirs, here]) },
            table: PhantomData,
        }
    }

    /// The rows of whole pairs: `centre` and `brand` are the columns in which they stand.
    fn pairs(&self, centre: &str, brand: &str) -> Sql {
        Sql::any(self.pairs.iter().map(|pair| match (pair.centre_id, pair.brand_id) {
            (None, None) => Sql::text("TRUE"),
            (Some(id), None) => Sql::equal(centre, id),
            (None, Some(id)) => Sql::equal(brand, id),
            (Some(mine), Some(theirs)) => Sql::equal(centre, mine).then(" AND ").and(Sql::equal(brand, theirs)),
        }))
    }

    /// The rows of centres in which the actor has a part.
    fn in_centres(&self, centre: &str) -> Sql {
        Sql::any(
            self.pairs.iter().map(|pair| pair.centre_id.map_or_else(|| Sql::text("TRUE"), |id| Sql::equal(centre, id))),
        )
    }

    /// The rows of centres in which the right holds for every brand.
    fn whole_centres(&self, centre: &str) -> Sql {
        let whole = self.pairs.iter().filter(|pair| pair.brand_id.is_none());
        Sql::any(whole.map(|pair| pair.centre_id.map_or_else(|| Sql::text("TRUE"), |id| Sql::equal(centre, id))))
    }

    /// The rows of brands in which the actor has a part.
    fn in_brands(&self, brand: &str) -> Sql {
        Sql::any(
            self.pairs.iter().map(|pair| pair.brand_id.map_or_else(|| Sql::text("TRUE"), |id| Sql::equal(brand, id))),
        )
    }

    /// The rows of brands for which the right holds in every centre.
    fn whole_brands(&self, brand: &str) -> Sql {
        let whole = self.pairs.iter().filter(|pair| pair.centre_id.is_none());
        Sql::any(whole.map(|pair| pair.brand_id.map_or_else(|| Sql::text("TRUE"), |id| Sql::equal(brand, id))))
    }

    /// Whether some pair is narrower than its centre, so that what stands in a centre must be looked at by its repairs.
    fn has_brands(&self) -> bool {
        self.pairs.iter().any(|pair| pair.brand_id.is_some())
    }
}

/// A table whose rows are somebody's: how they are narrowed.
pub trait Guarded: Table {
    fn within(scope: &Scope) -> Sql;
}

impl Guarded for repairs::table {
    fn within(scope: &Scope) -> Sql {
        scope.pairs("repairs.centre_id", "repairs.brand_id")
    }
}

/// A visit is seen by who sees one of its repairs; of these each sees their own.
impl Guarded for receptions::table {
    fn within(scope: &Scope) -> Sql {
        let whole = scope.whole_centres("receptions.centre_id");
        if !scope.has_brands() {
            return whole;
        }
        let part = Sql::text("EXISTS (SELECT 1 FROM repairs AS seen WHERE seen.reception_id = receptions.id AND ")
            .and(scope.pairs("seen.centre_id", "seen.brand_id"))
            .then(")");
        Sql::any([whole, part])
    }
}

/// An invoice is seen by who sees all that stands on it.
impl Guarded for invoices::table {
    fn within(scope: &Scope) -> Sql {
        let whole = scope.whole_centres("invoices.centre_id");
        if !scope.has_brands() {
            return whole;
        }
        const LINES: &str = "EXISTS (SELECT 1 FROM invoice_lines AS line JOIN repairs AS seen ON seen.id = line.repair_id WHERE line.invoice_id = invoices.id";
        let foreign =
            Sql::text(&format!("NOT {LINES} AND NOT ")).and(scope.pairs("seen.centre_id", "seen.brand_id")).then(")");
        Sql::any([whole, Sql::text(LINES).then(") AND ").and(foreign)])
    }
}

/// What is booked on an account is seen by who sees the invoice for which it was.
impl Guarded for ledger_entries::table {
    fn within(scope: &Scope) -> Sql {
        let seen = || invoices::table::within(scope);
        let invoiced =
            Sql::text("ledger_entries.document_kind <> 'payment' AND EXISTS (SELECT 1 FROM invoices WHERE invoices.id = ledger_entries.document_id AND ").and(seen()).then(")");
        let paid = "ledger_entries.document_kind = 'payment' AND EXISTS (SELECT 1 FROM payments JOIN invoices ON invoices.id = payments.invoice_id \
                    WHERE payments.id = ledger_entries.document_id AND ";
        Sql::any([invoiced, Sql::text(paid).and(seen()).then(")")])
    }
}

/// A customer is known to who has served them, who owns the brand of what is theirs, where they were written down, and
/// to who wrote them down or looked them up by a number, for as long as they work where they did.
impl Guarded for parties::table {
    fn within(scope: &Scope) -> Sql {
        scope.customers("entry.kind IN ('customer_saved', 'customer_looked_up')")
    }
}

impl Scope {
    /// The customers whom somebody may change: those whom they know, but not by a look-up alone.
    #[must_use]
    pub fn kept_customers(&self) -> Within<parties::table> {
        Within {
            sql: if self.holds(Of::All) { Sql::text("TRUE") } else { self.customers("entry.kind = 'customer_saved'") },
            table: PhantomData,
        }
    }

    /// Customers by what joins somebody to them; `by_me` is the condition of what they noted themselves.
    fn customers(&self, by_me: &'static str) -> Sql {
        // A visit that was cancelled served nobody.
        let served = "EXISTS (SELECT 1 FROM repairs AS seen WHERE seen.customer_id = parties.id AND (seen.outcome IS NULL OR seen.outcome <> 'cancelled') AND ";
        let served = Sql::text(served).and(self.pairs("seen.centre_id", "seen.brand_id")).then(")");
        let owns = "EXISTS (SELECT 1 FROM device_states AS held JOIN devices AS owned ON owned.id = held.device_id WHERE held.owner_party_id = parties.id AND ";
        let owns = Sql::text(owns).and(self.whole_brands("owned.brand_id")).then(")");
        let noted = "EXISTS (SELECT 1 FROM journal_subjects AS told JOIN journal AS entry ON entry.id = told.journal_id \
                     WHERE told.subject_kind = 'customer' AND told.subject_id = parties.id AND ";
        let mine = Sql::equal("entry.actor_user_id", self.user_id.unwrap_or(-1))
            .then(" AND ")
            .and(self.in_centres("entry.centre_id"));
        let by_me = Sql::text(by_me).then(" AND ").and(mine);
        let here = Sql::text("entry.kind = 'customer_saved' AND ").and(self.whole_centres("entry.centre_id"));
        Sql::any([served, owns, Sql::text(noted).and(Sql::any([by_me, here])).then(")")])
    }
}

/// What happened is told to who sees the work that it was about; what was about no one device, to who has a part in its
/// centre.
impl Guarded for journal::table {
    fn within(scope: &Scope) -> Sql {
        let theirs = scope.pairs("journal.centre_id", "journal.brand_id");
        let here = Sql::any([Sql::text("journal.centre_id IS NULL"), scope.in_centres("journal.centre_id")]);
        Sql::any([theirs, Sql::text("journal.brand_id IS NULL AND ").and(here)])
    }
}

impl Guarded for devices::table {
    fn within(scope: &Scope) -> Sql {
        scope.in_brands("devices.brand_id")
    }
}

impl Guarded for centres::table {
    fn within(scope: &Scope) -> Sql {
        scope.in_centres("centres.id")
    }
}

impl Guarded for sections::table {
    fn within(scope: &Scope) -> Sql {
        scope.in_centres("sections.centre_id")
    }
}

impl Guarded for staff::table {
    fn within(scope: &Scope) -> Sql {
        scope.in_centres("staff.centre_id")
    }
}

/// A message tells a customer's phone, and bears no brand.
impl Guarded for messages::table {
    fn within(scope: &Scope) -> Sql {
        scope.whole_centres("messages.centre_id")
    }
}

/// A file that was sent is its sender's, with all that stands in it.
impl Guarded for imports::table {
    fn within(scope: &Scope) -> Sql {
        Sql::equal("imports.created_by", scope.user_id.unwrap_or(-1))
    }
}

/// The text of a condition with the ids in it, which are bound.
#[derive(Clone, Debug, Default)]
pub struct Sql(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Id(i64),
}

impl Sql {
    fn text(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    fn equal(column: &str, id: i64) -> Self {
        Self(vec![Piece::Text(format!("{column} = ")), Piece::Id(id)])
    }

    fn then(mut self, text: &str) -> Self {
        self.0.push(Piece::Text(text.to_owned()));
        self
    }

    fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// One of several conditions; of none, never.
    fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        let mut out = Self::default();
        for condition in conditions {
            let before = if out.0.is_empty() { "(" } else { " OR " };
            out = out.then(before).and(condition);
        }
        if out.0.is_empty() { Self::text("FALSE") } else { out.then(")") }
    }
}

/// The condition that a row of `T` is within a scope.
#[derive(Clone, Debug)]
pub struct Within<T> {
    sql: Sql,
    table: PhantomData<T>,
}

impl<T> Expression for Within<T> {
    type SqlType = Bool;
}

impl<T> ValidGrouping<()> for Within<T> {
    type IsAggregate = is_aggregate::No;
}

impl<T: Table, Q> AppearsOnTable<Q> for Within<T> where T::PrimaryKey: AppearsOnTable<Q> {}

impl<T: Table, Q> SelectableExpression<Q> for Within<T> where Self: AppearsOnTable<Q> {}

impl<T> QueryId for Within<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T, DB> QueryFragment<DB> for Within<T>
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for piece in &self.sql.0 {
            match piece {
                Piece::Text(text) => out.push_sql(text),
                Piece::Id(id) => out.push_bind_param::<BigInt, _>(id)?,
            }
        }
        Ok(())
    }
}
