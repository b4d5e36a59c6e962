//! What stands in the path of a request.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use store::error::Error;

use crate::problem;

/// Answers that nothing is there where a path bears a control character, however it is coded: no id has one, and
/// PostgreSQL takes no text with NUL.
pub(crate) async fn visible(request: Request, next: Next) -> Response {
    if has_control(request.uri().path()) {
        let headers = request.headers();
        return problem::refused(problem::language(headers), problem::wants_page(headers), &Error::NotFound);
    }
    next.run(request).await
}

fn has_control(path: &str) -> bool {
    path.as_bytes().windows(3).any(|three| matches!(three, [b'%', b'0' | b'1', _] | [b'%', b'7', b'f' | b'F']))
}

#[cfg(test)]
mod tests {
    use super::has_control;

    #[test]
    fn controls_are_seen_and_other_signs_are_none() {
        for path in ["/repairs/%00", "/a/%0A/b", "/%1f", "/x%7F"] {
            assert!(has_control(path), "{path}");
        }
        for path in ["/repairs/0123456789abcdef", "/t/%DB%B1%DB%B2", "/a%20b", "/7f", "/%70"] {
            assert!(!has_control(path), "{path}");
        }
    }
}
