//! `winmail.dat`: what Outlook packs a message into when it takes the other side for Outlook, too (MS-OXTNEF).
//!
//! Read, never written. Total over hostile input: every length is checked against what is there, nothing is allocated by a
//! length that was only announced, and nested messages are followed a few levels deep.

use super::charset;
use super::rtf::{self, Said};

/// What all of them begin with (MS-OXTNEF §2.1.3.2).
const SIGNATURE: [u8; 4] = [0x78, 0x9F, 0x3E, 0x22];
/// Messages inside each other that are unpacked.
const MAX_DEPTH: usize = 3;
/// Files of one `winmail.dat`, properties of one of them, and values of one property.
const MAX_FILES: usize = 1000;
const MAX_PROPERTIES: u32 = 4000;
const MAX_VALUES: u32 = 4000;
/// Octets of a name.
const MAX_NAME_BYTES: usize = 4096;

/// What was in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
    pub files: Vec<File>,
}

/// A file that was attached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    pub name: String,
    /// As the sender's program gave it; empty where it did not.
    pub content_type: String,
    /// What a page refers to it by.
    pub content_id: Option<String>,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Octets(Vec<u8>),
    /// A message that was attached as such.
    Message(Box<Unpacked>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Octets(Vec::new())
    }
}

/// Unpacks it; None where it is none.
pub fn read(bytes: &[u8]) -> Option<Unpacked> {
    unpack(bytes, MAX_DEPTH)
}

fn unpack(bytes: &[u8], depth: usize) -> Option<Unpacked> {
    let mut input = Input { rest: bytes.strip_prefix(&SIGNATURE)? };
    input.take(2)?; // a key for the transport
    let mut message = Message { codepage: 1252, depth, ..Message::default() };
    while let Some(attribute) = input.attribute() {
        message.add(attribute);
    }
    Some(message.finish())
}

/// One attribute of the stream (MS-OXTNEF §2.1.3.3).
struct Attribute<'a> {
    id: u32,
    data: &'a [u8],
}

const SUBJECT: u32 = 0x0001_8004;
const BODY: u32 = 0x0002_800C;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const CODEPAGE: u32 = 0x0006_9007;
const FILE_BEGINS: u32 = 0x0006_9002;
const FILE_TITLE: u32 = 0x0001_8010;
const FILE_DATA: u32 = 0x0006_800F;
const FILE_PROPERTIES: u32 = 0x0006_9005;

/// Properties by their number (MS-OXPROPS).
mod property {
    pub const SUBJECT: u16 = 0x0037;
    pub const BODY: u16 = 0x1000;
    pub const RTF: u16 = 0x1009;
    pub const HTML: u16 = 0x1013;
    pub const DATA: u16 = 0x3701;
    pub const NAME: u16 = 0x3704;
    pub const LONG_NAME: u16 = 0x3707;
    pub const MIME_TYPE: u16 = 0x370E;
    pub const CONTENT_ID: u16 = 0x3712;
    pub const INTERNET_CODEPAGE: u16 = 0x3FDE;
}

/// Octets that are read from the front.
#[derive(Clone, Copy)]
struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// As many as there are, up to `count`: what was cut off on the way is read as far as it goes.
    fn take_most(&mut self, count: usize) -> &'a [u8] {
        self.take(count.min(self.rest.len())).unwrap_or_default()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn attribute(&mut self) -> Option<Attribute<'a>> {
        let level = self.take(1)?.first()?;
        if !matches!(level, 1 | 2) {
            return None;
        }
        let id = self.u32()?;
        let length = usize::try_from(self.u32()?).ok()?;
        let data = self.take_most(length);
        let _checksum = self.take_most(2);
        Some(Attribute { id, data })
    }

    /// A value of variable length, filled up to four octets.
    fn padded(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let value = self.take_most(length);
        self.take_most(length.wrapping_neg() & 3);
        Some(value)
    }
}

/// One property (MS-OXTNEF §2.1.3.4).
struct Property<'a> {
    id: u16,
    kind: u16,
    value: &'a [u8],
}

const UNICODE: u16 = 0x001F;
const OBJECT: u16 = 0x000D;

