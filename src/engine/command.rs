//! What the screen (or the command line) may ask of the engine.

use std::path::PathBuf;

use super::import::ImportFormat;
use super::moving::{ExportFormat, Selection};
use super::pictures::PictureScope;
use super::printing::Seen;
use crate::account::{Account, AccountId, Fingerprint};
use crate::mail::Draft;
use crate::secret::Password;
use crate::store::types::{Filter, Flag, MailboxView, MessageKey, OwnMailboxId, Role, SortOrder, Tag, TagId};
use crate::store::{ConsentId, EntryId, Rhythm, SearchId, Wish};

/// Names a request; its answers carry it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// A command with the name its answers will carry.
#[derive(Debug)]
pub struct Request {
    pub id: RequestId,
    pub command: Command,
}

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// In the language of [`crate::mail::query`].
    pub text: String,
    /// It is still being typed: the last word may go on.
    pub typing: bool,
    /// None: everywhere.
    pub within: Option<MailboxView>,
    /// What of the results is wanted.
    pub filter: Filter,
}

/// Everything that can be asked for. Each is answered by exactly one closing event with its id: the one named behind the
/// arrow, or [`super::Event::Failed`].
#[derive(Debug)]
pub enum Command {
    /// → `Accounts`
    ListAccounts,
    /// Adds (id zero) or changes an account. → `AccountSaved`, and `Accounts` unasked to every screen
    SaveAccount { account: Box<Account>, password: PasswordChange },
    /// Removes the account, its mail and its password. → `Done`, and `Accounts` unasked
    RemoveAccount(AccountId),
    /// Signs in to both servers and out again. → `AccountTested`
    TestAccount { account: Box<Account>, password: PasswordChange },
    /// Trusts one certificate for one account's server. → `AccountSaved`
    PinCertificate { account: AccountId, outgoing: bool, fingerprint: Fingerprint },
    /// A password for this session, or kept in the keyring. → `Done`
    ProvidePassword { account: AccountId, password: Password, remember: bool },

    /// Sends the Outbox of, then collects from, these accounts (none named: all). → `Done` when all visits have ended;
    /// before that `VisitProgress` and one `VisitEnded` an account. While an account is being visited, any number of further
    /// requests add one visit. `unasked`: by a schedule, so that the accounts' rules may hold it back.
    GetMail { accounts: Vec<AccountId>, unasked: bool },
    /// Looks at what lies on the account's server; with the headers of what is not here, where they can be had. → `Server`
    ViewServer { account: AccountId, headers: bool },
    /// Examines an account's server, stored or not; `signs_in`: with the account's password, too. → `Examined`
    Examine { account: Box<Account>, signs_in: bool },
    /// The person decides about messages on the server, by unique-id, for the next visit; None: the account's rules do. → `Done`
    Wish { account: AccountId, uids: Vec<Vec<u8>>, wish: Option<Wish> },
    /// The same for messages that are here, at least in part. → `Done`
    WishOf { keys: Vec<MessageKey>, wish: Option<Wish> },
    /// Takes what the last look saw as known, without fetching it: unique-ids with their sizes. → `Done`
    Adopt { account: AccountId, messages: Vec<(Vec<u8>, u64)> },
    /// What the lines have cost so far. → `LineUse`
    ListLineUse,
    /// The last visits, one by one. → `Visits`
    ListVisits,
    /// From now on the accounts' schedules are kept: visits are made without being asked for. → `Done`, and `NextVisits` unasked
    KeepSchedule,
    /// The account's next visit may fetch as much as there is, whatever its rules say about asking. → `Done`
    ConfirmLarge(AccountId),
    /// Submits what waits in the Outbox. → `Done`; before that `OutboxProgress`
    SendOutbox,
    /// Ends every visit and submission at once; what is stored stays. → `Done`
    Stop,

