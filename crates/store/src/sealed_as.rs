//! As what each secret is sealed: by what it is and whose, so that none can be put into the place of another.
//!
//! Who seals something new gives it a name here, and a place in `sealed::all`.

/// The seed of a person's second factor, by the person's public id.
#[must_use]
pub fn second_factor(user: &str) -> String {
    format!("totp:{user}")
}

/// The passcode of a device in a repair, by the repair's public id.
#[must_use]
pub fn passcode(repair: &str) -> String {
    format!("passcode:{repair}")
}

/// The kept answer to a request, by the actor's public id and the key.
pub(super) fn answer(actor: &str, key: &str) -> String {
    format!("answer:{actor}:{key}")
}

/// The body of a message that bears a code, by the message's public id.
#[must_use]
pub fn message(message: &str) -> String {
    format!("message:{message}")
}

/// The code with which a device is fetched, by the visit: six digits are guessed from any hash of them.
#[must_use]
pub fn hand_over_code(reception_id: i64) -> String {
    format!("code:{reception_id}")
}
