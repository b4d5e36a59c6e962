//! The queue of what is done beside the pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use store::Db;
use store::error::{Error, Result};
use store::jobs::{Held, Job, Kind, Retry, parked, work};
use store::query::*;
use store::rights::Actor;
use store::schema::jobs;

use crate::jobs::{ListTasks, TaskState, TaskView, list_tasks, start_task_again};
use crate::testing::{Hands, House, RECEPTIONIST, each_engine, in_a_house, told};

/// What was done, in order; where it is on the list, what is done fails.
#[derive(Default)]
struct Hand {
    done: Mutex<Vec<String>>,
    fails: Mutex<BTreeSet<String>>,
}

const LATE: Kind = Kind { name: "late", priority: 9 };
const SOON: Kind = Kind { name: "soon", priority: 1 };
const RETRY: Retry = Retry { attempts: 3, first_wait: 10, limit: 60 };
const JOBS: &[Job<Hand>] =
    &[Job { kind: LATE, retry: RETRY, is_daily: false, run }, Job { kind: SOON, retry: RETRY, is_daily: false, run }];

fn run(hand: &Hand, task: &Held<'_>) -> Result<()> {
    hand.done.lock().expect("the list").push(task.key().to_owned());
    let fails = hand.fails.lock().expect("the list").contains(task.key());
    if fails { Err(Error::internal("the printer is out of paper")) } else { Ok(()) }
}

fn queue(db: &Db, kind: Kind, key: &str) {
    db.write(&Actor::system(), |tx| tx.queue(kind, key)).expect("queued");
}

impl Hand {
    fn went(&self) -> Vec<String> {
        std::mem::take(&mut *self.done.lock().expect("the list"))
    }

    fn works(&self, db: &Db) -> Vec<String> {
        while work(db, JOBS, self).expect("worked") {}
        self.went()
    }
}

fn tasks(house: &House, state: Option<TaskState>) -> Vec<TaskView> {
    let query = ListTasks { state, ..ListTasks::default() };
    house.db.read(|conn| list_tasks(conn, &house.admin, &query)).expect("tasks").items
}

#[test]
fn the_most_urgent_goes_first_and_a_key_is_done_once() {
    each_engine(|db, clock, _dir| {
        clock.set("2026-11-24T08:00:00Z");
        let hand = Hand::default();
        for (kind, key) in [(LATE, "b"), (LATE, "a"), (SOON, "c"), (LATE, "b")] {
            queue(&db, kind, key);
        }
        assert_eq!(hand.works(&db), ["c", "b", "a"]);
        assert!(hand.works(&db).is_empty());
        queue(&db, LATE, "b");
        assert_eq!(hand.works(&db), ["b"], "it may come again once it was done");
    });
}

#[test]
fn what_fails_is_tried_later_and_later_then_parked_until_somebody_starts_it_again() {
    in_a_house(|house| {
        let hand = Hand::default();
        while work(&house.db, JOBS, &hand).expect("worked") {}
        hand.fails.lock().expect("the list").insert("a".to_owned());
        house.at("1405/09/03 08:00");
        queue(&house.db, LATE, "a");
        assert_eq!(hand.works(&house.db), ["a"]);
        let ours = |state| tasks(house, state).into_iter().find(|task| task.job == "late");
        let tried = ours(Some(TaskState::Tried)).expect("tried");
        assert!(tried.error.is_some_and(|error| error.contains("out of paper")) && tried.attempts == 1);
        let wait = |task: &TaskView| task.due_at.map(|due| due.as_second() - house.db.now().as_second());
        assert!(ours(None).as_ref().and_then(wait).is_some_and(|wait| (10..=15).contains(&wait)));
        assert!(hand.works(&house.db).is_empty(), "not yet");
        house.at("1405/09/03 08:01");
        assert_eq!(hand.works(&house.db), ["a"]);
        assert!(ours(None).as_ref().and_then(wait).is_some_and(|wait| (20..=30).contains(&wait)), "twice as long");
        house.at("1405/09/03 08:02");
        assert_eq!(hand.works(&house.db), ["a"]);
        house.at("1405/09/04 08:00");
        assert!(hand.works(&house.db).is_empty(), "three times is enough");
        let parked = ours(Some(TaskState::Parked)).expect("parked");
        assert!(parked.error.is_some() && parked.due_at.is_none() && parked.parked_at.is_some());

        let again = |actor: &Actor| told(house.db.write(actor, |tx| start_task_again(tx, &parked.id).map(|_| ())));
        let listed =
            |actor: &Actor| told(house.db.read(|conn| list_tasks(conn, actor, &ListTasks::default())).map(|_| ()));
        // Who administers one centre keeps the access of that centre, and not the installation.
        let mut of_a_centre = house.admin.clone();
        of_a_centre.members.iter_mut().for_each(|member| member.centre_id = Some(1));
        for (actor, refused) in [(&house.person(RECEPTIONIST), "not-your-right"), (&of_a_centre, "not-your-right-here")]
        {
            assert_eq!([again(actor), listed(actor)], [refused, refused]);
        }
        assert_eq!(listed(&house.admin), "done");
        hand.fails.lock().expect("the list").clear();
        assert_eq!(again(&house.admin), "done");
        assert_eq!(again(&house.admin), "not-parked");
        assert_eq!(hand.works(&house.db), ["a"]);
        assert!(ours(None).is_none());
    });
}

