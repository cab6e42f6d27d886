//! What was painted of a page, replayed onto sheets of paper.

use std::collections::HashMap;

use anyrender::recording::{BoxShadowCommand, FillCommand, GlyphRunCommand, RenderCommand, StrokeCommand};
use anyrender::{ImageRenderer as _, Paint, PaintScene as _};
use anyrender_vello_cpu::VelloCpuImageRenderer;
use krilla::blend::BlendMode;
use krilla::geom::{Point, Size};
use krilla::image::Image;
use krilla::paint::{FillRule, Pattern};
use krilla::surface::Surface;
use krilla::text::{GlyphId, KrillaGlyph};
use peniko::kurbo::{Affine, BezPath, Rect, Shape as _};
use peniko::{Compose, Fill, ImageAlphaType, ImageBrush, ImageFormat, Mix, Style};

use super::breaks::Slice;
use super::ink::{self, Stock};
use super::sheet::Sheet;

/// How far a shadow reaches beyond what casts it, in its own measure of softness: what is left there cannot be seen.
const SHADOW_REACH: f64 = 2.5;
/// How wide the last glyph of a run is taken to be, in the font's size: emoji are the widest.
const LAST_GLYPH_EMS: f32 = 1.5;
/// The most pixels of a shadow; a larger one is left out.
const MOST_SHADOW_PX: f64 = 4_000_000.0;

/// Replays sheets, again for each slice of them.
#[derive(Default)]
pub(super) struct Press {
    stock: Stock,
    /// Shadows by their place among the commands of a sheet.
    shadows: HashMap<(usize, usize), Option<(Image, Rect)>>,
}

/// The piece of a sheet that is being replayed.
struct Piece<'s> {
    number: usize,
    sheet: &'s Sheet,
    /// The room on the paper, in the sheet's measure.
    room: Rect,
    is_last: bool,
}

impl Press {
    /// Replays the slice of the sheet, the sheet's `number` telling it from others. The surface's measure is the sheet's, its
    /// origin the sheet's upper left corner. A run of text belongs to the slice where its baseline is, and is never cut.
    pub fn print(
        &mut self,
        surface: &mut Surface<'_>,
        number: usize,
        sheet: &Sheet,
        slice: Slice,
        is_last: bool,
        width: f32,
    ) {
        let room = Rect::new(-0.5, f64::from(slice.top), f64::from(width) + 0.5, f64::from(slice.bottom));
        let piece = Piece { number, sheet, room, is_last };
        // For each open layer, how many pushes are to be taken back at its end.
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(command) = sheet.scene.commands.get(at) {
            let layer = match command {
                RenderCommand::PushLayer(layer) => {
                    let is_plain = !has_odd_layer(&sheet.scene.commands, at);
                    let clip = clipped(layer.transform, &layer.clip).filter(|_| is_plain && layer.alpha > 0.0);
                    Some(clip.map(|clip| (clip, layer.fill, layer.alpha, layer.blend.mix)))
                }
                RenderCommand::PushClipLayer(layer) => {
                    Some(clipped(layer.transform, &layer.clip).map(|clip| (clip, layer.fill, 1.0, Mix::Normal)))
                }
                _ => None,
            };
            match (layer, command) {
                (Some(layer), _) => {
                    let path = layer.filter(|(clip, ..)| meets(clip.bounding_box(), piece.room));
                    match path.and_then(|(clip, fill, alpha, mix)| Some((ink::path(&clip)?, fill, alpha, mix))) {
                        Some((path, fill, alpha, mix)) => {
                            surface.push_clip_path(&path, &ink::rule(fill));
                            open.push(1 + push_effects(surface, alpha, mix));
                        }
                        None => at = end_of_layer(&sheet.scene.commands, at),
                    }
                }
                (None, RenderCommand::PopLayer) => (0..open.pop().unwrap_or_default()).for_each(|_| surface.pop()),
                (None, RenderCommand::Fill(fill)) => self.fill(surface, &piece, fill),
                (None, RenderCommand::Stroke(stroke)) => Self::stroke(surface, &piece, stroke),
                (None, RenderCommand::GlyphRun(run)) => self.glyphs(surface, &piece, run),
                (None, RenderCommand::BoxShadow(shadow)) => self.shadow(surface, &piece, at, shadow),
                (None, RenderCommand::PushLayer(_) | RenderCommand::PushClipLayer(_)) => {}
            }
            at += 1;
        }
        (0..open.iter().sum::<usize>()).for_each(|_| surface.pop());
    }

