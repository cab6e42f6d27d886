//! Mailboxes and tags of the person's own, the window to choose one in, and what was done, to be undone.

use super::dialogs::{Dialog, NameDialog, Named};
use super::grouping::Deed;
use super::selection::holds;
use super::{Model, Pending};
use crate::engine::{Command, EntryId, Organisation, Undone};
use crate::mail::query::complete;
use crate::store::types::{MailboxView, MessageKey, OwnMailboxId, Role, Tag, TagId};

/// Colours of the palette.
pub const COLORS: u8 = 8;

/// A list to choose from, by typing: where to, or which tags.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chooser {
    pub what: Choosing,
    /// What is typed.
    pub filter: String,
    /// Where the keyboard is among the choices that fit.
    pub cursor: usize,
    /// Of what is selected: how many of the messages have which tag, as far as their rows are known.
    tagged: Vec<(TagId, Marked)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choosing {
    #[default]
    Mailbox,
    Tags,
}

/// What can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    Mailbox(Role),
    /// Made, and moved to.
    NewMailbox(String),
    Tag(TagId),
    /// Made, and put on.
    NewTag(String),
}

/// A line of the chooser.
#[derive(Clone, Debug, PartialEq)]
pub struct Choosable {
    pub choice: Choice,
    pub name: String,
    pub marked: Marked,
}

/// Whether a tag is on what is selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marked {
    #[default]
    Off,
    /// On some of them.
    Some,
    On,
}

impl Model {
    /// How a mailbox is called.
    pub fn mailbox_name(&self, role: Role) -> String {
        match role {
            Role::Own(id) => self.own_mailbox(id).unwrap_or("Removed mailbox").to_owned(),
            other => other.to_string(),
        }
    }

    fn own_mailbox(&self, id: OwnMailboxId) -> Option<&str> {
        self.organisation.mailboxes.iter().find(|mailbox| mailbox.id == id).map(|mailbox| mailbox.name.as_str())
    }

    pub fn tag(&self, id: TagId) -> Option<&Tag> {
        self.organisation.tags.iter().find(|tag| tag.id == id)
    }

    /// What would be undone next, in words; None: nothing.
    pub fn can_undo(&self) -> Option<String> {
        self.organisation.history.iter().find(|entry| !entry.undone).map(crate::engine::Entry::words)
    }

    pub(super) fn organised(&mut self, organisation: Organisation) {
        self.organisation = organisation;
        // The mailbox that was open is no longer there.
        if let Role::Own(id) = self.messages.view.role
            && self.own_mailbox(id).is_none()
        {
            self.leave_for(Role::Archive);
        }
    }

    /// The open mailbox is gone: another is shown in its place or, while something is searched for, come back to.
    pub(super) fn leave_for(&mut self, role: Role) {
        let view = MailboxView { role, account: None };
        if !self.search.is_on() {
            return self.show_mailbox(view);
        }
        self.messages.view = view;
        self.search_here(self.search.here);
    }

    pub(super) fn open_chooser(&mut self, what: Choosing) {
        if self.messages.selected.is_empty() {
            return;
        }
        let tagged = if what == Choosing::Tags { self.tags_of_selection() } else { Vec::new() };
        self.chooser = Some(Chooser { what, tagged, ..Chooser::default() });
    }

    fn tags_of_selection(&self) -> Vec<(TagId, Marked)> {
        let known: Vec<_> = self.messages.rows_chosen().collect();
        let marked = |id| match known.iter().filter(|row| row.tags.contains(&id)).count() {
            0 => Marked::Off,
            count if count == known.len() => Marked::On,
            _ => Marked::Some,
        };
        self.organisation.tags.iter().map(|tag| (tag.id, marked(tag.id))).collect()
    }

