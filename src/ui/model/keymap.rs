//! Which key does what: a scheme, and what the person has changed of it. Keys are words here: `Ctrl+Shift+Z`, `PageDown`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Model;

/// What a key can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Task {
    GetMail,
    Search,
    UnreadOnly,
    NextFound,
    PreviousFound,
    Next,
    Previous,
    NextInConversation,
    PreviousInConversation,
    PageDown,
    PageUp,
    First,
    Last,
    SelectAll,
    Archive,
    Delete,
    Junk,
    Move,
    Tags,
    Undo,
    Redo,
    History,
    Star,
    MarkUnread,
    MarkRead,
    Reply,
    ReplyAll,
    Forward,
    Compose,
    Print,
    Settings,
    Help,
}

/// The keys that one is used to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scheme {
    #[default]
    Malote,
    Gmail,
    Thunderbird,
}

/// A scheme and what was changed of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Keymap {
    pub scheme: Scheme,
    /// Of each task that was changed all its keys; none: it has no key.
    changed: BTreeMap<Task, Vec<String>>,
}

/// While keys are being changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keyboard {
    /// The next key that is pressed is for this.
    pub waiting: Option<Task>,
    /// The key that was pressed does something else already.
    pub conflict: Option<Conflict>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    pub task: Task,
    pub chord: String,
    pub other: Task,
}

/// Keys that are what they are: Escape leaves whatever one is in.
const FIXED: [&str; 12] = [
    "Escape",
    "Enter",
    "Ctrl+Enter",
    "Tab",
    "Shift+Tab",
    "Space",
    "Shift+Space",
    "Ctrl+Plus",
    "Ctrl+Shift+Plus",
    "Ctrl+Equals",
    "Ctrl+Minus",
    "Ctrl+0",
];

