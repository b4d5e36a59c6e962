//! Imports through commands only, on each engine.

use domain::access::{Action, Role};

use super::*;
use crate::access::guesses::{self, Tried};
use crate::access::users::{SaveMembership, SaveUser, save_user};
use crate::customers::{SaveCustomer, save_customer};
use crate::reporting::{FailureCauses, failure_causes};
use crate::testing::{House, MANAGER, another_centre, in_a_house, told};
use store::error::Error;
use store::jobs::{Job, Retry, work};
use store::query::*;
use store::rights::Actor;
use store::schema::memberships;

const JOBS: [Job<()>; 1] = [Job {
    kind: IMPORT,
    retry: Retry { attempts: 1, first_wait: 1, limit: 600 },
    is_daily: false,
    run: |(), task| run_task(task),
}];

fn sent(text: &str) -> SentFile {
    read_file("file.csv", text.as_bytes().to_vec()).expect("a table")
}

fn started(house: &House, kind: ImportKind, text: &str, how: &RunImport) -> ImportView {
    started_by(house, &house.admin, kind, text, how)
}

fn started_by(house: &House, actor: &Actor, kind: ImportKind, text: &str, how: &RunImport) -> ImportView {
    let file = sent(text);
    let view = house.db.write(actor, |tx| {
        let kept = keep_file(tx, kind, &file, None)?;
        run_import(tx, &kept.id, how)
    });
    let view = view.expect("who may import starts");
    run(&house.db, &view.id, &mut |_| Ok(())).expect("run");
    house.db.read(|conn| get_import(conn, actor, &view.id)).expect("an import")
}

fn counts(view: &ImportView) -> (&str, i64, i64, i64) {
    (view.state.as_str(), view.good, view.known, view.bad)
}

fn problems(house: &House, view: &ImportView) -> Vec<(i64, String, String)> {
    let page = house
        .db
        .read(|conn| list_import_problems(conn, &house.admin, &view.id, &ListProblems::default()))
        .expect("problems");
    page.items.into_iter().map(|problem| (problem.row, problem.column, problem.code)).collect()
}

const DRY: RunImport = RunImport { columns: None, is_dry_run: true, is_whole: false };
const RUN: RunImport = RunImport { columns: None, is_dry_run: false, is_whole: false };
const WHOLE: RunImport = RunImport { columns: None, is_dry_run: false, is_whole: true };

const CUSTOMERS: &str = "نام,موبایل,کد ملی,شماره اشتراک\nزهرا کریمی,۰۹۱۲۳۴۵۶۷۸۹,,۱۰۲۴\nعلی مرادی,0912,,\n,09121112233,,\nزهرا کريمي,+98 912 345 6789,,1024\n";

#[test]
fn good_rows_are_written_once_and_bad_ones_are_told_by_row_and_column() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let tried = started(house, ImportKind::Customers, CUSTOMERS, &DRY);
        assert_eq!(counts(&tried), ("done", 1, 1, 2));
        let found = |typed: &str| crate::lookup::search(&house.db, &house.admin, typed).expect("searched").hits.len();
        assert_eq!(found("1024"), 0, "a trial writes nothing");

        let first = started(house, ImportKind::Customers, CUSTOMERS, &RunImport::default());
        // The last row writes the same person with other letters: her name is changed, and she is one.
        assert_eq!(counts(&first), ("done", 2, 0, 2));
        assert_eq!(
            problems(house, &first),
            [(3, "موبایل".to_owned(), "phone".to_owned()), (4, "نام".to_owned(), "required".to_owned())]
        );
        assert_eq!((found("1024"), found("09123456789")), (1, 1));
        let again =
            started(house, ImportKind::Customers, "name,subscription\nزهرا کريمي,1024\n", &RunImport::default());
        assert_eq!(counts(&again), ("done", 0, 1, 0));
    });
}

