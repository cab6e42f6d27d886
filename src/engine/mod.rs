//! Decides. The only place where store and net meet; the screen and the command line reach it by commands and events alone.

pub mod command;
pub mod event;

pub use command::{Command, PasswordChange, Request, RequestId};
pub use event::{AccountTest, Answer, CertificateFacts, Event, Offer, OpenedMessage, Problem, Stage, Visit};