impl Task {
    /// In the order of a day's work.
    pub const ALL: [Self; 32] = [
        Self::GetMail,
        Self::Search,
        Self::UnreadOnly,
        Self::NextFound,
        Self::PreviousFound,
        Self::Next,
        Self::Previous,
        Self::NextInConversation,
        Self::PreviousInConversation,
        Self::PageDown,
        Self::PageUp,
        Self::First,
        Self::Last,
        Self::SelectAll,
        Self::Archive,
        Self::Delete,
        Self::Junk,
        Self::Move,
        Self::Tags,
        Self::Undo,
        Self::Redo,
        Self::History,
        Self::Star,
        Self::MarkUnread,
        Self::MarkRead,
        Self::Reply,
        Self::ReplyAll,
        Self::Forward,
        Self::Compose,
        Self::Print,
        Self::Settings,
        Self::Help,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::GetMail => "Get mail",
            Self::Search => "Search; Esc ends it",
            Self::UnreadOnly => "Only what is unread; Esc shows all",
            Self::NextFound => "Next thing found",
            Self::PreviousFound => "Previous thing found",
            Self::Next => "Next message; with Shift: select more",
            Self::Previous => "Previous message",
            Self::NextInConversation => "Next in the conversation",
            Self::PreviousInConversation => "Previous in the conversation",
            Self::PageDown => "A page on",
            Self::PageUp => "A page back",
            Self::First => "Top of the list",
            Self::Last => "End of the list",
            Self::SelectAll => "Select all",
            Self::Archive => "Archive",
            Self::Delete => "Delete (to Trash)",
            Self::Junk => "To Junk",
            Self::Move => "Move to a mailbox",
            Self::Tags => "Tags",
            Self::Undo => "Undo, one thing after the other",
            Self::Redo => "Do it again",
            Self::History => "What was done, to be undone",
            Self::Star => "Star",
            Self::MarkUnread => "Mark unread",
            Self::MarkRead => "Mark read",
            Self::Reply => "Reply",
            Self::ReplyAll => "Reply to all",
            Self::Forward => "Forward",
            Self::Compose => "New message",
            Self::Print => "Print or save as PDF",
            Self::Settings => "Settings",
            Self::Help => "This help",
        }
    }

    /// Rows that it goes, and that Shift selects on the way; a page and the ends are the list's business.
    pub fn is_going(self) -> bool {
        use Task::*;
        matches!(self, Next | Previous | PageDown | PageUp | First | Last)
    }

    /// Whether it can be done while one writes, by a key that writes nothing.
    pub fn holds_while_writing(self) -> bool {
        use Task::*;
        matches!(self, GetMail | Search | UnreadOnly | NextFound | PreviousFound | Compose | Settings | Help)
    }

    fn usual(self) -> &'static [&'static str] {
        match self {
            Self::GetMail => &["F5", "G"],
            Self::Search => &["Ctrl+F", "Slash"],
            Self::UnreadOnly => &["Ctrl+L"],
            Self::NextFound => &["F3"],
            Self::PreviousFound => &["Shift+F3"],
            Self::Next => &["J", "Down"],
            Self::Previous => &["K", "Up"],
            Self::NextInConversation => &["CloseBracket"],
            Self::PreviousInConversation => &["OpenBracket"],
            Self::PageDown => &["PageDown"],
            Self::PageUp => &["PageUp"],
            Self::First => &["Home"],
            Self::Last => &["End"],
            Self::SelectAll => &["Ctrl+A"],
            Self::Archive => &["E"],
            Self::Delete => &["Shift+3", "Delete"],
            Self::Junk => &["Exclamationmark"],
            Self::Move => &["V"],
            Self::Tags => &["T"],
            Self::Undo => &["Ctrl+Z"],
            Self::Redo => &["Ctrl+Shift+Z"],
            Self::History => &["Ctrl+H"],
            Self::Star => &["S"],
            Self::MarkUnread => &["U"],
            Self::MarkRead => &["Shift+I"],
            Self::Reply => &["R"],
            Self::ReplyAll => &["A"],
            Self::Forward => &["F"],
            Self::Compose => &["C", "Ctrl+N"],
            Self::Print => &["Ctrl+P"],
            Self::Settings => &["Ctrl+Comma"],
            Self::Help => &["Questionmark", "F1"],
        }
    }

    /// As in Gmail, where that is something else than here.
    fn as_in_gmail(self) -> &'static [&'static str] {
        match self {
            Self::GetMail => &["F5", "Shift+N"],
            Self::NextInConversation => &["N"],
            Self::PreviousInConversation => &["P"],
            Self::Tags => &["L"],
            Self::Undo => &["Z", "Ctrl+Z"],
            Self::MarkUnread => &["Shift+U"],
            other => other.usual(),
        }
    }

    /// As in Thunderbird, where that is something else than here.
    fn as_in_thunderbird(self) -> &'static [&'static str] {
        match self {
            Self::GetMail => &["F5", "F9"],
            Self::Search => &["Ctrl+K", "Ctrl+F"],
            Self::UnreadOnly => &["Ctrl+Shift+K"],
            Self::Next => &["F", "Down"],
            Self::Previous => &["B", "Up"],
            Self::Archive => &["A"],
            Self::Delete => &["Delete"],
            Self::Junk => &["J"],
            Self::Tags => &["T"],
            Self::MarkUnread => &["Shift+M"],
            Self::MarkRead => &["M"],
            Self::Reply => &["Ctrl+R"],
            Self::ReplyAll => &["Ctrl+Shift+R"],
            Self::Forward => &["Ctrl+L"],
            Self::Compose => &["Ctrl+N"],
            Self::Help => &["F1"],
            other => other.usual(),
        }
    }
}

impl Scheme {
    pub const ALL: [Self; 3] = [Self::Malote, Self::Gmail, Self::Thunderbird];

    pub fn name(self) -> &'static str {
        match self {
            Self::Malote => "Malote",
            Self::Gmail => "Like Gmail",
            Self::Thunderbird => "Like Thunderbird",
        }
    }

    fn chords(self, task: Task) -> &'static [&'static str] {
        match self {
            Self::Malote => task.usual(),
            Self::Gmail => task.as_in_gmail(),
            Self::Thunderbird => task.as_in_thunderbird(),
        }
    }
}