impl Property<'_> {
    fn text(&self, codepage: u32) -> String {
        let text = match self.kind {
            UNICODE => utf_16(self.value),
            _ => charset::of_codepage(self.value, codepage),
        };
        let end = text.find('\0').unwrap_or(text.len());
        text.get(..end).unwrap_or_default().to_owned()
    }

    fn number(&self) -> Option<u32> {
        Some(u32::from_le_bytes(self.value.get(..4)?.try_into().ok()?))
    }
}

fn utf_16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes(pair.try_into().unwrap_or_default()));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Hands every property of the list to `take`, until one cannot be read.
fn properties<'a>(data: &'a [u8], mut take: impl FnMut(Property<'a>)) -> Option<()> {
    let mut input = Input { rest: data };
    let count = input.u32()?.min(MAX_PROPERTIES);
    for _ in 0..count {
        let (kind, id) = (input.u16()?, input.u16()?);
        if id >= 0x8000 {
            input.take(16)?;
            match input.u32()? {
                0 => drop(input.take(4)?),
                _ => drop(input.padded()?),
            }
        }
        let (is_many, kind) = (kind & 0x1000 != 0, kind & !0x1000);
        let fixed = match kind {
            0x0002 | 0x0003 | 0x0004 | 0x000A | 0x000B => Some(4),
            0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
            0x0048 => Some(16),
            0x001E | UNICODE | 0x0102 | OBJECT => None,
            _ => return None, // of unknown length: the rest cannot be found
        };
        let values = if is_many || fixed.is_none() { input.u32()?.min(MAX_VALUES) } else { 1 };
        for number in 0..values {
            let value = match fixed {
                Some(length) => input.take(length)?,
                None => input.padded()?,
            };
            if number == 0 {
                take(Property { id, kind, value });
            }
        }
    }
    Some(())
}

/// A message while its attributes come in.
#[derive(Default)]
struct Message<'a> {
    codepage: u32,
    depth: usize,
    subject: Option<String>,
    /// Plain, as an attribute or as a property.
    text: Option<String>,
    html: Option<&'a [u8]>,
    html_is_unicode: bool,
    internet_codepage: Option<u32>,
    rtf: Option<&'a [u8]>,
    files: Vec<File>,
}

impl<'a> Message<'a> {
    fn add(&mut self, Attribute { id, data }: Attribute<'a>) {
        match id {
            CODEPAGE => {
                let codepage = data.get(..4).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
                self.codepage = codepage.unwrap_or(self.codepage);
            }
            SUBJECT => self.subject = Some(self.text_of(data)),
            BODY => self.text = Some(self.text_of(data)),
            MESSAGE_PROPERTIES => drop(properties(data, |property| self.add_property(&property))),
            FILE_BEGINS if self.files.len() < MAX_FILES => self.files.push(File::default()),
            FILE_TITLE | FILE_DATA | FILE_PROPERTIES => self.add_to_file(id, data),
            _ => (),
        }
    }

    fn text_of(&self, data: &[u8]) -> String {
        charset::of_codepage(data, self.codepage).trim_end_matches('\0').to_owned()
    }

    fn add_property(&mut self, property: &Property<'a>) {
        match property.id {
            property::SUBJECT => self.subject = Some(property.text(self.codepage)),
            property::BODY => self.text = Some(property.text(self.codepage)),
            property::RTF => self.rtf = Some(property.value),
            property::HTML => {
                self.html = Some(property.value);
                self.html_is_unicode = property.kind == UNICODE;
            }
            property::INTERNET_CODEPAGE => self.internet_codepage = property.number(),
            _ => (),
        }
    }

    fn add_to_file(&mut self, id: u32, data: &[u8]) {
        let (codepage, depth) = (self.codepage, self.depth);
        let title = if id == FILE_TITLE { self.text_of(data) } else { String::new() };
        let Some(file) = self.files.last_mut() else { return };
        match id {
            FILE_TITLE if file.name.is_empty() => file.name = title,
            FILE_DATA => file.content = Content::Octets(data.to_vec()),
            FILE_PROPERTIES => drop(properties(data, |property| file.add(&property, codepage, depth))),
            _ => (),
        }
    }

