//! The pictures of a page: the only thing that a page can ask for, and all of it is here already.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::sync::{Arc, Mutex};

use blitz_traits::net::{Bytes, NetHandler, NetProvider, Request, Url};
use data_url::DataUrl;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder as _, ImageFormat, ImageReader, Limits};

use super::types::Resource;

/// The largest picture that is decoded at all, by what its header says: four octets a pixel.
const MAX_PICTURE_PIXELS: u64 = 24_000_000;
/// Larger ones are kept at a half, a third … of their measures: no window shows more.
const KEPT_PICTURE_PIXELS: u64 = 4_000_000;
/// Pixels of all pictures of a page as they are kept. The painter keeps a copy of its own, so this is 8 octets each.
const MAX_PAGE_PIXELS: u64 = 16_000_000;

/// Answers what a page asks for from the message itself. Everything else is answered with nothing, at once: a question without
/// an answer would hold the page up for ever.
pub(super) struct Resources {
    named: HashMap<String, Bytes>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pixels: u64,
    unanswered: HashSet<String>,
    /// Pictures that were made smaller, and what they measured.
    reduced: HashMap<String, (u32, u32)>,
}

impl Resources {
    pub(super) fn new(resources: Vec<Resource>) -> Arc<Self> {
        let named = resources
            .into_iter()
            .filter_map(|resource| Some((Url::parse(&resource.name).ok()?.to_string(), Bytes::from(resource.bytes))))
            .collect();
        Arc::new(Self { named, state: Mutex::default() })
    }

    /// Whether this picture was asked for and could not be shown.
    pub(super) fn is_unanswered(&self, url: &str) -> bool {
        self.lock().unanswered.contains(url)
    }

    /// What a picture measured before it was made smaller.
    pub(super) fn measures(&self, url: &str) -> Option<(u32, u32)> {
        self.lock().reduced.get(url).copied()
    }

    /// A photograph as it came, where a PDF can have it so: a JPEG of grey or RGB that was neither turned nor made smaller.
    pub(super) fn photograph(&self, url: &Url) -> Option<Bytes> {
        let octets = match url.scheme() {
            "data" => Bytes::from(DataUrl::process(url.as_str()).ok()?.decode_to_vec().ok()?.0),
            _ => self.named.get(url.as_str())?.clone(),
        };
        if self.measures(url.as_str()).is_some() {
            return None;
        }
        let reader = ImageReader::new(Cursor::new(octets.clone())).with_guessed_format().ok()?;
        let mut decoder = (reader.format()? == ImageFormat::Jpeg).then(|| reader.into_decoder().ok())??;
        let is_plain = matches!(decoder.original_color_type(), ExtendedColorType::L8 | ExtendedColorType::Rgb8)
            && decoder.orientation().unwrap_or(Orientation::NoTransforms) == Orientation::NoTransforms;
        is_plain.then_some(octets)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn answer(&self, url: &Url) -> Option<Bytes> {
        let octets = match url.scheme() {
            "cid" | "remote" => self.named.get(url.as_str())?.clone(),
            "data" => Bytes::from(DataUrl::process(url.as_str()).ok()?.decode_to_vec().ok()?.0),
            _ => return None,
        };
        self.picture(url, octets)
    }

    /// The picture within its budget: as it came, or decoded, turned upright and made smaller.
    fn picture(&self, url: &Url, octets: Bytes) -> Option<Bytes> {
        let reader = ImageReader::new(Cursor::new(&octets)).with_guessed_format().ok()?;
        let format = reader.format()?;
        let (width, height) = reader.into_dimensions().ok()?;
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 || pixels > MAX_PICTURE_PIXELS {
            return None;
        }
        let divisor = (1u32..).find(|n| pixels / u64::from(n * n) <= KEPT_PICTURE_PIXELS).unwrap_or(1);
        let kept = pixels / u64::from(divisor * divisor);
        let mut state = self.lock();
        if state.pixels + kept > MAX_PAGE_PIXELS {
            return None;
        }
        state.pixels += kept;
        if divisor == 1 && format != ImageFormat::Jpeg {
            return Some(octets);
        }
        let turn = orientation(&octets, format);
        if divisor == 1 && turn == Orientation::NoTransforms {
            return Some(octets);
        }
        let mut decoder = ImageReader::with_format(Cursor::new(&octets), format).into_decoder().ok()?;
        let mut limits = Limits::default();
        limits.max_alloc = Some(MAX_PICTURE_PIXELS * 4);
        decoder.set_limits(limits).ok()?;
        let mut picture = DynamicImage::from_decoder(decoder).ok()?;
        if divisor > 1 {
            picture = picture.thumbnail_exact((width / divisor).max(1), (height / divisor).max(1));
        }
        picture.apply_orientation(turn);
        if divisor > 1 {
            let is_turned = picture.width() != (width / divisor).max(1);
            let measures = if is_turned { (height, width) } else { (width, height) };
            state.reduced.insert(url.to_string(), measures);
        }
        let mut uncompressed = Cursor::new(Vec::new());
        DynamicImage::ImageRgba8(picture.into_rgba8()).write_to(&mut uncompressed, ImageFormat::Bmp).ok()?;
        Some(Bytes::from(uncompressed.into_inner()))
    }
}

/// How a photograph is to be turned, by what the camera wrote into it.
fn orientation(octets: &[u8], format: ImageFormat) -> Orientation {
    let decoder = ImageReader::with_format(Cursor::new(octets), format).into_decoder();
    decoder.ok().and_then(|mut decoder| decoder.orientation().ok()).unwrap_or(Orientation::NoTransforms)
}

impl NetProvider for Resources {
    fn fetch(&self, _document: usize, request: Request, handler: Box<dyn NetHandler>) {
        let answer = self.answer(&request.url);
        let url = request.url.to_string();
        if answer.is_none() {
            self.lock().unanswered.insert(url.clone());
        }
        handler.bytes(url, answer.unwrap_or_default());
    }
}
