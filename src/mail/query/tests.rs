//! The language as a table: what is typed, and what it means.

use jiff::Zoned;
use jiff::civil::date;

use super::*;

fn now() -> Zoned {
    // A zone with summer time: days have 23 to 25 hours there.
    date(2026, 11, 26).at(20, 0, 0, 0).in_tz("Europe/Lisbon").unwrap()
}

/// A query in one line: what would be typed to have it read so, and no other way.
fn spelt(query: &Query) -> String {
    let several = |of: &[Query], between: &str| of.iter().map(spelt).collect::<Vec<_>>().join(between);
    match query {
        Query::All(all) => format!("({})", several(all, " ")),
        Query::Any(any) => format!("({})", several(any, " OR ")),
        Query::Not(not) => format!("-{}", spelt(not)),
        Query::Text(Text { field, sought, is_beginning }) => {
            let field = if *field == Field::Anywhere { String::new() } else { format!("{field:?}:") };
            format!("{field}[{}{}]", sought.words.trim(), if *is_beginning { "*" } else { "" })
        }
        Query::Condition(Condition::Before(at)) => format!("<{}", local(*at)),
        Query::Condition(Condition::Since(at)) => format!("≥{}", local(*at)),
        Query::Condition(condition) => format!("{condition:?}"),
    }
}

fn local(at: i64) -> String {
    let at = jiff::Timestamp::from_second(at).unwrap().to_zoned(now().time_zone().clone());
    at.strftime("%Y-%m-%d %H:%M").to_string().trim_end_matches(" 00:00").to_owned()
}

#[track_caller]
fn check(typing: bool, table: &[(&str, &str)]) {
    for (typed, means) in table {
        match Query::parse(typed, typing, &now()) {
            Ok(query) => assert_eq!(spelt(&query), *means, "{typed}"),
            Err(fault) => panic!("{typed}: {fault:?}"),
        }
    }
}

#[test]
fn words_phrases_and_their_connections() {
    check(
        false,
        &[
            ("", "()"),
            ("lunch", "[lunch]"),
            ("lunch  tomorrow", "([lunch] [tomorrow])"),
            ("lunch AND tomorrow", "([lunch] [tomorrow])"),
            ("\"lunch tomorrow\"", "[lunch tomorrow]"),
            ("“lunch tomorrow” ana", "([lunch tomorrow] [ana])"),
            ("-lunch", "-[lunch]"),
            ("NOT lunch", "-[lunch]"),
            ("a -\"b c\"", "([a] -[b c])"),
            ("a OR b", "([a] OR [b])"),
            ("a b OR c", "(([a] [b]) OR [c])"),
            ("a (b OR c)", "([a] ([b] OR [c]))"),
            ("-(a OR b)", "-([a] OR [b])"),
            ("((a))", "[a]"),
            ("a - b", "([a] [b])"),
            ("well-known", "[well-known]"),
            ("a or b and c", "([a] [or] [b] [and] [c])"),
            ("ORDER", "[ORDER]"),
            ("lun*", "[lun**]"),
            ("東京都", "[東京 京都]"),
            ("東", "[東*]"),
        ],
    );
}

#[test]
fn fields_and_conditions() {
    check(
        false,
        &[
            ("from:ana", "From:[ana]"),
            ("FROM:ana@example.org", "From:[ana@example.org]"),
            ("from:\"Ana Duarte\" to:bo cc:cy", "(From:[Ana Duarte] To:[bo] Cc:[cy])"),
            ("from:(ana OR bo)", "(From:[ana] OR From:[bo])"),
            ("-from:ana", "-From:[ana]"),
            ("subject:x body:y attachment:z.pdf", "(Subject:[x] Body:[y] Attachment:[z.pdf])"),
            ("has:attachment", "HasAttachment"),
            ("is:unread is:read is:starred", "(Unread Read Starred)"),
            ("is:answered is:forwarded", "(Answered Forwarded)"),
            ("in:trash", "In(\"trash\")"),
            ("account:\"My work\"", "Account(\"My work\")"),
            ("larger:2M", "Larger(2000000)"),
            ("larger:1.5m smaller:100K", "(Larger(1500000) Smaller(100000))"),
            ("smaller:3kb larger:400", "(Smaller(3000) Larger(400))"),
            ("10:30", "[10:30]"),
            ("https://example.org/a", "[https://example.org/a]"),
            ("Re: lunch", "([Re:] [lunch])"),
            ("\"form: x\"", "[form: x]"),
        ],
    );
}

#[test]
fn dates_as_people_write_them() {
    let day = "(≥2026-11-03 <2026-11-04)";
    let month = "(≥2026-11-01 <2026-12-01)";
    check(
        false,
        &[
            ("on:2026-11-03", day),
            ("on:3.11.2026", day),
            ("on:03.11.2026", day),
            ("on:3/11/2026", day),
            ("on:2026/11/3", day),
            ("on:3 November 2026", day),
            ("on:\"3 Nov 2026\"", day),
            ("on:\"November 3, 2026\"", day),
            ("on:November 2026", month),
            ("on:\"nov 2026\"", month),
            ("on:2026-11", month),
            ("on:november", month),
            ("on:december", "(≥2025-12-01 <2026-01-01)"),
            ("on:2026", "(≥2026-01-01 <2027-01-01)"),
            ("on:today", "(≥2026-11-26 <2026-11-27)"),
            ("on:Yesterday", "(≥2026-11-25 <2026-11-26)"),
            ("before:2026-11-03", "<2026-11-03"),
            ("after:2026-11-03", "≥2026-11-04"),
            ("after:2025 before:November 2026 lunch", "(≥2026-01-01 <2026-11-01 [lunch])"),
            ("on:november lunch", &format!("({month} [lunch])")),
            ("newer:7d", "≥2026-11-19 20:00"),
            ("older:2w", "<2026-11-12 20:00"),
            ("newer:3m older:1y", "(≥2026-08-26 20:00 <2025-11-26 20:00)"),
            ("newer:12h", "≥2026-11-26 08:00"),
            ("newer:9999y", "≥1970-01-01 01:00"),
        ],
    );
}

