//! The widths of tables and their columns, by the algorithm of the web (CSS Tables 3 §4, CSS 2.1 §17.5.2.2): what the cells need
//! and want, the widths and shares that they ask for, and the room that there is. Blitz's tables are grids, whose tracks know of
//! none of that; so the widths are worked out here, and `placing` gives them to the tables.

use blitz_dom::{BaseDocument, LocalName, NodeId};
use style::computed_values::border_collapse::T as BorderCollapse;
use style::computed_values::table_layout::T as TableLayout;
use style::values::specified::box_::DisplayInside;

use super::dom::{self, Display, Width};
use super::intrinsic::{Extent, Measuring};

/// What is known of a column before the table's width is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Column {
    pub min: f32,
    pub max: f32,
    /// Whether a width in pixels was asked for.
    pub is_given: bool,
    /// The part of the table that was asked for.
    pub share: Option<f32>,
}

/// A cell and the places of the grid that it covers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub id: NodeId,
    pub row: usize,
    pub down: usize,
    pub column: usize,
    pub span: usize,
}

/// A table, measured.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub columns: Vec<Column>,
    pub cells: Vec<Cell>,
    /// Between columns, in CSS pixels.
    pub spacing: f32,
    pub is_fixed: bool,
    /// Whether Blitz finds the widths by itself.
    pub is_plain: bool,
}

/// More columns than that nobody looks at.
const MAX_COLUMNS: usize = 1000;

impl Table {
    /// The sums of the columns, with the space between and around them.
    pub fn content(&self) -> Extent {
        let min: f32 = self.columns.iter().map(|column| column.min).sum();
        let max: f32 = self.columns.iter().map(|column| column.max).sum();
        // A column that is to be a tenth of the table makes the table ten times as wide as it wants to be.
        let shares: f32 = self.columns.iter().filter_map(|column| column.share).sum();
        let wanted = self.columns.iter().filter_map(|column| Some(column.max / column.share?.max(0.001)));
        let others: f32 = self.columns.iter().filter(|column| column.share.is_none()).map(|column| column.max).sum();
        let rest = if others > 0.0 { others / (1.0 - shares).max(0.001) } else { 0.0 };
        let by_share = wanted.fold(rest, f32::max);
        let max = if shares > 0.0 { max.max(by_share.min(100_000.0)) } else { max };
        let around = self.around();
        Extent::new(min + around, max + around)
    }

    /// The space between and around the columns.
    pub fn around(&self) -> f32 {
        if self.columns.is_empty() { 0.0 } else { self.spacing * (self.columns.len() + 1) as f32 }
    }
}

/// Measures the cells of a table and makes columns of them.
pub(super) fn measured(measuring: &mut Measuring<'_>, id: NodeId) -> Table {
    let mut table = Table::default();
    let Some(node) = measuring.node(id) else { return table };
    let style = dom::styled(node, |styles| {
        let is_separate = styles.clone_border_collapse() == BorderCollapse::Separate;
        let spacing = if is_separate { styles.clone_border_spacing().0.width.px() } else { 0.0 };
        (spacing, styles.clone_table_layout() == TableLayout::Fixed)
    });
    let is_sized = measuring.shape(id).is_some_and(|shape| shape.width != Width::Auto);
    if let Some((spacing, is_fixed)) = style {
        (table.spacing, table.is_fixed) = (spacing, is_fixed && is_sized);
    }
    table.cells = cells(measuring.document, id);
    let count = table.cells.iter().map(|cell| cell.column + cell.span).max().unwrap_or(0);
    table.columns = vec![Column::default(); count];
    asked_by_cols(measuring.document, id, &mut table.columns);
    let mut spanning = Vec::new();
    let mut gives_none = true;
    for cell in &table.cells {
        let (extent, asked) = cell_extent(measuring, cell.id, table.is_fixed);
        gives_none &= asked == Width::Auto;
        if cell.span > 1 {
            spanning.push((*cell, extent, asked));
        } else if let Some(column) = table.columns.get_mut(cell.column) {
            column.take(extent, asked);
        }
    }
    // The narrowest spans first: each finds the columns as those before it left them.
    spanning.sort_by_key(|(cell, _, _)| cell.span);
    for (cell, extent, asked) in spanning {
        let spacing = table.spacing * (cell.span - 1) as f32;
        if let Some(columns) = table.columns.get_mut(cell.column..cell.column + cell.span) {
            spread(columns, Extent::new(extent.min - spacing, extent.max - spacing), asked);
        }
    }
    // Shares beyond the whole are cut (CSS Tables 3 §4.4).
    let mut left = 1.0f32;
    for column in &mut table.columns {
        if let Some(share) = &mut column.share {
            *share = share.min(left);
            left -= *share;
        }
    }
    table.is_plain = table.columns.len() <= 1 && gives_none;
    table
}

