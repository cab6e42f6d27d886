//! The `Date:` field (RFC 5322 §3.3, with the obsolete forms of §4.3 and what programs write instead).

use mail_parser::DateTime;

/// Unix seconds of an unfolded date; None where it names no day.
///
/// The pieces are recognised by their shape and not by their place, since every order of them is found in mail. Only the
/// reckoning is left to mail-parser: its reader runs over the end of the field behind `UT` and `Z`.
pub fn read(body: &str) -> Option<i64> {
    let mut pieces = Pieces::default();
    for word in
        without_comments(body).split([' ', '\t', ',', '\n', '\r']).filter(|word| !word.is_empty()).take(MAX_WORDS)
    {
        pieces.add(word);
    }
    pieces.reckon()
}

/// Words that are looked at; an honest date has seven.
const MAX_WORDS: usize = 20;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

#[derive(Default)]
struct Pieces {
    day: Option<u32>,
    month: Option<u8>,
    year: Option<u32>,
    time: Option<(u8, u8, u8)>,
    is_afternoon: Option<bool>,
    zone_minutes: Option<i32>,
}

impl Pieces {
    fn add(&mut self, word: &str) {
        if self.time.is_some() && word.starts_with(['+', '-']) {
            self.zone_minutes = numeric_zone(word);
        } else if self.time.is_none() && word.contains(':') {
            self.add_time(word);
        } else if word.bytes().all(|b| b.is_ascii_digit()) {
            self.add_number(word);
        } else if word.contains('-') && !word.starts_with(['+', '-']) && self.month.is_none() {
            word.split('-').filter(|part| !part.is_empty()).take(3).for_each(|part| self.add_plain(part));
        } else {
            self.add_plain(word);
        }
    }

    fn add_plain(&mut self, word: &str) {
        if word.bytes().all(|b| b.is_ascii_digit()) {
            return self.add_number(word);
        }
        let lower = word.trim_end_matches('.').to_ascii_lowercase();
        let begins = |name: &&str| lower.starts_with(*name) && lower.bytes().all(|b| b.is_ascii_alphabetic());
        if let (None, Some(at)) = (self.month, MONTHS.iter().position(&begins)) {
            self.month = u8::try_from(at + 1).ok();
        } else if matches!(lower.as_str(), "am" | "pm") && self.time.is_some() {
            self.is_afternoon = Some(lower == "pm");
        } else if self.time.is_some() && self.zone_minutes.is_none() && !DAYS.iter().any(begins) {
            self.zone_minutes = named_zone(&lower);
        }
    }

    fn add_number(&mut self, digits: &str) {
        let Ok(number) = digits.parse::<u32>() else { return };
        if self.day.is_none() && digits.len() <= 2 {
            self.day = Some(number);
        } else if self.year.is_none() && digits.len() <= 4 {
            self.year = match digits.len() {
                4 => Some(number),
                3 => Some(1900 + number),                // RFC 5322 §4.3
                2 if number < 50 => Some(2000 + number), // the same
                2 => Some(1900 + number),
                _ => None,
            };
        }
    }

    /// `16:37`, `16:37:24`, `16:37:24.5`, each perhaps with a zone glued to it.
    fn add_time(&mut self, word: &str) {
        let end = word.find(['+', '-', 'Z', 'z']).unwrap_or(word.len());
        let (clock, zone) = word.split_at_checked(end).unwrap_or((word, ""));
        let mut parts = clock.split(':').map(|part| part.split('.').next().unwrap_or_default().parse::<u8>());
        let (hour, minute, second) = (parts.next(), parts.next(), parts.next().unwrap_or(Ok(0)));
        if let (Some(Ok(hour)), Some(Ok(minute)), Ok(second)) = (hour, minute, second) {
            self.time = Some((hour, minute, second));
            if !zone.is_empty() {
                self.zone_minutes = numeric_zone(zone);
            }
        }
    }

    fn reckon(self) -> Option<i64> {
        let (mut hour, minute, second) = self.time.unwrap_or_default();
        match self.is_afternoon {
            Some(true) if hour < 12 => hour += 12,
            Some(false) if hour == 12 => hour = 0,
            _ => (),
        }
        let (day, month, year) = (self.day?, self.month?, self.year?);
        if hour > 23 || minute > 59 || second > 60 || !(1900..=9999).contains(&year) {
            return None;
        }
        if day == 0 || day > days_in(month, year) {
            return None;
        }
        let date = DateTime {
            year: u16::try_from(year).ok()?,
            month,
            day: u8::try_from(day).ok()?,
            hour,
            minute,
            second,
            tz_before_gmt: false,
            tz_hour: 0,
            tz_minute: 0,
        };
        Some(date.to_timestamp_local() - i64::from(self.zone_minutes.unwrap_or(0)) * 60)
    }
}