    /// The lines of the chooser that fit what is typed, and what would be made of it.
    pub fn choices(&self) -> Vec<Choosable> {
        let Some(chooser) = &self.chooser else { return Vec::new() };
        let typed = chooser.filter.trim();
        let sought = typed.to_lowercase();
        let all = match chooser.what {
            Choosing::Mailbox => self.places(),
            Choosing::Tags => self.organisation.tags.iter().map(|tag| chooser.of_tag(tag)).collect(),
        };
        let is_new = !typed.is_empty() && !all.iter().any(|choosable| choosable.name.to_lowercase() == sought);
        let mut fitting: Vec<Choosable> =
            all.into_iter().filter(|choosable| choosable.name.to_lowercase().contains(&sought)).collect();
        // What begins like it is meant before what only holds it.
        fitting.sort_by_key(|choosable| {
            !choosable.name.to_lowercase().split(['/', ' ']).any(|word| word.starts_with(&sought))
        });
        if is_new {
            let (choice, name) = match chooser.what {
                Choosing::Mailbox => (Choice::NewMailbox(typed.to_owned()), format!("New mailbox “{typed}”")),
                Choosing::Tags => (Choice::NewTag(typed.to_owned()), format!("New tag “{typed}”")),
            };
            fitting.push(Choosable { choice, name, marked: Marked::Off });
        }
        fitting
    }

    /// Where what is selected can go.
    fn places(&self) -> Vec<Choosable> {
        let here = (!self.shows_results()).then_some(self.messages.view.role);
        let own = self.organisation.mailboxes.iter().map(|mailbox| Role::Own(mailbox.id));
        let all = own.chain([Role::Inbox, Role::Archive, Role::Junk, Role::Trash]);
        let others = all.filter(|role| Some(*role) != here);
        let line =
            |role| Choosable { choice: Choice::Mailbox(role), name: self.mailbox_name(role), marked: Marked::Off };
        others.map(line).collect()
    }

    /// A mailbox is the end of it; of tags there may be several.
    pub(super) fn choose(&mut self, choice: Choice) {
        let keys = self.messages.chosen();
        match choice {
            Choice::Mailbox(role) => {
                self.chooser = None;
                self.move_selected(role);
            }
            Choice::NewMailbox(path) => {
                self.chooser = None;
                self.ask(Command::AddMailbox { path }, Pending::AddMailbox { then_move: keys });
            }
            Choice::Tag(id) => {
                let on = self.chooser.as_mut().is_none_or(|chooser| chooser.turn(id));
                self.with_members(keys, Deed::Tag(id, on));
            }
            Choice::NewTag(name) => {
                if let Some(chooser) = &mut self.chooser {
                    chooser.filter.clear();
                    chooser.cursor = 0;
                }
                let color = u8::try_from(self.organisation.tags.len() % usize::from(COLORS)).unwrap_or_default();
                self.ask(Command::AddTag { name, color }, Pending::AddTag(keys));
            }
        }
    }

    /// Shown at once; the store follows.
    pub(super) fn tag_messages(&mut self, keys: Vec<MessageKey>, tag: TagId, on: bool) {
        if keys.is_empty() {
            return;
        }
        let turn = |tags: &mut Vec<TagId>| {
            tags.retain(|other| *other != tag);
            if on {
                tags.push(tag);
                tags.sort_unstable();
            }
        };
        self.messages.change_rows(&keys, |row| turn(&mut row.tags));
        if let Some(message) = self.reading.message.as_mut().filter(|message| holds(&keys, message.row.key)) {
            turn(&mut message.row.tags);
        }
        self.ask(Command::TagMessages { keys, tag, on }, Pending::Tag);
    }

    pub(super) fn tag_added(&mut self, id: TagId, keys: Vec<MessageKey>) {
        if let Some(chooser) = &mut self.chooser {
            chooser.tagged.push((id, Marked::On));
        }
        self.with_members(keys, Deed::Tag(id, true));
    }

    /// What was selected when it was asked for goes there, whatever is by now.
    pub(super) fn mailbox_added(&mut self, id: OwnMailboxId, then_move: Vec<MessageKey>) {
        if then_move.is_empty() {
            self.show_mailbox(MailboxView { role: Role::Own(id), account: None });
        } else {
            self.with_members(then_move, Deed::Move(Role::Own(id)));
        }
    }

