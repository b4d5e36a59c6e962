//! Configuration: `zamen.toml`, then environment variables (`ZAMEN_LISTEN`, `ZAMEN_DATABASE__URL`), then flags; the later wins.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Flags that every command knows.
#[derive(Args)]
pub(crate) struct Flags {
    /// The configuration file.
    #[arg(long, global = true, default_value = "zamen.toml")]
    config: PathBuf,
    /// Address and port to serve on.
    #[arg(long, global = true)]
    listen: Option<SocketAddr>,
    /// Folder of the embedded store.
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    /// URL of a PostgreSQL database, or path of an SQLite file.
    #[arg(long, global = true)]
    database_url: Option<String>,
    /// What links and QR codes begin with.
    #[arg(long, global = true)]
    public_url: Option<String>,
    /// The instant at which the clock starts, for training and trials on a store of their own: 2026-11-23T10:41:00+03:30.
    #[arg(long, global = true)]
    training_clock: Option<Timestamp>,
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
    /// The file with the key that seals the secrets of the store; absent: zamen.key in the data folder. Made at the first start.
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
        let environment = Env::prefixed("ZAMEN_").filter(|key| !key.starts_with("test") && key != "pg_dir" && key != "pg_port").split("__");
        let mut figment = Figment::from(Serialized::defaults(Self::default())).merge(Toml::file(&flags.config)).merge(environment);
        if let Some(listen) = flags.listen {
            figment = figment.merge(("listen", listen));
        }
        if let Some(data) = &flags.data {
            figment = figment.merge(("data", data));
        }
        if let Some(url) = &flags.database_url {
            figment = figment.merge(("database.url", url));
        }
        if let Some(url) = &flags.public_url {
            figment = figment.merge(("public_url", url));
        }
        if let Some(at) = flags.training_clock {
            figment = figment.merge(("training_clock", at));
        }
        figment.extract().map_err(|error| format!("the configuration is wrong: {error}"))
    }

    /// The store's URL.
    pub(crate) fn database_url(&self) -> String {
        self.database.url.clone().unwrap_or_else(|| self.data.join("zamen.db").display().to_string())
    }

    /// The file with the key of secrets.
    pub(crate) fn secret_key_file(&self) -> PathBuf {
        self.secret_key_file.clone().unwrap_or_else(|| self.data.join("zamen.key"))
    }

    /// What links begin with.
    pub(crate) fn public_url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", self.listen)).trim_end_matches('/').to_owned()
    }
}
