//! What a metered line changes of a visit. Pure: what the line is like comes in.

use crate::account::Account;
use crate::account::policy::{Line, Metered};

/// How a visit may go.
#[derive(Debug, PartialEq)]
pub(super) enum Passage {
    /// By these rules, which may ask sooner than the account's own.
    Free(Box<Account>),
    /// Nobody asked for it: it waits for a line that is not metered.
    HeldBack,
    /// The person is told that the line is metered, and asked.
    AsksFirst,
}

/// Who wants the visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The schedule.
    Unasked,
    Asked,
    /// The person has answered that everything is wanted, whatever it costs.
    Confirmed,
}

/// Whether the system must be asked what the line is like.
pub(super) fn depends_on_link(account: &Account) -> bool {
    account.policy.metered != Metered::AsUsual && account.policy.line == Line::Auto
}

/// `metered`: what the system says of the line; what the person says of it goes before that.
pub(super) fn passage(account: &Account, metered: bool, wanted: Wanted) -> Passage {
    let metered = match account.policy.line {
        Line::Auto => metered,
        Line::Metered => true,
        Line::Unmetered => false,
    };
    let mut account = Box::new(account.clone());
    account.policy.line = if metered { Line::Metered } else { Line::Unmetered };
    match (wanted, account.policy.metered) {
        (Wanted::Confirmed, _) => account.policy.ask_above_bytes = None,
        (Wanted::Unasked, Metered::UnmeteredOnly) if metered => return Passage::HeldBack,
        (Wanted::Asked, Metered::UnmeteredOnly) if metered => return Passage::AsksFirst,
        _ if metered => {
            let limits = account.policy.ask_above_bytes.into_iter().chain(account.policy.metered_limit_bytes());
            account.policy.ask_above_bytes = limits.min();
        }
        _ => {}
    }
    Passage::Free(account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::policy::METERED_ASK_BYTES;

    /// What the table says of a visit: it goes, and asks above so many octets; or it does not.
    #[derive(Debug, PartialEq)]
    enum Goes {
        AskingAbove(Option<u64>),
        HeldBack,
        AsksFirst,
    }

    fn goes(rule: Metered, line: Line, ask_above: Option<u64>, metered: bool, wanted: Wanted) -> Goes {
        let mut account = Account::blank();
        (account.policy.metered, account.policy.line, account.policy.ask_above_bytes) = (rule, line, ask_above);
        match passage(&account, metered, wanted) {
            Passage::Free(account) => Goes::AskingAbove(account.policy.ask_above_bytes),
            Passage::HeldBack => Goes::HeldBack,
            Passage::AsksFirst => Goes::AsksFirst,
        }
    }

    #[test]
    fn a_metered_line_changes_what_the_rule_says_and_nothing_else() {
        use Goes::{AskingAbove, AsksFirst, HeldBack};
        use Metered::{AsUsual, Ask, UnmeteredOnly};
        use Wanted::{Asked, Confirmed, Unasked};
        const OWN: u64 = METERED_ASK_BYTES;
        let cases = [
            // As usual: whatever the line.
            (AsUsual, None, true, Unasked, AskingAbove(None)),
            (AsUsual, Some(9), true, Asked, AskingAbove(Some(9))),
            // Ask: the smaller of the two limits, whoever wants the visit.
            (Ask, None, false, Asked, AskingAbove(None)),
            (Ask, Some(9), false, Unasked, AskingAbove(Some(9))),
            (Ask, None, true, Asked, AskingAbove(Some(OWN))),
            (Ask, None, true, Unasked, AskingAbove(Some(OWN))),
            (Ask, Some(9), true, Asked, AskingAbove(Some(9))),
            (Ask, Some(OWN * 2), true, Asked, AskingAbove(Some(OWN))),
            (Ask, Some(9), true, Confirmed, AskingAbove(None)),
            // Only unmetered: it waits, or asks at the door.
            (UnmeteredOnly, Some(9), false, Unasked, AskingAbove(Some(9))),
            (UnmeteredOnly, Some(9), false, Asked, AskingAbove(Some(9))),
            (UnmeteredOnly, None, true, Unasked, HeldBack),
            (UnmeteredOnly, None, true, Asked, AsksFirst),
            (UnmeteredOnly, Some(9), true, Confirmed, AskingAbove(None)),
        ];
        for (rule, ask_above, metered, wanted, expected) in cases {
            let case = format!("{rule:?} {ask_above:?} metered {metered} {wanted:?}");
            assert_eq!(goes(rule, Line::Auto, ask_above, metered, wanted), expected, "{case}");
            // What the person says of the line goes before what the system says.
            let said = if metered { Line::Metered } else { Line::Unmetered };
            assert_eq!(goes(rule, said, ask_above, !metered, wanted), expected, "said: {case}");
        }
    }

    #[test]
    fn the_system_is_asked_only_where_it_matters() {
        for (rule, line, expected) in [
            (Metered::AsUsual, Line::Auto, false),
            (Metered::Ask, Line::Auto, true),
            (Metered::UnmeteredOnly, Line::Auto, true),
            (Metered::Ask, Line::Metered, false),
            (Metered::UnmeteredOnly, Line::Unmetered, false),
        ] {
            let mut account = Account::blank();
            (account.policy.metered, account.policy.line) = (rule, line);
            assert_eq!(depends_on_link(&account), expected, "{rule:?} {line:?}");
        }
    }
}