impl Column {
    fn take(&mut self, extent: Extent, asked: Width) {
        self.min = self.min.max(extent.min);
        self.max = self.max.max(extent.max);
        match asked {
            Width::Auto => {}
            Width::Px(_) => self.is_given = true,
            Width::Share(share) => self.share = Some(self.share.unwrap_or(0.0).max(share)),
        }
    }
}

/// A cell with its padding and border, and the width that it asks for.
fn cell_extent(measuring: &mut Measuring<'_>, id: NodeId, is_fixed: bool) -> (Extent, Width) {
    let Some(shape) = measuring.shape(id) else { return (Extent::default(), Width::Auto) };
    let content = measuring.content(id);
    let needed = if is_fixed { 0.0 } else { content.min + shape.edges };
    let mut extent = Extent::new(needed, content.max + shape.edges);
    if let Width::Px(px) = shape.min_width {
        extent.min = extent.min.max(shape.border_box(px));
    }
    if let Width::Px(px) = shape.width {
        extent = Extent::new(extent.min, shape.border_box(px));
    }
    if let Width::Px(px) = shape.max_width {
        extent.max = extent.max.min(shape.border_box(px)).max(extent.min);
    }
    let asked = match shape.width {
        Width::Px(px) if px <= 0.0 => Width::Auto,
        Width::Share(share) if share <= 0.0 => Width::Auto,
        asked => asked,
    };
    (Extent::new(extent.min, extent.max), asked)
}

/// Gives the columns under a spanning cell what it needs beyond what they have.
fn spread(columns: &mut [Column], extent: Extent, asked: Width) {
    if let Width::Share(share) = asked {
        let said: f32 = columns.iter().filter_map(|column| column.share).sum();
        let silent: f32 =
            columns.iter().filter(|column| column.share.is_none()).map(|column| column.max.max(1.0)).sum();
        if share > said && silent > 0.0 {
            for column in columns.iter_mut().filter(|column| column.share.is_none()) {
                column.share = Some((share - said) * column.max.max(1.0) / silent);
            }
        }
    }
    let have: f32 = columns.iter().map(|column| column.min).sum();
    grow(columns, extent.min - have, |column| &mut column.min);
    let have: f32 = columns.iter().map(|column| column.max).sum();
    grow(columns, extent.max - have, |column| &mut column.max);
    for column in columns {
        column.max = column.max.max(column.min);
    }
}

/// Adds `missing` to the columns: to those that asked for nothing if there are any, by what they want.
fn grow(columns: &mut [Column], missing: f32, of: fn(&mut Column) -> &mut f32) {
    if missing <= 0.0 {
        return;
    }
    let is_free = |column: &Column| !column.is_given && column.share.is_none();
    let has_free = columns.iter().any(is_free);
    let counts = |column: &Column| !has_free || is_free(column);
    let count = columns.iter().filter(|column| counts(column)).count();
    let total: f32 = columns.iter().filter(|column| counts(column)).map(|column| column.max).sum();
    for column in columns.iter_mut() {
        if counts(column) {
            let part = if total > 0.0 { column.max / total } else { 1.0 / count as f32 };
            *of(column) += missing * part;
        }
    }
}

