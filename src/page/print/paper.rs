//! The sizes of paper.

use serde::{Deserialize, Serialize};

/// One CSS pixel in points (CSS Values and Units Level 3 §6.2).
pub(super) const POINTS_OF_PX: f32 = 0.75;
/// The margin on all sides: 15 mm, which every printer leaves.
pub(super) const MARGIN_PT: f32 = 42.5;
/// How far above the paper's lower edge the page number begins.
pub(super) const FOOT_PT: f32 = 32.0;

/// A size of paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Paper {
    /// 210 mm by 297 mm (ISO 216).
    #[default]
    A4,
    /// 8½ inches by 11 (ANSI/ASME Y14.1, size A).
    Letter,
}

/// Countries whose paper is Letter, as the Unicode CLDR has them (supplemental data, `paperSize`).
const LETTER_COUNTRIES: [&str; 14] =
    ["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"];

impl Paper {
    /// The paper of the country that a locale names: Letter for `en_US.UTF-8`, A4 for `de_DE` and where it names none.
    pub fn of_locale(locale: &str) -> Self {
        let name = locale.split(['.', '@']).next().unwrap_or_default();
        let country = name.split(['_', '-']).skip(1).find(|part| part.len() == 2).unwrap_or_default();
        let country = country.to_ascii_uppercase();
        if LETTER_COUNTRIES.contains(&country.as_str()) { Self::Letter } else { Self::A4 }
    }

    /// What the environment says: `LC_PAPER` decides about it, `LC_ALL` about all, `LANG` where nothing else does (POSIX.1-2017
    /// §8.2; `LC_PAPER` is glibc's).
    pub fn of_environment() -> Self {
        Self::of_variables(|name| std::env::var(name).ok())
    }

    fn of_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_PAPER", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
        locale.map(|locale| Self::of_locale(&locale)).unwrap_or_default()
    }

    /// Width and height, in points.
    pub fn size_pt(self) -> (f32, f32) {
        match self {
            Self::A4 => (595.276, 841.89),
            Self::Letter => (612.0, 792.0),
        }
    }

    /// The room for the page within the margins, in CSS pixels.
    pub(super) fn room_px(self) -> (u32, f32) {
        let (width, height) = self.size_pt();
        let within = |side: f32| (side - 2.0 * MARGIN_PT) / POINTS_OF_PX;
        (within(width) as u32, within(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_country_decides_about_the_paper() {
        for (locale, expected) in [
            ("en_US.UTF-8", Paper::Letter),
            ("en_CA", Paper::Letter),
            ("es_MX.utf8", Paper::Letter),
            ("fr-CA", Paper::Letter),
            ("zh_Hans_US", Paper::Letter),
            ("de_DE@euro", Paper::A4),
            ("en_GB", Paper::A4),
            ("C.UTF-8", Paper::A4),
            ("en", Paper::A4),
            ("", Paper::A4),
        ] {
            assert_eq!(Paper::of_locale(locale), expected, "{locale}");
        }
        let environment = |name: &str| match name {
            "LANG" => Some("en_US.UTF-8".to_owned()),
            "LC_PAPER" => Some("de_DE.UTF-8".to_owned()),
            _ => None,
        };
        assert_eq!(Paper::of_variables(environment), Paper::A4);
    }
}
