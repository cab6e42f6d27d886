//! The person's language, as the environment names it.

/// In the order in which POSIX lets them decide about messages.
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// A language by its code, `de`; None: none in particular. The region is left out: servers list languages, and not every one
/// finds its `de` for a longer tag.
pub(super) fn language() -> Option<String> {
    language_of(|name| std::env::var(name).ok())
}

fn language_of(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let locale = VARIABLES.into_iter().filter_map(variable).find(|value| !value.is_empty())?;
    let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default().to_ascii_lowercase();
    let is_code = matches!(language.len(), 2 | 3) && language.bytes().all(|octet| octet.is_ascii_lowercase());
    // “C” and “POSIX” are no languages of anybody.
    is_code.then_some(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_says_something_decides() {
        for (environment, expected) in [
            (&[][..], None),
            (&[("LANG", "de_DE.UTF-8")], Some("de")),
            (&[("LANG", "C.UTF-8")], None),
            (&[("LANG", "POSIX")], None),
            (&[("LANG", "")], None),
            (&[("LANG", "pt-BR")], Some("pt")),
            (&[("LANG", "nds_DE@euro")], Some("nds")),
            (&[("LANG", "en_GB.UTF-8"), ("LC_MESSAGES", "fr_FR")], Some("fr")),
            (&[("LANG", "en_GB.UTF-8"), ("LC_MESSAGES", "fr_FR"), ("LC_ALL", "it")], Some("it")),
            (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "")], Some("en")),
            (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], None),
        ] {
            let variable =
                |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(language_of(variable).as_deref(), expected, "{environment:?}");
        }
    }
}
