//! Mail written to files that the person asked for.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::event::{Event, Problem};
use super::hub::Hub;
use super::problem;
use crate::mail::body::attachment_bytes;
use crate::mail::{Circumstances, MessageView, sanitize};
use crate::store::types::MessageKey;

/// How many files of one name a folder may have before something is wrong.
const SAME_NAME_LIMIT: u32 = 10_000;

pub(super) async fn attachments(
    hub: &Hub,
    key: MessageKey,
    index: Option<usize>,
    folder: PathBuf,
) -> Result<Event, Box<Problem>> {
    let raw = hub.store.raw(key).await.map_err(|error| problem::store_plain("Could not open the message", &error))?;
    let write = move || -> io::Result<Vec<PathBuf>> {
        let chosen = MessageView::of_any(&raw, &Circumstances::default())
            .attachments
            .into_iter()
            .filter(|attachment| index.is_none_or(|i| i == attachment.index));
        let write = |attachment: crate::mail::Attachment| {
            let bytes = attachment_bytes(&raw, attachment.index).unwrap_or_default();
            write_new(&folder, &attachment.safe_name, &bytes)
        };
        chosen.map(write).collect()
    };
    let files = async_std::task::spawn_blocking(write).await.map_err(|error| problem::not_saved(&error))?;
    Ok(Event::Saved { files })
}

/// One message as it was received, named by its subject.
pub(super) async fn message(hub: &Hub, key: MessageKey, folder: PathBuf) -> Result<Event, Box<Problem>> {
    let failed = |error| problem::store_plain("Could not open the message", &error);
    let row = hub.store.row(key).await.map_err(failed)?;
    let raw = hub.store.raw(key).await.map_err(failed)?;
    let subject = if row.subject.trim().is_empty() { "message" } else { &row.subject };
    let name = sanitize::file_name(Some(&format!("{}.eml", subject.replace(['/', '\\'], "_"))), "message/rfc822");
    let write = move || write_new(&folder, &name, &raw);
    let file = async_std::task::spawn_blocking(write).await.map_err(|error| problem::not_saved(&error))?;
    Ok(Event::Saved { files: vec![file] })
}

/// One file a message, named by its key. Exporting again into the same folder completes what is there: a file that holds
/// the message already stays, one that holds something else is not touched.
pub(super) async fn export(hub: &Arc<Hub>, folder: PathBuf) -> Result<Event, Box<Problem>> {
    let failed = |error| problem::store_plain("Could not export the mail", &error);
    let keys = hub.store.all_keys().await.map_err(failed)?;
    let made = folder.clone();
    let make = move || crate::profile::make_private_folder(&made);
    async_std::task::spawn_blocking(make).await.map_err(|error| problem::not_saved(&error))?;
    let mut files = Vec::with_capacity(keys.len());
    for key in keys {
        let raw = hub.store.raw(key).await.map_err(failed)?;
        let folder = folder.clone();
        let write = move || {
            let name = format!("{key}.eml");
            let path = folder.join(&name);
            if std::fs::read(&path).is_ok_and(|there| there == raw) {
                Ok(path)
            } else {
                write_new(&folder, &name, &raw)
            }
        };
        files.push(async_std::task::spawn_blocking(write).await.map_err(|error| problem::not_saved(&error))?);
    }
    Ok(Event::Saved { files })
}

/// Writes a file that was not there before, readable by its owner alone; where the name is taken it gets a number.
pub fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    for number in 1..=SAME_NAME_LIMIT {
        let candidate = if number == 1 { name.to_owned() } else { format!("{stem} ({number}){extension}") };
        let path = folder.join(candidate);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        match options.open(&path) {
            Ok(mut file) => {
                return match file.write_all(bytes) {
                    Ok(()) => Ok(path),
                    Err(error) => {
                        // Half a file would pass for the whole.
                        let _ = std::fs::remove_file(&path);
                        Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
                    }
                };
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("too many files named {name}")))
}

/// Writes a file that the person named, readable by its owner alone, in place of the one that was there: whole or not at all.
///
/// # Errors
///
/// Those of the disk, with the file's name; what was there before is still there then.
pub fn write_over(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let beside = write_new(folder, &format!(".{name}.part"), bytes).map_err(|error| named(error.kind().into()))?;
    let moved = std::fs::File::open(&beside).and_then(|written| written.sync_all());
    moved.and_then(|()| std::fs::rename(&beside, file)).map_err(|error| {
        // What could not take its place is of no use.
        let _ = std::fs::remove_file(&beside);
        named(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a.txt", "a.txt", "a.txt", "b", "b"].map(|name| {
            let path = write_new(folder.path(), name, name.as_bytes()).unwrap();
            path.file_name().unwrap().to_str().unwrap().to_owned()
        });
        assert_eq!(names, ["a.txt", "a (2).txt", "a (3).txt", "b", "b (2)"]);
    }

    #[test]
    fn a_file_that_is_there_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pdf");
        write_over(&file, b"first").unwrap();
        write_over(&file, b"second").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let is_folder = folder.path().join("folder");
        std::fs::create_dir(&is_folder).unwrap();
        let error = write_over(&is_folder, b"x").unwrap_err().to_string();
        assert!(error.contains("folder: "), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        let error = write_over(Path::new("/nonexistent/a.pdf"), b"x").unwrap_err().to_string();
        assert!(error.starts_with("/nonexistent/a.pdf: "), "{error}");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = write_new(Path::new("/nonexistent/folder"), "a.txt", b"").unwrap_err();
        assert!(error.to_string().contains("/nonexistent/folder/a.txt"), "{error}");
    }
}
