//! The file with the key of secrets, and how another key takes its place: the next one stands beside it, whole and on
//! the disk, before the store is sealed with it, and takes its name after that. At any moment in between the store
//! tells which of the two is right (`sealed`).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::private;
use super::vault::Key;

/// Where the key of secrets stands.
#[derive(Clone, Debug)]
pub struct KeyFile(PathBuf);

/// Held by who makes or changes the file: nobody else does meanwhile.
pub struct Changing {
    _lock: File,
}

impl KeyFile {
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The key; None where there is no file.
    ///
    /// # Errors
    /// A sentence: it cannot be read, others can read it, or it is no key.
    pub fn read(&self) -> Result<Option<Key>, String> {
        private::close(&self.0)?;
        match fs::read(&self.0) {
            Ok(bytes) => Key::try_from(bytes)
                .map(Some)
                .map_err(|_| format!("the key of secrets {} has not 32 bytes", self.0.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.told(error)),
        }
    }

    /// The keys that stand there now: this one, and the next while it takes its place.
    pub(super) fn keys(&self) -> Vec<Key> {
        [&self.0, &self.next()].into_iter().filter_map(|path| key_in(path)).collect()
    }

    pub(super) fn has_next(&self) -> bool {
        self.next().exists()
    }

    pub(super) fn display(&self) -> impl std::fmt::Display {
        self.0.display()
    }

    fn next(&self) -> PathBuf {
        self.beside(".new")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = self.0.clone().into_os_string();
        path.push(ending);
        path.into()
    }

    fn told(&self, error: impl std::fmt::Display) -> String {
        format!("the key of secrets {} cannot be used: {error}", self.0.display())
    }

    fn lock_file(&self) -> Result<File, String> {
        let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(self.beside(".lock"));
        made.map_err(|error| self.told(error))
    }

    /// Begins a change; None where another process is at one.
    pub fn change(&self) -> Result<Option<Changing>, String> {
        let lock = self.lock_file()?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Changing { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(error) => Err(self.told(error)),
        }
    }

    /// Makes the file with a key where there is none. Returns the key that stands there: two may begin at once.
    pub(super) fn make(&self, key: Key) -> Result<Key, String> {
        if let Some(there) = self.read()? {
            return Ok(there);
        }
        let lock = self.lock_file()?;
        lock.lock().map_err(|error| self.told(error))?;
        if let Some(there) = self.read()? {
            return Ok(there);
        }
        let part = self.beside(".part");
        write(&part, &key).and_then(|()| self.takes_its_place(&part)).map_err(|error| self.told(error))?;
        Ok(key)
    }

    /// Writes the next key beside this one.
    pub(super) fn write_next(&self, _: &Changing, key: &Key) -> Result<(), String> {
        write(&self.next(), key).and_then(|()| self.sync_folder()).map_err(|error| self.told(error))
    }

    /// Ends a change: the next key takes the place of this one where it is the one that seals, and goes where it is
    /// not.
    pub(super) fn end(&self, _: &Changing, sealing: &Key) -> Result<(), String> {
        let next = self.next();
        let ended = if key_in(&next).as_ref() == Some(sealing) {
            self.takes_its_place(&next)
        } else {
            remove(&next).and_then(|()| self.sync_folder())
        };
        ended.map_err(|error| self.told(error))
    }

    fn takes_its_place(&self, path: &Path) -> io::Result<()> {
        fs::rename(path, &self.0)?;
        self.sync_folder()
    }

    /// A name is on the disk when its folder is.
    fn sync_folder(&self) -> io::Result<()> {
        let folder = self.0.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// The key in a file; None where there is none, or one that was not written to its end, with which nothing was sealed.
fn key_in(path: &Path) -> Option<Key> {
    Key::try_from(fs::read(path).ok()?).ok()
}

fn write(path: &Path, key: &Key) -> io::Result<()> {
    remove(path)?;
    let mut file = private::file(path)?;
    file.write_all(key)?;
    file.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
