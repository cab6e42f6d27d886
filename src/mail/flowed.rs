//! format=flowed (RFC 3676): paragraphs that were broken for the way are put together again, and broken for it.

/// Undoes the breaking of a `format=flowed` text with LF line ends. `delsp`: blanks at line ends were put there for the
/// breaking only. Quote marks stay, each followed by no blank but the last (`>> text`).
pub fn unflow(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None; // quote depth of a paragraph that goes on
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        let depth = line.bytes().take_while(|&b| b == b'>').count();
        let content = line.get(depth..).unwrap_or_default();
        let content = content.strip_prefix(' ').unwrap_or(content); // space-stuffing, §4.4
        let is_signature_mark = content == "-- ";
        if open == Some(depth) && !is_signature_mark {
            out.push_str(content);
        } else {
            end_line(&mut out, open.is_some());
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 && !content.is_empty() || depth == 0 && content.starts_with('>') {
                out.push(' '); // so that text is not taken for a mark
            }
            out.push_str(content);
        }
        open = (content.ends_with(' ') && !is_signature_mark).then_some(depth);
        match open {
            Some(_) if delsp => drop(out.pop()),
            Some(_) => (),
            None => out.push('\n'),
        }
    }
    end_line(&mut out, open.is_some());
    out
}

/// A paragraph that said it would go on, but does not.
fn end_line(out: &mut String, is_open: bool) {
    if is_open {
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
}

/// Columns after which a line is broken (RFC 3676 §4.2).
const WIDTH: usize = 72;
/// Octets of a line without a blank that are sent unbroken: RFC 5322 §2.1.1 allows 998.
const MAX_LINE_BYTES: usize = 900;

/// Breaks a text for sending: long paragraphs softly, quoted lines not at all unless they must be. LF line ends.
pub fn flow(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        let is_quote = line.starts_with('>');
        let line = if line == "-- " { line } else { line.trim_end_matches([' ', '\t']) };
        if is_quote || line.chars().take(WIDTH + 7).count() < WIDTH + 7 {
            push_hard(&mut out, line, !is_quote);
        } else {
            flow_paragraph(&mut out, line);
        }
    }
    out
}

fn flow_paragraph(out: &mut String, line: &str) {
    let mut row = String::new();
    let mut width = 0;
    for word in line.split_inclusive(' ') {
        let length = word.trim_end_matches(' ').chars().count();
        if width > 0 && width + length > WIDTH && row.ends_with(' ') {
            push_hard(out, &row, true);
            row.clear();
            width = 0;
        }
        row.push_str(word);
        width += word.chars().count();
    }
    push_hard(out, &row, true);
}

/// Writes one line: stuffed where it could be misread (§4.4), cut where it is too long for any line.
fn push_hard(out: &mut String, line: &str, stuffs: bool) {
    let mut rest = line;
    loop {
        if stuffs && (rest.starts_with(' ') || rest.starts_with('>') || rest.starts_with("From ")) {
            out.push(' ');
        }
        let end = rest.floor_char_boundary(MAX_LINE_BYTES);
        let (now, later) = rest.split_at_checked(end).unwrap_or((rest, ""));
        out.push_str(now);
        out.push('\n');
        if later.is_empty() {
            return;
        }
        rest = later;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_paragraphs_are_joined() {
        for (text, delsp, joined) in [
            ("one \ntwo\nthree\n", false, "one two\nthree\n"),
            ("zusam \nmen\n", true, "zusammen\n"),
            ("> quo \n> ted\nmine\n", false, "> quo ted\nmine\n"),
            (">> deep \n> less\n", false, ">> deep\n> less\n"),
            (" From here\n >no quote\n", false, "From here\n >no quote\n"),
            ("text \n-- \nme\n", false, "text\n-- \nme\n"),
            ("a \n\nb\n", false, "a \nb\n"),
            ("ends open ", false, "ends open\n"),
            ("", false, "\n"),
        ] {
            assert_eq!(unflow(text, delsp), joined, "{text:?}");
        }
    }

    #[test]
    fn what_is_broken_for_sending_comes_back_whole() {
        let long = "word ".repeat(100) + "end";
        for text in [
            long.as_str(),
            "short\n\n  indented\nFrom me\n>quoted line that is kept\nlast",
            "no\nchange",
            "-- \nme",
            "日本語のとても長い文章です。".repeat(20).as_str(),
        ] {
            let flowed = flow(text);
            assert!(flowed.lines().all(|line| line.len() <= 998), "{text:?}");
            let back = unflow(&flowed, false);
            assert_eq!(back.replace("> ", ">"), format!("{text}\n"), "{flowed:?}");
        }
        assert!(flow(&long).lines().all(|line| line.len() <= WIDTH + 2));
        assert!(flow(&"x".repeat(5000)).lines().all(|line| line.len() <= 998));
    }
}
