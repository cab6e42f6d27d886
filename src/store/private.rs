//! Files and folders that nobody else can read.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::Error;

/// Creates the folder (and what leads to it) so that nobody else can look inside, whatever the umask. A folder that is
/// already there keeps its permissions: it may be more than ours.
///
/// # Errors
/// [`Error::ReadOnly`] where nothing can be created.
pub fn private_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if folder.is_dir() {
        return Ok(());
    }
    builder.create(folder).map_err(|error| Error::of_file(&error, folder))?;
    restrict(folder, 0o700)
}

/// An empty file beside `file`, in place of one that an earlier attempt left there.
pub(super) fn new_file(file: &Path) -> Result<PathBuf, Error> {
    let unfinished = beside(file, ".new");
    for leftover in [unfinished.clone(), beside(&unfinished, "-journal")] {
        match fs::remove_file(&leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::of_file(&error, &leftover)),
            _ => (),
        }
    }
    private_file(&unfinished)?;
    Ok(unfinished)
}

/// Creates an empty file that nobody else can read at any moment; SQLite gives its log the same permissions.
fn private_file(file: &Path) -> Result<(), Error> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map_err(|error| Error::of_file(&error, file))?;
    restrict(file, 0o600)
}

#[cfg(unix)]
pub(super) fn restrict(path: &Path, mode: u32) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = fs::metadata(path).map_err(|error| Error::of_file(&error, path))?.permissions();
    if permissions.mode() & 0o777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).map_err(|error| Error::of_file(&error, path))
}

/// Elsewhere a profile inherits the protection of the person's own folder.
#[cfg(not(unix))]
pub(super) fn restrict(_path: &Path, _mode: u32) -> Result<(), Error> {
    Ok(())
}

/// A new name is on the disk only when its folder is.
pub(super) fn sync_folder(file: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    if let Some(folder) = file.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| Error::of_file(&error, folder))?;
    }
    Ok(())
}

pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Output};

    use futures::executor::block_on;

    use super::super::Store;
    use super::super::testing::{FOLDER_VARIABLE, account, closed, told_folder};
    use super::*;

    fn check_child(output: &Output, case: &str) {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{case}: {said}");
    }

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        fs::write(&file, b"").unwrap();
        match Store::open(&file.join("profile")).err() {
            Some(Error::Disk(words)) => assert!(words.contains("a file"), "{words}"),
            other => panic!("{other:?}"),
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_files_whatever_the_umask() {
        if let Some(folder) = told_folder() {
            return child_keeps_files_private(&folder);
        }
        for umask in ["000", "022", "077"] {
            let outer = tempfile::tempdir().unwrap();
            let folder = outer.path().join("profile");
            let script = format!(
                "umask {umask}; exec \"$0\" --exact \
                 store::private::tests::nobody_else_can_read_the_files_whatever_the_umask"
            );
            let child = Command::new("sh")
                .args(["-c", &script])
                .arg(std::env::current_exe().unwrap())
                .env(FOLDER_VARIABLE, &folder)
                .output()
                .unwrap();
            check_child(&child, &format!("umask {umask}"));
        }
    }

    #[cfg(unix)]
    fn child_keeps_files_private(folder: &Path) {
        let store = Store::open(folder).unwrap();
        block_on(store.save_account(account("Work"))).unwrap();
        assert_eq!(mode(folder), 0o700);
        let files = ["malote.db", "malote.db-wal", "malote.db-shm"];
        assert_eq!(files.map(|name| mode(&folder.join(name))), [0o600; 3]);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_could_read_is_closed_to_them_and_a_folder_that_was_there_is_left_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, file) = closed();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let _store = Store::open(folder.path()).unwrap();
        assert_eq!((mode(&file), mode(folder.path())), (0o600, 0o755));
    }

    /// The administrator may write anywhere, so that this needs a process of somebody else.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_store_that_cannot_be_written_says_so_when_opening() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
        use std::os::unix::process::CommandExt;
        const NOBODY: u32 = 65534;
        if let Some(folder) = told_folder() {
            return child_finds_a_folder_read_only(&folder);
        }
        let (folder, file) = closed();
        let elsewhere = tempfile::tempdir().unwrap();
        let program = elsewhere.path().join("child");
        let this = std::env::current_exe().unwrap();
        fs::hard_link(&this, &program).or_else(|_| fs::copy(&this, &program).map(drop)).unwrap();
        fs::set_permissions(elsewhere.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let mut child = Command::new(&program);
        child.args(["--exact", "store::private::tests::a_store_that_cannot_be_written_says_so_when_opening"]);
        child.env(FOLDER_VARIABLE, folder.path());
        if fs::metadata(&file).unwrap().uid() == 0 {
            chown(&file, Some(NOBODY), Some(NOBODY)).unwrap();
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            child.uid(NOBODY).gid(NOBODY);
        }
        let before = fs::read(&file).unwrap();
        for (file_mode, folder_mode) in [(0o600, 0o500), (0o400, 0o700)] {
            fs::set_permissions(&file, PermissionsExt::from_mode(file_mode)).unwrap();
            fs::set_permissions(folder.path(), PermissionsExt::from_mode(folder_mode)).unwrap();
            let output = child.output().unwrap();
            check_child(&output, &format!("{file_mode:o} in {folder_mode:o}"));
        }
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).unwrap();
        assert!(fs::read(&file).unwrap() == before);
    }

    #[cfg(target_os = "linux")]
    fn child_finds_a_folder_read_only(folder: &Path) {
        match Store::open(folder).err() {
            Some(Error::ReadOnly(path)) => assert!(path.starts_with(folder), "{}", path.display()),
            other => panic!("{other:?}"),
        }
    }
}
