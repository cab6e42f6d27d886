//! Which part of a page is in sight, and which is to be drawn: points of the window and pixels of the page.

use egui::{Pos2, Rect, Vec2};

use crate::page::{self, View};

/// Points above and below what is in sight that are drawn with it, so that scrolling meets a picture.
const AHEAD: f32 = 260.0;

/// The page in the window.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// All of it, in points; begins on a pixel.
    pub page: Rect,
    /// What can be seen, in points.
    pub clip: Rect,
    pub pixels_per_point: f32,
    pub zoom: f32,
    pub dark: bool,
    /// The longest side of a picture that the screen can show.
    pub most_px: u32,
    /// None: not known yet.
    pub height_px: Option<u32>,
}

/// Moved and cut to whole pixels: pixels of the page are to fall on those of the screen.
pub fn on_pixels(rect: Rect, pixels_per_point: f32) -> Rect {
    let round = |value: f32| (value * pixels_per_point).round() / pixels_per_point;
    let floor = |value: f32| (value * pixels_per_point + 0.01).floor() / pixels_per_point;
    let min = Pos2::new(round(rect.left()), round(rect.top()));
    Rect::from_min_size(min, Vec2::new(floor(rect.width()), rect.height()))
}

impl Sight {
    /// A point of the window as pixels of the page.
    pub fn to_page(self, pos: Pos2) -> (f32, f32) {
        let at = (pos - self.page.min) * self.pixels_per_point;
        (at.x, at.y)
    }

    /// A rectangle of the page in the window.
    pub fn of_page(self, place: &page::Rect) -> Rect {
        let min = Vec2::new(place.x_px, place.y_px) / self.pixels_per_point;
        Rect::from_min_size(self.page.min + min, Vec2::new(place.width_px, place.height_px) / self.pixels_per_point)
    }

    /// Where a picture of that many pixels lies that was drawn for that place of the page.
    #[allow(clippy::cast_precision_loss)] // less than a pixel, below a page of millions
    pub fn on_screen(self, x_px: f32, y_px: u32, (width_px, height_px): (u32, u32)) -> Rect {
        self.of_page(&page::Rect { x_px, y_px: y_px as f32, width_px: width_px as f32, height_px: height_px as f32 })
    }

    /// What is to be drawn now; None: what was asked for last still does.
    pub fn view_wanted(&self, asked: Option<View>) -> Option<View> {
        let end = self.height_px.unwrap_or(u32::MAX);
        let ahead = pixels(AHEAD * self.pixels_per_point);
        let top = pixels((self.clip.top() - self.page.top()) * self.pixels_per_point).min(end);
        let bottom = pixels((self.clip.bottom() - self.page.top()) * self.pixels_per_point).min(end).max(top);
        let scroll_y_px = top.saturating_sub(ahead);
        let height_px = (bottom.saturating_add(ahead).min(end) - scroll_y_px).clamp(1, self.most_px.max(1));
        let view = View {
            width_px: pixels(self.page.width() * self.pixels_per_point).clamp(1, self.most_px.max(1)),
            height_px,
            scale: self.pixels_per_point * self.zoom,
            scroll_y_px,
            dark: self.dark,
        };
        // Not for each pixel: only when half of what was drawn ahead is in sight.
        let near = |asked: &View| {
            let same = View { height_px: asked.height_px, scroll_y_px: asked.scroll_y_px, ..view } == *asked;
            let drawn = asked.scroll_y_px.saturating_add(asked.height_px);
            same && asked.scroll_y_px <= top.saturating_sub(ahead / 2)
                && drawn >= bottom.saturating_add(ahead / 2).min(end)
        };
        (!asked.as_ref().is_some_and(near) && asked != Some(view)).then_some(view)
    }
}

