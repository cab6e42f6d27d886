//! What the window and the process that draws pages say to each other: plain data over two pipes.
//!
//! A message is two lengths, the message as JSON, and then the octets that would be wasteful as JSON: the text and the
//! pictures of a page on the way there, the pixels on the way back. Both sides belong to the same build of the program, so
//! that nothing here has to last; but the process that draws has read hostile mail, and what it says is believed no further
//! than its form goes: every length is limited, and a frame must have the pixels that it says.

use std::io::{self, Read, Write};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

use super::print::Job;
use super::{Document, Frame, Hit, Rect, Resource, View};

/// The argument that makes the program the process that draws pages.
pub const ARGUMENT: &str = "--render-helper";

/// Octets of JSON: a selected text may be long.
const MOST_JSON_BYTES: u32 = 32 << 20;
/// Octets beside the JSON: a page with its pictures, or a frame of two screens of the largest kind.
const MOST_OCTETS: u64 = 256 << 20;
/// Pieces that they come in: three for each picture.
const MOST_PIECES: usize = 20_000;

/// Names a page that was loaded; what is said of an earlier one comes too late and is ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PageId(pub u64);

/// What is wanted. Points are in physical pixels from the page's upper left corner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Takes the place of the page before. → [`Reply::Frame`] or [`Reply::Refused`]
    Load {
        page: PageId,
        view: View,
        #[serde(skip)]
        document: Arc<Document>,
    },
    /// Another part of it, or another size; a newer one takes the place of an older one. → [`Reply::Frame`]
    View { page: PageId, view: View },
    /// → [`Reply::Frame`] with the selection in it
    Select { page: PageId, selection: Selection },
    /// → [`Reply::Copied`]
    Copy { page: PageId },
    /// What is searched for, as it is typed; empty: nothing. → [`Reply::Found`], and a frame with the marks in it
    Find { page: PageId, words: String },
    /// → [`Reply::Hit`]
    Hit { page: PageId, at: (f32, f32), is_click: bool },
    /// A document as PDF; the page that was open before is closed. → [`Reply::Printed`] or [`Reply::Refused`]
    Print { page: PageId, job: Box<Job> },
}

/// What is selected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Selection {
    Nothing,
    /// From one point to another, in the order in which they were pointed to.
    Between((f32, f32), (f32, f32)),
    All,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// The process is there and knows the fonts.
    Ready,
    /// The page as it is seen through that view.
    Frame {
        page: PageId,
        view: View,
        #[serde(serialize_with = "without_pixels")]
        frame: Frame,
    },
    /// What lies at the point that was asked for.
    Hit { page: PageId, at: (f32, f32), is_click: bool, hit: Hit },
    /// The selected text.
    Copied { page: PageId, text: String },
    /// Where the words stand, in the page's order.
    Found { page: PageId, places: Vec<Rect> },
    /// The octets of the PDF.
    Printed {
        page: PageId,
        #[serde(skip)]
        pdf: Vec<u8>,
    },
    /// There will be no frame of this page any more.
    Refused { page: PageId, why: Trouble },
}

/// Why a page is not drawn: a sentence for a person, who sees the text instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Trouble {
    #[error("This page takes too long to draw, so here is its text.")]
    TooSlow,
    #[error("This page could not be drawn, so here is its text.")]
    Broken,
    /// It would take more than a page may; how much is said in words.
    #[error("Here is the text of this message: {0}.")]
    Refused(String),
    #[error("Pages cannot be drawn at the moment, so here is the text of this message.")]
    Unavailable,
}

/// Whoever draws pages: another process, or in a test a make-believe one.
pub trait Renderer {
    /// Never waits.
    fn ask(&mut self, request: Request);

    /// The next of what has come, if anything has; never waits.
    fn reply(&mut self) -> Option<Reply>;
}

impl Request {
    pub fn page(&self) -> PageId {
        match self {
            Self::Load { page, .. }
            | Self::View { page, .. }
            | Self::Select { page, .. }
            | Self::Copy { page }
            | Self::Find { page, .. }
            | Self::Hit { page, .. }
            | Self::Print { page, .. } => *page,
        }
    }
}

impl Reply {
    /// The page that it is about; None: about none.
    pub fn page(&self) -> Option<PageId> {
        match self {
            Self::Ready => None,
            Self::Frame { page, .. }
            | Self::Hit { page, .. }
            | Self::Copied { page, .. }
            | Self::Found { page, .. }
            | Self::Printed { page, .. }
            | Self::Refused { page, .. } => Some(*page),
        }
    }
}

/// A message with octets that do not go through JSON.
pub trait Message: Serialize + DeserializeOwned {
    /// The octets that go beside it, in pieces.
    fn pieces(&self) -> Vec<&[u8]>;

    /// Puts them back; None: they are not what they should be.
    fn put_back(self, pieces: Vec<Vec<u8>>) -> Option<Self>;
}

