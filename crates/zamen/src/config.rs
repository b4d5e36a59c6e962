//! Configuration: `zamen.toml`, then environment variables (`ZAMEN_LISTEN`, `ZAMEN_DATABASE__URL`), then flags; the
//! later wins.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The embedded store and the key of secrets in the data folder.
pub(crate) const STORE: &str = "zamen.db";
pub(crate) const KEY: &str = "zamen.key";

/// Flags that every command knows: the file, and every key of the configuration.
#[derive(Args, Serialize)]
pub(crate) struct Flags {
    /// The configuration file.
    #[arg(long, global = true, default_value = "zamen.toml")]
    #[serde(skip)]
    config: PathBuf,
    /// Address and port to serve on.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    /// Folder of the embedded store.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseFlags,
    /// What links and QR codes begin with.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    /// Addresses of proxies whose X-Forwarded-For is believed, with commas between them.
    #[arg(long, global = true, value_delimiter = ',')]
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted_proxies: Option<Vec<IpAddr>>,
    /// How many requests one person, with all their pages and tokens, may send in a minute.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<NonZeroU32>,
    /// How many connections are kept in all; what keeps still for longest makes room for others.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<NonZeroU32>,
    /// How many connections one address, or one IPv6 network of 64 bits, may keep.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    connections_per_address: Option<NonZeroU32>,
    /// Whether the API's document and its viewer are shown: true or false.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    api_docs: Option<bool>,
    /// The file with the key that seals the secrets of the store.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key_file: Option<PathBuf>,
    #[command(flatten)]
    #[serde(skip_serializing_if = "TlsFlags::are_absent")]
    tls: TlsFlags,
    /// The instant at which the clock starts, for training and trials on a store of their own:
    /// 2026-11-23T10:41:00+03:30.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    training_clock: Option<Timestamp>,
}

#[derive(Args, Serialize)]
struct DatabaseFlags {
    /// URL of a PostgreSQL database, or path of an SQLite file.
    #[arg(long = "database-url", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Args, Serialize)]
struct TlsFlags {
    /// The certificate to serve over TLS with, PEM.
    #[arg(long = "tls-certificate", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<PathBuf>,
    /// The certificate's key, PEM.
    #[arg(long = "tls-key", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<PathBuf>,
}

impl TlsFlags {
    fn are_absent(&self) -> bool {
        self.certificate.is_none() && self.key.is_none()
    }
}

/// The configuration as it holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub database: Database,
    #[serde(default)]
    pub public_url: Option<String>,
    pub trusted_proxies: Vec<IpAddr>,
    /// How many requests one person, with all their pages and tokens, may send in a minute.
    pub requests_per_minute: NonZeroU32,
    /// How many connections are kept in all; what keeps still for longest makes room for others.
    pub connections: NonZeroU32,
    /// How many connections one address, or one IPv6 network of 64 bits, may keep; proxies that are trusted have no
    /// limit of their own.
    pub connections_per_address: NonZeroU32,
    /// Whether the API's document and its viewer are shown.
    pub api_docs: bool,
    /// The file with the key that seals the secrets of the store; absent: zamen.key in the data folder. Made at the
    /// first start.
    #[serde(default)]
    pub secret_key_file: Option<PathBuf>,
    #[serde(default)]
    pub tls: Option<Tls>,
    /// The instant at which the clock starts, for training; absent: the clock on the wall.
    #[serde(default)]
    pub training_clock: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Database {
    /// Absent: an SQLite file in the data folder.
    #[serde(default)]
    pub url: Option<String>,
}

/// Certificate and key, PEM.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("zamen-data"),
            database: Database::default(),
            public_url: None,
            trusted_proxies: Vec::new(),
            requests_per_minute: NonZeroU32::MIN.saturating_add(5999),
            connections: NonZeroU32::MIN.saturating_add(1999),
            connections_per_address: NonZeroU32::MIN.saturating_add(199),
            api_docs: true,
            secret_key_file: None,
            tls: None,
            training_clock: None,
        }
    }
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A sentence that names the faulty key by its path.
    pub(crate) fn load(flags: &Flags) -> Result<Self, String> {
        let environment = Env::prefixed("ZAMEN_")
            .filter(|key| !key.starts_with("test") && key != "pg_dir" && key != "pg_port")
            .split("__");
        let figment = Figment::from(Serialized::defaults(Self::default()))
            .merge(Toml::file(&flags.config))
            .merge(environment)
            .merge(Serialized::defaults(flags));
        figment.extract().map_err(|error| format!("the configuration is wrong: {error}"))
    }

    /// The store's URL.
    pub(crate) fn database_url(&self) -> String {
        self.database.url.clone().unwrap_or_else(|| self.data.join(STORE).display().to_string())
    }

    /// The file with the key of secrets.
    pub(crate) fn secret_key_file(&self) -> PathBuf {
        self.secret_key_file.clone().unwrap_or_else(|| self.data.join(KEY))
    }

    /// What links begin with.
    pub(crate) fn public_url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("{scheme}://{}", self.listen))
            .trim_end_matches('/')
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Command, Parser};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }

    /// The paths of all keys, as flags are named after them.
    fn keys(at: &str, value: &serde_json::Value) -> Vec<String> {
        let below = |name: &String| format!("{at}-{name}").trim_start_matches('-').replace('_', "-");
        match value.as_object() {
            Some(map) => map.iter().flat_map(|(name, value)| keys(&below(name), value)).collect(),
            None => vec![at.to_owned()],
        }
    }

    #[test]
    fn every_key_has_a_flag_and_a_flag_wins() {
        let tls = Tls { certificate: PathBuf::from("c.pem"), key: PathBuf::from("k.pem") };
        let whole = serde_json::to_value(Config { tls: Some(tls), ..Config::default() }).expect("JSON");
        let command = Flags::augment_args(Command::new("zamen"));
        let flags = command.get_arguments().filter_map(|arg| arg.get_long()).collect::<Vec<_>>();
        let missing = keys("", &whole).into_iter().filter(|key| !flags.contains(&key.as_str())).collect::<Vec<_>>();
        assert!(missing.is_empty(), "no flag for {missing:?}");

        let line = "zamen --config absent.toml --trusted-proxies 10.0.0.1,10.0.0.2 --requests-per-minute 5 --connections 7 --connections-per-address 3 --api-docs false \
                    --tls-certificate c.pem --tls-key k.pem --secret-key-file s.key";
        let config = Config::load(&Line::parse_from(line.split(' ')).flags).expect("a configuration");
        assert_eq!((config.trusted_proxies.len(), config.requests_per_minute.get(), config.api_docs), (2, 5, false));
        assert_eq!((config.connections.get(), config.connections_per_address.get()), (7, 3));
        assert_eq!(
            (config.tls.map(|tls| tls.key), config.secret_key_file),
            (Some(PathBuf::from("k.pem")), Some(PathBuf::from("s.key")))
        );
        let half = Config::load(&Line::parse_from(["zamen", "--config", "absent.toml", "--tls-key", "k.pem"]).flags)
            .map(|_| ())
            .expect_err("half of it");
        assert!(half.contains("certificate"), "{half}");
        let none =
            Config::load(&Line::parse_from(["zamen", "--config", "absent.toml"]).flags).expect("a configuration");
        assert!(none.tls.is_none() && none.requests_per_minute.get() == 6000 && none.api_docs);
    }
}
