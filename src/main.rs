//! Arguments to a window or a command. Nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = malote::cli::arguments();
    malote::cli::run(arguments)
}
