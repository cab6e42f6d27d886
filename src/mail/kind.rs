//! What a file is, in a person's words, and what it can do to the one who opens it: by the ending of its name, which is what
//! a desktop goes by, and where that says nothing by its media type.

use super::Attachment;

/// What an attachment is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    Picture,
    Document,
    Table,
    Slides,
    Text,
    /// A page for a browser, which may run scripts and ask for passwords.
    Page,
    Archive,
    Sound,
    Video,
    /// A whole message.
    Message,
    Invitation,
    /// A person's name and addresses.
    Card,
    /// Of a signed message; or a key to check one with.
    Signature,
    /// A document that carries programs of its own.
    Macros,
    /// Runs when it is opened: a program, a script, an installer, a shortcut to one.
    Program,
    /// A disk in a file: what lies in it is not marked as coming from the net.
    Disk,
    #[default]
    Other,
}

/// What a file is, with the words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileKind {
    pub kind: Kind,
    /// As a noun: “PDF document”.
    pub words: &'static str,
}

/// Of a file with this name and media type (lower case).
pub fn of(name: &str, content_type: &str) -> FileKind {
    let ending = ending(name);
    let by_name = find(ENDINGS, &ending);
    let by_type = find(TYPES, content_type).or_else(|| FAMILIES.iter().find_map(|family| family.of(content_type)));
    match (by_name, by_type) {
        (_, Some(said)) if said.kind == Kind::Program => said,
        (Some(named), _) => named,
        (None, Some(said)) => said,
        (None, None) => FileKind { kind: Kind::Other, words: "File" },
    }
}

/// What stands behind the last dot, lower case; empty where there is none.
fn ending(name: &str) -> String {
    name.rsplit_once('.').map(|(_, ending)| ending.trim().to_ascii_lowercase()).unwrap_or_default()
}

/// Whether a name with two endings shows a harmless one before the one that counts: `invoice.pdf.exe`.
pub fn is_disguised(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    let (Some(last), Some(before)) = (parts.next(), parts.next()) else { return false };
    let is_named = parts.next().is_some();
    let last = find(ENDINGS, &last.trim().to_ascii_lowercase());
    let before = find(ENDINGS, &before.trim().to_ascii_lowercase());
    is_named
        && last.is_some_and(|last| last.kind.is_program())
        && before.is_some_and(|before| !before.kind.is_program() && before.kind != Kind::Archive)
}

impl Kind {
    /// It can do harm by being opened.
    pub fn is_program(self) -> bool {
        matches!(self, Self::Program | Self::Macros | Self::Disk)
    }

    /// What a careful friend would say to the one who is about to open it; None: nothing in particular.
    pub fn caution(self) -> Option<&'static str> {
        match self {
            Self::Program => Some("It is a program: opened, it can do whatever you can do on this computer."),
            Self::Macros => Some("It carries macros, which are small programs: opened, they can do harm."),
            Self::Disk => Some("It is a disk in a file: the programs in it are not marked as coming from outside."),
            Self::Page => Some("It is a page for the browser: what is typed into it may go to strangers."),
            Self::Archive => Some("What is in it is not known here: programs, perhaps."),
            _ => None,
        }
    }
}

impl Attachment {
    /// Whether it can be shown here, without another program.
    pub fn can_be_read(&self) -> bool {
        match self.kind().kind {
            Kind::Picture
            | Kind::Text
            | Kind::Page
            | Kind::Message
            | Kind::Invitation
            | Kind::Card
            | Kind::Signature => true,
            Kind::Program | Kind::Macros | Kind::Disk => false,
            _ => self.content_type.starts_with("text/") || self.safe_name.to_ascii_lowercase().ends_with(".csv"),
        }
    }

    pub fn kind(&self) -> FileKind {
        of(&self.safe_name, &self.content_type)
    }
}

/// A row of the tables: endings or media types, separated by blanks, what they are, and the words for it.
type Row = (&'static str, Kind, &'static str);

fn find(table: &[Row], wanted: &str) -> Option<FileKind> {
    let is_it = |(names, ..): &&Row| !wanted.is_empty() && names.split(' ').any(|name| name == wanted);
    table.iter().find(is_it).map(|&(_, kind, words)| FileKind { kind, words })
}

