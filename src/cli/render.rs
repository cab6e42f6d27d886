//! `malote render`: a message as the window shows it, as a picture or on paper.

use std::fs;
use std::path::Path;
use std::thread;

use super::Failure;
use super::args::PaperSize;
use crate::engine;
use crate::mail::Circumstances;
use crate::page::print::{self, Paper};
use crate::page::{Document, Fonts, Frame, Page, STACK_BYTES, View, document_of};

/// What is drawn unless the whole page is asked for, in pixels.
const WINDOW_HEIGHT_PX: u32 = 800;
/// Rows that are painted at once: the painter measures in 16 bits.
const BAND_PX: u32 = 4096;
/// Rows of the longest picture.
const LONGEST_PX: u32 = 65_536;

pub fn run(file: &Path, png: &Path, width: u32, dark: bool, whole: bool) -> Result<(), Failure> {
    let raw = fs::read(file).map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
    let view = View { width_px: width, height_px: WINDOW_HEIGHT_PX, scale: 1.0, scroll_y_px: 0, dark };
    let drawing = move || drawn(document_of(&raw), view, whole);
    let frame = thread::Builder::new()
        .name("page".into())
        .stack_size(STACK_BYTES)
        .spawn(drawing)?
        .join()
        .map_err(|_| Failure::Failed(format!("{}: the page cannot be drawn", file.display())))?
        .map_err(|refused| Failure::Failed(format!("{}: {refused}", file.display())))?;
    image::save_buffer(png, &frame.rgba, frame.width_px, frame.height_px, image::ColorType::Rgba8)
        .map_err(|error| Failure::Failed(format!("{}: {error}", png.display())))
}

/// Writes the message as PDF, in place of the file that is there.
pub fn print(file: &Path, pdf: &Path, paper: Option<PaperSize>) -> Result<(), Failure> {
    let raw = fs::read(file).map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
    let mut job = engine::print_job(&raw, &Circumstances::default(), false, &[]);
    if let Some(paper) = paper {
        job.paper = match paper {
            PaperSize::A4 => Paper::A4,
            PaperSize::Letter => Paper::Letter,
        };
    }
    let octets = print::print(job).map_err(|why| {
        let words =
            format!("{}: could not make a PDF of it: {why}. See its text: malote inspect FILE.eml", file.display());
        Failure::Failed(words)
    })?;
    engine::write_over(pdf, &octets).map_err(|error| Failure::Failed(error.to_string()))
}

fn drawn(document: Document, view: View, whole: bool) -> Result<Frame, crate::page::Refused> {
    let mut page = Page::load(document, &view, &Fonts::of_system())?;
    if !whole {
        return Ok(page.paint(&view));
    }
    let height_px = page.height_px().clamp(1, LONGEST_PX);
    let mut all = Frame { width_px: view.width_px, height_px, page_height_px: height_px, ..Frame::default() };
    let mut top = 0;
    while top < height_px {
        let band = View { height_px: BAND_PX.min(height_px - top), scroll_y_px: top, ..view };
        all.rgba.extend(page.paint(&band).rgba);
        top += band.height_px;
    }
    Ok(all)
}