#[test]
fn a_trial_tells_whom_the_house_knows_to_who_keeps_customers_alone() {
    in_a_house(|house| {
        house.at("1405/09/02");
        house.customer("زهرا کریمی", "09123456789");
        let roles = vec![SaveMembership { role: Role::BrandManager, centre: None, brand: Some(house.brand.clone()) }];
        let user = SaveUser {
            login: "behrouz".to_owned(),
            name: "behrouz".to_owned(),
            language: None,
            password: Some("correct horse".to_owned()),
            roles,
        };
        let user = user.hashed(house.db.random()).expect("hashed");
        house.write(|tx| save_user(tx, None, &user));
        let view = started_by(
            house,
            &house.person("behrouz"),
            ImportKind::Customers,
            "name,phone\nزهرا کریمی,09123456789\nعلی مرادی,09121112233\n",
            &DRY,
        );
        assert_eq!(counts(&view), ("done", 0, 0, 2), "the known one is told as the unknown one");
    });
}

#[test]
fn devices_of_another_brand_are_no_rows_of_ours_known_or_not() {
    in_a_house(|house| {
        house.at("1405/09/02");
        house.device("TV-1", "T-1", "1404/01/15", &[]);
        let mut actor = house.person(MANAGER);
        actor.members.iter_mut().for_each(|member| member.brand_id = Some(i64::MAX));
        let rows = ["T-1", "T-2"].map(|serial| {
            let cells = ["TV-1", serial].map(str::to_owned);
            let places = [("product".to_owned(), 0), ("serial".to_owned(), 1)].into();
            told(
                house
                    .db
                    .write(&actor, |tx| super::devices::import(tx, &super::table::Row::new(&cells, &places), false)),
            )
        });
        assert_eq!(rows, ["product: unknown-product", "product: unknown-product"]);
    });
}

