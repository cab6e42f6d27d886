//! A message as a person reads it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::header::{self, Header};
use super::invitation::{self, Invitation};
use super::layout::{self, Attached, Body, Layout};
use super::mime::{self, Part};
use super::warn::{self, Findings, MAX_ATTACHMENTS};
use super::{Address, Envelope, Seal, charset, flowed, html, html::Page, kind, sanitize, seal, wrapping};

/// A received message, taken apart for the reading pane. Plain data, safe to show where a field says so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageView {
    pub envelope: Envelope,
    /// Name and address of the sender as the window shows it: one line, no control or bidi characters, the address always visible.
    pub shown_from: String,
    /// The subject as the window shows it; empty where there is none.
    pub shown_subject: String,
    /// Every header field in order, decoded and fit for the screen.
    pub headers: Vec<(String, String)>,
    /// The `text/plain` body as received (decoded to Unicode, LF line ends), None where the message has none.
    pub text: Option<String>,
    /// The `text/html` body as received (decoded to Unicode), None where the message has none.
    pub html: Option<String>,
    /// What the reading pane shows: the plain text (format=flowed undone, RFC 3676), or else the HTML as text.
    pub readable: String,
    /// Whether `readable` was made from HTML.
    pub readable_is_from_html: bool,
    pub attachments: Vec<Attachment>,
    /// Appointments that came with it.
    pub invitations: Vec<Invitation>,
    /// How it says that it is signed or encrypted; nothing of it was checked.
    pub seals: Vec<Seal>,
    /// What a careful friend would point out, in plain words: a display name that contains another address, a Reply-To elsewhere, a damaged message.
    pub warnings: Vec<String>,
}

/// A part that a person can save.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Position among the message's attachments, from zero: what saving asks for.
    pub index: usize,
    /// Name as received, decoded (RFC 2231, RFC 2047); None where the part has none.
    pub name: Option<String>,
    /// A name that is safe to write to a disk and to show: rebuilt, never empty.
    pub safe_name: String,
    /// `type/subtype`, lower case.
    pub content_type: String,
    /// Octets, decoded.
    pub size_bytes: u64,
    /// Part of an HTML page (referred to by `cid:`), not attached by the sender's hand.
    pub inline: bool,
}

/// What is known about a message besides its octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// The charset in which the person wants to read it, whatever it says itself.
    pub charset: Option<String>,
    /// Host of the server that it was fetched from: what that server found out about the sender is believed.
    pub own_server: Option<String>,
    /// Domain of the person's own address: no other should look like it.
    pub own_domain: Option<String>,
}

/// Octets of a message that a person reads as source: beyond that nobody does, and laying it out would take long.
const SOURCE_LIMIT_BYTES: usize = 1024 * 1024;

/// The octets of a message as text that is fit for the screen, as far as a person reads it.
pub fn source(raw: &[u8]) -> String {
    let shown = raw.get(..SOURCE_LIMIT_BYTES.min(raw.len())).unwrap_or_default();
    sanitize::multiline(&String::from_utf8_lossy(shown))
}

/// Header fields that the view carries, and characters of each. Honest messages have a hundred short ones.
const MAX_FIELDS: usize = 1000;
const MAX_FIELD_CHARS: usize = 4000;
/// Characters of a subject that are shown.
const MAX_SUBJECT_CHARS: usize = 1000;
/// Senders that are shown of one message.
const MAX_SENDERS: usize = 3;

impl MessageView {
    /// As [`Self::read`]; should the parser have a fault that this message finds, it is shown as its source.
    pub fn of_any(raw: &[u8], known: &Circumstances) -> Self {
        catch_unwind(AssertUnwindSafe(|| Self::read(raw, known))).unwrap_or_else(|_| Self {
            readable: source(raw),
            warnings: vec![
                "This message is damaged in a way that Malote does not understand: here is its source.".into(),
            ],
            ..Self::default()
        })
    }

    /// Takes a whole message apart, knowing nothing else about it.
    pub fn from_raw(raw: &[u8]) -> Self {
        Self::read(raw, &Circumstances::default())
    }

    /// Takes a whole message apart. Total: whatever the bytes, something can be shown.
    pub fn read(raw: &[u8], known: &Circumstances) -> Self {
        let unwrapped = wrapping::taken_off(raw);
        let tree = mime::read(&unwrapped.bytes);
        let layout = layout::divide(&tree);
        let chosen = known.charset.as_deref();
        let hint = chosen.or_else(|| charset_hint(&tree.root));
        let mut envelope = Envelope::from_tree_in(&tree, &layout, hint);
        let decoded: Vec<Decoded> = layout.bodies.iter().map(|body| Decoded::of_in(body, chosen)).collect();
        let readable = readable(&decoded);
        let seals = seal::of(&tree.root, unwrapped.was_signed, &readable);
        let (attachments, is_garbled) = list(&layout, &decoded);
        let invitations = invitations(&layout);
        envelope.has_attachments = attachments.iter().any(|attachment| !attachment.inline);
        let warnings = warn::warnings(&Findings {
            envelope: &envelope,
            tree: &tree,
            layout: &layout,
            attachments: &attachments,
            seals: &seals,
            known,
            deceptive_links: decoded
                .iter()
                .flat_map(|body| &body.page)
                .flat_map(|page| &page.deceptive_links)
                .collect(),
            is_garbled: is_garbled || decoded.iter().any(|body| body.is_garbled),
        });
        Self {
            shown_from: shown_senders(&envelope.from),
            shown_subject: shown_subject(&envelope.subject),
            headers: shown_headers(&tree.root.header, hint),
            text: joined(decoded.iter().filter(|body| !body.is_html)),
            html: joined(decoded.iter().filter(|body| body.is_html)),
            readable,
            readable_is_from_html: is_from_html(&decoded),
            attachments,
            invitations,
            seals,
            warnings,
            envelope,
        }
    }
}

