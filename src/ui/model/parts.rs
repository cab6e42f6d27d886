//! What belongs to the open message beside its text: its attachments looked at, saved and opened, and how it is read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Dialog, Model, Pending};
use crate::engine::preview::{Picture, Preview};
use crate::engine::{Command, Seen};
use crate::mail::kind::Kind;
use crate::mail::{Attachment, sanitize};
use crate::store::types::MessageKey;

/// Of the attachments of the open message, what is known beyond their names.
#[derive(Default)]
pub struct Parts {
    pub thumbnails: BTreeMap<usize, Arc<Picture>>,
    pub preview: Option<Previewing>,
    /// The charset in which the person wants to read the message.
    pub charset: Option<String>,
}

/// An attachment in front of the window.
#[derive(Debug)]
pub struct Previewing {
    pub attachment: Attachment,
    /// None: on its way.
    pub preview: Option<Preview>,
}

/// Whether an attachment is to be opened with another program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDialog {
    pub index: usize,
    pub name: String,
    /// What it is, and what it could do.
    pub kind: Kind,
    pub words: &'static str,
}

impl Model {
    /// A message has come: pictures among its attachments are shown small.
    pub(super) fn parts_wanted(&mut self) {
        let Some(message) = &self.reading.message else { return };
        let is_picture = |attachment: &Attachment| attachment.kind().kind == Kind::Picture;
        if message.view.attachments.iter().any(is_picture) {
            let key = message.row.key;
            self.ask(Command::LoadThumbnails { key }, Pending::Parts);
        }
    }

    pub(super) fn thumbnails_loaded(&mut self, key: MessageKey, pictures: Vec<(usize, Arc<Picture>)>) {
        if self.open_key() == Some(key) {
            self.reading.parts.thumbnails = pictures.into_iter().collect();
        }
    }

    /// Shows an attachment here, or asks whether it is to be opened elsewhere.
    pub(super) fn show_attachment(&mut self, index: usize) {
        let (Some(key), Some(attachment)) = (self.open_key(), self.attachment(index).cloned()) else { return };
        if !attachment.can_be_read() {
            return self.ask_to_open(index);
        }
        self.reading.parts.preview = Some(Previewing { attachment, preview: None });
        self.ask(Command::PreviewAttachment { key, index }, Pending::Parts);
    }

    pub(super) fn previewed(&mut self, key: MessageKey, index: usize, found: Preview) {
        let is_open = self.open_key() == Some(key);
        let waiting = self.reading.parts.preview.as_mut().filter(|waiting| waiting.attachment.index == index);
        if let Some(waiting) = waiting.filter(|_| is_open) {
            waiting.preview = Some(found);
        }
    }

    pub(super) fn ask_to_open(&mut self, index: usize) {
        let Some(attachment) = self.attachment(index) else { return };
        let found = attachment.kind();
        let name = attachment.safe_name.clone();
        self.dialog = Some(Dialog::Open(OpenDialog { index, name, kind: found.kind, words: found.words }));
    }

    /// The question is answered. A program is never opened, whatever was asked.
    pub(super) fn open_attachment(&mut self) {
        let Some(Dialog::Open(dialog)) = &self.dialog else { return };
        let (index, is_program) = (dialog.index, dialog.kind.is_program());
        self.dialog = None;
        if let Some(key) = self.open_key().filter(|_| !is_program) {
            self.ask(Command::OpenAttachment { key, index }, Pending::Parts);
        }
    }

    /// Dragged out of the window it is a file. Never a program: such a one is only saved.
    pub(super) fn drag_attachment(&mut self, index: usize) {
        let is_program = self.attachment(index).is_none_or(|attachment| attachment.kind().kind.is_program());
        if let Some(key) = self.open_key().filter(|_| !is_program) {
            self.ask(Command::OpenAttachment { key, index }, Pending::Drag);
        }
    }

    pub(super) fn save_message(&mut self, folder: PathBuf) {
        if let Some(key) = self.open_key() {
            self.ask(Command::SaveMessage { key, folder }, Pending::SaveFiles);
        }
    }

    /// Remembers what is open now: while the system's dialog is open, another message may be.
    pub(super) fn ask_where_to_print(&mut self) {
        let Some(message) = &self.reading.message else { return };
        let as_text = self.page.as_text || self.page_trouble().is_some();
        let seen = Seen { charset: self.reading.parts.charset.clone(), as_text };
        let subject = message.view.shown_subject.trim().replace(['/', '\\'], "_");
        let name = if subject.is_empty() { "message.pdf".to_owned() } else { format!("{subject}.pdf") };
        self.to_place = Some(sanitize::file_name(Some(&name), "application/pdf"));
        self.printing = Some((message.row.key, seen));
    }

    pub(super) fn save_pdf(&mut self, file: PathBuf) {
        if let Some((key, seen)) = self.printing.take() {
            self.say("Making the PDF…".into(), false);
            self.ask(Command::SavePdf { key, seen, file }, Pending::SaveFiles);
        }
    }

    /// Reads the open message in another charset; None: in the one that it says.
    pub(super) fn read_as(&mut self, charset: Option<String>) {
        let Some(key) = self.open_key() else { return };
        self.reading.parts.charset.clone_from(&charset);
        self.ask(
            match charset {
                Some(charset) => Command::ReadAs { key, charset },
                None => Command::OpenMessage { key },
            },
            Pending::Refresh,
        );
    }

    fn open_key(&self) -> Option<MessageKey> {
        self.reading.message.as_ref().map(|message| message.row.key)
    }

    fn attachment(&self, index: usize) -> Option<&Attachment> {
        let message = self.reading.message.as_ref()?;
        message.view.attachments.iter().find(|attachment| attachment.index == index)
    }
}
