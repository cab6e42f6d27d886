use super::*;
use proptest::prelude::*;

const BERLIN: &str = "BEGIN:VTIMEZONE\r\nTZID:W. Europe Standard Time\r\n\
    BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n\
    BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";

fn calendar(head: &str, event: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{head}BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

fn lisbon() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(0))
}

#[track_caller]
fn check_when(event: &str, here: &str, there: Option<&str>) {
    let found = read(&calendar(BERLIN, event));
    let when = found[0].when(&lisbon());
    assert_eq!((when.here.as_str(), when.there.as_deref()), (here, there), "{event}");
}

#[test]
fn an_invitation_says_what_when_where_and_who() {
    let event = "UID:1\r\nSUMMARY:Plans for the pouch\\, part 2\r\nLOCATION:Room 4\r\nDESCRIPTION:Bring\\ntea\r\n\
        DTSTART;TZID=W. Europe Standard Time:20261201T150000\r\nDTEND;TZID=W. Europe Standard Time:20261201T160000\r\n\
        ORGANIZER;CN=Ole Brandt:mailto:ole@example.net\r\n\
        ATTENDEE;CN=\"Ana; Duarte\";PARTSTAT=ACCEPTED:MAILTO:ana@example.org\r\n\
        ATTENDEE;ROLE=OPT-PARTICIPANT:mailto:bo@example.org\r\nRRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=10\r\nEXDATE:20261208T150000Z\r\n\
        BEGIN:VALARM\r\nDESCRIPTION:not this\r\nEND:VALARM";
    let found = read(&calendar(&format!("METHOD:REQUEST\r\n{BERLIN}"), event));
    let [found] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((found.what.as_str(), found.place.as_str()), ("Plans for the pouch, part 2", "Room 4"));
    assert_eq!((found.description.as_str(), found.headline().as_str()), ("Bring\ntea", "You are invited."));
    assert_eq!(found.organizer.as_ref().unwrap().shown(), "Ole Brandt <ole@example.net>");
    assert_eq!(found.people[0].who.shown(), "Ana; Duarte <ana@example.org>");
    assert_eq!((found.people[0].answer, found.people[1].is_optional), (Reaction::Accepted, true));
    assert_eq!(found.repeats.as_deref(), Some("every week on Tuesday, 10 times, with 1 exception"));
    let when = found.when(&lisbon());
    assert_eq!(when.here, "Tuesday, 1 December 2026, 14:00 – 15:00");
    assert_eq!(
        when.there.as_deref(),
        Some("Tuesday, 1 December 2026, 15:00 – 16:00 (W. Europe Standard Time, UTC+01:00)")
    );
}

#[test]
fn times_are_said_in_the_readers_zone_and_the_senders() {
    check_when("DTSTART:20261201T150000Z", "Tuesday, 1 December 2026, 15:00", None);
    check_when(
        "DTSTART;TZID=W. Europe Standard Time:20260701T150000\r\nDURATION:PT1H30M",
        "Wednesday, 1 July 2026, 13:00 – 14:30",
        Some("Wednesday, 1 July 2026, 15:00 – 16:30 (W. Europe Standard Time, UTC+02:00)"),
    );
    check_when(
        "DTSTART;TZID=Asia/Tokyo:20261201T053000",
        "Monday, 30 November 2026, 20:30",
        Some("Tuesday, 1 December 2026, 05:30 (Asia/Tokyo, UTC+09:00)"),
    );
    check_when(
        "DTSTART;TZID=/mozilla.org/20050126_1/Asia/Tokyo:20261201T053000",
        "Monday, 30 November 2026, 20:30",
        Some("Tuesday, 1 December 2026, 05:30 (/mozilla.org/20050126_1/Asia/Tokyo, UTC+09:00)"),
    );
    check_when("DTSTART:20261201T150000", "Tuesday, 1 December 2026, 15:00", None);
    check_when(
        "DTSTART;TZID=Our office:20261201T150000",
        "Tuesday, 1 December 2026, 15:00",
        Some("This is the time in “Our office”, a zone that is not known here."),
    );
    check_when("DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261225", "Thursday, 24 December 2026, all day", None);
    check_when(
        "DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227",
        "Thursday, 24 December 2026 – Saturday, 26 December 2026, all day",
        None,
    );
    check_when("DTSTART:nonsense", "", None);
}

#[test]
fn what_the_sender_wants_is_said() {
    for (head, event, headline) in [
        ("METHOD:CANCEL\r\n", "", "This appointment is cancelled."),
        ("", "STATUS:CANCELLED", "This appointment is cancelled."),
        ("METHOD:REQUEST\r\n", "SEQUENCE:2", "This invitation was changed."),
        ("METHOD:REQUEST\r\n", "STATUS:TENTATIVE", "You are invited. It is not settled yet."),
        ("METHOD:REPLY\r\n", "ATTENDEE;PARTSTAT=DECLINED:mailto:bo@example.org", "bo@example.org: declined."),
        ("METHOD:COUNTER\r\n", "", "Another time is proposed."),
        ("METHOD:REQUEST\r\n", "RECURRENCE-ID:20261201T150000Z", "You are invited. It is one of a series."),
        ("", "", "An appointment."),
    ] {
        assert_eq!(read(&calendar(head, event))[0].headline(), headline);
    }
}

#[test]
fn rules_have_words() {
    for (value, words) in [
        ("FREQ=DAILY", "every day"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR", "every 2 weeks on Monday, Wednesday and Friday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20270331T000000Z", "every week on workdays, until 31 March 2027"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "every month on the last Friday"),
        ("FREQ=MONTHLY;BYMONTHDAY=15", "every month on day 15"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=2TU", "every year on the second Tuesday in March"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "every month, by a rule that has no short words"),
        ("FREQ=SECONDLY", "again and again"),
        ("", "again and again"),
    ] {
        assert_eq!(rule::words(value), words, "{value}");
    }
}

proptest! {
    #[test]
    fn no_soup_of_its_own_words_brings_it_down(words in prop::collection::vec(prop::sample::select(vec![
        "BEGIN:", "END:", "VCALENDAR", "VEVENT", "VTIMEZONE", "STANDARD", "DTSTART", "DTEND:", ";TZID=X", "TZID:X", ":", ";", "=",
        "99999999", "20261301T250000", "T", "Z", "DURATION:", "PT99999999999H", "-P1W", "RRULE:FREQ=YEARLY", ";BYDAY=-9SU", ";BYMONTH=13", "TZOFFSETTO:+9999",
        "\r\n", "\r\n ", "\"", "\\", "é", "ATTENDEE", "mailto:", "20261201T150000", "00000000T000000",
    ]), 0..80)) {
        for found in read(&format!("BEGIN:VEVENT\r\n{}", words.concat())) {
            let when = found.when(&lisbon());
            prop_assert!(when.here.chars().all(sanitize::is_showable));
            prop_assert!(!found.headline().is_empty());
        }
    }
}
