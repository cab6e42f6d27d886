//! What can be said on the command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::account::policy::{Fetch, Line, Metered, Mirror, Order, Size};
use crate::account::{Fingerprint, Proxy, Retention, Security, SignIn};
use crate::engine::{ImportFormat, Rhythm};
use crate::store::types::{MessageKey, SortBy};

/// A mail reader for POP3: dial in, take everything, hang up, and live offline. Without a command it opens its window.
#[derive(Debug, Parser)]
#[command(name = "malote", version, arg_required_else_help = false)]
pub struct Arguments {
    /// Keep everything in this folder instead of your own data folder
    #[arg(long, global = true, value_name = "DIR")]
    pub profile: Option<PathBuf>,
    /// A throw-away profile with sample mail on a server inside the program
    #[arg(long)]
    pub demo: bool,
    /// A link to a mail address, as a browser hands it over: opens the window with a message to write (mailto:…)
    #[arg(value_name = "LINK", value_parser = mailto)]
    pub link: Option<String>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Anything else in this place is a command that was misspelt.
fn mailto(text: &str) -> Result<String, &'static str> {
    let scheme = text.get(..7).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("mailto:") {
        Ok(text.to_owned())
    } else {
        Err("neither a command nor a mailto link")
    }
}

/// Whose pictures are fetched with each visit.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Always {
    Sender,
    List,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add, change, list, remove or test accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Collect mail, all accounts at once or those named
    Get {
        /// Names of accounts
        accounts: Vec<String>,
        /// As much as there is, even where an account's rules say to ask first
        #[arg(long)]
        all: bool,
        /// As a visit that nobody asked for, for timers: where an account's rules say so it waits for a line that is not
        /// metered
        #[arg(long, conflicts_with = "all")]
        unasked: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show what lies on an account's server and what becomes of it, and decide otherwise for the next visit
    Server(ServerArguments),
    /// Examine a server: its name, line, certificate and abilities, and (of an account) how it keeps to them
    Doctor {
        /// An account's name, or HOST or HOST:PORT
        #[arg(value_name = "ACCOUNT|HOST[:PORT]")]
        server: String,
        /// Of a host: tls (the default), stls or none
        #[arg(long, value_name = "tls|stls|none")]
        security: Option<Security>,
        /// Of a host: certificates to trust beside the system's
        #[arg(long, value_name = "PEM")]
        ca_file: Option<PathBuf>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show what each account's line has cost and what it is like, by month
    Meter {
        /// The last visits instead, one by one
        #[arg(long)]
        visits: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// List a mailbox, newest first
    List {
        /// inbox (the default), drafts, outbox, sent, archive, junk, trash or one of your own; ACCOUNT/inbox for one account's
        mailbox: Option<String>,
        /// In another order: date, sender, subject or size (the largest first)
        #[arg(long, value_name = "ORDER", default_value = "date", hide_default_value = true)]
        sort: SortBy,
        /// The other way round: the oldest, Z to A, or the smallest first
        #[arg(long)]
        reverse: bool,
        /// At most so many
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Find messages, newest first, or keep a search under a name
    ///
    /// Words, "phrases", -not, OR, from: to: subject: in: tag: has:attachment is:unread newer:7d and more.
    Search {
        /// What to find; the words above, put together as in the window
        #[arg(allow_hyphen_values = true, required_unless_present_any = ["saved", "list_saved", "forget"])]
        query: Option<String>,
        /// Say what each message says where something was found (on a terminal the first ones do so anyway)
        #[arg(long)]
        snippets: bool,
        /// Keep the query under this name
        #[arg(long, value_name = "NAME", requires = "query")]
        save: Option<String>,
        /// Find what this saved search finds; a query beside it narrows it
        #[arg(long, value_name = "NAME")]
        saved: Option<String>,
        /// List the saved searches
        #[arg(long, conflicts_with_all = ["query", "save", "saved"])]
        list_saved: bool,
        /// Remove the saved search of this name
        #[arg(long, value_name = "NAME", conflicts_with_all = ["query", "save", "saved", "list_saved"])]
        forget: Option<String>,
        /// At most so many
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show the conversation that a message is part of, in all accounts and mailboxes
    Thread {
        /// The message, by the number that “list” and “search” show
        key: MessageKey,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show a message
    Show {
        /// The message, by the number that “list” and “search” show
        key: MessageKey,
        /// The received octets, unchanged
        #[arg(long, conflicts_with_all = ["text", "headers"])]
        raw: bool,
        /// Only the readable text
        #[arg(long, conflicts_with = "headers")]
        text: bool,
        /// Only the header fields, decoded
        #[arg(long)]
        headers: bool,
    },
    /// Fetch the remote pictures of a message, which are then kept with it, or say for whom they are fetched with each visit
    Pictures {
        /// The message, by the number that “list” and “search” show
        #[arg(required_unless_present_any = ["allowed", "no_longer"])]
        key: Option<MessageKey>,
        /// And from now on with each visit, what its sender sends or what comes by its mailing list
        #[arg(long, value_name = "sender|list", requires = "key")]
        always: Option<Always>,
        /// List for whom they are fetched
        #[arg(long, conflicts_with = "key")]
        allowed: bool,
        /// Fetch no more of them, by the number that “--allowed” shows
        #[arg(long, value_name = "NUMBER", conflicts_with_all = ["key", "allowed"])]
        no_longer: Option<i64>,
    },
    /// Move messages to Archive
    Archive {
        /// Messages, by the numbers that “list” and “search” show
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<MessageKey>,
    },
    /// Move messages to Trash
    Delete {
        /// Messages, by the numbers that “list” and “search” show
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<MessageKey>,
    },
    /// Bring messages back to where they were
    Undelete {
        /// Messages, by the numbers that “list” and “search” show
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<MessageKey>,
    },
    /// Remove for good what lies in Trash
    EmptyTrash,
    /// Move messages to a mailbox
    Move {
        /// Messages, by the numbers that “list” and “search” show
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<MessageKey>,
        /// inbox, archive, junk, trash or one of your own
        #[arg(required = true)]
        mailbox: String,
    },
    /// List, add, rename or remove mailboxes of your own, which all accounts share
    #[command(subcommand)]
    Mailbox(MailboxCommand),
    /// Put tags on messages and take them off; or “list” the tags
    Tag {
        /// Messages, by the numbers that “list” and “search” show, and what to put on them (+NAME, made if it is new) or take off
        /// (-NAME)
        #[arg(
            required = true,
            allow_hyphen_values = true,
            trailing_var_arg = true,
            value_name = "KEY… +NAME -NAME | list"
        )]
        words: Vec<String>,
    },
    /// Undo what was done last to messages, mailboxes and tags, or an earlier thing
    Undo {
        /// What can be undone, the newest first
        #[arg(long)]
        list: bool,
        /// This one, by the number that --list shows
        #[arg(conflicts_with = "list", value_name = "NUMBER")]
        number: Option<i64>,
    },
    /// Do again what was undone last
    Redo,
    /// Answer a message with the text on standard input; without --send it stays in Drafts
    Reply {
        /// The message, by the number that “list” and “search” show
        key: MessageKey,
        /// Put it into the Outbox and submit it
        #[arg(long)]
        send: bool,
    },
    /// Submit what waits in the Outbox
    Send,
    /// Move in: import what another mail program has; run again, it goes on where it was stopped
    ///
    /// That is an mbox, a Maildir, a folder of .eml files, the profile of Thunderbird or Claws Mail, or getmail's or mpop's list of
    /// what they fetched. Folders that are none of the usual ones become mailboxes of your own.
    Import {
        /// A file or a folder
        source: PathBuf,
        /// The name of the account that it goes into
        #[arg(long)]
        account: String,
        /// mbox, maildir, eml, thunderbird, claws, getmail or mpop; recognised by itself if not named
        #[arg(long)]
        format: Option<ImportFormat>,
        /// Only say what is there
        #[arg(long)]
        dry_run: bool,
    },
    /// Write messages to a folder, exactly as received: one file each, as mbox or as Maildir
    Export {
        /// eml: one file each (into one folder, or by mailbox where something is chosen below)
        #[arg(long, value_enum, default_value_t = ExportFormat::Eml)]
        format: ExportFormat,
        /// Only this account's
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// Only this mailbox: inbox, drafts, outbox, sent, archive, junk, trash or one of your own
        #[arg(long, value_name = "MAILBOX")]
        mailbox: Option<String>,
        /// Only what this finds
        #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
        search: Option<String>,
        /// A new folder
        folder: PathBuf,
    },
    /// Read everything that is stored and prove it: every page, every message against its hash; name what is damaged
    Verify {
        /// Repair damaged messages: from the backup, or by having them fetched again with the next visit
        #[arg(long)]
        repair: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Bring a copy of everything up to date in another folder, and read all of it again; passwords are not in it
    Backup {
        /// Where to; without it, the folder of the last --every
        #[arg(value_name = "DEST", required_unless_present = "every")]
        folder: Option<PathBuf>,
        /// From now on the window does this by itself: off, daily or weekly
        #[arg(long, value_name = "off|daily|weekly")]
        every: Option<Rhythm>,
    },
    /// Bring everything back from a backup; what is there is moved aside
    Restore {
        #[arg(value_name = "DEST")]
        backup: PathBuf,
    },
    /// Save everything that can be read of a damaged store into a new one; the old file is kept
    Salvage {},
    /// Show what messages in files say, one JSON object a line, without a profile
    Inspect {
        #[arg(required_unless_present = "list", value_name = "FILE.eml")]
        files: Vec<PathBuf>,
        /// Read the names of the files from this file, one a line
        #[arg(long, value_name = "FILE", conflicts_with = "files")]
        list: Option<PathBuf>,
        /// JSON is what there is; the switch is for the sake of habit
        #[arg(long)]
        json: bool,
    },
    /// Draw what the window shows of a message in a file as a picture or as PDF, without a profile
    #[command(group(clap::ArgGroup::new("out").required(true).multiple(true).args(["png", "pdf"])))]
    Render {
        #[arg(value_name = "FILE.eml")]
        file: PathBuf,
        /// Where to write the picture
        #[arg(long, value_name = "OUT.png")]
        png: Option<PathBuf>,
        /// Where to write the PDF, for printing and keeping
        #[arg(long, value_name = "OUT.pdf")]
        pdf: Option<PathBuf>,
        /// The paper of the PDF; by itself what the locale's country uses
        #[arg(long, value_name = "SIZE", requires = "pdf")]
        paper: Option<PaperSize>,
        /// The width of the picture's window, in pixels
        #[arg(long, value_name = "PX", default_value_t = 700, value_parser = clap::value_parser!(u32).range(100..=4000))]
        width: u32,
        /// As in a dark window
        #[arg(long)]
        dark: bool,
        /// All of it, not only the first 800 pixels
        #[arg(long)]
        whole: bool,
    },
    /// List or save the attachments of a message in a file, without a profile
    Attachments {
        #[arg(value_name = "FILE.eml")]
        file: PathBuf,
        /// Save them into this folder, under safe names
        #[arg(long, value_name = "DIR")]
        save: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum MailboxCommand {
    /// Every mailbox of your own, with its messages and how many of them are unread
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Make one: “Receipts”, or “Projects/House” in “Projects”
    Add {
        /// Its name, after those that it lies in
        name: String,
    },
    /// Give one another name, or another place
    Rename {
        /// As it is called now
        name: String,
        /// As it is called from now on
        new: String,
    },
    /// Remove one with those in it; their messages go to Archive
    Remove {
        /// As “mailbox list” shows it
        name: String,
    },
}

/// A size of paper.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PaperSize {
    A4,
    Letter,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ExportFormat {
    Eml,
    Mbox,
    Maildir,
}

#[derive(Debug, Args)]
pub struct ServerArguments {
    /// The account's name
    pub account: String,
    /// Delete these on the server with the next visit, fetched or not
    #[arg(long, value_name = "UID", num_args = 1..)]
    pub delete: Vec<String>,
    /// Fetch these whole with the next visit, whatever the rules say
    #[arg(long, value_name = "UID", num_args = 1..)]
    pub get: Vec<String>,
    /// Leave these on the server, whatever the rules say
    #[arg(long, value_name = "UID", num_args = 1..)]
    pub keep: Vec<String>,
    /// Take back what was said about these
    #[arg(long, value_name = "UID", num_args = 1..)]
    pub reset: Vec<String>,
    /// Count everything that is there as known, without fetching it (after moving from another program)
    #[arg(long, conflicts_with = "run")]
    pub adopt: bool,
    /// Carry it out now
    #[arg(long)]
    pub run: bool,
    /// Do not ask for the headers of messages that are not here
    #[arg(long)]
    pub no_headers: bool,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// The finer rules of an account; what is not named keeps its value.
#[derive(Debug, Args)]
pub struct PolicySettings {
    /// Fetch messages whole (the default) or their headers alone; the rest on request
    #[arg(long, value_name = "whole|headers")]
    pub fetch: Option<Fetch>,
    /// Of messages above this size fetch only the header and the first lines
    #[arg(long, value_name = "SIZE|none")]
    pub first_lines_above: Option<Size>,
    /// Leave messages above this size on the server until they are asked for
    #[arg(long, value_name = "SIZE|none")]
    pub skip_above: Option<Size>,
    /// Which messages come first
    #[arg(long, value_name = "oldest|newest|smallest")]
    pub order: Option<Order>,
    /// Ask before more than so much is fetched (get --all answers yes)
    #[arg(long, value_name = "SIZE|none")]
    pub ask_above: Option<Size>,
    /// Fetch at most so many octets in one visit
    #[arg(long, value_name = "SIZE|none")]
    pub visit_limit: Option<Size>,
    /// Ask for nothing more after so many seconds; 0: no limit
    #[arg(long, value_name = "N")]
    pub visit_secs: Option<u32>,
    /// The safety switch: never delete anything on the server, whatever else is said
    #[arg(long, value_name = "true|false")]
    pub never_delete: Option<bool>,
    /// What is also deleted on the server: nothing (the default), what was deleted here, or what has left the Inbox
    #[arg(long, value_name = "nothing|deleted|left-inbox")]
    pub mirror: Option<Mirror>,
    /// The window collects by itself so many minutes after the last visit; 0: never
    #[arg(long, value_name = "MINUTES")]
    pub every: Option<u16>,
    /// On a metered line: nothing else (the default), ask before more than a little is fetched, or keep off it: visits that
    /// nobody asked for wait for another line, and the others ask first
    #[arg(long, value_name = "as-usual|ask|unmetered-only")]
    pub metered: Option<Metered>,
    /// With --metered ask: how much that is; none: 1M
    #[arg(long, value_name = "SIZE|none")]
    pub metered_ask_above: Option<Size>,
    /// Whether the line is metered: as the system says (auto, the default; Linux only), or as you say
    #[arg(long, value_name = "auto|metered|unmetered")]
    pub line: Option<Line>,
    /// The room that the provider gives on the server, to be shown beside what lies there; none: unknown
    #[arg(long, value_name = "SIZE|none")]
    pub quota: Option<Size>,
}

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Add an account
    Add(Box<AccountSettings>),
    /// Change what is named of an account, and leave the rest
    Edit {
        /// The account's present name
        account: String,
        #[command(flatten)]
        settings: Box<AccountSettings>,
    },
    /// List the accounts
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Remove an account, its mail here and its password; the server keeps what it has
    Remove { account: String },
    /// Sign in to its servers and out again
    Test { account: String },
}

/// A proxy, or none.
#[derive(Clone, Debug)]
pub struct ProxySetting(pub Option<Proxy>);

impl FromStr for ProxySetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if ["", "none"].contains(&text) { Ok(Self(None)) } else { text.parse().map(|proxy| Self(Some(proxy))) }
    }
}

#[derive(Debug, Args)]
pub struct AccountSettings {
    /// What the account is called, for example Work
    #[arg(long)]
    pub name: Option<String>,
    /// Its mail address
    #[arg(long)]
    pub address: Option<String>,
    /// Your name, as others see it
    #[arg(long)]
    pub display_name: Option<String>,
    /// Host name of the POP3 server
    #[arg(long)]
    pub host: Option<String>,
    /// Port of the POP3 server; 995 for tls, 110 otherwise
    #[arg(long)]
    pub port: Option<u16>,
    /// tls (the default), stls (required or fail) or none (everyone on the way can read password and mail)
    #[arg(long, value_name = "tls|stls|none")]
    pub security: Option<Security>,
    /// User name; the address if not named
    #[arg(long)]
    pub user: Option<String>,
    /// How to sign in: auto (the default: the best that the server offers, APOP and tokens excepted), or one way and no other
    #[arg(
        long,
        value_name = "auto|user|apop|plain|login|cram-md5|scram-sha-1|scram-sha-256|scram-sha-256-plus|external|xoauth2|oauthbearer"
    )]
    pub auth: Option<SignIn>,
    /// Go through this SOCKS5 proxy, which also looks up the servers' names; none: go straight
    #[arg(long, value_name = "socks5://HOST:PORT|none")]
    pub proxy: Option<ProxySetting>,
    /// A certificate of your own with its key, for servers that ask for one; empty: none
    #[arg(long, value_name = "PEM|P12")]
    pub client_certificate: Option<String>,
    /// A command whose first line of output is the password
    #[arg(long, value_name = "CMD", conflicts_with = "password_stdin")]
    pub password_command: Option<String>,
    /// Read the password from standard input and keep it in the system keyring
    #[arg(long)]
    pub password_stdin: bool,
    /// What stays on the server: forever (the default), days:N after download, none (deleted once safely stored), newest:N
    /// (messages) or newest:NM (megabytes)
    #[arg(long, value_name = "forever|days:N|none|newest:N|newest:NM")]
    pub keep: Option<Retention>,
    #[command(flatten)]
    pub policy: PolicySettings,
    /// Host name of the SMTP submission server
    #[arg(long)]
    pub smtp_host: Option<String>,
    /// Port of the SMTP server; 465 for tls, 587 otherwise
    #[arg(long)]
    pub smtp_port: Option<u16>,
    /// tls (the default), starttls (required or fail) or none
    #[arg(long, value_name = "tls|starttls|none")]
    pub smtp_security: Option<Security>,
    /// User name for the SMTP server, where it is another one
    #[arg(long)]
    pub smtp_user: Option<String>,
    /// Certificates to trust beside the system's, PEM; empty: none
    #[arg(long, value_name = "PEM")]
    pub ca_file: Option<String>,
    /// Trust exactly this certificate of the POP3 server (SHA-256 of its DER)
    #[arg(long, value_name = "SHA256")]
    pub pin: Option<Fingerprint>,
    /// Trust exactly this certificate of the SMTP server
    #[arg(long, value_name = "SHA256")]
    pub smtp_pin: Option<Fingerprint>,
    /// Silence longer than this ends an attempt; progress renews it
    #[arg(long, value_name = "N")]
    pub timeout_secs: Option<u32>,
}
