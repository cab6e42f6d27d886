//! What is found, and that the index is complete whatever happened.

use futures::executor::block_on;

use super::super::testing::{self, Fixture, NOON};
use super::super::types::{Flag, Role};
use super::super::{Arrival, Content, Indexed, Person, prepare};
use super::*;
use crate::account::AccountId;
use crate::mail::query::MAILBOXES;
use crate::mail::{Draft, Envelope, Searchable};

fn now() -> jiff::Zoned {
    jiff::Timestamp::from_second(NOON).unwrap().to_zoned(jiff::tz::TimeZone::UTC)
}

impl Fixture {
    fn receive_for(&self, account: AccountId, raw: &str) -> MessageKey {
        let arrival = prepare(Arrival {
            content: Content::Whole(raw.as_bytes().to_vec()),
            envelope: Envelope::from_raw(raw.as_bytes()),
            ..Arrival::default()
        });
        block_on(self.store.deliver(account, vec![arrival], NOON)).unwrap()[0].key.unwrap()
    }

    fn receive_mail(&self, raw: &str) -> MessageKey {
        self.receive_for(self.account, raw)
    }

    /// One batch, as the engine does it; how many are left.
    fn index_some(&self, most: usize) -> u64 {
        let left = block_on(self.store.left_to_index()).unwrap();
        let next = block_on(self.store.to_index(most)).unwrap();
        let batch: Vec<Indexed> = next
            .into_iter()
            .map(|message| Indexed {
                key: message.key,
                sha256: message.sha256,
                words: Some(Searchable::from_raw(&self.raw(message.key))),
            })
            .collect();
        let done = batch.len() as u64;
        block_on(self.store.index(batch)).unwrap();
        left - done
    }

    fn index_all(&self) {
        while self.index_some(10) > 0 {}
    }

    fn find(&self, typed: &str) -> Vec<MessageKey> {
        self.find_as(typed, false)
    }

    fn find_as(&self, typed: &str, typing: bool) -> Vec<MessageKey> {
        let query = Query::parse(typed, typing, &now()).unwrap_or_else(|fault| panic!("{typed}: {fault:?}"));
        block_on(self.store.search(query, None, None, 1000, Asking::default())).unwrap().keys
    }
}

