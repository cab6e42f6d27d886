//! What the tests of the screen share: a model, and a make-believe engine that answers what a store would, at once.

use std::collections::HashMap;
use std::sync::Arc;

use super::action::Action;
use super::model::Model;
use crate::account::{Account, AccountId, Fingerprint, Identity, Security, Server};
use crate::engine::preview;
use crate::engine::{
    Answer, CertificateFacts, Command, Event, Found, InThread, KeptPicture, MessagePage, MessagePictures, Offer,
    OpenedMessage, Person, PictureConsent, Problem, Request, Search, Searches, Sorted, Stage, Thread, Visit,
};
use crate::mail::query::{Field, Known};
use crate::mail::{Circumstances, Envelope, Marker, MessageView, Query, Readable, Snippet};
use crate::store::types::{
    Filter, Flag, Flags, Group, MailboxCount, MailboxView, MessageKey, MessageRow, OutboxState, Part, Role, SortBy,
    SortOrder,
};

pub const WORK: AccountId = AccountId(1);
pub const HOME: AccountId = AccountId(2);

/// A model, what it asked for and nobody answered yet, and the mail that there is.
#[derive(Default)]
pub struct Desk {
    pub model: Model,
    /// Oldest first.
    pub open: Vec<Request>,
    /// Keys 1 to this are messages in the Inbox, each its second: the highest is the newest.
    pub count: i64,
    /// Where a message lies that is not in the Inbox.
    pub places: HashMap<MessageKey, Role>,
    pub flags: HashMap<MessageKey, Flags>,
    pub outbox: HashMap<MessageKey, OutboxState>,
    /// What is not here whole.
    pub parts: HashMap<MessageKey, Part>,
    /// Octets of a message that is unlike the others.
    pub raw: HashMap<MessageKey, String>,
    /// The one conversation that there is, of several messages: with how deep each stands, in the order of the tree.
    pub thread: Vec<(MessageKey, usize)>,
    /// For whom remote pictures are fetched.
    pub consents: Vec<PictureConsent>,
    /// Remote pictures that are kept for a message.
    pub kept: HashMap<MessageKey, Vec<KeptPicture>>,
    /// Messages that cannot be found by their words yet.
    pub to_index: u64,
    /// Who is known.
    pub people: Vec<Person>,
}

impl Desk {
    /// Accounts are known, the Inbox holds so many messages, and its list has come.
    pub fn with(accounts: &[Account], count: i64) -> Self {
        let mut desk = Self { count, ..Self::default() };
        desk.act(Action::Start);
        desk.hear(Event::Accounts(accounts.to_vec()));
        desk.serve();
        desk
    }

    /// The usual one: one account.
    pub fn of(count: i64) -> Self {
        Self::with(&[account(WORK, "Work")], count)
    }

    /// What the model asks for upon this.
    pub fn act(&mut self, action: Action) -> Vec<String> {
        let requests = self.model.act(action);
        self.take(requests)
    }

    /// News that nobody asked for.
    pub fn hear(&mut self, event: Event) -> Vec<String> {
        let requests = self.model.apply(Answer { answers: None, event });
        self.take(requests)
    }

    /// Answers the oldest open request whose words begin like this.
    pub fn answer(&mut self, request: &str, event: Event) -> Vec<String> {
        let place = self.open.iter().position(|open| words(&open.command).starts_with(request));
        let place = place.unwrap_or_else(|| panic!("“{request}” was not asked: {:?}", self.asked()));
        let id = self.open.remove(place).id;
        let requests = self.model.apply(Answer { answers: Some(id), event });
        self.take(requests)
    }

    pub fn tick(&mut self, now: f64) -> Vec<String> {
        let requests = self.model.tick(now);
        self.take(requests)
    }

    fn take(&mut self, requests: Vec<Request>) -> Vec<String> {
        let asked = requests.iter().map(|request| words(&request.command)).collect();
        self.open.extend(requests);
        asked
    }

    /// What is asked and not answered.
    pub fn asked(&self) -> Vec<String> {
        self.open.iter().map(|request| words(&request.command)).collect()
    }

