//! What lies under a page: light paper, or the dark of the window where the page bears it.

use std::sync::LazyLock;

use blitz_dom::UserAgentStylesheet;

/// Light text for the dark ground, which is painted under the page.
const DARK: &str = "html{color:#e4e4e4}a[href]{color:#8ab4f8}hr{color:#777}";

static DARK_SHEET: LazyLock<UserAgentStylesheet> = LazyLock::new(|| UserAgentStylesheet::parse(DARK));

/// How a page takes to darkness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// It has colours for both (`prefers-color-scheme`).
    ItsOwn,
    /// It says nothing of colours: text on whatever there is.
    None,
    /// It has colours for light paper.
    Paper,
}

impl Ground {
    pub(super) fn of(html: &str) -> Self {
        let lower = html.to_ascii_lowercase();
        if lower.contains("prefers-color-scheme") {
            Self::ItsOwn
        } else if ["color:", "color =", "color=", "background:", "background=", "color :", " text=", "<svg"]
            .iter()
            .any(|word| lower.contains(word))
        {
            Self::Paper
        } else {
            Self::None
        }
    }

    /// Whether dark colours are asked for when the window is dark.
    pub(super) fn follows_the_theme(self) -> bool {
        self != Self::Paper
    }

    /// What is added to the page in a dark window.
    pub(super) fn sheet(self, dark: bool) -> Option<UserAgentStylesheet> {
        (dark && self.follows_the_theme()).then(|| DARK_SHEET.clone())
    }

    /// The colour under everything, as red, green and blue.
    pub(super) fn paper(self, dark: bool) -> [u8; 3] {
        if dark && self.follows_the_theme() { [0x1b, 0x1b, 0x1b] } else { [0xff, 0xff, 0xff] }
    }
}
