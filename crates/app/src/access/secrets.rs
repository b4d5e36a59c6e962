//! Passwords, PINs and tokens: made, hashed, compared.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use store::Tx;
use store::error::{Error, Fault, Faults, Result};
use store::gate::Gate;
use store::query::*;
use store::schema::users;

/// The shortest password that is taken (OWASP ASVS 5.0, 6.2.1).
const MIN_PASSWORD: usize = 8;

/// Notes what is wrong with a new password: too short, or among those that are tried first (OWASP ASVS 5.0, 6.2.4), as
/// lists of leaked passwords and `about`, what is known of the person, make it.
pub fn check_password(faults: &mut Faults, password: &str, about: &[&str], path: &str) {
    if password.chars().count() < MIN_PASSWORD {
        faults.add(Fault::new(path, "password-too-short"));
    } else if zxcvbn::zxcvbn(password, &[about, &["zamen", "ضامن"]].concat()).score() < zxcvbn::Score::Two {
        faults.add(Fault::new(path, "password-too-common"));
    }
}

/// A hashing takes 19 MiB, so four are worked on at once, whoever asks. Those who wait hold a thread and nothing of the
/// store, so that others go on.
static HASHING: Gate = Gate::new("hashing", 4);

/// argon2id with the parameters of OWASP's second choice (19 MiB, two passes, one lane).
fn argon2id() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).unwrap_or_default())
}

/// The hash of a password or a PIN, with a salt from `random`.
///
/// # Errors
/// Where the hash cannot be made.
pub fn hash_password(password: &str, random: u128) -> Result<String> {
    let salt = SaltString::encode_b64(&random.to_be_bytes()).map_err(Error::internal)?;
    let password = password.to_owned();
    HASHING.pass(move || Ok(argon2id().hash_password(password.as_bytes(), &salt).map_err(Error::internal)?.to_string()))
}

/// Whether `password` is the one that was hashed. Without a hash it takes as long, so that time does not tell who
/// exists.
#[must_use]
pub fn verify_password(password: &str, hash: Option<&str>) -> bool {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let (password, stored) = (password.to_owned(), hash.unwrap_or(NOBODY).to_owned());
    let is_right = HASHING.pass(move || {
        PasswordHash::new(&stored).is_ok_and(|stored| argon2id().verify_password(password.as_bytes(), &stored).is_ok())
    });
    is_right && hash.is_some()
}

/// Refuses where what was compared outside the write is not the person's password any more, or they were disabled
/// meanwhile: a reset ends what was on its way.
///
/// # Errors
/// `Unauthenticated`.
pub(super) fn still(tx: &mut Tx<'_>, user_id: i64, password_hash: &str) -> Result<()> {
    let same =
        users::table.find(user_id).filter(users::password_hash.eq(password_hash)).filter(users::disabled_at.is_null());
    same.select(users::id).first::<i64>(tx.conn).optional()?.map(|_| ()).ok_or(Error::Unauthenticated)
}

/// A token of 32 characters from `random`.
#[must_use]
pub fn token(random: [u128; 2]) -> String {
    let bytes = [random[0].to_be_bytes(), random[1].to_be_bytes()].concat();
    URL_SAFE_NO_PAD.encode(&bytes[..24])
}

/// What is stored of a token, a session or a code: it cannot be turned back.
#[must_use]
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
