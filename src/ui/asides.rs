//! What may take as long as it likes, and is done on a thread of its own: the system's dialogs, and reading what was chosen there.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::action::Action;

/// Threads that were begun, and what they lead to.
pub struct Asides {
    tell: Sender<Action>,
    told: Receiver<Action>,
    /// What wakes the window: known from its first frame on.
    window: Option<egui::Context>,
}

impl Default for Asides {
    fn default() -> Self {
        let (tell, told) = channel();
        Self { tell, told, window: None }
    }
}

impl Asides {
    /// What one of them has led to, in a frame of this window.
    pub fn heard(&mut self, window: &egui::Context) -> Option<Action> {
        self.window.get_or_insert_with(|| window.clone());
        self.told.try_recv().ok()
    }

    /// Begins one.
    pub fn begin(&self, name: &str, aside: impl FnOnce() -> Option<Action> + Send + 'static) {
        let (tell, window) = (self.tell.clone(), self.window.clone());
        let run = move || {
            // The window may be closed by now.
            if let Some(action) = aside()
                && tell.send(action).is_ok()
                && let Some(window) = window
            {
                window.request_repaint();
            }
        };
        // Without the thread it is as if the person had chosen nothing.
        let _nothing_chosen = std::thread::Builder::new().name(name.into()).spawn(run);
    }
}