/// The cells of a table with the columns that they stand in, row by row as Blitz lays them out.
pub(super) fn cells(document: &BaseDocument, table: NodeId) -> Vec<Cell> {
    let mut found = Vec::new();
    let mut taken: Vec<u32> = Vec::new();
    for (index, row) in rows(document, table).into_iter().enumerate() {
        for left in &mut taken {
            *left = left.saturating_sub(1);
        }
        let mut column = 0usize;
        for id in dom::children(document, row) {
            let Some(node) = document.get_node(id) else { continue };
            if dom::display(node) != Display::Cell {
                continue;
            }
            let attribute = |name: &str| node.element_data()?.attr(LocalName::from(name))?.trim().parse::<u32>().ok();
            let span = attribute("colspan").unwrap_or(1).clamp(1, 100) as usize;
            let down = attribute("rowspan").unwrap_or(1).clamp(1, 65_534);
            while taken.get(column).is_some_and(|left| *left > 0) {
                column += 1;
            }
            if column + span > MAX_COLUMNS {
                break;
            }
            found.push(Cell { id, row: index, down: down as usize, column, span });
            taken.resize(taken.len().max(column + span), 0);
            for left in taken.iter_mut().skip(column).take(span) {
                *left = down;
            }
            column += span;
        }
    }
    found
}

/// The rows of a table: those of its header first and those of its footer last.
pub(super) fn rows(document: &BaseDocument, table: NodeId) -> Vec<NodeId> {
    let mut groups: [Vec<NodeId>; 3] = Default::default();
    let [header, body, footer] = &mut groups;
    for child in dom::children(document, table) {
        let Some(node) = document.get_node(child) else { continue };
        let inside = dom::styled(node, |styles| styles.clone_display().inside());
        let rows = || {
            let is_row = |id: &NodeId| document.get_node(*id).is_some_and(|node| dom::display(node) == Display::Row);
            dom::children(document, child).into_iter().filter(is_row)
        };
        match inside {
            Some(DisplayInside::TableHeaderGroup) => header.extend(rows()),
            Some(DisplayInside::TableFooterGroup) => footer.extend(rows()),
            Some(DisplayInside::TableRowGroup) => body.extend(rows()),
            Some(DisplayInside::TableRow) => body.push(child),
            _ => {}
        }
    }
    groups.concat()
}

/// The mark of the `<col>`s that are ours.
pub(super) const OURS: &str = "data-ours";

/// What the page's own `<col>`s ask for.
fn asked_by_cols(document: &BaseDocument, table: NodeId, columns: &mut [Column]) {
    let mut at = 0usize;
    let groups = dom::children(document, table).into_iter();
    let cols = groups.flat_map(|child| {
        let is_group = document.get_node(child).is_some_and(|node| dom::tag(node) == "colgroup");
        if is_group { dom::children(document, child) } else { vec![child] }
    });
    for id in cols {
        let Some(node) = document.get_node(id).filter(|node| dom::tag(node) == "col") else { continue };
        let Some(element) = node.element_data() else { continue };
        if element.has_attr(LocalName::from(OURS)) {
            continue;
        }
        let span = element.attr(LocalName::from("span")).and_then(|span| span.parse().ok()).unwrap_or(1usize);
        let asked = dom::styled(node, |styles| dom::width(&styles.get_position().width)).unwrap_or(Width::Auto);
        for column in columns.iter_mut().skip(at).take(span.clamp(1, 100)) {
            match asked {
                Width::Px(px) if px > 0.0 => column.take(Extent::new(0.0, px), asked),
                Width::Share(share) if share > 0.0 => column.take(Extent::default(), asked),
                _ => {}
            }
        }
        at += span.clamp(1, 100);
    }
}