    /// Does what the store does: lists, rows and messages come; the rest stays open.
    pub fn serve(&mut self) {
        while let Some(place) = self.open.iter().position(|request| self.served(&request.command).is_some()) {
            let Request { id, command } = self.open.remove(place);
            let event = self.served(&command).unwrap();
            let requests = self.model.apply(Answer { answers: Some(id), event });
            self.take(requests);
        }
    }

    fn served(&self, command: &Command) -> Option<Event> {
        Some(match command {
            Command::ListAccounts => Event::Accounts(self.model.accounts.clone()),
            Command::ListMailboxes => Event::Mailboxes(self.counts()),
            Command::ListMessages { view } => Event::Listing { view: *view, keys: Arc::new(self.keys(*view)) },
            Command::ListNewest { view, most } => {
                Event::Newest { view: *view, keys: self.keys(*view).into_iter().take(*most).collect() }
            }
            Command::SortMessages { view, order } => {
                Event::Sorted { view: *view, order: *order, sorted: self.sorted(*view, *order) }
            }
            Command::FilterMessages { view, order, filter, also, grouped } => {
                let sorted = self.sorted(*view, *order);
                let keys = sorted.keys.iter().copied().filter(|&key| self.passes(filter, key) || *also == Some(key));
                let mut keys: Vec<MessageKey> = keys.collect();
                let is_member = |key: &MessageKey| self.thread.iter().any(|(other, _)| other == key);
                let head = keys.iter().copied().find(is_member).filter(|_| *grouped);
                keys.retain(|key| !grouped || !is_member(key) || head == Some(*key));
                let head = also.and_then(|also| Some((also, if is_member(&also) { head? } else { also })));
                let mut places: Vec<u32> = (0..keys.len() as u32).collect();
                places.sort_by_key(|&place| std::cmp::Reverse(keys[place as usize]));
                let places = if order.is_newest_first() { Vec::new() } else { places };
                let sorted = Sorted { keys: Arc::new(keys), places: Arc::new(places) };
                Event::Filtered { view: *view, order: *order, filter: filter.clone(), grouped: *grouped, sorted, head }
            }
            Command::Search { search, after, most } => self.found(search, *after, *most),
            Command::CountFound { search } => match self.found(search, None, usize::MAX) {
                Event::Found(found) => Event::Counted(found.keys.len() as u64),
                other => other,
            },
            Command::LoadSnippets { search, keys } => Event::Snippets(self.snippets(search, keys)),
            Command::ListPeople { text, .. } => Event::People(self.people(text)),
            Command::ListSearches | Command::ForgetSearches => {
                Event::Searches(Searches { past: Vec::new(), saved: self.model.search.saved.clone() })
            }
            Command::RememberSearch { .. } => Event::Searches(Searches {
                past: self.model.search.past.clone(),
                saved: self.model.search.saved.clone(),
            }),
            Command::LoadRows { keys } => Event::Rows(keys.iter().map(|&key| self.row(key)).collect()),
            Command::LoadGroups { keys, .. } => Event::Rows(keys.iter().map(|&key| self.group_row(key)).collect()),
            Command::ListMembers { keys, view } => {
                let is_member = |key: &MessageKey| self.thread.iter().any(|(other, _)| other == key);
                let all = keys.iter().any(is_member);
                let wanted = |key: &MessageKey| keys.contains(key) || (all && is_member(key));
                Event::Members(self.keys(*view).into_iter().filter(wanted).collect())
            }
            Command::OpenMessage { key } => Event::Opened(Box::new(self.opened(*key))),
            Command::ListPictureConsents => Event::PictureConsents(self.consents.clone()),
            Command::ListThread { key } => Event::Thread(self.thread(*key)),
            Command::LoadRaw { key } => Event::Raw { key: *key, bytes: Arc::new(self.octets(*key).into_bytes()) },
            Command::ReadAs { key, charset } => {
                let known = Circumstances { charset: Some(charset.clone()), ..Circumstances::default() };
                let view = Arc::new(MessageView::read(&self.bytes(*key), &known));
                Event::Opened(Box::new(OpenedMessage { view, ..self.opened(*key) }))
            }
            Command::LoadThumbnails { key } => {
                Event::Thumbnails { key: *key, pictures: preview::thumbnails(&self.bytes(*key)) }
            }
            Command::PreviewAttachment { key, index } => {
                let preview = Box::new(preview::of(&self.bytes(*key), *index));
                Event::Previewed { key: *key, index: *index, preview }
            }
            Command::OpenAttachment { .. } => Event::ReadyToOpen { file: "folder/attachment".into() },
            Command::LoadSource { key } => Event::Source { key: *key, text: self.octets(*key) },
            Command::ListOrganisation => Event::Organisation(Box::new(self.model.organisation.clone())),
            Command::SetFlag { .. } | Command::MarkRead { .. } | Command::KeepSchedule => Event::Done,
            _ => return None,
        })
    }

