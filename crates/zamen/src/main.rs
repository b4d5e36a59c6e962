//! The one binary: command line, configuration, wiring. No rule stands here.

mod commands;
mod config;
mod connections;
mod import;
mod memory;
mod serve;
mod work;

use std::process::ExitCode;

use app::exchange::RunImport;
use clap::{Parser, Subcommand};
use store::private;

/// After-sales service and warranty: from the sale to the last service.
#[derive(Parser)]
#[command(name = "zamen", version, about, long_about = None)]
struct Cli {
    #[command(flatten)]
    config: config::Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve pages and API from the configured store.
    Serve,
    /// Serve a demo house with life in it, from a store of its own.
    Demo {
        /// Start over with new demo data.
        #[arg(long)]
        fresh: bool,
    },
    /// Bring the store's tables up to this version.
    Migrate,
    /// Recompute what is derived and compare it with what is stored. Exit status 2 where something differs.
    Check,
    /// Copy the whole store into a new file, while it is served or not. The key of secrets, zamen.key, is not in it;
    /// keep that apart.
    Backup {
        /// The file, which must not be there yet.
        file: std::path::PathBuf,
    },
    /// Make a store from a copy, where there is none, and check it. Exit status 2 where something differs.
    Restore {
        /// A file that `zamen backup` made.
        file: std::path::PathBuf,
    },
    /// Decide coverage.
    #[command(subcommand)]
    Coverage(CoverageCommand),
    /// Import a file: products, customers, devices or open-repair. Exit status 2 where rows were bad.
    Import {
        /// products, customers, devices or open-repair.
        kind: String,
        /// The file, CSV or XLSX.
        file: std::path::PathBuf,
        /// Only tell what would happen.
        #[arg(long)]
        dry_run: bool,
        /// All or nothing: a single bad row, and nothing is written.
        #[arg(long)]
        whole: bool,
        /// Code of the centre in which past repairs stand; without it one is made for them.
        #[arg(long)]
        centre: Option<String>,
    },
    /// Print a report.
    Report {
        /// Name of the report: failure-causes.
        name: String,
        /// product-kind or cause.
        #[arg(long, default_value = "product-kind")]
        by: String,
        /// csv, json, xlsx or pdf.
        #[arg(long, default_value = "csv")]
        format: String,
        /// The file, which must not be there yet; absent: standard output.
        #[arg(long)]
        output: Option<std::path::PathBuf>,
    },
    /// Tokens for the API.
    #[command(subcommand)]
    Token(TokenCommand),
    /// The table of permissions.
    #[command(subcommand)]
    Access(AccessCommand),
    /// People who sign in.
    #[command(subcommand)]
    User(UserCommand),
    /// Secrets that are stored sealed: second factors, passcodes of devices, codes for hand-over, kept answers.
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Measure speed as ratios to a limit. Build with --release for figures that mean something.
    Bench {
        /// receive, coverage, search, tracking, list, memory, start, growth-newest, growth-step and so on; absent:
        /// all.
        name: Option<String>,
        /// A small run, to see that all of them still work.
        #[arg(long)]
        small: bool,
        /// URL of a PostgreSQL cluster, without a database, for those whose names begin with "postgres"; they make a
        /// database of their own on it.
        #[arg(long)]
        postgres: Option<String>,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum CoverageCommand {
    /// Read cases from a file, one JSON object a line, and write one decision a line, in order. Exit status 2 where a
    /// case is malformed.
    Decide {
        /// The file of cases; - for standard input.
        #[arg(long)]
        cases: String,
    },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Make a token for a person and print its secret, once.
    Create {
        /// Name with which the person signs in.
        #[arg(long)]
        login: String,
        /// What it is for.
        #[arg(long, default_value = "command line")]
        title: String,
        /// Days until it ends.
        #[arg(long, default_value_t = 90)]
        days: i64,
    },
}

#[derive(Subcommand)]
enum AccessCommand {
    /// Print who may do what.
    Table,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Give a person a new first password, read from standard input.
    ResetPassword {
        /// Name with which the person signs in.
        login: String,
    },
}

#[derive(Subcommand)]
enum SecretsCommand {
    /// Seal them all with a new key, while the store is served or not, and put that into the place of the old one.
    /// Copies that were made before open with the key of then: keep it as long as you keep them. Where several
    /// machines serve one store, bring the new file to each.
    Rotate {
        /// Give up what no key opens: second factors are reset, passcodes and kept answers are lost.
        #[arg(long)]
        drop_unreadable: bool,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Check the configuration and name what is wrong by its path.
    Check,
}

/// Whether what was typed is text: names and titles come from the command line too.
fn is_clean(argument: &std::ffi::OsStr) -> bool {
    argument.to_str().is_none_or(domain::text::is_clean)
}

fn main() -> ExitCode {
    memory::give_back_large_pieces();
    private::from_now_on();
    if !std::env::args_os().all(|argument| is_clean(&argument)) {
        eprintln!("zamen: an argument bears characters that cannot be seen or that turn the text around");
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn,zamen=info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let done = match cli.command {
        Command::Coverage(CoverageCommand::Decide { cases }) => commands::decide(&cases),
        Command::Openapi => commands::openapi(),
        Command::Bench { name, small, postgres } => commands::bench(name.as_deref(), small, postgres.as_deref()),
        command => config::Config::load(&cli.config).and_then(|config| match command {
            Command::Serve => serve::serve(&config),
            Command::Demo { fresh } => serve::demo(&config, fresh),
            Command::Migrate => commands::migrate(&config),
            Command::Check => commands::check(&config),
            Command::Backup { file } => commands::backup(&config, &file),
            Command::Restore { file } => commands::restore(&config, &file),
            Command::Import { kind, file, dry_run, whole, centre } => import::import(
                &config,
                &kind,
                &file,
                centre.as_deref(),
                RunImport { columns: None, is_dry_run: dry_run, is_whole: whole },
            ),
            Command::Report { name, by, format, output } => {
                commands::report(&config, &name, &by, &format, output.as_deref())
            }
            Command::Token(TokenCommand::Create { login, title, days }) => {
                commands::create_token(&config, &login, &title, days)
            }
            Command::Access(AccessCommand::Table) => commands::access_table(&config),
            Command::User(UserCommand::ResetPassword { login }) => commands::reset_password(&config, &login),
            Command::Secrets(SecretsCommand::Rotate { drop_unreadable }) => {
                commands::rotate_secrets(&config, drop_unreadable)
            }
            Command::Config(ConfigCommand::Check) => {
                println!("The configuration is right.");
                Ok(ExitCode::SUCCESS)
            }
            Command::Coverage(_) | Command::Openapi | Command::Bench { .. } => Ok(ExitCode::SUCCESS),
        }),
    };
    done.unwrap_or_else(|message| {
        eprintln!("zamen: {message}");
        ExitCode::FAILURE
    })
}