/// Mail with this subject and text, each a second newer than the one before.
fn mail(number: i64, subject: &str, text: &str) -> String {
    let date = jiff::Timestamp::from_second(NOON - 1_000_000 + number).unwrap();
    let date = date.to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    format!(
        "From: Ole Berg <ole@example.net>\r\nTo: Ana <ana@example.org>\r\nCc: bo@example.org\r\nDate: {date}\r\n\
         Subject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
}

#[test]
fn mail_in_the_worlds_scripts_is_found_by_two_characters_and_by_one() {
    let fixture = Fixture::new();
    let texts = [
        ("来自北京的问候", &["北京", "京的", "问候", "来", "候"][..]),
        ("東京タワーからこんにちは", &["東京", "タワー", "から", "は", "京タワ"]),
        ("สวัสดีจากกรุงเทพ", &["สวัสดี", "กรุงเทพ", "จาก"]),
        ("대한민국에서 안녕", &["민국", "대한민국", "안녕"]),
        ("ສະບາຍດີ", &["ບາຍ"]),
        ("သုံးပါ", &["ပါ"]),
        ("ជំរាបសួរ", &["សួរ"]),
        ("Grüße aus Ålesund", &["grusse", "grüße", "alesund", "ÅLESUND"]),
        ("Привет из Москвы", &["привет", "МОСКВЫ"]),
        ("Καλημέρα από την Αθήνα", &["αθηνα", "ΑΘΉΝΑ", "καλημέρα"]),
        ("दिल्ली से नमस्ते", &["दिल्ली", "नमस्ते"]),
        ("مَرحبا من القاهرة", &["مرحبا", "القاهرة"]),
        ("שָׁלוֹם מתל אביב", &["שלום", "אביב"]),
    ];
    let keys: Vec<_> = (0..).zip(&texts).map(|(n, (text, _))| fixture.receive_mail(&mail(n, "x", text))).collect();
    fixture.index_all();
    for (key, (text, words)) in keys.iter().zip(texts) {
        for word in words {
            // ß is no s with an accent: unicode61 leaves it.
            let expected = if *word == "grusse" { vec![] } else { vec![*key] };
            assert_eq!(fixture.find(word), expected, "“{word}” in “{text}”");
        }
    }
    assert_eq!(fixture.find("京北"), [], "the other way round it is another word");
    assert_eq!(fixture.find("दल्ला"), [], "vowel signs count");
}

#[test]
fn each_field_is_looked_into_by_its_own_name() {
    let fixture = Fixture::new();
    let raw = "From: Ole Berg <ole@example.net>\r\nTo: Ana <ana@example.org>\r\nCc: Bo <bo@example.org>\r\nSubject: Plan\r\n\
               Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nThe lighthouse.\r\n--b\r\n\
               Content-Disposition: attachment; filename=\"chart of tides.pdf\"\r\n\r\nx\r\n--b--\r\n";
    let key = fixture.receive_mail(raw);
    fixture.receive_mail(&mail(1, "other", "nothing of it"));
    fixture.index_all();
    for (typed, is_found) in [
        ("from:ole", true),
        ("from:berg", true),
        ("from:ole@example.net", true),
        ("from:ana", false),
        ("to:ana", true),
        ("to:bo", true),
        ("cc:bo", true),
        ("cc:ana", false),
        ("subject:plan", true),
        ("subject:lighthouse", false),
        ("body:lighthouse", true),
        ("body:plan", false),
        ("attachment:tides", true),
        ("attachment:chart.pdf", false),
        ("attachment:\"tides pdf\"", true),
        ("has:attachment", true),
        ("has:attachment plan -tides", false),
        ("plan OR nosuchword", true),
        ("(plan OR other) -has:attachment", false),
        ("\"the lighthouse\"", true),
        ("\"lighthouse the\"", false),
        ("light", false),
        ("light*", true),
        ("-nothing", true),
        ("\"\"\" lighthouse", true),
    ] {
        assert_eq!(fixture.find(typed).contains(&key), is_found, "{typed}");
    }
    assert!(fixture.find_as("ligh", true).contains(&key), "while it is typed");
}

#[test]
fn conditions_ask_the_rows() {
    let fixture = Fixture::new();
    let home = block_on(fixture.store.save_account(testing::account("100% Home"))).unwrap();
    let old = fixture.receive_mail(&mail(1, "old", "x"));
    let large = fixture.receive_mail(&mail(500_000, "large", &"long ".repeat(10_000)));
    let theirs = fixture.receive_for(home, &mail(900_000, "theirs", "x"));
    block_on(fixture.store.set_flag(vec![old], Flag::Seen, true)).unwrap();
    block_on(fixture.store.set_flag(vec![large], Flag::Starred, true)).unwrap();
    block_on(fixture.store.set_flag(vec![theirs], Flag::Answered, true)).unwrap();
    block_on(fixture.store.move_to(vec![old], Role::Archive)).unwrap();
    // Nothing is indexed: rows are enough.
    for (typed, found) in [
        ("is:read", vec![old]),
        ("is:unread", vec![theirs, large]),
        ("is:starred", vec![large]),
        ("is:answered", vec![theirs]),
        ("is:forwarded", vec![]),
        ("in:archive", vec![old]),
        ("in:inbox", vec![theirs, large]),
        ("account:work", vec![large, old]),
        ("account:100%", vec![theirs]),
        ("account:1000", vec![]),
        ("larger:20K", vec![large]),
        ("smaller:20K", vec![theirs, old]),
        ("is:read OR is:starred", vec![large, old]),
        ("-is:read -is:starred", vec![theirs]),
        ("newer:7d", vec![theirs, large]),
        ("older:7d", vec![old]),
        ("on:2023-11-03", vec![old]),
        ("after:2023-11-03 before:2023-11-10", vec![large]),
        ("", vec![theirs, large, old]),
    ] {
        assert_eq!(fixture.find(typed), found, "{typed}");
    }
    assert_eq!(MAILBOXES, Role::ALL.map(Role::word), "both know the same mailboxes");
}

#[test]
fn a_search_may_be_within_one_mailbox() {
    let fixture = Fixture::new();
    let keys: Vec<_> = (0..4).map(|n| fixture.receive_mail(&mail(n, "minutes", "x"))).collect();
    block_on(fixture.store.move_to(vec![keys[1]], Role::Trash)).unwrap();
    fixture.index_all();
    let find = |role, account| {
        let within = Some(MailboxView { role, account });
        let query = Query::parse("minutes", false, &now()).unwrap();
        block_on(fixture.store.search(query, within, None, 10, Asking::default())).unwrap().keys
    };
    assert_eq!(find(Role::Trash, None), [keys[1]]);
    assert_eq!(find(Role::Inbox, Some(fixture.account)), [keys[3], keys[2], keys[0]]);
    assert_eq!(find(Role::Inbox, Some(AccountId(77))), []);
}

#[test]
fn results_come_page_by_page_newest_first() {
    let fixture = Fixture::new();
    let mut keys: Vec<_> = (0..25).map(|n| fixture.receive_mail(&mail(n, "minutes", "x"))).collect();
    keys.reverse();
    fixture.index_all();
    for typed in ["minutes", "is:unread", "minutes is:unread"] {
        let query = Query::parse(typed, false, &now()).unwrap();
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = block_on(fixture.store.search(query.clone(), None, after, 10, Asking::default())).unwrap();
            assert_eq!(page.more, page.keys.len() == 10);
            after = page.keys.last().copied();
            all.extend(page.keys);
            if !page.more {
                break;
            }
        }
        assert_eq!(all, keys, "{typed}");
    }
}