impl Keymap {
    /// The keys of a task.
    pub fn chords(&self, task: Task) -> Vec<&str> {
        match self.changed.get(&task) {
            Some(chords) => chords.iter().map(String::as_str).collect(),
            None => self.scheme.chords(task).to_vec(),
        }
    }

    /// What this key does.
    pub fn task_of(&self, chord: &str) -> Option<Task> {
        Task::ALL.into_iter().find(|&task| self.chords(task).contains(&chord))
    }

    pub fn is_changed(&self, task: Task) -> bool {
        self.changed.contains_key(&task)
    }

    pub fn is_changed_at_all(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The keys of a task, as they stand on the keyboard: “# or Delete”.
    pub fn face(&self, task: Task) -> String {
        let chords: Vec<String> = self.chords(task).into_iter().map(chord_face).collect();
        chords.join(" or ")
    }

    /// Words for a button that does this: “Reply (r)”.
    pub fn hint(&self, words: &str, task: Task) -> String {
        match self.chords(task).first() {
            Some(chord) => format!("{words} ({})", chord_face(chord)),
            None => words.to_owned(),
        }
    }

    /// The first key of a task is this one now, and does nothing else; its others stay.
    fn give(&mut self, task: Task, chord: &str) {
        if self.chords(task).contains(&chord) {
            return;
        }
        if let Some(other) = self.task_of(chord) {
            let left: Vec<String> =
                self.chords(other).into_iter().filter(|of| *of != chord).map(str::to_owned).collect();
            self.changed.insert(other, left);
        }
        let mut chords: Vec<String> = self.chords(task).into_iter().skip(1).map(str::to_owned).collect();
        chords.insert(0, chord.to_owned());
        self.changed.insert(task, chords);
        self.forget_what_is_as_ever();
    }

    /// The task has its usual keys again, as far as no other has been given them.
    fn reset(&mut self, task: Task) {
        self.changed.remove(&task);
        let is_free =
            |chord: &&&str| Task::ALL.into_iter().all(|other| other == task || !self.chords(other).contains(chord));
        let usual: Vec<String> =
            self.scheme.chords(task).iter().filter(is_free).map(|chord| (*chord).to_owned()).collect();
        self.changed.insert(task, usual);
        self.forget_what_is_as_ever();
    }

    fn forget_what_is_as_ever(&mut self) {
        let scheme = self.scheme;
        self.changed.retain(|task, chords| *chords != scheme.chords(*task));
    }
}

/// As the key stands on the keyboard.
pub fn chord_face(chord: &str) -> String {
    let (before, key) = match chord.rsplit_once('+') {
        Some((before, key)) => (format!("{before}+"), key),
        None => (String::new(), chord),
    };
    if (before.as_str(), key) == ("Shift+", "3") {
        return "#".to_owned();
    }
    let key = match key {
        "Slash" => "/",
        "Questionmark" => "?",
        "Exclamationmark" => "!",
        "Comma" => ",",
        "Period" => ".",
        "Semicolon" => ";",
        "Colon" => ":",
        "Plus" => "plus",
        "Minus" => "-",
        "Equals" => "=",
        "OpenBracket" => "[",
        "CloseBracket" => "]",
        "OpenCurlyBracket" => "{",
        "CloseCurlyBracket" => "}",
        "Backslash" => "\\",
        "Pipe" => "|",
        "Backtick" => "`",
        "Quote" => "'",
        "PageDown" => "Page Down",
        "PageUp" => "Page Up",
        other if before.is_empty() && other.chars().count() == 1 => return other.to_lowercase(),
        other => other,
    };
    format!("{before}{key}")
}

impl Model {
    /// A key was pressed for the task that waits for one.
    pub(super) fn press_key(&mut self, chord: String) {
        let Some(task) = self.keyboard.as_mut().and_then(|keyboard| keyboard.waiting.take()) else { return };
        // Escape, and what cannot be anything else, changes nothing.
        if FIXED.contains(&chord.as_str()) {
            return;
        }
        match self.look.keys.task_of(&chord).filter(|other| *other != task) {
            Some(other) => {
                if let Some(keyboard) = &mut self.keyboard {
                    keyboard.conflict = Some(Conflict { task, chord, other });
                }
            }
            None => self.look.keys.give(task, &chord),
        }
    }

