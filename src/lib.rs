//! Malote, a desktop mail reader for POP3: dial in, take everything, hang up, and live offline.
//!
//! *Pure mail and protocol in the middle, one file that touches the network, one folder that touches SQL, one engine that
//! decides, one screen that draws plain data and returns actions.*
//!
//! # The modules, in reading order
//!
//! | module | what it is | never imports |
//! |---|---|---|
//! | [`account`] | what a person says about an account | anything of ours |
//! | [`mail`] | bytes ⇄ meaning: envelopes, bodies, drafts, messages to send; total over hostile input | anything of ours, a clock, a disk, a socket |
//! | [`protocol`] | POP3, mail submission and the one request for a picture, sans-IO: bytes in, events and bytes out | anything of ours, anything async |
//! | [`net`] | drives a [`protocol::Machine`] over TCP, TLS and SOCKS5; silence, trust, upgrade | mail, store, engine, ui |
//! | [`store`] | one SQLite database: messages with their octets, the ledger of what the servers have, drafts, Outbox, search, conversations, remote pictures that were fetched, the journal of what a person did; its backups and repairs | protocol, net, engine, ui |
//! | [`secret`] | passwords ⇄ the system's keyring, or a command | all but account |
//! | [`page`] | lays a message's HTML out into pixels, links and selectable text; only place that names Blitz | store, net, engine, ui, egui, a socket |
//! | [`engine`] | decides: visits, submissions, requests; the only place where store and net meet | ui |
//! | [`ui`] | draws a [`ui::model::Model`], returns actions | store's SQL, net, secret's keyring, a disk, a socket |
//! | [`app`], [`cli`] | the window and the command line on the same engine | |
//! | [`demo`] | a POP3 and submission server inside the program, with sample mail | all of the above |
//! | [`desktop`] | whether the desktop is light or dark, and whether it can ask for a file; files dragged out of the window; each on a thread of its own | anything of ours |
//! | [`profile`], [`instance`] | the folder of one person's Malote, held by one process; the doorbell for the second | |
//!
//! A test reads the sources and refuses an import against these directions.
//!
//! # The three central types
//!
//! * [`protocol::Machine`]: `receive(bytes)`, then `step()` until it says `Read`: write these octets, begin TLS, here is an
//!   event, done. It never waits and never asks the time, so every conversation is a test without a socket.
//! * [`engine::Command`] and [`engine::Event`]: the only words between screen and worker; plain owned data over bounded
//!   channels. Every answer carries the id of its request, and late ones are ignored.
//! * [`ui::model::Model`]: everything that is visible, as data. `apply` takes news in, `act` turns what a person does into
//!   commands; both are synchronous, so that a test of the screen needs no window.
//!
//! Four ids that must not be confused are four types: [`store::types::MessageKey`] (our row), the `Message-ID` field (a
//! string of the envelope), [`protocol::pop3::Uid`] (the server's unique-id) and [`protocol::pop3::MessageNumber`] (valid in
//! one session).
//!
//! # The life of one message
//!
//! 1. *Get mail*: the screen sends [`engine::Command::GetMail`]; the engine begins one errand an account, all in parallel.
//! 2. The password comes from the keyring; the line is opened, directly or through a proxy; CAPA, sign-in by a ladder of
//!    mechanisms that remembers what worked, UIDL and LIST.
//! 3. The plan, a pure function: what the listing, the ledger, the account's rules and the person's wishes make of each
//!    message. The listing is kept packed and the ledger goes past it entry by entry, so that a visit does not grow with the
//!    maildrop. What is listed with another size, or again after it was deleted, is told by its header. The view of what lies on the server shows the fates that the same function gives.
//! 4. RETR, as many in flight as the round trip and the server's rate ask for, or one at a time where the server was found
//!    unable to do what it announces; octets stream in as chunks. Small messages are gathered into parcels, large ones go to the
//!    disk piece by piece.
//! 5. Parcels are parsed, hashed and compressed by a few workers, and stored in groups: octets, row and ledger in **one
//!    synced transaction**.
//! 6. Only now may DELE be sent, noted in the ledger beforehand; then QUIT at once. A DELE counts only when QUIT was
//!    confirmed; until then it is *unknown*, and the next listing settles it.
//! 7. The screen hears of it, asks for the rows that are visible, and shows a bold line.
//! 8. The words of the message go into the search index from a mark that the store kept when it was stored, and the message
//!    joins its conversation: later, in small batches, and never at the expense of an open line.
//! 9. What a person does to it (marks, mailboxes, tags) is written down in the same transaction as the change itself, and can
//!    be undone for 30 days. Once a week its octets are read again and compared with their hash; what is damaged is taken from the
//!    backup, or fetched again from the server where it still lies.
//!
//! A page in HTML is cleaned ([`mail::clean`]) before anybody draws it: nothing of it can run, load or lead out but a link that
//! is clicked. Its remote pictures are fetched on a person's word alone, or at the end of a visit for those who were allowed, and
//! kept in the store; opening a message asks the network for nothing.
//!
//! Cut the line or kill the program anywhere in there: after one healthy visit every message is in the store exactly once,
//! octet for octet, and none was deleted before it was stored.
//!
//! Mail of other programs comes in by the same door ([`engine`]'s import): octets, row and ledger in one synced transaction, so
//! that the next visit knows what of it lies on the server.
//!
//! # Threads
//!
//! Pages of mail are laid out and painted in a process of their own ([`page::helper`]), which can be ended at any moment and, on
//! Linux, can neither reach the network nor change a file; a thread of the window's process ([`page::supervisor`]) speaks with it.
//! A PDF ([`page::print`]) is made by another such process, which ends with it.
//!
//! The window's thread does no disk and no network. The engine has one thread for its select and async-std's for its tasks;
//! the store has one writer and two readers of its own; parsing, compressing and asking the keyring happen on the blocking
//! pool.
#![forbid(unsafe_code)]

pub mod account;
pub mod app;
pub mod cli;
pub mod demo;
pub mod desktop;
pub mod engine;
pub mod instance;
pub mod mail;
pub mod net;
pub mod page;
pub mod profile;
pub mod protocol;
pub mod secret;
pub mod store;
pub mod ui;
