//! The migrations of the two engines give the same tables.

use std::collections::BTreeSet;

use diesel::sql_query;
use diesel::sql_types::{Bool, Text};

use crate::testing::{Hands, each_engine};
use store::Conn;
use store::query::*;

#[derive(QueryableByName, PartialEq, Eq, PartialOrd, Ord, Debug, Clone)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    is_nullable: bool,
}

#[derive(QueryableByName, PartialEq, Eq, PartialOrd, Ord, Debug, Clone)]
struct Index {
    #[diesel(sql_type = Text)]
    table_name: String,
    /// unique, primary, foreign or plain.
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    columns: String,
}

/// One name for what the engines call differently.
fn kind(column: &str, declared: &str) -> &'static str {
    match declared.to_ascii_lowercase().as_str() {
        "bigint" | "integer" => "integer",
        "text" | "character varying" => "text",
        "boolean" => "boolean",
        "date" => "date",
        "timestamp" | "timestamp without time zone" => "timestamp",
        "blob" | "bytea" => "bytes",
        other => panic!("{column}: {other} is a type of one engine alone"),
    }
}

fn columns(conn: &mut Conn) -> BTreeSet<Column> {
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT m.name AS table_name, c.name AS column_name, c.type AS kind, (c.\"notnull\" = 0) AS is_nullable FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'"
        }
        Conn::Pg(_) => {
            "SELECT table_name::text, column_name::text, data_type::text AS kind, (is_nullable = 'YES') AS is_nullable FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    let rows = sql_query(query).load::<Column>(conn).expect("columns");
    let rows =
        rows.into_iter().filter(|row| !row.table_name.starts_with("__diesel") && !row.table_name.starts_with("sqlite"));
    rows.map(|row| Column { kind: kind(&row.column_name, &row.kind).to_owned(), ..row }).collect()
}

/// Keys and indexes, by the columns that they are over.
fn indexes(conn: &mut Conn) -> BTreeSet<Index> {
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT m.name AS table_name, CASE WHEN l.origin = 'pk' THEN 'primary' WHEN l.\"unique\" THEN 'unique' ELSE 'plain' END AS kind, \
             (SELECT group_concat(name, ',') FROM (SELECT i.name FROM pragma_index_info(l.name) i ORDER BY i.seqno)) AS columns \
             FROM sqlite_schema m, pragma_index_list(m.name) l WHERE m.type = 'table' \
             UNION SELECT m.name, 'primary', c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.pk = 1 \
               AND (SELECT count(*) FROM pragma_table_info(m.name) k WHERE k.pk > 0) = 1 \
             UNION SELECT m.name, 'foreign ' || f.\"table\", f.\"from\" FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"
        }
        Conn::Pg(_) => {
            "SELECT t.relname::text AS table_name, CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' ELSE 'plain' END AS kind, \
             (SELECT string_agg(a.attname, ',' ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY k(number, place) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number)::text AS columns \
             FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = 'public' \
             UNION SELECT t.relname::text, ('foreign ' || r.relname)::text, a.attname::text FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid \
               JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] WHERE c.contype = 'f'"
        }
    };
    let rows = sql_query(query).load::<Index>(conn).expect("indexes");
    rows.into_iter()
        .filter(|row| !row.table_name.starts_with("__diesel") && !row.table_name.starts_with("sqlite"))
        .collect()
}

#[test]
fn the_two_engines_have_the_same_tables_columns_and_keys() {
    let found = std::sync::Mutex::new(Vec::new());
    each_engine(|db, _: std::sync::Arc<Hands>, _| {
        let shape = db.read(|conn| Ok((columns(conn), indexes(conn)))).expect("read");
        found.lock().expect("the list").push(shape);
    });
    let found = found.into_inner().expect("the list");
    assert!(found[0].0.len() > 300 && found[0].1.len() > 80);
    let Some((columns, indexes)) = found.get(1) else { return };
    let only = |a: &BTreeSet<Column>, b: &BTreeSet<Column>| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(
        (only(&found[0].0, columns), only(columns, &found[0].0)),
        (vec![], vec![]),
        "columns of SQLite alone, of PostgreSQL alone"
    );
    let only = |a: &BTreeSet<Index>, b: &BTreeSet<Index>| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(
        (only(&found[0].1, indexes), only(indexes, &found[0].1)),
        (vec![], vec![]),
        "keys of SQLite alone, of PostgreSQL alone"
    );
}