#[test]
fn mailboxes_and_tags_of_ones_own_are_known_by_their_names() {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let known = Known {
        mailboxes: names(&["Projects", "Projects/House", "Tax returns", "Projects/Archive", "Archives"]),
        tags: names(&["Tax", "to do", "Überfällig"]),
    };
    for (typed, typing, meaning) in [
        ("in:projects", false, "Own(\"Projects\")"),
        ("in:Projects/house", false, "Own(\"Projects/House\")"),
        ("in:house", false, "Own(\"Projects/House\")"),
        ("in:\"tax returns\"", false, "Own(\"Tax returns\")"),
        ("in:\"tax ret", true, "Own(\"Tax returns\")"),
        ("in:hou", true, "Own(\"Projects/House\")"),
        ("in:archive", false, "In(\"archive\")"),
        ("in:archives", true, "Own(\"Archives\")"),
        ("in:projects/archive", false, "Own(\"Projects/Archive\")"),
        ("tag:tax", false, "Tag(\"Tax\")"),
        ("-tag:\"To Do\" tag:überfällig", false, "(-Tag(\"to do\") Tag(\"Überfällig\"))"),
        ("tag:t", true, "Tag(\"Tax\")"),
    ] {
        let query =
            Query::parse_knowing(typed, typing, &now(), &known).unwrap_or_else(|fault| panic!("{typed}: {fault}"));
        assert_eq!(spelt(&query), meaning, "{typed}");
    }
    for (typed, words) in [("in:attic", "Projects/House"), ("tag:hou", "say Tax, \"to do\"")] {
        let fault = Query::parse_knowing(typed, false, &now(), &known).expect_err(typed);
        assert!(fault.words.contains(words), "{fault}");
    }
    assert!(Query::parse("tag:tax", false, &now()).expect_err("there are none").words.contains("none yet"));
}

#[test]
fn what_is_still_being_typed_is_taken_as_far_as_it_goes() {
    check(
        true,
        &[
            ("lun", "[lun*]"),
            ("lunch ", "[lunch]"),
            ("lunch tom", "([lunch] [tom*])"),
            ("\"lunch tom", "[lunch tom*]"),
            ("\"lunch tom\"", "[lunch tom]"),
            ("from:an", "From:[an*]"),
            ("from:(ana OR b", "(From:[ana] OR From:[b*])"),
            ("a OR ", "[a]"),
            ("a -", "[a]"),
            ("(a", "[a*]"),
            ("in:arch", "In(\"archive\")"),
            ("is:un", "Unread"),
            ("has:att", "HasAttachment"),
        ],
    );
}

#[test]
fn what_cannot_be_understood_is_pointed_at_and_what_would_be_right_is_said() {
    for (typed, at, len, words) in [
        ("form:ana", 0, 5, "“from:”"),
        ("lunch subjct:x", 6, 7, "“subject:”"),
        ("label:x", 0, 6, "in quotes"),
        ("é from: x", 7, 0, "from:ana"),
        ("larger:", 7, 0, "larger:2M"),
        ("in:attic", 3, 5, "archive"),
        ("is:red", 3, 3, "unread"),
        ("has:fever", 4, 5, "has:attachment"),
        ("on:tomorow", 3, 7, "yesterday"),
        ("before:31.2.2026", 7, 9, "2026-11-03"),
        ("before:3.11.26", 7, 7, "2026-11-03"),
        ("newer:7", 6, 1, "7d"),
        ("larger:big", 7, 3, "100K"),
        ("larger:1.5", 7, 3, "100K"),
        ("a) b", 1, 1, "“(”"),
        ("a (b", 2, 1, "“)”"),
        ("OR b", 0, 2, "one side"),
        ("a OR", 2, 2, "one side"),
        ("!?", 0, 2, "a word"),
        (&"(".repeat(100), 30, 1, "fewer parentheses"),
        (&"-(".repeat(100), 30, 1, "fewer parentheses"),
        (&"x".repeat(3000), 2000, 0, "2000"),
    ] {
        let fault = Query::parse(typed, false, &now()).expect_err(typed);
        assert_eq!((fault.at, fault.len), (at, len), "{typed}: {fault:?}");
        assert!(fault.words.contains(words), "{typed}: {fault:?}");
    }
}

#[test]
fn whatever_is_typed_is_answered() {
    let pieces = ["a", " ", "-", "(", ")", "\"", "OR", "from:", "on:", "2026", ":", "*", "é", "東", "\0", "larger:9"];
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let mut typed = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            typed.push_str(pieces[(state >> 40) as usize % pieces.len()]);
        }
        for typing in [false, true] {
            if let Err(fault) = Query::parse(&typed, typing, &now()) {
                assert!(fault.at + fault.len <= typed.chars().count(), "{typed:?}: {fault:?}");
            }
        }
    }
}
