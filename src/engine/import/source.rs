//! What another program has: which folders there are, in which format, and what it remembers of its servers.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::mail::mozilla::{self, Server};
use crate::mail::uid_files::{self, KnownUids, Owner};

/// What the mail is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportFormat {
    Mbox,
    Maildir,
    Eml,
    Thunderbird,
    Claws,
    Getmail,
    Mpop,
}

impl ImportFormat {
    pub const ALL: [Self; 7] =
        [Self::Mbox, Self::Maildir, Self::Eml, Self::Thunderbird, Self::Claws, Self::Getmail, Self::Mpop];

    /// The word that the command line uses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mbox => "mbox",
            Self::Maildir => "maildir",
            Self::Eml => "eml",
            Self::Thunderbird => "thunderbird",
            Self::Claws => "claws",
            Self::Getmail => "getmail",
            Self::Mpop => "mpop",
        }
    }

    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mbox => "mbox",
            Self::Maildir => "Maildir",
            Self::Eml => "message files",
            Self::Thunderbird => "Thunderbird",
            Self::Claws => "Claws Mail",
            Self::Getmail => "getmail",
            Self::Mpop => "mpop",
        }
    }
}

impl FromStr for ImportFormat {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|format| format.word() == word).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|format| format.word()).collect();
            format!("“{word}” is no format: say one of {}", known.join(", "))
        })
    }
}

/// A folder and how it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    /// Its names from the outermost to its own.
    pub path: Vec<String>,
    pub place: PathBuf,
    pub kind: Kind,
    /// The account of the other program that it belongs to.
    pub server: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One file; `thunderbird`: with the lines that it writes before messages.
    Mbox { thunderbird: bool },
    /// `cur` and `new`.
    Maildir { thunderbird: bool },
    /// Files named by numbers.
    Mh,
    /// Files of this folder with names that end with `.eml`, or the one file.
    Eml,
}

/// Everything that was found.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub format: ImportFormat,
    pub folders: Vec<Folder>,
    pub servers: Vec<Server>,
    pub known: Vec<KnownUids>,
}

/// Folders within folders: deeper ones are a loop.
const MOST_DEPTH: usize = 32;
/// Octets of a file that tell what it is.
const HEAD_BYTES: u64 = 4096;

/// Looks what there is. Blocks.
///
/// # Errors
/// It cannot be read, or holds nothing that is known.
pub(super) fn look(place: &Path, format: Option<ImportFormat>) -> io::Result<Source> {
    let is_file = fs::metadata(place)?.is_file();
    let format = match format {
        Some(format) => format,
        None if is_file => format_of_file(place)?,
        None => format_of_folder(place)?,
    };
    let mut source = Source { format, folders: Vec::new(), servers: Vec::new(), known: Vec::new() };
    let name = |place: &Path| place.file_stem().map(text).into_iter().collect::<Vec<_>>();
    let mut single = |kind| source.folders.push(Folder { path: name(place), place: place.into(), kind, server: None });
    match format {
        ImportFormat::Mbox if is_file => single(Kind::Mbox { thunderbird: false }),
        ImportFormat::Eml if is_file => single(Kind::Eml),
        ImportFormat::Mpop => source.known = uid_files::mpop(&fs::read(place)?),
        ImportFormat::Thunderbird if is_file => source.known = uid_files::popstate(&fs::read(place)?),
        ImportFormat::Getmail => source.known = getmail(place)?,
        ImportFormat::Mbox => mboxes(place, &[], None, false, 0, &mut source.folders)?,
        ImportFormat::Maildir => maildirs(place, &[], 0, &mut source.folders)?,
        ImportFormat::Eml => emls(place, &[], 0, &mut source.folders)?,
        ImportFormat::Thunderbird => thunderbird(place, &mut source)?,
        ImportFormat::Claws => claws(place, &mut source)?,
    }
    if source.folders.is_empty() && source.known.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "there is no mail in it that could be read"));
    }
    Ok(source)
}

fn text(name: impl AsRef<std::ffi::OsStr>) -> String {
    name.as_ref().to_string_lossy().into_owned()
}

