//! Attachments handed to other programs: each as a file in a folder of its own, that nobody else can read, gone when Malote is.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;

use super::event::{Event, Problem};
use super::hub::Hub;
use super::{problem, saving};
use crate::mail::body;
use crate::store::types::MessageKey;

/// The folder, made when it is first needed.
#[derive(Default)]
pub(super) struct Folder(Mutex<Option<PathBuf>>);

impl Folder {
    fn path(&self) -> io::Result<PathBuf> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = known.as_ref().filter(|path| path.is_dir()) {
            return Ok(path.clone());
        }
        let path = make_in(&std::env::temp_dir())?;
        *known = Some(path.clone());
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let path = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = path.take() {
            // What another program still holds open is the system's to clear away.
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// A folder that was not there before: nobody can have put a link in its place.
fn make_in(place: &Path) -> io::Result<PathBuf> {
    let mut random = [0; 12];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let name: String = random.iter().map(|octet| format!("{octet:02x}")).collect();
    let path = place.join(format!("malote-{name}"));
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&path)?;
    Ok(path)
}

/// Writes an attachment for another program to open. Never a program: such a one is only saved.
pub(super) async fn attachment(hub: &Hub, key: MessageKey, index: usize) -> Result<Event, Box<Problem>> {
    let raw = hub.store.raw(key).await.map_err(|error| problem::store_plain("Could not open the message", &error))?;
    let folder = hub.opened.path().map_err(|error| problem::not_saved(&error))?;
    let file = async_std::task::spawn_blocking(move || write(&raw, index, &folder)).await;
    Ok(Event::ReadyToOpen { file: file.map_err(|error| problem::not_saved(&error))? })
}

fn write(raw: &[u8], index: usize, folder: &Path) -> io::Result<PathBuf> {
    let mut written = Err(io::Error::new(io::ErrorKind::NotFound, "the attachment is not there"));
    let _stopped = body::each_attachment(raw, |attachment, bytes| {
        if attachment.index != index {
            return Ok(());
        }
        written = if attachment.kind().kind.is_program() {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "programs are not opened out of a message"))
        } else {
            // However often it is asked for, it keeps its name.
            make_in(folder).and_then(|own| saving::write_new(&own, &attachment.safe_name, bytes))
        };
        Err(())
    });
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &[u8] = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF\r\n--b\r\nContent-Type: application/pdf; name=a.pdf.exe\r\n\r\nMZ\r\n--b--\r\n";

    #[test]
    fn a_file_is_written_where_nobody_else_reads_and_is_gone_afterwards() {
        let folder = Folder::default();
        let path = folder.path().unwrap();
        assert_eq!(folder.path().unwrap(), path);
        for _ in 0..2 {
            let file = write(MAIL, 0, &path).unwrap();
            assert_eq!(fs::read(&file).unwrap(), b"%PDF");
            assert!(file.starts_with(&path) && file.ends_with("a.pdf"), "{}", file.display());
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        }
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn a_program_is_never_written_to_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(MAIL, 1, folder.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(write(MAIL, 2, folder.path()).is_err(), "there is no third one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