    /// The key goes from one task to the other, or stays where it was.
    pub(super) fn settle_conflict(&mut self, take: bool) {
        let Some(conflict) = self.keyboard.as_mut().and_then(|keyboard| keyboard.conflict.take()) else { return };
        if take {
            self.look.keys.give(conflict.task, &conflict.chord);
        }
    }

    pub(super) fn wait_for_key(&mut self, task: Option<Task>) {
        if let Some(keyboard) = &mut self.keyboard {
            *keyboard = Keyboard { waiting: task, conflict: None };
        }
    }

    /// One task, or all of them, have their usual keys again.
    pub(super) fn reset_keys(&mut self, task: Option<Task>) {
        match task {
            Some(task) => self.look.keys.reset(task),
            None => self.look.keys.changed.clear(),
        }
    }

    /// The keys are those of this scheme; what was changed of another is of no use.
    pub(super) fn set_scheme(&mut self, scheme: Scheme) {
        self.look.keys = Keymap { scheme, ..Keymap::default() };
    }

    pub(super) fn show_help(&mut self, on: bool) {
        self.help = on;
        self.keyboard = None;
    }

    /// The help, to change the keys in or to read.
    pub(super) fn change_keys(&mut self, on: bool) {
        self.help = true;
        self.settings = None;
        self.keyboard = on.then(Keyboard::default);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_every_scheme_each_key_does_one_thing_and_every_task_has_one() {
        for scheme in Scheme::ALL {
            let mut seen = BTreeMap::new();
            for task in Task::ALL {
                assert!(!scheme.chords(task).is_empty(), "{scheme:?} {task:?}");
                for chord in scheme.chords(task) {
                    assert_eq!(seen.insert(*chord, task), None, "{scheme:?}: {chord} is {task:?}, too");
                    assert!(!FIXED.contains(chord), "{chord}");
                }
            }
        }
    }

    #[test]
    fn a_key_that_is_given_is_taken_from_what_had_it() {
        let mut keys = Keymap::default();
        keys.give(Task::Archive, "Y");
        assert_eq!((keys.task_of("Y"), keys.task_of("E")), (Some(Task::Archive), None));
        keys.give(Task::Archive, "U");
        assert_eq!((keys.task_of("U"), keys.chords(Task::MarkUnread)), (Some(Task::Archive), vec![]));
        keys.give(Task::Delete, "D");
        assert_eq!(keys.face(Task::Delete), "d or Delete", "the other one stays");
        keys.reset(Task::MarkUnread);
        assert!(keys.chords(Task::MarkUnread).is_empty(), "its key does something else");
        keys.reset(Task::Archive);
        keys.reset(Task::MarkUnread);
        keys.reset(Task::Delete);
        assert_eq!(keys, Keymap::default());
    }

    #[test]
    fn keys_are_called_as_they_stand_on_the_keyboard() {
        for (chord, face) in [
            ("E", "e"),
            ("Shift+3", "#"),
            ("Questionmark", "?"),
            ("Ctrl+Comma", "Ctrl+,"),
            ("Ctrl+Shift+Z", "Ctrl+Shift+Z"),
            ("PageDown", "Page Down"),
            ("Shift+U", "Shift+U"),
        ] {
            assert_eq!(chord_face(chord), face);
        }
        assert_eq!(Keymap::default().hint("Reply", Task::Reply), "Reply (r)");
    }
}
