//! All that is stored sealed, how the right key is told from a wrong one, and how another key takes its place.
//!
//! Words: the *check* is a text that is known, sealed with the key, among the settings. Whoever seals reads it in the
//! same transaction, so that nothing is sealed with a key that was changed meanwhile; a process that serves takes the
//! next key from its file by itself (`vault`).

use super::key_file::Changing;
use super::settings::{self, KEY_CHECK};
use super::tx::SEALED;
use super::vault::{Key, Vault};
use super::{Conn, Db, Event, Subject, Tx, sealed_as};
use crate::error::{Error, Result};
use crate::query::*;
use crate::rights::Actor;
use crate::schema::{hand_over_codes, idempotency_keys, messages, repair_details, repairs, users};

/// A secret that is stored sealed.
struct Sealed {
    place: Place,
    /// As what it was sealed.
    of: String,
    stored: String,
}

/// Where a sealed secret stands.
enum Place {
    SecondFactor { user_id: i64 },
    Passcode { repair_id: i64 },
    Answer { actor: String, key: String },
    Message { id: i64 },
    Code { reception_id: i64 },
}

impl Sealed {
    /// The secret; None where none of the keys that are known here opens it.
    fn opened(&self, vault: &Vault) -> Option<Vec<u8>> {
        match (self.stored.strip_prefix(SEALED), &self.place) {
            (Some(sealed), _) => vault.open(sealed, &self.of),
            (None, Place::SecondFactor { .. }) => vault.open(&self.stored, &self.of),
            // Stored before such things were sealed.
            (None, _) => Some(self.stored.clone().into_bytes()),
        }
    }

    /// Sealed with another key, as it is stored.
    fn anew(&self, secret: &[u8], next: &Vault, random: [u128; 2]) -> Result<String> {
        let sealed = next.seal(secret, &self.of, random)?;
        Ok(if matches!(self.place, Place::SecondFactor { .. }) { sealed } else { format!("{SEALED}{sealed}") })
    }
}

/// Everything that is sealed: whoever seals something new adds it here, so that it follows a change of the key.
fn all(conn: &mut Conn) -> Result<Vec<Sealed>> {
    let factors =
        users::table.filter(users::totp_sealed.is_not_null()).select((users::id, users::public_id, users::totp_sealed));
    let factors =
        factors.load::<(i64, String, Option<String>)>(conn)?.into_iter().filter_map(|(user_id, public_id, stored)| {
            Some(Sealed {
                place: Place::SecondFactor { user_id },
                of: sealed_as::second_factor(&public_id),
                stored: stored?,
            })
        });
    let mut out = factors.collect::<Vec<_>>();
    let passcodes = repair_details::table
        .inner_join(repairs::table.on(repairs::id.eq(repair_details::repair_id)))
        .filter(repair_details::passcode.is_not_null())
        .select((repair_details::repair_id, repairs::public_id, repair_details::passcode));
    out.extend(passcodes.load::<(i64, String, Option<String>)>(conn)?.into_iter().filter_map(
        |(repair_id, public_id, stored)| {
            Some(Sealed { place: Place::Passcode { repair_id }, of: sealed_as::passcode(&public_id), stored: stored? })
        },
    ));
    let answers = idempotency_keys::table.filter(idempotency_keys::answer.like(format!("{SEALED}%"))).select((
        idempotency_keys::actor,
        idempotency_keys::key,
        idempotency_keys::answer,
    ));
    out.extend(answers.load::<(String, String, String)>(conn)?.into_iter().map(|(actor, key, stored)| {
        let of = sealed_as::answer(&actor, &key);
        Sealed { place: Place::Answer { actor, key }, of, stored }
    }));
    let bearing_codes = messages::table.filter(messages::body.like(format!("{SEALED}%"))).select((
        messages::id,
        messages::public_id,
        messages::body,
    ));
    out.extend(bearing_codes.load::<(i64, String, String)>(conn)?.into_iter().map(|(id, public_id, stored)| Sealed {
        place: Place::Message { id },
        of: sealed_as::message(&public_id),
        stored,
    }));
    let codes = hand_over_codes::table.select((hand_over_codes::reception_id, hand_over_codes::code_sealed));
    out.extend(codes.load::<(i64, String)>(conn)?.into_iter().map(|(reception_id, stored)| Sealed {
        place: Place::Code { reception_id },
        of: sealed_as::hand_over_code(reception_id),
        stored,
    }));
    Ok(out)
}

