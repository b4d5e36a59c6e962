//! Recomputes what is derived and compares it with what is stored; and the rules that always hold. `zamen check` prints
//! what it finds.

use std::collections::HashMap;

use domain::workflow::Stage;

use crate::workflow::chart;
use store::Conn;
use store::error::Result;
use store::query::*;
use store::schema::{
    coverage_shares, device_components, device_events, device_states, invoice_lines, invoices, ledger_entries, moves,
    number_series, payments, receptions, repairs, work_lines,
};
use store::types::{At, Day};

/// What does not agree, one sentence each; empty where all is well.
///
/// # Errors
/// The store.
pub fn findings(conn: &mut Conn) -> Result<Vec<String>> {
    let mut out = Vec::new();
    places(conn, &mut out)?;
    trees(conn, &mut out)?;
    ledger(conn, &mut out)?;
    invoices_add_up(conn, &mut out)?;
    series(conn, &mut out)?;
    shares(conn, &mut out)?;
    sold(conn, &mut out)?;
    stages(conn, &mut out)?;
    Ok(out)
}

/// A repair's stage is that of its step in its chart.
fn stages(conn: &mut Conn, out: &mut Vec<String>) -> Result<()> {
    let stand = repairs::table.select((repairs::chart_id, repairs::step, repairs::stage)).distinct().load::<(
        i64,
        String,
        Option<String>,
    )>(conn)?;
    for (chart_id, step, stage) in stand {
        let said = chart(conn, chart_id)?.stage(&step).map(Stage::name);
        if stage.as_deref() != said {
            out.push(format!("repairs on step {step} have the stage {stage:?}, and their chart says {said:?}"));
        }
    }
    Ok(())
}

/// A device is where its last move took it.
fn places(conn: &mut Conn, out: &mut Vec<String>) -> Result<()> {
    let mut last = HashMap::new();
    for (device, to) in moves::table
        .filter(moves::device_id.is_not_null())
        .order(moves::id)
        .select((moves::device_id, moves::to_location_id))
        .load::<(Option<i64>, i64)>(conn)?
    {
        last.insert(device, to);
    }
    for (device, stored) in device_states::table
        .select((device_states::device_id, device_states::location_id))
        .load::<(i64, Option<i64>)>(conn)?
    {
        if last.get(&Some(device)).copied() != stored {
            out.push(format!(
                "device {device} is stored at place {stored:?} and was moved to {:?}",
                last.get(&Some(device))
            ));
        }
    }
    // Custody and open repairs say the same.
    let in_custody = repairs::table
        .inner_join(device_states::table.on(device_states::device_id.eq(repairs::device_id)))
        .inner_join(
            store::schema::locations::table.on(device_states::location_id.eq(store::schema::locations::id.nullable())),
        )
        .filter(repairs::is_open.eq(true))
        .filter(repairs::place.eq("workshop"))
        .select((repairs::number, store::schema::locations::kind))
        .load::<(String, String)>(conn)?;
    out.extend(
        in_custody
            .into_iter()
            .filter(|(_, kind)| kind != "shelf")
            .map(|(number, kind)| format!("repair {number} is open and its device is at \"{kind}\"")),
    );
    Ok(())
}

/// A component is in one device at a time.
fn trees(conn: &mut Conn, out: &mut Vec<String>) -> Result<()> {
    let mut open = HashMap::<i64, i64>::new();
    for device in device_components::table
        .filter(device_components::until_at.is_null())
        .select(device_components::device_id)
        .load::<i64>(conn)?
    {
        *open.entry(device).or_default() += 1;
    }
    out.extend(
        open.into_iter()
            .filter(|(_, count)| *count > 1)
            .map(|(device, count)| format!("device {device} is inside {count} devices")),
    );
    Ok(())
}

/// Entries balance per paper.
fn ledger(conn: &mut Conn, out: &mut Vec<String>) -> Result<()> {
    let mut sums = HashMap::<(String, i64), i64>::new();
    let rows = ledger_entries::table
        .select((
            ledger_entries::document_kind,
            ledger_entries::document_id,
            ledger_entries::debit_minor,
            ledger_entries::credit_minor,
        ))
        .load::<(String, i64, i64, i64)>(conn)?;
    for (kind, id, debit, credit) in rows {
        *sums.entry((kind, id)).or_default() += debit - credit;
    }
    out.extend(
        sums.into_iter()
            .filter(|(_, sum)| *sum != 0)
            .map(|((kind, id), sum)| format!("entries of {kind} {id} are off by {sum}")),
    );
    Ok(())
}

