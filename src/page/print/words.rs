//! Which text a run of glyphs stands for. What is painted are glyphs alone; a PDF that has only them can be neither searched
//! nor copied from nor read aloud.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::rc::Rc;

use anyrender::Glyph;
use parley::{Brush, FontData, GlyphRun, Layout, PositionedLayoutItem, Run};

/// A run of glyphs, spelled.
#[derive(Debug, Default)]
pub(super) struct Spelled {
    pub text: String,
    /// For each glyph the octets of the text that it shows; glyphs that show the same together have the same.
    pub ranges: Vec<Range<usize>>,
    /// Where on its axes a variable font was taken, in the axes' own units.
    pub variations: Vec<([u8; 4], f32)>,
}

/// The runs of a document by their glyphs and where these stand within their block. Two blocks in which the same glyphs stand
/// at the same places say the same.
#[derive(Debug, Default)]
pub(in crate::page) struct Words {
    runs: HashMap<u64, Rc<Spelled>>,
}

impl Words {
    /// Learns all runs of a block that is laid out.
    pub(in crate::page) fn learn<B: Brush>(&mut self, text: &str, layout: &Layout<B>) {
        for line in layout.lines() {
            // A run of the layout is painted in pieces where its style changes: they share its clusters, one after the other.
            let mut open: Option<(usize, std::vec::IntoIter<Range<usize>>)> = None;
            for item in line.items() {
                let PositionedLayoutItem::GlyphRun(piece) = item else { continue };
                let run = piece.run();
                if open.as_ref().is_none_or(|(index, _)| *index != run.index()) {
                    open = Some((run.index(), clusters(run).into_iter()));
                }
                if let Some((_, clusters)) = &mut open {
                    self.learn_piece(text, &piece, clusters);
                }
            }
        }
    }

    fn learn_piece<B: Brush>(
        &mut self,
        text: &str,
        piece: &GlyphRun<'_, B>,
        clusters: &mut impl Iterator<Item = Range<usize>>,
    ) {
        let glyphs: Vec<Glyph> =
            piece.positioned_glyphs().map(|glyph| Glyph { id: glyph.id, x: glyph.x, y: glyph.y }).collect();
        let ranges: Vec<Range<usize>> = clusters.take(glyphs.len()).collect();
        let start = ranges.iter().map(|range| range.start).min().unwrap_or_default();
        let end = ranges.iter().map(|range| range.end).max().unwrap_or_default();
        let Some(text) = text.get(start..end) else { return };
        let ranges: Vec<Range<usize>> =
            ranges.into_iter().map(|range| range.start - start..range.end - start).collect();
        if ranges.len() != glyphs.len() || ranges.iter().any(|range| text.get(range.clone()).is_none()) {
            return;
        }
        let run = piece.run();
        let axes = run.synthesis();
        let variations = axes.variation_settings().iter().map(|(tag, value)| (tag.to_be_bytes(), *value)).collect();
        let spelled = Spelled { text: text.to_owned(), ranges, variations };
        self.runs.insert(key(run.font(), run.font_size(), &glyphs), Rc::new(spelled));
    }

    /// What these glyphs say; None: nobody has learned it.
    pub(super) fn of(&self, font: &FontData, size: f32, glyphs: &[Glyph]) -> Option<Rc<Spelled>> {
        self.runs.get(&key(font, size, glyphs)).cloned()
    }
}

/// For each glyph of a run, from left to right, the octets of the text that it shows.
fn clusters<B: Brush>(run: &Run<'_, B>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    // What a ligature goes on with has no glyphs of its own: it belongs to those of the ligature's beginning, which stands to
    // the left of it, or where one reads from the right, to the right.
    let mut going_on: Option<Range<usize>> = None;
    for cluster in run.visual_clusters() {
        let mut range = cluster.text_range();
        if cluster.is_ligature_continuation() {
            if run.is_rtl() {
                going_on = Some(joined(going_on.take(), range));
            } else if let Some(last) = found.last().cloned() {
                let all = joined(Some(last.clone()), range);
                for same in found.iter_mut().rev().take_while(|range| **range == last) {
                    *same = all.clone();
                }
            }
            continue;
        }
        range = joined(going_on.take(), range);
        found.extend(cluster.glyphs().map(|_| range.clone()));
    }
    found
}

fn joined(first: Option<Range<usize>>, second: Range<usize>) -> Range<usize> {
    match first {
        Some(first) => first.start.min(second.start)..first.end.max(second.end),
        None => second,
    }
}

fn key(font: &FontData, size: f32, glyphs: &[Glyph]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (font.data.id(), font.index, size.to_bits()).hash(&mut hasher);
    for glyph in glyphs {
        (glyph.id, glyph.x.to_bits(), glyph.y.to_bits()).hash(&mut hasher);
    }
    hasher.finish()
}
