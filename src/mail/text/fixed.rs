//! Lines whose columns mean something: patches, tables, drawings. Set in letters of different widths they fall apart.

use super::{Setting, unquoted};

/// Lines below each other that make a table.
const TABLE_LINES: usize = 3;

/// The setting of every line of a text.
pub(super) fn settings(text: &str) -> Vec<Setting> {
    let mut all: Vec<Setting> = Vec::new();
    let mut in_patch = false;
    let mut run = 0;
    let mut lines = text.split('\n').map(|line| unquoted(line).1).peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        in_patch |= begins_patch(line, next);
        in_patch &= goes_on(line);
        run = if has_columns(line) { run + 1 } else { 0 };
        all.push(match in_patch {
            true => of_patch(line),
            false if run >= TABLE_LINES => Setting::Fixed,
            false => Setting::Prose,
        });
        if run == TABLE_LINES && !in_patch {
            // The lines before it are of the table, too.
            all.iter_mut().rev().take(TABLE_LINES).for_each(|setting| *setting = Setting::Fixed);
        }
    }
    all
}

fn begins_patch(line: &str, next: &str) -> bool {
    line.starts_with("diff --git ")
        || (line.starts_with("--- ") && next.starts_with("+++ "))
        || (line.starts_with("@@ -") && line.contains(" @@"))
}

/// Whether a line can be of a patch; the dashes of a signature end what git makes.
fn goes_on(line: &str) -> bool {
    const WORDS: [&str; 9] =
        ["diff ", "index ", "new ", "deleted ", "old ", "similarity ", "rename ", "copy ", "Binary "];
    line != "-- "
        && (line.is_empty()
            || line.starts_with([' ', '+', '-', '@', '\\'])
            || WORDS.iter().any(|word| line.starts_with(word)))
}

fn of_patch(line: &str) -> Setting {
    match line.as_bytes() {
        [b'@', b'@', ..] => Setting::Place,
        _ if line.starts_with("+++") || line.starts_with("---") || line.starts_with("diff ") => Setting::Place,
        [b'+', ..] => Setting::Added,
        [b'-', ..] => Setting::Removed,
        _ => Setting::Fixed,
    }
}

/// Octets of a line that are looked at.
const LOOKED_AT_BYTES: usize = 400;

/// Whether a line looks like a row of a table or of a drawing: bars, rules, or words far apart.
fn has_columns(line: &str) -> bool {
    let line = line.get(..line.floor_char_boundary(LOOKED_AT_BYTES)).unwrap_or_default().trim();
    let bars = line.chars().filter(|c| matches!(c, '|' | '│' | '║' | '┃')).count();
    let has_box = line.contains(['─', '┌', '└', '├', '═', '╔']);
    let is_rule =
        line.len() >= 5 && line.contains("--") && line.chars().all(|c| matches!(c, '-' | '+' | '=' | '|' | ' '));
    let gaps = line.split("   ").filter(|piece| !piece.trim().is_empty()).count();
    bars >= 2 || has_box || (is_rule && line.contains(['+', '|', ' '])) || gaps >= 3 || line.matches('\t').count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> String {
        let letter = |setting: &Setting| match setting {
            Setting::Prose => 'p',
            Setting::Fixed => 'f',
            Setting::Added => '+',
            Setting::Removed => '-',
            Setting::Place => '@',
        };
        settings(text).iter().map(letter).collect()
    }

    #[test]
    fn patches_and_tables_keep_their_columns_and_prose_does_not() {
        for (text, expected) in [
            (
                "Hello,\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@ fn\n same\n-out\n+in\n-- \n2.43",
                "pp@@@@f-+pp",
            ),
            ("> --- a/x\n> +++ b/x\n> +in\n>", "@@+f"),
            ("| a | b |\n|---|---|\n| 1 | 2 |\nend", "fffp"),
            ("name   size   day\nfoo    12     Mon\nbar    13     Tue", "fff"),
            ("┌──┐\n│ab│\n└──┘", "fff"),
            ("a | b\nonly one | line | of it\nplain", "ppp"),
            ("- one\n- two\n+ three\n--- \nprose", "ppppp"),
            ("Words.  Two blanks after a full stop.\nAnd again.  So.\nAnd so.  On.", "ppp"),
            ("", "p"),
        ] {
            assert_eq!(set(text), expected, "{text}");
        }
    }

    #[test]
    fn a_line_of_five_megabytes_takes_no_time() {
        for piece in ["|", "   a", "-", "\t", "+-"] {
            assert_eq!(settings(&piece.repeat(5_000_000 / piece.len())).len(), 1);
        }
    }
}
