//! Arguments to a window or a command. Nothing else.

use std::process::ExitCode;

use malote::{app, cli, page};

fn main() -> ExitCode {
    // Before anything else: what draws pages has no use for the rest.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == page::protocol::ARGUMENT) {
        return page::helper::run();
    }
    let arguments = cli::arguments();
    if arguments.command.is_some() { cli::run(arguments) } else { app::open(arguments) }
}
