//! Arguments to a window or a command. Nothing else.

use std::process::ExitCode;

use malote::{app, cli};

fn main() -> ExitCode {
    let arguments = cli::arguments();
    if arguments.command.is_some() { cli::run(arguments) } else { app::open(arguments) }
}