    /// → `Mailboxes`
    ListMailboxes,
    /// All keys of a view, newest first. → `Listing`
    ListMessages { view: MailboxView },
    /// The newest of them, at most so many: for the first screenful of a large mailbox. → `Newest`
    ListNewest { view: MailboxView, most: usize },
    /// The same in another order. → `Sorted`
    SortMessages { view: MailboxView, order: SortOrder },
    /// A part of a view, in any order; `also` is listed, too, if the view holds it. `grouped`: of each conversation the
    /// message that comes first. → `Filtered`
    FilterMessages { view: MailboxView, order: SortOrder, filter: Filter, also: Option<MessageKey>, grouped: bool },
    /// The rows of a list of conversations. → `Rows`
    LoadGroups { keys: Vec<MessageKey>, view: MailboxView },
    /// What the view holds of the conversations of these. → `Members`
    ListMembers { keys: Vec<MessageKey>, view: MailboxView },
    /// A page of what a search finds, newest first: the first, or what follows `after`. A search gives up the one before it.
    /// → `Found`, `NotUnderstood` or `Superseded`
    Search { search: Search, after: Option<MessageKey>, most: usize },
    /// How many messages a search finds in all; given up for the next one, and for the first page of the next search.
    /// → `Counted`, `NotUnderstood` or `Superseded`
    CountFound { search: Search },
    /// What these messages say where the search found them; given up for the next one. → `Snippets`, or `Superseded`
    LoadSnippets { search: Search, keys: Vec<MessageKey> },
    /// People with words in name or address that begin like these. → `People`
    ListPeople { text: String, most: usize },
    /// What is remembered of searching. → `Searches`
    ListSearches,
    /// Keeps what was searched for as the last search. → `Searches`
    RememberSearch { text: String },
    /// Forgets all past searches. → `Searches`
    ForgetSearches,
    /// Keeps a search under a name, in place of the one named. → `Searches`
    SaveSearch { id: Option<SearchId>, name: String, text: String },
    /// → `Searches`
    RemoveSearch { id: SearchId },
    /// → `Done` when everything that is stored can be found by its words, and is in its conversation
    FinishIndex,
    /// The conversation of a message, in all accounts and mailboxes. → `Thread`
    ListThread { key: MessageKey },
    /// → `Rows`
    LoadRows { keys: Vec<MessageKey> },
    /// → `Opened`
    OpenMessage { key: MessageKey },
    /// The received octets as text, for the source view. → `Source`
    LoadSource { key: MessageKey },
    /// The received octets. → `Raw`
    LoadRaw { key: MessageKey },
    /// Fetches the remote pictures of a message and keeps them with it: the only word upon which anything is fetched for a
    /// message. → `Pictures`, or `Done` where they are being fetched already
    FetchPictures { key: MessageKey, scope: PictureScope },
    /// Ends every fetch of pictures; what came whole is kept. → `Done`
    StopPictures,
    /// For whom pictures are fetched with each visit. → `PictureConsents`
    ListPictureConsents,
    /// Fetches no more of them unasked. → `PictureConsents`
    RevokePictures { id: ConsentId },
    /// Writes one attachment (by `Attachment::index`; None: all) into a folder; a name that is taken gets a number. → `Saved`
    SaveAttachments { key: MessageKey, index: Option<usize>, folder: PathBuf },
    /// Writes the message into a folder, as it was received. → `Saved`
    SaveMessage { key: MessageKey, folder: PathBuf },
    /// Writes the message as PDF, as it is seen, in place of what is there. → `Printed`
    SavePdf { key: MessageKey, seen: Seen, file: PathBuf },
    /// The open message once more, read in another charset than it says. → `Opened`
    ReadAs { key: MessageKey, charset: String },
    /// Small pictures of the pictures among the attachments. → `Thumbnails`
    LoadThumbnails { key: MessageKey },
    /// One attachment, made ready for the screen. → `Previewed`
    PreviewAttachment { key: MessageKey, index: usize },
    /// Writes one attachment where another program can open it; never a program. → `ReadyToOpen`
    OpenAttachment { key: MessageKey, index: usize },
    /// Writes every message as one file of its received octets. → `Saved`
    ExportEml { folder: PathBuf },

