//! A field of recipients, in which people are offered while one types.

use std::ops::Range;

use egui::{Id, Response, TextEdit, Ui};

use super::action::Action;
use super::icons::Icon;
use super::model::People;
use super::popup;
use super::theme;

/// The field of this name, which `label` shows.
pub fn people_edit(
    ui: &mut Ui,
    (name, label): (&str, Id),
    text: &mut String,
    people: &People,
    actions: &mut Vec<Action>,
) -> Response {
    let id = Id::unique(("recipients", name));
    let caret = popup::caret(ui, id, text);
    let (word, at) = recipient_at(text, caret);
    let open = popup::is_open(ui, id) && !word.is_empty();
    let offered: Vec<_> =
        if open { people.of(&word).iter().filter(|person| person.address != word).collect() } else { Vec::new() };
    let row = |person: &&crate::engine::Person| popup::Row {
        icon: Some(Icon::Person),
        text: if person.name.is_empty() { person.address.clone() } else { person.name.clone() },
        note: if person.name.is_empty() { String::new() } else { person.address.clone() },
    };
    let rows: Vec<popup::Row> = offered.iter().map(row).collect();
    let taken = popup::keys(ui, id, &rows, true);
    let width = ui.available_width() - 80.0;
    let edit = TextEdit::singleline(text)
        .id(id)
        .lock_focus(!rows.is_empty())
        .frame(egui::Frame::NONE)
        .desired_width(width)
        .align(egui::Align2::LEFT_CENTER)
        .font(theme::body());
    let response = ui.add(edit).labelled_by(label);
    let taken = taken.or(popup::popup_ui(ui, id, response.rect, &rows));
    if let Some(person) = taken.and_then(|taken| offered.get(taken)) {
        let with = format!("{}, ", person.as_recipient());
        popup::put_caret(ui, id, at.start + with.chars().count());
        *text = replaced(text, &at, &with);
        actions.push(Action::DraftEdited);
        return response;
    }
    if response.changed() {
        actions.push(Action::DraftEdited);
    }
    if response.has_focus() && !word.is_empty() && word != people.asked {
        actions.push(Action::AskPeople { text: word, writing: true });
    }
    response
}

/// What is being typed between commas, up to the caret, and the characters that it takes.
fn recipient_at(text: &str, caret: usize) -> (String, Range<usize>) {
    let mut begin = 0;
    let mut quoted = false;
    for (at, c) in text.chars().take(caret).enumerate() {
        match c {
            '"' => quoted = !quoted,
            ',' | ';' if !quoted => begin = at + 1,
            c if c.is_whitespace() && begin == at => begin = at + 1,
            _ => {}
        }
    }
    let begin = begin.min(caret);
    (text.chars().take(caret).skip(begin).collect(), begin..caret)
}

fn replaced(text: &str, at: &Range<usize>, with: &str) -> String {
    let before = text.chars().take(at.start);
    let after: String = text.chars().skip(at.end).collect();
    let after = after.trim_start_matches([',', ';', ' ']);
    before.chain(with.chars()).chain(after.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipient_at_the_caret_is_the_one_that_is_completed() {
        for (typed, word, after) in [
            ("an|", "an", "X, "),
            ("bo@example.org, an|", "an", "bo@example.org, X, "),
            ("\"Berg, Ole\" <o@example.net>,an|", "an", "\"Berg, Ole\" <o@example.net>,X, "),
            ("an|, bo@example.org", "an", "X, bo@example.org"),
            ("Ana Du|", "Ana Du", "X, "),
            ("bo@example.org, |", "", "bo@example.org, X, "),
            ("|", "", "X, "),
        ] {
            let caret = typed.chars().position(|c| c == '|').unwrap();
            let text = typed.replace('|', "");
            let (found, at) = recipient_at(&text, caret);
            assert_eq!((found.as_str(), replaced(&text, &at, "X, ").as_str()), (word, after), "{typed}");
        }
    }
}