#[test]
fn what_is_not_to_be_done_before_an_instant_waits_and_what_nobody_wants_any_more_is_not_done() {
    each_engine(|db, clock, _dir| {
        let hand = Hand::default();
        clock.set("2026-11-24T08:00:00Z");
        let at = |instant: &str| instant.parse::<jiff::Timestamp>().expect("an instant");
        let queue_at = |key: &str, instant: &str| {
            db.write(&Actor::system(), |tx| tx.queue_at(LATE, key, at(instant))).expect("queued");
        };
        queue_at("a", "2026-11-24T09:00:00Z");
        queue_at("a", "2026-11-24T10:00:00Z");
        queue_at("b", "2026-11-24T09:00:00Z");
        queue_at("c", "2026-11-24T10:00:00Z");
        queue_at("c", "2026-11-24T08:30:00Z");
        assert!(hand.works(&db).is_empty());
        db.write(&Actor::system(), |tx| tx.take_back(LATE, "b")).expect("taken back");
        clock.set("2026-11-24T08:30:00Z");
        assert_eq!(hand.works(&db), ["c"], "at the sooner time");
        clock.set("2026-11-24T09:00:00Z");
        assert_eq!(hand.works(&db), ["a"]);
        clock.set("2026-11-24T11:00:00Z");
        assert!(hand.works(&db).is_empty());
    });
}

#[test]
fn who_held_a_task_for_too_long_changes_nothing_any_more() {
    struct Slow {
        db: Db,
        clock: Arc<Hands>,
        went_on: Mutex<Vec<bool>>,
    }
    fn slow(with: &Slow, task: &Held<'_>) -> Result<()> {
        let tell = |went_on: Result<()>| with.went_on.lock().expect("the list").push(went_on.is_ok());
        tell(task.went_on());
        assert!(!work(&with.db, JOBS, &Hand::default()).expect("worked"), "it is in hand");
        with.clock.set("2026-11-24T08:00:31Z");
        let hand = Hand::default();
        assert!(work(&with.db, JOBS, &hand).expect("worked"), "another worker has it now");
        assert_eq!(hand.went(), [task.key().to_owned()]);
        queue(&with.db, LATE, task.key());
        tell(task.went_on());
        Ok(())
    }
    each_engine(|db, clock, _dir| {
        clock.set("2026-11-24T08:00:00Z");
        queue(&db, LATE, "a");
        let with = Slow { db: db.clone(), clock, went_on: Mutex::default() };
        let jobs = [Job { kind: LATE, retry: RETRY, is_daily: false, run: slow }];
        assert!(work(&db, &jobs, &with).expect("worked"));
        assert_eq!(*with.went_on.lock().expect("the list"), [true, false]);
        assert_eq!(Hand::default().works(&db), ["a"], "what was queued meanwhile is still there");
    });
}