/// Media types with one first half.
struct Family {
    prefix: &'static str,
    kind: Kind,
    words: &'static str,
}

impl Family {
    fn of(&self, content_type: &str) -> Option<FileKind> {
        content_type.starts_with(self.prefix).then_some(FileKind { kind: self.kind, words: self.words })
    }
}

const FAMILIES: [Family; 4] = [
    Family { prefix: "image/", kind: Kind::Picture, words: "Picture" },
    Family { prefix: "audio/", kind: Kind::Sound, words: "Sound" },
    Family { prefix: "video/", kind: Kind::Video, words: "Video" },
    Family { prefix: "text/", kind: Kind::Text, words: "Text" },
];

const TYPES: &[Row] = &[
    ("application/pdf", Kind::Document, "PDF document"),
    ("application/msword application/rtf", Kind::Document, "Document"),
    ("application/vnd.ms-excel text/csv", Kind::Table, "Table"),
    ("application/vnd.ms-powerpoint", Kind::Slides, "Slides"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", Kind::Document, "Word document"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Kind::Table, "Excel table"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", Kind::Slides, "PowerPoint slides"),
    ("application/vnd.oasis.opendocument.text", Kind::Document, "OpenDocument text"),
    ("application/vnd.oasis.opendocument.spreadsheet", Kind::Table, "OpenDocument table"),
    (
        "application/zip application/x-zip-compressed application/gzip application/x-tar application/x-7z-compressed",
        Kind::Archive,
        "Archive",
    ),
    ("text/html application/xhtml+xml image/svg+xml", Kind::Page, "Web page"),
    ("text/calendar application/ics", Kind::Invitation, "Appointment"),
    ("text/vcard text/x-vcard text/directory", Kind::Card, "Contact card"),
    ("message/rfc822 message/global", Kind::Message, "Message"),
    ("message/delivery-status message/disposition-notification", Kind::Text, "Delivery report"),
    ("text/rfc822-headers", Kind::Text, "Header of a message"),
    ("application/pgp-signature", Kind::Signature, "OpenPGP signature"),
    ("application/pgp-keys", Kind::Signature, "OpenPGP key"),
    ("application/pgp-encrypted", Kind::Other, "Note on the encryption"),
    ("application/pkcs7-signature application/x-pkcs7-signature", Kind::Signature, "S/MIME signature"),
    ("application/pkcs7-mime application/x-pkcs7-mime", Kind::Other, "S/MIME message"),
    ("application/ms-tnef application/vnd.ms-tnef", Kind::Archive, "Outlook’s winmail.dat"),
    (
        "application/x-msdownload application/x-msdos-program application/x-executable application/x-sh application/x-shellscript application/javascript text/javascript application/x-javascript application/java-archive application/hta application/vnd.microsoft.portable-executable application/x-desktop",
        Kind::Program,
        "Program",
    ),
];

