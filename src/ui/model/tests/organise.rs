//! Mailboxes and tags of one's own: choosing, naming, showing at once.

use super::{chosen, key, select};
use crate::engine::{Event, Organisation};
use crate::store::types::{MailboxView, OwnMailbox, OwnMailboxId, Role, Tag, TagId};
use crate::ui::action::{Action, Selecting};
use crate::ui::model::{Choice, Choosing, Dialog, Marked};
use crate::ui::testing::{Desk, failed};

fn organised() -> Organisation {
    let mailboxes = ["Projects", "Projects/House", "Receipts"];
    let tags = ["Later", "Tax"];
    let mailboxes = (1..).zip(mailboxes).map(|(id, name)| OwnMailbox { id: OwnMailboxId(id), name: name.into() });
    let tags = (1..).zip(tags).map(|(id, name)| Tag { id: TagId(id), name: name.into(), color: 1 });
    Organisation { mailboxes: mailboxes.collect(), tags: tags.collect(), history: Vec::new() }
}

/// Rows are on the screen, and the first of them is selected.
fn desk() -> Desk {
    let mut desk = Desk::of(5);
    desk.act(Action::RowsVisible(0, 5));
    desk.hear(Event::Organisation(Box::new(organised())));
    desk.act(select(0, Selecting::Only));
    desk.serve();
    desk
}

fn names(desk: &Desk) -> Vec<String> {
    desk.model.choices().into_iter().map(|choosable| choosable.name).collect()
}

fn typed(desk: &mut Desk, text: &str) -> Vec<String> {
    desk.model.chooser.as_mut().unwrap().filter = text.into();
    names(desk)
}

#[test]
fn where_it_goes_is_chosen_by_a_part_of_the_name() {
    let mut desk = desk();
    desk.act(Action::OpenChooser(Choosing::Mailbox));
    let all = ["Projects", "Projects/House", "Receipts", "Archive", "Junk", "Trash"];
    assert_eq!(names(&desk), all, "but not where it is");
    for (text, fitting) in [
        ("hou", &["Projects/House", "New mailbox “hou”"][..]),
        ("RECEIPTS", &["Receipts"]),
        ("r", &["Receipts", "Projects", "Projects/House", "Archive", "Trash", "New mailbox “r”"]),
        (" Boat ", &["New mailbox “Boat”"]),
    ] {
        assert_eq!(typed(&mut desk, text), fitting, "{text}");
    }
    let to = desk.model.choices()[0].choice.clone();
    assert_eq!(to, Choice::NewMailbox("Boat".into()));
    assert_eq!(desk.act(Action::Choose(to)), ["AddMailbox { path: \"Boat\" }"]);
    assert!(desk.model.chooser.is_none());
    let mut more = organised();
    more.mailboxes.push(OwnMailbox { id: OwnMailboxId(9), name: "Boat".into() });
    desk.hear(Event::Organisation(Box::new(more)));
    let asked = desk.answer("AddMailbox", Event::MailboxAdded(OwnMailboxId(9)));
    assert!(asked.contains(&format!("MoveMessages 5 to {}", Role::Own(OwnMailboxId(9)))), "{asked:?}");
    assert_eq!(desk.model.messages.index_of(key(5)), None, "it has left the list at once");
}

#[test]
fn a_move_to_ones_own_mailbox_says_its_name() {
    let mut desk = desk();
    desk.act(Action::OpenChooser(Choosing::Mailbox));
    desk.act(Action::Choose(Choice::Mailbox(Role::Own(OwnMailboxId(2)))));
    desk.answer("MoveMessages", Event::Moved(Vec::new()));
    assert_eq!(desk.model.toast.clone().unwrap().text, "Moved to Projects/House");
}

#[test]
fn nothing_is_chosen_for_nothing() {
    let mut desk = Desk::of(0);
    desk.act(Action::OpenChooser(Choosing::Tags));
    assert!(desk.model.chooser.is_none());
}

