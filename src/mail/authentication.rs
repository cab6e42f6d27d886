//! What the account's own mail server found out about the sender (Authentication-Results, RFC 8601).
//!
//! Anybody can write such a field into a message. Only the topmost one counts that the own server signs with its name, for
//! servers put theirs above what was there; and only failure is told: a message that passes is not thereby honest.

use super::header::Header;

/// Octets of one field that are read.
const MAX_FIELD_BYTES: usize = 8 * 1024;

/// Whether the server with that host name says that the message does not come from where it says. False where it says
/// nothing, or its name is not known.
pub fn has_failed(header: &Header<'_>, own_server: &str) -> bool {
    let fields = header.fields.iter().filter(|field| field.is("Authentication-Results"));
    let own = fields.map(|field| without_comments(&field.unfolded(None))).find(|field| is_own(field, own_server));
    own.is_some_and(|field| says_forged(&field))
}

fn is_own(field: &str, own_server: &str) -> bool {
    let server = field.split(';').next().unwrap_or_default().split_whitespace().next().unwrap_or_default();
    is_of(&server.trim_end_matches('.').to_ascii_lowercase(), &own_server.trim_end_matches('.').to_ascii_lowercase())
}

/// Whether a name belongs to the domain of a mail host: `mx4.example.org` to that of `pop.example.org`.
fn is_of(name: &str, host: &str) -> bool {
    /// Providers whose servers sign with a name of another domain than people fetch their mail from.
    const ELSEWHERE: [(&str, &str); 2] = [("gmail.com", "google.com"), ("googlemail.com", "google.com")];
    let domain = domain_of(host);
    let domain = ELSEWHERE.iter().find(|(fetched, _)| *fetched == domain).map_or(domain, |(_, signed)| signed);
    !domain.is_empty() && (name == domain || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

/// The domain of a mail host: without its first label, unless what is left belongs to a whole country (`co.uk`).
fn domain_of(host: &str) -> &str {
    let Some((_, rest)) = host.split_once('.') else { return "" };
    match rest.split_once('.') {
        None => host,
        Some((second, top)) if !top.contains('.') && second.len() <= 3 && top.len() == 2 => host,
        Some(_) => rest,
    }
}

/// DMARC decides (RFC 7489); without it, SPF where no signature holds.
fn says_forged(field: &str) -> bool {
    let results: Vec<(String, String)> = field.split(';').skip(1).filter_map(result).collect();
    let has = |method: &str, result: &str| results.iter().any(|(m, r)| m == method && r == result);
    let dmarc = results.iter().find(|(method, _)| method == "dmarc").map(|(_, result)| result.as_str());
    match dmarc {
        Some("fail" | "reject" | "quarantine") => true,
        Some("pass") => false,
        _ => has("spf", "fail") && !has("dkim", "pass"),
    }
}

/// `method[/version]=result`, lower case.
fn result(part: &str) -> Option<(String, String)> {
    let (method, rest) = part.split_once('=')?;
    let method = method.split('/').next()?.trim();
    let result = rest.split_whitespace().next()?;
    let is_word = !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_word.then(|| (method.to_ascii_lowercase(), result.to_ascii_lowercase()))
}

fn without_comments(text: &str) -> String {
    let mut depth = 0u32;
    let mut out = String::new();
    for c in text.get(..text.floor_char_boundary(MAX_FIELD_BYTES)).unwrap_or_default().chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => (),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::header;

    #[track_caller]
    fn check(fields: &str, server: &str, failed: bool) {
        let raw = format!("{fields}\r\nFrom: a@b.test\r\n\r\n");
        let (header, _) = header::read(raw.as_bytes(), |_| false);
        assert_eq!(has_failed(&header, server), failed, "{fields} for {server}");
    }

    #[test]
    fn only_the_own_server_is_believed() {
        let failed = "Authentication-Results: mx2.example.org 1;\r\n spf=pass (ok; dmarc=pass) smtp.mailfrom=x.test;\r\n dmarc=fail (p=none) header.from=b.test";
        check(failed, "pop.example.org", true);
        check(failed, "POP.Example.org.", true);
        check(failed, "pop.example.net", false);
        check(failed, "pop.notexample.org", false);
        check(failed, "", false);
        check("Authentication-Results: example.org; dmarc=fail", "pop.example.org", true);
        check("Authentication-Results: evilexample.org; dmarc=fail", "pop.example.org", false);
        check("Authentication-Results: mx.google.com; dmarc=fail", "pop.gmail.com", true);
        check("Authentication-Results: evil.co.uk; dmarc=fail", "example.co.uk", false);
        check("Authentication-Results: mx.example.co.uk; dmarc=fail", "example.co.uk", true);
    }

    #[test]
    fn of_several_the_topmost_of_the_own_server_counts() {
        let pass = "Authentication-Results: example.org; dmarc=pass";
        let fail = "Authentication-Results: example.org; dmarc=fail";
        let foreign = "Authentication-Results: elsewhere.test; dmarc=fail";
        check(&format!("{pass}\r\n{fail}"), "pop.example.org", false);
        check(&format!("{fail}\r\n{pass}"), "pop.example.org", true);
        check(&format!("{foreign}\r\n{pass}"), "pop.example.org", false);
    }

    #[test]
    fn one_failure_among_what_holds_is_no_forgery() {
        for (results, failed) in [
            ("spf=fail; dkim=pass", false),
            ("spf=fail; dkim=fail", true),
            ("spf=softfail; dkim=none", false),
            ("dkim=fail", false),
            ("dkim=fail; spf=pass; dmarc=pass", false),
            ("DMARC/1=FAIL", true),
            ("none", false),
            ("", false),
            (";;;=;", false),
        ] {
            check(&format!("Authentication-Results: example.org; {results}"), "pop.example.org", failed);
        }
    }
}
