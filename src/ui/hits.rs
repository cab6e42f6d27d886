//! Where the search found something in the open message: marked in its lines, counted, and gone through one by one.

use std::collections::BTreeMap;
use std::ops::Range;

use egui::{Align, CornerRadius, Layout, Margin, Ui};

use super::action::Action;
use super::icons::Icon;
use super::theme::{self, palette};
use super::widgets::{icon, label};
use crate::mail::Marker;
use crate::mail::query::Field;
use crate::mail::text::Line;

/// Octets of a message in which hits are looked for at once, while the window waits for that.
const MOST_BYTES: usize = 1 << 20;

/// What is marked in the lines of a message.
#[derive(Default)]
pub struct Hits {
    /// What they are the hits of.
    pub marker: Marker,
    /// By the line: octets of its text, and the number of the hit that they belong to.
    by_line: BTreeMap<usize, Vec<(Range<usize>, usize)>>,
    /// The line in which each begins.
    lines: Vec<usize>,
    /// The one that was gone to, and has been brought into sight.
    pub current: usize,
    shown: Option<usize>,
}

impl Hits {
    pub fn of(marker: &Marker, lines: &[Line]) -> Self {
        let mut hits = Self { marker: marker.clone(), ..Self::default() };
        let mut text = String::new();
        let mut begins = Vec::new();
        for line in lines {
            if text.len() > MOST_BYTES || marker.is_empty() {
                break;
            }
            begins.push(text.len());
            line.spans.iter().for_each(|span| text.push_str(span.text()));
            text.push('\n');
        }
        for mark in marker.marks(Field::Body, &text) {
            hits.add(&mark, &begins, text.len());
        }
        hits
    }

    /// A hit may go on in the next line.
    fn add(&mut self, mark: &Range<usize>, begins: &[usize], all: usize) {
        let first = begins.partition_point(|begin| *begin <= mark.start).saturating_sub(1);
        let number = self.lines.len();
        self.lines.push(first);
        for (line, &begin) in begins.iter().enumerate().skip(first) {
            if begin >= mark.end {
                break;
            }
            let end = begins.get(line + 1).map_or(all, |next| *next).saturating_sub(1);
            let within = mark.start.max(begin) - begin..mark.end.min(end).saturating_sub(begin);
            if within.start < within.end {
                self.by_line.entry(line).or_default().push((within, number));
            }
        }
    }

    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// Octets of a line, and whether they are of the hit that was gone to.
    pub fn of_line(&self, line: usize) -> Vec<(Range<usize>, bool)> {
        let marks = self.by_line.get(&line).into_iter().flatten();
        marks.map(|(range, number)| (range.clone(), *number == self.current)).collect()
    }

    /// So many steps from the first one, round and round.
    pub fn go(&mut self, steps: isize) {
        let count = isize::try_from(self.count()).unwrap_or(isize::MAX);
        self.current = if count == 0 { 0 } else { usize::try_from(steps.rem_euclid(count)).unwrap_or_default() };
    }

    /// The line that is to be brought into sight; once for each hit that is gone to.
    pub fn line_to_show(&self) -> Option<usize> {
        (self.shown != Some(self.current)).then(|| self.lines.get(self.current).copied()).flatten()
    }

    pub fn was_shown(&mut self) {
        self.shown = Some(self.current);
    }
}

/// “3 of 12”, and the way to the next and the one before.
pub fn hits_ui(ui: &mut Ui, count: usize, current: usize, actions: &mut Vec<Action>) {
    if count == 0 {
        return;
    }
    let palette = palette(ui);
    let frame = egui::Frame::new().fill(palette.window).inner_margin(Margin::symmetric(28, 4));
    frame.corner_radius(CornerRadius::ZERO).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.add(Icon::Search.image(13.0, palette.muted).alt_text("Found"));
            let words = match count {
                1 => "Found once in this message".to_owned(),
                count => format!("{} of {count} in this message", current + 1),
            };
            label(ui, &words, theme::small(), palette.muted, false);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if count > 1 {
                    if icon(ui, Icon::Down, "Next place (F3)").clicked() {
                        actions.push(Action::NextHit { back: false });
                    }
                    if icon(ui, Icon::Up, "Previous place (Shift+F3)").clicked() {
                        actions.push(Action::NextHit { back: true });
                    }
                }
                ui.add_space(ui.available_width());
            });
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::text::lines;

    #[test]
    fn hits_are_found_by_their_line_and_gone_through_in_a_circle() {
        let text = lines("Two words here.\n> two\n> words and words\nnothing");
        let mut hits = Hits::of(&Marker::of_typed("\"two words\" OR and", false), &text);
        assert_eq!(hits.count(), 3);
        assert_eq!(hits.of_line(0), [(0..9, true)]);
        assert_eq!((hits.of_line(1), hits.of_line(2)), (vec![(0..3, false)], vec![(0..5, false), (6..9, false)]));
        assert!(hits.of_line(3).is_empty());
        assert_eq!(hits.line_to_show(), Some(0));
        hits.was_shown();
        assert_eq!(hits.line_to_show(), None);
        for (steps, current, line) in [(1, 1, 1), (2, 2, 2), (3, 0, 0), (-1, 2, 2)] {
            hits.go(steps);
            hits.shown = None;
            assert_eq!((hits.current, hits.line_to_show()), (current, Some(line)), "{steps}");
        }
    }

    #[test]
    fn where_nothing_is_searched_for_nothing_is_marked() {
        let mut hits = Hits::of(&Marker::default(), &lines("a\nb"));
        hits.go(-5);
        assert_eq!((hits.count(), hits.current, hits.line_to_show()), (0, 0, None));
    }
}