#[test]
fn customers_of_others_are_no_rows_of_ours_and_each_counts_as_one_looked_up() {
    in_a_house(|house| {
        house.at("1405/09/02");
        for number in 0..120 {
            house.write(|tx| {
                save_customer(
                    tx,
                    None,
                    &SaveCustomer {
                        name: "زهرا".to_owned(),
                        phones: vec![format!("0912345{number:04}")],
                        ..SaveCustomer::default()
                    },
                )
            });
        }
        // The manager of another centre.
        house.write(|tx| {
            let theirs = memberships::table.filter(memberships::role.eq(Role::CentreManager.name()));
            Ok(diesel::update(theirs).set(memberships::centre_id.eq(Some(another_centre(tx)?))).execute(tx.conn)?)
        });
        let try_rows = |kind: ImportKind, rows: &str| started_by(house, &house.person(MANAGER), kind, rows, &RUN);
        let rows = (0..120).map(|number| format!("زهرا,0912345{number:04}\n")).collect::<String>();
        // A trial leaves nothing, and tells nothing of them.
        let tried = |how: &RunImport| {
            started_by(house, &house.person(MANAGER), ImportKind::Customers, &format!("name,phone\n{rows}"), how)
        };
        assert_eq!(counts(&tried(&DRY)), ("done", 120, 0, 0));
        // Whole rows, double ones, wrong ones, and ones without a name: of a stranger as of nobody.
        let alike = |kind: ImportKind, head: &str, rows: fn(&str) -> String| {
            let try_one = |phone: &str| {
                let view = started_by(house, &house.person(MANAGER), kind, &format!("{head}\n{}", rows(phone)), &DRY);
                (view.good, view.known, problems(house, &view))
            };
            assert_eq!(try_one("09123450007"), try_one("09359990007"), "{head}");
        };
        alike(ImportKind::Customers, "name,phone", |phone| format!("زهرا,{phone}\nزهرا,{phone}\n"));
        alike(ImportKind::Customers, "name,phone,address,postal_code", |phone| format!("زهرا,{phone},x,12\n"));
        alike(ImportKind::Devices, "product,serial,owner_name,owner_phone", |phone| format!("TV-1,T-9,زهرا,{phone}\n"));
        // Also where it would be written: what is wrong with a row is wrong with it whomever it means.
        let ordinary = |kind: ImportKind, head: &str, row: fn(&str) -> String| {
            let run_one = |phone: &str| {
                let view = try_rows(kind, &format!("{head}\n{}", row(phone)));
                (view.good, view.known, problems(house, &view))
            };
            assert_eq!(run_one("09123450007"), run_one("09359990007"), "{head}");
        };
        ordinary(ImportKind::Customers, "name,phone,address,postal_code", |phone| format!("زهرا,{phone},x,12\n"));
        ordinary(ImportKind::Devices, "product,serial,owner_name,owner_phone,sold_on", |phone| {
            format!("TV-1,T-9,زهرا,{phone},yesterday\n")
        });
        house.at("1405/09/02 13:00");
        let try_all = || try_rows(ImportKind::Customers, &format!("name,phone\n{rows}علی مرادی,09121112233\n"));
        let view = try_all();
        assert_eq!(
            (view.state.as_str(), view.good, view.bad),
            ("done", 1, 120),
            "two batches, and no more after the second"
        );
        let run_devices =
            |rows: &str| try_rows(ImportKind::Devices, &format!("product,serial,owner_name,owner_phone\n{rows}"));
        let view = run_devices("TV-1,T-1,زهرا,09123450000\n");
        assert_eq!(problems(house, &view), [(2, String::new(), "too-many-strangers".to_owned())]);
        house.at("1405/09/02 20:00");
        let view = run_devices("TV-1,T-1,زهرا,09123450000\nTV-1,T-2,علی مرادی,09121112233\n");
        assert_eq!((view.state.as_str(), view.good, view.bad), ("done", 1, 1));
        assert_eq!(problems(house, &view), [(2, "owner_name".to_owned(), "customer-elsewhere".to_owned())]);
        // A namesake of theirs is theirs, though another's was there first.
        house
            .by(MANAGER, |tx| {
                save_customer(
                    tx,
                    None,
                    &SaveCustomer {
                        name: "زهرا".to_owned(),
                        phones: vec!["09123450001".to_owned()],
                        ..SaveCustomer::default()
                    },
                )
            })
            .expect("a namesake");
        let view = try_rows(ImportKind::Customers, "name,phone\nزهرا,09123450001\n");
        assert_eq!((view.good, view.known, view.bad), (0, 1, 0));
        try_all();
        let view = try_all();
        assert_eq!((view.state.as_str(), view.bad), ("refused", 1), "nothing is told of more");
        assert_eq!(problems(house, &view), [(2, String::new(), "too-many-strangers".to_owned())]);
        house.at("1405/09/09");
        // All or nothing: who is of others is told and counted, and so is who is known to nobody.
        let counted = || {
            let actor = house.person(MANAGER);
            house.db.read(|conn| guesses::wrong(conn, &Tried::look_up(&actor), house.db.now())).expect("read")
        };
        let few = "name,phone\nA,09350000001\nB,09350000002\nزهرا,09123450002\nزهرا,09123450003\n";
        let whole = started_by(house, &house.person(MANAGER), ImportKind::Customers, few, &WHOLE);
        assert_eq!(counts(&whole), ("refused", 2, 0, 2));
        let told = [4, 5].map(|row| (row, String::new(), "customer-elsewhere".to_owned()));
        assert_eq!((problems(house, &whole), counted()), (told.to_vec(), 4));
        let whole = tried(&WHOLE);
        assert_eq!((whole.state.as_str(), whole.bad), ("refused", 1), "more than are looked up");
    });
}

