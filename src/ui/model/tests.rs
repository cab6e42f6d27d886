//! The screen without a window.
