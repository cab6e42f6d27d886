//! A search that may be given up while it runs.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, InterruptHandle};

use super::super::Error;

/// A search under way, to be given up when nobody waits for it any more.
#[derive(Clone, Debug, Default)]
pub struct Asking(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Waiting,
    Running(Interrupt),
    Over,
    GivenUp,
}

/// Interrupts a connection: only while it works on the search it was taken for, or another's work would be lost.
struct Interrupt(InterruptHandle);

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Interrupt")
    }
}

impl Asking {
    /// What runs ends at once, what waits does not begin.
    pub fn give_up(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Running(handle) = &*state {
            handle.0.interrupt();
        }
        *state = State::GivenUp;
    }

    #[cfg(test)]
    pub(super) fn has_begun(&self) -> bool {
        !matches!(*self.0.lock().unwrap_or_else(PoisonError::into_inner), State::Waiting)
    }

    pub(super) fn begin(&self, db: &Connection) -> Result<Running<'_>, Error> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Over | State::GivenUp) {
            return Err(Error::GivenUp);
        }
        *state = State::Running(Interrupt(db.get_interrupt_handle()));
        Ok(Running(self))
    }
}

/// While it lives the connection may be interrupted.
pub(super) struct Running<'a>(&'a Asking);

impl Running<'_> {
    /// Between two statements there is nothing to be interrupted: looks whether the second one is still wanted.
    pub(super) fn go_on(&self) -> Result<(), Error> {
        let state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::GivenUp) { Err(Error::GivenUp) } else { Ok(()) }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = State::Over;
    }
}
