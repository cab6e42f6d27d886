//! How many commands may be on their way at once: enough to fill the line, measured and not guessed.
//!
//! What fills a line is the round trip times the rate at which replies come. The session has no clock, so its driver says
//! how late it is. A *round* begins when the window is full and ends when the command that filled it is answered; in it as
//! many replies came as were on their way. Twice that many, scaled down by how much longer than the bare round trip the
//! round took, is the next window: it doubles from round to round while the line runs dry (as TCP's slow start does), and
//! settles at twice what the line and the server can take as soon as they are busy all the time.

use std::time::Duration;

/// The least that is kept on its way: the shortest line has its pauses, when either program waits for its turn to run.
const LEAST_COMMANDS: usize = 256;

/// The most: round trips of 300 ms to a server that gives 25,000 messages a second, twice. In octets of commands (about 11
/// each) it is less than what two sockets buffer, so that a server which stops reading for a while stops nobody.
const MOST_COMMANDS: usize = 16 * 1024;

/// Announced octets beyond which no further RETR is sent: a line of 300 ms and 1.7 Gbit/s. More would only be in the way
/// of a DELE that must go before the visit can end.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Replies a second of a fast server. With the round trip that signing in has shown it gives the first window.
const FAST_SERVER_PER_SEC: u32 = 25_000;

/// What is on its way, and what may be.
#[derive(Debug)]
pub(super) struct Window {
    /// RFC 2449 §6.6: announced by the server, and not forbidden by who drives.
    pipelining: bool,
    /// None: nothing was measured yet.
    limit: Option<usize>,
    now: Duration,
    /// The shortest from a command to its reply that was seen.
    round_trip: Option<Duration>,
    /// Announced octets of the messages that are on their way.
    bytes: u64,
    /// Commands ever sent, and replies ever received.
    sent: u64,
    replied: u64,
    /// The first command, counted likewise, that was sent before the one before it was answered.
    first_ahead: Option<u64>,
    round: Option<Round>,
}

#[derive(Clone, Copy, Debug)]
struct Round {
    began: Duration,
    /// The reply, counted from the session's first, that ends it.
    ends_with: u64,
    commands: u64,
}

impl Window {
    pub fn new() -> Self {
        Self {
            pipelining: false,
            limit: None,
            now: Duration::ZERO,
            round_trip: None,
            bytes: 0,
            sent: 0,
            replied: 0,
            first_ahead: None,
            round: None,
        }
    }

    /// How late it is, on a clock that only ever goes forward.
    pub fn clock(&mut self, now: Duration) {
        self.now = now;
    }

    pub fn set_pipelining(&mut self, pipelining: bool) {
        self.pipelining = pipelining;
    }

    pub fn pipelining(&self) -> bool {
        self.pipelining
    }

    /// Whether one more command may be sent.
    pub fn has_room(&self) -> bool {
        let under_way = self.under_way();
        under_way == 0 || self.pipelining && under_way < self.limit() as u64 && self.bytes < MOST_BYTES
    }

    /// A command was sent whose answer will be a message of `bytes`, or 0.
    pub fn sent(&mut self, bytes: u64) {
        self.sent += 1;
        if self.under_way() > 1 {
            self.first_ahead.get_or_insert(self.sent);
        }
        self.bytes = self.bytes.saturating_add(bytes);
        // Alone on its way it measures the bare round trip; filling the window it measures the rate, which matters more.
        let measures_rate = !self.has_room() && self.round.is_none_or(|round| round.commands == 1);
        if measures_rate || self.round.is_none() && self.under_way() == 1 {
            self.round = Some(Round { began: self.now, ends_with: self.sent, commands: self.under_way() });
        }
    }

    /// The oldest command was answered; `bytes` as when it was sent.
    pub fn replied(&mut self, bytes: u64) {
        self.replied += 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        let Some(round) = self.round.filter(|round| round.ends_with <= self.replied) else { return };
        self.round = None;
        let took = self.now.saturating_sub(round.began);
        let round_trip = self.round_trip.map_or(took, |shortest| shortest.min(took));
        self.round_trip = Some(round_trip);
        if round.commands > 1 {
            self.limit = Some(next_limit(round.commands, round_trip, took));
        }
    }

    /// Whether a command that was sent ahead was answered: the server can do what it announces.
    pub fn answered_ahead(&self) -> bool {
        self.first_ahead.is_some_and(|first| first <= self.replied)
    }

