//! `border-collapse: collapse` (CSS 2.1 §17.6.2). Blitz draws the border of a table's first cell around all of them, and none of
//! a row. Such a table is given separate borders without room between them, and each line between two cells to one of them.

use blitz_dom::{BaseDocument, NodeId};
use style::computed_values::border_collapse::T as BorderCollapse;

use super::columns::{self, Cell};
use super::dom::{self, Width};

/// The sides of a box in the order of CSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Top,
    Right,
    Bottom,
    Left,
}

const SIDES: [Side; 4] = [Side::Top, Side::Right, Side::Bottom, Side::Left];

impl Side {
    fn property(self) -> &'static str {
        match self {
            Self::Top => "border-top",
            Self::Right => "border-right",
            Self::Bottom => "border-bottom",
            Self::Left => "border-left",
        }
    }

    fn opposite(self) -> Self {
        match self {
            Self::Top => Self::Bottom,
            Self::Right => Self::Left,
            Self::Bottom => Self::Top,
            Self::Left => Self::Right,
        }
    }
}

/// A line that an element asks for.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    element: NodeId,
    side: Side,
    width_px: f32,
}

/// The changes that give a table's borders to its cells; none if it has no collapsed borders.
pub(super) fn changes(document: &BaseDocument, table: NodeId) -> Vec<(NodeId, &'static str, String)> {
    let is_collapsed = document
        .get_node(table)
        .and_then(|node| dom::styled(node, |styles| styles.clone_border_collapse() == BorderCollapse::Collapse));
    if is_collapsed != Some(true) {
        return Vec::new();
    }
    let rows = columns::rows(document, table);
    let cells = columns::cells(document, table);
    let has_line = |id: NodeId| SIDES.iter().any(|side| line(document, id, *side).is_some());
    let is_bare = !has_line(table)
        && !rows.iter().any(|row| has_line(*row) || group(document, *row, table).is_some_and(has_line))
        && !cells.iter().any(|cell| has_line(cell.id));
    if is_bare {
        return Vec::new();
    }
    let grid = Grid::of(document, table, rows, cells);
    let mut changes = vec![
        (table, "border-collapse", "separate".to_owned()),
        (table, "border-spacing", "0px".to_owned()),
        (table, "border-top-width", "0px".to_owned()),
        (table, "border-right-width", "0px".to_owned()),
        (table, "border-bottom-width", "0px".to_owned()),
        (table, "border-left-width", "0px".to_owned()),
        (table, "padding-top", "0px".to_owned()),
        (table, "padding-right", "0px".to_owned()),
        (table, "padding-bottom", "0px".to_owned()),
        (table, "padding-left", "0px".to_owned()),
    ];
    for (index, cell) in grid.cells.iter().enumerate() {
        for side in SIDES {
            let drawn = grid.drawn(document, index, side);
            let own = line(document, cell.id, side);
            if drawn == own {
                continue;
            }
            let words = drawn.map_or_else(|| "0px none".to_owned(), |line| line.words(document));
            changes.push((cell.id, side.property(), words));
        }
    }
    if let Some(change) = grid.first_col(document) {
        changes.push(change);
    }
    changes
}

impl Line {
    /// As the value of `border-top` and its like.
    fn words(&self, document: &BaseDocument) -> String {
        let of = |what: &str| document.resolved_style_value(self.element, &format!("{}-{what}", self.side.property()));
        format!("{}px {} {}", self.width_px, of("style"), of("color"))
    }
}

fn line(document: &BaseDocument, element: NodeId, side: Side) -> Option<Line> {
    let node = document.get_node(element)?;
    let width_px = dom::styled(node, |styles| {
        let border = styles.get_border();
        let (width, style) = match side {
            Side::Top => (border.border_top_width.0, border.border_top_style),
            Side::Right => (border.border_right_width.0, border.border_right_style),
            Side::Bottom => (border.border_bottom_width.0, border.border_bottom_style),
            Side::Left => (border.border_left_width.0, border.border_left_style),
        };
        if style.none_or_hidden() { 0.0 } else { width.to_f32_px() }
    })?;
    (width_px > 0.0).then_some(Line { element, side, width_px })
}

/// The row group that a row stands in.
fn group(document: &BaseDocument, row: NodeId, table: NodeId) -> Option<NodeId> {
    document.get_node(row)?.parent.filter(|parent| *parent != table)
}

struct Grid {
    table: NodeId,
    rows: Vec<NodeId>,
    groups: Vec<Option<NodeId>>,
    cells: Vec<Cell>,
    columns: usize,
    /// Which cell covers a place, row by row.
    places: Vec<Option<usize>>,
}

