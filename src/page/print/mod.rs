//! A message on paper: its page, parted into sheets and written as PDF.
//!
//! The page is laid out as wide as the paper is within its margins and painted once; what was painted is then replayed onto
//! each sheet. Text goes in as text, with the fonts' glyphs that it needs, so that a PDF can be searched and copied from. A
//! sheet ends between two lines, as far as possible also between two rows or paragraphs.

mod breaks;
mod head;
mod ink;
mod order;
mod paper;
mod press;
mod sheet;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test ends at the first surprise
mod tests;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};

use krilla::action::{Action, LinkAction};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::configure::{Archival, Configuration, ConfigurationBuilder};
use krilla::error::KrillaError;
use krilla::geom::Rect as Area;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::{Document as Pdf, SerializeSettings};
use parley::{FontContext, LayoutContext, StyleProperty};
use peniko::kurbo::{Affine, Vec2};
use serde::{Deserialize, Serialize};

pub use head::Head;
pub use order::{Unprinted, print};
pub use paper::Paper;
pub(in crate::page) use words::Words;

use super::types::{Document, Refused};
use super::{Fonts, Page, View};
use breaks::{Kept, Slice};
use paper::{FOOT_PT, MARGIN_PT, POINTS_OF_PX};
use press::Press;
use sheet::Sheet;

/// Sheets of one message: a box of paper.
const MOST_SHEETS: usize = 2_000;
/// A page is made smaller than that for no paper: what is wider is cut off on the right.
const SMALLEST: f32 = 0.3;
/// The size of the page number, in CSS pixels, and its grey.
const NUMBER_SIZE: f32 = 11.0;
const NUMBER_GREY: u8 = 0x66;

/// What is to be printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub paper: Paper,
    pub head: Head,
    #[serde(skip)]
    pub document: Document,
}

impl Job {
    /// The octets of the PDF. Needs a stack of [`super::STACK_BYTES`].
    ///
    /// # Errors
    ///
    /// [`Refused`] if the message would take more time, memory or paper than one may, or if an engine fails on it.
    pub fn pdf(self, fonts: &Fonts) -> Result<Vec<u8>, Refused> {
        catch_unwind(AssertUnwindSafe(|| self.set(fonts))).unwrap_or(Err(Refused::Failed))
    }

    fn set(mut self, fonts: &Fonts) -> Result<Vec<u8>, Refused> {
        let (width, height) = self.paper.room_px();
        let head = Document { html: self.head.html(), resources: Vec::new() };
        let sheets = [sheet(head, width, fonts)?, sheet(std::mem::take(&mut self.document), width, fonts)?];
        let slices = slices(&sheets, height);
        if slices.len() > MOST_SHEETS {
            let (found, limit) = (slices.len() as u64, MOST_SHEETS as u64);
            return Err(Refused::TooLarge { what: "sheets of paper".into(), found, limit });
        }
        let mut setter = Setter { paper: self.paper, press: Press::default(), numbers: Numbers::new(fonts) };
        for configuration in configurations() {
            match self.written(configuration, &mut setter, &sheets, &slices) {
                Err(Unwritten::NotForArchives) => {}
                written => return written.map_err(|_| Refused::Failed),
            }
        }
        Err(Refused::Failed)
    }

    fn written(
        &self,
        configuration: Configuration,
        setter: &mut Setter,
        sheets: &[Sheet],
        slices: &[Slice],
    ) -> Result<Vec<u8>, Unwritten> {
        let mut pdf = Pdf::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
        let metadata = Metadata::new().title(self.head.subject.clone()).creator("Malote".into());
        pdf.set_metadata(metadata.authors(vec![self.head.from.clone()]));
        for (index, slice) in slices.iter().enumerate() {
            setter.sheet(&mut pdf, sheets, *slice, (index + 1, slices.len())).ok_or(Unwritten::Failed)?;
        }
        pdf.finish().map_err(|error| match error {
            KrillaError::Validation(_) => Unwritten::NotForArchives,
            _ => Unwritten::Failed,
        })
    }
}

/// Why there is no PDF of a kind.
enum Unwritten {
    /// Something of the message is not allowed in PDFs for archives, such as a character that no font has.
    NotForArchives,
    Failed,
}

/// For archives (PDF/A-2b, ISO 19005-2) if that can be, or else a plain PDF.
fn configurations() -> impl Iterator<Item = Configuration> {
    let archival = ConfigurationBuilder::new().with_archival_validator(Archival::A2_B).finish();
    archival.into_iter().chain([Configuration::default()])
}

fn sheet(document: Document, width_px: u32, fonts: &Fonts) -> Result<Sheet, Refused> {
    // As high as a window, and always light.
    let view = View { width_px, height_px: 800, scale: 1.0, scroll_y_px: 0, dark: false };
    let mut page = Page::load(document, &view, fonts)?;
    page.fit_into(SMALLEST);
    Sheet::of(&mut page)
}

/// The ends of the paper's sheets, counted from the top of the first sheet through all of them.
fn slices(sheets: &[Sheet], height: f32) -> Vec<Slice> {
    let (mut kept, mut top) = (Vec::new(), 0.0f32);
    for sheet in sheets {
        kept.extend(sheet.kept.iter().map(|kept| Kept { top: top + kept.top, bottom: top + kept.bottom, ..*kept }));
        top += sheet.height;
    }
    breaks::slices(kept, top, height)
}

