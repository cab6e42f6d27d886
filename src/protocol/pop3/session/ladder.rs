//! Which attempts to sign in are made, in which order: a pure function of what is known.

use crate::protocol::pop3::{Capabilities, Method, Rung, SignIn};

/// What the session knows besides.
pub(super) struct Circumstances<'a> {
    pub capabilities: &'a Capabilities,
    /// The line is under TLS.
    pub protected: bool,
    /// The hash of the server's certificate is known, so that a proof can be bound to the connection.
    pub bindable: bool,
    /// The password can also be spelt in ISO 8859-1, and then has other octets.
    pub latin1: bool,
}

/// What is chosen by itself over TLS, the best first: what proves both sides; what takes one round trip; what is left. A
/// challenge by MD5 comes last, for it makes the server keep the password itself.
const PROTECTED: [Method; 8] = [
    Method::External,
    Method::ScramSha256Plus,
    Method::ScramSha256,
    Method::ScramSha1,
    Method::Plain,
    Method::User,
    Method::Login,
    Method::CramMd5,
];

/// The same on an open line: whatever keeps the password off it goes first.
const OPEN: [Method; 6] =
    [Method::ScramSha256, Method::ScramSha1, Method::CramMd5, Method::Plain, Method::User, Method::Login];

/// Where SASL was refused without a reason, this is tried once: some servers announce mechanisms that they cannot do.
const FALLBACK: [Method; 3] = [Method::User, Method::Plain, Method::Login];

/// The attempts, in order; each is made only if the one before was refused without a reason. Empty: nothing can be tried.
pub(super) fn ladder(how: &SignIn, around: &Circumstances<'_>) -> Vec<Rung> {
    if let Some(method) = how.method {
        // CAPA is a hint: what the person names is tried though it is not announced.
        return if is_possible(method, how, around) { spellings(method, around, false) } else { Vec::new() };
    }
    let may = |method: &Method| is_offered(*method, around.capabilities) && is_possible(*method, how, around);
    let best = if around.protected { &PROTECTED[..] } else { &OPEN[..] }.iter().copied().find(may);
    let before = how.worked_before.filter(|rung| may(&rung.method));
    let Some(first) = before.or(best.map(|method| Rung { method, latin1: false })) else { return Vec::new() };
    let fallback = FALLBACK.into_iter().find(may).filter(|method| *method != first.method);
    // The same password in the same octets under another name is the same attempt.
    let fallback = fallback.filter(|method| *method == Method::User || !says_password(first.method));
    match fallback {
        _ if first.method == Method::User => spellings(first.method, around, first.latin1),
        Some(fallback) => [vec![first], spellings(fallback, around, false)].concat(),
        None => spellings(first.method, around, first.latin1),
    }
}

/// UTF-8 first, then once ISO 8859-1; the other way round where that worked before.
fn spellings(method: Method, around: &Circumstances<'_>, latin1: bool) -> Vec<Rung> {
    if around.latin1 && method.spells_password() {
        vec![Rung { method, latin1 }, Rung { method, latin1: !latin1 }]
    } else {
        vec![Rung { method, latin1: false }]
    }
}

fn says_password(method: Method) -> bool {
    matches!(method, Method::User | Method::Plain | Method::Login)
}

/// Whether this program can do it here.
fn is_possible(method: Method, how: &SignIn, around: &Circumstances<'_>) -> bool {
    match method {
        Method::ScramSha1 | Method::ScramSha256 => !how.nonce.is_empty(),
        Method::ScramSha256Plus => !how.nonce.is_empty() && around.bindable,
        Method::External => how.certificate && around.protected,
        _ => true,
    }
}

