//! Papers as they are asked for: each by who sees what it is about.

use domain::access::Action;

use crate::papers::PaperView;
use crate::papers::rows::Document;
use store::Conn;
use store::error::{Error, Result};
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{covers, documents, invoices, receptions};

/// Whether somebody is shown the sheet of a visit, which tells of all its devices and where the customer lives: who
/// sees them all, and the customer.
fn sees_sheet(conn: &mut Conn, actor: &Actor, reception: &str) -> Result<bool> {
    let is_part = crate::reception::get_reception(conn, actor, reception)?.is_part;
    Ok(!is_part && crate::reception::partly(conn, actor, reception, Action::ViewCustomers).is_ok())
}

/// A paper, for those who see what it is about.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn get_document(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<PaperView> {
    let row = documents::table
        .filter(documents::public_id.eq(public_id))
        .select(Document::as_select())
        .first::<Document>(conn)
        .optional()?
        .ok_or(Error::NotFound)?;
    match row.kind.as_str() {
        "invoice" => {
            actor.may(Action::ViewMoney, Of::Anything)?;
            let invoice = invoices::table.find(row.subject_id).select(invoices::public_id).first::<String>(conn)?;
            super::view::seen(conn, actor, &invoice, &[Action::ViewMoney])?;
        }
        "reception" => {
            let reception =
                receptions::table.find(row.subject_id).select(receptions::public_id).first::<String>(conn)?;
            if !sees_sheet(conn, actor, &reception)? {
                return Err(Error::NotFound);
            }
        }
        "card" => {
            let cover = covers::table.find(row.subject_id).select(covers::public_id).first::<String>(conn)?;
            crate::coverage::view::card_row(conn, actor, &cover)?;
        }
        _ => return Err(Error::NotFound),
    }
    Ok(PaperView {
        id: row.public_id,
        kind: row.kind,
        number: row.number,
        revision: row.revision,
        language: row.language,
        snapshot: row.snapshot,
        content: row.content,
    })
}

/// The papers of a thing that the actor sees, newest first; none of a visit of which they see a part alone.
///
/// # Errors
/// `Forbidden`, `NotFound`.
pub fn papers_of(conn: &mut Conn, actor: &Actor, kind: &str, subject: &str) -> Result<Vec<PaperView>> {
    let subject_id = match kind {
        "reception" if !sees_sheet(conn, actor, subject)? => return Ok(Vec::new()),
        "reception" => crate::reception::reception_row(conn, subject)?.id,
        "invoice" => super::view::seen(conn, actor, subject, &[Action::ViewMoney])?.id,
        _ => crate::coverage::view::card_row(conn, actor, subject)?.id,
    };
    let rows = documents::table
        .filter(documents::subject_kind.eq(kind))
        .filter(documents::subject_id.eq(subject_id))
        .order(documents::id.desc())
        .select((documents::public_id, documents::kind, documents::number, documents::revision, documents::language))
        .load::<(String, String, Option<String>, i64, String)>(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, kind, number, revision, language)| PaperView {
            id,
            kind,
            number,
            revision,
            language,
            snapshot: String::new(),
            content: None,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::paper::InvoicePaper;
    use crate::testing::in_a_house;

    #[test]
    fn an_invoice_tells_of_the_devices_that_stand_on_it_alone() {
        in_a_house(|house| {
            house.at("1405/09/02");
            let customer = house.customer("حسن مرادی", "09121112233");
            let devices = ["T-1", "T-2"].map(|serial| house.device("TV-1", serial, "1400/08/24", &[]));
            let visit = house.receive(&customer, &[(&devices[0], "no-power"), (&devices[1], "no-power")]);
            for repair in &visit.repairs {
                house.ready(&repair.id);
                house.operation(&repair.id, "SVC-ANY", None);
                house.agree(&repair.id);
            }
            for (repair, [told, untold]) in visit.repairs.iter().zip([["T-1", "T-2"], ["T-2", "T-1"]]) {
                let invoice = house.hand_over(&visit.id, &[&repair.id]).invoices.remove(0);
                let paper = house
                    .db
                    .read(|conn| get_document(conn, &house.admin, invoice.document.as_deref().unwrap_or_default()))
                    .expect("a paper");
                let paper: InvoicePaper = serde_json::from_str(&paper.snapshot).expect("a snapshot");
                let serials = paper.repairs.iter().map(|(_, _, serial)| serial.as_str()).collect::<Vec<_>>();
                assert!(serials == [told] && !serials.contains(&untold), "{serials:?}");
            }
        });
    }
}