#[test]
fn a_claim_is_renewed_beside_the_work_and_attempts_are_counted_from_where_it_went_on() {
    fn long(with: &(Db, Arc<Hands>), task: &Held<'_>) -> Result<()> {
        let (db, clock) = with;
        let due = || -> String {
            let due = db.read(|conn| Ok(jobs::table.select(jobs::due_at).first::<store::types::At>(conn)?));
            due.expect("a task").instant().to_string()
        };
        let before = due();
        clock.set("2026-11-24T08:00:20Z");
        // The beat is one of real time.
        let began = std::time::Instant::now();
        while due() == before {
            assert!(began.elapsed().as_secs() < 60, "nobody renewed it");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        assert!(due().starts_with("2026-11-24T08:00:50"), "{}", due());
        task.went_on()?;
        Err(Error::internal("and then it failed"))
    }
    each_engine(|db, clock, _dir| {
        clock.set("2026-11-24T08:00:00Z");
        queue(&db, LATE, "a");
        db.write(&Actor::system(), |tx| Ok(diesel::update(jobs::table).set(jobs::attempts.eq(2)).execute(tx.conn)?))
            .expect("tried twice before");
        let jobs_here = [Job { kind: LATE, retry: RETRY, is_daily: false, run: long }];
        assert!(work(&db, &jobs_here, &(db.clone(), clock)).expect("worked"));
        let (attempts, error) = db
            .read(|conn| Ok(jobs::table.select((jobs::attempts, jobs::error)).first::<(i64, Option<String>)>(conn)?))
            .expect("a task");
        assert_eq!(attempts, 1, "not the third and last");
        assert!(error.is_some_and(|error| error.contains("and then it failed")));
        assert_eq!(db.read(|conn| parked(conn, LATE, "a")).expect("read"), None);
    });
}

#[test]
fn what_never_comes_to_its_end_is_parked_too() {
    fn dies(hand: &Hand, task: &Held<'_>) -> Result<()> {
        hand.done.lock().expect("the list").push(task.key().to_owned());
        // Another takes it over, and this one is not heard of again.
        task.db().write(&Actor::system(), |tx| {
            Ok(diesel::update(jobs::table).set(jobs::claim.eq(jobs::claim + 1)).execute(tx.conn)?)
        })?;
        Ok(())
    }
    each_engine(|db, clock, _dir| {
        let hand = Hand::default();
        let jobs = [Job { kind: LATE, retry: RETRY, is_daily: false, run: dies }];
        clock.set("2026-11-24T08:00:00Z");
        queue(&db, LATE, "a");
        for minute in 0..9 {
            clock.set(&format!("2026-11-24T08:{:02}:00Z", 2 * minute));
            while work(&db, &jobs, &hand).expect("worked") {}
        }
        assert_eq!(hand.went(), ["a", "a", "a"]);
        let why = db.read(|conn| parked(conn, LATE, "a")).expect("read");
        assert!(why.is_some_and(|why| why.contains("came to its end")));
    });
}

#[test]
fn a_daily_job_is_done_once_a_day_of_the_installation() {
    in_a_house(|house| {
        let daily = [Job { kind: SOON, retry: RETRY, is_daily: true, run }];
        let days = |hand: &Hand| {
            while work(&house.db, &daily, hand).expect("worked") {}
            hand.went()
        };
        let (one, another) = (Hand::default(), Hand::default());
        house.at("1405/09/03 23:50");
        assert_eq!((days(&one).len(), days(&another).len()), (1, 0));
        // Still the same day in Greenwich.
        house.at("1405/09/04 00:10");
        assert_eq!((days(&another), days(&one).len()), (vec!["2026-11-25".to_owned()], 0));
        // A process whose clock is behind begins no day again, nor the next one this.
        house.at("1405/09/03 23:59");
        assert_eq!(days(&one).len(), 0);
        house.at("1405/09/04 00:11");
        assert_eq!(days(&another).len(), 0);
    });
}

#[test]
fn nothing_is_lost_where_work_panics_and_workers_are_many() {
    struct Counted(Mutex<BTreeMap<String, u32>>);
    fn counted(with: &Counted, task: &Held<'_>) -> Result<()> {
        let mut done = with.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let times = done.entry(task.key().to_owned()).or_default();
        *times += 1;
        let is_first = *times == 1;
        drop(done);
        assert!(!(is_first && task.key().ends_with('3')), "pulled the plug");
        Ok(())
    }
    each_engine(|db, clock, _dir| {
        clock.set("2026-11-24T08:00:00Z");
        for index in 0..60 {
            queue(&db, LATE, &format!("k{index}"));
        }
        let jobs = [Job { kind: LATE, retry: RETRY, is_daily: false, run: counted }];
        let with = Counted(Mutex::default());
        for instant in ["2026-11-24T08:00:00Z", "2026-11-24T08:02:00Z"] {
            clock.set(instant);
            std::thread::scope(|threads| {
                for _ in 0..4 {
                    threads.spawn(|| while work(&db, &jobs, &with).expect("worked") {});
                }
            });
        }
        let done = with.0.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        assert_eq!(done.len(), 60);
        for (key, times) in done {
            assert_eq!(times, if key.ends_with('3') { 2 } else { 1 }, "{key}");
        }
    });
}
