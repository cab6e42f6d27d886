//! Contact cards (vCard 2.1, 3.0 and 4.0: RFC 2426, RFC 6350): who it is, and how to reach them.

use super::content_line::{self, ContentLine};
use super::sanitize;

/// Cards that are read of one file.
const MAX_CARDS: usize = 200;
/// Lines of one kind that are shown of a card, and characters of each.
const MAX_VALUES: usize = 20;
const MAX_CHARS: usize = 300;

/// A card, fit for the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    pub name: String,
    /// Organisation and title, each as it stands there.
    pub work: Vec<String>,
    pub mail: Vec<String>,
    /// Numbers with what they are for: “+49 30 1234 (work)”.
    pub phones: Vec<String>,
    pub addresses: Vec<String>,
    pub pages: Vec<String>,
    pub note: String,
}

/// The cards of a file. Total.
pub fn read(text: &str) -> Vec<Card> {
    let mut cards: Vec<Card> = Vec::new();
    let mut is_open = false;
    for line in content_line::read(text) {
        match (line.name.as_str(), line.value.trim().eq_ignore_ascii_case("VCARD")) {
            ("BEGIN", true) if cards.len() < MAX_CARDS => {
                cards.push(Card::default());
                is_open = true;
            }
            ("BEGIN" | "END", true) => is_open = false,
            _ => {
                if let Some(card) = cards.last_mut().filter(|_| is_open) {
                    card.add(&line);
                }
            }
        }
    }
    cards.retain(|card| *card != Card::default());
    cards
}

impl Card {
    fn add(&mut self, line: &ContentLine) {
        let text = || sanitize::line_of(&line.text(), MAX_CHARS);
        match line.name.as_str() {
            "FN" => self.name = text(),
            "N" if self.name.is_empty() => self.name = spoken_name(&line.parts()),
            "ORG" => push(&mut self.work, joined(&line.parts())),
            "TITLE" | "ROLE" => push(&mut self.work, text()),
            "EMAIL" => push(&mut self.mail, text()),
            "TEL" => push(&mut self.phones, phone(line)),
            "ADR" => push(&mut self.addresses, joined(&line.parts())),
            "URL" => push(&mut self.pages, text()),
            "NOTE" => self.note = sanitize::line_of(&line.text(), 4 * MAX_CHARS),
            _ => (),
        }
    }
}

fn push(values: &mut Vec<String>, value: String) {
    if !value.is_empty() && values.len() < MAX_VALUES && !values.contains(&value) {
        values.push(value);
    }
}

/// Family, given, further, before, behind (RFC 6350 §6.2.2), as one says them.
fn spoken_name(parts: &[String]) -> String {
    let part = |at: usize| parts.get(at).map(String::as_str).unwrap_or_default();
    let spoken = [part(3), part(1), part(2), part(0), part(4)].join(" ");
    sanitize::line_of(&spoken.replace(',', " "), MAX_CHARS)
}

fn joined(parts: &[String]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| sanitize::line(part)).filter(|part| !part.is_empty()).collect();
    sanitize::line_of(&parts.join(", "), MAX_CHARS)
}

fn phone(line: &ContentLine) -> String {
    let number = line.text();
    let number = sanitize::line_of(number.strip_prefix("tel:").unwrap_or(&number), MAX_CHARS);
    let kinds = line.params.iter().filter(|(name, _)| name == "TYPE").flat_map(|(_, kinds)| kinds.split(','));
    let kind = kinds.map(str::to_ascii_lowercase).find_map(|kind| match kind.as_str() {
        "home" => Some("home"),
        "work" => Some("work"),
        "cell" => Some("mobile"),
        "fax" => Some("fax"),
        _ => None,
    });
    match kind {
        Some(kind) if !number.is_empty() => format!("{number} ({kind})"),
        _ => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_of_three_versions_are_read() {
        let found = read(
            "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ana Duarte\r\nORG:Malote;Mail\r\nTITLE:Engineer\r\nEMAIL;TYPE=work:ana@example.org\r\n\
             TEL;VALUE=uri;TYPE=\"voice,cell\":tel:+351-21-555\r\nADR:;;Rua 1;Lisboa;;1000;Portugal\r\nURL:https://example.org\r\nNOTE:Two\\nlines\r\nPHOTO:data:abc\r\nEND:VCARD\r\n\
             BEGIN:VCARD\r\nVERSION:2.1\r\nN:Brandt;Ole;;Dr.\r\nTEL;WORK;FAX:123\r\nEND:VCARD\r\n\
             BEGIN:VCARD\r\nEND:VCARD\r\n",
        );
        assert_eq!(found.len(), 2);
        assert_eq!(
            found[0],
            Card {
                name: "Ana Duarte".into(),
                work: vec!["Malote, Mail".into(), "Engineer".into()],
                mail: vec!["ana@example.org".into()],
                phones: vec!["+351-21-555 (mobile)".into()],
                addresses: vec!["Rua 1, Lisboa, 1000, Portugal".into()],
                pages: vec!["https://example.org".into()],
                note: "Two lines".into(),
            }
        );
        assert_eq!(
            (found[1].name.as_str(), found[1].phones.as_slice()),
            ("Dr. Ole Brandt", &["123 (work)".to_owned()][..])
        );
    }

    #[test]
    fn a_card_holds_nothing_that_hides_or_moves_text() {
        let found = read(&format!("BEGIN:VCARD\nFN:a\u{202E}b\nEMAIL:{}\n", "x".repeat(100_000)));
        assert_eq!(found[0].name, "ab");
        assert_eq!(found[0].mail[0].chars().count(), MAX_CHARS);
        assert!(read("FN:nobody").is_empty());
    }
}