/// Stores a secret anew; None gives it up.
fn put(tx: &mut Tx<'_>, place: &Place, stored: Option<&str>) -> Result<()> {
    match place {
        Place::SecondFactor { user_id } => {
            diesel::update(users::table.find(*user_id)).set(users::totp_sealed.eq(stored)).execute(tx.conn)?;
            if stored.is_none() {
                tx.record(None, &Event::SecondFactorTurnedOff, &[Subject::User(*user_id)])?;
            }
        }
        Place::Passcode { repair_id } => {
            diesel::update(repair_details::table.find(*repair_id))
                .set(repair_details::passcode.eq(stored))
                .execute(tx.conn)?;
        }
        Place::Answer { actor, key } => {
            diesel::update(idempotency_keys::table.find((actor, key)))
                .set(idempotency_keys::answer.eq(stored.unwrap_or_default()))
                .execute(tx.conn)?;
        }
        Place::Message { id } => {
            diesel::update(messages::table.find(*id))
                .set(messages::body.eq(stored.unwrap_or_default()))
                .execute(tx.conn)?;
        }
        Place::Code { reception_id } => match stored {
            Some(stored) => {
                diesel::update(hand_over_codes::table.find(*reception_id))
                    .set(hand_over_codes::code_sealed.eq(stored))
                    .execute(tx.conn)?;
            }
            None => {
                diesel::delete(hand_over_codes::table.find(*reception_id)).execute(tx.conn)?;
            }
        },
    }
    Ok(())
}

/// What a change of the key did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    pub sealed: i64,
    /// Secrets that no key opened and that were given up.
    pub dropped: i64,
}

fn told(error: Error) -> String {
    match error {
        Error::Internal(why) => why,
        other => other.to_string(),
    }
}

impl Db {
    /// Sees to it that the key is the one with which this store's secrets are sealed, makes the key of a store that has
    /// none, and brings a change of the key that was interrupted to its end.
    ///
    /// # Errors
    /// A sentence: the key is another one or missing; the store.
    pub fn settle_key(&self) -> Result<(), String> {
        let vault = self.vault();
        let changing = match vault.file().filter(|file| file.has_next()) {
            Some(file) => file.change()?,
            None => None,
        };
        if self.check().map_err(told)?.is_none() {
            let things = self.read(all).map_err(told)?;
            if !things.is_empty() && things.iter().all(|thing| thing.opened(vault).is_none()) {
                return Err(self.wrong_key());
            }
            if let Some(file) = vault.file() {
                vault.seal_with(file.make(vault.key())?);
            }
            self.write(&Actor::system(), keep_check).map_err(told)?;
        }
        self.ended(changing.as_ref())
    }

    /// The key that opens the check becomes the one that seals, and what was begun in the file is ended by it.
    fn ended(&self, changing: Option<&Changing>) -> Result<(), String> {
        let vault = self.vault();
        if self.check().map_err(told)?.is_none_or(|check| !vault.settle(&check)) {
            return Err(self.wrong_key());
        }
        match (vault.file(), changing) {
            (Some(file), Some(changing)) => file.end(changing, &vault.key()),
            _ => Ok(()),
        }
    }

    fn check(&self) -> Result<Option<String>> {
        self.read(|conn| settings::get(conn, KEY_CHECK))
    }

