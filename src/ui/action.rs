//! Everything a person can do.

use std::path::PathBuf;

use super::model::{Choice, Choosing, Columns, Density, LinkDialog, Scheme, Task};
use crate::account::AccountId;
use crate::engine::{ConsentId, EntryId, Offer, PictureScope, Rhythm, SearchId, Wish};
use crate::mail::DraftAttachment;
use crate::mail::compose::Answer;
use crate::page::protocol::Trouble;
use crate::store::types::{Filter, Flag, MailboxView, MessageKey, OwnMailboxId, Role, SortOrder, TagId};

/// What a person did, in the screen's words; [`super::model::Model::act`] knows what follows from it.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The window has opened.
    Start,
    ShowMailbox(MailboxView),
    /// The keyboard goes to the search field.
    FocusSearch,
    /// This stands in the search field now.
    Search(String),
    /// Searches only the open mailbox, or everywhere.
    SearchHere(bool),
    /// Empties the search field: the list shows the mailbox again.
    EndSearch,
    /// People are to be offered for this word: for the search, or for those who are written to.
    AskPeople {
        text: String,
        writing: bool,
    },
    /// The search in the field is what was meant, not a step on the way.
    RememberSearch,
    ForgetSearches,
    /// Shows what a saved search finds.
    OpenSaved(SearchId),
    /// Asks for the name of this saved search, or of the one in the field.
    NameSearch(Option<SearchId>),
    /// Keeps it as the dialog says.
    SaveSearch,
    RemoveSaved(SearchId),
    /// To the next place in the open message where the search found something, or back to the one before.
    NextHit {
        back: bool,
    },
    /// Puts the list in this order.
    Sort(SortOrder),
    /// Shows only what this lets through.
    Filter(Filter),
    /// These rows of the list are on the screen (from, to): their text is wanted.
    RowsVisible(usize, usize),
    /// A row was clicked.
    Select {
        index: usize,
        how: Selecting,
    },
    /// The cursor goes up or down by so many rows.
    MoveCursor {
        by: isize,
        extend: bool,
    },
    SelectAll,

    GetMail,
    /// Collects for one account only.
    GetMailOf(AccountId),
    Stop,
    SendOutbox,

    Compose,
    Answer(Answer),
    /// Opens a draft, or what lies in the Outbox, in the composer.
    EditDraft(MessageKey),
    /// A field of the composer changed.
    DraftEdited,
    Attach(Vec<DraftAttachment>),
    /// Why, with the file's name: nothing is attached then.
    CouldNotAttach(String),
    RemoveAttachment(usize),
    Send,
    CloseComposer,
    DiscardDraft,
    /// The composer in a window of its own, or back.
    DetachComposer(bool),
    /// A message of the Outbox goes once more.
    Retry(MessageKey),

    /// Sets or clears a flag on what is selected.
    SetFlag(Flag, bool),
    /// Turns the star of one row.
    ToggleStar(MessageKey),
    /// Stars what is selected, or takes the stars off if all of it has one.
    StarSelected,
    MoveSelected(Role),
    /// One row, whatever is selected.
    MoveOne(MessageKey, Role),
    FlagOne(MessageKey, Flag, bool),
    Undo,
    /// One of the things that were done.
    UndoEntry(EntryId),
    /// What was undone last is done again.
    Redo,
    ShowHistory(bool),
    /// A list to choose from: where what is selected goes, or its tags.
    OpenChooser(Choosing),
    CloseChooser,
    Choose(Choice),
    /// Asks for the name of a new mailbox, within this one.
    NameMailbox(Option<OwnMailboxId>),
    RenameMailbox(OwnMailboxId),
    RenameTag(TagId),
    /// The name is typed.
    ConfirmName,
    RemoveMailbox(OwnMailboxId),
    ColorTag(TagId, u8),
    RemoveTag(TagId),
    /// Shows what has this tag.
    ShowTag(TagId),
    /// Asks first.
    EmptyTrash,
    ConfirmEmptyTrash,
    /// Fetches the rest of a message of which a part is here, with the next visit.
    Complete(MessageKey),
    /// The same for what is selected, as far as it is here in part.
    CompleteSelected,
    /// Unfolds the conversation of the open message, or folds it.
    ShowThread(bool),
    OpenInThread(MessageKey),
    /// Opens the message so many places further on in the conversation.
    StepInThread(isize),
    ShowSource(bool),
    ShowHeaders(bool),
    SaveAttachments {
        index: Option<usize>,
        folder: PathBuf,
    },
    /// The message itself, as it was received.
    SaveMessage {
        folder: PathBuf,
    },
    /// Asks the desktop where the open message is to be saved as PDF.
    AskWhereToPrint,
    /// The open message as it is seen, as PDF, into this file.
    SavePdf(PathBuf),
    /// What was saved, with the program that the desktop has for it.
    OpenSavedFile(PathBuf),
    /// Shows an attachment here, or asks whether another program is to open it.
    ShowAttachment(usize),
    CloseAttachment,
    AskToOpen(usize),
    /// The attachment of the question.
    OpenAttachment,
    /// By its index: it is being dragged, perhaps out of the window.
    DragAttachment(usize),
    /// The desktop has no program for it; why.
    CouldNotOpen(String),
    /// Reads the open message in another charset; None: in the one that it says.
    ReadAs(Option<String>),
    /// Shows text in letters of one width.
    SetMonospace(bool),
    FollowLink(String),
    /// Fetches the remote pictures of the open message.
    FetchPictures(PictureScope),
    StopPictures,
    /// Takes back what was allowed for good.
    RevokePictures(ConsentId),
    /// Asks first: the link is not what it seems.
    AskAboutLink(LinkDialog),
    /// Messages that have a page are read as text from now on, or as pages again.
    ReadAsText(bool),
    /// The page of this message cannot be drawn.
    PageFailed(MessageKey, Trouble),
    /// So many steps larger, or smaller; 0: as large as it was made.
    ZoomPage(i8),

    /// Looks at what lies on this account's server.
    LookAtServer(AccountId),
    /// Decides about messages on the server, by their places in the view; None: what the rules say.
    WishOnServer {
        indexes: Vec<usize>,
        wish: Option<Wish>,
    },
    SelectOnServer {
        index: usize,
        how: Selecting,
    },
    /// The last visits in place of the messages, or back.
    ShowVisits(bool),
    CloseServer,

    OpenSettings,
    CloseSettings,
    /// Shows the form of this account; None: an empty one.
    EditAccount(Option<AccountId>),
    /// A field of the account form changed.
    FormEdited,
    SaveAccount,
    TestAccount,
    /// Asks first.
    RemoveAccount(AccountId),
    ConfirmRemoveAccount(AccountId),
    CancelRemoveAccount,
    SetTheme(Theme),
    SetDensity(Density),
    /// One row a conversation, or one a message.
    SetGrouped(bool),
    /// Folds a section of the sidebar, or unfolds it.
    FoldSection(String),
    SetColumns(Columns),

    OpenImport,
    OpenExport,
    /// Looks what another program has there.
    LookAtImport(PathBuf),
    ImportInto(AccountId),
    BeginImport,
    /// Into this folder, which is not there yet.
    ExportInto(PathBuf),
    BeginExport,
    StopMoving,
    /// The import or export goes on.
    CloseMoving,
    /// Backups are made like this from now on, into the folder that stands in the settings.
    PlanBackups(Rhythm),
    BackUp,
    /// Reads everything that is stored, and repairs what can be.
    CheckMail,
    StopUpkeep,

    DismissNotice(u64),
    /// Takes the step that a notice offers.
    TakeOffer(u64, Offer),
    GivePassword,
    TrustCertificate,
    CloseDialog,
    ShowHelp(bool),
    /// The help with keys that can be changed.
    ChangeKeys(bool),
    /// The next key that is pressed is for this task.
    WaitForKey(Option<Task>),
    /// That key, in the keymap's words.
    PressKey(String),
    /// A key that does something else already is taken for the task that waited for it, or is not.
    SettleConflict(bool),
    /// This task, or all of them, by their usual keys again.
    ResetKeys(Option<Task>),
    SetScheme(Scheme),
    Quit,
}

/// How a click selects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selecting {
    /// This row alone.
    #[default]
    Only,
    /// This row too, or no longer (Ctrl).
    Toggle,
    /// All from the last one up to this (Shift).
    Range,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the desktop is.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The word that it is kept under.
    pub fn to_keep(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What was kept; what nobody knows is as the desktop is.
    pub fn of_kept(word: &str) -> Self {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.to_keep() == word).unwrap_or_default()
    }
}
