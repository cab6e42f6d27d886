use futures::executor::block_on;

use super::super::testing::{self, Fixture, NOON, arrival};
use super::super::types::{MailboxView, Role};
use super::*;

fn names(fixture: &Fixture) -> Vec<String> {
    block_on(fixture.store.organisation()).unwrap().mailboxes.into_iter().map(|mailbox| mailbox.name).collect()
}

fn add(fixture: &Fixture, path: &str) -> Result<OwnMailboxId, Error> {
    block_on(fixture.store.add_mailbox(path.into()))
}

fn undo(fixture: &Fixture) -> String {
    block_on(fixture.store.undo(None)).unwrap().unwrap().words()
}

fn listed(fixture: &Fixture, id: OwnMailboxId) -> Vec<MessageKey> {
    block_on(fixture.store.keys(MailboxView { role: Role::Own(id), account: None })).unwrap()
}

#[test]
fn mailboxes_lie_in_each_other_and_are_listed_by_their_names() {
    let fixture = Fixture::new();
    for path in ["Receipts", "projects/House", " Projects / Boat ", "Projects-old", "Äpfel"] {
        add(&fixture, path).unwrap();
    }
    let expected = ["projects", "projects/Boat", "projects/House", "Projects-old", "Receipts", "Äpfel"];
    assert_eq!(names(&fixture), expected);
    let again = block_on(fixture.store.own_mailbox("PROJECTS/house".into())).unwrap();
    let made = block_on(fixture.store.own_mailbox("Projects/House/Roof".into())).unwrap();
    assert_ne!(again, made);
    assert_eq!(names(&fixture).len(), 7);
}

#[test]
fn a_name_that_could_not_be_shown_or_searched_for_is_refused() {
    let fixture = Fixture::new();
    add(&fixture, "Receipts").unwrap();
    let long = "x".repeat(81);
    for path in ["", " / ", "a//b", "receipts", "Inbox", "TRASH", "a\"b", "1/2/3/4/5/6/7/8/9", long.as_str()] {
        assert!(matches!(add(&fixture, path), Err(Error::Name(_))), "{path}");
        let tag = block_on(fixture.store.add_tag(path.into(), 0));
        assert_eq!(
            tag.is_err(),
            !matches!(path, "a//b" | "receipts" | "Inbox" | "TRASH" | "1/2/3/4/5/6/7/8/9" | " / ")
        );
    }
    assert_eq!(names(&fixture), ["Receipts"]);
}

#[test]
fn messages_of_every_account_go_to_the_same_mailbox_and_back() {
    let fixture = Fixture::new();
    let home = block_on(fixture.store.save_account(testing::account("Home"))).unwrap();
    let ours = fixture.receive(b"ours");
    let theirs = block_on(fixture.store.deliver(home, vec![arrival(b"t", b"theirs")], NOON)).unwrap()[0].key.unwrap();
    let receipts = add(&fixture, "Receipts").unwrap();
    let both = vec![ours, theirs];
    assert_eq!(block_on(fixture.store.move_to(both.clone(), Role::Own(receipts))).unwrap().len(), 2);
    let mut found = listed(&fixture, receipts);
    found.sort();
    assert_eq!(found, both);
    let of_home = MailboxView { role: Role::Own(receipts), account: Some(home) };
    assert_eq!(block_on(fixture.store.keys(of_home)).unwrap(), [theirs]);
    assert_eq!(block_on(fixture.store.row(theirs)).unwrap().role, Role::Own(receipts));
    let counts = block_on(fixture.store.counts()).unwrap();
    let ours_of = |count: &&super::super::types::MailboxCount| count.role == Role::Own(receipts);
    assert_eq!(counts.iter().filter(ours_of).map(|count| (count.total, count.unread)).collect::<Vec<_>>(), [(1, 1); 2]);

    block_on(fixture.store.move_to(both.clone(), Role::Trash)).unwrap();
    block_on(fixture.store.restore(both.clone())).unwrap();
    assert_eq!(listed(&fixture, receipts).len(), 2, "out of Trash, where they were");
    assert_eq!(block_on(fixture.store.move_to(both, Role::Own(OwnMailboxId(99)))), Err(Error::NotFound));
}

#[test]
fn a_mailbox_that_is_removed_leaves_its_messages_in_archive_until_it_comes_back() {
    let fixture = Fixture::new();
    let [a, b] = [b"a", b"b"].map(|octets| fixture.receive(octets));
    let house = add(&fixture, "Projects/House").unwrap();
    let projects = block_on(fixture.store.own_mailbox("Projects".into())).unwrap();
    block_on(fixture.store.move_to(vec![a], Role::Own(house))).unwrap();
    block_on(fixture.store.move_to(vec![b], Role::Own(projects))).unwrap();
    assert_eq!(block_on(fixture.store.remove_mailbox(projects)), Ok(2));
    assert_eq!((names(&fixture), fixture.keys(Role::Archive).len()), (vec![], 2));
    assert_eq!(block_on(fixture.store.move_to(vec![a], Role::Own(house))), Err(Error::NotFound), "it is gone");

    let fixture = fixture.reopened();
    assert_eq!(undo(&fixture), "Undone: removed the mailbox Projects, 2 messages");
    assert_eq!(names(&fixture), ["Projects", "Projects/House"]);
    assert_eq!((listed(&fixture, house), listed(&fixture, projects)), (vec![a], vec![b]));
    block_on(fixture.store.redo()).unwrap().unwrap();
    assert_eq!((names(&fixture), fixture.keys(Role::Archive).len()), (vec![], 2));
}