const ENDINGS: &[Row] = &[
    ("exe com scr pif msi msix msixbundle appx appxbundle cpl dll sys gadget jar jnlp", Kind::Program, "Program"),
    ("bat cmd sh bash csh zsh command ps1 psm1 ps1xml run py pyw pl rb tcl", Kind::Program, "Script (a program)"),
    ("js jse vbs vbe vb wsf wsh wsc ws hta sct mjs ahk", Kind::Program, "Script (a program)"),
    (
        "lnk url desktop scf library-ms search-ms settingcontent-ms webloc website appref-ms",
        Kind::Program,
        "Shortcut (can start a program)",
    ),
    (
        "reg inf msc msp mst chm hlp application appinstaller diagcab xbap theme",
        Kind::Program,
        "File that can start a program",
    ),
    ("appimage deb rpm snap flatpakref apk dmg pkg xpi crx", Kind::Program, "Installer (a program)"),
    ("iso img vhd vhdx", Kind::Disk, "Disk image"),
    (
        "docm dotm xlsm xltm xlam pptm potm ppam ppsm sldm xll xla wll one onepkg accdb accde mdb mde slk iqy",
        Kind::Macros,
        "Document with macros",
    ),
    ("pdf", Kind::Document, "PDF document"),
    ("doc docx dot dotx", Kind::Document, "Word document"),
    ("odt ott fodt", Kind::Document, "OpenDocument text"),
    ("rtf pages wpd epub ps tex", Kind::Document, "Document"),
    ("xls xlsx xlt xltx xlsb", Kind::Table, "Excel table"),
    ("ods fods", Kind::Table, "OpenDocument table"),
    ("csv tsv numbers", Kind::Table, "Table"),
    ("ppt pptx pps ppsx", Kind::Slides, "PowerPoint slides"),
    ("odp key", Kind::Slides, "Slides"),
    ("jpg jpeg jpe", Kind::Picture, "JPEG picture"),
    ("png", Kind::Picture, "PNG picture"),
    ("gif", Kind::Picture, "GIF picture"),
    ("webp bmp tif tiff heic heif avif ico", Kind::Picture, "Picture"),
    ("htm html xhtml shtml mht mhtml svg", Kind::Page, "Web page"),
    ("txt text log md", Kind::Text, "Text"),
    ("patch diff", Kind::Text, "Patch"),
    ("json xml yaml yml toml ini conf", Kind::Text, "Data as text"),
    ("c h cc cpp rs go java kt swift ts css sql", Kind::Text, "Source text"),
    ("zip", Kind::Archive, "ZIP archive"),
    ("7z rar tar gz tgz bz2 xz zst cab arj lzh ace", Kind::Archive, "Archive"),
    ("mp3 wav ogg oga opus flac m4a aac wma amr mid", Kind::Sound, "Sound"),
    ("mp4 m4v mov avi mkv webm mpg mpeg wmv 3gp", Kind::Video, "Video"),
    ("eml", Kind::Message, "Message"),
    ("msg", Kind::Other, "Outlook message"),
    ("ics ical ifb vcs", Kind::Invitation, "Appointment"),
    ("vcf vcard", Kind::Card, "Contact card"),
    ("asc sig p7s", Kind::Signature, "Signature or key"),
    ("p7m", Kind::Other, "S/MIME message"),
    ("pgp gpg", Kind::Other, "OpenPGP data"),
    ("dat", Kind::Other, "Data"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_ending_says_and_else_what_its_type_says() {
        for (name, content_type, kind, words) in [
            ("plan.pdf", "application/octet-stream", Kind::Document, "PDF document"),
            ("PLAN.PDF ", "", Kind::Document, "PDF document"),
            ("photo", "image/x-odd", Kind::Picture, "Picture"),
            ("notes", "text/plain", Kind::Text, "Text"),
            ("budget.xlsm", "application/vnd.ms-excel", Kind::Macros, "Document with macros"),
            ("photo.jpg", "application/x-msdownload", Kind::Program, "Program"),
            ("photo.jpg.scr", "image/jpeg", Kind::Program, "Program"),
            ("invite.ics", "text/calendar", Kind::Invitation, "Appointment"),
            ("strange.q9", "application/octet-stream", Kind::Other, "File"),
            ("", "", Kind::Other, "File"),
            ("forwarded.eml", "message/rfc822", Kind::Message, "Message"),
        ] {
            assert_eq!(of(name, content_type), FileKind { kind, words }, "{name} {content_type}");
        }
    }

    #[test]
    fn two_endings_of_which_the_last_one_runs_are_a_disguise() {
        for name in ["invoice.pdf.exe", "photo.jpg   .scr", "a.b.docx.js", "table.xls.lnk"] {
            assert!(is_disguised(name), "{name}");
        }
        for name in ["setup.exe", "backup.tar.gz", "pdf.exe", "v1.2.exe", "report.pdf", "source.zip.sh", ".exe", ""] {
            assert!(!is_disguised(name), "{name}");
        }
    }

    #[test]
    fn no_ending_stands_in_the_table_twice() {
        let all: Vec<&str> = ENDINGS.iter().flat_map(|(names, ..)| names.split(' ')).collect();
        for (at, name) in all.iter().enumerate() {
            assert!(!all.iter().skip(at + 1).any(|other| other == name), "{name}");
        }
    }
}