/// An invoice is the sum of its lines, and what is paid the sum of its payments.
fn invoices_add_up(conn: &mut Conn, out: &mut Vec<String>) -> Result<()> {
    let mut lines = HashMap::<i64, i64>::new();
    for (invoice, total) in
        invoice_lines::table.select((invoice_lines::invoice_id, invoice_lines::total_minor)).load::<(i64, i64)>(conn)?
    {
        *lines.entry(invoice).or_default() += total;
    }
    let mut paid = HashMap::<i64, i64>::new();
    for (invoice, amount) in
        payments::table.select((payments::invoice_id, payments::amount_minor)).load::<(i64, i64)>(conn)?
    {
        *paid.entry(invoice).or_default() += amount;
    }
    for (id, number, total, stored_paid) in invoices::table
        .select((invoices::id, invoices::number, invoices::total_minor, invoices::paid_minor))
        .load::<(i64, String, i64, i64)>(conn)?
    {
        if lines.get(&id).copied().unwrap_or(0) != total {
            out.push(format!("invoice {number} is not the sum of its lines"));
        }
        if paid.get(&id).copied().unwrap_or(0) != stored_paid {
            out.push(format!("invoice {number} is not paid as its payments say"));
        }
    }
    Ok(())
}

/// Numbers are unbroken: as many papers as the series says, each number once.
fn series(conn: &mut Conn, out: &mut Vec<String>) -> Result<()> {
    let mut issued = HashMap::<String, i64>::new();
    let receptions =
        receptions::table.filter(receptions::is_import.eq(false)).select(receptions::number).load::<String>(conn)?;
    let invoices = invoices::table.select(invoices::number).load::<String>(conn)?;
    let payments = payments::table.select(payments::number).load::<String>(conn)?;
    for number in receptions.iter().chain(&invoices).chain(&payments) {
        if let Some((series, _)) = number.rsplit_once('-') {
            *issued.entry(series.to_owned()).or_default() += 1;
        }
    }
    let codes: HashMap<i64, String> = store::schema::centres::table
        .select((store::schema::centres::id, store::schema::centres::code))
        .load::<(i64, String)>(conn)?
        .into_iter()
        .collect();
    for (letter, centre, year, last) in number_series::table
        .select((number_series::kind, number_series::centre_id, number_series::year, number_series::last_number))
        .load::<(String, i64, i64, i64)>(conn)?
    {
        // Cards may bear a number of their own instead.
        if letter == "G" {
            continue;
        }
        let dash = if letter.is_empty() { "" } else { "-" };
        let name = format!("{letter}{dash}{year}-{}", codes.get(&centre).cloned().unwrap_or_default());
        let count = issued.get(&name).copied().unwrap_or(0);
        if count != last {
            out.push(format!("series {name} has given {last} numbers and {count} papers bear one"));
        }
    }
    Ok(())
}

/// The shares of a repair's decision sum to its charged lines.
fn shares(conn: &mut Conn, out: &mut Vec<String>) -> Result<()> {
    let rows = repairs::table
        .filter(repairs::decision_id.is_not_null())
        .select((repairs::id, repairs::number, repairs::decision_id))
        .load::<(i64, String, Option<i64>)>(conn)?;
    let mut shared = HashMap::<i64, i64>::new();
    for (decision, amount) in coverage_shares::table
        .select((coverage_shares::decision_id, coverage_shares::amount_minor))
        .load::<(i64, i64)>(conn)?
    {
        *shared.entry(decision).or_default() += amount;
    }
    let mut charged = HashMap::<i64, i64>::new();
    for (repair, amount) in work_lines::table
        .filter(work_lines::state.eq("open"))
        .select((work_lines::repair_id, work_lines::amount_minor))
        .load::<(i64, Option<i64>)>(conn)?
    {
        *charged.entry(repair).or_default() += amount.unwrap_or(0);
    }
    for (id, number, decision) in rows {
        let (shared, charged) =
            (shared.get(&decision.unwrap_or(0)).copied().unwrap_or(0), charged.get(&id).copied().unwrap_or(0));
        if shared != charged {
            out.push(format!("repair {number} charges {charged} and shares {shared}"));
        }
    }
    Ok(())
}

/// The day of sale is that of the earliest fact that says so.
fn sold(conn: &mut Conn, out: &mut Vec<String>) -> Result<()> {
    let mut known = HashMap::<i64, Day>::new();
    for (device, on, _) in device_events::table
        .filter(device_events::kind.eq("sold"))
        .order(device_events::id)
        .select((device_events::device_id, device_events::occurred_on, device_events::recorded_at))
        .load::<(i64, Day, At)>(conn)?
    {
        known.entry(device).and_modify(|earlier| *earlier = (*earlier).min(on)).or_insert(on);
    }
    for (device, stored) in
        device_states::table
            .select((device_states::device_id, device_states::sold_on))
            .load::<(i64, Option<Day>)>(conn)?
    {
        if known.get(&device).copied() != stored {
            out.push(format!("device {device} is stored as sold on {stored:?}"));
        }
    }
    Ok(())
}