    pub fn keys(&self, view: MailboxView) -> Vec<MessageKey> {
        (1..=self.count).rev().map(MessageKey).filter(|key| self.place(*key) == view.role).collect()
    }

    /// By the words of the rows, as they stand there.
    pub fn sorted(&self, view: MailboxView, order: SortOrder) -> Sorted {
        let newest_first = self.keys(view);
        let mut keys = newest_first.clone();
        keys.sort_by_key(|&key| {
            let row = self.row(key);
            match order.by {
                SortBy::Date => String::new(),
                SortBy::Sender => row.from_name,
                SortBy::Subject => row.subject,
                SortBy::Size => format!("{:09}", 999_999_999 - row.size_bytes),
            }
        });
        if order.reversed {
            keys.reverse();
        }
        let place = |key| keys.iter().position(|other| other == key).unwrap() as u32;
        let places = newest_first.iter().map(place).collect();
        Sorted { keys: Arc::new(keys), places: Arc::new(places) }
    }

    /// What a search finds: messages whose octets hold the words, whatever the language says beyond that.
    pub fn found(&self, search: &Search, after: Option<MessageKey>, most: usize) -> Event {
        let now = jiff::Timestamp::from_second(1_700_000_000).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        let known = Known { any: true, ..Known::default() };
        if let Err(fault) = Query::parse_knowing(&search.text, search.typing, &now, &known) {
            return Event::NotUnderstood(fault);
        }
        let words = search.text.trim().to_lowercase();
        let mut hits = (1..=self.count).rev().map(MessageKey).filter(|&key| {
            let within = search.within.is_none_or(|view| view.role == self.place(key));
            let passes = !search.filter.is_on() || self.passes(&search.filter, key);
            within
                && passes
                && after.is_none_or(|after| key < after)
                && self.octets(key).to_lowercase().contains(&words)
        });
        let keys: Vec<MessageKey> = hits.by_ref().take(most).collect();
        Event::Found(Found { more: keys.len() == most, keys, to_index: self.to_index })
    }

    fn passes(&self, filter: &Filter, key: MessageKey) -> bool {
        let row = self.row(key);
        (!filter.unread || !row.flags.has(Flag::Seen))
            && (!filter.starred || row.flags.has(Flag::Starred))
            && (!filter.attachment || row.has_attachments)
            && (filter.tags.is_empty() || filter.tags.iter().any(|tag| row.tags.contains(tag)))
    }

    fn snippets(&self, search: &Search, keys: &[MessageKey]) -> Vec<(MessageKey, Option<Snippet>)> {
        let marker = Marker::of_typed(&search.text, search.typing);
        let text = |key| Readable::from_raw(self.octets(key).as_bytes()).body;
        keys.iter().map(|&key| (key, marker.snippet(Field::Body, &text(key)))).collect()
    }

    fn people(&self, text: &str) -> Vec<Person> {
        let text = text.to_lowercase();
        self.people.iter().filter(|person| person.as_recipient().to_lowercase().contains(&text)).cloned().collect()
    }

    fn place(&self, key: MessageKey) -> Role {
        self.places.get(&key).copied().unwrap_or_default()
    }

    fn counts(&self) -> Vec<MailboxCount> {
        let count = |role| self.keys(MailboxView { role, account: None }).len() as u64;
        Role::ALL.map(|role| MailboxCount { account: WORK, role, total: count(role), unread: count(role) }).to_vec()
    }