/// Decoded octets of the attachment with that [`Attachment::index`].
pub fn attachment_bytes(raw: &[u8], index: usize) -> Option<Vec<u8>> {
    let bytes = wrapping::taken_off(raw).bytes;
    let tree = mime::read(&bytes);
    layout::divide(&tree).attached.get(index).map(|attached| attached.part.decoded().0.into_owned())
}

/// Hands every attachment in turn, decoded, to `take`: one pass over the message, one attachment in memory.
pub fn each_attachment<E>(raw: &[u8], mut take: impl FnMut(&Attachment, &[u8]) -> Result<(), E>) -> Result<(), E> {
    let bytes = wrapping::taken_off(raw).bytes;
    let tree = mime::read(&bytes);
    let layout = layout::divide(&tree);
    for (index, attached) in layout.attached.iter().enumerate() {
        let (bytes, _) = attached.part.decoded();
        take(&attachment(index, attached.part, bytes.len()), &bytes)?;
    }
    Ok(())
}

/// Addresses of people named in a message, for completion.
pub fn people(envelope: &Envelope) -> impl Iterator<Item = &Address> {
    envelope.from.iter().chain(&envelope.to).chain(&envelope.cc)
}

/// The charset of the body, which raw octets in the header most likely have too.
pub(super) fn charset_hint<'t>(root: &'t Part<'_>) -> Option<&'t str> {
    root.content_type
        .param("charset")
        .or_else(|| root.children.first().and_then(|part| part.content_type.param("charset")))
}

/// The subject as the window shows it.
pub fn shown_subject(subject: &str) -> String {
    sanitize::line_of(subject, MAX_SUBJECT_CHARS)
}

/// The senders as the window shows them; empty where the message names none.
pub fn shown_senders(from: &[Address]) -> String {
    let mut shown: Vec<String> = from.iter().take(MAX_SENDERS).map(Address::shown).collect();
    if from.len() > MAX_SENDERS {
        shown.push(format!("and {} more", from.len() - MAX_SENDERS));
    }
    shown.join(", ")
}

fn shown_headers(header: &Header<'_>, hint: Option<&str>) -> Vec<(String, String)> {
    let shown =
        |field: &header::Field<'_>| (field.name.to_owned(), sanitize::line_of(&field.decoded(hint), MAX_FIELD_CHARS));
    header.fields.iter().take(MAX_FIELDS).map(shown).collect()
}

/// A part of the body, decoded.
pub(super) struct Decoded {
    text: String,
    is_html: bool,
    is_shown: bool,
    /// Whether the text is format=flowed, and then whether with `delsp` (RFC 3676 §4).
    flowed: Option<bool>,
    /// Of an HTML part: what it reads like.
    page: Option<Page>,
    is_garbled: bool,
}

impl Decoded {
    pub(super) fn of(body: &Body<'_, '_>) -> Self {
        Self::of_in(body, None)
    }

    /// In the charset that the person chose, if one is given.
    fn of_in(body: &Body<'_, '_>, chosen: Option<&str>) -> Self {
        let (bytes, is_garbled) = body.part.decoded();
        let is = |name, value: &str| {
            body.part.content_type.param(name).is_some_and(|found| found.trim().eq_ignore_ascii_case(value))
        };
        let text = match chosen {
            Some(label) => with_plain_ends(charset::decode_as(&bytes, label)),
            None => text_of(body.part, &bytes),
        };
        Self {
            page: body.is_html.then(|| html::read(&text)),
            text,
            is_html: body.is_html,
            is_shown: body.is_shown,
            flowed: is("format", "flowed").then(|| is("delsp", "yes")),
            is_garbled,
        }
    }

    /// Of the forms of one text, whether it is the one that is shown.
    pub(super) fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// As text, whatever form it came in.
    pub(super) fn plain(&self) -> Cow<'_, str> {
        match (&self.page, self.flowed) {
            (Some(page), _) => Cow::Borrowed(page.text.as_str()),
            (None, Some(delsp)) => Cow::Owned(flowed::unflow(&self.text, delsp)),
            (None, None) => Cow::Borrowed(self.text.as_str()),
        }
    }

    fn says_something(&self) -> bool {
        !self.text.trim().is_empty()
    }
}

