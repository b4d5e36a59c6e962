//! Puts the faces of Vazirmatn that papers are set in beside the program.

#![expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo tells")).join("../..");
    println!("cargo:rerun-if-changed={}", root.join("package-lock.json").display());
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo tells"));
    for face in ["Vazirmatn-Regular.ttf", "Vazirmatn-Bold.ttf"] {
        let font = root.join("node_modules/vazirmatn/fonts/ttf").join(face);
        assert!(
            font.exists(),
            "the fonts are missing: run `npm ci --ignore-scripts` in the project's root (scripts/demo and scripts/test do)"
        );
        fs::copy(font, out.join(face)).expect("copied");
    }
}