/// The columns that the program was compiled with, as its schema declares them.
fn compiled() -> BTreeSet<Column> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../store/src/schema");
    let mut out = BTreeSet::new();
    for file in std::fs::read_dir(folder).expect("the schema") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("a text");
        for table in text.split("diesel::table! {").skip(1) {
            let table = table.split("\n}\n").next().unwrap_or(table);
            let table_name = table.split('(').next().unwrap_or_default().trim();
            for column in table.lines().filter_map(|line| line.trim().strip_suffix(',')) {
                let (column_name, declared) = column.split_once(" -> ").expect("name -> Type");
                let inner = declared.strip_prefix("Nullable<").and_then(|rest| rest.strip_suffix('>'));
                let kind = match inner.unwrap_or(declared) {
                    "BigInt" => "integer",
                    "Text" => "text",
                    "Bool" => "boolean",
                    "Date" => "date",
                    "Timestamp" => "timestamp",
                    "Binary" => "bytes",
                    other => panic!("{table_name}.{column_name}: {other} is read on one engine alone"),
                };
                out.insert(Column {
                    table_name: table_name.to_owned(),
                    column_name: column_name.trim_start_matches("r#").to_owned(),
                    kind: kind.to_owned(),
                    is_nullable: inner.is_some(),
                });
            }
        }
    }
    out
}

#[test]
fn the_program_is_compiled_with_the_columns_that_the_migrations_make() {
    let compiled = compiled();
    each_engine(|db, _: std::sync::Arc<Hands>, _| {
        let made = db.read(|conn| Ok(columns(conn))).expect("read");
        let only = |a: &BTreeSet<Column>, b: &BTreeSet<Column>| a.difference(b).cloned().collect::<Vec<_>>();
        assert_eq!((only(&compiled, &made), only(&made, &compiled)), (vec![], vec![]), "compiled alone, made alone");
    });
}

#[test]
fn no_table_is_near_the_columns_that_diesel_can_count() {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for column in compiled() {
        *counts.entry(column.table_name).or_default() += 1;
    }
    counts.retain(|_, count| *count > 28);
    assert!(counts.is_empty(), "of 32: {counts:?}");
}

#[test]
fn entries_from_before_brands_stood_in_the_journal_get_that_of_their_repair() {
    use store::schema::journal;
    crate::testing::in_a_house(|house| {
        house.at("1405/09/02");
        let customer = house.customer("زهرا کریمی", "09123456789");
        let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
        let repair = house.receive(&customer, &[(&device, "no-power")]).repairs.remove(0).id;
        house.ready(&repair);
        let brands = |conn: &mut Conn| {
            Ok(journal::table.order(journal::id).select(journal::brand_id).load::<Option<i64>>(conn)?)
        };
        let before = house.db.read(brands).expect("read");
        assert!(before.iter().filter(|brand| brand.is_some()).count() > 5);
        let sql = store::migrations::text(store::Engine::Sqlite, "00000000000013_chart_ids", "up.sql").expect("a text");
        house.write(|tx| {
            diesel::update(journal::table).set(journal::brand_id.eq(None::<i64>)).execute(tx.conn)?;
            sql_query(&sql[sql.find("UPDATE journal").expect("the statement")..]).execute(tx.conn)?;
            Ok(())
        });
        let after = house.db.read(brands).expect("read");
        let of_repairs = before.iter().zip(&after).filter(|(_, after)| after.is_some());
        assert!(
            of_repairs.clone().count() > 5
                && of_repairs.clone().all(|(before, after)| before.is_none() || before == after)
        );
    });
}
