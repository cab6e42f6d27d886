//! How often something happens (RFC 5545 §3.3.10), in words.

use jiff::civil::{Date, Weekday};

use super::zone;

/// A rule's parts by their names, upper case.
struct Rule(Vec<(String, String)>);

impl Rule {
    fn of(value: &str) -> Self {
        let part = |part: &str| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_ascii_uppercase(), value.trim().to_ascii_uppercase()))
        };
        Self(value.split(';').take(30).filter_map(part).collect())
    }

    fn part(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn has_others_than(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(name, _)| !names.contains(&name.as_str()) && name != "WKST")
    }
}

/// The first, second, … or last such day of a month; or that date of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nth {
    Weekday(i8, Weekday),
    Day(i8),
}

impl Nth {
    pub fn in_month(self, year: i16, month: i8) -> Option<Date> {
        match self {
            Self::Weekday(nth, weekday) => Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday).ok(),
            Self::Day(day) => Date::new(year, month, day).ok(),
        }
    }

    /// `-1SU`; None for a day that is not counted within its month.
    fn of(text: &str) -> Option<Self> {
        let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
        let number: i8 = number.trim_start_matches('+').parse().ok()?;
        let is_one = (-5..=5).contains(&number) && number != 0;
        is_one.then_some(Self::Weekday(number, weekday(name)?))
    }
}

/// Month and day of a rule that holds once a year, as those of time zones do.
pub(super) fn yearly(value: &str) -> Option<(i8, Nth)> {
    let rule = Rule::of(value);
    let month: i8 = rule.part("BYMONTH")?.parse().ok()?;
    let by_day = || rule.part("BYDAY").and_then(Nth::of);
    let by_date = || rule.part("BYMONTHDAY").and_then(|day| day.parse().ok()).map(Nth::Day);
    (rule.part("FREQ") == Some("YEARLY")).then(|| by_day().or_else(by_date)).flatten().map(|nth| (month, nth))
}

/// “every 2 weeks on Monday and Friday, 10 times”. What has no simple words is said to be so.
pub(super) fn words(value: &str) -> String {
    let rule = Rule::of(value);
    let interval: u32 = rule.part("INTERVAL").and_then(|number| number.parse().ok()).unwrap_or(1).max(1);
    let (one, many) = match rule.part("FREQ") {
        Some("DAILY") => ("day", "days"),
        Some("WEEKLY") => ("week", "weeks"),
        Some("MONTHLY") => ("month", "months"),
        Some("YEARLY") => ("year", "years"),
        Some("HOURLY") => ("hour", "hours"),
        _ => return "again and again".into(),
    };
    let mut words = if interval == 1 { format!("every {one}") } else { format!("every {interval} {many}") };
    let known = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH"];
    match on(&rule) {
        Some(on) if !rule.has_others_than(&known) => words.push_str(&on),
        _ => words.push_str(", by a rule that has no short words"),
    }
    if let Some(count) = rule.part("COUNT").and_then(|count| count.parse::<u32>().ok()) {
        words.push_str(&format!(", {count} times"));
    } else if let Some(until) = rule.part("UNTIL").and_then(zone::date) {
        words.push_str(&format!(", until {}", until.strftime("%-d %B %Y")));
    }
    words
}

/// On which days; empty where the first appointment says so, None where there are no simple words.
fn on(rule: &Rule) -> Option<String> {
    let month = match rule.part("BYMONTH") {
        Some(month) => format!(" in {}", month_name(month)?),
        None => String::new(),
    };
    match (rule.part("BYDAY"), rule.part("BYMONTHDAY")) {
        (None, None) => Some(month),
        (Some(_), Some(_)) => None,
        (Some("MO,TU,WE,TH,FR"), None) => Some(format!(" on workdays{month}")),
        (Some(days), None) => {
            let days: Option<Vec<String>> = days.split(',').map(day_words).collect();
            Some(format!(" on {}{month}", listed(&days?)))
        }
        (None, Some(days)) => {
            let days: Option<Vec<String>> = days.split(',').map(date_words).collect();
            Some(format!(" on {}{month}", listed(&days?)))
        }
    }
}

fn day_words(day: &str) -> Option<String> {
    if let Some(weekday) = weekday(day) {
        return Some(weekday_name(weekday).to_owned());
    }
    let Nth::Weekday(number, weekday) = Nth::of(day)? else { return None };
    let which = match number {
        1 => "first",
        2 => "second",
        3 => "third",
        4 => "fourth",
        5 => "fifth",
        -1 => "last",
        -2 => "last but one",
        _ => return None,
    };
    Some(format!("the {which} {}", weekday_name(weekday)))
}

fn date_words(day: &str) -> Option<String> {
    match day.parse::<i8>().ok()? {
        -1 => Some("the last day".into()),
        day @ 1..=31 => Some(format!("day {day}")),
        _ => None,
    }
}

fn listed(words: &[String]) -> String {
    match words {
        [all @ .., before, last] => {
            let all: String = all.iter().map(|word| format!("{word}, ")).collect();
            format!("{all}{before} and {last}")
        }
        _ => words.concat(),
    }
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn month_name(number: &str) -> Option<&'static str> {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    NAMES.get(number.parse::<usize>().ok()?.checked_sub(1)?).copied()
}
