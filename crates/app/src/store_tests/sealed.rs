//! What is sealed follows the key, and a wrong key is told.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::billing::hand_over::SendCode;
use crate::billing::send_hand_over_code;
use crate::messaging::latest_messages;
use crate::reception::{ReceptionView, receive_devices};
use crate::repair::passcode::show_passcode;
use crate::testing::{Hands, House, MANAGER, RECEPTIONIST, TECHNICIAN, in_a_house};
use store::error::{Error, Result};
use store::idempotency::{Given, answered, keep};
use store::query::*;
use store::rights::Actor;
use store::schema::{journal, users};
use store::{Db, KeyFile, Rotated, Vault, sealed_as};

fn manager(house: &House) -> (i64, String) {
    house
        .db
        .read(|conn| {
            Ok(users::table.filter(users::login.eq(MANAGER)).select((users::id, users::public_id)).first(conn)?)
        })
        .expect("a person")
}

/// Gives the manager a second factor that is sealed with the key of a vault.
fn second_factor_sealed_with(house: &House, vault: &Vault) {
    let (id, public_id) = manager(house);
    let sealed = vault.seal(b"seed", &sealed_as::second_factor(&public_id), [3, 4]).expect("sealed");
    house.write(|tx| {
        Ok(diesel::update(users::table.find(id)).set(users::totp_sealed.eq(Some(&sealed))).execute(tx.conn)?)
    });
}

/// A device with a passcode, in the house.
fn received(house: &House) -> ReceptionView {
    house.at("1405/09/02 08:00");
    let customer = house.customer("زهرا کریمی", "09123456789");
    let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
    let mut command = house.reception(&customer, &[(&device, "no-power")]);
    command.devices[0].passcode = Some("2580".to_owned());
    house.by(RECEPTIONIST, |tx| receive_devices(tx, &command)).expect("received")
}

#[test]
fn everything_is_sealed_anew_in_one_write_and_nothing_with_the_key_of_before() {
    in_a_house(|house| {
        let visit = received(house);
        house.db.settle_key().expect("the first key");
        house.db.settle_key().expect("still right");
        second_factor_sealed_with(house, house.db.vault());
        house.write(|tx| {
            keep(tx, "secret", "hash", Given { status: 201, body: "{\"secret\":\"s1\"}", is_secret: true })
        });
        house.by(RECEPTIONIST, |tx| send_hand_over_code(tx, &visit.id, &SendCode {})).expect("sent");
        let shown = || house.by(RECEPTIONIST, |tx| latest_messages(tx, 1)).expect("a message").remove(0).body;
        let code = shown();
        house.write(|tx| keep(tx, "open", "hash", Given { status: 201, body: "{}", is_secret: false }));

        let next = Vault::from([9; 32]);
        assert_eq!(house.db.reseal(&next, false).expect("sealed anew"), Rotated { sealed: 5, dropped: 0 });
        let opened_by = |vault: &Vault| house.db.opened_by(vault).expect("read");
        assert_eq!((opened_by(&next), opened_by(house.db.vault())), (5, 0));
        // Who still has the old key is told, and seals nothing with it.
        assert!(house.db.settle_key().expect_err("another key").contains("is not the one"));
        assert!(matches!(house.by(RECEPTIONIST, |tx| tx.seal("x", "y")), Err(Error::Unavailable("key-changed"))));

        house.db.vault().seal_with([9; 32]);
        house.db.settle_key().expect("the right key");
        assert_eq!(house.by(TECHNICIAN, |tx| show_passcode(tx, &visit.repairs[0].id)).expect("shown").passcode, "2580");
        assert_eq!(shown(), code);
        let again = house.write(|tx| answered(tx, "secret", "hash"));
        assert_eq!(again, Some((201, "{\"secret\":\"s1\"}".to_owned())));
        house.by(RECEPTIONIST, |tx| tx.seal("x", "y")).expect("sealed");
    });
}

#[test]
fn what_does_not_open_stops_it_or_is_given_up() {
    in_a_house(|house| {
        let repair = received(house).repairs.remove(0).id;
        house.db.settle_key().expect("the first key");
        second_factor_sealed_with(house, &Vault::from([1; 32]));
        let refused = house
            .db
            .reseal(&Vault::from([9; 32]), false)
            .map(|_| ())
            .map_err(|error| error.to_string())
            .expect_err("unreadable");
        assert!(refused.contains("1 of 2") && refused.contains("--drop-unreadable"), "{refused}");
        house.db.settle_key().expect("nothing was changed");
        assert_eq!(house.by(TECHNICIAN, |tx| show_passcode(tx, &repair)).expect("shown").passcode, "2580");

        assert_eq!(house.db.reseal(&Vault::from([9; 32]), true).expect("given up"), Rotated { sealed: 1, dropped: 1 });
        let (id, _) = manager(house);
        let (left, told) = house.write(|tx| {
            let left = users::table.find(id).select(users::totp_sealed).first::<Option<String>>(tx.conn)?;
            let told =
                journal::table.order(journal::id.desc()).limit(2).select(journal::kind).load::<String>(tx.conn)?;
            Ok((left, told))
        });
        assert_eq!((left, told), (None, vec!["secrets_sealed_anew".to_owned(), "second_factor_turned_off".to_owned()]));
    });
}

