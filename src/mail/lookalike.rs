//! Domains that are written to be taken for others.

use unicode_normalization::UnicodeNormalization;

/// A domain in the letters that it stands for: `xn--mnchen-3ya.de` is `münchen.de` (RFC 5891). Lower case.
pub fn spelt(domain: &str) -> String {
    if domain.split('.').any(|label| label.starts_with("xn--")) {
        idna::domain_to_unicode(domain).0
    } else {
        domain.to_owned()
    }
}

/// Whether one domain looks like another without being it, or part of it.
pub fn is_like(domain: &str, own: &str) -> bool {
    let (spelt, own) = (spelt(domain), spelt(own));
    let is_part = spelt.strip_suffix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !own.is_empty() && !is_part && shape(&spelt) == shape(&own)
}

/// The plain domain that one in letters of other scripts passes for; None: it passes for none.
pub fn passes_for(spelt: &str) -> Option<String> {
    let plain: String = spelt.chars().map(latin).collect();
    (plain != spelt && plain.is_ascii()).then_some(plain)
}

/// What the eye makes of it in passing.
fn shape(domain: &str) -> String {
    let plain: String = domain.nfd().filter(|c| !matches!(c, '\u{300}'..='\u{36F}')).map(latin).collect();
    let plain = plain.replace("rn", "m").replace("vv", "w").replace("cl", "d");
    plain
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | 'i' | '|' => 'l',
            '5' => 's',
            c => c,
        })
        .collect()
}

/// The Latin letter that a letter of another script looks like; others as they are.
fn latin(c: char) -> char {
    match c {
        'а' | 'α' | 'ɑ' => 'a',
        'Ь' | 'ƅ' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ҽ' => 'e',
        'ɡ' => 'g',
        'һ' | 'հ' => 'h',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'κ' | 'к' => 'k',
        'ӏ' | 'ⅼ' => 'l',
        'м' => 'm',
        'п' | 'ո' => 'n',
        'о' | 'ο' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ѡ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_that_look_like_the_own_one_are_known() {
        for domain in ["exarnple.org", "examp1e.org", "exаmple.org", "éxample.org", "xn--exmple-4nf.org"] {
            assert!(is_like(domain, "example.org"), "{domain}");
        }
        for domain in ["example.org", "mail.example.org", "example.net", "samples.org", "", "org"] {
            assert!(!is_like(domain, "example.org"), "{domain}");
        }
        assert!(!is_like("anything.test", ""));
    }

    #[test]
    fn letters_of_other_scripts_are_told_from_letters_of_other_languages() {
        assert_eq!(passes_for("аррӏе.test").as_deref(), Some("apple.test"));
        assert_eq!(passes_for("münchen.de"), None);
        assert_eq!(passes_for("пример.рф"), None);
        assert_eq!(passes_for("example.org"), None);
        assert_eq!(spelt("xn--mnchen-3ya.de"), "münchen.de");
    }
}
