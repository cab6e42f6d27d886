//! Invitations and appointments (iCalendar, RFC 5545; how they are sent about, RFC 5546), as a person reads them.
//!
//! Nothing is answered and nothing is entered into a calendar: what, when, where and who are said, when in the reader's time
//! and in the sender's.

mod rule;
mod zone;

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::TimeZone};

use super::content_line::{self, ContentLine};
use super::{Address, sanitize};
use zone::Zones;

/// Appointments that are read of one file.
const MAX_EVENTS: usize = 100;
/// Components inside each other.
const MAX_DEPTH: usize = 8;
/// People that are kept of one appointment.
const MAX_PEOPLE: usize = 200;
/// Characters of a line, and of a description.
const MAX_CHARS: usize = 500;
const MAX_DESCRIPTION_CHARS: usize = 20_000;

/// An appointment, its texts fit for the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invitation {
    pub intent: Intent,
    /// Empty where it has no name.
    pub what: String,
    pub begins: Option<Moment>,
    /// Of a whole day the day after, as calendars write it.
    pub ends: Option<Moment>,
    pub place: String,
    pub organizer: Option<Address>,
    pub people: Vec<Invited>,
    pub description: String,
    /// In words: “every week on Monday”.
    pub repeats: Option<String>,
    /// Of a series, the one appointment that this is about.
    pub one_of_series: Option<Moment>,
    pub is_tentative: bool,
}

/// What the sender wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intent {
    /// To let know.
    #[default]
    Publish,
    Invite,
    /// An invitation that was sent before has changed.
    Change,
    Cancel,
    Answer,
    /// Another time is proposed.
    Counter,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invited {
    pub who: Address,
    pub answer: Reaction,
    pub is_optional: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reaction {
    #[default]
    None,
    Accepted,
    Declined,
    Tentative,
    Delegated,
}

impl Reaction {
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "no answer yet",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Tentative => "perhaps",
            Self::Delegated => "sends somebody else",
        }
    }
}

/// A point in time, as the sender wrote it.
#[derive(Clone, Debug, PartialEq)]
pub enum Moment {
    Day(Date),
    /// By the clock on the wall, wherever one is; the name of a zone that is not known, if one is given.
    Local(DateTime, Option<String>),
    /// With the sender's zone: its name, and how far it is from UTC then.
    At {
        instant: Timestamp,
        local: DateTime,
        zone: String,
        offset_secs: i32,
    },
}

impl Moment {
    fn local(&self) -> DateTime {
        match self {
            Self::Day(day) => day.to_datetime(jiff::civil::Time::midnight()),
            Self::Local(local, _) | Self::At { local, .. } => *local,
        }
    }

    /// On the reader's clock.
    fn there(&self, reader: &TimeZone) -> DateTime {
        match self {
            Self::At { instant, .. } => reader.to_datetime(*instant),
            _ => self.local(),
        }
    }
}

/// When something is, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// In the reader's time.
    pub here: String,
    /// In the sender's, with the name of its zone, where its clock says something else.
    pub there: Option<String>,
}

/// The appointments of a file. Total.
pub fn read(text: &str) -> Vec<Invitation> {
    let lines = content_line::read(text);
    let zones = Zones::of(&lines);
    let method = lines.iter().find(|line| line.name == "METHOD").map(|line| line.value.trim().to_ascii_uppercase());
    let mut events: Vec<Event> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for line in &lines {
        let value = line.value.trim().to_ascii_uppercase();
        match line.name.as_str() {
            "BEGIN" => {
                if matches!(value.as_str(), "VEVENT" | "VTODO") && events.len() < MAX_EVENTS {
                    events.push(Event::default());
                }
                if open.len() < MAX_DEPTH {
                    open.push(value);
                }
            }
            "END" => drop(open.pop_if(|last| *last == value)),
            _ if open.last().is_some_and(|last| matches!(last.as_str(), "VEVENT" | "VTODO")) => {
                if let Some(event) = events.last_mut() {
                    event.add(line, &zones);
                }
            }
            _ => (),
        }
    }
    events.into_iter().map(|event| event.finish(method.as_deref())).collect()
}

/// An appointment while its lines come in.
#[derive(Default)]
struct Event {
    found: Invitation,
    duration: Option<jiff::Span>,
    is_cancelled: bool,
    sequence: u32,
    exceptions: usize,
}

impl Event {
    fn add(&mut self, line: &ContentLine, zones: &Zones) {
        let text = || sanitize::line_of(&line.text(), MAX_CHARS);
        let found = &mut self.found;
        match line.name.as_str() {
            "SUMMARY" => found.what = text(),
            "LOCATION" => found.place = text(),
            "DESCRIPTION" => {
                let text: String = line.text().chars().take(MAX_DESCRIPTION_CHARS).collect();
                found.description = sanitize::multiline(text.trim());
            }
            "DTSTART" => found.begins = zones.moment(line),
            "DTEND" | "DUE" => found.ends = zones.moment(line),
            "RECURRENCE-ID" => found.one_of_series = zones.moment(line),
            "DURATION" => self.duration = line.value.trim().parse().ok(),
            "RRULE" => found.repeats = Some(rule::words(&line.value)),
            "EXDATE" => self.exceptions += line.value.split(',').count(),
            "ORGANIZER" => found.organizer = Some(person(line)),
            "ATTENDEE" if found.people.len() < MAX_PEOPLE => found.people.push(invited(line)),
            "SEQUENCE" => self.sequence = line.value.trim().parse().unwrap_or_default(),
            "STATUS" => match line.value.trim().to_ascii_uppercase().as_str() {
                "CANCELLED" => self.is_cancelled = true,
                "TENTATIVE" => found.is_tentative = true,
                _ => (),
            },
            _ => (),
        }
    }