fn head(file: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(file)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

fn file_name(place: &Path) -> String {
    place.file_name().map(text).unwrap_or_default()
}

fn is_mbox(file: &Path) -> bool {
    head(file).is_ok_and(|head| head.trim_ascii_start().starts_with(b"From "))
}

fn format_of_file(file: &Path) -> io::Result<ImportFormat> {
    let (name, head) = (file_name(file), head(file)?);
    Ok(match name.as_str() {
        _ if head.trim_ascii_start().starts_with(b"From ") => ImportFormat::Mbox,
        name if name.starts_with("oldmail-") => ImportFormat::Getmail,
        name if name.starts_with("popstate") && name.ends_with(".dat") => ImportFormat::Thunderbird,
        _ if uid_files::is_mpop(&head) => ImportFormat::Mpop,
        name if name.ends_with(".mbox") => ImportFormat::Mbox,
        _ => ImportFormat::Eml,
    })
}

fn format_of_folder(folder: &Path) -> io::Result<ImportFormat> {
    let has = |name: &str| folder.join(name).exists();
    let entries = sorted(folder)?;
    let any = |test: &dyn Fn(&str, &Path) -> bool| entries.iter().any(|entry| test(&file_name(entry), entry));
    Ok(if has("prefs.js") {
        ImportFormat::Thunderbird
    } else if has("cur") || has("new") {
        ImportFormat::Maildir
    } else if has("clawsrc") || has("folderlist.xml") || any(&|name, entry| is_number(name) && entry.is_file()) {
        ImportFormat::Claws
    } else if any(&|name, _| name.starts_with("oldmail-")) {
        ImportFormat::Getmail
    } else if any(&|_, entry| entry.join("cur").is_dir() || holds_maildirs(entry)) {
        ImportFormat::Maildir
    } else if any(&|_, entry| holds_numbers(entry)) {
        ImportFormat::Claws
    } else {
        let mut folders = Vec::new();
        mboxes(folder, &[], None, false, 0, &mut folders)?;
        if folders.is_empty() { ImportFormat::Eml } else { ImportFormat::Mbox }
    })
}

/// Whether it is an MH folder.
fn holds_numbers(folder: &Path) -> bool {
    let is_message = |entry: io::Result<fs::DirEntry>| entry.is_ok_and(|entry| is_number(&text(entry.file_name())));
    folder.is_dir() && fs::read_dir(folder).is_ok_and(|mut entries| entries.any(is_message))
}

/// Whether the folders in a folder are Maildirs, as those of an account are.
fn holds_maildirs(folder: &Path) -> bool {
    folder.is_dir() && sorted(folder).is_ok_and(|entries| entries.iter().any(|entry| entry.join("cur").is_dir()))
}

/// What is in a folder, by name, so that two runs find the same in the same order.
fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    Ok(entries)
}

fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_digit())
}

fn below(path: &[String], name: &str) -> Vec<String> {
    let mut path = path.to_vec();
    path.push(name.to_owned());
    path
}

/// mbox files, also those of Thunderbird: `Name` with the folders in it in `Name.sbd`.
fn mboxes(
    folder: &Path,
    path: &[String],
    server: Option<usize>,
    thunderbird: bool,
    depth: usize,
    found: &mut Vec<Folder>,
) -> io::Result<()> {
    if depth > MOST_DEPTH {
        return Ok(());
    }
    for entry in sorted(folder)? {
        let name = file_name(&entry);
        if entry.is_symlink() || name.starts_with('.') {
            continue;
        }
        if entry.is_dir() {
            if thunderbird && (entry.join("cur").is_dir() || entry.join("new").is_dir()) {
                let kind = Kind::Maildir { thunderbird };
                found.push(Folder { path: below(path, &name), place: entry, kind, server });
                continue;
            }
            let name = name.strip_suffix(".sbd").or_else(|| name.strip_suffix(".mbox")).unwrap_or(&name);
            mboxes(&entry, &below(path, name), server, thunderbird, depth + 1, found)?;
        } else if !IGNORED.iter().any(|ending| name.ends_with(ending)) && (name.ends_with(".mbox") || is_mbox(&entry)) {
            let name = name.strip_suffix(".mbox").unwrap_or(&name);
            found.push(Folder { path: below(path, name), place: entry, kind: Kind::Mbox { thunderbird }, server });
        }
    }
    Ok(())
}