#[test]
fn the_index_trails_and_says_so_and_goes_on_after_a_kill() {
    let fixture = Fixture::new();
    let keys: Vec<_> = (0..30).map(|n| fixture.receive_mail(&mail(n, "minutes", "x"))).collect();
    assert_eq!(fixture.index_some(10), 20);
    assert_eq!(fixture.find("minutes"), keys[20..].iter().rev().copied().collect::<Vec<_>>(), "the newest first");
    // A kill: what the disk holds at this moment, opened by another process.
    let image = testing::crash_image(fixture.folder.path());
    let after = Fixture { store: Store::open(image.path()).unwrap(), account: fixture.account, folder: image };
    let query = Query::parse("minutes", false, &now()).unwrap();
    let found = block_on(after.store.search(query, None, None, 100, Asking::default())).unwrap();
    assert_eq!((found.keys.len(), found.to_index), (10, 20));
    after.index_all();
    assert_eq!(after.find("minutes").len(), 30);
    assert_eq!(after.rows_of("to_index"), 0);
}

#[test]
fn what_is_removed_for_good_is_found_no_more_and_what_moves_is() {
    let fixture = Fixture::new();
    let keys: Vec<_> = (0..3).map(|n| fixture.receive_mail(&mail(n, "minutes", "x"))).collect();
    fixture.index_some(2);
    block_on(fixture.store.move_to(vec![keys[0], keys[2]], Role::Trash)).unwrap();
    assert_eq!(fixture.find("minutes"), [keys[2], keys[1]], "also in Trash");
    assert_eq!(fixture.find("minutes in:trash"), [keys[2]]);
    block_on(fixture.store.empty_trash(None)).unwrap();
    assert_eq!(fixture.find("minutes"), [keys[1]]);
    assert_eq!(fixture.rows_of("to_index"), 0, "what was not indexed yet needs no index any more");
    block_on(fixture.store.remove_account(fixture.account)).unwrap();
    assert_eq!(fixture.find("minutes"), []);
    assert_eq!(fixture.rows_of("search_docsize"), 0, "nothing is left of them");
    block_on(fixture.store.check()).unwrap();
}

