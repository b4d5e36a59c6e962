//! Which rows SQL gives, beside what is said of rights in plain words: for whatever memberships, and whatever visits
//! and invoices.

use proptest::prelude::Strategy;
use proptest::test_runner::{Config, TestRunner};
use proptest::{collection, option, prop_assert_eq};

use crate::billing::rows::{Invoice, InvoiceLine};
use crate::catalogue::rows::{Brand, Centre};
use crate::devices::rows::Device;
use crate::reception::rows::Reception;
use crate::repair::rows::Repair;
use crate::testing::{House, in_a_house};
use domain::access::Role;
use store::Tx;
use store::error::Result;
use store::query::*;
use store::rights::{Member, Scope};
use store::schema::*;

/// Memberships, and what there is; centres and brands by their place among three of each.
#[derive(Clone, Debug)]
struct Case {
    pairs: Vec<(Option<usize>, Option<usize>)>,
    /// A visit: its centre, and the brands of its devices.
    visits: Vec<(usize, Vec<usize>)>,
    /// An invoice: the visit, and which of its repairs stand on it.
    invoices: Vec<(usize, usize, Option<usize>)>,
}

fn cases() -> impl Strategy<Value = Case> {
    let pair = (option::of(0..3_usize), option::of(0..3_usize));
    let visit = (0..3_usize, collection::vec(0..3_usize, 1..=3));
    let invoice = (0..8_usize, 0..3_usize, option::of(0..3_usize));
    let parts = (collection::vec(pair, 1..=3), collection::vec(visit, 1..=5), collection::vec(invoice, 0..=6));
    parts.prop_map(|(pairs, visits, invoices)| Case { pairs, visits, invoices })
}

/// Rows that came of commands, of which others are made.
struct Base {
    centres: Vec<i64>,
    brands: Vec<i64>,
    reception: Reception,
    repair: Repair,
    device: Device,
}

impl Base {
    fn of(house: &House) -> Self {
        let customer = house.customer("زهرا کریمی", "09123456789");
        let device = house.device("TV-1", "T-1", "1399/01/15", &[]);
        house.receive(&customer, &[(&device, "no-power")]);
        house.write(|tx| {
            let repair = repairs::table.select(Repair::as_select()).first::<Repair>(tx.conn)?;
            let mut base = Self {
                centres: vec![repair.centre_id],
                brands: vec![repair.brand_id],
                reception: receptions::table.find(repair.reception_id).select(Reception::as_select()).first(tx.conn)?,
                device: devices::table.find(repair.device_id).select(Device::as_select()).first(tx.conn)?,
                repair,
            };
            let centre =
                centres::table.find(base.repair.centre_id).select(Centre::as_select()).first::<Centre>(tx.conn)?;
            let brand = brands::table.find(base.repair.brand_id).select(Brand::as_select()).first::<Brand>(tx.conn)?;
            for code in ["90", "91"] {
                let centre = Centre { public_id: tx.public_id(), code: code.to_owned(), ..centre.clone() };
                base.centres.push(
                    diesel::insert_into(centres::table)
                        .values(centre)
                        .returning(centres::id)
                        .get_result::<i64>(tx.conn)?,
                );
                let brand = Brand { public_id: tx.public_id(), code: code.to_owned(), ..brand.clone() };
                base.brands.push(
                    diesel::insert_into(brands::table)
                        .values(brand)
                        .returning(brands::id)
                        .get_result::<i64>(tx.conn)?,
                );
            }
            Ok(base)
        })
    }