    fn fill(&mut self, surface: &mut Surface<'_>, piece: &Piece<'_>, command: &FillCommand) {
        let placed = command.transform * &command.shape;
        let Some(path) = ink::path(&placed).filter(|_| meets(placed.bounding_box(), piece.room)) else { return };
        let is_clipped = push_room(surface, piece.room, placed.bounding_box());
        if let Paint::Image(brush) = &command.brush {
            self.picture(surface, piece, command, brush, &placed);
        } else {
            let brush_transform = command.transform * command.brush_transform.unwrap_or_default();
            if let Some(fill) = ink::fill(&command.brush, Some(brush_transform), 1.0, command.fill) {
                surface.set_fill(Some(fill));
                surface.set_stroke(None);
                surface.draw_path(&path);
            }
        }
        if is_clipped {
            surface.pop();
        }
    }

    /// A picture, once or as a pattern over the shape.
    fn picture(
        &mut self,
        surface: &mut Surface<'_>,
        piece: &Piece<'_>,
        command: &FillCommand,
        brush: &ImageBrush,
        placed: &BezPath,
    ) {
        let (width, height) = (brush.image.width, brush.image.height);
        let image = self.stock.image(&brush.image, &piece.sheet.photographs);
        let (Some(image), Some(size)) = (image, Size::from_wh(width as f32, height as f32)) else { return };
        let whole = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let own = command.brush_transform.unwrap_or_default();
        // The shape in the picture's own measure.
        let shape = (own.inverse() * &command.shape).bounding_box();
        let placing = ink::transform(command.transform * own);
        let is_once = shape.x0 > -0.5 && shape.y0 > -0.5 && shape.x1 < whole.x1 + 0.5 && shape.y1 < whole.y1 + 0.5;
        if !is_once {
            return Self::pattern(surface, &image, size, placing, command.fill, placed);
        }
        let is_all = shape.x0 < 0.5 && shape.y0 < 0.5 && shape.x1 > whole.x1 - 0.5 && shape.y1 > whole.y1 - 0.5;
        let clip = if is_all { None } else { ink::path(placed) };
        if let Some(clip) = &clip {
            surface.push_clip_path(clip, &FillRule::NonZero);
        }
        let effects = push_effects(surface, brush.sampler.alpha, Mix::Normal);
        surface.push_transform(&placing);
        surface.draw_image(image, size);
        (0..=effects + usize::from(clip.is_some())).for_each(|_| surface.pop());
    }

    fn pattern(
        surface: &mut Surface<'_>,
        image: &Image,
        size: Size,
        transform: krilla::geom::Transform,
        rule: Fill,
        placed: &BezPath,
    ) {
        let Some(path) = ink::path(placed) else { return };
        let mut builder = surface.stream_builder();
        builder.surface().draw_image(image.clone(), size);
        let stream = builder.finish();
        let pattern = Pattern { stream, transform, width: size.width(), height: size.height() };
        surface.set_fill(Some(krilla::paint::Fill {
            paint: pattern.into(),
            opacity: krilla::num::NormalizedF32::ONE,
            rule: ink::rule(rule),
        }));
        surface.set_stroke(None);
        surface.draw_path(&path);
    }

