//! Pages as the engine lays them out, beside where Chromium ends each of them: `tests/data/html` with its `chromium.json`.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use malote::page::{Fonts, Page, STACK_BYTES, View, document_of};
use serde_json::Value;

const WIDTHS: [u32; 3] = [400, 700, 1100];

/// Mails that end within 3 % of where Chromium ends them at all three widths, in per cent: on a screen of two pixels a CSS pixel,
/// where Chromium breaks lines by the width that letters have, as we do on every screen. Where a CSS pixel is one pixel, it makes
/// every letter a whole number of pixels wide and breaks lines elsewhere, further from its own other result than we are from
/// either; so many are close there.
const AS_CHROMIUM_PERCENT: usize = 95;
const AS_COARSE_CHROMIUM_PERCENT: usize = 93;

/// The part of Chromium's ink that every page has. The least is that of a page whose pattern Chromium draws to the window's edge.
const LEAST_INK: f32 = 0.6;

/// What is measured of one mail at one width.
struct Measured {
    bottom: f32,
    theirs: f32,
    /// On a screen of one pixel a CSS pixel.
    theirs_coarse: f32,
    edges: f32,
    their_edges: f32,
}

impl Measured {
    /// How far off the end is, in per cent.
    fn off(&self) -> f32 {
        (self.bottom - self.theirs) / self.theirs * 100.0
    }

    fn off_coarse(&self) -> f32 {
        (self.bottom - self.theirs_coarse) / self.theirs_coarse * 100.0
    }
}

fn mails() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/html");
    let mut mails: Vec<(String, PathBuf)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    mails.sort();
    mails
}

/// Runs on a thread with the stack that pages need.
fn with_room<T: Send>(task: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, task).unwrap().join().unwrap()
    })
}

fn measure(raw: &[u8], width: u32, theirs: &Value, fonts: &Fonts) -> Measured {
    let theirs = &theirs["widths"][width.to_string()];
    let view = View { width_px: width, height_px: 800, scale: 1.0, scroll_y_px: 0, dark: false };
    let mut page = Page::load(document_of(raw), &view, fonts).unwrap();
    let (_, bottom) = page.content_end();
    let height = theirs["page"].as_u64().unwrap() as u32;
    let mut edges = 0usize;
    let mut top = 0;
    while top < height {
        let band = View { height_px: (height - top).min(4000), scroll_y_px: top, ..view };
        let frame = page.paint(&band);
        // A view that reaches beyond the end begins higher: those rows have been counted.
        let known = (top.saturating_sub(frame.scroll_y_px) * width * 4) as usize;
        edges += edges_of(&frame.rgba[known.min(frame.rgba.len())..], width as usize);
        top += band.height_px;
    }
    Measured {
        bottom,
        theirs: theirs["fine"].as_f64().unwrap() as f32,
        theirs_coarse: theirs["bottom"].as_f64().unwrap() as f32,
        edges: edges as f32 / (width * height) as f32,
        their_edges: theirs["edges"].as_f64().unwrap() as f32,
    }
}

/// Pixels that differ from their left neighbour.
fn edges_of(rgba: &[u8], width: usize) -> usize {
    let differs = |pair: &[u8]| (0..3).any(|channel| pair[channel].abs_diff(pair[channel + 4]) > 12);
    rgba.chunks_exact(width * 4).map(|row| (0..width - 1).filter(|x| differs(&row[x * 4..x * 4 + 8])).count()).sum()
}

#[test]
fn mails_end_where_chromium_ends_them_and_lose_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/html");
    let chromium: Value = serde_json::from_slice(&fs::read(folder.join("chromium.json")).unwrap()).unwrap();
    let fonts = Fonts::of_system();
    let only = std::env::var("MALOTE_PAGES").unwrap_or_default();
    let mut table = String::new();
    let (mut close, mut close_coarse, mut poor, mut all) = (0, 0, Vec::new(), 0);
    for (name, path) in mails().into_iter().filter(|(name, _)| name.contains(&only)) {
        let raw = fs::read(path).unwrap();
        let theirs = &chromium[&name];
        if theirs["measured"] != true {
            continue;
        }
        let found: Vec<Measured> = WIDTHS.map(|width| with_room(|| measure(&raw, width, theirs, &fonts))).into();
        let is_close = found.iter().all(|measured| measured.off().abs() <= 3.0);
        all += 1;
        close += usize::from(is_close);
        close_coarse += usize::from(found.iter().all(|measured| measured.off_coarse().abs() <= 3.0));
        // Where a page is made smaller to fit, its letters have fewer edges: in the widest window none is.
        let ink = found.last().map_or(0.0, |measured| measured.edges / measured.their_edges);
        if ink < LEAST_INK {
            poor.push(name.clone());
        }
        let cells: Vec<String> = found
            .iter()
            .map(|measured| format!("{:>6.0} {:>6.0} {:>6.1}%", measured.bottom, measured.theirs, measured.off()))
            .collect();
        let quirks = if theirs["quirks"] == true { "q" } else { " " };
        table +=
            &format!("{} {quirks} {name:42} {} ink {ink:.2}\n", if is_close { " " } else { "*" }, cells.join(" | "));
    }
    println!(
        "{table}{close} of {all} within 3 % at all widths, {close_coarse} on a coarse screen; little ink: {poor:?}"
    );
    assert!(close * 100 >= all * AS_CHROMIUM_PERCENT, "{close} of {all}\n{table}");
    assert!(
        close_coarse * 100 >= all * AS_COARSE_CHROMIUM_PERCENT,
        "{close_coarse} of {all} on a coarse screen\n{table}"
    );
    assert!(poor.is_empty(), "lost something: {poor:?}\n{table}");
}