impl Message for Request {
    fn pieces(&self) -> Vec<&[u8]> {
        match self {
            Self::Load { document, .. } => pieces_of(document),
            Self::Print { job, .. } => pieces_of(&job.document),
            _ => Vec::new(),
        }
    }

    fn put_back(self, pieces: Vec<Vec<u8>>) -> Option<Self> {
        match self {
            Self::Load { page, view, .. } => Some(Self::Load { page, view, document: Arc::new(document_of(pieces)?) }),
            Self::Print { page, mut job } => {
                job.document = document_of(pieces)?;
                Some(Self::Print { page, job })
            }
            _ => pieces.is_empty().then_some(self),
        }
    }
}

fn pieces_of(document: &Document) -> Vec<&[u8]> {
    let mut pieces = vec![document.html.as_bytes()];
    for Resource { name, content_type, bytes } in &document.resources {
        pieces.extend([name.as_bytes(), content_type.as_bytes(), bytes.as_slice()]);
    }
    pieces
}

fn document_of(pieces: Vec<Vec<u8>>) -> Option<Document> {
    let mut pieces = pieces.into_iter();
    let html = String::from_utf8(pieces.next()?).ok()?;
    let mut resources = Vec::new();
    while let Some(name) = pieces.next() {
        let (name, content_type) = (String::from_utf8(name).ok()?, String::from_utf8(pieces.next()?).ok()?);
        resources.push(Resource { name, content_type, bytes: pieces.next()? });
    }
    Some(Document { html, resources })
}

impl Message for Reply {
    fn pieces(&self) -> Vec<&[u8]> {
        match self {
            Self::Frame { frame, .. } => vec![frame.rgba.as_slice()],
            Self::Printed { pdf, .. } => vec![pdf.as_slice()],
            _ => Vec::new(),
        }
    }

    fn put_back(mut self, pieces: Vec<Vec<u8>>) -> Option<Self> {
        match &mut self {
            Self::Frame { frame, .. } => {
                let [rgba] = <[Vec<u8>; 1]>::try_from(pieces).ok()?;
                let octets = u64::from(frame.width_px).checked_mul(frame.height_px.into())?.checked_mul(4)?;
                frame.rgba = rgba;
                (u64::try_from(frame.rgba.len()) == Ok(octets)).then_some(self)
            }
            Self::Printed { pdf, .. } => {
                [*pdf] = <[Vec<u8>; 1]>::try_from(pieces).ok()?;
                pdf.starts_with(b"%PDF-").then_some(self)
            }
            _ => pieces.is_empty().then_some(self),
        }
    }
}

fn without_pixels<S: Serializer>(frame: &Frame, serializer: S) -> Result<S::Ok, S::Error> {
    let Frame { width_px, height_px, scroll_y_px, page_height_px, rgba: _ } = *frame;
    Frame { width_px, height_px, scroll_y_px, page_height_px, rgba: Vec::new() }.serialize(serializer)
}

#[derive(Serialize)]
struct Head<'m, M> {
    message: &'m M,
    /// Octets of each piece that follows.
    pieces: Vec<u64>,
}

#[derive(Deserialize)]
struct OwnHead<M> {
    message: M,
    pieces: Vec<u64>,
}

/// Writes one message, and sees it off.
///
/// # Errors
///
/// Those of the pipe.
pub fn write<M: Message>(pipe: &mut impl Write, message: &M) -> io::Result<()> {
    let pieces = message.pieces();
    let lengths = pieces.iter().map(|piece| piece.len() as u64).collect();
    let json = serde_json::to_vec(&Head { message, pieces: lengths })?;
    let length = u32::try_from(json.len()).ok().filter(|length| *length <= MOST_JSON_BYTES).ok_or_else(too_long)?;
    pipe.write_all(&length.to_be_bytes())?;
    pipe.write_all(&json)?;
    for piece in pieces {
        pipe.write_all(piece)?;
    }
    pipe.flush()
}

/// Reads one message; None: the other side has ended, between two messages.
///
/// # Errors
///
/// Those of the pipe; `InvalidData` where what comes is no message, or one beyond the limits.
pub fn read<M: Message>(pipe: &mut impl Read) -> io::Result<Option<M>> {
    let mut length = [0; 4];
    match pipe.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let length = u32::from_be_bytes(length);
    if length > MOST_JSON_BYTES {
        return Err(too_long());
    }
    let OwnHead { message, pieces: lengths } = serde_json::from_slice::<OwnHead<M>>(&octets(pipe, length.into())?)?;
    let all = lengths.iter().try_fold(0u64, |all, length| all.checked_add(*length));
    if lengths.len() > MOST_PIECES || all.is_none_or(|all| all > MOST_OCTETS) {
        return Err(too_long());
    }
    let pieces = lengths.into_iter().map(|length| octets(pipe, length)).collect::<io::Result<Vec<_>>>()?;
    let whole = message.put_back(pieces);
    whole.map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "pieces that do not belong to it"))
}

