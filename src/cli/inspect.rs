//! What the command line says about one message, without a profile.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::mail::body::each_attachment;
use crate::mail::{Address, Attachment, MessageView};

/// The object that `malote inspect` prints: values as received (decoded), null where the message has none, and `shown_*` as
/// the window shows them.
pub fn inspect_json(raw: &[u8]) -> Value {
    let view = MessageView::from_raw(raw);
    json!({
        "subject": or_null(&view.envelope.subject),
        "from": view.envelope.from.iter().map(address_json).collect::<Vec<_>>(),
        "date": view.envelope.date,
        "text": view.text,
        "html": view.html,
        "attachments": view.attachments.iter().map(attachment_json).collect::<Vec<_>>(),
        "shown_from": or_null(&view.shown_from),
        "shown_subject": or_null(&view.shown_subject),
    })
}

fn or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

fn address_json(address: &Address) -> Value {
    json!({ "name": or_null(&address.name), "addr": or_null(&address.addr) })
}

fn attachment_json(attachment: &Attachment) -> Value {
    json!({ "name": attachment.name, "type": attachment.content_type, "size": attachment.size_bytes })
}

/// Writes every attachment into `folder`, which must exist, under its safe name. Nothing is overwritten: a name that is
/// taken gets a number. The files are the owner's alone. Returns their paths in the order of the message.
pub fn save_attachments(raw: &[u8], folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    each_attachment(raw, |attachment, bytes| {
        let (mut file, path) = create_new(folder, &attachment.safe_name)?;
        paths.push(path);
        file.write_all(bytes)
    })
    .map(|()| paths)
}

/// Numbers that are tried behind a name that is taken. Whoever has so many files of one name wants no other.
const MAX_NUMBER: u32 = 10_000;

/// Creates a file that did not exist: `name.txt`, else `name (2).txt` and so on.
pub fn create_new(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    let (stem, extension) = match name.rfind('.').filter(|at| *at > 0).and_then(|at| name.split_at_checked(at)) {
        Some(parts) => parts,
        None => (name, ""),
    };
    for number in 1..=MAX_NUMBER {
        let path = match number {
            1 => folder.join(name),
            _ => folder.join(format!("{stem} ({number}){extension}")),
        };
        match private_options().open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
            other => return other.map(|file| (file, path)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{MAX_NUMBER} files named {name} are there already")))
}

/// A new file, readable by its owner alone whatever the umask says.
fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &[u8] = b"From: A <a@b.c>\nSubject: s\nDate: Thu, 1 Jan 1970 00:00:09 +0000\n\
        Content-Type: multipart/mixed; boundary=x\n\n--x\n\nhello\n--x\nContent-Disposition: attachment; filename=\"../n.txt\"\n\
        Content-Type: text/plain\n\none\n--x\nContent-Type: image/png\n\ntwo\n--x\n\
        Content-Disposition: attachment; filename=n.txt\n\nthree\n--x--\n";

    #[test]
    fn a_message_becomes_one_object() {
        assert_eq!(
            inspect_json(RAW),
            json!({
                "subject": "s", "from": [{"name": "A", "addr": "a@b.c"}], "date": 9, "text": "hello", "html": null,
                "attachments": [
                    {"name": "../n.txt", "type": "text/plain", "size": 3},
                    {"name": null, "type": "image/png", "size": 3},
                    {"name": "n.txt", "type": "text/plain", "size": 5},
                ],
                "shown_from": "A <a@b.c>", "shown_subject": "s",
            })
        );
    }

    #[test]
    fn every_sample_is_seen_as_expected() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let expected: Value = serde_json::from_slice(&std::fs::read(data.join("expected.json")).unwrap()).unwrap();
        let expected = expected.as_object().unwrap();
        assert_eq!(expected.len(), std::fs::read_dir(data.join("eml")).unwrap().count());
        for (name, fields) in expected {
            let found = inspect_json(&std::fs::read(data.join(format!("eml/{name}.eml"))).unwrap());
            for (key, value) in fields.as_object().unwrap() {
                assert_eq!(&found[key], value, "{name}: {key}");
            }
        }
    }

    #[test]
    fn what_is_absent_is_null() {
        let nothing = json!({
            "subject": null, "from": [], "date": null, "text": null, "html": null, "attachments": [],
            "shown_from": null, "shown_subject": null,
        });
        assert_eq!(inspect_json(b""), nothing);
    }

    #[test]
    fn attachments_are_saved_beside_what_is_there_already() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("n.txt"), "mine").unwrap();
        let saved = save_attachments(RAW, folder.path()).unwrap();
        let names: Vec<_> = saved.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["n (2).txt", "attachment.png", "n (3).txt"]);
        let contents: Vec<_> = saved.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
        assert_eq!(contents, ["one", "two", "three"]);
        assert_eq!(std::fs::read_to_string(folder.path().join("n.txt")).unwrap(), "mine");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&saved[0]).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(save_attachments(RAW, &folder.path().join("missing")).is_err());
    }
}