/// What lies beside mboxes and is none.
const IGNORED: [&str; 7] = [".eml", ".msf", ".dat", ".part", ".html", ".lock", ".mozmsgs"];

/// A Maildir with its folders: beside it (Maildir++, `.A.B`) or within it.
fn maildirs(folder: &Path, path: &[String], depth: usize, found: &mut Vec<Folder>) -> io::Result<()> {
    if depth > MOST_DEPTH {
        return Ok(());
    }
    if folder.join("cur").is_dir() || folder.join("new").is_dir() {
        let kind = Kind::Maildir { thunderbird: false };
        found.push(Folder { path: path.to_vec(), place: folder.to_owned(), kind, server: None });
    }
    for entry in sorted(folder)? {
        let name = file_name(&entry);
        if !entry.is_dir() || entry.is_symlink() || ["cur", "new", "tmp"].contains(&name.as_str()) {
            continue;
        }
        let mut path = path.to_vec();
        let parts = name.trim_start_matches('.').split('.').filter(|part| !part.is_empty());
        if name.starts_with('.') {
            path.extend(parts.map(decoded));
        } else {
            path.push(name);
        }
        maildirs(&entry, &path, depth + 1, found)?;
    }
    Ok(())
}

/// Names of Maildir++ folders are in the modified UTF-7 of IMAP (RFC 3501 §5.1.3).
fn decoded(name: &str) -> String {
    use base64::Engine as _;
    let mut text = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('&') {
        let Some((encoded, next)) = after.split_once('-') else { return name.to_owned() };
        text.push_str(before);
        if encoded.is_empty() {
            text.push('&');
        } else {
            let octets = base64::engine::general_purpose::STANDARD_NO_PAD.decode(encoded.replace(',', "/"));
            let units: Vec<u16> = octets.unwrap_or_default().chunks_exact(2).map(big_endian).collect();
            match String::from_utf16(&units) {
                Ok(part) if !part.is_empty() => text.push_str(&part),
                _ => return name.to_owned(),
            }
        }
        rest = next;
    }
    text + rest
}

fn big_endian(octets: &[u8]) -> u16 {
    octets.iter().fold(0, |number, &octet| number << 8 | u16::from(octet))
}

fn emls(folder: &Path, path: &[String], depth: usize, found: &mut Vec<Folder>) -> io::Result<()> {
    if depth > MOST_DEPTH {
        return Ok(());
    }
    let entries = sorted(folder)?;
    if entries.iter().any(|entry| is_eml(entry)) {
        found.push(Folder { path: path.to_vec(), place: folder.to_owned(), kind: Kind::Eml, server: None });
    }
    for entry in entries.iter().filter(|entry| entry.is_dir() && !entry.is_symlink()) {
        emls(entry, &below(path, &file_name(entry)), depth + 1, found)?;
    }
    Ok(())
}

/// Whether a file is a message of its own, as far as its name goes.
pub(super) fn is_eml(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("eml"))
}

/// A profile: the accounts' servers, their folders, and what they know of the servers.
fn thunderbird(profile: &Path, source: &mut Source) -> io::Result<()> {
    let prefs = fs::read(profile.join("prefs.js")).unwrap_or_default();
    source.servers = mozilla::servers(&String::from_utf8_lossy(&prefs));
    let mut seen = Vec::new();
    for (number, server) in source.servers.clone().iter().enumerate() {
        if !["pop3", "none"].contains(&server.kind.as_str()) {
            continue;
        }
        let folder = match server.folder.strip_prefix("[ProfD]") {
            Some(relative) => profile.join(relative),
            None => PathBuf::from(&server.folder),
        };
        if !server.folder.is_empty() && folder.is_dir() && !seen.contains(&folder) {
            server_folder(&folder, Some(number), source)?;
            seen.push(folder);
        }
    }
    // What the settings do not name (or where there are none) is mail all the same.
    for folder in sorted(&profile.join("Mail")).unwrap_or_default() {
        if folder.is_dir() && !seen.contains(&folder) {
            server_folder(&folder, None, source)?;
        }
    }
    Ok(())
}

