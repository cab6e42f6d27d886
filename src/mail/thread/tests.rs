//! What answers what, and that nothing gets lost whatever the headers say.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// The partition of messages into threads as the definition has it: a number for each, equal for those of one thread.
pub(crate) fn threads(messages: &[Related]) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..messages.len()).collect();
    let mut of_id: HashMap<&str, usize> = HashMap::new();
    for (number, message) in messages.iter().enumerate() {
        for id in message.names() {
            let (one, other) = (labels[number], labels[*of_id.entry(id).or_insert(number)]);
            labels.iter_mut().filter(|label| **label == other).for_each(|label| *label = one);
        }
    }
    labels
}

/// `name:a,b` a word: the message `name` with the References a and b, a second after the one before.
fn mail(words: &str) -> (Vec<String>, Vec<Related>) {
    let message = |(date, word): (i64, &str)| {
        let (name, references) = word.split_once(':').unwrap_or((word, ""));
        let references = references.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect();
        let related = Related { message_id: Some(name.into()), references, date, ..Related::default() };
        (name.to_owned(), related)
    };
    (0..).zip(words.split_whitespace()).map(message).unzip()
}

/// The tree in words: siblings side by side, what answers in parentheses behind what it answers; `?` is not here.
fn written(names: &[String], placed: &[Placed]) -> String {
    let mut words = String::new();
    let mut depth = 0;
    for (number, place) in placed.iter().enumerate() {
        match (number, place.depth > depth) {
            (0, _) => {}
            (_, true) => words.push_str(" ("),
            (_, false) => words.push_str(&format!("{} ", ")".repeat(depth - place.depth))),
        }
        depth = place.depth;
        words.push_str(place.message.map_or("?", |message| &names[message]));
    }
    words + &")".repeat(depth)
}

#[track_caller]
fn check(words: &str, expected: &str) {
    let (names, messages) = mail(words);
    assert_eq!(written(&names, &tree(&messages)), expected, "{words}");
}

#[test]
fn what_answers_stands_below_what_it_answers() {
    check("", "");
    check("a", "a");
    check("a b:a c:a,b d:a", "a (b (c) d)");
    check("a b", "a b");
    check("c:a,b b:a a", "a (b (c))");
    check("a b:a d:a,b,c", "a (b (d))");
}

#[test]
fn what_is_not_here_is_shown_only_where_it_holds_several_together() {
    check("b:a", "b");
    check("b:a c:a", "? (b c)");
    check("c:a,b d:a,b", "? (c d)");
    check("c:a,b d:a e:a", "? (c d e)");
    check("a c:a,b d:a,b", "a (c d)");
    check("x c:a,b y d:b", "x ? (c d) y");
}

#[test]
fn a_message_knows_best_what_it_answers_and_others_speak_for_those_that_say_nothing() {
    check("a b c:a,b", "a (b (c))");
    check("a b:x c:a,b", "a b (c)");
    check("a b:a x c:x,b", "a (b (c)) x");
}

#[test]
fn circles_are_cut_at_their_oldest() {
    check("a:a", "a");
    check("a:b b:a", "a (b)");
    check("b:c c:a a:b", "b (a (c))");
    check("a:b,a", "a");
    check("a:x,y b:y,x", "? (a b)");
    check("d:a,b,a,b e:b", "? (d e)");
}

#[test]
fn messages_with_the_same_id_all_have_a_place() {
    check("a b:a a b:a c:b", "a (b (c) b) a");
}

#[test]
fn in_reply_to_counts_where_there_are_no_references_and_is_no_address() {
    let related = |references: &[&str], in_reply_to: &[&str]| Related {
        references: references.iter().map(ToString::to_string).collect(),
        in_reply_to: in_reply_to.iter().map(ToString::to_string).collect(),
        addresses: "Ana@example.org, bo@example.org".into(),
        ..Related::default()
    };
    assert_eq!(related(&["a", "b"], &["c"]).ancestors(), ["a", "b"]);
    assert_eq!(related(&[], &["c", "d"]).ancestors(), ["c"]);
    assert_eq!(related(&[""], &["c"]).ancestors(), ["c"]);
    assert_eq!(related(&[], &["ana@example.org", "d"]).ancestors(), ["d"]);
}