    /// Writes a visit. Returns its row and those of its repairs, with the brands as they were asked for.
    fn visit(&self, tx: &mut Tx<'_>, centre: usize, devices_of: &[usize]) -> Result<Visit> {
        let name = tx.public_id();
        let centre_id = self.centres[centre];
        let row = Reception {
            public_id: name.clone(),
            number: name.clone(),
            number_key: name.clone(),
            tracking_number: name,
            centre_id,
            ..self.reception.clone()
        };
        let id =
            diesel::insert_into(receptions::table).values(row).returning(receptions::id).get_result::<i64>(tx.conn)?;
        let mut visit = Visit { id, centre, repairs: Vec::new() };
        for (ordinal, brand) in (1..).zip(devices_of) {
            let (name, brand_id) = (tx.public_id(), self.brands[*brand]);
            let device = Device {
                public_id: name.clone(),
                serial: name.clone(),
                serial_key: name.clone(),
                tracking_code: None,
                brand_id,
                ..self.device.clone()
            };
            let device_id =
                diesel::insert_into(devices::table).values(device).returning(devices::id).get_result::<i64>(tx.conn)?;
            let row = Repair {
                public_id: name.clone(),
                number: name,
                reception_id: id,
                ordinal,
                centre_id,
                brand_id,
                device_id,
                is_open: false,
                ..self.repair.clone()
            };
            let repair_id =
                diesel::insert_into(repairs::table).values(row).returning(repairs::id).get_result::<i64>(tx.conn)?;
            visit.repairs.push(Work { repair_id, device_id, brand: *brand });
        }
        Ok(visit)
    }

    /// Writes an invoice of a visit for some of its repairs.
    fn invoice(&self, tx: &mut Tx<'_>, visit: &Visit, of: &[&Work]) -> Result<i64> {
        let name = tx.public_id();
        let party = self.repair.customer_id;
        let row = Invoice {
            id: 0,
            public_id: name.clone(),
            kind: "service".to_owned(),
            number: name.clone(),
            number_key: name,
            centre_id: self.centres[visit.centre],
            legal_entity_id: party,
            payer_party_id: party,
            reception_id: Some(visit.id),
            hand_over_id: None,
            issued_at: self.reception.occurred_at,
            issued_on: self.reception.occurred_on,
            issued_by: None,
            currency: "IRR".to_owned(),
            net_minor: 0,
            vat_minor: 0,
            total_minor: 0,
            paid_minor: 0,
            corrects_id: None,
            corrected_by_id: None,
            reason: None,
        };
        let invoice_id =
            diesel::insert_into(invoices::table).values(row).returning(invoices::id).get_result::<i64>(tx.conn)?;
        for (position, work) in (1..).zip(of) {
            let line = InvoiceLine {
                id: 0,
                invoice_id,
                position,
                repair_id: Some(work.repair_id),
                work_line_id: None,
                line_type: "labour".to_owned(),
                item_code: "SVC-ANY".to_owned(),
                title_fa: "-".to_owned(),
                title_en: "-".to_owned(),
                quantity_milli: 1000,
                net_minor: 0,
                vat_percent: 0,
                vat_minor: 0,
                total_minor: 0,
                internal_account: None,
            };
            diesel::insert_into(invoice_lines::table).values(line).execute(tx.conn)?;
        }
        Ok(invoice_id)
    }
}

struct Visit {
    id: i64,
    centre: usize,
    repairs: Vec<Work>,
}

struct Work {
    repair_id: i64,
    device_id: i64,
    brand: usize,
}

/// The plain words: what the memberships of a case let somebody see.
impl Case {
    fn any(&self, reaches: impl Fn(Option<usize>, Option<usize>) -> bool) -> bool {
        self.pairs.iter().any(|(centre, brand)| reaches(*centre, *brand))
    }

    /// Work is seen by who has its centre and its brand by one and the same membership.
    fn sees_work(&self, at: usize, of: usize) -> bool {
        self.any(|centre, brand| centre.is_none_or(|centre| centre == at) && brand.is_none_or(|brand| brand == of))
    }

    /// What is of a centre as a whole, by who has it for every brand.
    fn sees_all_of(&self, at: usize) -> bool {
        self.any(|centre, brand| centre.is_none_or(|centre| centre == at) && brand.is_none())
    }

    /// A device may come to any centre: it is seen by who serves its brand anywhere.
    fn sees_device(&self, of: usize) -> bool {
        self.any(|_, brand| brand.is_none_or(|brand| brand == of))
    }
}

/// The ids of a table's rows that a scope gives, of those that a case made.
macro_rules! given {
    ($tx:ident, $scope:ident, $table:ident, $made:expr) => {{
        let made: Vec<i64> = $made;
        let mut ids = $table::table
            .filter($scope.rows::<$table::table>())
            .order($table::id)
            .select($table::id)
            .load::<i64>($tx.conn)?;
        ids.retain(|id| made.contains(id));
        ids
    }};
}