    fn finish(self, method: Option<&str>) -> Invitation {
        let mut found = self.found;
        found.intent = match method {
            Some("CANCEL") => Intent::Cancel,
            _ if self.is_cancelled => Intent::Cancel,
            Some("REPLY") => Intent::Answer,
            Some("COUNTER") => Intent::Counter,
            Some("REQUEST") if self.sequence > 0 => Intent::Change,
            Some("REQUEST" | "ADD") => Intent::Invite,
            _ => Intent::Publish,
        };
        if let (None, Some(begins), Some(duration)) = (&found.ends, &found.begins, self.duration) {
            found.ends = later(begins, duration);
        }
        if let Some(words) = found.repeats.as_mut().filter(|_| self.exceptions > 0) {
            let plural = if self.exceptions == 1 { "exception" } else { "exceptions" };
            words.push_str(&format!(", with {} {plural}", self.exceptions));
        }
        found
    }
}

fn later(moment: &Moment, by: jiff::Span) -> Option<Moment> {
    Some(match moment {
        Moment::Day(day) => Moment::Day(day.checked_add(by).ok()?),
        Moment::Local(local, zone) => Moment::Local(local.checked_add(by).ok()?, zone.clone()),
        Moment::At { instant, local, zone, offset_secs } => {
            let end = local.checked_add(by).ok()?;
            let instant = instant.checked_add(end.duration_since(*local)).ok()?;
            Moment::At { instant, local: end, zone: zone.clone(), offset_secs: *offset_secs }
        }
    })
}

fn person(line: &ContentLine) -> Address {
    let value = line.value.trim();
    let addr = match value.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => value.get(7..).unwrap_or_default(),
        _ if value.contains('@') => value,
        _ => "",
    };
    let name = line.param("CN").unwrap_or_default();
    Address { name: sanitize::line_of(name, MAX_CHARS), addr: sanitize::line_of(addr, MAX_CHARS) }
}

fn invited(line: &ContentLine) -> Invited {
    let said = line.param("PARTSTAT").unwrap_or_default().to_ascii_uppercase();
    Invited {
        who: person(line),
        answer: match said.as_str() {
            "ACCEPTED" => Reaction::Accepted,
            "DECLINED" => Reaction::Declined,
            "TENTATIVE" => Reaction::Tentative,
            "DELEGATED" => Reaction::Delegated,
            _ => Reaction::None,
        },
        is_optional: line.param("ROLE").is_some_and(|role| role.eq_ignore_ascii_case("OPT-PARTICIPANT")),
    }
}

impl Invitation {
    /// What it is about, in a sentence.
    pub fn headline(&self) -> String {
        let series = if self.one_of_series.is_some() { " It is one of a series." } else { "" };
        let words = match self.intent {
            Intent::Publish => "An appointment.".to_owned(),
            Intent::Invite => "You are invited.".to_owned(),
            Intent::Change => "This invitation was changed.".to_owned(),
            Intent::Cancel => "This appointment is cancelled.".to_owned(),
            Intent::Counter => "Another time is proposed.".to_owned(),
            Intent::Answer => match self.people.first() {
                Some(invited) => format!("{}: {}.", invited.who.shown(), invited.answer.words()),
                None => "An answer to an invitation.".to_owned(),
            },
        };
        let tentative = if self.is_tentative { " It is not settled yet." } else { "" };
        format!("{words}{series}{tentative}")
    }

    /// When it is, in the reader's zone and, where its clock differs, in the sender's.
    pub fn when(&self, reader: &TimeZone) -> When {
        let Some(begins) = &self.begins else { return When::default() };
        if let Moment::Day(first) = begins {
            // The end of whole days is the day after the last one.
            let last = self.ends.as_ref().and_then(|ends| ends.local().date().yesterday().ok());
            let here = match last.filter(|last| last > first) {
                Some(last) => format!("{} – {}, all day", day(*first), day(last)),
                None => format!("{}, all day", day(*first)),
            };
            return When { here, there: None };
        }
        let ends = self.ends.as_ref();
        let here = span(begins.there(reader), ends.map(|ends| ends.there(reader)));
        let own = || span(begins.local(), ends.map(Moment::local));
        let there = match begins {
            Moment::At { zone, offset_secs, .. } if own() != here => {
                Some(format!("{} ({zone}, {})", own(), distance(zone, *offset_secs)))
            }
            Moment::Local(_, Some(zone)) => {
                Some(format!("This is the time in “{zone}”, a zone that is not known here."))
            }
            _ => None,
        };
        When { here, there }
    }
}

fn span(begins: DateTime, ends: Option<DateTime>) -> String {
    let clock = |at: DateTime| at.strftime("%H:%M").to_string();
    match ends.filter(|ends| *ends != begins) {
        None => format!("{}, {}", day(begins.date()), clock(begins)),
        Some(ends) if ends.date() == begins.date() => {
            format!("{}, {} – {}", day(begins.date()), clock(begins), clock(ends))
        }
        Some(ends) => {
            format!("{}, {} – {}, {}", day(begins.date()), clock(begins), day(ends.date()), clock(ends))
        }
    }
}

/// “Tuesday, 14 November 2023”.
pub(super) fn day(date: Date) -> String {
    date.strftime("%A, %-d %B %Y").to_string()
}

/// “UTC+01:00”; nothing more of UTC itself.
fn distance(zone: &str, offset_secs: i32) -> String {
    let minutes = offset_secs.unsigned_abs() / 60;
    let sign = if offset_secs < 0 { '−' } else { '+' };
    match (zone, minutes) {
        ("UTC", _) | (_, 0) => "UTC".to_owned(),
        _ => format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests;
