//! What an attachment looks like, made ready for the screen off its thread: pictures decoded, texts read, invitations and
//! cards taken apart.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader};

use crate::mail::card::{self, Card};
use crate::mail::invitation::{self, Invitation};
use crate::mail::kind::Kind;
use crate::mail::{Attachment, Circumstances, MessageView, body, charset, html, sanitize};

/// What is shown of an attachment.
#[derive(Clone, Debug, PartialEq)]
pub enum Preview {
    Picture(Arc<Picture>),
    /// Fit for the screen.
    Text(String),
    /// A message within the message.
    Message(Arc<MessageView>),
    Invitations(Vec<Invitation>),
    Cards(Vec<Card>),
    /// It cannot be shown; why, as a sentence.
    Nothing(String),
}

/// A decoded picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub width_px: u32,
    pub height_px: u32,
    /// Four octets a pixel, not premultiplied.
    pub rgba: Vec<u8>,
    /// As it is in the file.
    pub original_px: (u32, u32),
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({} × {} of {:?})", self.width_px, self.height_px, self.original_px)
    }
}

/// Pixels of a picture that is decoded: what a camera makes is mostly less, what is made to exhaust memory more.
const MAX_PIXELS: u64 = 16 << 20;
/// Octets that decoding one may take.
const MAX_ALLOCATED_BYTES: u64 = 192 << 20;
/// The longer side of a thumbnail, and of a picture in the preview.
const THUMBNAIL_PX: u32 = 160;
const PREVIEW_PX: u32 = 1600;
/// Thumbnails of one message, and octets of a picture of which one is made.
const MAX_THUMBNAILS: usize = 24;
const MAX_THUMBNAIL_BYTES: u64 = 24 << 20;
/// Octets of a text that are shown.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// What the attachment with that index is. Total: should a decoder have a fault that this one finds, it says so.
pub fn of(raw: &[u8], index: usize) -> Preview {
    let read = || {
        let mut found = None;
        let _stopped = body::each_attachment(raw, |attachment, bytes| match attachment.index == index {
            true => {
                found = Some(shown(attachment, bytes));
                Err(())
            }
            false => Ok(()),
        });
        found
    };
    catch_unwind(AssertUnwindSafe(read)).ok().flatten().unwrap_or_else(|| {
        Preview::Nothing("This attachment is damaged in a way that Malote does not understand.".into())
    })
}

/// Small pictures of the pictures among the attachments, by their index.
pub fn thumbnails(raw: &[u8]) -> Vec<(usize, Arc<Picture>)> {
    let mut all = Vec::new();
    let _stopped = body::each_attachment(raw, |attachment, bytes| {
        if attachment.kind().kind == Kind::Picture && attachment.size_bytes <= MAX_THUMBNAIL_BYTES {
            let made = catch_unwind(AssertUnwindSafe(|| picture(bytes, THUMBNAIL_PX)));
            all.extend(made.ok().and_then(Result::ok).map(|picture| (attachment.index, Arc::new(picture))));
        }
        if all.len() < MAX_THUMBNAILS { Ok(()) } else { Err(()) }
    });
    all
}

fn shown(attachment: &Attachment, bytes: &[u8]) -> Preview {
    let nothing = |words: &str| Preview::Nothing(words.into());
    match attachment.kind().kind {
        Kind::Picture => match picture(bytes, PREVIEW_PX) {
            Ok(picture) => Preview::Picture(Arc::new(picture)),
            Err(words) => Preview::Nothing(words),
        },
        Kind::Message => Preview::Message(Arc::new(MessageView::of_any(bytes, &Circumstances::default()))),
        Kind::Invitation => match invitation::read(&text(bytes)) {
            found if found.is_empty() => nothing("There is no appointment in it that Malote understands."),
            found => Preview::Invitations(found),
        },
        Kind::Card => match card::read(&text(bytes)) {
            found if found.is_empty() => nothing("There is no contact in it that Malote understands."),
            found => Preview::Cards(found),
        },
        _ if !attachment.can_be_read() => nothing("This kind of file cannot be shown here."),
        _ if is_binary(bytes) => nothing("It is called a text, but is none."),
        Kind::Page => Preview::Text(sanitize::multiline(&html::read(&text(bytes)).text)),
        _ => Preview::Text(sanitize::multiline(&text(bytes))),
    }
}

fn text(bytes: &[u8]) -> String {
    charset::decode(bytes.get(..bytes.len().min(MAX_TEXT_BYTES)).unwrap_or_default(), None)
}

fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(4096).any(|octet| *octet == 0)
}