/// Octets of a text part as Unicode with LF line ends.
pub(super) fn text_of(part: &Part<'_>, bytes: &[u8]) -> String {
    let label =
        part.content_type.param("charset").or_else(|| part.is("text/html").then(|| html_charset(bytes)).flatten());
    with_plain_ends(charset::decode(bytes, label))
}

fn with_plain_ends(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

/// The charset that a page names itself, where its part does not: looked for in its first octets, as browsers do.
fn html_charset(bytes: &[u8]) -> Option<&str> {
    const LOOKED_AT: usize = 1024;
    let head = bytes.get(..bytes.len().min(LOOKED_AT))?;
    let at = head.windows(8).position(|w| w.eq_ignore_ascii_case(b"charset="))? + 8;
    let value = head.get(at..)?;
    let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
    let end = value.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.')))?;
    let label = std::str::from_utf8(value.get(..end)?).ok()?;
    // A page in which this can be read is in no charset of 16 bits, whatever it says.
    (!label.is_empty() && !label.to_ascii_lowercase().starts_with("utf-16")).then_some(label)
}

/// Several texts as one; None where there is none, or nothing in it.
fn joined<'d>(bodies: impl Iterator<Item = &'d Decoded>) -> Option<String> {
    let mut whole: Option<String> = None;
    for body in bodies {
        match &mut whole {
            Some(text) => {
                if !text.ends_with('\n') && !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&body.text);
            }
            None => whole = Some(body.text.clone()),
        }
    }
    whole.filter(|text| !text.is_empty())
}

fn readable(decoded: &[Decoded]) -> String {
    let mut whole = String::new();
    for body in decoded.iter().filter(|body| body.is_shown && body.says_something()) {
        if !whole.is_empty() {
            whole.push_str(if whole.ends_with('\n') { "\n" } else { "\n\n" });
        }
        whole.push_str(&body.plain());
    }
    sanitize::multiline(&whole)
}

fn is_from_html(decoded: &[Decoded]) -> bool {
    let mut shown = decoded.iter().filter(|body| body.is_shown && body.says_something()).peekable();
    shown.peek().is_some() && shown.all(|body| body.is_html)
}

/// The attachments, and whether one of them could not be decoded as it says.
fn list(layout: &Layout<'_, '_>, decoded: &[Decoded]) -> (Vec<Attachment>, bool) {
    let mut is_garbled = false;
    let ids: HashSet<&str> =
        decoded.iter().filter(|body| body.is_html).flat_map(|body| referred_ids(&body.text)).collect();
    let listed = layout.attached.iter().take(MAX_ATTACHMENTS).enumerate().map(|(index, attached)| {
        let (bytes, is_wrong) = attached.part.decoded();
        is_garbled |= is_wrong;
        Attachment { inline: is_inline(attached, &ids), ..attachment(index, attached.part, bytes.len()) }
    });
    (listed.collect(), is_garbled)
}

/// Calendars that are looked into when a message is opened, and octets of each: invitations are short, diaries wait to be asked for.
const MAX_CALENDARS: usize = 2;
const MAX_CALENDAR_BYTES: usize = 256 * 1024;
/// Appointments that are shown above a message.
const MAX_INVITATIONS: usize = 3;

fn invitations(layout: &Layout<'_, '_>) -> Vec<Invitation> {
    let is_calendar = |part: &&Part<'_>| {
        kind::of(part.name().unwrap_or_default(), &part.content_type.value).kind == kind::Kind::Invitation
            && part.body.len() <= MAX_CALENDAR_BYTES
    };
    let calendars = layout.attached.iter().map(|attached| attached.part).filter(is_calendar).take(MAX_CALENDARS);
    let mut all: Vec<Invitation> = Vec::new();
    for found in calendars.flat_map(|part| invitation::read(&text_of(part, &part.decoded().0))) {
        // The same calendar comes twice, for those who read one kind of part only.
        if all.len() < MAX_INVITATIONS && !all.contains(&found) {
            all.push(found);
        }
    }
    all
}

fn attachment(index: usize, part: &Part<'_>, size: usize) -> Attachment {
    Attachment {
        index,
        name: part.name().map(str::to_owned),
        safe_name: layout::safe_name(part),
        content_type: part.content_type.value.clone(),
        size_bytes: u64::try_from(size).unwrap_or(u64::MAX),
        inline: false,
    }
}

fn is_inline(attached: &Attached<'_, '_>, ids: &HashSet<&str>) -> bool {
    let Some(id) = layout::content_id(attached.part) else { return false };
    ids.contains(id.as_str()) || (attached.in_related && attached.part.disposition.value != "attachment")
}

/// The ids behind every `cid:` of a page.
fn referred_ids(html: &str) -> impl Iterator<Item = &str> {
    html.split("cid:").skip(1).filter_map(|rest| rest.split(['"', '\'', ')', '>', ' ', '&', '\n']).next())
}
