//! Subjects without what answering and forwarding put before them (RFC 5256 §2.1).

/// What programs write before a subject that they answer or forward, beside the RFC's *re*, *fw* and *fwd*: German, the
/// Nordic languages, Spanish, French, Portuguese, Italian, Dutch, Polish, Turkish, Welsh, Chinese. Single letters (an Italian
/// *R:* and *I:*) are left out: too many subjects begin so of themselves.
const LEADERS: [&str; 24] = [
    "re", "fw", "fwd", "aw", "wg", "sv", "vs", "vb", "vl", "rv", "tr", "res", "enc", "rif", "antw", "doorst", "odp",
    "pd", "ynt", "atb", "回复", "答复", "转发", "轉寄",
];

/// The base subject: what the conversation is about. Empty where nothing else is left.
pub fn base(subject: &str) -> String {
    let blanks_alike = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = blanks_alike.as_str();
    loop {
        let before = rest;
        rest = without_trailer(rest.trim());
        rest = without_leader(rest).unwrap_or(rest).trim_start();
        // A list's name, unless it is all there is.
        if let Some(behind) = behind_blob(rest).filter(|behind| !behind.is_empty()) {
            rest = behind;
        }
        rest = inside_forward(rest).unwrap_or(rest);
        if rest == before {
            return rest.to_owned();
        }
    }
}

/// Whether both are about the same.
pub fn is_same(one: &str, other: &str) -> bool {
    base(one).to_lowercase() == base(other).to_lowercase()
}

fn without_trailer(subject: &str) -> &str {
    let cut = subject.len().checked_sub(TRAILER.len()).and_then(|at| subject.split_at_checked(at));
    cut.filter(|(_, end)| end.eq_ignore_ascii_case(TRAILER)).map_or(subject, |(rest, _)| rest.trim_end())
}

const TRAILER: &str = "(fwd)";

/// What stands behind “Re:”, “Fwd [2]:” and the like.
fn without_leader(subject: &str) -> Option<&str> {
    let end = subject.find([':', '：', '[', ' ']).unwrap_or(subject.len());
    let (word, mut rest) = subject.split_at_checked(end)?;
    let word = word.to_lowercase();
    if !LEADERS.contains(&word.as_str()) {
        return None;
    }
    rest = rest.trim_start();
    rest = behind_blob(rest).unwrap_or(rest);
    rest.strip_prefix([':', '：']).map(str::trim_start)
}

/// What stands behind “[…]” at the beginning.
fn behind_blob(subject: &str) -> Option<&str> {
    let inside = subject.strip_prefix('[')?;
    let end = inside.find(['[', ']'])?;
    inside.get(end..)?.strip_prefix(']').map(str::trim_start)
}

/// What is wrapped up as “[Fwd: …]”.
fn inside_forward(subject: &str) -> Option<&str> {
    let (begin, rest) = subject.split_at_checked("[fwd:".len())?;
    begin.eq_ignore_ascii_case("[fwd:").then(|| rest.strip_suffix(']')).flatten().map(str::trim)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_put_before_and_behind_is_taken_away() {
        for (subject, expected) in [
            ("", ""),
            ("Hello", "Hello"),
            ("Re: Hello", "Hello"),
            ("RE:Hello", "Hello"),
            ("re : Hello", "Hello"),
            ("Re[2]: Hello", "Hello"),
            ("Re [2] : Hello", "Hello"),
            ("Fwd: Re: FW: Hello", "Hello"),
            ("[list] Hello", "Hello"),
            ("[list] Re: [other] Hello", "Hello"),
            ("Re: [list] Re: Hello (fwd) (FWD)", "Hello"),
            ("[Fwd: Hello]", "Hello"),
            ("[fwd: Re: [Fwd: Hello]]", "Hello"),
            ("Hello \t  there", "Hello there"),
            ("AW: WG: Grüße", "Grüße"),
            ("SV: VS: Hej", "Hej"),
            ("RES: ENC: Olá", "Olá"),
            ("TR: RE : Salut", "Salut"),
            ("回复：你好", "你好"),
            ("Re:", ""),
            ("Re: Fwd:", ""),
            // A blob that is all there is stays, and so does what only looks like an answer.
            ("[list]", "[list]"),
            ("Re: [list]", "[list]"),
            ("[a][b]", "[b]"),
            ("[list] Re:", ""),
            ("Reply: Hello", "Reply: Hello"),
            ("Re Hello", "Re Hello"),
            ("I: a sentence", "I: a sentence"),
            ("[open", "[open"),
            ("(fwd)", ""),
            ("Hello [list]", "Hello [list]"),
        ] {
            assert_eq!(base(subject), expected, "{subject:?}");
        }
    }

    #[test]
    fn small_and_large_letters_are_the_same_subject() {
        assert!(is_same("Re: HELLO", "hello"));
        assert!(!is_same("Re: Hello", "Hello again"));
    }

    proptest! {
        #[test]
        fn nothing_is_left_to_take_away_whatever_it_was(subject in "([Rr]e ?|\\[|\\]|:|fwd|\\(fwd\\)| |é|.){0,40}") {
            let once = base(&subject);
            prop_assert_eq!(base(&once), once);
        }
    }
}
