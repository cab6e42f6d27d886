//! A laid-out document to pixels.

use anyrender::{ImageRenderer as _, PaintScene as _};
use anyrender_vello_cpu::VelloCpuImageRenderer;
use blitz_dom::{BaseDocument, Point};
use peniko::kurbo::{Affine, Rect as Shape};
use peniko::{Color, Fill};

use super::reading::{Mark, Marked};

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