fn server_folder(folder: &Path, server: Option<usize>, source: &mut Source) -> io::Result<()> {
    mboxes(folder, &[], server, true, 0, &mut source.folders)?;
    for entry in sorted(folder)? {
        let name = file_name(&entry);
        if name.starts_with("popstate") && name.ends_with(".dat") {
            source.known.extend(uid_files::popstate(&fs::read(&entry)?));
        }
    }
    Ok(())
}

/// The mail of Claws Mail (MH), or its settings, which say where the mail is.
fn claws(folder: &Path, source: &mut Source) -> io::Result<()> {
    let home = folder.parent().unwrap_or(folder);
    let list = fs::read(folder.join("folderlist.xml"));
    let (settings, places) = match &list {
        Ok(list) => (folder.to_owned(), mh_places(&String::from_utf8_lossy(list), home)),
        Err(_) => (home.join(".claws-mail"), vec![folder.to_owned()]),
    };
    for place in places.iter().filter(|place| place.is_dir()) {
        mh(place, &[], 0, &mut source.folders)?;
    }
    let mut files = sorted(&settings.join("uidl")).unwrap_or_default();
    files.extend(sorted(&settings).unwrap_or_default().into_iter().filter(|file| file_name(file).starts_with("uidl-")));
    for file in files.iter().filter(|file| file.is_file()) {
        source.known.push(uid_files::claws(&file_name(file), &fs::read(file)?));
    }
    Ok(())
}

/// Where the MH folders are: relative to the person's own folder, in which the settings lie.
fn mh_places(list: &str, home: &Path) -> Vec<PathBuf> {
    let folders = list.split('<').filter(|tag| tag.starts_with("folder ") && tag.contains("type=\"mh\""));
    let path = |tag: &str| tag.split(" path=\"").nth(1)?.split('"').next().map(|path| home.join(path));
    folders.filter_map(path).collect()
}

fn mh(folder: &Path, path: &[String], depth: usize, found: &mut Vec<Folder>) -> io::Result<()> {
    if depth > MOST_DEPTH {
        return Ok(());
    }
    let entries = sorted(folder)?;
    if entries.iter().any(|entry| is_number(&file_name(entry)) && entry.is_file()) {
        found.push(Folder { path: path.to_vec(), place: folder.to_owned(), kind: Kind::Mh, server: None });
    }
    for entry in entries.iter().filter(|entry| entry.is_dir() && !entry.is_symlink()) {
        mh(entry, &below(path, &file_name(entry)), depth + 1, found)?;
    }
    Ok(())
}