    fn octets(&self, key: MessageKey) -> String {
        let MessageKey(n) = key;
        let usual = || {
            format!(
                "From: Sender {n} <sender{n}@example.net>\r\nTo: ana@example.org, Bo <bo@example.org>\r\n\
                 Subject: Subject {n}\r\nMessage-ID: <{n}@example.net>\r\n\r\nText of message {n}.\r\n"
            )
        };
        self.raw.get(&key).cloned().unwrap_or_else(usual)
    }

    /// Of a message that is not all text, the octets that a text of Latin-1 letters stands for.
    fn bytes(&self, key: MessageKey) -> Vec<u8> {
        let text = self.octets(key);
        let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        latin.filter(|_| text.contains("8bit")).unwrap_or_else(|| text.into_bytes())
    }

    pub fn row(&self, key: MessageKey) -> MessageRow {
        let envelope = Envelope::from_raw(self.octets(key).as_bytes());
        let from = envelope.from.first().cloned().unwrap_or_default();
        MessageRow {
            key,
            account: WORK,
            role: self.place(key),
            date: 1_700_000_000 + key.0,
            from_name: if from.name.is_empty() { from.addr.clone() } else { from.name },
            from_addr: from.addr,
            to: "Ana".into(),
            subject: envelope.subject,
            snippet: envelope.snippet,
            flags: self.flags.get(&key).copied().unwrap_or_default(),
            has_attachments: envelope.has_attachments,
            outbox: self.outbox.get(&key).cloned(),
            part: self.parts.get(&key).copied().unwrap_or_default(),
            ..MessageRow::default()
        }
    }

    fn group_row(&self, key: MessageKey) -> MessageRow {
        let is_member = self.thread.iter().any(|(other, _)| *other == key);
        let messages = self.thread.len() as u64;
        let group = Group { messages, unread: 1, senders: vec!["Sender One".into(), "me".into()] };
        MessageRow { group: (is_member && messages > 1).then_some(group), ..self.row(key) }
    }

    /// The conversation of this message.
    pub fn thread(&self, key: MessageKey) -> Thread {
        let is_among = self.thread.iter().any(|(other, _)| *other == key);
        let members = if is_among { self.thread.clone() } else { vec![(key, 0)] };
        let message = |(key, depth)| InThread { depth, row: Some(self.row(key)), is_renamed: false };
        Thread { key, messages: members.into_iter().map(message).collect(), ..Thread::default() }
    }

    pub fn opened(&self, key: MessageKey) -> OpenedMessage {
        let raw = self.bytes(key);
        let kept = self.kept.get(&key).cloned().unwrap_or_default();
        let view = Arc::new(MessageView::from_raw(&raw));
        let page = MessagePage::from_raw(&raw, &kept).map(Arc::new);
        let pictures = Arc::new(MessagePictures::of(&view, page.as_deref(), kept, &[]));
        OpenedMessage { row: self.row(key), view, page, pictures }
    }
}