#[test]
fn a_draft_is_found_by_what_it_says_now() {
    let fixture = Fixture::new();
    let save = |key, text: &str| {
        let raw = mail(1, "draft", text).into_bytes();
        let envelope = Envelope::from_raw(&raw);
        block_on(fixture.store.save_draft(fixture.account, key, Draft::default(), raw, envelope, NOON)).unwrap()
    };
    let key = save(None, "first");
    fixture.index_all();
    assert_eq!(fixture.find("first"), [key]);
    // Read for the index, saved again, and only then written into the index.
    let next = block_on(fixture.store.to_index(10)).unwrap();
    assert_eq!(next, []);
    save(Some(key), "second");
    let next = block_on(fixture.store.to_index(10)).unwrap();
    let late = Indexed {
        key,
        sha256: next[0].sha256,
        words: Some(Searchable { body: "second".into(), ..Searchable::default() }),
    };
    save(Some(key), "third");
    block_on(fixture.store.index(vec![late])).unwrap();
    assert_eq!(fixture.rows_of("to_index"), 1, "it is still marked");
    fixture.index_all();
    assert_eq!((fixture.find("first"), fixture.find("second"), fixture.find("third")), (vec![], vec![], vec![key]));
}

#[test]
fn a_message_whose_words_cannot_be_had_is_found_by_its_row() {
    let fixture = Fixture::new();
    let key = fixture.receive_mail(&mail(1, "Minutes", "lighthouse"));
    let next = block_on(fixture.store.to_index(1)).unwrap();
    block_on(fixture.store.index(vec![Indexed { key, sha256: next[0].sha256, words: None }])).unwrap();
    assert_eq!((fixture.find("subject:minutes from:berg to:ana"), fixture.rows_of("to_index")), (vec![key], 0));
}

#[test]
fn a_search_that_is_given_up_ends_and_harms_no_other() {
    let fixture = Fixture::new();
    let insert = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
                  INSERT INTO search (rowid, body) SELECT i, 'a' FROM n";
    fixture.sql().execute_batch(insert).unwrap();
    fixture.sql().execute_batch("INSERT INTO search_document SELECT id, id FROM search_docsize").unwrap();
    let query = Query::parse("(a OR b) is:unread", false, &now()).unwrap();
    let asking = Asking::default();
    asking.give_up();
    let search = |asking| block_on(fixture.store.search(query.clone(), None, None, 10, asking));
    assert_eq!(search(asking), Err(Error::GivenUp), "before it begins");

    // Rows of the index without a message: each is looked at, none is a result, so that it takes its time. Whether that is
    // long enough for the other thread is the machine's business; sooner or later it is.
    let given_up_while_running = (0..1000).any(|_| {
        let asking = Asking::default();
        let giving_up = std::thread::spawn({
            let asking = asking.clone();
            move || {
                while !asking.has_begun() {
                    std::thread::yield_now();
                }
                asking.give_up();
            }
        });
        let outcome = search(asking);
        giving_up.join().unwrap();
        outcome == Err(Error::GivenUp)
    });
    assert!(given_up_while_running);
    assert_eq!(search(Asking::default()).map(|found| found.keys), Ok(vec![]), "the next one is not interrupted");
}

#[test]
fn words_and_conditions_use_the_indexes_that_are_there_for_them() {
    let fixture = Fixture::new();
    for (typed, used) in [
        ("in:inbox", "SCAN message USING COVERING INDEX message_facts"),
        ("is:starred", "message_starred"),
        ("is:unread", "message_unread"),
        ("-is:unread", "message_read"),
        ("is:answered", "message_answered"),
        ("is:forwarded", "message_forwarded"),
        ("larger:5M", "message_large"),
        ("newer:7d", "SEARCH message USING COVERING INDEX message_facts (key>?)"),
        ("minutes", "SCAN search VIRTUAL TABLE"),
    ] {
        let query = Query::parse(typed, false, &now()).unwrap();
        let (sql, values) = Statement::of(&query).sql(None, 10);
        let db = fixture.sql();
        let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = explain.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        let plan = steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
        assert!(plan.contains(used), "{typed}: {plan}");
    }
}