/// The widths of the columns of a table whose columns share `room` (CSS Tables 3 §4.5).
pub(super) fn distributed(columns: &[Column], room: f32, is_fixed: bool) -> Vec<f32> {
    if is_fixed {
        return distributed_fixed(columns, room);
    }
    let share = |column: &Column| column.share.map(|share| (share * room).max(column.min));
    let by_share = |column: &Column| share(column).unwrap_or(column.min);
    let by_width = |column: &Column| share(column).unwrap_or(if column.is_given { column.max } else { column.min });
    let by_wish = |column: &Column| share(column).unwrap_or(column.max);
    let guesses: [&dyn Fn(&Column) -> f32; 3] = [&by_share, &by_width, &by_wish];
    let mut lower: Vec<f32> = columns.iter().map(|column| column.min).collect();
    for guess in guesses {
        let upper: Vec<f32> = columns.iter().map(guess).collect();
        let (low, high) = (lower.iter().sum::<f32>(), upper.iter().sum::<f32>());
        if room < high {
            let part = if high > low { ((room - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
            return lower.iter().zip(&upper).map(|(low, high)| low + (high - low) * part).collect();
        }
        lower = upper;
    }
    let left = room - lower.iter().sum::<f32>();
    // What is left goes to those that asked for nothing, or else to those that asked for pixels, or else for shares.
    let free = |column: &Column| if column.is_given || column.share.is_some() { 0.0 } else { column.max };
    let given = |column: &Column| if column.is_given && column.share.is_none() { column.max } else { 0.0 };
    let shares = |column: &Column| column.share.unwrap_or(0.0);
    let weights: [&dyn Fn(&Column) -> f32; 4] = [&free, &given, &shares, &|_| 1.0];
    for weight in weights {
        let total: f32 = columns.iter().map(weight).sum();
        if total > 0.0 {
            return lower.iter().zip(columns).map(|(width, column)| width + left * weight(column) / total).collect();
        }
    }
    lower
}

/// `table-layout: fixed`: what was asked for, and equal parts of the rest.
fn distributed_fixed(columns: &[Column], room: f32) -> Vec<f32> {
    let asked = |column: &Column| match column.share {
        Some(share) => Some(share * room),
        None => column.is_given.then_some(column.max),
    };
    let sum: f32 = columns.iter().filter_map(asked).sum();
    let silent = columns.iter().filter(|column| asked(column).is_none()).count();
    if silent > 0 {
        let rest = ((room - sum) / silent as f32).max(0.0);
        return columns.iter().map(|column| asked(column).unwrap_or(rest)).collect();
    }
    let factor = if sum > 0.0 { (room / sum).max(1.0) } else { 1.0 };
    columns.iter().map(|column| asked(column).unwrap_or(0.0) * factor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(min: f32, max: f32) -> Column {
        Column { min, max, ..Column::default() }
    }

    fn check(columns: &[Column], room: f32, expected: &[f32]) {
        let found = distributed(columns, room, false);
        let is_near = found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.1);
        assert!(is_near, "{found:?} instead of {expected:?} in {room}");
    }

    #[test]
    fn columns_get_what_they_want_and_share_the_rest_by_it() {
        check(&[column(10.0, 100.0), column(10.0, 300.0)], 400.0, &[100.0, 300.0]);
        check(&[column(10.0, 100.0), column(10.0, 300.0)], 800.0, &[200.0, 600.0]);
    }

    #[test]
    fn columns_give_way_by_what_they_can() {
        check(&[column(100.0, 100.0), column(0.0, 300.0)], 250.0, &[100.0, 150.0]);
        check(&[column(100.0, 200.0), column(100.0, 300.0)], 350.0, &[150.0, 200.0]);
    }

    #[test]
    fn given_widths_come_before_wishes() {
        let given = Column { is_given: true, ..column(10.0, 100.0) };
        check(&[given, column(10.0, 500.0)], 300.0, &[100.0, 200.0]);
        check(&[given, column(10.0, 50.0)], 300.0, &[100.0, 200.0]);
        check(&[given, given], 300.0, &[150.0, 150.0]);
    }

    #[test]
    fn shares_are_of_the_table() {
        let quarter = Column { share: Some(0.25), ..column(10.0, 20.0) };
        let rest = Column { share: Some(0.75), ..column(10.0, 20.0) };
        check(&[quarter, rest], 400.0, &[100.0, 300.0]);
        check(&[quarter, column(10.0, 20.0)], 400.0, &[100.0, 300.0]);
    }
}