    fn finish(self) -> Unpacked {
        let said = self.rtf.and_then(rtf::decompressed).and_then(|rtf| rtf::read(&rtf));
        let html = self.html.map(|html| match self.html_is_unicode {
            true => utf_16(html),
            false => charset::of_codepage(html, self.internet_codepage.unwrap_or(self.codepage)),
        });
        let (from_rtf, text_from_rtf) = match said {
            Some(Said::Html(html)) => (Some(html), None),
            Some(Said::Text(text)) => (None, Some(text)),
            None => (None, None),
        };
        let says_something = |text: &String| !text.trim().is_empty();
        Unpacked {
            subject: self.subject.filter(says_something),
            text: self.text.filter(says_something).or(text_from_rtf).filter(says_something),
            html: html.filter(says_something).or(from_rtf).filter(says_something),
            files: self.files,
        }
    }
}

impl File {
    fn add(&mut self, property: &Property<'_>, codepage: u32, depth: usize) {
        let text = || {
            let text = property.text(codepage);
            text.get(..text.floor_char_boundary(MAX_NAME_BYTES)).unwrap_or_default().to_owned()
        };
        match property.id {
            property::LONG_NAME => self.name = text(),
            property::NAME if self.name.is_empty() => self.name = text(),
            property::MIME_TYPE => self.content_type = text(),
            property::CONTENT_ID => self.content_id = Some(text()).filter(|id| !id.is_empty()),
            property::DATA => self.content = content(property, depth),
            _ => (),
        }
    }
}

/// An object begins with sixteen octets that say of what kind it is.
fn content(property: &Property<'_>, depth: usize) -> Content {
    let octets = match property.kind {
        OBJECT => property.value.get(16..).unwrap_or_default(),
        _ => property.value,
    };
    match depth.checked_sub(1).filter(|_| property.kind == OBJECT).and_then(|depth| unpack(octets, depth)) {
        Some(message) => Content::Message(Box::new(message)),
        None => Content::Octets(octets.to_vec()),
    }
}

#[cfg(test)]
pub mod samples {
    //! Streams of the tests' own making.

    use super::*;

    fn attribute(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
        let sum = data.iter().fold(0u16, |sum, octet| sum.wrapping_add(u16::from(*octet)));
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        [&[level][..], &id.to_le_bytes(), &length, data, &sum.to_le_bytes()].concat()
    }

