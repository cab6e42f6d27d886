//! The painter's shapes, colours and pictures in the words of a PDF.

use std::collections::HashMap;
use std::sync::Arc;

use anyrender::Paint;
use blitz_traits::net::Bytes;
use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Transform};
use krilla::image::Image;
use krilla::num::NormalizedF32;
use krilla::paint::{
    self, Fill, FillRule, LineCap, LineJoin, LinearGradient, RadialGradient, SpreadMethod, Stop, Stroke, StrokeDash,
    SweepGradient,
};
use krilla::text::{Font, Tag};
use parley::FontData;
use peniko::color::{AlphaColor, DynamicColor, Srgb};
use peniko::kurbo::{self, Affine, BezPath, PathEl};
use peniko::{Blob, Extend, Gradient, GradientKind, ImageAlphaType, ImageData, ImageFormat};

pub(super) fn transform(affine: Affine) -> Transform {
    let [a, b, c, d, e, f] = affine.as_coeffs().map(|number| number as f32);
    Transform::from_row(a, b, c, d, e, f)
}

/// None: there is nothing of it.
pub(super) fn path(path: &BezPath) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for element in path.elements() {
        let xy = |point: &kurbo::Point| (point.x as f32, point.y as f32);
        match element {
            PathEl::MoveTo(to) => builder.move_to(xy(to).0, xy(to).1),
            PathEl::LineTo(to) => builder.line_to(xy(to).0, xy(to).1),
            PathEl::QuadTo(by, to) => builder.quad_to(xy(by).0, xy(by).1, xy(to).0, xy(to).1),
            PathEl::CurveTo(by, and, to) => {
                builder.cubic_to(xy(by).0, xy(by).1, xy(and).0, xy(and).1, xy(to).0, xy(to).1);
            }
            PathEl::ClosePath => builder.close(),
        }
    }
    builder.finish()
}

pub(super) fn rule(fill: peniko::Fill) -> FillRule {
    match fill {
        peniko::Fill::NonZero => FillRule::NonZero,
        peniko::Fill::EvenOdd => FillRule::EvenOdd,
    }
}

pub(super) fn share(number: f32) -> NormalizedF32 {
    NormalizedF32::new(number.clamp(0.0, 1.0)).unwrap_or(NormalizedF32::ONE)
}

/// A colour and how much it covers.
pub(super) fn colour(colour: AlphaColor<Srgb>) -> (rgb::Color, f32) {
    let [red, green, blue, alpha] = colour.to_rgba8().to_u8_array();
    (rgb::Color::new(red, green, blue), f32::from(alpha) / 255.0)
}

/// What fills with a colour or a gradient; None: it leaves no trace, or is a picture.
pub(super) fn fill(brush: &Paint, brush_transform: Option<Affine>, alpha: f32, fill: peniko::Fill) -> Option<Fill> {
    let (paint, opacity) = match brush {
        Paint::Solid(solid) => {
            let (colour, covers) = colour(*solid);
            (colour.into(), covers)
        }
        Paint::Gradient(gradient) => (self::gradient(gradient, brush_transform.unwrap_or_default())?, 1.0),
        Paint::Image(_) | Paint::Resource(_) | Paint::Custom(_) => return None,
    };
    let opacity = opacity * alpha;
    (opacity > 0.0).then(|| Fill { paint, opacity: share(opacity), rule: rule(fill) })
}

pub(super) fn stroke(style: &kurbo::Stroke, fill: Fill) -> Stroke {
    let dash = (!style.dash_pattern.is_empty()).then(|| StrokeDash {
        array: style.dash_pattern.iter().map(|length| *length as f32).collect(),
        offset: style.dash_offset as f32,
    });
    Stroke {
        paint: fill.paint,
        opacity: fill.opacity,
        width: style.width as f32,
        miter_limit: style.miter_limit as f32,
        line_cap: match style.start_cap {
            kurbo::Cap::Butt => LineCap::Butt,
            kurbo::Cap::Square => LineCap::Square,
            kurbo::Cap::Round => LineCap::Round,
        },
        line_join: match style.join {
            kurbo::Join::Bevel => LineJoin::Bevel,
            kurbo::Join::Miter => LineJoin::Miter,
            kurbo::Join::Round => LineJoin::Round,
        },
        dash,
    }
}

