//! One window a profile: a second start brings the first one's window up.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What a second start says to the first: nothing, or a `mailto:` link to write to.
const MESSAGE_LIMIT_BYTES: u64 = 64 * 1024;

/// Listens for second starts until it is dropped.
pub struct Doorbell {
    path: PathBuf,
}

impl Drop for Doorbell {
    fn drop(&mut self) {
        // A socket without a listener is replaced by the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Listens at the profile's socket; `ring` is called on a thread of its own with what the second start said. The caller must
/// hold the profile: a socket that is there already was left by a process that has ended.
#[cfg(unix)]
pub fn listen(path: PathBuf, ring: impl Fn(String) + Send + 'static) -> io::Result<Doorbell> {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    std::thread::Builder::new().name("doorbell".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut words = String::new();
            // Someone who rings and says nothing sensible only wants the window.
            if stream.take(MESSAGE_LIMIT_BYTES).read_to_string(&mut words).is_err() {
                words.clear();
            }
            ring(words);
        }
    })?;
    Ok(Doorbell { path })
}

/// Brings up the window that holds the profile. False: nobody answers.
#[cfg(unix)]
pub fn ring(path: &Path, words: &str) -> bool {
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(mut stream) => stream.write_all(words.as_bytes()).is_ok(),
        Err(_) => false,
    }
}

#[cfg(not(unix))]
pub fn listen(path: PathBuf, _ring: impl Fn(String) + Send + 'static) -> io::Result<Doorbell> {
    Ok(Doorbell { path })
}

#[cfg(not(unix))]
pub fn ring(_path: &Path, _words: &str) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_is_heard_with_what_it_says_and_nobody_answers_after_the_first_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        std::fs::write(&path, "left by a killed process").unwrap();
        let (heard, hear) = std::sync::mpsc::channel();
        let doorbell = listen(path.clone(), move |words| heard.send(words).unwrap()).unwrap();
        assert!(ring(&path, ""));
        assert!(ring(&path, "mailto:a@example.org"));
        let words = [hear.recv().unwrap(), hear.recv().unwrap()];
        assert_eq!(words, ["", "mailto:a@example.org"]);
        drop(doorbell);
        assert!(!ring(&path, ""));
    }
}