#[test]
fn tags_are_turned_one_after_the_other_and_show_at_once() {
    let mut desk = desk();
    let tags = |desk: &Desk, n| desk.model.messages.row(key(n)).unwrap().tags.clone();
    let marks = |desk: &Desk| desk.model.choices().iter().map(|choosable| choosable.marked).collect::<Vec<_>>();
    desk.act(Action::OpenChooser(Choosing::Tags));
    assert_eq!(marks(&desk), [Marked::Off, Marked::Off]);
    assert_eq!(desk.act(Action::Choose(Choice::Tag(TagId(2)))), ["TagMessages 2 true of 5"]);
    assert_eq!(desk.act(Action::Choose(Choice::Tag(TagId(1)))), ["TagMessages 1 true of 5"]);
    assert_eq!((tags(&desk, 5), marks(&desk)), (vec![TagId(1), TagId(2)], vec![Marked::On, Marked::On]));
    assert_eq!(desk.act(Action::Choose(Choice::Tag(TagId(1)))), ["TagMessages 1 false of 5"]);
    assert_eq!(tags(&desk, 5), [TagId(2)]);
    assert_eq!(desk.model.reading.message.as_ref().unwrap().row.tags, [TagId(2)]);

    desk.act(Action::CloseChooser);
    desk.act(select(1, Selecting::Toggle));
    assert_eq!(chosen(&desk), [5, 4]);
    desk.act(Action::OpenChooser(Choosing::Tags));
    assert_eq!(marks(&desk), [Marked::Off, Marked::Some]);
    assert_eq!(desk.act(Action::Choose(Choice::Tag(TagId(2)))), ["TagMessages 2 true of 5 4"], "on for all");
    desk.answer("TagMessages 2 true of 5 4", failed("Could not tag the message"));
    desk.serve();
    assert_eq!(desk.model.notices.len(), 1);
    assert_eq!(tags(&desk, 4), [], "as the store says");
}

#[test]
fn a_new_tag_is_put_on_what_it_was_made_for() {
    let mut desk = desk();
    desk.act(Action::OpenChooser(Choosing::Tags));
    assert_eq!(typed(&mut desk, "urgent"), ["New tag “urgent”"]);
    let choice = desk.model.choices()[0].choice.clone();
    assert_eq!(desk.act(Action::Choose(choice)), ["AddTag { name: \"urgent\", color: 2 }"]);
    assert_eq!(desk.model.chooser.as_ref().unwrap().filter, "");
    assert_eq!(desk.answer("AddTag", Event::TagAdded(TagId(3))), ["TagMessages 3 true of 5"]);
}

#[test]
fn a_tag_is_looked_for_by_its_name() {
    let mut desk = desk();
    let mut organisation = organised();
    organisation.tags[0].name = "to do".into();
    desk.hear(Event::Organisation(Box::new(organisation)));
    for (id, text) in [(1, "tag:\"to do\""), (2, "tag:Tax")] {
        desk.act(Action::ShowTag(TagId(id)));
        assert_eq!(desk.model.search.text, text);
    }
}

#[test]
fn names_are_asked_for_and_given() {
    let mut desk = desk();
    let typed = |desk: &Desk| match &desk.model.dialog {
        Some(Dialog::Name(dialog)) => dialog.typed.clone(),
        _ => panic!("no name is asked for"),
    };
    let name = |desk: &mut Desk, text: &str| {
        let Some(Dialog::Name(dialog)) = &mut desk.model.dialog else { panic!("no name is asked for") };
        dialog.typed = text.into();
    };
    desk.act(Action::NameMailbox(Some(OwnMailboxId(1))));
    assert_eq!(typed(&desk), "Projects/");
    desk.act(Action::NameMailbox(None));
    assert!(desk.act(Action::ConfirmName).is_empty(), "it has none yet");
    name(&mut desk, "Boat");
    assert_eq!(desk.act(Action::ConfirmName), ["AddMailbox { path: \"Boat\" }"]);
    assert!(desk.model.dialog.is_none());

    desk.act(Action::RenameMailbox(OwnMailboxId(3)));
    assert_eq!(typed(&desk), "Receipts");
    name(&mut desk, "Bills");
    assert_eq!(desk.act(Action::ConfirmName), ["RenameMailbox { id: OwnMailboxId(3), path: \"Bills\" }"]);
    desk.act(Action::RenameTag(TagId(2)));
    name(&mut desk, "Taxes");
    let asked = desk.act(Action::ConfirmName);
    assert!(asked[0].starts_with("ChangeTag(Tag { id: TagId(2), name: \"Taxes\", color: 1"), "{asked:?}");
}