fn gradient(gradient: &Gradient, affine: Affine) -> Option<paint::Paint> {
    let stop = |offset: f32, colour: DynamicColor| {
        let (colour, covers) = self::colour(colour.to_alpha_color::<Srgb>());
        Stop { offset: share(offset), color: colour.into(), opacity: share(covers) }
    };
    let stops: Vec<Stop> = gradient.stops.iter().map(|given| stop(given.offset, given.color)).collect();
    if stops.is_empty() {
        return None;
    }
    let (transform, anti_alias) = (transform(affine), false);
    let spread_method = match gradient.extend {
        Extend::Pad => SpreadMethod::Pad,
        Extend::Repeat => SpreadMethod::Repeat,
        Extend::Reflect => SpreadMethod::Reflect,
    };
    Some(match gradient.kind {
        GradientKind::Linear(line) => LinearGradient {
            x1: line.start.x as f32,
            y1: line.start.y as f32,
            x2: line.end.x as f32,
            y2: line.end.y as f32,
            transform,
            spread_method,
            stops,
            anti_alias,
        }
        .into(),
        GradientKind::Radial(circles) => RadialGradient {
            fx: circles.start_center.x as f32,
            fy: circles.start_center.y as f32,
            fr: circles.start_radius,
            cx: circles.end_center.x as f32,
            cy: circles.end_center.y as f32,
            cr: circles.end_radius,
            transform,
            spread_method,
            stops,
            anti_alias,
        }
        .into(),
        GradientKind::Sweep(sweep) => SweepGradient {
            cx: sweep.center.x as f32,
            cy: sweep.center.y as f32,
            start_angle: sweep.start_angle.to_degrees(),
            end_angle: sweep.end_angle.to_degrees(),
            transform,
            spread_method,
            stops,
            anti_alias,
        }
        .into(),
    })
}

/// What tells a font: the file's id, its place in the file, its variations exactly.
type FontKey = (u64, u32, Vec<([u8; 4], u32)>);

/// Fonts and pictures as the PDF has them, each made once.
#[derive(Default)]
pub(super) struct Stock {
    fonts: HashMap<FontKey, Option<Font>>,
    images: HashMap<u64, Option<Image>>,
}

impl Stock {
    /// None: the font cannot be read, and its text not be set.
    pub fn font(&mut self, font: &FontData, variations: &[([u8; 4], f32)]) -> Option<Font> {
        let exact = variations.iter().map(|(tag, value)| (*tag, value.to_bits())).collect();
        let made = self.fonts.entry((font.data.id(), font.index, exact)).or_insert_with(|| {
            let at: Vec<(Tag, f32)> = variations.iter().map(|(tag, value)| (Tag::new(tag), *value)).collect();
            let octets: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(Octets(font.data.clone()));
            Font::new_variable(octets.into(), font.index, &at)
        });
        made.clone()
    }

    /// The picture: a photograph as it came, anything else as its pixels. None: it has none.
    pub fn image(&mut self, image: &ImageData, photographs: &HashMap<u64, Bytes>) -> Option<Image> {
        let made = self.images.entry(image.data.id()).or_insert_with(|| {
            let photograph = photographs.get(&image.data.id());
            let as_it_came = photograph.and_then(|octets| Image::from_jpeg(octets.to_vec().into(), false).ok());
            let fits = as_it_came.filter(|made| made.size() == (image.width, image.height));
            fits.or_else(|| pixels(image.data.as_ref(), image.width, image.height, image.format, image.alpha_type))
        });
        made.clone()
    }
}

/// None: not as many pixels as it says, or none.
pub(super) fn pixels(
    octets: &[u8],
    width: u32,
    height: u32,
    format: ImageFormat,
    alpha: ImageAlphaType,
) -> Option<Image> {
    let length = format.size_in_bytes(width, height)?;
    let mut rgba = octets.get(..length).filter(|octets| !octets.is_empty())?.to_vec();
    for pixel in rgba.as_chunks_mut::<4>().0 {
        let [first, green, third, covers] = *pixel;
        let (red, blue) = if format == ImageFormat::Bgra8 { (third, first) } else { (first, third) };
        let whole = |part: u8| match (alpha, covers) {
            (ImageAlphaType::AlphaPremultiplied, 1..=254) => {
                let whole = (u32::from(part) * 255 + u32::from(covers) / 2) / u32::from(covers);
                u8::try_from(whole).unwrap_or(u8::MAX)
            }
            _ => part,
        };
        *pixel = [whole(red), whole(green), whole(blue), covers];
    }
    Some(Image::from_rgba8(rgba, width, height))
}

/// A font's octets, shared with the layout.
struct Octets(Blob<u8>);

impl AsRef<[u8]> for Octets {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}