#[test]
fn what_lay_in_a_mailbox_that_was_removed_is_restored_to_archive() {
    let fixture = Fixture::new();
    let key = fixture.receive(b"a");
    let house = add(&fixture, "House").unwrap();
    block_on(async {
        let store = &fixture.store;
        store.move_to(vec![key], Role::Own(house)).await.unwrap();
        store.move_to(vec![key], Role::Trash).await.unwrap();
        store.remove_mailbox(house).await.unwrap();
        store.restore(vec![key]).await.unwrap();
    });
    assert_eq!(fixture.keys(Role::Archive), [key]);
}

#[test]
fn a_name_that_was_taken_meanwhile_gets_a_number() {
    let fixture = Fixture::new();
    let first = add(&fixture, "A/B").unwrap();
    let outer = block_on(fixture.store.own_mailbox("A".into())).unwrap();
    block_on(fixture.store.remove_mailbox(outer)).unwrap();
    let removal = block_on(fixture.store.organisation()).unwrap().history[0].id;
    add(&fixture, "a").unwrap();
    block_on(fixture.store.undo(Some(removal))).unwrap();
    assert_eq!(names(&fixture), ["a", "A 2", "A 2/B"]);
    assert_eq!(name_of(&fixture.sql(), first), Ok(Some("A 2/B".into())));
}

#[test]
fn what_lies_in_a_mailbox_is_renamed_with_it() {
    let fixture = Fixture::new();
    let outer = add(&fixture, "Work").unwrap();
    add(&fixture, "Work/2025").unwrap();
    add(&fixture, "Workshop").unwrap();
    let rename = |id, path: &str| block_on(fixture.store.rename_mailbox(id, path.into()));
    rename(outer, "Old/Job").unwrap();
    assert_eq!(names(&fixture), ["Old", "Old/Job", "Old/Job/2025", "Workshop"]);
    assert_eq!(rename(outer, "old/job/2025"), Err(TAKEN));
    assert_eq!(rename(outer, "Old/Job/2026/x"), Err(Error::Name("lies within itself")));
    assert_eq!(rename(outer, "OLD/job/x"), Err(Error::Name("lies within itself")), "in whatever letters");
    rename(outer, "Old/JOB").unwrap();
    assert_eq!(names(&fixture)[2], "Old/JOB/2025");
    undo(&fixture);
    undo(&fixture);
    assert_eq!(names(&fixture), ["Work", "Work/2025", "Workshop"], "what was made for it is gone, too");
}

#[test]
fn a_mailbox_in_use_is_not_undone() {
    let fixture = Fixture::new();
    let key = fixture.receive(b"a");
    let house = add(&fixture, "House").unwrap();
    let making = block_on(fixture.store.organisation()).unwrap().history[0].id;
    block_on(fixture.store.move_to(vec![key], Role::Own(house))).unwrap();
    let undone = block_on(fixture.store.undo(Some(making))).unwrap().unwrap();
    assert_eq!(undone.words(), "Not undone: made the mailbox House. It is in use");
    assert_eq!((names(&fixture), listed(&fixture, house)), (vec!["House".to_owned()], vec![key]));
}

#[test]
fn tags_are_on_messages_until_they_are_taken_off_or_forgotten() {
    let fixture = Fixture::new();
    let key = fixture.receive(b"a");
    let store = &fixture.store;
    let tags = || block_on(store.row(key)).unwrap().tags;
    let known = || block_on(store.organisation()).unwrap().tags;
    let [tax, zebra] =
        [("Tax", 9), ("zebra", 2)].map(|(name, color)| block_on(store.add_tag(name.into(), color)).unwrap());
    assert_eq!(block_on(store.add_tag("TAX".into(), 0)), Err(TAKEN));
    block_on(store.tag(vec![key], zebra, true)).unwrap();
    block_on(store.tag(vec![key], tax, true)).unwrap();
    assert_eq!(tags(), [tax, zebra]);
    assert_eq!(block_on(store.tag(vec![key, MessageKey(5)], tax, false)), Err(Error::NotFound));
    assert_eq!(tags(), [tax, zebra], "nothing was changed");
    block_on(store.tag(vec![key], zebra, false)).unwrap();
    block_on(store.change_tag(Tag { id: tax, name: "Taxes".into(), color: 3 })).unwrap();
    block_on(store.remove_tag(tax)).unwrap();
    assert_eq!((tags(), known().len()), (vec![], 1));
    block_on(store.undo(None)).unwrap();
    assert_eq!(tags(), [tax], "its messages have kept it");
    assert_eq!(known()[0], Tag { id: tax, name: "Taxes".into(), color: 3 });
    block_on(store.undo(None)).unwrap();
    assert_eq!(known()[0], Tag { id: tax, name: "Tax".into(), color: 1 });
    assert_eq!(undo(&fixture), "Undone: took “zebra” off 1 message");
    assert_eq!(tags(), [tax, zebra]);
}