/// Decodes a picture so that its longer side has at most so many pixels. Its size is read from its header first.
fn picture(bytes: &[u8], most_px: u32) -> Result<Picture, String> {
    let unknown = |_| "It is called a picture, but is none that can be shown here.".to_owned();
    let reader = || ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let (width, height) = reader().map_err(|_| String::new())?.into_dimensions().map_err(unknown)?;
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(format!("This picture is too large to be shown here: {width} × {height} pixels. It can be saved."));
    }
    let mut reader = reader().map_err(|_| String::new())?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MAX_ALLOCATED_BYTES);
    reader.limits(limits);
    let damaged = |_| "This picture is damaged.".to_owned();
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    // A camera that was held upright says so beside the pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let whole = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    let mut small = if width.max(height) > most_px { whole.thumbnail(most_px, most_px) } else { whole };
    small.apply_orientation(orientation);
    let small = small.into_rgba8();
    Ok(Picture {
        width_px: small.width(),
        height_px: small.height(),
        rgba: small.into_raw(),
        original_px: (width, height),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use image::{ImageFormat, RgbaImage};

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbaImage::from_pixel(width, height, image::Rgba([200, 80, 30, 255]))
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    fn mail(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut raw = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n".to_owned();
        for (head, bytes) in parts {
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            raw.push_str(&format!("--b\r\nContent-Type: {head}\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}\r\n"));
        }
        raw.push_str("--b--\r\n");
        raw.into_bytes()
    }

    #[test]
    fn each_kind_is_shown_as_what_it_is() {
        let raw = mail(&[
            ("image/png; name=a.png", png(400, 200)),
            ("text/plain; name=a.txt", b"one\r\ntwo\x07".to_vec()),
            ("message/rfc822", b"Subject: Inner\r\n\r\nWords".to_vec()),
            ("text/calendar", b"BEGIN:VEVENT\r\nSUMMARY:Tea\r\nEND:VEVENT".to_vec()),
            ("text/vcard; name=a.vcf", b"BEGIN:VCARD\r\nFN:Ana\r\nEND:VCARD".to_vec()),
            ("text/html; name=a.html", b"<p>A <b>page</b></p><script>no</script>".to_vec()),
            ("application/pdf; name=a.pdf", b"%PDF".to_vec()),
            ("text/plain; name=b.txt", vec![0, 1, 2]),
            ("image/png; name=b.png", b"no picture".to_vec()),
        ]);
        let Preview::Picture(picture) = of(&raw, 0) else { panic!() };
        assert_eq!((picture.width_px, picture.height_px, picture.original_px), (400, 200, (400, 200)));
        assert_eq!(of(&raw, 1), Preview::Text("one\ntwo".into()));
        let Preview::Message(view) = of(&raw, 2) else { panic!() };
        assert_eq!(view.shown_subject, "Inner");
        let Preview::Invitations(found) = of(&raw, 3) else { panic!() };
        assert_eq!(found[0].what, "Tea");
        let Preview::Cards(found) = of(&raw, 4) else { panic!() };
        assert_eq!(found[0].name, "Ana");
        let Preview::Text(text) = of(&raw, 5) else { panic!() };
        assert!(text.contains("A page") && !text.contains("no"));
        for index in 6..12 {
            assert!(matches!(of(&raw, index), Preview::Nothing(words) if words.ends_with('.')), "{index}");
        }
    }

    #[test]
    fn thumbnails_are_small_and_keep_their_shape() {
        let found = thumbnails(&mail(&[
            ("image/png; name=a.png", png(400, 200)),
            ("text/plain; name=a.txt", b"one".to_vec()),
            ("image/png; name=b.png", b"no picture".to_vec()),
            ("image/png; name=c.png", png(10, 20)),
        ]));
        let sizes: Vec<(usize, u32, u32)> = found.iter().map(|(index, p)| (*index, p.width_px, p.height_px)).collect();
        assert_eq!(sizes, [(0, 160, 80), (3, 10, 20)]);
    }

    #[test]
    fn a_picture_that_says_it_is_huge_is_not_decoded() {
        let mut bytes = png(1, 1);
        bytes[16..20].copy_from_slice(&60_000u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&60_000u32.to_be_bytes());
        // The checksum of the header chunk no longer holds; a reader that minds it refuses the picture even earlier.
        assert!(matches!(of(&mail(&[("image/png; name=a.png", bytes)]), 0), Preview::Nothing(_)));
        let words = picture(&bmp_header(50_000, 50_000), 100).unwrap_err();
        assert!(words.contains("50000 × 50000"), "{words}");
    }

    /// The head of a bitmap of that size, without its pixels.
    fn bmp_header(width: i32, height: i32) -> Vec<u8> {
        let mut bytes = b"BM".to_vec();
        for word in [0, 0, 54, 40, width, height] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend([1, 0, 24, 0]);
        bytes.extend([0; 24]);
        bytes
    }
}
