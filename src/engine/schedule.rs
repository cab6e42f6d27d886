//! When an account is visited without being asked for: by its schedule, or again after a fault that passes. Pure: `now` comes in.

use std::collections::HashMap;

use super::event::{Again, NextVisit, Problem};
use crate::account::{Account, AccountId};

/// Providers that take more frequent visits for an attack, by the end of the server's name, and the seconds that they want.
const PAUSES_SECS: [(&str, i64); 1] = [("web.de", 15 * 60)];

/// How long a visit that waits for another line rests before it looks again, seconds.
const LINE_PAUSE_SECS: i64 = 5 * 60;

/// What is known of the accounts' visits since the program started.
#[derive(Default)]
pub(super) struct Schedule {
    diaries: HashMap<AccountId, Diary>,
}

#[derive(Clone, Copy, Default)]
struct Diary {
    /// When the last visit ended, Unix seconds; None: there was none yet.
    ended: Option<i64>,
    /// A fault that passes: not before, and then at once.
    retry_at: Option<i64>,
    /// The sign-in was refused; how often since it last worked.
    refusals: u32,
    /// Only the person can say that it makes sense to try again.
    suspended: bool,
    /// When the last visit ended that was made before the program started.
    ended_before: Option<i64>,
    /// What the server wants between two visits, in seconds (LOGIN-DELAY, RFC 2449 §6.5).
    login_delay_secs: i64,
}

impl Schedule {
    /// A visit has ended, with these problems.
    pub fn ended(&mut self, account: AccountId, problems: &[Problem], now: i64) {
        let diary = self.diaries.entry(account).or_default();
        diary.ended = Some(now);
        diary.retry_at = None;
        diary.suspended = false;
        let worst = problems.iter().map(|problem| problem.again).max().unwrap_or_default();
        match worst {
            Again::Anytime => diary.refusals = 0,
            Again::After(secs) => diary.retry_at = Some(now.saturating_add(i64::from(secs))),
            Again::Once(secs) => {
                diary.refusals = diary.refusals.saturating_add(1);
                if diary.refusals == 1 {
                    diary.retry_at = Some(now.saturating_add(i64::from(secs)));
                } else {
                    diary.suspended = true;
                }
            }
            Again::Never => diary.suspended = true,
        }
    }

    /// What is known of the account from before: when its last visit ended, and the pause that its server has asked for.
    pub fn recall(&mut self, account: AccountId, ended: Option<i64>, login_delay_secs: Option<u32>) {
        let diary = self.diaries.entry(account).or_default();
        diary.ended_before = diary.ended_before.max(ended);
        diary.login_delay_secs = i64::from(login_delay_secs.unwrap_or(0));
    }

    /// A visit waits for a line that is not metered: it is looked for again before long, for looking costs nothing.
    pub fn held_back(&mut self, account: AccountId, now: i64) {
        let diary = self.diaries.entry(account).or_default();
        diary.retry_at = Some(now.saturating_add(LINE_PAUSE_SECS));
    }

    /// The person has changed the account or its password: what was refused may work now.
    pub fn changed(&mut self, account: AccountId) {
        if let Some(diary) = self.diaries.get_mut(&account) {
            let Diary { ended, ended_before, login_delay_secs, .. } = *diary;
            *diary = Diary { ended, ended_before, login_delay_secs, ..Diary::default() };
        }
    }

    /// The visits to come, the next one first.
    pub fn next(&self, accounts: &[Account], now: i64) -> Vec<NextVisit> {
        let mut visits: Vec<NextVisit> = accounts.iter().filter_map(|account| self.next_of(account, now)).collect();
        visits.sort_by_key(|visit| (visit.at, visit.account));
        visits
    }

    fn next_of(&self, account: &Account, now: i64) -> Option<NextVisit> {
        let diary = self.diaries.get(&account.id).copied().unwrap_or_default();
        let visit = |at: i64, retry| NextVisit { account: account.id, at, retry };
        if diary.suspended {
            return None;
        }
        let pause = pause_secs(account).max(diary.login_delay_secs);
        // A clock that was set back must not make anybody wait for ever.
        let since = diary.ended.or(diary.ended_before).map(|ended| ended.min(now));
        let earliest = since.map_or(now, |ended| ended.saturating_add(pause));
        if let Some(at) = diary.retry_at {
            return Some(visit(at.max(earliest), true));
        }
        let every = i64::from(account.policy.every_mins?) * 60;
        match diary.ended {
            // The first one, when the program has started.
            None => Some(visit(now.max(earliest), false)),
            Some(ended) => Some(visit(ended.min(now).saturating_add(every).max(earliest), false)),
        }
    }
}

