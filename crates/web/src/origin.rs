//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::http::uri::Authority;

/// What counts as one sender: an address of IPv4, also where it is written as one of IPv6; of IPv6 the network of 64
/// bits, of which one household has all.
#[must_use]
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Who sent a request: the peer, or, where that is a proxy that is trusted, who it says asked it, and so on. What
/// stands before the first that is not trusted could be written by anybody; what is no address ends the search.
pub(crate) fn sender(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|proxy| proxy.to_canonical() == address.to_canonical());
    let lines = headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("?")).collect::<Vec<_>>();
    let mut told = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut sender = peer;
    while is_trusted(sender) {
        match told.next().and_then(read) {
            Some(address) => sender = address,
            None => break,
        }
    }
    sender
}

/// Whether a page of another site sent a form: browsers say so where they trust the connection, and otherwise say at
/// least from where they sent it. A proxy may call us by another name than people do: through one, a page of whatever
/// name counts as ours where its browser says no more.
pub(crate) fn is_from_elsewhere(parts: &Parts, public_url: &str, is_proxied: bool) -> bool {
    let told = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = told("sec-fetch-site") {
        return site == "cross-site";
    }
    let Some(origin) = told("origin") else { return false };
    let from = origin.split_once("://").map(|(_, host)| host);
    // HTTP/2 has the host in the address that was asked for.
    let host = parts.uri.authority().map(Authority::as_str).or_else(|| told("host"));
    let is_ours = origin == public_url.trim_end_matches('/') || from.is_some() && (is_proxied || from == host);
    !is_ours
}

/// An address as proxies write it, with a port or without.
fn read(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    entry.parse().ok().or_else(|| Some(entry.parse::<SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    #[test]
    fn a_form_of_another_site_is_known_by_what_its_browser_tells() {
        let sent = |uri: &str, headers: &[(&str, &str)], is_proxied: bool| {
            let mut request = axum::http::Request::post(uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).expect("a request").into_parts();
            is_from_elsewhere(&parts, "https://zamen.example/", is_proxied)
        };
        let here = |headers: &[(&str, &str)]| sent("/sign-in", headers, false);
        let host = ("host", "192.168.1.5:8080");
        assert!(!here(&[host]), "a program");
        assert!(!here(&[host, ("origin", "http://192.168.1.5:8080")]));
        assert!(!here(&[host, ("origin", "https://zamen.example")]), "behind a proxy that names us otherwise");
        assert!(!here(&[host, ("sec-fetch-site", "same-origin"), ("origin", "https://zamen.example")]));
        assert!(here(&[host, ("sec-fetch-site", "cross-site")]));
        for origin in ["http://192.168.1.5:9090", "http://evil.example", "null", ""] {
            assert!(here(&[host, ("origin", origin)]), "{origin}");
        }
        let by_http_2 = |origin| sent("https://192.168.1.5:8443/sign-in", &[("origin", origin)], false);
        assert!(!by_http_2("https://192.168.1.5:8443") && by_http_2("https://evil.example"));
        let by_a_proxy = |origin| sent("/sign-in", &[("host", "127.0.0.1:8080"), ("origin", origin)], true);
        assert!(!by_a_proxy("http://zamen.lan") && by_a_proxy("null"));
    }

    fn sent(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).expect("a line"));
        }
        let trusted = [PROXY, "10.0.0.2", "2001:db8::1"].map(|proxy| proxy.parse().expect("an address"));
        sender(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn the_last_address_that_is_not_trusted_counts() {
        assert_eq!(sent("192.0.2.9", &["198.51.100.1"]), "192.0.2.9", "a peer that is not trusted says nothing");
        assert_eq!(sent(PROXY, &[]), PROXY);
        assert_eq!(sent(PROXY, &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(sent(PROXY, &["203.0.113.7, 198.51.100.1"]), "198.51.100.1", "what was sent along is not believed");
        assert_eq!(sent(PROXY, &["203.0.113.7, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(
            sent(PROXY, &["203.0.113.7", "198.51.100.1", "2001:db8::1,10.0.0.2"]),
            "198.51.100.1",
            "over all lines"
        );
        assert_eq!(sent("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(sent(PROXY, &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(sent(PROXY, &["203.0.113.7, unknown, 10.0.0.2"]), "10.0.0.2", "what is no address ends the search");
        assert_eq!(sent(PROXY, &["203.0.113.7", "\u{6CC}"]), PROXY);
    }

    #[test]
    fn a_network_of_64_bits_is_one_sender() {
        let network = |address: &str| network(address.parse().expect("an address"));
        assert_eq!([network("192.0.2.9"), network("::ffff:192.0.2.9")], ["192.0.2.9", "192.0.2.9"]);
        assert_eq!(
            [network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::")],
            ["2001:db8:1:2::/64", "2001:db8:1:2::/64"]
        );
        assert_eq!(network("::1"), "::/64");
    }

    proptest! {
        #[test]
        fn no_head_brings_it_down_and_what_a_stranger_writes_never_counts(lines in proptest::collection::vec("[0-9a-f.:, \\[\\]x]{0,40}", 0..4), last in any::<u32>()) {
            let lines = lines.iter().map(String::as_str).collect::<Vec<_>>();
            let _ = sent(PROXY, &lines);
            let last = std::net::Ipv4Addr::from(last).to_string();
            prop_assume!(last != PROXY && last != "10.0.0.2");
            prop_assert_eq!(sent(PROXY, &[&lines[..], &[&last]].concat()), last.clone());
            prop_assert_eq!(sent(&last, &lines), last);
        }
    }
}
