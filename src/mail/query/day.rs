//! Days, months, years and ages as people write them.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan, Zoned};

/// The seconds in which a day, month or year lies: from the first, up to the first that is no longer in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: i64,
    pub to: i64,
}

/// What would be a date, for those who wrote something else.
pub const EXAMPLES: &str = "say for example 2026-11-03, 3 May, November 2026, last week, friday, 3 days ago, yesterday, or \
                            2026-11-01..2026-11-15";

/// Reads a day, a week, a month or a year, or what lies between two of them (`..`); days begin when they do where `now` is.
/// None: it is none of these.
pub fn read(text: &str, now: &Zoned) -> Option<Stretch> {
    let lower = text.trim().to_lowercase();
    if let Some((first, last)) = lower.split_once("..") {
        // What has no end goes up to now, and what has no beginning began long ago.
        let from = if first.trim().is_empty() { 0 } else { one(first.trim(), now)?.from };
        let to = if last.trim().is_empty() { i64::from(u32::MAX) } else { one(last.trim(), now)?.to };
        return (from < to && !lower.trim_matches('.').is_empty()).then_some(Stretch { from, to });
    }
    one(&lower, now)
}

fn one(lower: &str, now: &Zoned) -> Option<Stretch> {
    let (first, length) = match lower {
        "today" => (now.date(), 1.day()),
        "yesterday" => (now.date().yesterday().ok()?, 1.day()),
        _ => relative(lower, now.date()).or_else(|| numbers(lower)).or_else(|| words(lower, now))?,
    };
    let begin = |day: Date| Some(day.to_zoned(now.time_zone().clone()).ok()?.timestamp().as_second());
    Some(Stretch { from: begin(first)?, to: begin(first.checked_add(length).ok()?)? })
}

/// This week, last month, friday (the last one, or today), last friday (before today), 3 days ago, a week ago.
fn relative(text: &str, today: Date) -> Option<(Date, Span)> {
    let parts: Vec<&str> = text.split([' ', '_']).filter(|part| !part.is_empty()).collect();
    match *parts.as_slice() {
        ["this", unit] => whole(unit, today),
        ["last", unit] => match weekday(unit) {
            Some(day) => Some((today.nth_weekday(-1, day).ok()?, 1.day())),
            None => whole(unit, today.checked_sub(span(1, unit)?).ok()?),
        },
        [name] => {
            let tomorrow = today.tomorrow().ok()?;
            Some((tomorrow.nth_weekday(-1, weekday(name)?).ok()?, 1.day()))
        }
        [count, unit, "ago"] => {
            let count = if matches!(count, "a" | "an" | "one") { 1 } else { count.parse().ok()? };
            Some((today.checked_sub(span(count, unit)?).ok()?, 1.day()))
        }
        _ => None,
    }
}

/// The week (from Monday on), month or year in which a day lies.
fn whole(unit: &str, day: Date) -> Option<(Date, Span)> {
    Some(match unit {
        "week" => (day.checked_sub(i32::from(day.weekday().to_monday_zero_offset()).days()).ok()?, 1.week()),
        "month" => (day.first_of_month(), 1.month()),
        "year" => (day.first_of_year(), 1.year()),
        _ => return None,
    })
}

fn span(count: i32, unit: &str) -> Option<Span> {
    if !(0..=MOST_OF_A_UNIT).contains(&count) {
        return None;
    }
    Some(match unit {
        "day" | "days" => count.days(),
        "week" | "weeks" => count.weeks(),
        "month" | "months" => count.months(),
        "year" | "years" => count.years(),
        _ => return None,
    })
}

/// By its English name, of which the first three letters are enough.
fn weekday(name: &str) -> Option<Weekday> {
    const NAMES: [(&str, Weekday); 7] = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let found = NAMES.iter().find(|(day, _)| name.len() >= 3 && day.starts_with(name));
    found.map(|(_, day)| *day)
}