impl Grid {
    fn of(document: &BaseDocument, table: NodeId, rows: Vec<NodeId>, cells: Vec<Cell>) -> Self {
        let columns = cells.iter().map(|cell| cell.column + cell.span).max().unwrap_or(0);
        let mut places = vec![None; columns * rows.len()];
        for (index, cell) in cells.iter().enumerate() {
            for row in cell.row..(cell.row + cell.down).min(rows.len()) {
                for column in cell.column..cell.column + cell.span {
                    if let Some(place) = places.get_mut(row * columns + column) {
                        *place = Some(index);
                    }
                }
            }
        }
        let groups = rows.iter().map(|row| group(document, *row, table)).collect();
        Self { table, rows, groups, cells, columns, places }
    }

    /// A `<col>`'s width reaches from the middle of one line to the middle of the next (CSS 2.1 §17.6.2). Here, the first
    /// column has all of the lines to both of its sides, and each of the others all of one, which is the same.
    fn first_col(&self, document: &BaseDocument) -> Option<(NodeId, &'static str, String)> {
        let is_col = |id: &NodeId| document.get_node(*id).is_some_and(|node| dom::tag(node) == "col");
        let children = dom::children(document, self.table).into_iter();
        let col = children.flat_map(|child| {
            let is_group = document.get_node(child).is_some_and(|node| dom::tag(node) == "colgroup");
            if is_group { dom::children(document, child) } else { vec![child] }
        });
        let col = col.into_iter().find(is_col)?;
        let asked = document
            .get_node(col)
            .and_then(|node| dom::styled(node, |styles| dom::width(&styles.get_position().width)));
        let Some(Width::Px(px)) = asked.filter(|asked| *asked != Width::Px(0.0)) else { return None };
        let first = self.cells.iter().position(|cell| cell.column == 0 && cell.span == 1)?;
        let lines =
            [Side::Left, Side::Right].map(|side| self.drawn(document, first, side).map_or(0.0, |line| line.width_px));
        Some((col, "width", format!("{}px", px + lines.iter().sum::<f32>() / 2.0)))
    }

    fn at(&self, row: usize, column: usize) -> Option<&Cell> {
        if column >= self.columns {
            return None;
        }
        self.cells.get((*self.places.get(row * self.columns + column)?)?)
    }

    /// The line that a cell draws on a side: those to its right and below are its own business, those to its left and above
    /// only where no cell is.
    fn drawn(&self, document: &BaseDocument, index: usize, side: Side) -> Option<Line> {
        let cell = self.cells.get(index)?;
        let last_row = (cell.row + cell.down).min(self.rows.len()).saturating_sub(1);
        let neighbour = match side {
            Side::Top => cell.row.checked_sub(1).and_then(|row| self.at(row, cell.column)),
            Side::Left => cell.column.checked_sub(1).and_then(|column| self.at(cell.row, column)),
            Side::Right => self.at(cell.row, cell.column + cell.span),
            Side::Bottom => self.at(last_row + 1, cell.column),
        };
        if matches!(side, Side::Top | Side::Left) && neighbour.is_some() {
            return None;
        }
        let of = |element: NodeId, side: Side| line(document, element, side);
        let mut asked = vec![of(cell.id, side)];
        asked.push(neighbour.and_then(|neighbour| of(neighbour.id, side.opposite())));
        match side {
            Side::Top | Side::Bottom => {
                let row = if side == Side::Top { cell.row } else { last_row };
                asked.push(self.rows.get(row).and_then(|row| of(*row, side)));
                let next = if side == Side::Top { row.checked_sub(1) } else { Some(row + 1) };
                let next_row = next.and_then(|row| self.rows.get(row));
                asked.push(next_row.and_then(|row| of(*row, side.opposite())));
                let group = self.groups.get(row).copied().flatten();
                let next_group = next.and_then(|row| self.groups.get(row)).copied().flatten();
                if group != next_group {
                    asked.push(group.and_then(|group| of(group, side)));
                    asked.push(next_group.and_then(|group| of(group, side.opposite())));
                }
                if next_row.is_none() {
                    asked.push(of(self.table, side));
                }
            }
            Side::Left | Side::Right => {
                let is_edge = neighbour.is_none();
                asked.push(self.rows.get(cell.row).filter(|_| is_edge).and_then(|row| of(*row, side)));
                asked.push(Some(self.table).filter(|_| is_edge).and_then(|table| of(table, side)));
            }
        }
        // The widest wins, and of equal ones the innermost (CSS 2.1 §17.6.2.1).
        asked.into_iter().flatten().reduce(|best, line| if line.width_px > best.width_px { line } else { best })
    }
}
