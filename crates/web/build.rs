//! Puts the front-end packages and our own assets into the binary: hashed names, compressed once.

#![expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest, Sha256};

/// Icons of @tabler/icons that pages use, as one sprite.
const ICONS: [&str; 40] = [
    "clipboard-plus",
    "inbox",
    "tool",
    "shield-check",
    "shield",
    "packages",
    "receipt",
    "chart-bar",
    "search",
    "circle-check",
    "circle-x",
    "circle-half-2",
    "circle",
    "info-circle",
    "repeat",
    "printer",
    "plus",
    "camera",
    "lock",
    "user",
    "users",
    "device-laptop",
    "arrow-back-up",
    "arrows-left-right",
    "logout",
    "settings",
    "trash",
    "check",
    "x",
    "alert-triangle",
    "calendar",
    "phone",
    "cash",
    "file-text",
    "language",
    "message",
    "home",
    "book",
    "upload",
    "key",
];

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo tells")).join("../..");
    let modules = root.join("node_modules");
    println!("cargo:rerun-if-changed={}", root.join("package-lock.json").display());
    println!("cargo:rerun-if-changed=assets");
    println!("cargo:rerun-if-changed=build.rs");
    assert!(
        modules.join("@tabler/core").exists(),
        "the front-end packages are missing: run `npm ci --ignore-scripts` in the project's root (scripts/demo and scripts/test do)"
    );
    let mut files: Vec<(String, &str, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, kind: &'static str, path: PathBuf| {
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        files.push((name.to_owned(), kind, bytes));
    };
    const CSS: &str = "text/css; charset=utf-8";
    const JS: &str = "text/javascript; charset=utf-8";
    add("tabler.css", CSS, modules.join("@tabler/core/dist/css/tabler.min.css"));
    add("tabler.rtl.css", CSS, modules.join("@tabler/core/dist/css/tabler.rtl.min.css"));
    add("htmx.js", JS, modules.join("htmx.org/dist/htmx.min.js"));
    add("vazirmatn.woff2", "font/woff2", modules.join("vazirmatn/fonts/webfonts/Vazirmatn[wght].woff2"));
    add("vazirmatn-regular.woff2", "font/woff2", modules.join("vazirmatn/fonts/webfonts/Vazirmatn-Regular.woff2"));
    add("swagger-ui.js", JS, modules.join("swagger-ui-dist/swagger-ui-bundle.js"));
    add("swagger-ui.css", CSS, modules.join("swagger-ui-dist/swagger-ui.css"));
    for name in ["zamen.js", "choices.js", "api-docs.js"] {
        add(name, JS, PathBuf::from("assets").join(name));
    }
    files.push(("icons.svg".to_owned(), "image/svg+xml", sprite(&modules).into_bytes()));
    // Fonts first have their names; the style sheets name them.
    for (name, font) in [("zamen.css", "vazirmatn.woff2"), ("track.css", "vazirmatn-regular.woff2")] {
        let bytes = files.iter().find(|(file, ..)| file == font).map(|(.., bytes)| hash(bytes)).unwrap_or_default();
        let css = fs::read_to_string(Path::new("assets").join(name))
            .expect("our own style sheet")
            .replace("FONT_URL", &format!("/assets/{bytes}/{font}"));
        files.push((name.to_owned(), CSS, css.into_bytes()));
    }
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo tells"));
    let mut code = String::from("pub(crate) static FILES: &[Asset] = &[\n");
    for (name, kind, bytes) in files {
        let raw = out.join(format!("{name}.raw"));
        fs::write(&raw, &bytes).expect("written");
        let packed = out.join(format!("{name}.br"));
        fs::write(&packed, pack(&bytes)).expect("written");
        writeln!(
            code,
            "    Asset {{ name: {name:?}, hash: {:?}, kind: {kind:?}, raw: include_bytes!({:?}), brotli: include_bytes!({:?}) }},",
            hash(&bytes),
            raw.display().to_string(),
            packed.display().to_string(),
        )
        .expect("written");
    }
    code.push_str("];\n");
    fs::write(out.join("assets.rs"), code).expect("written");
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let quality = if bytes.len() > 1_000_000 { 5 } else { 9 };
    let params = brotli::enc::BrotliEncoderParams { quality, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut out, &params).expect("compressed");
    out
}

/// The icons as symbols of one file: `<use href="…/icons.svg#search">`.
fn sprite(modules: &Path) -> String {
    let mut out = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\">");
    for name in ICONS {
        let path = modules.join(format!("@tabler/icons/icons/outline/{name}.svg"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let start = text.find("<svg").expect("an SVG");
        let inner_from = text[start..].find('>').expect("an SVG") + start + 1;
        let inner = &text[inner_from..text.rfind("</svg>").expect("an SVG")];
        let _ = write!(
            out,
            "<symbol id=\"{name}\" viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" stroke-linecap=\"round\" stroke-linejoin=\"round\">{}</symbol>",
            inner.trim()
        );
    }
    out.push_str("</svg>");
    out
}
