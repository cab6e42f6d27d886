//! One SQLite database with everything in it. The only folder with SQL.

pub mod types;