    fn stroke(surface: &mut Surface<'_>, piece: &Piece<'_>, command: &StrokeCommand) {
        let half = command.style.width / 2.0;
        let reach = command.transform.transform_rect_bbox(command.shape.bounding_box().inflate(half, half));
        let Some(path) = ink::path(&command.shape).filter(|_| meets(reach, piece.room)) else { return };
        let Some(fill) = ink::fill(&command.brush, command.brush_transform, 1.0, Fill::NonZero) else { return };
        let is_clipped = push_room(surface, piece.room, reach);
        surface.push_transform(&ink::transform(command.transform));
        surface.set_fill(None);
        surface.set_stroke(Some(ink::stroke(&command.style, fill)));
        surface.draw_path(&path);
        surface.set_stroke(None);
        (0..=usize::from(is_clipped)).for_each(|_| surface.pop());
    }

    fn glyphs(&mut self, surface: &mut Surface<'_>, piece: &Piece<'_>, command: &GlyphRunCommand) {
        let Some(first) = command.glyphs.first() else { return };
        let baseline = (command.transform * peniko::kurbo::Point::new(f64::from(first.x), f64::from(first.y))).y;
        let is_here = baseline >= piece.room.y0 && (baseline < piece.room.y1 || piece.is_last);
        if !is_here || command.font_size <= 0.0 {
            return;
        }
        let spelled = piece.sheet.words.of(&command.font_data, command.font_size, &command.glyphs).unwrap_or_default();
        let Some(font) = self.stock.font(&command.font_data, &spelled.variations) else { return };
        let Some(fill) = ink::fill(&command.brush, None, command.brush_alpha, Fill::NonZero) else { return };
        // What nobody has spelled is a blank to whoever copies it.
        let text = if spelled.text.is_empty() { " " } else { spelled.text.as_str() };
        let size = command.font_size;
        let glyphs: Vec<KrillaGlyph> = command
            .glyphs
            .iter()
            .enumerate()
            .map(|(index, glyph)| {
                // How wide the last one is nobody asked; what is half transparent is clipped to that, so it is wide enough.
                let next = command.glyphs.get(index + 1).map_or(glyph.x + LAST_GLYPH_EMS * size, |next| next.x);
                let range = spelled.ranges.get(index).cloned().unwrap_or(0..text.len());
                let up = (first.y - glyph.y) / size;
                KrillaGlyph::new(GlyphId::new(glyph.id), (next - glyph.x) / size, 0.0, up, 0.0, range, None)
            })
            .collect();
        let origin = Affine::translate((f64::from(first.x), f64::from(first.y)));
        let placing = command.transform * origin * command.glyph_transform.unwrap_or_default();
        surface.push_transform(&ink::transform(placing));
        match &command.style {
            Style::Fill(_) => {
                surface.set_fill(Some(fill));
                surface.set_stroke(None);
            }
            Style::Stroke(style) => {
                surface.set_fill(None);
                surface.set_stroke(Some(ink::stroke(style, fill)));
            }
        }
        surface.draw_glyphs(Point::from_xy(0.0, 0.0), &glyphs, font, text, size, false);
        surface.set_stroke(None);
        surface.pop();
    }

    /// A PDF knows no soft shadows: they are painted as pictures.
    fn shadow(&mut self, surface: &mut Surface<'_>, piece: &Piece<'_>, at: usize, command: &BoxShadowCommand) {
        let reach = command.std_dev * SHADOW_REACH;
        let place = command.transform.transform_rect_bbox(command.rect.inflate(reach, reach)).expand();
        if !meets(place, piece.room) {
            return;
        }
        let painted = self.shadows.entry((piece.number, at)).or_insert_with(|| Some((painted(command, place)?, place)));
        let Some((image, place)) = painted else { return };
        let Some(size) = Size::from_wh(place.width() as f32, place.height() as f32) else { return };
        let is_clipped = push_room(surface, piece.room, *place);
        surface.push_transform(&ink::transform(Affine::translate(place.origin().to_vec2())));
        surface.draw_image(image.clone(), size);
        (0..=usize::from(is_clipped)).for_each(|_| surface.pop());
    }
}

