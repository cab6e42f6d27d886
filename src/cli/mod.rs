//! The headless face of the program.

pub mod inspect;
