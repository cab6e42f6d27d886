//! Values of attributes: read, and written out.

use html5ever::{Attribute, ns};

use super::text;

/// The value of an HTML attribute.
pub fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|found| found.name.ns == ns!() && &*found.name.local == name).map(|found| &*found.value)
}

/// Whether an address is a number that a cleaned page has for a remote picture.
pub fn is_number(address: &str) -> bool {
    address
        .strip_prefix("remote:")
        .is_some_and(|number| (1..=4).contains(&number.len()) && number.bytes().all(|octet| octet.is_ascii_digit()))
}

/// Whether it can be a colour: a name, a number, a function of numbers.
pub fn is_color(value: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "#(),.% ".contains(c);
    !value.is_empty() && value.len() <= 40 && value.chars().all(is_part)
}

/// A number from one to `most`; a larger one is `most`.
pub fn count(value: &str, most: u32) -> Option<u32> {
    let digits: &str = value.trim();
    let digits = digits.get(..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())).unwrap_or_default();
    if digits.is_empty() {
        return None;
    }
    Some(digits.parse::<u32>().unwrap_or(most).clamp(1, most))
}

/// One word of letters, digits, hyphens and underscores, or none.
pub fn word(name: &str, value: &str) -> Option<String> {
    let value = value.trim();
    let is_word = value.len() <= 40 && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    // Only kinds of lists mean something else in the other case; and layout knows the small letters alone.
    is_word.then(|| if matches!(name, "type" | "lang") { value.to_owned() } else { value.to_ascii_lowercase() })
}

/// Names of fonts.
pub fn fonts(value: &str) -> Option<String> {
    let is_part = |c: char| c.is_alphanumeric() || " ,-_'\".".contains(c);
    Some(text::cut(value.trim(), 200)).filter(|value| value.chars().all(is_part)).map(str::to_owned)
}

/// As text or as the value of an attribute.
pub fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(character),
        }
    }
}