#[test]
fn when_the_open_mailbox_is_removed_its_messages_are_shown_where_they_went() {
    let mut desk = desk();
    desk.act(Action::ShowMailbox(MailboxView { role: Role::Own(OwnMailboxId(3)), account: None }));
    desk.act(Action::RemoveMailbox(OwnMailboxId(3)));
    let mut organisation = organised();
    organisation.mailboxes.truncate(2);
    desk.hear(Event::Organisation(Box::new(organisation)));
    desk.answer("RemoveMailbox", Event::MailboxRemoved(2));
    let toast = desk.model.toast.clone().unwrap();
    assert_eq!((toast.text.as_str(), toast.undo), ("Removed Receipts; its 2 messages are in Archive", true));
    assert_eq!(desk.model.messages.view.role, Role::Archive);
}

#[test]
fn a_mailbox_made_for_a_move_takes_what_was_selected_then_and_not_what_is_selected_by_now() {
    let mut desk = desk();
    desk.act(Action::OpenChooser(Choosing::Mailbox));
    desk.act(Action::Choose(Choice::NewMailbox("Boat".into())));
    desk.act(Action::MoveCursor { by: 1, extend: false });
    desk.serve();
    assert_eq!(chosen(&desk), [4], "the person reads on while the store is busy");
    let asked = desk.answer("AddMailbox", Event::MailboxAdded(OwnMailboxId(9)));
    assert!(asked.contains(&format!("MoveMessages 5 to {}", Role::Own(OwnMailboxId(9)))), "{asked:?}");
    assert_eq!(desk.model.messages.index_of(key(5)), None);
    assert_eq!(chosen(&desk), [4], "what is read stays so");
}

#[test]
fn a_chooser_closes_when_what_it_was_opened_for_is_gone() {
    let mut desk = desk();
    desk.act(Action::OpenChooser(Choosing::Mailbox));
    desk.hear(Event::MailChanged);
    desk.serve();
    assert!(desk.model.chooser.is_some(), "other mail is nothing to it");
    desk.places.insert(key(5), Role::Trash);
    desk.hear(Event::MailChanged);
    desk.serve();
    assert!(desk.model.chooser.is_none(), "there is nothing left to move");
}

#[test]
fn the_end_of_the_open_mailbox_does_not_end_a_search() {
    let mut desk = desk();
    let own = MailboxView { role: Role::Own(OwnMailboxId(3)), account: None };
    desk.act(Action::ShowMailbox(own));
    desk.serve();
    desk.act(Action::Search("subject".into()));
    desk.serve();
    let fewer = Organisation { mailboxes: organised().mailboxes[..2].to_vec(), ..organised() };
    desk.hear(Event::Organisation(Box::new(fewer)));
    desk.serve();
    assert!(desk.model.shows_results());
    assert_eq!(desk.model.search.text, "subject");
    desk.act(Action::EndSearch);
    desk.serve();
    assert_eq!(desk.model.messages.view.role, Role::Archive, "there is no other to come back to");
}

#[test]
fn the_tag_whose_messages_are_listed_is_the_one_that_is_open() {
    let mut desk = desk();
    let open = |desk: &Desk| organised().tags.iter().filter(|tag| desk.model.is_tag_open(tag)).count();
    assert_eq!(open(&desk), 0);
    desk.act(Action::ShowTag(TagId(2)));
    desk.serve();
    assert_eq!(open(&desk), 1);
    desk.act(Action::SearchHere(true));
    desk.serve();
    assert_eq!(open(&desk), 0, "only a part of them");
}