/// The files of a folder of this kind that are messages, and whether they are new, unsorted: there may be a million.
pub(super) fn files_of(folder: &Folder) -> io::Result<Box<dyn Iterator<Item = io::Result<PathBuf>>>> {
    let entries = |folder: &Path| -> io::Result<Box<dyn Iterator<Item = io::Result<PathBuf>>>> {
        let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
        Ok(Box::new(entries.filter(|entry| entry.as_ref().is_ok_and(|path| path.is_file()) || entry.is_err())))
    };
    let named =
        |test: fn(&Path) -> bool| move |entry: &io::Result<PathBuf>| entry.as_ref().map_or(true, |path| test(path));
    Ok(match folder.kind {
        Kind::Mbox { .. } => Box::new(std::iter::once(Ok(folder.place.clone()))),
        Kind::Eml if folder.place.is_file() => Box::new(std::iter::once(Ok(folder.place.clone()))),
        Kind::Eml => Box::new(entries(&folder.place)?.filter(named(is_eml))),
        Kind::Mh => Box::new(entries(&folder.place)?.filter(named(|path| is_number(&file_name(path))))),
        Kind::Maildir { .. } => {
            let part = |name: &str| match entries(&folder.place.join(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                other => other.map(Some),
            };
            let parts = part("cur")?.into_iter().chain(part("new")?);
            Box::new(parts.flatten().filter(named(|path| !file_name(path).starts_with('.'))))
        }
    })
}

fn getmail(place: &Path) -> io::Result<Vec<KnownUids>> {
    let files = if place.is_dir() { sorted(place)? } else { vec![place.to_owned()] };
    let files = files.into_iter().filter(|file| file_name(file).starts_with("oldmail-"));
    files.map(|file| Ok(uid_files::getmail(&file_name(&file), &fs::read(&file)?))).collect()
}

impl Source {
    /// The server of the other program that is this user's; None: there is none, or more than one.
    pub fn server_of(&self, user: &str) -> Option<usize> {
        let own = |server: &Server| {
            let owner = Owner::Server { host: server.host.clone(), user: server.user.clone() };
            server.kind == "pop3" && owner.is_of(user)
        };
        let mut found = self.servers.iter().enumerate().filter(|(_, server)| own(server)).map(|(number, _)| number);
        found.next().filter(|_| found.next().is_none())
    }

    /// The folders that belong to this user: all, where nothing says otherwise. Where one of the program's accounts is this
    /// user's, the others' mail is theirs, and what belongs to none goes along.
    pub fn folders_of(&self, user: &str) -> Vec<&Folder> {
        let own = self.server_of(user);
        let is_other = |folder: &&Folder| match (own, folder.server) {
            (Some(own), Some(server)) => {
                own != server && self.servers.get(server).is_some_and(|server| server.kind == "pop3")
            }
            _ => false,
        };
        self.folders.iter().filter(|folder| !is_other(folder)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, contents) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, contents).unwrap();
        }
        folder
    }

    #[test]
    fn formats_and_folders_are_recognised() {
        const MBOX: &str = "From a Fri Nov 27 10:00:00 2026\nA: b\n\n";
        type Case<'a> = (&'a [(&'a str, &'a str)], ImportFormat, &'a [&'a str]);
        let cases: [Case<'_>; 6] = [
            (&[("a.mbox", MBOX), ("sub/b", MBOX), ("notes.txt", "x")], ImportFormat::Mbox, &["a", "sub/b"]),
            (
                &[("cur/1:2,S", "A: b\n"), (".Sent.&ANw-ber/new/2", "A: b\n"), ("Plain/cur/3", "A: b\n")],
                ImportFormat::Maildir,
                &["", "Sent/Über", "Plain"],
            ),
            (&[("x/a.eml", "A: b\n"), ("b.EML", "A: b\n")], ImportFormat::Eml, &["", "x"]),
            (
                &[("inbox/1", "A: b\n"), ("inbox/.mh_sequences", ""), ("inbox/x/2", "")],
                ImportFormat::Claws,
                &["inbox", "inbox/x"],
            ),
            (&[("oldmail-pop.example.org-995-ana", "a\x001\n")], ImportFormat::Getmail, &[]),
            (
                &[
                    ("prefs.js", ""),
                    ("Mail/pop/Inbox", MBOX),
                    ("Mail/pop/Inbox.msf", "x"),
                    ("Mail/pop/Inbox.sbd/Ana", MBOX),
                ],
                ImportFormat::Thunderbird,
                &["Inbox", "Inbox/Ana"],
            ),
        ];
        for (files, format, folders) in cases {
            let folder = written(files);
            let source = look(folder.path(), None).unwrap();
            let found: Vec<String> = source.folders.iter().map(|folder| folder.path.join("/")).collect();
            assert_eq!((source.format, found), (format, folders.iter().map(|&f| f.to_owned()).collect()), "{files:?}");
        }
    }

    #[test]
    fn what_holds_no_mail_says_so() {
        let folder = written(&[("notes.txt", "nothing")]);
        assert!(look(folder.path(), None).unwrap_err().to_string().contains("no mail"));
        assert!(look(Path::new("/nonexistent"), None).is_err());
    }
}