/// What is above the page is none of it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped
fn pixels(value: f32) -> u32 {
    value.round().clamp(0.0, 1e9) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of 5000 pixels that is scrolled so far down, 600 of them in sight.
    fn scrolled(by: f32) -> Sight {
        let clip = Rect::from_min_size(Pos2::new(100.0, 50.0), Vec2::new(700.0, 600.0));
        Sight {
            page: Rect::from_min_size(clip.min - Vec2::new(0.0, by), Vec2::new(700.0, 5000.0)),
            clip,
            pixels_per_point: 1.0,
            zoom: 1.0,
            dark: false,
            most_px: 16_384,
            height_px: Some(5000),
        }
    }

    #[track_caller]
    fn check(sight: Sight, asked: Option<View>, scroll_y_px: u32, height_px: u32) -> View {
        let view = sight.view_wanted(asked).expect("something new is to be drawn");
        assert_eq!((view.scroll_y_px, view.height_px), (scroll_y_px, height_px));
        view
    }

    #[test]
    fn a_little_more_than_what_is_in_sight_is_drawn() {
        check(scrolled(0.0), None, 0, 860);
        check(scrolled(1000.0), None, 740, 1120);
        check(scrolled(4400.0), None, 4140, 860);
        // Below its own head, which takes 200 points of the pane.
        check(scrolled(-200.0), None, 0, 660);
        let unknown = Sight { height_px: None, ..scrolled(0.0) };
        check(unknown, None, 0, 860);
        let dense = Sight { pixels_per_point: 2.0, zoom: 1.5, ..scrolled(0.0) };
        let view = check(Sight { height_px: Some(10_000), ..dense }, None, 0, 1720);
        assert_eq!((view.width_px, view.scale), (1400, 3.0));
    }

    #[test]
    fn what_was_drawn_does_until_half_of_what_was_drawn_ahead_is_in_sight() {
        let first = scrolled(0.0).view_wanted(None);
        for by in [0.0, 1.0, 129.0] {
            assert_eq!(scrolled(by).view_wanted(first), None, "{by}");
        }
        let second = check(scrolled(131.0), first, 0, 991);
        assert_eq!(scrolled(240.0).view_wanted(Some(second)), None);
        check(scrolled(4400.0), Some(second), 4140, 860);
    }

    #[test]
    fn another_size_or_colour_is_drawn_anew() {
        let asked = scrolled(0.0).view_wanted(None);
        for other in [
            Sight { zoom: 1.1, ..scrolled(0.0) },
            Sight { dark: true, ..scrolled(0.0) },
            Sight { page: Rect::from_min_size(Pos2::new(100.0, 50.0), Vec2::new(640.0, 5000.0)), ..scrolled(0.0) },
        ] {
            assert!(other.view_wanted(asked).is_some(), "{other:?}");
        }
    }

    #[test]
    fn a_page_out_of_sight_is_asked_for_once_and_no_picture_is_larger_than_the_screen_allows() {
        let below =
            Sight { page: Rect::from_min_size(Pos2::new(100.0, 900.0), Vec2::new(700.0, 5000.0)), ..scrolled(0.0) };
        let asked = below.view_wanted(None);
        assert!(asked.is_some());
        assert_eq!(below.view_wanted(asked), None);
        let small = Sight { most_px: 512, ..scrolled(1000.0) };
        let view = small.view_wanted(None).unwrap();
        assert_eq!((view.width_px, view.height_px), (512, 512));
        assert_eq!(small.view_wanted(Some(view)), None, "it is not asked for again and again");
    }

    #[test]
    fn points_and_pixels_fit_each_other() {
        let rect = on_pixels(Rect::from_min_size(Pos2::new(10.3, 20.4), Vec2::new(100.4, 50.0)), 1.5);
        assert_eq!(rect.min, Pos2::new(15.0 / 1.5, 31.0 / 1.5));
        assert!((rect.width() * 1.5 - 150.0).abs() < 0.001);
        let sight = Sight { pixels_per_point: 2.0, ..scrolled(300.0) };
        assert_eq!(sight.to_page(Pos2::new(110.0, 50.0)), (20.0, 600.0));
        let place = page::Rect { x_px: 20.0, y_px: 600.0, width_px: 40.0, height_px: 10.0 };
        assert_eq!(sight.of_page(&place), Rect::from_min_size(Pos2::new(110.0, 50.0), Vec2::new(20.0, 5.0)));
    }
}