#[test]
fn what_is_typed_is_found_from_its_first_letter_on() {
    let fixture = Fixture::new();
    let lamp = fixture.receive_mail(&mail(1, "Harbour", "the lamp is lit"));
    let gale = fixture.receive_mail(&mail(2, "Weather", "a gale; 東京 has none"));
    fixture.index_all();
    for (typed, expected) in [
        ("l", vec![lamp]),
        ("lam", vec![lamp]),
        ("lamps", vec![]),
        ("h", vec![gale, lamp]),
        ("subject:h", vec![lamp]),
        ("body:h", vec![gale]),
        ("from:b", vec![gale, lamp]),
        ("from:a", vec![]),
        ("to:b", vec![gale, lamp]),
        ("to:o", vec![gale, lamp]),
        ("from:ole@e", vec![gale, lamp]),
        ("from:ole@z", vec![]),
        ("東", vec![gale]),
        ("none 東", vec![gale]),
        ("lit h", vec![lamp]),
        ("the w", vec![]),
        ("l* h*", vec![lamp]),
        ("l* -w*", vec![lamp]),
        ("-l*", vec![gale]),
        ("w* OR li*", vec![gale, lamp]),
        ("w* is:unread", vec![gale]),
        ("w* is:read", vec![]),
        ("w* -none", vec![]),
        ("h* -none", vec![lamp]),
        ("h* before:1971-01-01", vec![]),
    ] {
        assert_eq!(fixture.find_as(typed, true), expected, "{typed}");
        let query = Query::parse(typed, true, &now()).unwrap();
        let counted = block_on(fixture.store.count_found(query, None, Asking::default())).unwrap();
        assert_eq!(counted, expected.len() as u64, "{typed}");
    }
    fixture.sql().execute("DELETE FROM message WHERE key = ?1", [lamp.0]).unwrap();
    assert_eq!((fixture.find("l*"), fixture.find("h*")), (vec![], vec![gale]));
    assert_eq!(
        ["search_document", "search_docsize", "search_beginning_docsize"].map(|t| fixture.rows_of(t)),
        [1, 1, 1]
    );
}

#[test]
fn whatever_is_typed_the_index_understands_what_it_is_asked() {
    let fixture = Fixture::new();
    fixture.receive_mail(&mail(1, "minutes", "x"));
    fixture.index_all();
    let many = ["-b ", "b ", "-(b) ", "-is:read ", "OR b ", "OR is:read "];
    let many = many.map(|piece| format!("a {}", piece.repeat(1990 / piece.len())));
    let odd = [
        "\"",
        "a\"b",
        "a\0b",
        "NEAR",
        "AND",
        "NOT",
        "a* b*",
        "Ⓐ",
        "①",
        "a^b",
        "{a}",
        "a:b",
        "-",
        "-a",
        "-(-a)",
        "(-a OR b)",
        "((a b) -c) OR d",
        "-(a -is:read)",
        "a OR is:unread",
        "from:(a -b)",
        "x -(is:read a)",
    ];
    for typed in odd.into_iter().chain(many.iter().map(String::as_str)) {
        if let Ok(query) = Query::parse(typed, true, &now()) {
            let outcome = block_on(fixture.store.search(query, None, None, 10, Asking::default()));
            assert!(outcome.is_ok(), "{typed}: {outcome:?}");
        }
    }
}

#[test]
fn the_text_of_what_is_attached_and_the_mailing_list_are_found() {
    let fixture = Fixture::new();
    let raw = "From: Ole <ole@example.net>\r\nSubject: Log\r\nList-Id: Night trains <trains.example.org>\r\n\
               Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee there.\r\n--b\r\n\
               Content-Type: text/csv; name=wind.csv\r\n\r\nday;gale\r\n--b\r\n\
               Content-Type: message/rfc822\r\n\r\nSubject: Forwarded lighthouse\r\n\r\nWith a lamp.\r\n--b--\r\n";
    let key = fixture.receive_mail(raw);
    fixture.receive_mail(&mail(1, "other", "nothing of it"));
    fixture.index_all();
    for typed in [
        "gale",
        "attachment:gale",
        "attachment:wind",
        "lighthouse",
        "lamp",
        "list:trains",
        "list:trains.example.org",
        "night",
    ] {
        assert_eq!(fixture.find(typed), [key], "{typed}");
    }
    for typed in ["body:gale", "subject:lighthouse", "list:ole", "list:gale"] {
        assert_eq!(fixture.find(typed), [], "{typed}");
    }
}

