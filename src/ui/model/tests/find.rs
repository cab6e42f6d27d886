//! Help while a search is typed, and what is remembered.

use super::open;
use crate::engine::{Command, Event, Person, SavedSearch, SearchId, Searches};
use crate::store::types::MessageKey;
use crate::ui::action::Action;
use crate::ui::model::{Dialog, SuggestionKind};
use crate::ui::testing::Desk;

fn search(desk: &mut Desk, text: &str) {
    desk.act(Action::Search(text.into()));
    desk.serve();
}

fn ana() -> Person {
    Person { name: "Ana Duarte".into(), address: "ana@example.net".into(), is_written_to: true }
}

/// What is offered behind the last character, and what it would make of the text.
fn offered(desk: &mut Desk, text: &str) -> Vec<String> {
    search(desk, text);
    let caret = text.chars().count();
    if let Some(text) = desk.model.people_wanted(caret) {
        desk.act(Action::AskPeople { text, writing: false });
        desk.serve();
    }
    let with = |at: std::ops::Range<usize>, with: &str| {
        let before: String = text.chars().take(at.start).collect();
        format!("{before}{with}")
    };
    desk.model.suggestions(caret).into_iter().map(|found| with(found.at, &found.with)).collect()
}

#[test]
fn operators_their_values_and_people_are_offered_where_they_fit() {
    let mut desk = Desk::of(3);
    desk.people = vec![ana()];
    for (typed, expected) in [
        ("su", vec!["subject:"]),
        ("lunch su", vec!["lunch subject:"]),
        ("is:", vec!["is:unread ", "is:read ", "is:starred ", "is:answered ", "is:forwarded "]),
        ("is:un", vec!["is:unread "]),
        ("is:unread", vec![]),
        ("-is:s", vec!["-is:starred "]),
        ("in:a", vec!["in:archive "]),
        ("account:w", vec!["account:Work "]),
        ("on:last", vec!["on:\"last week\" ", "on:\"last month\" ", "on:\"last year\" "]),
        ("on:\"last w", vec!["on:\"last week\" "]),
        ("from:a", vec!["from:ana@example.net "]),
        ("dua", vec!["from:ana@example.net "]),
        ("lunch ", vec![]),
        ("zzz", vec![]),
    ] {
        assert_eq!(offered(&mut desk, typed), expected, "{typed}");
    }
}

#[test]
fn people_of_a_word_that_was_typed_on_from_are_not_offered() {
    let mut desk = Desk::of(3);
    search(&mut desk, "from:an");
    desk.act(Action::AskPeople { text: "an".into(), writing: false });
    desk.act(Action::Search("from:ane".into()));
    desk.act(Action::AskPeople { text: "ane".into(), writing: false });
    desk.answer("ListPeople “an”", Event::People(vec![ana()]));
    assert!(desk.model.suggestions(8).is_empty());
    desk.answer("ListPeople “ane”", Event::People(Vec::new()));
    assert!(desk.model.suggestions(8).is_empty());
    assert!(desk.act(Action::AskPeople { text: "ane".into(), writing: false }).is_empty(), "it was asked");
}

#[test]
fn an_empty_field_offers_what_was_searched_for_and_to_forget_it() {
    let mut desk = Desk::of(3);
    assert!(desk.model.suggestions(0).iter().all(|found| found.kind == SuggestionKind::Operator));
    desk.hear(Event::Searches(Searches { past: vec!["lunch".into(), "is:unread".into()], saved: Vec::new() }));
    let shown: Vec<String> = desk.model.suggestions(0).into_iter().map(|found| found.shown).collect();
    assert_eq!(shown, ["lunch", "is:unread", "Forget these searches"]);
    desk.act(Action::ForgetSearches);
    desk.serve();
    assert!(desk.model.search.past.is_empty());
}

#[test]
fn a_search_is_remembered_when_it_was_meant_or_led_to_a_message() {
    let mut desk = Desk::of(3);
    search(&mut desk, "mess");
    assert!(desk.model.search.past.is_empty(), "a step on the way");
    open(&mut desk, 0);
    search(&mut desk, "message 2");
    desk.act(Action::RememberSearch);
    assert!(desk.act(Action::RememberSearch).is_empty(), "once is enough");
    desk.serve();
    assert_eq!(desk.model.search.past, ["message 2", "mess"]);
}

#[test]
fn visible_results_say_where_something_was_found_and_late_answers_are_ignored() {
    let mut desk = Desk::of(3);
    desk.act(Action::RowsVisible(0, 2));
    desk.serve();
    search(&mut desk, "text of");
    let shown =
        |desk: &Desk, key| desk.model.search.snippets.of_message(MessageKey(key)).map(|found| found.text.clone());
    assert_eq!(shown(&desk, 3).as_deref(), Some("Text of message 3."));
    assert_eq!(shown(&desk, 1), None, "it is not on the screen");
    desk.act(Action::RowsVisible(1, 3));
    assert_eq!(desk.asked(), ["LoadSnippets “text of” (1)"], "the others are known");
    desk.act(Action::Search("message".into()));
    desk.answer("Search “message”", desk.found(&desk.model.search_wanted().unwrap(), None, 200));
    assert_eq!(shown(&desk, 3), None, "what was found before is not what is found now");
    desk.answer("LoadSnippets “text of”", Event::Snippets(vec![(MessageKey(1), None)]));
    desk.serve();
    assert_eq!(shown(&desk, 2).as_deref(), Some("Text of message 2."));
}

#[test]
fn a_search_is_saved_opened_changed_and_removed() {
    let mut desk = Desk::of(3);
    search(&mut desk, "message 2");
    desk.act(Action::NameSearch(None));
    let Some(Dialog::Search(dialog)) = &mut desk.model.dialog else { panic!("no dialog") };
    assert_eq!((dialog.text.as_str(), dialog.is_complete()), ("message 2", false));
    dialog.name = "Second".into();
    assert_eq!(desk.act(Action::SaveSearch), ["SaveSearch Second: message 2"]);
    let saved = SavedSearch { id: SearchId(7), name: "Second".into(), text: "message 2".into() };
    desk.answer("SaveSearch", Event::Searches(Searches { past: Vec::new(), saved: vec![saved.clone()] }));
    assert!(desk.model.is_open(&saved));
    desk.act(Action::EndSearch);
    desk.serve();
    assert!(!desk.model.is_open(&saved));
    desk.act(Action::OpenSaved(SearchId(7)));
    desk.serve();
    assert_eq!((desk.model.messages.keys.len(), desk.model.is_open(&saved)), (1, true));
    desk.act(Action::NameSearch(Some(SearchId(7))));
    let Some(Dialog::Search(dialog)) = &desk.model.dialog else { panic!("no dialog") };
    assert_eq!((dialog.id, dialog.name.as_str()), (Some(SearchId(7)), "Second"));
    desk.act(Action::RemoveSaved(SearchId(7)));
    assert!(matches!(desk.open.last().unwrap().command, Command::RemoveSearch { id: SearchId(7) }));
}
