//! Bodies of requests: read within a limit each, and all together within what fits.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::{HeaderMap, StatusCode, header};
use store::error::Error;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

/// The largest body of a form that has a few fields; as much is read of anybody at any time.
pub(crate) const SMALL: usize = 64 * 1024;
/// The largest body that bears no file.
pub(crate) const ORDINARY: usize = 2 * 1024 * 1024;
/// What all bodies that are larger than small ones take together. With the one photo that is decoded, or the one file
/// that is being stored, it stays below 256 MB however many send at once. The largest file fits in it alone.
pub(crate) const TOGETHER: usize = 64 * 1024 * 1024;

/// How long a body may keep still before it is taken for one that does not come to its end.
const STILL: Duration = Duration::from_secs(30);

/// The slowest that a body may come after that, in bytes a second: what drips holds room, and a connection, that others
/// wait for.
const LEAST: u64 = 1024;

/// Room for a body, held until what came of it is done; small ones take none.
pub(crate) type Held = Option<OwnedSemaphorePermit>;

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    TooLarge,
    /// The other side went away, or sends no more.
    Broken,
}

impl From<MultipartError> for Unread {
    fn from(error: MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Self::TooLarge } else { Self::Broken }
    }
}

/// What comes next of a body, if it comes.
async fn moving<T>(next: impl Future<Output = T>) -> Result<T, Unread> {
    timeout(STILL, next).await.map_err(|_| Unread::Broken)
}

/// Whether so much of a body is too little for the time since it began.
fn drips(begun: Instant, bytes: usize) -> bool {
    let least = begun.elapsed().saturating_sub(STILL).as_secs().saturating_mul(LEAST);
    u64::try_from(bytes).unwrap_or(u64::MAX) < least
}

/// How large a body is, as its head says; what does not say it is taken for the most.
pub(crate) fn length(body: &Body, most: usize) -> usize {
    body.size_hint().upper().and_then(|length| usize::try_from(length).ok()).map_or(most, |length| length.min(most))
}

/// What a head says of the length of its body.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// How large a body is where it is read by somebody else.
pub(crate) fn said(headers: &HeaderMap, most: usize) -> usize {
    content_length(headers).map_or(most, |length| length.min(most))
}

/// Reads a body. One that is too large by its own word is not begun.
///
/// # Errors
/// Where it is larger than `most`, or does not come to its end.
pub(crate) async fn read(mut body: Body, most: usize) -> Result<Vec<u8>, Unread> {
    let at_least = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if at_least > most {
        return Err(Unread::TooLarge);
    }
    let (begun, mut bytes) = (Instant::now(), Vec::with_capacity(at_least));
    while let Some(frame) = moving(std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context))).await? {
        // What is no data are trailers, which tell us nothing.
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        if bytes.len() + data.len() > most {
            return Err(Unread::TooLarge);
        }
        bytes.extend_from_slice(&data);
        if drips(begun, bytes.len()) {
            return Err(Unread::Broken);
        }
    }
    Ok(bytes)
}

/// The parts of a form with a file, by their names.
#[derive(Default)]
pub(crate) struct Parts(HashMap<String, Part>);

/// A part: its content, and what the file was called where it is one.
#[derive(Default)]
pub(crate) struct Part {
    pub file_name: String,
    pub content: Vec<u8>,
}

impl Parts {
    /// Reads all parts of a form; those that came before a fault are there.
    ///
    /// # Errors
    /// `Invalid` for a part that is not known or comes twice; what `unread` makes of a form that is too large or does
    /// not come to its end.
    pub(crate) async fn read(
        &mut self,
        mut form: Multipart,
        known: &[&str],
        unread: impl Fn(Unread) -> Error,
    ) -> store::error::Result<()> {
        while let Some(part) = next(&mut form).await.map_err(&unread)? {
            let name = part.name().unwrap_or_default().to_owned();
            if !known.contains(&name.as_str()) {
                return Err(Error::invalid(name, "unknown-field"));
            }
            if self.0.contains_key(&name) {
                return Err(Error::invalid(name, "given-twice"));
            }
            let file_name = part.file_name().unwrap_or_default().to_owned();
            let content = whole(part).await.map_err(&unread)?;
            self.0.insert(name, Part { file_name, content });
        }
        Ok(())
    }

    /// A part as text, if it came.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|part| String::from_utf8_lossy(&part.content).into_owned())
    }

    /// A part itself; empty where it did not come.
    pub(crate) fn take(&mut self, name: &str) -> Part {
        self.0.remove(name).unwrap_or_default()
    }
}

async fn next(form: &mut Multipart) -> Result<Option<Field<'_>>, Unread> {
    Ok(moving(form.next_field()).await??)
}

/// All of a part.
async fn whole(mut part: Field<'_>) -> Result<Vec<u8>, Unread> {
    let (begun, mut bytes) = (Instant::now(), Vec::new());
    while let Some(chunk) = moving(part.chunk()).await?? {
        bytes.extend_from_slice(&chunk);
        if drips(begun, bytes.len()) {
            return Err(Unread::Broken);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_keeps_still_for_too_long_has_broken_off() {
        assert_eq!(moving(std::future::ready(1)).await, Ok(1));
        let slow = tokio::time::sleep(Duration::from_secs(29));
        assert_eq!(moving(slow).await, Ok(()));
        assert_eq!(moving(std::future::pending::<()>()).await, Err(Unread::Broken));
    }

    #[tokio::test(start_paused = true)]
    async fn what_drips_is_cut_off_and_a_slow_line_is_not() {
        let begun = Instant::now();
        for (second, bytes, cut) in
            [(30, 1, false), (31, 15, true), (31, 1024, false), (90, 50_000, true), (90, 62_000, false)]
        {
            tokio::time::sleep_until(begun + Duration::from_secs(second)).await;
            assert_eq!(drips(begun, bytes), cut, "{bytes} after {second}");
        }
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_end_and_no_further_than_its_limit() {
        assert_eq!(read(Body::from("abc"), 3).await, Ok(b"abc".to_vec()));
        assert_eq!(read(Body::from("abcd"), 3).await, Err(Unread::TooLarge));
        assert_eq!(read(Body::empty(), 0).await, Ok(Vec::new()));
        assert_eq!(
            (length(&Body::from("abc"), 9), length(&Body::from("abc"), 2), length(&Body::empty(), 9)),
            (3, 2, 0)
        );
        let mut headers = HeaderMap::new();
        assert_eq!(said(&headers, 9), 9, "what is not said is taken for the most");
        headers.insert(header::CONTENT_LENGTH, axum::http::HeaderValue::from(4));
        assert_eq!(said(&headers, 9), 4);
    }
}
