//! The folder in which one person's Malote lives: found, made, and held by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::Arc;

use sha2::{Digest, Sha256};
#[cfg(unix)]
use signal_hook::consts::SIGXFSZ;

/// An opened profile; nobody else can open it before this is dropped or its process has ended.
#[derive(Debug)]
pub struct Profile {
    pub folder: PathBuf,
    /// Random, made once: tells the profile's passwords in the keyring from another profile's.
    pub id: String,
    _lock: File,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no home folder to keep mail in: name a folder with --profile")]
    NoHome,
    #[error("the folder {folder} cannot be used: {source}")]
    Folder { folder: PathBuf, source: io::Error },
    #[error("the profile {folder} is in use by another Malote{}", .process.map(|id| format!(" (process {id})")).unwrap_or_default())]
    InUse { folder: PathBuf, process: Option<u32> },
}

impl Profile {
    /// Opens the profile in this folder, or the person's own, making it if there is none.
    pub fn open(folder: Option<PathBuf>) -> Result<Self, Error> {
        let folder = match folder {
            Some(folder) => folder,
            None => default_folder().ok_or(Error::NoHome)?,
        };
        let failed = |source| Error::Folder { folder: folder.clone(), source };
        make_private_folder(&folder).map_err(failed)?;
        let folder = folder.canonicalize().map_err(failed)?;
        let failed = |source| Error::Folder { folder: folder.clone(), source };
        let mut lock = private_file(&folder.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Who holds it is a courtesy; that it is held is what matters.
                let process = lock.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(Error::InUse { folder, process });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id())).map_err(failed)?;
        outlive_file_size_limit();
        let id = profile_id(&folder).map_err(failed)?;
        Ok(Self { folder, id, _lock: lock })
    }
}

/// Where files may not grow beyond a limit (`ulimit -f`), writing is to fail with an error that can be told, not to end the
/// program in the middle of a visit.
fn outlive_file_size_limit() {
    #[cfg(unix)]
    {
        // Any handler does; the write then fails with EFBIG. Without one it would be as it was before.
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    }
}

/// Where the person's own profile lies.
pub fn default_folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("org", "malote", "Malote").map(|dirs| dirs.data_dir().to_owned())
}

/// The socket on which the window of the profile in this folder hears that it is wanted.
pub fn socket_path(folder: &Path) -> PathBuf {
    // A socket's path must be short (108 octets on Linux), a profile's need not be: so it is a digest, in the runtime folder.
    let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_dir());
    runtime.unwrap_or_else(std::env::temp_dir).join(format!("malote-{name}.socket"))
}

fn profile_id(folder: &Path) -> io::Result<String> {
    let path = folder.join("profile-id");
    match fs::read_to_string(&path) {
        Ok(id) if !id.trim().is_empty() => return Ok(id.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let id = unique();
    let mut file = private_file(&path)?;
    file.write_all(id.as_bytes())?;
    file.sync_all()?;
    Ok(id)
}

/// 32 hexadecimal digits that nobody has used before.
pub fn unique() -> String {
    use std::hash::{BuildHasher, RandomState};
    // RandomState is seeded by the system's random source; unguessable is not needed, unused is.
    let half = || RandomState::new().hash_one((std::process::id(), std::time::SystemTime::now()));
    format!("{:016x}{:016x}", half(), half())
}

/// Makes the folder and those above it; it itself is for its owner only, whatever the umask.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    if !folder.is_dir() {
        fs::create_dir_all(folder)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

/// Opens or makes a file that only its owner can read.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_held_by_one_at_a_time_and_keeps_its_id() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        let first = Profile::open(Some(folder.clone())).unwrap();
        match Profile::open(Some(folder.clone())) {
            Err(Error::InUse { process, .. }) => assert_eq!(process, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        let id = first.id.clone();
        drop(first);
        assert_eq!(Profile::open(Some(folder)).unwrap().id, id);
    }

    #[cfg(unix)]
    #[test]
    fn a_profile_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let profile = Profile::open(Some(home.path().join("p"))).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&profile.folder), 0o700);
        assert_eq!(mode(&profile.folder.join("lock")), 0o600);
        assert_eq!(mode(&profile.folder.join("profile-id")), 0o600);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(matches!(Profile::open(Some(file.join("p"))), Err(Error::Folder { .. })));
    }
}