struct Setter {
    paper: Paper,
    press: Press,
    numbers: Numbers,
}

impl Setter {
    /// One sheet of paper. None: the PDF will not have it.
    fn sheet(&mut self, pdf: &mut Pdf, sheets: &[Sheet], slice: Slice, number: (usize, usize)) -> Option<()> {
        let (width_pt, height_pt) = self.paper.size_pt();
        let (room_width, _) = self.paper.room_px();
        let mut page = pdf.start_page_with(PageSettings::from_wh(width_pt, height_pt)?);
        let mut surface = page.surface();
        let onto_paper = Affine::translate((f64::from(MARGIN_PT), f64::from(MARGIN_PT)))
            * Affine::scale(f64::from(POINTS_OF_PX))
            * Affine::translate((0.0, -f64::from(slice.top)));
        let (mut top, mut links) = (0.0f32, Vec::new());
        for (index, sheet) in sheets.iter().enumerate() {
            let own = Slice { top: slice.top - top, bottom: slice.bottom - top };
            let placing = onto_paper * Affine::translate((0.0, f64::from(top)));
            if own.bottom > 0.0 && own.top < sheet.height {
                let is_last = own.bottom >= sheet.height;
                let own = Slice { top: own.top.max(0.0), bottom: own.bottom.min(sheet.height) };
                surface.push_transform(&ink::transform(placing));
                self.press.print(&mut surface, index, sheet, own, is_last, room_width as f32);
                surface.pop();
                links.extend(sheet.links.iter().filter_map(|link| link_on(link, own, placing)));
            }
            top += sheet.height;
        }
        self.numbers.print(&mut surface, &mut self.press, (width_pt, height_pt), number);
        surface.finish();
        links.into_iter().for_each(|link| page.add_annotation(link));
        page.finish();
        Some(())
    }
}

/// The link where it lies on this sheet of paper; None: it lies on another.
fn link_on(link: &sheet::Link, slice: Slice, placing: Affine) -> Option<Annotation> {
    let place = link.place;
    let (top, bottom) = (place.y_px.max(slice.top), (place.y_px + place.height_px).min(slice.bottom));
    // What only touches the sheet is on the one beside it.
    if bottom - top < (place.height_px / 2.0).min(4.0) || bottom <= top {
        return None;
    }
    let area = peniko::kurbo::Rect::new(
        f64::from(place.x_px),
        f64::from(top),
        f64::from(place.x_px + place.width_px),
        f64::from(bottom),
    );
    let area = placing.transform_rect_bbox(area);
    let area = Area::from_ltrb(area.x0 as f32, area.y0 as f32, area.x1 as f32, area.y1 as f32)?;
    let target = Target::Action(Action::Link(LinkAction::new(link.target.clone())));
    Some(Annotation::new_link(LinkAnnotation::new(area, target), Some(link.target.clone())))
}

/// The numbers at the foot of the sheets.
struct Numbers {
    fonts: FontContext,
    layouts: LayoutContext<()>,
}

impl Numbers {
    fn new(fonts: &Fonts) -> Self {
        Self { fonts: fonts.context(), layouts: LayoutContext::new() }
    }

    /// “2 / 5”, in the middle below what is printed.
    fn print(
        &mut self,
        surface: &mut krilla::surface::Surface<'_>,
        press: &mut Press,
        (width_pt, height_pt): (f32, f32),
        (number, of): (usize, usize),
    ) {
        let words = format!("{number} / {of}");
        let mut builder = self.layouts.ranged_builder(&mut self.fonts, &words, 1.0, true);
        builder.push_default(StyleProperty::FontSize(NUMBER_SIZE));
        builder.push_default(parley::FontFamily::from(parley::GenericFamily::SansSerif));
        let mut layout = builder.build(&words);
        layout.break_all_lines(None);
        let mut foot = Sheet { height: layout.height(), ..Sheet::default() };
        foot.words.learn(&words, &layout);
        paint_words(&mut foot.scene, &layout);
        let left = (width_pt - layout.width() * POINTS_OF_PX) / 2.0;
        let placing = Affine::translate((f64::from(left), f64::from(height_pt - FOOT_PT)));
        surface.push_transform(&ink::transform(placing * Affine::scale(f64::from(POINTS_OF_PX))));
        // Numbered beyond all sheets of the message; it has no shadows to be told apart.
        press.print(surface, usize::MAX, &foot, Slice { top: 0.0, bottom: foot.height }, true, layout.width());
        surface.pop();
    }
}

fn paint_words(scene: &mut impl anyrender::PaintScene, layout: &parley::Layout<()>) {
    let grey = peniko::Color::from_rgb8(NUMBER_GREY, NUMBER_GREY, NUMBER_GREY);
    for item in layout.lines().flat_map(|line| line.items().collect::<Vec<_>>()) {
        let parley::PositionedLayoutItem::GlyphRun(run) = item else { continue };
        let glyphs = run.positioned_glyphs().map(|glyph| anyrender::Glyph { id: glyph.id, x: glyph.x, y: glyph.y });
        let (font, size) = (run.run().font(), run.run().font_size());
        let fill = peniko::Fill::NonZero;
        scene.draw_glyphs(font, size, false, &[], Vec2::ZERO, fill, grey, 1.0, Affine::IDENTITY, None, glyphs);
    }
}
