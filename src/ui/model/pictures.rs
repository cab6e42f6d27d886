//! Remote pictures: fetched for the open message on a word, and allowed or no longer for good.

use super::{Model, Pending};
use crate::engine::{Command, ConsentId, PictureScope};
use crate::store::types::MessageKey;

impl Model {
    pub(super) fn fetch_pictures(&mut self, scope: PictureScope) {
        let Some(key) = self.reading.message.as_ref().map(|message| message.row.key) else { return };
        if self.reading.fetching.insert(key) {
            self.ask(Command::FetchPictures { key, scope }, Pending::Pictures(key));
        }
    }

    /// They came, or not; the message is opened anew, for the store has them.
    pub(super) fn pictures_fetched(&mut self, key: MessageKey) {
        self.reading.fetching.remove(&key);
        if self.reading.message.as_ref().is_some_and(|message| message.row.key == key) {
            self.ask(Command::OpenMessage { key }, Pending::Refresh);
        }
    }

    pub(super) fn revoke_pictures(&mut self, id: ConsentId) {
        self.ask(Command::RevokePictures { id }, Pending::Other);
    }
}