    /// Looks what another program has there, for this account if one is named. → `ImportFound`
    LookAtImport { place: PathBuf, format: Option<ImportFormat>, account: Option<AccountId> },
    /// Imports it. → `Imported`; before that `MoveProgress`
    Import { place: PathBuf, format: Option<ImportFormat>, account: AccountId },
    /// Writes messages into a new folder. → `Exported` or `NotUnderstood`; before that `MoveProgress`
    Export { folder: PathBuf, format: ExportFormat, selection: Selection },
    /// Ends imports and exports, as `Stop` does; what is stored or written stays. → `Done`
    StopMoving,

    /// → `Done`
    SetFlag { keys: Vec<MessageKey>, flag: Flag, on: bool },
    /// Moves messages to the mailbox with that role of their own account. → `Moved`
    MoveMessages { keys: Vec<MessageKey>, to: Role },
    /// The same for results of a search, whichever mailboxes they lie in: what is not sent yet stays, but for Trash. → `Moved`
    MoveFound { keys: Vec<MessageKey>, to: Role },
    /// Puts messages back to where they were before they were last moved. → `Moved`
    RestoreMessages { keys: Vec<MessageKey> },
    /// A message was opened, and is read by that: nothing to be undone. → `Done`
    MarkRead { key: MessageKey },
    /// → `Done`
    TagMessages { keys: Vec<MessageKey>, tag: TagId, on: bool },
    /// Undoes one thing that a person did, or the last. → `Undone`
    Undo { entry: Option<EntryId> },
    /// Does again what was undone last. → `Undone`
    Redo,
    /// Mailboxes and tags of the person's own, and what was done. → `Organisation`, which also comes unasked
    ListOrganisation,
    /// Makes a mailbox for all accounts, `Projects/House` in `Projects`. → `MailboxAdded`
    AddMailbox { path: String },
    /// → `Done`
    RenameMailbox { id: OwnMailboxId, path: String },
    /// With those in it; their messages go to Archive. → `MailboxRemoved`
    RemoveMailbox { id: OwnMailboxId },
    /// → `TagAdded`
    AddTag { name: String, color: u8 },
    /// → `Done`
    ChangeTag(Tag),
    /// → `Done`
    RemoveTag { id: TagId },
    /// Removes for good what lies in Trash, of one account or all. → `Done`
    EmptyTrash { account: Option<AccountId> },

    /// Stores the draft (key None: a new one). → `DraftSaved`
    SaveDraft { account: AccountId, key: Option<MessageKey>, draft: Box<Draft> },
    /// Also opens what lies in the Outbox, which takes it out of it into Drafts. → `DraftOpened`
    OpenDraft { key: MessageKey },
    /// Finishes the draft and puts it into the Outbox. → `Queued`
    QueueDraft { account: AccountId, key: Option<MessageKey>, draft: Box<Draft> },
    /// Moves a draft to Trash. → `Done`
    DiscardDraft { key: MessageKey },
    /// Marks a message of the Outbox whose fate is unknown, or that was refused, to be sent again. → `Done`
    RetryOutgoing { key: MessageKey },

    /// How the store is looked after, and what is damaged. → `Upkeep`
    LoadUpkeep,
    /// From now on backups are made like this. → `Upkeep`
    PlanBackups { rhythm: Rhythm, folder: Option<PathBuf> },
    /// Brings the backup in this folder (None: the planned one) up to date and reads all of it. → `BackedUp`; before that
    /// `UpkeepProgress`
    BackUp { folder: Option<PathBuf> },
    /// Reads everything that is stored; `repairs`: heals what can be. → `Verified`; before that `UpkeepProgress`
    Verify { repairs: bool },
    /// Ends a backup or a check; what it was doing counts as not done. → `Done`
    StopUpkeep,

    /// Ends the engine; what is running is stopped as by `Stop`. → `Done`, the last event
    Shutdown,
}

/// What becomes of the stored password when an account is saved.
#[derive(Debug)]
pub enum PasswordChange {
    Keep,
    /// Put into the keyring.
    Store(Password),
}