fn painted(command: &BoxShadowCommand, place: Rect) -> Option<Image> {
    let side = |length: f64| u16::try_from(length as u64).ok().filter(|side| *side > 0).map(u32::from);
    if place.area() > MOST_SHADOW_PX {
        return None;
    }
    let (width, height) = (side(place.width())?, side(place.height())?);
    let mut rgba = Vec::new();
    let moved = Affine::translate(-place.origin().to_vec2()) * command.transform;
    VelloCpuImageRenderer::new(width, height).render_to_vec(
        |scene| scene.draw_box_shadow(moved, command.rect, command.brush, command.radius, command.std_dev),
        &mut rgba,
    );
    ink::pixels(&rgba, width, height, ImageFormat::Rgba8, ImageAlphaType::AlphaPremultiplied)
}

/// The clip where it lies; None: nothing shows through it.
fn clipped(transform: Affine, clip: &BezPath) -> Option<BezPath> {
    let placed = transform * clip;
    let room = placed.bounding_box();
    (room.width() > 0.01 && room.height() > 0.01).then_some(placed)
}

fn meets(place: Rect, room: Rect) -> bool {
    place.y1 > room.y0 && place.y0 < room.y1 && place.x1 > room.x0 && place.x0 < room.x1
}

/// Clips to the room what reaches beyond it; whether there was need for that.
fn push_room(surface: &mut Surface<'_>, room: Rect, place: Rect) -> bool {
    if room.contains_rect(place) {
        return false;
    }
    let Some(path) = ink::path(&room.to_path(0.1)) else { return false };
    surface.push_clip_path(&path, &FillRule::NonZero);
    true
}

/// How many pushes it were.
fn push_effects(surface: &mut Surface<'_>, alpha: f32, mix: Mix) -> usize {
    let blend = blend(mix);
    if let Some(blend) = blend {
        surface.push_blend_mode(blend);
    }
    if alpha < 1.0 {
        surface.push_opacity(ink::share(alpha));
    }
    usize::from(blend.is_some()) + usize::from(alpha < 1.0)
}

fn blend(mix: Mix) -> Option<BlendMode> {
    Some(match mix {
        Mix::Multiply => BlendMode::Multiply,
        Mix::Screen => BlendMode::Screen,
        Mix::Overlay => BlendMode::Overlay,
        Mix::Darken => BlendMode::Darken,
        Mix::Lighten => BlendMode::Lighten,
        Mix::ColorDodge => BlendMode::ColorDodge,
        Mix::ColorBurn => BlendMode::ColorBurn,
        Mix::HardLight => BlendMode::HardLight,
        Mix::SoftLight => BlendMode::SoftLight,
        Mix::Difference => BlendMode::Difference,
        Mix::Exclusion => BlendMode::Exclusion,
        Mix::Hue => BlendMode::Hue,
        Mix::Saturation => BlendMode::Saturation,
        Mix::Color => BlendMode::Color,
        Mix::Luminosity => BlendMode::Luminosity,
        _ => return None,
    })
}

/// The place of the command that ends the layer which this one begins.
fn end_of_layer(commands: &[RenderCommand], begin: usize) -> usize {
    let mut depth = 0usize;
    for (index, command) in commands.iter().enumerate().skip(begin) {
        match command {
            RenderCommand::PushLayer(_) | RenderCommand::PushClipLayer(_) => depth += 1,
            RenderCommand::PopLayer => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    commands.len()
}

/// Whether a layer is one that takes away what is below it, or has one directly in it (as shadows within a box are painted):
/// a PDF cannot say that, and without it the box would be filled.
fn has_odd_layer(commands: &[RenderCommand], begin: usize) -> bool {
    let is_odd = |command: &RenderCommand| matches!(command, RenderCommand::PushLayer(layer) if layer.blend.compose != Compose::SrcOver);
    // A shadow within a box is a layer, a filling of it, and the layer that takes away.
    commands.iter().skip(begin).take(3).enumerate().any(|(index, command)| index != 1 && is_odd(command))
}
