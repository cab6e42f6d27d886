//! Where one page of paper ends and the next begins.

/// How firmly something holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hold {
    /// Better not parted: a row of a table, a heading and what follows it, the first two lines of a paragraph.
    Loose,
    /// A picture, which is parted only where it is higher than a page.
    Firm,
    /// A line of text.
    Line,
}

/// A stretch of the way down, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kept {
    pub top: f32,
    pub bottom: f32,
    pub hold: Hold,
}

/// How much of a page must be filled for a break of each kind to be taken; a page that would be emptier is rather ended within
/// something that holds less firmly.
const LEAST_FILLED: [(Hold, f32); 3] = [(Hold::Loose, 0.66), (Hold::Firm, 0.4), (Hold::Line, 0.1)];

/// What touches a break by less than this is not parted by it: edges that meet are seldom quite equal.
const TOUCH: f32 = 0.5;

/// A page from top to bottom, in CSS pixels of the way down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slice {
    pub top: f32,
    pub bottom: f32,
}

/// Parts a way of this length into pages of at most that height. Where nothing holds, a page is as high as it may be; a line
/// of text is parted only where it is higher than a page, or where lines of columns beside each other leave no gap for most of
/// a page (the painter then keeps each of them whole on its page).
pub(super) fn slices(mut kept: Vec<Kept>, length: f32, height: f32) -> Vec<Slice> {
    kept.retain(|kept| kept.bottom - kept.top <= height && kept.bottom > kept.top);
    kept.sort_by(|a, b| a.top.total_cmp(&b.top));
    let mut slices = Vec::new();
    let mut top = 0.0f32;
    while length - top > height + TOUCH {
        let bottom = end(&kept, top, height);
        slices.push(Slice { top, bottom });
        top = bottom;
    }
    slices.push(Slice { top, bottom: length.max(top) });
    slices
}

fn end(kept: &[Kept], top: f32, height: f32) -> f32 {
    let limit = top + height;
    // Nothing is higher than a page: what begins above the page before ends above this one's end.
    let first = kept.partition_point(|kept| kept.top < top - height);
    let after = kept.partition_point(|kept| kept.top < limit);
    let here = kept.get(first..after).unwrap_or_default();
    for (hold, filled) in LEAST_FILLED {
        let mut end = limit;
        for kept in here.iter().rev().filter(|kept| kept.hold >= hold) {
            if kept.top < end - TOUCH && kept.bottom > end + TOUCH {
                end = kept.top;
            }
        }
        if end >= top + height * filled {
            return end;
        }
    }
    limit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(top: f32, bottom: f32) -> Kept {
        Kept { top, bottom, hold: Hold::Line }
    }

    fn ends(kept: Vec<Kept>, length: f32) -> Vec<f32> {
        slices(kept, length, 100.0).iter().map(|slice| slice.bottom).collect()
    }

    #[test]
    fn a_line_is_never_cut() {
        let lines: Vec<Kept> = (0..1000).map(|n| line(n as f32 * 17.3, n as f32 * 17.3 + 17.3)).collect();
        let slices = slices(lines.clone(), 17_300.0, 100.0);
        for Slice { top, bottom } in &slices {
            assert!(bottom - top <= 100.0 + TOUCH);
            assert!(!lines.iter().any(|line| line.top + TOUCH < *bottom && line.bottom - TOUCH > *bottom), "{bottom}");
        }
        assert!(slices.windows(2).all(|pair| pair[0].bottom == pair[1].top), "nothing is left out");
        assert_eq!(slices.last().unwrap().bottom, 17_300.0);
    }

    #[test]
    fn columns_beside_each_other_end_where_neither_is_cut() {
        let beside = vec![line(80.0, 96.0), line(90.0, 110.0), line(70.0, 81.0), line(110.0, 150.0)];
        assert_eq!(ends(beside, 150.0), [70.0, 150.0]);
    }

    #[test]
    fn what_holds_loosely_is_kept_only_where_the_page_stays_full() {
        let row = |top, bottom| Kept { top, bottom, hold: Hold::Loose };
        assert_eq!(ends(vec![row(80.0, 130.0)], 140.0), [80.0, 140.0]);
        assert_eq!(ends(vec![row(20.0, 115.0)], 115.0), [100.0, 115.0], "half a page would be empty");
        let picture = Kept { top: 50.0, bottom: 120.0, hold: Hold::Firm };
        assert_eq!(ends(vec![picture, row(20.0, 120.0)], 130.0), [50.0, 130.0]);
    }

    #[test]
    fn what_is_higher_than_a_page_is_parted() {
        assert_eq!(ends(vec![Kept { top: 0.0, bottom: 250.0, hold: Hold::Firm }], 250.0), [100.0, 200.0, 250.0]);
        assert_eq!(ends(vec![], 0.0), [0.0]);
        assert_eq!(ends(vec![], 100.2), [100.2], "a hair more than a page is one page");
    }
}
