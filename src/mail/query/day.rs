//! Days, months, years and ages as people write them.

use jiff::civil::Date;
use jiff::{Span, ToSpan, Zoned};

/// The seconds in which a day, month or year lies: from the first, up to the first that is no longer in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: i64,
    pub to: i64,
}

/// What would be a date, for those who wrote something else.
pub const EXAMPLES: &str = "say for example 2026-11-03, 3.11.2026, November 2026, 2026, yesterday or today";

/// Reads a day, a month or a year; days begin when they do where `now` is. None: it is none of these.
pub fn read(text: &str, now: &Zoned) -> Option<Stretch> {
    let lower = text.trim().to_lowercase();
    let (first, length) = match lower.as_str() {
        "today" => (now.date(), 1.day()),
        "yesterday" => (now.date().yesterday().ok()?, 1.day()),
        _ => numbers(&lower).or_else(|| words(&lower, now))?,
    };
    let begin = |day: Date| Some(day.to_zoned(now.time_zone().clone()).ok()?.timestamp().as_second());
    Some(Stretch { from: begin(first)?, to: begin(first.checked_add(length).ok()?)? })
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

/// November 2026, Nov 2026, 3 November 2026, November 3, 2026; a month alone is the last one of that name.
fn words(text: &str, now: &Zoned) -> Option<(Date, Span)> {
    let parts: Vec<&str> = text.split([' ', ',', '.']).filter(|part| !part.is_empty()).collect();
    let number = |part: &str| part.parse::<i16>().ok();
    match *parts.as_slice() {
        [name] => {
            let month = month(name)?;
            let this = now.date();
            let year = if month > this.month() { this.year() - 1 } else { this.year() };
            Some((Date::new(year, month, 1).ok()?, 1.month()))
        }
        [name, year] if year.len() == 4 => Some((day(number(year)?, month(name)?.into(), 1)?, 1.month())),
        [of_month, name, year] if month(name).is_some() => {
            Some((day(number(year)?, month(name)?.into(), number(of_month)?)?, 1.day()))
        }
        [name, of_month, year] => Some((day(number(year)?, month(name)?.into(), number(of_month)?)?, 1.day())),
        _ => None,
    }
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
