//! `malote pictures`: fetches the remote pictures of a message, says for whom they are fetched with each visit, and ends that.

use std::io::{self, Write};

use super::Failure;
use super::client::{Client, expect_event};
use super::message::about;
use crate::engine::{Allowed, Command, ConsentId, Event, PictureConsent, PictureScope};
use crate::store::types::MessageKey;

pub fn fetch(client: &mut Client, key: MessageKey, scope: PictureScope) -> Result<(), Failure> {
    let answer = client.ask(Command::FetchPictures { key, scope }).map_err(about(key))?;
    let (had, missing) = expect_event!(answer, Event::Pictures { had, missing, .. } => (had, missing))?;
    let missing = if missing > 0 { format!("; {missing} could not be had") } else { String::new() };
    writeln!(io::stdout(), "{had} kept{missing}")?;
    Ok(())
}

pub fn list(client: &mut Client) -> Result<(), Failure> {
    let consents = expect_event!(client.ask(Command::ListPictureConsents)?, Event::PictureConsents(all) => all)?;
    say(&consents)
}

pub fn revoke(client: &mut Client, id: i64) -> Result<(), Failure> {
    let answer = client.ask(Command::RevokePictures { id: ConsentId(id) })?;
    say(&expect_event!(answer, Event::PictureConsents(all) => all)?)
}

fn say(consents: &[PictureConsent]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for PictureConsent { id, whom, .. } in consents {
        let (kind, name) = match whom {
            Allowed::Sender(address) => ("sender", address),
            Allowed::List(id) => ("list", id),
        };
        writeln!(out, "{}  {kind}  {name}", id.0)?;
    }
    Ok(())
}