/// Whether the server says that it can. One that knows no SASL knows USER, announced or not.
fn is_offered(method: Method, capabilities: &Capabilities) -> bool {
    match method {
        Method::User => capabilities.user || capabilities.sasl.is_empty(),
        // These must be named.
        Method::Apop | Method::Xoauth2 | Method::OauthBearer => false,
        _ => capabilities.sasl.iter().any(|name| name.eq_ignore_ascii_case(method.word())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The attempts as words, for what CAPA says; `how` as words: `over tls`, `bindable`, `certificate`, `ä` in the password,
    /// `before …`, `named …`.
    fn check(capabilities: &[&str], how: &[&str], expected: &[&str]) {
        let mut known = Capabilities::default();
        capabilities.iter().for_each(|line| known.add(line.as_bytes()));
        let worked_before = how.iter().find_map(|word| word.strip_prefix("before ")?.parse().ok());
        let method = how.iter().find_map(|word| Method::of_word(word.strip_prefix("named ")?));
        let sign_in = SignIn {
            method,
            worked_before,
            certificate: how.contains(&"certificate"),
            nonce: "n".into(),
            ..SignIn::default()
        };
        let around = Circumstances {
            capabilities: &known,
            protected: how.contains(&"tls"),
            bindable: how.contains(&"bindable"),
            latin1: how.contains(&"ä"),
        };
        let rungs: Vec<String> = ladder(&sign_in, &around).iter().map(Rung::to_string).collect();
        assert_eq!(rungs, expected, "{capabilities:?} {how:?}");
    }

    const ALL: [&str; 2] =
        ["USER", "SASL PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS EXTERNAL XOAUTH2 OAUTHBEARER"];

    #[test]
    fn over_tls_the_strongest_goes_first() {
        check(&ALL, &["tls", "bindable", "certificate"], &["external", "user"]);
        check(&ALL, &["tls", "bindable"], &["scram-sha-256-plus", "user"]);
        check(&ALL, &["tls"], &["scram-sha-256", "user"]);
        check(&["USER", "SASL CRAM-MD5 LOGIN PLAIN"], &["tls"], &["plain", "user"]);
        check(&["SASL CRAM-MD5 LOGIN"], &["tls"], &["login"]);
        check(&["SASL CRAM-MD5"], &["tls"], &["cram-md5"]);
        check(&["USER", "SASL CRAM-MD5"], &["tls"], &["user"]);
    }

    #[test]
    fn on_an_open_line_the_password_stays_off_it_where_the_server_lets_it() {
        check(&["USER", "SASL PLAIN LOGIN CRAM-MD5"], &[], &["cram-md5", "user"]);
        check(&ALL, &["certificate"], &["scram-sha-256", "user"]);
        check(&["USER", "SASL PLAIN"], &[], &["plain", "user"]);
        check(&["SASL PLAIN CRAM-MD5"], &[], &["cram-md5", "plain"]);
    }

    #[test]
    fn a_server_that_says_little_is_asked_in_the_oldest_way() {
        check(&[], &["tls"], &["user"]);
        check(&["UIDL", "TOP"], &[], &["user"]);
        check(&["SASL"], &[], &["user"]);
    }

    #[test]
    fn what_is_unknown_here_or_needs_a_token_is_not_chosen() {
        for sasl in ["SASL GSSAPI NTLM", "SASL XOAUTH2 OAUTHBEARER", "SASL EXTERNAL SCRAM-SHA-256-PLUS"] {
            check(&[sasl], &["tls"], &[]);
        }
    }

    #[test]
    fn what_worked_before_goes_first_while_the_server_offers_it() {
        check(&ALL, &["tls", "bindable", "before plain"], &["plain", "user"]);
        check(&ALL, &["tls", "before user"], &["user"]);
        check(&["USER", "SASL PLAIN"], &["tls", "before scram-sha-1"], &["plain", "user"]);
        check(&ALL, &["before apop"], &["scram-sha-256", "user"]);
        check(&["USER"], &["ä", "before user latin-1"], &["user latin-1", "user"]);
    }

    #[test]
    fn what_the_person_names_is_all_that_is_tried() {
        for word in ["user", "apop", "plain", "cram-md5", "scram-sha-1", "scram-sha-256", "xoauth2", "oauthbearer"] {
            let named = format!("named {word}");
            check(&ALL, &[&named, "before plain"], &[word]);
            check(&[], &[&named], &[word]);
        }
        check(&ALL, &["tls", "bindable", "named scram-sha-256-plus"], &["scram-sha-256-plus"]);
        check(&ALL, &["tls", "named scram-sha-256-plus"], &[]);
        check(&ALL, &["tls", "named external"], &[]);
    }

    #[test]
    fn a_password_beyond_ascii_is_spelt_twice_at_most() {
        check(&["USER"], &["ä"], &["user", "user latin-1"]);
        check(&["SASL LOGIN"], &["ä", "tls"], &["login", "login latin-1"]);
        check(&["USER", "SASL PLAIN"], &["ä", "tls"], &["plain", "user", "user latin-1"]);
        check(&["SASL PLAIN"], &["ä", "tls"], &["plain"]);
        check(&ALL, &["ä", "named user"], &["user", "user latin-1"]);
    }
}
