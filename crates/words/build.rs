//! The sentences are part of the program: a change of them builds it anew.

fn main() {
    println!("cargo:rerun-if-changed=locales");
}
