//! `malote inspect` and `malote attachments`: messages in files, without a profile.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Failure;
use super::inspect::{inspect_json, save_attachments};
use crate::mail::MessageView;

/// One JSON object a file, in order; a file that cannot be read has an object that says so.
pub fn inspect(files: Vec<PathBuf>, list: Option<PathBuf>) -> Result<(), Failure> {
    let files = match list {
        Some(list) => {
            let names =
                fs::read_to_string(&list).map_err(|error| Failure::Failed(format!("{}: {error}", list.display())))?;
            names.lines().filter(|line| !line.is_empty()).map(PathBuf::from).collect()
        }
        None => files,
    };
    let mut failures = Vec::new();
    let mut out = io::BufWriter::new(io::stdout().lock());
    for file in files {
        match fs::read(&file) {
            Ok(raw) => writeln!(out, "{}", inspect_json(&raw))?,
            Err(error) => {
                let words = format!("{}: {error}", file.display());
                writeln!(out, "{}", json!({ "error": words }))?;
                failures.push(words);
            }
        }
    }
    out.flush()?;
    if failures.is_empty() { Ok(()) } else { Err(Failure::Failed(failures.join("\n"))) }
}

pub fn attachments(file: &Path, save: Option<PathBuf>) -> Result<(), Failure> {
    let raw = fs::read(file).map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
    let mut out = io::stdout().lock();
    match save {
        Some(folder) => {
            fs::create_dir_all(&folder).map_err(|error| Failure::Failed(format!("{}: {error}", folder.display())))?;
            for path in save_attachments(&raw, &folder)? {
                writeln!(out, "{}", path.display())?;
            }
        }
        None => {
            for attachment in MessageView::from_raw(&raw).attachments {
                writeln!(
                    out,
                    "{}  {}  {} bytes",
                    attachment.safe_name, attachment.content_type, attachment.size_bytes
                )?;
            }
        }
    }
    Ok(())
}
