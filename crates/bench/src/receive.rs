//! Receiving a device: the whole command against the same rows written by raw SQLite with the same durability.

use std::collections::HashMap;

use app::reception::{CustomerChoice, ReceiveDevice, ReceiveDevices, receive_devices};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::store::{Store, raw};
use crate::{Measured, Size, alternating, told};

/// Tables that a visit writes, those that others refer to first; and by which column others refer to them.
const TABLES: [(&str, &str); 14] = [
    ("receptions", "reception_id"),
    ("repairs", "repair_id"),
    ("repair_details", ""),
    ("reported_faults", ""),
    ("moves", ""),
    ("journal", "journal_id"),
    ("journal_subjects", ""),
    ("device_events", ""),
    ("coverage_decisions", "decision_id"),
    ("coverage_shares", ""),
    ("search_keys", ""),
    ("documents", ""),
    ("jobs", ""),
    ("case_moves", ""),
];

/// A row as it was written, with the names of its columns.
struct Written {
    table: usize,
    columns: Vec<String>,
    values: Vec<Value>,
}

pub(crate) fn run(store: &mut Store, size: Size) -> Result<Measured, String> {
    let raw = raw(&store.path)?;
    let text = |sql: &str| -> Result<Vec<String>, String> {
        let mut statement = raw.prepare(sql).map_err(told)?;
        statement.query_map([], |row| row.get(0)).map_err(told)?.collect::<Result<_, _>>().map_err(told)
    };
    let wanted = size.batch * (size.rounds + 1) + 1;
    let mut devices = text(&format!("SELECT public_id FROM devices d JOIN device_states s ON s.device_id = d.id WHERE has_serial AND s.owner_party_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM repairs r WHERE r.device_id = d.id AND r.is_open) ORDER BY d.id DESC LIMIT {wanted}"))?.into_iter();
    let customer = text(
        "SELECT p.public_id FROM parties p JOIN party_roles r ON r.party_id = p.id AND r.role = 'customer' LIMIT 1",
    )?
    .remove(0);
    let mut receive = |count: usize| -> Result<(), String> {
        for device in devices.by_ref().take(count) {
            let command = ReceiveDevices {
                centre: None,
                place: None,
                customer: CustomerChoice { id: Some(customer.clone()), new: None },
                devices: vec![ReceiveDevice {
                    device: Some(device),
                    faults: vec!["C01".to_owned()],
                    ..ReceiveDevice::default()
                }],
                note: None,
            };
            store.db.write(&store.receptionist, |tx| receive_devices(tx, &command)).map_err(told)?;
        }
        Ok(())
    };
    let before = tops(&raw)?;
    receive(1)?;
    let rows = written(&raw, &before)?;
    receive(size.batch.min(5))?;
    let mut count = 0;
    let (ours, limit) = alternating(
        size.rounds,
        size.batch,
        || receive(size.batch),
        || {
            for _ in 0..size.batch {
                count += 1;
                write(&raw, &rows, count)?;
            }
            Ok(())
        },
    )?;
    Ok(Measured { ours, limit, bar: 0.5 })
}

fn tops(raw: &Connection) -> Result<Vec<i64>, String> {
    TABLES
        .iter()
        .map(|(table, _)| {
            raw.query_row(&format!("SELECT coalesce(max(rowid), 0) FROM {table}"), [], |row| row.get(0)).map_err(told)
        })
        .collect()
}

/// The rows that came since.
fn written(raw: &Connection, before: &[i64]) -> Result<Vec<Written>, String> {
    let mut out = Vec::new();
    for (table, top) in before.iter().enumerate() {
        let name = TABLES[table].0;
        // A table whose key is no number has rows of a visit that its reception or repair tells.
        let mut statement = raw.prepare(&format!("SELECT * FROM {name} WHERE rowid > {top}")).map_err(told)?;
        let columns = statement.column_names().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut rows = statement.query([]).map_err(told)?;
        while let Some(row) = rows.next().map_err(told)? {
            let values =
                (0..columns.len()).map(|index| row.get::<_, Value>(index)).collect::<Result<_, _>>().map_err(told)?;
            out.push(Written { table, columns: columns.clone(), values });
        }
    }
    Ok(out)
}

/// Writes the same rows once more, under names of their own, in one transaction.
fn write(raw: &Connection, rows: &[Written], count: usize) -> Result<(), String> {
    raw.execute_batch("BEGIN IMMEDIATE").map_err(told)?;
    let mut ids: HashMap<(&str, i64), i64> = HashMap::new();
    for row in rows {
        let (table, referred) = TABLES[row.table];
        let names =
            row.columns.iter().filter(|column| *column != "id").map(String::as_str).collect::<Vec<_>>().join(", ");
        let values =
            row.columns.iter().zip(&row.values).filter(|(column, _)| *column != "id").map(|(column, value)| {
                match (column.as_str(), value) {
                    ("public_id" | "number" | "number_key" | "tracking_number" | "key", Value::Text(text)) => {
                        Value::Text(format!("{text}b{count}"))
                    }
                    (column, Value::Integer(id)) => Value::Integer(ids.get(&(column, *id)).copied().unwrap_or(*id)),
                    (_, value) => value.clone(),
                }
            });
        let marks = vec!["?"; row.columns.iter().filter(|column| *column != "id").count()].join(", ");
        let mut statement =
            raw.prepare_cached(&format!("INSERT INTO {table} ({names}) VALUES ({marks})")).map_err(told)?;
        statement.execute(params_from_iter(values)).map_err(told)?;
        if let (false, Some(Value::Integer(old))) =
            (referred.is_empty(), row.columns.iter().position(|column| column == "id").map(|at| &row.values[at]))
        {
            ids.insert((referred, *old), raw.last_insert_rowid());
        }
    }
    raw.execute_batch("COMMIT").map_err(told)
}
