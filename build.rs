//! Tells cargo that the program changes when a migration is added: they are read at compile time.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
