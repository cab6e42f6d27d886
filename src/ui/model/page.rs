//! How pages are shown: drawn or as text, how large, and which of them cannot be drawn.

use std::collections::HashMap;

use super::Model;
use crate::engine::MessagePage;
use crate::page::protocol::Trouble;
use crate::store::types::MessageKey;

/// Percent that a page can be shown at.
const ZOOMS: [u16; 13] = [50, 67, 75, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300];
const USUAL_ZOOM: u16 = 100;

#[derive(Clone, Debug, PartialEq)]
pub struct PageShown {
    /// The person reads messages as text, though they have a page; kept until they say otherwise.
    pub as_text: bool,
    /// How large pages are shown; one of a few steps.
    pub zoom_percent: u16,
    /// Pages that could not be drawn: not tried again until the person asks for it.
    troubles: HashMap<MessageKey, Trouble>,
}

impl Default for PageShown {
    fn default() -> Self {
        Self { as_text: false, zoom_percent: USUAL_ZOOM, troubles: HashMap::new() }
    }
}

impl PageShown {
    /// Pixels of the screen for one of the page's, on a screen with one pixel a point.
    pub fn zoom_factor(&self) -> f32 {
        f32::from(self.zoom_percent) / 100.0
    }

    /// As large as it was at the last start.
    pub fn zoom_to(&mut self, percent: u16) {
        self.zoom_percent = if ZOOMS.contains(&percent) { percent } else { USUAL_ZOOM };
    }

    /// So many steps larger, or smaller; 0: as large as it was made.
    pub(super) fn zoom(&mut self, steps: i8) {
        if steps == 0 {
            self.zoom_percent = USUAL_ZOOM;
            return;
        }
        let here = ZOOMS.partition_point(|zoom| *zoom < self.zoom_percent);
        let there = here.saturating_add_signed(steps.into()).min(ZOOMS.len() - 1);
        self.zoom_percent = ZOOMS.get(there).copied().unwrap_or(USUAL_ZOOM);
    }

    pub(super) fn failed(&mut self, key: MessageKey, why: Trouble) {
        self.troubles.insert(key, why);
    }
}

impl Model {
    /// The page that is to be shown of the open message; None: its text is, for it has none, or the person wants it so, or it
    /// cannot be drawn.
    pub fn shown_page(&self) -> Option<&std::sync::Arc<MessagePage>> {
        let message = self.reading.message.as_ref()?;
        let is_wanted = !self.page.as_text && !self.page.troubles.contains_key(&message.row.key);
        message.page.as_ref().filter(|_| is_wanted && self.reading.source.is_none())
    }

    /// Why the open message's page is not drawn, though the person would like it to be.
    pub fn page_trouble(&self) -> Option<&Trouble> {
        let message = self.reading.message.as_ref()?;
        self.page.troubles.get(&message.row.key).filter(|_| !self.page.as_text)
    }

    pub(super) fn read_as_text(&mut self, on: bool) {
        self.page.as_text = on;
        // Whoever asks for the page once more wants it tried once more.
        if let (false, Some(message)) = (on, &self.reading.message) {
            self.page.troubles.remove(&message.row.key);
        }
    }
}