fn octets(pipe: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    if pipe.take(length).read_to_end(&mut octets)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(octets)
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a message beyond the limits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::print::Paper;

    const VIEW: View = View { width_px: 2, height_px: 3, scale: 1.5, scroll_y_px: 70_000, dark: true };
    const PAGE: PageId = PageId(7);

    fn frame() -> Frame {
        Frame { width_px: 2, height_px: 3, scroll_y_px: 9, page_height_px: 12, rgba: (0..24).collect() }
    }

    #[track_caller]
    fn check<M: Message + PartialEq + std::fmt::Debug>(messages: &[M]) {
        let mut pipe = Vec::new();
        messages.iter().for_each(|message| write(&mut pipe, message).unwrap());
        let mut rest = pipe.as_slice();
        for message in messages {
            assert_eq!(read::<M>(&mut rest).unwrap().as_ref(), Some(message));
        }
        assert_eq!(read::<M>(&mut rest).unwrap(), None, "the other side has ended");
        // Cut anywhere it is an end or an error, never another message.
        for end in 0..pipe.len() {
            let mut rest = pipe.get(..end).unwrap();
            let whole = std::iter::from_fn(|| read::<M>(&mut rest).unwrap_or_default()).collect::<Vec<_>>();
            assert!(messages.starts_with(&whole), "cut after {end}");
        }
    }

    #[test]
    fn what_is_said_is_heard() {
        let picture = |name: &str, bytes: &[u8]| Resource {
            name: name.into(),
            content_type: "image/png".into(),
            bytes: bytes.to_vec(),
        };
        let document = Document {
            html: "<!---->“\0”".into(),
            resources: vec![picture("cid:a", b"\x89PNG\0"), picture("remote:3", b"")],
        };
        let job = Job { paper: Paper::Letter, document: document.clone(), ..Job::default() };
        check(&[
            Request::Print { page: PAGE, job: Box::new(job) },
            Request::Load { page: PAGE, view: VIEW, document: Arc::new(document) },
            Request::View { page: PAGE, view: VIEW },
            Request::Select { page: PAGE, selection: Selection::Between((1.5, 2.0), (-3.0, 4.0)) },
            Request::Copy { page: PAGE },
            Request::Find { page: PAGE, words: "naïve \"words\"".into() },
            Request::Hit { page: PAGE, at: (0.25, 99.0), is_click: true },
        ]);
        check(&[
            Reply::Ready,
            Reply::Frame { page: PAGE, view: VIEW, frame: frame() },
            Reply::Hit { page: PAGE, at: (0.25, 99.0), is_click: false, hit: Hit::Link("https://a.test/".into()) },
            Reply::Copied { page: PAGE, text: "a\nb".into() },
            Reply::Found { page: PAGE, places: vec![Rect { x_px: 1.0, y_px: 2.0, width_px: 3.0, height_px: 4.0 }] },
            Reply::Printed { page: PAGE, pdf: b"%PDF-1.7\0\xff".to_vec() },
            Reply::Refused { page: PAGE, why: Trouble::Refused("too many rows".into()) },
        ]);
    }

    #[test]
    fn pixels_do_not_go_through_json() {
        let mut pipe = Vec::new();
        let frame = Frame { width_px: 100, height_px: 100, rgba: vec![255; 40_000], ..Frame::default() };
        write(&mut pipe, &Reply::Frame { page: PAGE, view: VIEW, frame }).unwrap();
        assert!(pipe.len() < 40_500, "{}", pipe.len());
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let wrong = Reply::Frame { page: PAGE, view: VIEW, frame: Frame { rgba: vec![0; 23], ..frame() } };
        let mut pipe = Vec::new();
        write(&mut pipe, &wrong).unwrap();
        assert!(read::<Reply>(&mut pipe.as_slice()).is_err(), "a frame without all of its pixels");
        let mut pipe = Vec::new();
        write(&mut pipe, &Reply::Printed { page: PAGE, pdf: b"#!/bin/sh".to_vec() }).unwrap();
        assert!(read::<Reply>(&mut pipe.as_slice()).is_err(), "no PDF");
        let said = |json: &str| [&(json.len() as u32).to_be_bytes()[..], json.as_bytes()].concat();
        for bad in [
            u32::MAX.to_be_bytes().to_vec(),
            said("{}"),
            said(r#"{"message":"Ready","pieces":[0]}"#),
            said(r#"{"message":"Ready","pieces":[18446744073709551615,2]}"#),
            said(r#"{"message":"Ready","pieces":[9999999999]}"#),
            said(r#"{"message":{"Load":{}},"pieces":[]}"#),
        ] {
            assert!(read::<Reply>(&mut bad.as_slice()).is_err(), "{}", String::from_utf8_lossy(&bad));
        }
    }
}