#[test]
fn what_is_found_is_counted() {
    let fixture = Fixture::new();
    for number in 0..30 {
        let word = if number % 3 == 0 { "lunch" } else { "dinner" };
        fixture.receive_mail(&mail(number, "meal", word));
    }
    fixture.index_all();
    for (typed, expected) in [
        ("", 30),
        ("lunch", 10),
        ("-lunch", 20),
        ("-lunch -dinner", 0),
        ("is:unread -dinner", 10),
        ("lunch is:read", 0),
        ("(lunch is:read) OR dinner", 20),
        ("in:inbox meal", 30),
        ("nosuchword", 0),
    ] {
        let query = Query::parse(typed, false, &now()).unwrap();
        let counted = block_on(fixture.store.count_found(query, None, Asking::default())).unwrap();
        assert_eq!((counted, fixture.find(typed).len() as u64), (expected, expected), "{typed}");
    }
    let given_up = Asking::default();
    given_up.give_up();
    let query = Query::parse("lunch", false, &now()).unwrap();
    assert_eq!(block_on(fixture.store.count_found(query, None, given_up)), Err(Error::GivenUp));
}

#[test]
fn what_lacks_a_word_is_found_page_by_page() {
    let fixture = Fixture::new();
    let rare = |number: i64| number % 500 == 0;
    let arrivals = (0..5000).map(|number| {
        let raw = mail(number, "meal", if rare(number) { "dinner" } else { "lunch" });
        prepare(Arrival {
            content: Content::Whole(raw.as_bytes().to_vec()),
            envelope: Envelope::from_raw(raw.as_bytes()),
            ..Arrival::default()
        })
    });
    fixture.deliver(arrivals.collect()).unwrap();
    while fixture.index_some(1000) > 0 {}
    let query = Query::parse("-lunch", false, &now()).unwrap();
    let page =
        |after, most| block_on(fixture.store.search(query.clone(), None, after, most, Asking::default())).unwrap();
    let all = page(None, 100);
    assert_eq!((all.keys.len(), all.more), (10, false));
    let first = page(None, 4);
    assert_eq!((first.keys.as_slice(), first.more), (&all.keys[..4], true));
    assert_eq!(page(first.keys.last().copied(), 100).keys, all.keys[4..]);
}

#[test]
fn people_are_gathered_from_what_is_indexed_and_counted_once() {
    let fixture = Fixture::new();
    let people = |text: &str| block_on(fixture.store.people(text.into(), 8)).unwrap();
    fixture.receive_mail(&mail(1, "a", "x"));
    fixture.receive_mail(&mail(2, "b", "x"));
    fixture.index_all();
    let found: Vec<String> = people("ol").iter().map(Person::as_recipient).collect();
    assert_eq!(found, ["Ole Berg <ole@example.net>"]);
    assert_eq!(fixture.rows_of("contact WHERE address = 'ole@example.net' AND seen = 2 AND written = 0"), 1);
    // As a later version does that has more to index.
    let again = "INSERT INTO to_index (message, people) SELECT key, 0 FROM message";
    block_on(fixture.store.write(move |db| Ok(db.execute_batch(again)?))).unwrap();
    fixture.index_all();
    assert_eq!(fixture.rows_of("contact WHERE address = 'ole@example.net' AND seen = 2"), 1);
}