/// 2026, 2026-11, 2026-11-03, 2026/11/3, 3.11.2026, 3/11/2026, 11/2026.
fn numbers(text: &str) -> Option<(Date, Span)> {
    let parts: Vec<&str> = text.split(['-', '.', '/']).collect();
    let number = |part: &&str| part.parse::<i16>().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
    let is_year = |part: &&str| part.len() == 4;
    let numbers: Vec<i16> = parts.iter().map(number).collect::<Option<_>>()?;
    match (numbers.as_slice(), parts.first().is_some_and(is_year), parts.last().is_some_and(is_year)) {
        (&[year], true, _) => Some((day(year, 1, 1)?, 1.year())),
        (&[year, month], true, false) | (&[month, year], false, true) => Some((day(year, month, 1)?, 1.month())),
        (&[year, month, of_month], true, false) | (&[of_month, month, year], false, true) => {
            Some((day(year, month, of_month)?, 1.day()))
        }
        _ => None,
    }
}

fn day(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|date| date.year() >= FIRST_YEAR)
}

/// November 2026, Nov 2026, 3 November 2026, November 3, 2026; a month alone is the last one of that name, and so is a day
/// of a month (3 May, May 3rd).
fn words(text: &str, now: &Zoned) -> Option<(Date, Span)> {
    let parts: Vec<&str> = text.split([' ', ',', '.']).filter(|part| !part.is_empty()).collect();
    let number = |part: &str| part.parse::<i16>().ok();
    let of_month = |part: &str| number(part.trim_end_matches(|c: char| c.is_ascii_alphabetic()));
    match *parts.as_slice() {
        [name] => {
            let month = month(name)?;
            let this = now.date();
            let year = if month > this.month() { this.year() - 1 } else { this.year() };
            Some((Date::new(year, month, 1).ok()?, 1.month()))
        }
        [name, year] if year.len() == 4 && number(year).is_some() => {
            Some((day(number(year)?, month(name)?.into(), 1)?, 1.month()))
        }
        [number, name] if month(name).is_some() => last_of(month(name)?, of_month(number)?, now.date()),
        [name, number] => last_of(month(name)?, of_month(number)?, now.date()),
        [date, name, year] if month(name).is_some() => {
            Some((day(number(year)?, month(name)?.into(), of_month(date)?)?, 1.day()))
        }
        [name, date, year] => Some((day(number(year)?, month(name)?.into(), of_month(date)?)?, 1.day())),
        _ => None,
    }
}

/// The last day of that name that has begun: a leap day may lie eight years back.
fn last_of(month: i8, of_month: i16, today: Date) -> Option<(Date, Span)> {
    let years = (0..=8).map(|back| today.year() - back);
    let mut days = years.filter_map(|year| day(year, month.into(), of_month));
    days.find(|day| *day <= today).map(|day| (day, 1.day()))
}

/// By its English name, of which the first three letters are enough.
fn month(name: &str) -> Option<i8> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let number = NAMES.iter().position(|month| name.len() >= 3 && month.starts_with(name))?;
    i8::try_from(number + 1).ok()
}

/// When something was that is as old as this now: 7d, 2w, 3m, 1y.
pub fn ago(text: &str, now: &Zoned) -> Option<i64> {
    let lower = text.trim().to_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_alphabetic());
    let count: i32 = digits.trim().parse().ok().filter(|count| (0..=MOST_OF_A_UNIT).contains(count))?;
    let span = match lower.strip_prefix(digits)?.trim() {
        "h" | "hour" | "hours" => i64::from(count).hours(),
        "d" | "day" | "days" => count.days(),
        "w" | "week" | "weeks" => count.weeks(),
        "m" | "month" | "months" => count.months(),
        "y" | "year" | "years" => count.years(),
        _ => return None,
    };
    // Older than mail itself: everything is newer.
    Some(now.checked_sub(span).map_or(0, |then| then.timestamp().as_second().max(0)))
}

/// The year of the first second that a computer counts: no stored message is older.
const FIRST_YEAR: i16 = 1970;
/// Years, or anything else, that nobody means.
const MOST_OF_A_UNIT: i32 = 9999;