#[test]
fn a_narrow_token_starts_no_more_than_it_may_do_itself() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let mut narrow = house.person(MANAGER);
        narrow.is_token = true;
        let file = sent("name,phone\nزهرا,09121112233\n");
        let run_with = |scopes: &[Action]| {
            let actor = Actor { scopes: Some(scopes.to_vec()), ..narrow.clone() };
            told(house.db.write(&actor, |tx| {
                let kept = keep_file(tx, ImportKind::Customers, &file, None)?;
                run_import(tx, &kept.id, &RunImport::default())
            }))
        };
        assert_eq!(run_with(&[Action::Import]), "not-in-token");
        assert_eq!(run_with(&[Action::Import, Action::KeepCustomers]), "done");
        // A card in a file of devices may be dated back, as a ruling is.
        assert!(
            ImportKind::Devices.does().contains(&Action::OverrideCoverage)
                && ImportKind::Products.does().contains(&Action::KeepOrganisation)
        );
    });
}

#[test]
fn a_cell_takes_as_much_as_its_field_does_elsewhere() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let file = format!(
            "name,phone,note\n{},09121112233,{}\n{},09121112234,\n",
            "ن".repeat(200),
            "ی".repeat(1000),
            "ن".repeat(201)
        );
        let view = started(house, ImportKind::Customers, &file, &RunImport::default());
        assert_eq!(
            (counts(&view), problems(house, &view)),
            (("done", 1, 0, 1), vec![(3, "name".to_owned(), "too-long".to_owned())])
        );
    });
}

#[test]
fn all_or_nothing_leaves_nothing_where_one_row_is_bad() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let refused = started(house, ImportKind::Customers, CUSTOMERS, &WHOLE);
        assert_eq!(counts(&refused), ("refused", 1, 1, 2));
        let hits = crate::lookup::search(&house.db, &house.admin, "1024").expect("searched").hits;
        assert!(hits.is_empty());
        let whole = started(house, ImportKind::Customers, "name,phone\nA,09121112233\nB,09121112234\n", &WHOLE);
        assert_eq!(counts(&whole), ("done", 2, 0, 0));
    });
}

#[test]
fn products_come_with_their_kinds_and_devices_with_events_owner_and_card() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let file = "کد کالا;نام کالا;گروه کالا;برند;قیمت\nMX-10;مخلوط‌کن;مخلوط‌کن;پارس;\nMX-B;تیغه;part;پارس;۱٬۲۰۰٬۰۰۰\n";
        assert_eq!(counts(&started(house, ImportKind::Products, file, &RunImport::default())), ("done", 2, 0, 0));
        assert_eq!(counts(&started(house, ImportKind::Products, file, &RunImport::default())), ("done", 0, 2, 0));
        let dearer = file.replace("۱٬۲۰۰", "۱٬۳۰۰");
        assert_eq!(counts(&started(house, ImportKind::Products, &dearer, &RunImport::default())), ("done", 1, 1, 0));

        let file = "product,serial,sold_on,owner_name,owner_phone,card_number,card_policy\n\
                    MX-10,M-1,1404/02/10,زهرا کریمی,09123456789,G-77,GOLD\n\
                    MX-10,M-2,1409/02/10,,,,\n\
                    MX-10,M-3,1404/02/10,,,G-77,GOLD\n\
                    NONE,M-4,,,,,\n";
        let view = started(house, ImportKind::Devices, file, &RunImport::default());
        assert_eq!(counts(&view), ("done", 1, 0, 3));
        let told = problems(house, &view);
        let codes = told.iter().map(|(row, column, code)| (*row, column.as_str(), code.as_str())).collect::<Vec<_>>();
        assert_eq!(
            codes,
            [(3, "sold_on", "in-the-future"), (4, "card_number", "taken"), (5, "product", "unknown-product")]
        );
        let hit = crate::lookup::search(&house.db, &house.admin, "g77").expect("searched").hits.remove(0);
        assert_eq!((hit.kind.as_str(), hit.detail.as_str()), ("cover", "M-1"));
        assert_eq!(counts(&started(house, ImportKind::Devices, file, &RunImport::default())), ("done", 0, 1, 3));
        assert!(house.db.read(crate::check::findings).expect("checked").is_empty());
    });
}

