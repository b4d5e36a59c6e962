//! Serving: the store is opened and brought up to date, and pages are served until somebody says stop.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use jiff::Timestamp;
use rand::RngCore;
use store::{Db, Engine, KeyFile, Vault, private};
use web::{App, Settings};

use crate::config::{Config, KEY, STORE};
use crate::connections::{Doors, guarded};
use crate::work::Workers;

/// The clock on the wall, or one that was set for training and goes on from there.
struct Wall {
    ahead: jiff::SignedDuration,
}

impl Wall {
    fn new(training: Option<Timestamp>) -> Self {
        Self { ahead: training.map_or(jiff::SignedDuration::ZERO, |at| at.duration_since(now())) }
    }
}

impl store::Clock for Wall {
    fn now(&self) -> Timestamp {
        now().saturating_add(self.ahead).unwrap_or(Timestamp::MAX)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the store's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Makes the folder of an embedded store and of the key of secrets. What stands there is nobody else's to read, nor is
/// a store that stands elsewhere.
pub(crate) fn make_data_folder(config: &Config) -> Result<(), String> {
    if config.database.url.is_none() || config.secret_key_file.is_none() {
        private::folder(&config.data, &[STORE, KEY])?;
    }
    let url = config.database_url();
    if Engine::of(&url) == Engine::Sqlite {
        for ending in ["", "-wal", "-shm"] {
            private::close(Path::new(&format!("{url}{ending}")))?;
        }
    }
    Ok(())
}

/// Opens the configured store and brings its tables up to this version.
pub(crate) fn open(config: &Config) -> Result<Db, String> {
    let db = open_with_any_key(config)?;
    db.settle_key()?;
    Ok(db)
}

/// The same where the key of secrets may be another one than the store's, or missing.
pub(crate) fn open_with_any_key(config: &Config) -> Result<Db, String> {
    make_data_folder(config)?;
    let url = config.database_url();
    let (mut seed, mut fresh) = ([0; 32], [0; 32]);
    rand::rng().fill_bytes(&mut seed);
    rand::rng().fill_bytes(&mut fresh);
    let vault = Vault::at(KeyFile::new(config.secret_key_file()), fresh)?;
    let db = Db::open(&url, Arc::new(Wall::new(config.training_clock)), seed, vault)
        .map_err(|error| format!("the store cannot be opened: {error}"))?;
    db.migrate().map_err(|error| format!("the store's tables cannot be brought up to date: {error}"))?;
    Ok(db)
}

pub(crate) fn serve(config: &Config) -> Result<ExitCode, String> {
    let db = open(config)?;
    let settings = Settings {
        public_url: config.public_url(),
        trusted_proxies: config.trusted_proxies.clone(),
        requests_per_minute: Some(config.requests_per_minute),
        hides_api_docs: !config.api_docs,
    };
    let app = App::new(db, settings);
    if app.db().read(app::setup::is_empty).map_err(|error| error.to_string())? {
        println!("The store is empty. The first start: {}{}", config.public_url(), app.first_start_path());
    }
    let workers = Workers::start(&app);
    let router = web::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    let listen = config.listen;
    let tls = config.tls.clone();
    let many = |connections: NonZeroU32| usize::try_from(connections.get()).unwrap_or(usize::MAX);
    let doors =
        Doors::new(many(config.connections), many(config.connections_per_address), config.trusted_proxies.clone());
    runtime.block_on(async move {
        let handle = Handle::new();
        tokio::spawn(stop(handle.clone()));
        let served = match tls {
            Some(tls) => {
                rustls::crypto::ring::default_provider()
                    .install_default()
                    .map_err(|_| "TLS cannot be set up".to_owned())?;
                let tls = axum_server::tls_rustls::RustlsConfig::from_pem_file(&tls.certificate, &tls.key)
                    .await
                    .map_err(|error| format!("certificate and key cannot be used: {error}"))?;
                guarded(axum_server::bind_rustls(listen, tls).handle(handle), doors).serve(router).await
            }
            None => guarded(axum_server::bind(listen).handle(handle), doors).serve(router).await,
        };
        served.map_err(|error| {
            format!("{listen} cannot be served on: {error}. Another address is set by --listen or ZAMEN_LISTEN.")
        })
    })?;
    drop(workers);
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl-C or SIGTERM, then lets requests finish.
async fn stop(handle: Handle<SocketAddr>) {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard");
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    handle.graceful_shutdown(Some(Duration::from_secs(10)));
}

pub(crate) fn demo(config: &Config, fresh: bool) -> Result<ExitCode, String> {
    let mut config = config.clone();
    if config.database.url.is_none() {
        config.data = config.data.join("demo");
        if fresh && config.data.exists() {
            std::fs::remove_dir_all(&config.data)
                .map_err(|error| format!("the demo's data cannot be removed: {error}"))?;
        }
    }
    let db = open(&config)?;
    let is_empty = db.read(app::setup::is_empty).map_err(|error| error.to_string())?;
    if is_empty {
        eprintln!("Filling the demo house …");
        app::demo::fill(&db).map_err(|error| format!("the demo's data cannot be made: {error}"))?;
    }
    let told = db.read(|conn| app::demo::is_demo(conn)?.then(|| app::demo::tracking_numbers(conn)).transpose());
    drop(db);
    println!("zamen serves the demo at {}", config.public_url());
    println!();
    // Who removed the demo has a house of their own there.
    if let Some(numbers) = told.map_err(|error| error.to_string())? {
        println!("Sign in with one of these names; the password is \"{}\" for all:", app::demo::PASSWORD);
        for (login, role) in app::demo::LOGINS {
            println!("  {login:<12} {role}");
        }
        println!();
        println!("A customer's page, without signing in:");
        for number in numbers {
            println!("  {}/t/{number}", config.public_url());
        }
        println!();
    }
    println!("An empty store of your own: zamen serve. Ctrl-C stops.");
    serve(&config)
}
