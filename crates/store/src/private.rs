//! What stands on the disk is its owner's alone: the store, its key, copies and exports, whoever starts the program and
//! however open their shell leaves new files.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

/// What others may do with a file or a folder.
const OTHERS: u32 = 0o077;

/// The mark of a folder in which everybody may make files, as /tmp is.
const FOR_ALL: u32 = 0o1000;

/// Nothing that this process or one of its children makes from now on can be read by others.
pub fn from_now_on() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// A new file, which must not be there yet.
///
/// # Errors
/// Where it is there or cannot be made.
pub fn file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A folder of ours: made where it is missing, closed where others could look into it. `ours` are names of files by
/// which it is known as ours.
///
/// # Errors
/// A sentence: it cannot be made or closed, belongs to somebody else, or is more than ours.
pub fn folder(path: &Path, ours: &[&str]) -> Result<(), String> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| format!("the folder {} cannot be made: {error}", path.display()))?;
    let told = |error: io::Error| format!("the folder {} cannot be read: {error}", path.display());
    let found = path.metadata().map_err(told)?;
    if found.mode() & OTHERS != 0 && is_shared(path, &found, ours).map_err(told)? {
        return Err(format!(
            "others can read the folder {}, and it holds more than what is zamen's: give it a folder of its own, or close this one (chmod 700)",
            path.display()
        ));
    }
    close(path)
}

/// Whether a folder is one for everybody, or one with folders in it and nothing of ours.
fn is_shared(path: &Path, found: &Metadata, ours: &[&str]) -> io::Result<bool> {
    if found.mode() & FOR_ALL != 0 {
        return Ok(true);
    }
    if ours.iter().any(|name| path.join(name).exists()) {
        return Ok(false);
    }
    for entry in path.read_dir()? {
        if entry?.file_type()?.is_dir() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Closes a file or folder to others, where it is there and they could read it.
///
/// # Errors
/// A sentence: it belongs to somebody else, or cannot be closed.
pub fn close(path: &Path) -> Result<(), String> {
    let told =
        |error: io::Error| format!("{} can be read by others and cannot be closed to them: {error}", path.display());
    let found = match path.metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
    };
    if found.mode() & OTHERS == 0 {
        return Ok(());
    }
    if found.uid() != geteuid().as_raw() {
        return Err(format!(
            "{} can be read by others and belongs to another user ({}): who owns it must close it, or give it to who runs zamen",
            path.display(),
            found.uid()
        ));
    }
    std::fs::set_permissions(path, closed(&found)).map_err(told)?;
    // Some file systems take the order and keep no modes.
    if path.metadata().map_err(told)?.mode() & OTHERS == 0 {
        Ok(())
    } else {
        Err(told(io::ErrorKind::Unsupported.into()))
    }
}

fn closed(found: &Metadata) -> Permissions {
    Permissions::from_mode(found.mode() & !OTHERS & 0o7777)
}

/// Closes what standard output goes to, where a shell made a file of ours for it. Anything else is as its owner wants
/// it.
pub fn output() {
    let file = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let done = file.and_then(|file| {
        let found = file.metadata()?;
        if found.is_file() && found.mode() & OTHERS != 0 && found.uid() == geteuid().as_raw() {
            file.set_permissions(closed(&found))
        } else {
            Ok(())
        }
    });
    if let Err(error) = done {
        tracing::warn!(%error, "the file that is written to may be readable by others");
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("it is there").mode() & 0o777
    }

    fn opened(path: PathBuf, mode: u32) -> PathBuf {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).expect("opened");
        path
    }

    #[test]
    fn a_folder_of_ours_is_closed_and_one_of_others_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let made = dir.path().join("new/inner");
        folder(&made, &[]).expect("made");
        assert_eq!((mode(&made), mode(&dir.path().join("new"))), (0o700, 0o700));
        let there = opened(made, 0o755);
        folder(&there, &[]).expect("closed");
        assert_eq!(mode(&there), 0o700);

        let shared = opened(there, 0o1777);
        assert!(folder(&shared, &[]).expect_err("for all").contains("a folder of its own"));
        let around = opened(dir.path().join("new"), 0o755);
        assert!(folder(&around, &["ours"]).is_err());
        assert_eq!(mode(&around), 0o755, "left as it was");
        drop(file(&around.join("ours")).expect("a file"));
        folder(&around, &["ours"]).expect("known by what is in it");
        assert_eq!(mode(&around), 0o700);
    }

    #[test]
    fn a_file_is_made_for_its_owner_and_closed_where_it_is_theirs() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("store");
        close(&path).expect("nothing is there");
        drop(file(&path).expect("made"));
        assert_eq!(mode(&path), 0o600);
        assert_eq!(file(&path).expect_err("there").kind(), io::ErrorKind::AlreadyExists);
        let path = opened(path, 0o644);
        close(&path).expect("closed");
        assert_eq!(mode(&path), 0o600);
        if geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(1), None).expect("given away");
            close(&path).expect("nobody else reads it");
            assert!(close(&opened(path, 0o640)).expect_err("theirs").contains("belongs to another user (1)"));
        } else {
            println!("named skip: only root gives files away");
        }
    }
}
