//! Random queries over generated messages find what reading every message finds.

use super::*;

const WORDS: [&str; 10] = ["apple", "pear", "plum", "fig", "東京", "大阪", "zürich", "lime", "app", "date"];

/// A small generator (xorshift): the same messages and queries on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }
}

struct Generated {
    key: MessageKey,
    subject: Vec<&'static str>,
    body: Vec<&'static str>,
    unread: bool,
    archived: bool,
}

fn generate(fixture: &Fixture, random: &mut Random) -> Vec<Generated> {
    let mut all = Vec::new();
    for number in 0..300 {
        let words = |random: &mut Random, most| (0..=random.below(most)).map(|_| random.word()).collect::<Vec<_>>();
        let (subject, body) = (words(random, 3), words(random, 6));
        let key = fixture.receive_mail(&mail(number, &subject.join(" "), &body.join(" ")));
        let (unread, archived) = (random.below(3) > 0, random.below(4) == 0);
        all.push(Generated { key, subject, body, unread, archived });
    }
    let chosen = |is: fn(&Generated) -> bool| all.iter().filter(|m| is(m)).map(|m| m.key).collect::<Vec<_>>();
    block_on(fixture.store.set_flag(chosen(|m| !m.unread), Flag::Seen, true)).unwrap();
    block_on(fixture.store.move_to(chosen(|m| m.archived), Role::Archive)).unwrap();
    all.reverse();
    all
}

type Holds = Box<dyn Fn(&Generated) -> bool>;

/// A query, and the same as a question to a message.
fn query(random: &mut Random, depth: usize) -> (String, Holds) {
    let kinds = if depth == 0 { 6 } else { 9 };
    match random.below(kinds) {
        0 => {
            let word = random.word();
            (word.into(), Box::new(move |m| m.subject.contains(&word) || m.body.contains(&word)))
        }
        1 => {
            let word = random.word();
            (format!("subject:{word}"), Box::new(move |m| m.subject.contains(&word)))
        }
        2 => {
            let beginning = ["ap", "p", "zu", "大"][random.below(4)];
            let begins = move |words: &[&str]| words.iter().any(|word| word.replace('ü', "u").starts_with(beginning));
            (format!("{beginning}*"), Box::new(move |m| begins(&m.subject) || begins(&m.body)))
        }
        3 => {
            let (one, two) = (random.word(), random.word());
            let has = move |words: &[&str]| words.windows(2).any(|pair| pair == [one, two]);
            (format!("\"{one} {two}\""), Box::new(move |m| has(&m.subject) || has(&m.body)))
        }
        4 => ("is:unread".into(), Box::new(|m| m.unread)),
        5 => ("in:archive".into(), Box::new(|m| m.archived)),
        6 => {
            let (inner, holds) = query(random, depth - 1);
            (format!("-({inner})"), Box::new(move |m| !holds(m)))
        }
        kind => {
            let ((one, first), (two, second)) = (query(random, depth - 1), query(random, depth - 1));
            if kind == 7 {
                (format!("({one} {two})"), Box::new(move |m| first(m) && second(m)))
            } else {
                (format!("({one} OR {two})"), Box::new(move |m| first(m) || second(m)))
            }
        }
    }
}

#[test]
fn a_random_query_finds_what_reading_every_message_finds() {
    let fixture = Fixture::new();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let all = generate(&fixture, &mut random);
    fixture.index_all();
    let mut hits = 0;
    for _ in 0..600 {
        let (typed, holds) = query(&mut random, 3);
        let expected: Vec<MessageKey> =
            all.iter().filter(|message| holds(message)).map(|message| message.key).collect();
        assert_eq!(fixture.find(&typed), expected, "{typed}");
        hits += usize::from(!expected.is_empty() && expected.len() < all.len());
    }
    assert!(hits > 200, "most queries divide the messages: {hits}");
}

#[test]
fn a_word_and_what_is_being_typed_find_what_reading_every_message_finds() {
    let fixture = Fixture::new();
    let all = generate(&fixture, &mut Random(0x9E37_79B9_7F4A));
    fixture.index_all();
    for word in ["apple", "fig", "app", "東京", "is:unread", ""] {
        for typed in ["p", "pl", "l", "f", "d", "z", "ap", "x", "appl", "plum", "Pear", "lime", "exam", "zzzz"] {
            for not in ["", "-"] {
                let holds = |m: &&Generated| {
                    let words: Vec<&str> = m.subject.iter().chain(&m.body).copied().collect();
                    let begins = |other: &&str| other.starts_with(&typed.to_lowercase());
                    let is_beside = match word {
                        "is:unread" => m.unread,
                        word => word.is_empty() || words.contains(&word),
                    };
                    // The addresses of all of them.
                    is_beside && (typed == "exam" || words.iter().any(begins)) == not.is_empty()
                };
                let expected: Vec<MessageKey> = all.iter().filter(holds).map(|m| m.key).collect();
                finds_in_every_way(&fixture, &format!("{word} {not}{typed}"), &expected);
            }
        }
    }
}

/// At once, page by page, and counted.
fn finds_in_every_way(fixture: &Fixture, typed: &str, expected: &[MessageKey]) {
    assert_eq!(fixture.find_as(typed, true), expected, "{typed}");
    let query = Query::parse(typed, true, &now()).unwrap();
    let mut paged: Vec<MessageKey> = Vec::new();
    loop {
        let last = paged.last().copied();
        let next = block_on(fixture.store.search(query.clone(), None, last, 7, Asking::default())).unwrap();
        if next.keys.is_empty() {
            break;
        }
        paged.extend(next.keys);
    }
    assert_eq!(paged, expected, "{typed}, page by page");
    let count = block_on(fixture.store.count_found(query, None, Asking::default()));
    assert_eq!(count, Ok(expected.len() as u64), "{typed}");
}
