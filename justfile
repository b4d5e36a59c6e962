# The habits of this project, each by name. `just` lists them.

default:
    @just --list

# Bring up the demo on 127.0.0.1:8080.
demo *flags:
    scripts/demo {{flags}}

# Every test and check, as CI runs them.
test:
    scripts/test

# The tests of one crate, on SQLite, and on PostgreSQL where ZAMEN_TEST_PG names a cluster.
unit crate *filter:
    cargo nextest run -p {{crate}} {{filter}}

# What was changed since a commit, before the next: formatting, lints and tests of the crates that it touches.
check base='HEAD':
    #!/usr/bin/env bash
    set -euo pipefail
    cargo fmt --all -- --check
    cargo machete
    crates=$(git diff --name-only {{base}} -- crates | cut -d / -f 2 | sort -u)
    for crate in $crates; do
        cargo clippy --locked -p "$crate" --all-targets -- -D warnings
        cargo nextest run --locked -p "$crate" --no-tests pass
    done

# Formatting and lints.
lint:
    cargo fmt --all -- --check
    cargo clippy --workspace --all-targets -- -D warnings

# Measure speed as ratios to a limit: all benches, or one; `--postgres URL` for those on a cluster (`scripts/postgres start` prints one).
bench *name:
    cargo build --release -p zamen
    ${CARGO_TARGET_DIR:-target}/release/zamen bench {{name}}

# Take the screenshots of every page into docs/screens/all (not kept), and those that are kept into docs/screens.
screens:
    cargo build -p zamen
    TEST_BINARY=${CARGO_TARGET_DIR:-target}/debug/zamen TEST_SCREENS=$PWD/target/screens node --test --test-concurrency=1 tests/browser/
    scripts/screens target/screens

# Accept the API's list of operations as it is now.
snapshots:
    UPDATE_SNAPSHOTS=1 cargo nextest run -p web openapi

# Everything, the whole matrix, as long as it takes.
nightly:
    CI=true scripts/test
    cargo build --release -p zamen
    ${CARGO_TARGET_DIR:-target}/release/zamen bench