    pub(super) fn name_mailbox(&mut self, within: Option<OwnMailboxId>) {
        let within = within.and_then(|id| self.own_mailbox(id)).map(|name| format!("{name}/")).unwrap_or_default();
        self.dialog = Some(Dialog::Name(NameDialog { named: Named::NewMailbox, typed: within }));
    }

    pub(super) fn rename_mailbox(&mut self, id: OwnMailboxId) {
        if let Some(typed) = self.own_mailbox(id).map(str::to_owned) {
            self.dialog = Some(Dialog::Name(NameDialog { named: Named::Mailbox(id), typed }));
        }
    }

    pub(super) fn rename_tag(&mut self, id: TagId) {
        if let Some(tag) = self.tag(id).cloned() {
            self.dialog = Some(Dialog::Name(NameDialog { typed: tag.name.clone(), named: Named::Tag(tag) }));
        }
    }

    pub(super) fn confirm_name(&mut self) {
        let Some(Dialog::Name(NameDialog { named, typed })) = self.dialog.take_if(|dialog| dialog.is_named()) else {
            return;
        };
        match named {
            Named::NewMailbox => {
                self.ask(Command::AddMailbox { path: typed }, Pending::AddMailbox { then_move: Vec::new() });
            }
            Named::Mailbox(id) => self.ask(Command::RenameMailbox { id, path: typed }, Pending::Other),
            Named::Tag(tag) => self.ask(Command::ChangeTag(Tag { name: typed, ..tag }), Pending::Other),
        }
    }

    pub(super) fn remove_mailbox(&mut self, id: OwnMailboxId) {
        let name = self.mailbox_name(Role::Own(id));
        self.ask(Command::RemoveMailbox { id }, Pending::RemoveMailbox(name));
    }

    pub(super) fn mailbox_removed(&mut self, name: &str, messages: u64) {
        self.say(
            match messages {
                0 => format!("Removed {name}"),
                1 => format!("Removed {name}; its message is in Archive"),
                _ => format!("Removed {name}; its {messages} messages are in Archive"),
            },
            true,
        );
    }

    pub(super) fn color_tag(&mut self, id: TagId, color: u8) {
        if let Some(tag) = self.tag(id).cloned() {
            self.ask(Command::ChangeTag(Tag { color, ..tag }), Pending::Other);
        }
    }

    /// Shows what has this tag.
    pub(super) fn show_tag(&mut self, id: TagId) {
        let Some(text) = self.tag(id).map(search_of) else { return };
        self.search.here = false;
        self.search_for(text);
    }

    /// Whether the list shows what has this tag.
    pub fn is_tag_open(&self, tag: &Tag) -> bool {
        self.shows_results() && !self.search.here && self.search.text.trim() == search_of(tag)
    }

    pub(super) fn undo(&mut self, entry: Option<EntryId>) {
        // A hundred thousand messages take a moment.
        self.say("Undoing…".into(), false);
        self.ask(Command::Undo { entry }, Pending::Undo);
    }

    pub(super) fn redo(&mut self) {
        self.ask(Command::Redo, Pending::Undo);
    }

    pub(super) fn undone(&mut self, undone: Option<&Undone>) {
        self.say(undone.map_or_else(|| "There is nothing to undo".to_owned(), Undone::words), false);
    }
}

/// The search that finds what has this tag.
fn search_of(tag: &Tag) -> String {
    format!("tag:{}", complete::quoted(&tag.name))
}

impl Chooser {
    fn of_tag(&self, tag: &Tag) -> Choosable {
        Choosable { choice: Choice::Tag(tag.id), name: tag.name.clone(), marked: self.marked(tag.id) }
    }

    fn marked(&self, id: TagId) -> Marked {
        self.tagged.iter().find(|(tag, _)| *tag == id).map(|(_, marked)| *marked).unwrap_or_default()
    }

    /// On for all of them, or off if it was; whether it is on now.
    fn turn(&mut self, id: TagId) -> bool {
        let on = self.marked(id) != Marked::On;
        self.tagged.retain(|(tag, _)| *tag != id);
        self.tagged.push((id, if on { Marked::On } else { Marked::Off }));
        on
    }
}