/// How long the provider wants to be left in peace between visits, seconds.
fn pause_secs(account: &Account) -> i64 {
    let host = account.incoming.host.trim_end_matches('.').to_ascii_lowercase();
    let wants = |end: &str| host.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    PAUSES_SECS.into_iter().find(|(end, _)| wants(end)).map_or(0, |(_, secs)| secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_000_000;
    const WORK: AccountId = AccountId(1);

    fn account(every_mins: Option<u16>, host: &str) -> Account {
        let mut account = Account::blank();
        account.id = WORK;
        account.incoming.host = host.into();
        account.policy.every_mins = every_mins;
        account
    }

    fn problem(again: Again) -> Problem {
        Problem { again, ..Problem::default() }
    }

    /// When the account is visited next, in seconds after the last event of this story: visits' ends, a minute apart.
    fn check(every_mins: Option<u16>, host: &str, story: &[Option<Again>], expected: Option<(i64, bool)>) {
        let mut schedule = Schedule::default();
        let mut now = NOON;
        for outcome in story {
            now += 60;
            let problems: Vec<Problem> = outcome.iter().map(|again| problem(*again)).collect();
            schedule.ended(WORK, &problems, now);
        }
        let next = schedule.next(&[account(every_mins, host)], now).first().map(|visit| (visit.at - now, visit.retry));
        assert_eq!(next, expected, "every {every_mins:?} at {host:?}, {story:?}");
    }

    #[test]
    fn visits_follow_the_schedule_and_faults_their_own_rules() {
        use Again::{After, Anytime, Never, Once};
        let host = "pop.example.org";
        check(None, host, &[], None);
        check(None, host, &[None], None);
        check(Some(10), host, &[], Some((0, false)));
        check(Some(10), host, &[None], Some((600, false)));
        check(Some(10), host, &[Some(Anytime)], Some((600, false)));
        // A fault that passes: sooner or later than the schedule, as the server wants.
        check(Some(10), host, &[Some(After(120))], Some((120, true)));
        check(Some(10), host, &[Some(After(1800))], Some((1800, true)));
        check(None, host, &[Some(After(120))], Some((120, true)));
        check(Some(10), host, &[Some(After(120)), None], Some((600, false)));
        // A refusal without a reason is tried once more, later, and then not any more.
        check(Some(10), host, &[Some(Once(900))], Some((900, true)));
        check(Some(10), host, &[Some(Once(900)), Some(Once(900))], None);
        check(Some(10), host, &[Some(Once(900)), None, Some(Once(900))], Some((900, true)));
        // A wrong password is the person's matter.
        check(Some(10), host, &[Some(Never)], None);
        check(Some(10), host, &[Some(Never), None], Some((600, false)));
        // What the provider wants goes before what the person wants.
        check(Some(5), "pop3.web.de", &[None], Some((900, false)));
        check(Some(30), "POP3.WEB.DE.", &[None], Some((1800, false)));
        check(Some(5), "pop3.notweb.de", &[None], Some((300, false)));
    }

    #[test]
    fn what_was_refused_is_tried_again_once_the_person_has_changed_something() {
        let mut schedule = Schedule::default();
        schedule.ended(WORK, &[problem(Again::Never)], NOON);
        assert_eq!(schedule.next(&[account(Some(5), "h")], NOON), []);
        schedule.changed(WORK);
        assert_eq!(schedule.next(&[account(Some(5), "h")], NOON)[0].at, NOON + 300);
    }

    #[test]
    fn a_visit_that_waits_for_another_line_looks_for_it_again_before_long() {
        let mut schedule = Schedule::default();
        let next =
            |schedule: &Schedule, every| schedule.next(&[account(every, "h")], NOON).first().map(|visit| visit.at);
        schedule.held_back(WORK, NOON);
        assert_eq!(next(&schedule, Some(240)), Some(NOON + LINE_PAUSE_SECS));
        schedule.ended(WORK, &[], NOON);
        assert_eq!(next(&schedule, Some(240)), Some(NOON + 240 * 60), "it was made, and the schedule holds");
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_wait() {
        let mut schedule = Schedule::default();
        schedule.ended(WORK, &[], NOON + 1_000_000_000);
        assert_eq!(schedule.next(&[account(Some(5), "h")], NOON)[0].at, NOON + 300);
    }

    #[test]
    fn the_pause_that_a_server_asks_for_is_kept_also_over_a_restart() {
        let next = |schedule: &Schedule, every, now| {
            let next = schedule.next(&[account(Some(every), "pop.example.org")], now);
            next.first().map(|visit| visit.at - now)
        };
        let mut schedule = Schedule::default();
        schedule.recall(WORK, Some(NOON - 100), Some(900));
        assert_eq!(next(&schedule, 5, NOON), Some(800), "the first one waits, too");
        assert_eq!(next(&schedule, 5, NOON + 5000), Some(0), "long ago");
        assert_eq!(next(&schedule, 5, NOON - 5000), Some(900), "a clock that was set back");
        schedule.ended(WORK, &[], NOON);
        schedule.recall(WORK, Some(NOON), Some(900));
        assert_eq!(next(&schedule, 5, NOON), Some(900));
        assert_eq!(next(&schedule, 60, NOON), Some(3600));
        schedule.ended(WORK, &[problem(Again::After(120))], NOON);
        assert_eq!(next(&schedule, 5, NOON), Some(900), "a fault that passes is no reason to come too early");
        schedule.changed(WORK);
        assert_eq!(next(&schedule, 5, NOON), Some(900));
        schedule.recall(WORK, None, None);
        assert_eq!(next(&schedule, 5, NOON), Some(300), "it asks for none any more");
    }
}
