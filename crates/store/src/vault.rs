//! Secrets that must be read again are stored sealed, with a key that stands outside the store: who has the store or a
//! copy of it alone reads none.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use super::key_file::KeyFile;
use crate::error::{Error, Result};

/// The bytes of a key.
pub type Key = [u8; 32];

/// The bytes of a nonce of XChaCha20, long enough to be drawn by chance.
const NONCE: usize = 24;

/// As what the text is sealed by which the right key is known.
const CHECK: &str = "check";

/// Seals and opens, with the key of an installation (XChaCha20-Poly1305).
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    /// Where the key stands. It is read again when a secret does not open: another process may have changed it.
    file: Option<KeyFile>,
    /// The key that seals, and others that were seen: a secret that was read before a change opens after it.
    known: RwLock<Vec<Key>>,
}

impl From<Key> for Vault {
    fn from(key: Key) -> Self {
        Self(Arc::new(Keys { file: None, known: RwLock::new(vec![key]) }))
    }
}

impl Vault {
    /// The vault whose key stands in a file; `fresh` is the key of a file that is still to be made.
    ///
    /// # Errors
    /// A sentence: the file cannot be read, or is none.
    pub fn at(file: KeyFile, fresh: Key) -> Result<Self, String> {
        let key = file.read()?;
        let mut known = vec![key.unwrap_or(fresh)];
        known.extend(file.keys().into_iter().filter(|other| Some(*other) != key));
        Ok(Self(Arc::new(Keys { file: Some(file), known: RwLock::new(known) })))
    }

    pub fn file(&self) -> Option<&KeyFile> {
        self.0.file.as_ref()
    }

    fn known(&self) -> Vec<Key> {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key that seals.
    pub(super) fn key(&self) -> Key {
        self.known()[0]
    }

    /// Makes a key the one that seals; the others go on opening.
    pub fn seal_with(&self, key: Key) {
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        if known[0] != key {
            known.retain(|other| *other != key);
            known.insert(0, key);
        }
    }

    /// Seals a secret as `of`: what was sealed as one thing does not open as another.
    ///
    /// # Errors
    /// Where it cannot be sealed.
    pub fn seal(&self, secret: &[u8], of: &str, random: [u128; 2]) -> Result<String> {
        let nonce: [u8; NONCE] = std::array::from_fn(|at| random[at / 16].to_be_bytes()[at % 16]);
        let sealed = cipher(&self.key())
            .encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: of.as_bytes() })
            .map_err(Error::internal)?;
        Ok(STANDARD_NO_PAD.encode([&nonce, sealed.as_slice()].concat()))
    }

    /// The secret that was sealed as `of`; None where the key is another one, or somebody wrote into it.
    #[must_use]
    pub fn open(&self, sealed: &str, of: &str) -> Option<Vec<u8>> {
        self.opened(sealed, of).map(|(_, secret)| secret)
    }

    /// What is kept in the store, so that the right key is known: it opens with that alone.
    ///
    /// # Errors
    /// Where it cannot be sealed.
    pub(super) fn check(&self, random: [u128; 2]) -> Result<String> {
        self.seal(b"zamen", CHECK, random)
    }

    /// Makes the key that opens the store's `check` the one that seals; false where that is known neither here nor in
    /// the file.
    pub(super) fn settle(&self, check: &str) -> bool {
        let found = self.opened(check, CHECK);
        if let Some((key, _)) = found {
            self.seal_with(key);
        }
        found.is_some()
    }

    /// A secret with the key that opened it.
    fn opened(&self, sealed: &str, of: &str) -> Option<(Key, Vec<u8>)> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let open = |key: Key| {
            Some((key, cipher(&key).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: of.as_bytes() }).ok()?))
        };
        let known = self.known();
        let found = known.iter().copied().find_map(open);
        found.or_else(|| {
            let found = self.0.file.as_ref()?.keys().into_iter().filter(|key| !known.contains(key)).find_map(open)?;
            self.0.known.write().unwrap_or_else(PoisonError::into_inner).push(found.0);
            Some(found)
        })
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key).into())
}

#[cfg(test)]
mod tests {
    use super::Vault;

    #[test]
    fn what_is_sealed_opens_with_its_key_as_itself_and_unchanged_only() {
        let vault = Vault::from([1; 32]);
        let sealed = vault.seal(b"seed", "totp:maryam", [5, 9]).expect("sealed");
        assert_eq!(vault.open(&sealed, "totp:maryam").as_deref(), Some(b"seed".as_slice()));
        assert_eq!(vault.open(&sealed, "totp:saeed"), None);
        assert_eq!(Vault::from([2; 32]).open(&sealed, "totp:maryam"), None);
        let mut other = sealed.clone().into_bytes();
        other[40] = if other[40] == b'A' { b'B' } else { b'A' };
        assert_eq!(vault.open(&String::from_utf8(other).expect("text"), "totp:maryam"), None);
        assert_eq!((vault.open("", "totp:maryam"), vault.open("!", "totp:maryam")), (None, None));
    }

    #[test]
    fn after_a_change_the_new_key_seals_and_the_one_of_before_still_opens() {
        let vault = Vault::from([1; 32]);
        let before = vault.seal(b"seed", "totp:maryam", [5, 9]).expect("sealed");
        let check = Vault::from([2; 32]).check([1, 2]).expect("sealed");
        assert!(!vault.settle(&check), "nobody knows that key here");
        vault.seal_with([2; 32]);
        assert!(vault.settle(&check));
        let after = vault.seal(b"seed", "totp:maryam", [5, 10]).expect("sealed");
        assert_eq!(Vault::from([2; 32]).open(&after, "totp:maryam").as_deref(), Some(b"seed".as_slice()));
        assert_eq!(vault.open(&before, "totp:maryam").as_deref(), Some(b"seed".as_slice()));
    }
}
