//! How the window looks and works for this person: kept with its place and size, not with the mail.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Keymap, Model};

/// What of the window's looks is remembered. What an older version did not know of is as new.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    pub density: Density,
    pub columns: Columns,
    /// The list has one row a conversation.
    pub grouped: bool,
    pub keys: Keymap,
    /// Sections of the sidebar that show their name alone.
    pub folded: BTreeSet<String>,
}

/// How much of a message a row shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Density {
    /// Two lines and a half.
    #[default]
    Comfortable,
    /// One line, in columns.
    Compact,
}

/// The columns of compact rows, from the left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Columns(pub Vec<Column>);

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    pub what: ColumnOf,
    /// Points. The subject takes what the others leave.
    pub width: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ColumnOf {
    Sender,
    Subject,
    Tags,
    Account,
    Size,
    Date,
}

/// The narrowest and the widest that a column is made, points.
const NARROWEST: f32 = 36.0;
const WIDEST: f32 = 600.0;

impl Default for Columns {
    fn default() -> Self {
        Self([ColumnOf::Sender, ColumnOf::Subject, ColumnOf::Date].map(Column::of).into())
    }
}

impl ColumnOf {
    pub const ALL: [Self; 6] = [Self::Sender, Self::Subject, Self::Tags, Self::Account, Self::Size, Self::Date];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sender => "Sender",
            Self::Subject => "Subject",
            Self::Tags => "Tags",
            Self::Account => "Account",
            Self::Size => "Size",
            Self::Date => "Date",
        }
    }
}

impl Column {
    /// As it is when it is first shown.
    pub fn of(what: ColumnOf) -> Self {
        let width = match what {
            ColumnOf::Sender => 130.0,
            ColumnOf::Subject => 200.0,
            ColumnOf::Tags => 110.0,
            ColumnOf::Account => 90.0,
            ColumnOf::Size => 64.0,
            ColumnOf::Date => 78.0,
        };
        Self { what, width }
    }
}

impl Columns {
    pub fn has(&self, what: ColumnOf) -> bool {
        self.0.iter().any(|column| column.what == what)
    }

    /// Shown, or no longer. The subject is always: without it a row says nothing.
    #[must_use]
    pub fn with_turned(mut self, what: ColumnOf) -> Self {
        if what == ColumnOf::Subject {
            return self;
        }
        if self.has(what) {
            self.0.retain(|column| column.what != what);
        } else {
            // Before the first that comes after it where nothing was reordered.
            let rank = |what| ColumnOf::ALL.iter().position(|other| *other == what);
            let place = self.0.iter().position(|column| rank(column.what) > rank(what)).unwrap_or(self.0.len());
            self.0.insert(place, Column::of(what));
        }
        self
    }

    /// The column that stands at `from` comes to stand before the one at `before`.
    #[must_use]
    pub fn with_moved(mut self, from: usize, before: usize) -> Self {
        if from < self.0.len() {
            let column = self.0.remove(from);
            let place = if before > from { before - 1 } else { before };
            self.0.insert(place.min(self.0.len()), column);
        }
        self
    }

    /// The edge at the right of the column at `index` is dragged by so many points. Beside the subject it is the other column
    /// that grows or shrinks.
    #[must_use]
    pub fn with_edge_moved(mut self, index: usize, by: f32) -> Self {
        let is_subject = self.0.get(index).is_none_or(|column| column.what == ColumnOf::Subject);
        let (index, by) = if is_subject { (index + 1, -by) } else { (index, by) };
        if let Some(column) = self.0.get_mut(index) {
            column.width = (column.width + by).clamp(NARROWEST, WIDEST);
        }
        self
    }

    /// As it can be shown: each column once, the subject among them, and no width that a file could have made up.
    #[must_use]
    fn mended(self) -> Self {
        let mut mended = Self(Vec::new());
        for column in self.0 {
            if !mended.has(column.what) {
                let width = if column.width.is_finite() { column.width } else { NARROWEST };
                mended.0.push(Column { width: width.clamp(NARROWEST, WIDEST), ..column });
            }
        }
        if mended.has(ColumnOf::Subject) { mended } else { Self::default() }
    }
}

impl Look {
    /// From what was kept; as new where that cannot be read.
    pub fn of_kept(kept: &str) -> Self {
        let look: Self = serde_json::from_str(kept).unwrap_or_default();
        Self { columns: look.columns.mended(), ..look }
    }

    /// Folds a section of the sidebar, or unfolds it.
    pub(super) fn fold(&mut self, section: String) {
        if !self.folded.remove(&section) {
            self.folded.insert(section);
        }
    }

    /// To be kept.
    pub fn to_keep(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Model {
    pub(super) fn set_density(&mut self, density: Density) {
        self.look.density = density;
        // The same rows stand elsewhere now.
        self.messages.reveal += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(columns: &Columns) -> Vec<&'static str> {
        columns.0.iter().map(|column| column.what.name()).collect()
    }

    #[test]
    fn what_is_kept_is_read_again_and_what_is_broken_is_as_new() {
        let mut look = Look { density: Density::Compact, ..Look::default() };
        look.columns = look.columns.with_turned(ColumnOf::Size).with_moved(0, 4).with_edge_moved(1, -20.0);
        assert_eq!(Look::of_kept(&look.to_keep()), look);
        for broken in ["", "{", "[]", r#"{"density":"Enormous"}"#, r#"{"columns":[]}"#] {
            assert_eq!(Look::of_kept(broken), Look::default(), "{broken}");
        }
        let odd = r#"{"density":"Compact","columns":[{"what":"Subject","width":-5},{"what":"Subject","width":9e9}]}"#;
        let mended = Look::of_kept(odd);
        assert_eq!((names(&mended.columns), mended.density), (vec!["Subject"], Density::Compact));
        assert!(mended.columns.0[0].width >= NARROWEST);
    }

    #[test]
    fn columns_are_chosen_moved_and_resized() {
        let columns = Columns::default();
        assert_eq!(names(&columns), ["Sender", "Subject", "Date"]);
        let columns = columns.with_turned(ColumnOf::Size).with_turned(ColumnOf::Tags);
        assert_eq!(names(&columns), ["Sender", "Subject", "Tags", "Size", "Date"]);
        assert_eq!(names(&columns.clone().with_turned(ColumnOf::Subject)), names(&columns), "it stays");
        assert_eq!(names(&columns.clone().with_moved(4, 0)), ["Date", "Sender", "Subject", "Tags", "Size"]);
        assert_eq!(names(&columns.clone().with_moved(0, 2)), ["Subject", "Sender", "Tags", "Size", "Date"]);
        let width = |columns: &Columns, index: usize| columns.0[index].width;
        let wider = columns.clone().with_edge_moved(0, 30.0);
        assert_eq!(width(&wider, 0), width(&columns, 0) + 30.0);
        let narrower = columns.clone().with_edge_moved(1, 30.0);
        assert_eq!(width(&narrower, 2), width(&columns, 2) - 30.0, "the neighbour of the subject gives way");
        assert_eq!(width(&columns.with_edge_moved(0, -900.0), 0), NARROWEST);
    }
}