#[test]
fn of_too_many_references_the_first_and_the_nearest_count() {
    let references: Vec<String> = (0..5000).map(|n| n.to_string()).collect();
    let related = Related { message_id: Some("x".into()), references, ..Related::default() };
    let ancestors = related.ancestors();
    assert_eq!(ancestors.len(), MOST_REFERENCES);
    assert_eq!((ancestors[0], ancestors[1], *ancestors.last().unwrap()), ("0", "4901", "4999"));
    assert_eq!(related.names()[0], "x");
}

#[test]
fn a_thread_of_a_hundred_thousand_is_a_tree_however_deep() {
    let id = |n: i64| format!("{n}@example.org");
    let flat = |n: i64| if n == 0 { vec![] } else { vec![id(0)] };
    let deep = |n: i64| if n == 0 { vec![] } else { vec![id(0), id(n - 1)] };
    let circle = |n: i64| vec![id((n + 1) % 100_000)];
    for (name, references, depth) in
        [("flat", &flat as &dyn Fn(i64) -> Vec<String>, 1), ("deep", &deep, 99_999), ("in a circle", &circle, 99_999)]
    {
        let message = |n| Related { message_id: Some(id(n)), references: references(n), date: n, ..Related::default() };
        let messages: Vec<Related> = (0..100_000).map(message).collect();
        let placed = tree(&messages);
        assert_eq!((placed.len(), placed.iter().map(|place| place.depth).max()), (100_000, Some(depth)), "{name}");
    }
}

/// Mail in which everything may name everything, itself too, and ids are used again.
pub(crate) fn any_mail(most: usize) -> impl Strategy<Value = Vec<Related>> {
    let id = || (0..12u8).prop_map(|n| if n == 0 { String::new() } else { n.to_string() });
    let message = (
        proptest::option::of(id()),
        proptest::collection::vec(id(), 0..2),
        proptest::collection::vec(id(), 0..4),
        0..6i64,
    );
    let message = message.prop_map(|(message_id, in_reply_to, references, date)| Related {
        message_id,
        in_reply_to,
        references,
        date,
        ..Related::default()
    });
    proptest::collection::vec(message, 0..most)
}

proptest! {
    #[test]
    fn every_message_has_one_place_and_below_it_stand_only_messages_of_its_thread(messages in any_mail(30)) {
        let placed = tree(&messages);
        let mut here: Vec<usize> = placed.iter().filter_map(|place| place.message).collect();
        here.sort_unstable();
        prop_assert_eq!(here, (0..messages.len()).collect::<Vec<_>>());
        let labels = threads(&messages);
        let mut path: Vec<Option<usize>> = Vec::new();
        for place in &placed {
            prop_assert!(place.depth <= path.len(), "it is one below the one before, or further out");
            path.truncate(place.depth);
            if let Some(message) = place.message {
                let above = path.iter().flatten().next();
                prop_assert!(above.is_none_or(|&above| labels[above] == labels[message]));
            }
            path.push(place.message);
        }
    }

    #[test]
    fn the_order_in_which_messages_are_given_does_not_matter(messages in any_mail(12)) {
        let mut messages = messages;
        (0..).zip(&mut messages).for_each(|(date, message)| message.date = date);
        let expected = tree(&messages);
        let last = messages.len().saturating_sub(1);
        messages.reverse();
        let back = |place: Placed| Placed { message: place.message.map(|message| last - message), ..place };
        prop_assert_eq!(tree(&messages).into_iter().map(back).collect::<Vec<_>>(), expected);
    }
}
