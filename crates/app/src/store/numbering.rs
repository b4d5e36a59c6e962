//! Document numbers: unbroken per kind, centre and Jalali year (domain rule 6).

use crate::store::query::*;
use domain::time::Calendar;
use jiff::civil::Date;

use super::rows::NumberSeries;
use super::schema::number_series;
use super::tx::Tx;
use crate::error::Result;

/// What is numbered, and the letter before its numbers; a reception has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    Reception,
    ServiceInvoice,
    WarrantyInvoice,
    InternalCost,
    CounterDocument,
    Payment,
    Card,
}

impl Series {
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::Reception => "",
            Self::ServiceInvoice => "F",
            Self::WarrantyInvoice => "W",
            Self::InternalCost => "K",
            Self::CounterDocument => "C",
            Self::Payment => "P",
            Self::Card => "G",
        }
    }
}

/// Takes the next number of a series: `F-1405-02-000318` (kind, Jalali year of the centre's local date, centre, number). Taken in the same
/// transaction as the document, so that a rolled back document leaves no gap.
///
/// # Errors
/// The store.
pub fn next(tx: &mut Tx<'_>, series: Series, centre: (i64, &str), on: Date) -> Result<String> {
    let (centre_id, centre_code) = centre;
    let year = i64::from(Calendar::Jalali.fields(on).year);
    let letter = series.letter();
    let key = number_series::table.find((letter, centre_id, year));
    let taken =
        diesel::update(key).set(number_series::last_number.eq(number_series::last_number + 1)).returning(number_series::last_number).get_result::<i64>(tx.conn).optional()?;
    let number = match taken {
        Some(number) => number,
        None => {
            let first = NumberSeries { kind: letter.to_owned(), centre_id, year, last_number: 1 };
            diesel::insert_into(number_series::table).values(first).execute(tx.conn)?;
            1
        }
    };
    let dash = if letter.is_empty() { "" } else { "-" };
    Ok(format!("{letter}{dash}{year}-{centre_code}-{number:06}"))
}
