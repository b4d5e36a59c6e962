//! Bodies of requests: read within a limit each, and all together within what fits.

use std::pin::Pin;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, header};
use tokio::sync::OwnedSemaphorePermit;

/// The largest body of a form that has a few fields; as much is read of anybody at any time.
pub(crate) const SMALL: usize = 64 * 1024;
/// The largest body that bears no file.
pub(crate) const ORDINARY: usize = 2 * 1024 * 1024;
/// What all bodies that are larger than small ones take together. With the one photo that is decoded, or the one file that is being stored, it stays below
/// 256 MB however many send at once. The largest file fits in it alone.
pub(crate) const TOGETHER: usize = 64 * 1024 * 1024;

/// Room for a body, held until what came of it is done; small ones take none.
pub(crate) type Held = Option<OwnedSemaphorePermit>;

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    TooLarge,
    /// The other side went away.
    Broken,
}

/// How large a body is, as its head says; what does not say it is taken for the most.
pub(crate) fn length(body: &Body, most: usize) -> usize {
    body.size_hint().upper().and_then(|length| usize::try_from(length).ok()).map_or(most, |length| length.min(most))
}

/// The same where the body is read by somebody else.
pub(crate) fn said(headers: &HeaderMap, most: usize) -> usize {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<usize>().ok());
    length.map_or(most, |length| length.min(most))
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
    let mut bytes = Vec::with_capacity(at_least);
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        // What is no data are trailers, which tell us nothing.
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        if bytes.len() + data.len() > most {
            return Err(Unread::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_to_its_end_and_no_further_than_its_limit() {
        assert_eq!(read(Body::from("abc"), 3).await, Ok(b"abc".to_vec()));
        assert_eq!(read(Body::from("abcd"), 3).await, Err(Unread::TooLarge));
        assert_eq!(read(Body::empty(), 0).await, Ok(Vec::new()));
        assert_eq!((length(&Body::from("abc"), 9), length(&Body::from("abc"), 2), length(&Body::empty(), 9)), (3, 2, 0));
        let mut headers = HeaderMap::new();
        assert_eq!(said(&headers, 9), 9, "what is not said is taken for the most");
        headers.insert(header::CONTENT_LENGTH, axum::http::HeaderValue::from(4));
        assert_eq!(said(&headers, 9), 4);
    }
}
