//! Public ids: what a URL or the API calls an object.

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Sixteen characters of Crockford's base32 from 80 random bits.
#[must_use]
pub fn public_id(random: u128) -> String {
    (0..16).map(|index| char::from(ALPHABET[usize::try_from(random >> (index * 5) & 31).unwrap_or(0)])).collect()
}

/// Whether `text` has the form of a public id.
#[must_use]
pub fn is_public_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| ALPHABET.contains(&byte))
}