fn days_in(month: u8, year: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `+0530`, `-05:00`, `+2`: minutes east of Greenwich. None where it names no place on earth.
fn numeric_zone(word: &str) -> Option<i32> {
    let digits: String = word.chars().filter(char::is_ascii_digit).take(5).collect();
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() > 2 { (number / 100, number % 100) } else { (number, 0) };
    let east = if word.starts_with('-') { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some(east * (hours * 60 + minutes))
}

/// The zones of RFC 5322 §4.3, and those that mail shows besides. One-letter military zones mean nothing (same section).
fn named_zone(lower: &str) -> Option<i32> {
    let name_end = lower.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(lower.len());
    let (name, rest) = lower.split_at_checked(name_end)?;
    if rest.starts_with(['+', '-']) {
        return numeric_zone(rest);
    }
    let hours = match name {
        "ut" | "utc" | "gmt" | "z" | "wet" => 0,
        "edt" => -4,
        "est" | "cdt" => -5,
        "cst" | "mdt" => -6,
        "mst" | "pdt" => -7,
        "pst" => -8,
        "bst" | "cet" | "met" => 1,
        "cest" | "mest" | "eet" => 2,
        "eest" | "msk" => 3,
        "jst" | "kst" => 9,
        _ => return None,
    };
    Some(hours * 60)
}

/// The field without its comments (RFC 5322 §3.2.2), which may be nested or not closed.
fn without_comments(body: &str) -> String {
    let mut depth = 0u32;
    let mut out = String::with_capacity(body.len().min(64));
    for c in body.chars().take(MAX_CHARS) {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => (),
        }
    }
    out
}

/// Characters that are looked at: dates have thirty, their comments rarely more than a hundred.
const MAX_CHARS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_435_200; // 2026-11-23 12:00 UTC

    #[track_caller]
    fn check(body: &str, seconds: Option<i64>) {
        assert_eq!(read(body), seconds, "{body:?}");
    }

    #[test]
    fn every_form_of_the_standard_is_read() {
        for body in [
            "Mon, 23 Nov 2026 12:00:00 +0000",
            "23 Nov 2026 12:00:00 +0000",
            "Mon, 23 Nov 2026 12:00 -0000",
            "Mon,23 Nov 2026 12:00:00 GMT",
            "Mon, 23 Nov 26 12:00:00 UT",
            "Mon, 23 Nov 126 12:00:00 Z",
            "Mon, 23 Nov 2026 13:00:00 +0100 (CET)",
            "Mon (day) , 23 (date) Nov 2026 07:00:00 EST (a (nested) comment)",
            "Mon, 23 Nov 2026 17:30:00 +0530",
            "23 Nov 2026 12:00:00 A",
        ] {
            check(body, Some(NOON));
        }
    }

    #[test]
    fn what_programs_write_instead_is_read_too() {
        for body in [
            "Mon Nov 23 12:00:00 2026",
            "Mon Nov 23 12:00:00 UTC 2026",
            "23-Nov-2026 12:00:00 +0000",
            "Monday, 23 November 2026 12:00:00 +00:00",
            "Mon, 23 Nov 2026 12:00:00",
            "Mon, 23 Nov 2026 12:00:00.500 +0000",
            "Mon, 23 Nov 2026 14:00:00 GMT+2",
            "Mon, 23 Nov 2026 07:00:00 EST5EDT",
            "mon, 23 nov 2026 12:00:00 gmt",
            "Mon, 23 Nov 2026 12:00:00 PM +0000",
            "Mon, 23 Nov 2026 12:00:00 +9999",
        ] {
            check(body, Some(NOON));
        }
        check("29 Feb 2024 00:00:60 +0000", Some(1_709_164_860));
        check("Thu, 1 Jan 1970 00:00:00 +0100", Some(-3600));
    }

    #[test]
    fn what_names_no_day_is_no_date() {
        for body in [
            "",
            "yesterday",
            "32 Nov 2026 12:00:00 +0000",
            "29 Feb 2026 12:00 +0000",
            "23 Foo 2026 12:00:00 +0000",
            "23 Nov 2026 25:00:00 +0000",
            "23 Nov 12:00",
            "99999999999 Nov 2026",
            "Mon, 23 Nov 20266 12:00:00",
            "(((",
        ] {
            check(body, None);
        }
        check(&"(".repeat(1_000_000), None);
        check(&"1 ".repeat(1_000_000), None);
    }
}
