//! Secrets that must be read again are stored sealed, with a key that stands outside the store: who has the store or a copy of it alone reads none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};

use crate::error::{Error, Result};

/// The bytes of a nonce of XChaCha20, long enough to be drawn by chance.
const NONCE: usize = 24;

/// Seals and opens, with one key (XChaCha20-Poly1305).
#[derive(Clone)]
pub struct Vault(XChaCha20Poly1305);

impl Vault {
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(&key.into()))
    }

    /// Seals a secret as `of`: what was sealed as one thing does not open as another.
    ///
    /// # Errors
    /// Where it cannot be sealed.
    pub fn seal(&self, secret: &[u8], of: &str, random: [u128; 2]) -> Result<String> {
        let nonce: [u8; NONCE] = std::array::from_fn(|at| random[at / 16].to_be_bytes()[at % 16]);
        let sealed = self.0.encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: of.as_bytes() }).map_err(Error::internal)?;
        Ok(STANDARD_NO_PAD.encode([&nonce, sealed.as_slice()].concat()))
    }

    /// The secret that was sealed as `of`; None where the key is another one, or somebody wrote into it.
    #[must_use]
    pub fn open(&self, sealed: &str, of: &str) -> Option<Vec<u8>> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        self.0.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: of.as_bytes() }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Vault;

    #[test]
    fn what_is_sealed_opens_with_its_key_as_itself_and_unchanged_only() {
        let vault = Vault::new([1; 32]);
        let sealed = vault.seal(b"seed", "totp:maryam", [5, 9]).expect("sealed");
        assert_eq!(vault.open(&sealed, "totp:maryam").as_deref(), Some(b"seed".as_slice()));
        assert_eq!(vault.open(&sealed, "totp:saeed"), None);
        assert_eq!(Vault::new([2; 32]).open(&sealed, "totp:maryam"), None);
        let mut other = sealed.clone().into_bytes();
        other[40] = if other[40] == b'A' { b'B' } else { b'A' };
        assert_eq!(vault.open(&String::from_utf8(other).expect("text"), "totp:maryam"), None);
        assert_eq!((vault.open("", "totp:maryam"), vault.open("!", "totp:maryam")), (None, None));
    }
}