    fn variable(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
        let padding = vec![0; value.len().wrapping_neg() & 3];
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &id.to_le_bytes(), &1u32.to_le_bytes(), &length, value, &padding].concat()
    }

    fn unicode(id: u16, text: &str) -> Vec<u8> {
        let octets: Vec<u8> = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        variable(UNICODE, id, &octets)
    }

    fn list(properties: &[Vec<u8>]) -> Vec<u8> {
        let count = u32::try_from(properties.len()).unwrap().to_le_bytes();
        [&count[..], &properties.concat()].concat()
    }

    /// A message with a text in compressed form, two files, and a message with a file of its own.
    pub fn winmail() -> Vec<u8> {
        let inner = stream(&[
            attribute(
                1,
                MESSAGE_PROPERTIES,
                &list(&[unicode(property::SUBJECT, "Inner"), unicode(property::BODY, "Within.")]),
            ),
            attribute(2, FILE_BEGINS, &[0; 14]),
            attribute(2, FILE_TITLE, b"deep.txt\0"),
            attribute(2, FILE_DATA, b"deep"),
        ]);
        let object = [&[0x07; 16][..], &inner].concat();
        let rtf = b"{\\rtf1\\ansi\\ansicpg1252 Gr\\'fc\\'dfe\\par}";
        let size = u32::try_from(rtf.len()).unwrap();
        let stored = [&(size + 12).to_le_bytes()[..], &size.to_le_bytes(), b"MELA\0\0\0\0", rtf].concat();
        let named = [
            &0x0003u16.to_le_bytes()[..],
            &0x8001u16.to_le_bytes(),
            &[1; 16],
            &0u32.to_le_bytes(),
            &7u32.to_le_bytes(),
            &9u32.to_le_bytes(),
        ]
        .concat();
        stream(&[
            attribute(1, CODEPAGE, &[1252u32.to_le_bytes(), [0; 4]].concat()),
            attribute(1, SUBJECT, b"Plans\0"),
            attribute(1, MESSAGE_PROPERTIES, &list(&[named, variable(0x0102, property::RTF, &stored)])),
            attribute(2, FILE_BEGINS, &[0; 14]),
            attribute(2, FILE_TITLE, b"BERICH~1.PDF\0"),
            attribute(2, FILE_DATA, b"%PDF-1.4 \n--b\nend"),
            attribute(
                2,
                FILE_PROPERTIES,
                &list(&[
                    unicode(property::LONG_NAME, "Bericht für Øle.pdf"),
                    unicode(property::MIME_TYPE, "application/pdf"),
                ]),
            ),
            attribute(2, FILE_BEGINS, &[0; 14]),
            attribute(2, FILE_TITLE, b"caf\xe9.txt\0"),
            attribute(2, FILE_DATA, b"caf"),
            attribute(2, FILE_BEGINS, &[0; 14]),
            attribute(
                2,
                FILE_PROPERTIES,
                &list(&[unicode(property::LONG_NAME, "Inner"), variable(OBJECT, property::DATA, &object)]),
            ),
        ])
    }

    fn stream(attributes: &[Vec<u8>]) -> Vec<u8> {
        [&SIGNATURE[..], &[1, 0], &attributes.concat()].concat()
    }

    /// Messages inside each other, so many deep.
    pub fn nested(levels: usize) -> Vec<u8> {
        (0..levels).fold(stream(&[]), |inner, _| {
            let object = [&[0x07; 16][..], &inner].concat();
            stream(&[
                attribute(2, FILE_BEGINS, &[]),
                attribute(2, FILE_PROPERTIES, &list(&[variable(OBJECT, property::DATA, &object)])),
            ])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_files_and_messages_come_out_with_their_names() {
        let found = read(&samples::winmail()).unwrap();
        assert_eq!((found.subject.as_deref(), found.text.as_deref()), (Some("Plans"), Some("Grüße\n")));
        let names: Vec<&str> = found.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["Bericht für Øle.pdf", "café.txt", "Inner"]);
        assert_eq!(found.files[0].content_type, "application/pdf");
        assert_eq!(found.files[0].content, Content::Octets(b"%PDF-1.4 \n--b\nend".to_vec()));
        let Content::Message(inner) = &found.files[2].content else { panic!("{found:?}") };
        assert_eq!((inner.subject.as_deref(), inner.text.as_deref()), (Some("Inner"), Some("Within.")));
        assert_eq!(inner.files[0].name, "deep.txt");
    }

    #[test]
    fn what_was_cut_off_gives_what_there_is() {
        let whole = samples::winmail();
        for end in 0..whole.len() {
            let found = read(&whole[..end]);
            assert_eq!(found.is_some(), end >= 6, "{end}");
        }
        assert_eq!(read(b"PK\x03\x04"), None);
    }

    #[test]
    fn messages_within_each_other_are_followed_a_few_levels() {
        let mut found = read(&samples::nested(30)).unwrap();
        let mut levels = 0;
        while let Some(File { content: Content::Message(inner), .. }) = found.files.pop() {
            found = *inner;
            levels += 1;
        }
        assert_eq!(levels, MAX_DEPTH);
    }

    proptest! {
        #[test]
        fn no_damage_brings_it_down(at in 0usize..1200, octets in prop::collection::vec(any::<u8>(), 1..9), cut in 0usize..1400) {
            let mut stream = samples::winmail();
            let at = at % stream.len();
            let end = (at + octets.len()).min(stream.len());
            stream[at..end].copy_from_slice(&octets[..end - at]);
            stream.truncate(cut.max(6));
            if let Some(found) = read(&stream) {
                let octets: usize = found.files.iter().map(|file| match &file.content {
                    Content::Octets(octets) => octets.len(),
                    Content::Message(_) => 0,
                }).sum();
                prop_assert!(octets <= stream.len() * 2);
            }
        }

        #[test]
        fn no_octets_bring_it_down(tail in prop::collection::vec(any::<u8>(), 0..400)) {
            let stream = [&SIGNATURE[..], &[0, 0], &tail].concat();
            prop_assert!(read(&stream).is_some());
        }
    }
}