/// A table, what SQL gives of it, and what it should.
type Compared = (&'static str, Vec<i64>, Vec<i64>);

fn compared(tx: &mut Tx<'_>, base: &Base, case: &Case) -> Result<Vec<Compared>> {
    let mut visits = Vec::new();
    for (centre, brands) in &case.visits {
        visits.push(base.visit(tx, *centre, brands)?);
    }
    let mut invoiced = Vec::new();
    for (visit, first, second) in &case.invoices {
        let visit = &visits[visit % visits.len()];
        let work = |index: usize| &visit.repairs[index % visit.repairs.len()];
        let of = std::iter::once(work(*first)).chain(second.map(work)).collect::<Vec<_>>();
        let sees = case.sees_all_of(visit.centre) || of.iter().all(|work| case.sees_work(visit.centre, work.brand));
        invoiced.push((base.invoice(tx, visit, &of)?, sees));
    }
    let member = |(centre, brand): &(Option<usize>, Option<usize>)| Member {
        role: Role::Technician,
        centre_id: centre.map(|centre| base.centres[centre]),
        brand_id: brand.map(|brand| base.brands[brand]),
    };
    let scope = Scope::new(None, case.pairs.iter().map(member).collect());
    let works = || visits.iter().flat_map(|visit| visit.repairs.iter().map(move |work| (visit, work)));
    let seen = |(id, sees): (i64, bool)| sees.then_some(id);
    Ok(vec![
        (
            "repairs",
            given!(tx, scope, repairs, works().map(|(_, work)| work.repair_id).collect()),
            works()
                .map(|(visit, work)| (work.repair_id, case.sees_work(visit.centre, work.brand)))
                .filter_map(seen)
                .collect(),
        ),
        (
            "receptions",
            given!(tx, scope, receptions, visits.iter().map(|visit| visit.id).collect()),
            visits
                .iter()
                .map(|visit| (visit.id, visit.repairs.iter().any(|work| case.sees_work(visit.centre, work.brand))))
                .filter_map(seen)
                .collect(),
        ),
        (
            "invoices",
            given!(tx, scope, invoices, invoiced.iter().map(|(id, _)| *id).collect()),
            invoiced.iter().copied().filter_map(seen).collect(),
        ),
        (
            "devices",
            given!(tx, scope, devices, works().map(|(_, work)| work.device_id).collect()),
            works().map(|(_, work)| (work.device_id, case.sees_device(work.brand))).filter_map(seen).collect(),
        ),
    ])
}

#[test]
fn the_rows_that_sql_gives_are_those_that_the_words_say() {
    in_a_house(|house| {
        let base = Base::of(house);
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(64) });
        let ran = runner.run(&cases(), |case| {
            // Nothing of a case is there in the next one.
            for (table, given, expected) in house.write(|tx| tx.tried(|tx| compared(tx, &base, &case))) {
                prop_assert_eq!(given, expected, "{}", table);
            }
            Ok(())
        });
        if let Err(error) = ran {
            panic!("{error}");
        }
    });
}

/// The case from which this began: all brands of one centre, and one brand of all centres.
#[test]
fn two_memberships_do_not_make_a_third() {
    in_a_house(|house| {
        let base = Base::of(house);
        let case = Case {
            pairs: vec![(Some(0), None), (None, Some(1))],
            visits: vec![(1, vec![0, 1]), (1, vec![2]), (0, vec![2])],
            invoices: vec![(0, 0, Some(1)), (0, 1, None), (2, 0, None)],
        };
        let told = house.write(|tx| tx.tried(|tx| compared(tx, &base, &case)));
        let counts = told.iter().map(|(table, given, expected)| {
            assert_eq!(given, expected, "{table}");
            (*table, given.len())
        });
        // Of the first visit its second repair, and the last visit; of the invoices the one with that repair alone, and
        // the last one.
        assert_eq!(counts.collect::<Vec<_>>(), [("repairs", 2), ("receptions", 2), ("invoices", 2), ("devices", 4)]);
    });
}
