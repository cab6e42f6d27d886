//! Times with zones, which calendars bring along with their own rules (RFC 5545 §3.6.5).

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

use super::Moment;
use super::rule::Nth;
use crate::mail::content_line::ContentLine;
use crate::mail::sanitize;

/// Zones of one file, and rules of one zone.
const MAX_ZONES: usize = 50;
const MAX_RULES: usize = 200;

/// The zones that a calendar describes, by their names.
#[derive(Debug, Default)]
pub(super) struct Zones(BTreeMap<String, Vec<Observance>>);

/// Standard or daylight time: from when on, and how far from UTC.
#[derive(Clone, Debug, Default)]
struct Observance {
    begins: Option<DateTime>,
    offset_secs: Option<i32>,
    /// Every year again: the month, and the day in it.
    yearly: Option<(i8, Nth)>,
    is_daylight: bool,
}

impl Zones {
    pub fn of(lines: &[ContentLine]) -> Self {
        let mut zones = Self::default();
        let mut name: Option<String> = None;
        let mut rules: Vec<Observance> = Vec::new();
        let mut is_within = false;
        for line in lines {
            let value = line.value.trim();
            match (line.name.as_str(), value) {
                ("BEGIN", "VTIMEZONE") => (is_within, name, rules) = (true, None, Vec::new()),
                ("END", "VTIMEZONE") => {
                    is_within = false;
                    if let Some(name) = name.take().filter(|_| zones.0.len() < MAX_ZONES) {
                        zones.0.insert(name, std::mem::take(&mut rules));
                    }
                }
                ("BEGIN", "STANDARD" | "DAYLIGHT") if is_within && rules.len() < MAX_RULES => {
                    rules.push(Observance { is_daylight: value == "DAYLIGHT", ..Observance::default() });
                }
                ("TZID", _) if is_within => name = Some(line.text()),
                _ if is_within => {
                    if let Some(rule) = rules.last_mut() {
                        rule.add(&line.name, value);
                    }
                }
                _ => (),
            }
        }
        zones
    }

    /// The moment that a line names.
    pub fn moment(&self, line: &ContentLine) -> Option<Moment> {
        let value = line.value.trim();
        if value.len() == 8 {
            return date(value).map(Moment::Day);
        }
        if let Some(value) = value.strip_suffix(['Z', 'z']) {
            return at(date_time(value)?, "UTC", 0);
        }
        let local = date_time(value)?;
        let Some(name) = line.param("TZID") else { return Some(Moment::Local(local, None)) };
        let shown = sanitize::line_of(name, 80);
        if let Some(secs) = self.0.get(name).and_then(|rules| offset_at(rules, local)) {
            return at(local, &shown, secs);
        }
        match known(name).and_then(|zone| zone.to_ambiguous_zoned(local).compatible().ok()) {
            Some(zoned) => at(local, &shown, zoned.offset().seconds()),
            None => Some(Moment::Local(local, Some(shown))),
        }
    }
}

impl Observance {
    fn add(&mut self, name: &str, value: &str) {
        match name {
            "DTSTART" => self.begins = date_time(value),
            "TZOFFSETTO" => self.offset_secs = offset(value),
            "RRULE" => self.yearly = super::rule::yearly(value),
            _ => (),
        }
    }

    /// When it last began, at a time on the wall.
    fn began(&self, local: DateTime) -> Option<DateTime> {
        let begins = self.begins?;
        let Some((month, nth)) = self.yearly else { return (begins <= local).then_some(begins) };
        let in_year = |year: i16| Some(nth.in_month(year, month)?.to_datetime(begins.time()));
        let years = [Some(local.year()), local.year().checked_sub(1)];
        let onsets = years.into_iter().flatten().filter_map(in_year);
        onsets.filter(|onset| *onset <= local && *onset >= begins).max()
    }
}

/// How far a zone is from UTC at a time on the wall: by what began last, else by its standard time.
fn offset_at(rules: &[Observance], local: DateTime) -> Option<i32> {
    let began = rules.iter().filter_map(|rule| Some((rule.began(local)?, rule.offset_secs?)));
    let latest = began.max_by_key(|(onset, _)| *onset).map(|(_, secs)| secs);
    let standard = || rules.iter().min_by_key(|rule| rule.is_daylight).and_then(|rule| rule.offset_secs);
    latest.or_else(standard)
}

fn at(local: DateTime, zone: &str, offset_secs: i32) -> Option<Moment> {
    let instant = Offset::from_seconds(offset_secs).ok()?.to_timestamp(local).ok()?;
    Some(Moment::At { instant, local, zone: zone.to_owned(), offset_secs })
}

/// A zone by its name in the time zone database, before which some programs write a path.
fn known(name: &str) -> Option<TimeZone> {
    let is_name = name.len() < 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-.".contains(&b));
    if !is_name || name.contains("..") {
        return None;
    }
    let short = name.rsplitn(3, '/').take(2).collect::<Vec<_>>();
    let short: String = short.into_iter().rev().collect::<Vec<_>>().join("/");
    TimeZone::get(name.trim_start_matches('/')).or_else(|_| TimeZone::get(&short)).ok()
}

pub(super) fn date(value: &str) -> Option<Date> {
    let digits = value.get(..8).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i16>().ok();
    Date::new(number(0..4)?, i8::try_from(number(4..6)?).ok()?, i8::try_from(number(6..8)?).ok()?).ok()
}

/// `19980118T230000`.
fn date_time(value: &str) -> Option<DateTime> {
    let (day, clock) = value.split_once(['T', 't'])?;
    let number = |range: std::ops::Range<usize>| clock.get(range)?.parse::<i8>().ok();
    let time = Time::new(number(0..2)?, number(2..4)?, number(4..6).unwrap_or_default().min(59), 0).ok()?;
    Some(date(day).filter(|_| day.len() == 8)?.to_datetime(time))
}

/// `+0130`, in seconds.
fn offset(value: &str) -> Option<i32> {
    let (sign, digits) = match value.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i32>().ok().filter(|n| (0..60).contains(n));
    Some(sign * (number(0..2)? * 3600 + number(2..4)? * 60 + number(4..6).unwrap_or_default()))
}
