//! A message as PDF: to be kept, or printed by whatever the desktop has for that.

use std::path::PathBuf;

use super::event::{Event, Problem};
use super::hub::Hub;
use super::{page, problem, reading, saving};
use crate::mail::{Circumstances, MessageView};
use crate::page::print::{Head, Job, Paper, Unprinted};
use crate::page::{Document, html_of_text, print};
use crate::store::KeptPicture;
use crate::store::types::MessageKey;

/// What a person sees of a message, and wants on paper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// It is read in this charset, whatever it says; None: in its own.
    pub charset: Option<String>,
    /// Its text is shown, although it has a page.
    pub as_text: bool,
}

/// What is to be printed of a message: its page with the remote pictures that were fetched for it, or its text. Total.
pub fn print_job(raw: &[u8], known: &Circumstances, as_text: bool, kept: &[KeptPicture]) -> Job {
    let view = MessageView::of_any(raw, known);
    // Read in another charset a message is text: its page says itself how it is to be read.
    let is_text = as_text || known.charset.is_some();
    let page = if is_text { None } else { page::of_any(raw, kept) };
    let document = match page {
        Some(page) => std::sync::Arc::unwrap_or_clone(page.document),
        None => Document { html: html_of_text(&view.readable), resources: Vec::new() },
    };
    let head = Head::of(&view, &view.envelope.date.map(date).unwrap_or_default());
    Job { paper: Paper::of_environment(), head, document }
}

/// Day and time where the person is, with what the time is called there.
fn date(seconds: i64) -> String {
    let Ok(at) = jiff::Timestamp::from_second(seconds) else { return String::new() };
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%A, %-d %B %Y, %H:%M (%Z)").to_string()
}

/// Writes the message as PDF to where the person said.
pub(super) async fn save(hub: &Hub, key: MessageKey, seen: Seen, file: PathBuf) -> Result<Event, Box<Problem>> {
    let failed = |error| problem::store_plain("Could not open the message", &error);
    let row = hub.store.row(key).await.map_err(failed)?;
    let raw = hub.store.raw(key).await.map_err(failed)?;
    let kept = hub.store.pictures(key).await.map_err(failed)?;
    let known = reading::circumstances(hub, row.account, seen.charset).await;
    let write = move || {
        let pdf = print::print(print_job(&raw, &known, seen.as_text, &kept)).map_err(|why| not_printed(&why))?;
        saving::write_over(&file, &pdf).map_err(|error| problem::not_saved(&error))?;
        Ok(Event::Printed { file })
    };
    async_std::task::spawn_blocking(write).await
}

fn not_printed(why: &Unprinted) -> Box<Problem> {
    let remedy = match why {
        Unprinted::TooSlow | Unprinted::Broken | Unprinted::Refused(_) => {
            "Show the message as text, and save that as PDF; or save the message itself."
        }
        Unprinted::Unavailable => "Close some programs, and try again; or save the message itself.",
    };
    Box::new(Problem {
        what: "Could not make a PDF of the message".into(),
        why: why.to_string(),
        remedy: remedy.into(),
        ..Problem::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &[u8] = b"Subject: Both\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\n\r\nplain words\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>rich words</b>\r\n--b--\r\n";

    #[test]
    fn what_is_seen_is_what_is_printed() {
        let job = |known: &Circumstances, as_text| print_job(RAW, known, as_text, &[]);
        let page = job(&Circumstances::default(), false);
        assert!(page.document.html.contains("<b>rich words</b>") && page.head.subject == "Both");
        assert!(job(&Circumstances::default(), true).document.html.contains("plain words"));
        let other = Circumstances { charset: Some("koi8-r".into()), ..Circumstances::default() };
        assert!(job(&other, false).document.html.contains("plain words"));
    }
}