    /// The shortest from a command to its reply that was seen.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    fn limit(&self) -> usize {
        self.limit.unwrap_or_else(|| {
            let round_trip = self.round_trip.unwrap_or_default();
            let fast = round_trip.saturating_mul(FAST_SERVER_PER_SEC).as_secs();
            clamped(fast)
        })
    }

    fn under_way(&self) -> u64 {
        self.sent.saturating_sub(self.replied)
    }
}

/// Twice what came in a round, less what only queued. Where no time seems to pass nothing queued.
fn next_limit(commands: u64, round_trip: Duration, took: Duration) -> usize {
    let doubled = commands.saturating_mul(2);
    let limit = match took.as_micros() {
        0 => u128::from(doubled),
        micros => u128::from(doubled).saturating_mul(round_trip.as_micros()) / micros,
    };
    clamped(u64::try_from(limit).unwrap_or(u64::MAX))
}

fn clamped(commands: u64) -> usize {
    usize::try_from(commands).unwrap_or(usize::MAX).clamp(LEAST_COMMANDS, MOST_COMMANDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The window after `rounds` full ones against a server of `rate` replies a second at the end of a line of `round_trip`,
    /// after a CAPA that took just the round trip.
    fn check(rate: u64, round_trip_ms: u64, rounds: usize) -> Vec<usize> {
        let round_trip = Duration::from_millis(round_trip_ms);
        let mut window = Window::new();
        window.set_pipelining(true);
        window.sent(0);
        window.clock(round_trip);
        window.replied(0);
        let mut seen = vec![window.limit()];
        let mut now = round_trip;
        for _ in 0..rounds {
            let began = now;
            let mut commands = 0;
            while window.has_room() {
                window.sent(0);
                commands += 1;
            }
            now = began + round_trip.max(Duration::from_nanos(commands * 1_000_000_000 / rate));
            window.clock(now);
            (0..commands).for_each(|_| window.replied(0));
            seen.push(window.limit());
        }
        seen
    }

    #[test]
    fn the_window_settles_at_twice_what_line_and_server_take() {
        let cases: [(&str, u64, u64, &[usize]); 6] = [
            ("a fast server on a long line", 26_000, 100, &[2500, 5000, 5200, 5200]),
            ("a server that is faster than any", 60_000, 100, &[2500, 5000, 10_000, 12_000]),
            ("more than is ever sent ahead", 100_000, 500, &[12_500, MOST_COMMANDS, MOST_COMMANDS]),
            ("a slow server", 500, 100, &[2500, LEAST_COMMANDS, LEAST_COMMANDS]),
            ("a short line", 26_000, 1, &[LEAST_COMMANDS, LEAST_COMMANDS]),
            ("a driver without a clock", u64::MAX, 0, &[256, 512, 1024, 2048]),
        ];
        for (name, rate, round_trip_ms, expected) in cases {
            assert_eq!(check(rate, round_trip_ms, expected.len() - 1), expected, "{name}");
        }
    }

    #[test]
    fn the_shortest_round_trip_is_the_one_that_is_told() {
        let mut window = Window::new();
        assert_eq!(window.round_trip(), None);
        let mut now = Duration::ZERO;
        for (took, told) in [(30, 30), (20, 20), (45, 20)] {
            window.sent(0);
            now += Duration::from_millis(took);
            window.clock(now);
            window.replied(0);
            assert_eq!(window.round_trip(), Some(Duration::from_millis(told)));
        }
    }

    #[test]
    fn without_pipelining_one_command_is_on_its_way() {
        let mut window = Window::new();
        assert!(window.has_room());
        window.sent(0);
        assert!(!window.has_room());
        window.replied(0);
        assert!(window.has_room());
    }

    #[test]
    fn large_messages_are_asked_for_by_their_octets() {
        let mut window = Window::new();
        window.set_pipelining(true);
        let mut asked = 0;
        while window.has_room() {
            window.sent(MOST_BYTES / 4);
            asked += 1;
        }
        assert_eq!(asked, 4);
        window.replied(MOST_BYTES / 4);
        assert!(window.has_room());
        let mut window = Window::new();
        window.sent(u64::MAX);
        window.replied(u64::MAX);
        assert!(window.has_room(), "a message of any size is asked for when nothing else is on its way");
    }

    #[test]
    fn a_window_that_was_never_full_is_no_measure() {
        let mut window = Window::new();
        window.set_pipelining(true);
        for second in 1..10 {
            for _ in 0..3 {
                window.sent(0);
            }
            window.clock(Duration::from_secs(second));
            (0..3).for_each(|_| window.replied(0));
        }
        assert_eq!(window.limit, None);
    }
}