#[test]
fn a_column_that_is_needed_must_stand_somewhere() {
    in_a_house(|house| {
        let refused = house.db.write(&house.admin, |tx| {
            let kept = keep_file(tx, ImportKind::Devices, &sent("product,when\nA,1\n"), None)?;
            run_import(tx, &kept.id, &RunImport::default())
        });
        let Err(Error::Invalid(faults)) = refused else { panic!("{refused:?}") };
        assert_eq!(faults[0].path, "columns.serial");
    });
}

#[test]
fn what_was_interrupted_goes_on_where_it_stood() {
    in_a_house(|house| {
        house.at("1405/09/02");
        let rows = (0..250).map(|index| format!("P{index},0912{:07}\n", 1_000_000 + index)).collect::<String>();
        let file = sent(&format!("name,phone\n{rows}"));
        let view = house.write(|tx| {
            let kept = keep_file(tx, ImportKind::Customers, &file, None)?;
            run_import(tx, &kept.id, &RunImport::default())
        });
        let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(&house.db, &view.id, &mut |progress| {
                assert!(progress.done < 200, "pulled the plug");
                Ok(())
            })
        }));
        assert!(stopped.is_err());
        let between = house.db.read(|conn| get_import(conn, &house.admin, &view.id)).expect("an import");
        assert_eq!((between.state.as_str(), between.done), ("running", 200));
        assert!(work(&house.db, &JOBS, &()).expect("taken up again"));
        let view = house.db.read(|conn| get_import(conn, &house.admin, &view.id)).expect("an import");
        assert_eq!(counts(&view), ("done", 250, 0, 0));
        assert!(!work(&house.db, &JOBS, &()).expect("nothing left"));
    });
}

#[test]
fn a_file_of_several_pieces_is_read_as_one_from_the_store() {
    in_a_house(|house| {
        house.at("1405/09/02");
        // Two of the pieces in which a file is fetched, and a bit; each row has its place in it.
        let long = "x".repeat(30_000);
        let text = std::iter::once("name,phone,unused\n".to_owned())
            .chain((0..290).map(|row| format!("P{row},0912{:07},{long}\n", 1_000_000 + row)))
            .collect::<String>();
        let view = started(house, ImportKind::Customers, &text, &WHOLE);
        assert_eq!((counts(&view), view.total), (("done", 290, 0, 0), 290));
        assert!(view.sample.iter().flatten().all(|cell| cell.len() <= 200) && view.has_file);
        let hits = crate::lookup::search(&house.db, &house.admin, "09121000289").expect("searched").hits;
        assert_eq!(hits.len(), 1);
    });
}

/// The real data of Fixit Clinic; told as skipped where it is not at hand.
#[test]
fn open_repair_data_becomes_past_repairs_that_reports_count() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/openrepair/OpenRepairData_v0.3_FixitClinic_202507.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("named skip: the Open Repair Data is not beside the project");
        return;
    };
    in_a_house(|house| {
        house.at("1405/09/02");
        let view = started(house, ImportKind::OpenRepair, &text, &RunImport::default());
        let rows = table::read(text.as_bytes()).expect("a table");
        assert_eq!(
            counts(&view),
            ("done", i64::try_from(rows.rows.len()).expect("a count"), 0, 0),
            "{:?}",
            problems(house, &view)
        );
        let category = rows.headings.iter().position(|heading| heading == "product_category").expect("a column");
        let mut expected = std::collections::BTreeMap::<String, i64>::new();
        for row in &rows.rows {
            *expected.entry(row[category].clone()).or_default() += 1;
        }
        let report =
            house.db.read(|conn| failure_causes(conn, &house.admin, &FailureCauses::default())).expect("a report");
        assert_eq!(
            report.into_iter().map(|row| (row.code, row.repairs)).collect::<std::collections::BTreeMap<_, _>>(),
            expected
        );
        let again = started(house, ImportKind::OpenRepair, &text, &RunImport::default());
        assert_eq!((again.good, again.known), (0, view.good));
        let wrong = house.db.read(crate::check::findings).expect("checked");
        assert!(wrong.is_empty(), "{wrong:?}");
    });
}