    fn wrong_key(&self) -> String {
        let file = self.vault().file().map_or_else(String::new, |file| file.display().to_string());
        format!(
            "the key of secrets {file} is not the one with which this store's secrets are sealed: put that one there. Where it is lost, \
             \"zamen secrets rotate --drop-unreadable\" gives up what was sealed with it"
        )
    }

    /// A copy brings no key of its own: where nothing in it is sealed, any key will do.
    ///
    /// # Errors
    /// The store.
    pub fn forget_check_of_nothing(&self) -> Result<()> {
        self.write(&Actor::system(), |tx| {
            if all(tx.conn)?.is_empty() {
                settings::forget(tx.conn, KEY_CHECK)?;
            }
            Ok(())
        })
    }

    /// Seals everything with a new key and puts that into the place of the old one. What no known key opens stops it,
    /// or is given up.
    ///
    /// # Errors
    /// A sentence; then everything is as it was.
    pub fn rotate_key(&self, drop_unreadable: bool) -> Result<Rotated, String> {
        let Some(file) = self.vault().file() else { return Err("the key of secrets stands in no file".to_owned()) };
        let changing = file.change()?.ok_or("the key of secrets is being changed by another process")?;
        if file.has_next() {
            // Which of the two is right is known before either goes; where none is, both are tried on what is sealed.
            let _ = self.ended(Some(&changing));
        }
        let mut next: Key = [0; 32];
        next[..16].copy_from_slice(&self.random().to_be_bytes());
        next[16..].copy_from_slice(&self.random().to_be_bytes());
        file.write_next(&changing, &next)?;
        match self.reseal(&Vault::from(next), drop_unreadable) {
            Ok(done) => self.ended(Some(&changing)).map(|()| done),
            Err(Error::Internal(why)) => file.end(&changing, &self.vault().key()).and(Err(why)),
            // Whether it was written is what the store says: its answer may have been lost on the way.
            Err(error) => {
                let _ = self.ended(Some(&changing));
                Err(told(error))
            }
        }
    }

    /// How many of the sealed secrets a key opens, for tests.
    ///
    /// # Errors
    /// The store.
    #[cfg(debug_assertions)]
    pub fn opened_by(&self, vault: &Vault) -> Result<usize> {
        Ok(self.read(all)?.iter().filter(|thing| thing.opened(vault).is_some()).count())
    }

    /// Seals everything with the key of another vault, in one write.
    ///
    /// # Errors
    /// Where something does not open and is not to be given up; the store.
    pub fn reseal(&self, next: &Vault, drop_unreadable: bool) -> Result<Rotated> {
        self.write(&Actor::system(), |tx| {
            let mut done = Rotated::default();
            for thing in all(tx.conn)? {
                let stored = match thing.opened(self.vault()) {
                    Some(secret) => Some(thing.anew(&secret, next, [tx.random(), tx.random()])?),
                    None => None,
                };
                if stored.is_some() {
                    done.sealed += 1;
                } else {
                    done.dropped += 1;
                }
                put(tx, &thing.place, stored.as_deref())?;
            }
            if done.dropped > 0 && !drop_unreadable {
                return Err(Error::Internal(format!(
                    "{} of {} sealed secrets do not open with this key, so nothing was changed. With --drop-unreadable they are given up: second factors are reset, \
                     passcodes and kept answers are lost",
                    done.dropped,
                    done.dropped + done.sealed
                )));
            }
            settings::set(tx.conn, KEY_CHECK, &next.check([tx.random(), tx.random()])?)?;
            tx.record(None, &Event::SecretsSealedAnew { sealed: done.sealed, dropped: done.dropped }, &[])?;
            Ok(done)
        })
    }
}

/// Keeps the check of a store that has none yet.
fn keep_check(tx: &mut Tx<'_>) -> Result<()> {
    if settings::get(tx.conn, KEY_CHECK)?.is_none() {
        let check = tx.vault().check([tx.random(), tx.random()])?;
        settings::set(tx.conn, KEY_CHECK, &check)?;
    }
    Ok(())
}