/// A command in as few words as tell it from others.
pub fn words(command: &Command) -> String {
    let keys = |keys: &[MessageKey]| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    match command {
        Command::SaveAccount { account, .. } => format!("SaveAccount {}", account.name),
        Command::TestAccount { account, .. } => format!("TestAccount {}", account.name),
        Command::ListMessages { view } => match view.account {
            None => format!("ListMessages {}", view.role),
            Some(account) => format!("ListMessages {} of {}", view.role, account.0),
        },
        Command::ListNewest { view, .. } => format!("ListNewest {}", view.role),
        Command::SortMessages { view, order } => format!("SortMessages {} by {order}", view.role),
        Command::FilterMessages { view, order, filter, also, grouped } => {
            let named = [(filter.unread, "unread"), (filter.starred, "starred"), (filter.attachment, "attachment")];
            let mut parts: Vec<String> =
                named.into_iter().filter(|(on, _)| *on).map(|(_, word)| word.to_owned()).collect();
            parts.extend(filter.tags.iter().map(|tag| format!("tag {}", tag.0)));
            let also = also.map(|key| format!(" and {key}")).unwrap_or_default();
            let grouped = if *grouped { " grouped" } else { "" };
            format!("FilterMessages {} by {order}{grouped}: {}{also}", view.role, parts.join(" "))
        }
        Command::Search { search, after, .. } => {
            let within = search.within.map(|view| format!(" in {}", view.role)).unwrap_or_default();
            let after = after.map(|key| format!(" after {key}")).unwrap_or_default();
            format!("Search “{}”{within}{after}", search.text)
        }
        Command::CountFound { search } => format!("CountFound “{}”", search.text),
        Command::LoadSnippets { search, keys } => format!("LoadSnippets “{}” ({})", search.text, keys.len()),
        Command::ListPeople { text, .. } => format!("ListPeople “{text}”"),
        Command::RememberSearch { text } => format!("RememberSearch “{text}”"),
        Command::SaveSearch { name, text, .. } => format!("SaveSearch {name}: {text}"),
        Command::LoadRows { keys } => format!("LoadRows ({})", keys.len()),
        Command::LoadGroups { keys, .. } => format!("LoadGroups ({})", keys.len()),
        Command::ListMembers { keys: of, .. } => format!("ListMembers {}", keys(of)),
        Command::OpenMessage { key } => format!("OpenMessage {key}"),
        Command::ListThread { key } => format!("ListThread {key}"),
        Command::LoadRaw { key } => format!("LoadRaw {key}"),
        Command::LoadSource { key } => format!("LoadSource {key}"),
        Command::FetchPictures { key, scope } => format!("FetchPictures {key} {scope:?}"),
        Command::SetFlag { keys: of, flag, on } => format!("SetFlag {} {on} of {}", flag.word(), keys(of)),
        Command::MoveFound { keys: which, to } => format!("MoveFound {} to {to}", keys(which)),
        Command::MoveMessages { keys: which, to } => format!("MoveMessages {} to {to}", keys(which)),
        Command::MarkRead { key } => format!("MarkRead {key}"),
        Command::TagMessages { keys: of, tag, on } => format!("TagMessages {} {on} of {}", tag.0, keys(of)),
        Command::Undo { entry } => format!("Undo {}", entry.map_or("the last".into(), |entry| entry.0.to_string())),
        Command::SaveDraft { key, draft, .. } => format!("SaveDraft {} “{}”", new_or(*key), draft.subject),
        Command::QueueDraft { key, draft, .. } => format!("QueueDraft {} “{}”", new_or(*key), draft.subject),
        Command::OpenDraft { key } => format!("OpenDraft {key}"),
        Command::DiscardDraft { key } => format!("DiscardDraft {key}"),
        Command::RetryOutgoing { key } => format!("RetryOutgoing {key}"),
        Command::GetMail { accounts, .. } => {
            format!("GetMail of {:?}", accounts.iter().map(|account| account.0).collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    }
}

fn new_or(key: Option<MessageKey>) -> String {
    key.map_or("new".into(), |key| key.to_string())
}

pub fn account(id: AccountId, name: &str) -> Account {
    Account {
        id,
        name: name.into(),
        identity: Identity { address: "ana@example.org".into(), ..Identity::default() },
        incoming: Server { host: "pop.example.org".into(), port: 995, security: Security::Tls },
        user: "ana".into(),
        outgoing: Some(Server { host: "smtp.example.org".into(), port: 465, security: Security::Tls }),
        ..Account::blank()
    }
}

pub fn view(role: Role) -> MailboxView {
    MailboxView { role, account: None }
}

pub fn visit(account: AccountId, stage: Stage) -> Visit {
    Visit { account, account_name: "Work".into(), stage, ..Visit::default() }
}

pub fn problem(what: &str, offer: Option<Offer>) -> Problem {
    Problem {
        what: what.into(),
        why: "the server said no".into(),
        remedy: "Try again later.".into(),
        detail: "-ERR [SYS/TEMP] not now".into(),
        offer,
        ..Problem::default()
    }
}

pub fn failed(what: &str) -> Event {
    Event::Failed(Box::new(problem(what, None)))
}

pub fn certificate() -> CertificateFacts {
    CertificateFacts {
        subject: "pop.example.org".into(),
        issuer: "Nobody in particular".into(),
        names: vec!["pop.example.org".into(), "mail.example.org".into()],
        valid_from: "2026-01-01".into(),
        valid_until: "2027-01-01".into(),
        fingerprint: Fingerprint([0xA5; 32]),
        fault: "it vouches for itself".into(),
    }
}