fn opened(folder: &Path, fresh: u8) -> Db {
    let vault = Vault::at(KeyFile::new(folder.join("house.key")), [fresh; 32]).expect("a key");
    let db = Db::open(folder.join("house.db").to_str().expect("a path"), Arc::new(Hands::default()), [7; 32], vault)
        .expect("a store");
    db.migrate().expect("migrated");
    db
}

/// What is kept sealed in the store, as a process reads it.
fn kept(db: &Db) -> Result<Option<(i64, String)>> {
    db.write(&Actor::system(), |tx| answered(tx, "secret", "hash"))
}

#[test]
fn a_change_of_the_key_is_taken_up_by_who_serves_and_may_break_off_at_any_moment() {
    let dir = tempfile::tempdir().expect("a folder");
    let (key, new) = (dir.path().join("house.key"), dir.path().join("house.key.new"));
    let db = opened(dir.path(), 1);
    db.settle_key().expect("the first key");
    assert_eq!(fs::read(&key).expect("a file"), [1u8; 32]);
    let serving = opened(dir.path(), 2);
    serving.settle_key().expect("the key of the file");
    db.write(&Actor::system(), |tx| keep(tx, "secret", "hash", Given { status: 201, body: "s1", is_secret: true }))
        .expect("kept");
    let told = Some((201, "s1".to_owned()));

    assert_eq!(db.rotate_key(false), Ok(Rotated { sealed: 1, dropped: 0 }));
    assert!(fs::read(&key).expect("a file") != [1u8; 32] && !new.exists());
    assert_eq!(kept(&serving).expect("read"), told, "who serves needs no new start");
    serving
        .write(&Actor::system(), |tx| keep(tx, "another", "hash", Given { status: 201, body: "s2", is_secret: true }))
        .expect("and seals with the new key");
    assert_eq!(db.rotate_key(false), Ok(Rotated { sealed: 2, dropped: 0 }));

    // It broke off while the next key was written, and before the store was.
    for begun in [[5u8; 32].as_slice(), b"half".as_slice()] {
        fs::write(&new, begun).expect("written");
        let db = opened(dir.path(), 2);
        db.settle_key().expect("the key of before");
        assert!(!new.exists());
        assert_eq!(kept(&db).expect("read"), told);
    }
    // It broke off between the store and the name.
    let before = fs::read(&key).expect("a file");
    db.rotate_key(false).expect("changed");
    let after = fs::read(&key).expect("a file");
    fs::rename(&key, &new).expect("moved");
    fs::write(&key, before).expect("written");
    let started = opened(dir.path(), 2);
    started.settle_key().expect("the next key");
    assert_eq!((fs::read(&key).expect("a file"), new.exists()), (after, false));
    assert_eq!(kept(&started).expect("read"), told);

    // While one changes it, others do not, and leave the next key alone.
    let changing = started.vault().file().expect("a file").change().expect("a lock").expect("free");
    fs::write(&new, [5u8; 32]).expect("written");
    opened(dir.path(), 2).settle_key().expect("right");
    assert!(new.exists());
    assert!(db.rotate_key(false).expect_err("busy").contains("another process"));
    drop(changing);
}

#[test]
fn a_wrong_key_is_told_at_the_start_and_a_lost_one_can_be_given_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let (key, new) = (dir.path().join("house.key"), dir.path().join("house.key.new"));
    let db = opened(dir.path(), 1);
    // A store of before there was a check.
    db.write(&Actor::system(), |tx| keep(tx, "secret", "hash", Given { status: 201, body: "s1", is_secret: true }))
        .expect("kept");
    assert!(opened(dir.path(), 2).settle_key().is_err(), "the key that is made now opens nothing of it");
    assert!(!key.exists());
    db.settle_key().expect("the key of it");

    fs::write(&key, [3u8; 32]).expect("written");
    let wrong = opened(dir.path(), 2);
    let refused = wrong.settle_key().expect_err("a wrong key");
    assert!(refused.contains("house.key") && refused.contains("--drop-unreadable"), "{refused}");
    assert!(wrong.rotate_key(false).expect_err("unreadable").contains("1 of 1"));
    assert_eq!((fs::read(&key).expect("a file"), new.exists()), (vec![3u8; 32], false));
    assert_eq!(wrong.rotate_key(true), Ok(Rotated { sealed: 0, dropped: 1 }));
    let started = opened(dir.path(), 2);
    started.settle_key().expect("the new key");
    assert!(matches!(kept(&started), Err(Error::Conflict(reason)) if reason.code == "answer-erased"));

    // A copy in which nothing is sealed is at home with any key.
    fs::remove_file(&key).expect("gone");
    let copy = opened(dir.path(), 4);
    assert!(copy.settle_key().is_err());
    copy.forget_check_of_nothing().expect("written");
    copy.settle_key().expect("a key of its own");
    assert_eq!(fs::read(&key).expect("a file"), [4u8; 32]);
}
