//! A laid-out document to pixels.

use anyrender::{ImageRenderer as _, PaintScene};
use anyrender_vello_cpu::VelloCpuImageRenderer;
use blitz_dom::{BaseDocument, Point};
use peniko::kurbo::{Affine, Rect as Shape, Vec2};
use peniko::{Color, Fill};

use parley::{FontContext, LayoutContext, PositionedLayoutItem, StyleProperty};

use super::print::Words;
use super::reading::{Mark, Marked};
use super::types::Rect;

/// The painter measures in 16 bits; no window is larger.
const MAX_SIDE_PX: u32 = 16_384;

/// Paints frames of one size; what it allocated for the last frame serves the next.
pub(super) struct Painter {
    renderer: VelloCpuImageRenderer,
    width_px: u32,
    height_px: u32,
}

impl Painter {
    /// The kept painter, or a new one if it paints another size.
    pub(super) fn kept(kept: &mut Option<Self>, width_px: u32, height_px: u32) -> &mut Self {
        let is_same = |painter: &Self| (painter.width_px, painter.height_px) == (width_px, height_px);
        let fitting = kept.take().filter(is_same);
        kept.insert(fitting.unwrap_or_else(|| {
            let side = |px: u32| px.clamp(1, MAX_SIDE_PX);
            Self { renderer: VelloCpuImageRenderer::new(side(width_px), side(height_px)), width_px, height_px }
        }))
    }

    /// The piece of the document that begins `scroll_y_px` below its top: four octets a pixel.
    pub(super) fn paint(
        &mut self,
        document: &mut BaseDocument,
        scale: f32,
        scroll_y_px: u32,
        paper: [u8; 3],
        marks: &[Marked],
        missing: &mut Missing,
    ) -> Vec<u8> {
        let (width, height) = (self.width_px, self.height_px);
        let scale = f64::from(scale);
        let scroll = f64::from(scroll_y_px) / scale;
        document.set_viewport_scroll(Point { x: 0.0, y: scroll });
        self.renderer.reset();
        let mut rgba = Vec::new();
        self.renderer.render_to_vec(
            |scene| {
                let [red, green, blue] = paper;
                let all = Shape::new(0.0, 0.0, f64::from(width), f64::from(height));
                scene.fill(Fill::NonZero, Affine::IDENTITY, Color::from_rgb8(red, green, blue), None, &all);
                blitz_paint::paint_scene(scene, document, scale, width, height, 0, 0);
                missing.paint(scene, scale, scroll, f64::from(height), None);
                for marked in marks {
                    let top = (f64::from(marked.rect.y_px) - scroll) * scale;
                    let bottom = top + f64::from(marked.rect.height_px) * scale;
                    if bottom < 0.0 || top > f64::from(height) {
                        continue;
                    }
                    let left = f64::from(marked.rect.x_px) * scale;
                    let right = left + f64::from(marked.rect.width_px) * scale;
                    // Over the text and half transparent: it stays readable on every ground.
                    let colour = match marked.mark {
                        Mark::Selected => Color::from_rgba8(0x33, 0x77, 0xdd, 0x58),
                        Mark::Found => Color::from_rgba8(0xff, 0xc4, 0x00, 0x70),
                    };
                    scene.fill(Fill::NonZero, Affine::IDENTITY, colour, None, &Shape::new(left, top, right, bottom));
                }
            },
            &mut rgba,
        );
        rgba
    }
}

/// Pictures that are not there: a thin frame with the alternative text, as far as there is room for it.
pub(super) struct Missing {
    /// In CSS pixels.
    pub pictures: Vec<(Rect, String)>,
    fonts: FontContext,
    layouts: LayoutContext<()>,
}

/// Grey that can be seen on light and on dark.
const FRAME: Color = Color::from_rgba8(0x80, 0x80, 0x80, 0x90);
const WORDS: Color = Color::from_rgb8(0x80, 0x80, 0x80);
/// The size of the alternative text and the room around it, in CSS pixels.
const WORDS_SIZE: f32 = 12.0;
const INSET: f32 = 4.0;

impl Missing {
    pub(super) fn new(fonts: FontContext) -> Self {
        Self { pictures: Vec::new(), fonts, layouts: LayoutContext::new() }
    }

    /// Paints those of them that are seen in a window of that height; `learner` hears which words their glyphs are.
    pub(super) fn paint(
        &mut self,
        scene: &mut impl PaintScene,
        scale: f64,
        scroll: f64,
        height_px: f64,
        mut learner: Option<&mut Words>,
    ) {
        for (rect, words) in &self.pictures {
            let top = (f64::from(rect.y_px) - scroll) * scale;
            let (left, width) = (f64::from(rect.x_px) * scale, f64::from(rect.width_px) * scale);
            let height = f64::from(rect.height_px) * scale;
            if top + height < 0.0 || top > height_px {
                continue;
            }
            let (right, bottom) = (left + width, top + height);
            for side in [
                Shape::new(left, top, right, top + 1.0),
                Shape::new(left, bottom - 1.0, right, bottom),
                Shape::new(left, top + 1.0, left + 1.0, bottom - 1.0),
                Shape::new(right - 1.0, top + 1.0, right, bottom - 1.0),
            ] {
                scene.fill(Fill::NonZero, Affine::IDENTITY, FRAME, None, &side);
            }
            let mut builder = self.layouts.ranged_builder(&mut self.fonts, words, scale as f32, true);
            builder.push_default(StyleProperty::FontSize(WORDS_SIZE));
            let mut layout = builder.build(words);
            let inset = f64::from(INSET) * scale;
            layout.break_all_lines(Some((width - 2.0 * inset).max(1.0) as f32));
            if let Some(learner) = &mut learner {
                learner.learn(words, &layout);
            }
            for line in layout.lines() {
                let metrics = line.metrics();
                let is_outside =
                    f64::from(metrics.block_max_coord) + inset > height || f64::from(metrics.advance) > width - inset;
                if is_outside {
                    break;
                }
                for item in line.items() {
                    let PositionedLayoutItem::GlyphRun(run) = item else { continue };
                    let glyphs =
                        run.positioned_glyphs().map(|glyph| anyrender::Glyph { id: glyph.id, x: glyph.x, y: glyph.y });
                    scene.draw_glyphs(
                        run.run().font(),
                        run.run().font_size(),
                        true,
                        &[],
                        Vec2::ZERO,
                        Fill::NonZero,
                        WORDS,
                        1.0,
                        Affine::translate((left + inset, top + inset)),
                        None,
                        glyphs,
                    );
                }
            }
        }
    }
}