#[test]
fn who_was_written_to_is_known_when_the_message_is_on_its_way_not_while_it_is_a_draft() {
    let fixture = Fixture::new();
    let draft = Draft { to: "Bo <bo@example.com>".into(), subject: "x".into(), ..Draft::default() };
    let raw = b"From: work@example.org\r\nTo: Bo <bo@example.com>\r\nSubject: x\r\n\r\nx\r\n".to_vec();
    let envelope = Envelope::from_raw(&raw);
    block_on(fixture.store.save_draft(fixture.account, None, draft, raw, envelope, NOON)).unwrap();
    fixture.index_all();
    assert_eq!(fixture.rows_of("contact"), 0);
    let again = "INSERT INTO to_index (message) SELECT key FROM message;
                 UPDATE message SET mailbox = (SELECT id FROM mailbox WHERE role = 'sent')";
    block_on(fixture.store.write(move |db| Ok(db.execute_batch(again)?))).unwrap();
    fixture.index_all();
    let people = block_on(fixture.store.people("bo".into(), 8)).unwrap();
    assert!(people.first().is_some_and(|person| person.is_written_to), "{people:?}");
}

/// What SQLite makes of a query: nothing of daily use reads whole rows of the world, or sorts.
#[test]
fn no_query_of_daily_use_reads_every_row_or_sorts() {
    let fixture = Fixture::new();
    for typed in [
        "lunch",
        "lun*",
        "-lunch",
        "larger:1M",
        "smaller:1K",
        "has:attachment",
        "is:answered",
        "is:read",
        "in:archive",
        "from:ole is:unread",
        "is:unread",
        "is:starred",
        "newer:7d",
        "lunch newer:7d has:attachment",
        "-is:unread",
    ] {
        let statement = Statement::of(&Query::parse(typed, false, &now()).unwrap());
        let (sql, values) = statement.sql(None, 50);
        let db = fixture.sql();
        let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan = explain.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        let plan: Vec<String> = plan.map(Result::unwrap).collect();
        let reads_rows = |step: &String| {
            step.starts_with("SCAN message") && !step.contains("INDEX")
                || (step.starts_with("SEARCH message USING INTEGER PRIMARY KEY")
                    && !sql.contains("search MATCH")
                    && !sql.contains("message.key >="))
        };
        assert!(!plan.iter().any(reads_rows), "{typed}: {plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{typed}: {plan:?}");
    }
}

mod marked;
mod naive;

#[test]
fn the_pieces_that_the_index_has_grown_by_are_merged_into_few() {
    let fixture = Fixture::new();
    let pieces = |fixture: &Fixture| -> i64 {
        let count = "SELECT count(DISTINCT segid) FROM search_idx";
        fixture.sql().query_row(count, [], |row| row.get(0)).unwrap()
    };
    let keys: Vec<_> = (0..9)
        .map(|n| {
            let key = fixture.receive_mail(&mail(n, "minutes", "x"));
            fixture.index_all();
            key
        })
        .collect();
    let before = pieces(&fixture);
    while block_on(fixture.store.merge_index()).unwrap() {}
    assert!(before > 2 && pieces(&fixture) <= 2, "{before}, then {}", pieces(&fixture));
    assert_eq!(block_on(fixture.store.merge_index()), Ok(false), "it comes to an end");
    assert_eq!(fixture.find("minutes"), keys.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(block_on(fixture.store.check()), Ok(()));
}

#[test]
fn a_batch_becomes_one_piece_of_the_index_whatever_else_is_done_for_its_messages() {
    let fixture = Fixture::new();
    for n in 0..40 {
        let answer =
            format!("References: <0@example.net> <{}@example.net>\r\nMessage-ID: <{n}@example.net>\r\n", n / 2);
        fixture.receive_mail(&(answer + &mail(n, "minutes", &format!("word{n}"))));
    }
    assert_eq!(fixture.index_some(40), 0);
    for table in ["search", "search_beginning"] {
        let count = format!("SELECT count(DISTINCT segid) FROM {table}_idx");
        assert_eq!(fixture.sql().query_row(&count, [], |row| row.get(0)), Ok(1), "{table}");
    }
    assert_eq!(fixture.find("word7").len(), 1);
}
