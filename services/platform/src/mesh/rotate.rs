//! What is made of certificate files, made again when their content changes. A broken new pair keeps the old one.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::hash;

/// The files of a rotation need not change at the same instant: a failure is looked at again after this.
const SECOND_LOOK: Duration = Duration::from_millis(500);

/// Certificate files that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(pub String);

/// A setting and the file it names.
pub type NamedFile = (&'static str, PathBuf);

type Build<T> = dyn Fn(&[Vec<u8>]) -> Result<T, TlsError> + Send + Sync;

/// The present state of some files.
pub struct Rotating<T> {
    /// For log lines, e.g. `mesh`.
    what: &'static str,
    files: Vec<NamedFile>,
    build: Box<Build<T>>,
    current: RwLock<Arc<T>>,
    /// Digest of the content that `current` was made of.
    used: Mutex<String>,
}

impl<T: Send + Sync + 'static> Rotating<T> {
    /// Reads and checks the files; an error names the setting.
    pub fn load(
        what: &'static str,
        files: Vec<NamedFile>,
        build: impl Fn(&[Vec<u8>]) -> Result<T, TlsError> + Send + Sync + 'static,
    ) -> Result<Rotating<T>, TlsError> {
        let content = read(&files)?;
        let first = build(&content)?;
        let used = Mutex::new(digest(&content));
        Ok(Rotating { what, files, build: Box::new(build), current: RwLock::new(Arc::new(first)), used })
    }

    pub fn current(&self) -> Arc<T> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again; true when their content is new and in use from now on. Content that was refused is tried
    /// again on every look: a certificate that is not valid yet will be.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let content = read(&self.files)?;
        let found = digest(&content);
        if *used == found {
            return Ok(false);
        }
        let next = Arc::new((self.build)(&content)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        *used = found;
        Ok(true)
    }

    /// Looks every `every` until `shutdown`. What is wrong is told once, and again when something else is.
    pub async fn watch(self: Arc<Self>, every: Duration, shutdown: CancellationToken) {
        let followed = async {
            let mut told = None;
            loop {
                tokio::time::sleep(every).await;
                let mut looked = self.look().await;
                if looked.is_err() {
                    tokio::time::sleep(SECOND_LOOK).await;
                    looked = self.look().await;
                }
                match news(&mut told, looked) {
                    Some(Ok(())) => tracing::info!(certificate = self.what, "certificate replaced"),
                    Some(Err(error)) => tracing::warn!(
                        certificate = self.what,
                        "new certificate cannot be used, the old one stays: {error}"
                    ),
                    None => {}
                }
            }
        };
        tokio::select! { () = followed => {} () = shutdown.cancelled() => {} }
    }

    async fn look(self: &Arc<Self>) -> Result<bool, TlsError> {
        let own = self.clone();
        let looked = tokio::task::spawn_blocking(move || own.reload()).await;
        // the process is ending
        looked.unwrap_or(Ok(false))
    }
}

/// What a look says that was not told before.
fn news(told: &mut Option<TlsError>, looked: Result<bool, TlsError>) -> Option<Result<(), TlsError>> {
    match looked {
        Ok(replaced) => {
            *told = None;
            replaced.then_some(Ok(()))
        }
        Err(error) if told.as_ref() == Some(&error) => None,
        Err(error) => {
            *told = Some(error.clone());
            Some(Err(error))
        }
    }
}

fn read(files: &[NamedFile]) -> Result<Vec<Vec<u8>>, TlsError> {
    let read = |(setting, path): &NamedFile| {
        std::fs::read(path).map_err(|error| TlsError(format!("{setting}: {}: {error}", path.display())))
    };
    files.iter().map(read).collect()
}

fn digest(content: &[Vec<u8>]) -> String {
    let parts: Vec<String> = content.iter().map(|part| hash::sha256_hex(part)).collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// A file whose content is refused while it says "early" and the flag says that it is.
    fn rotating(early: &Arc<AtomicBool>) -> (tempfile::TempDir, Rotating<String>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pem");
        std::fs::write(&file, "first").unwrap();
        let early = early.clone();
        let build = move |content: &[Vec<u8>]| match String::from_utf8_lossy(&content[0]).into_owned() {
            text if text == "early" && early.load(Ordering::Relaxed) => Err(TlsError("not yet".to_owned())),
            text => Ok(text),
        };
        let rotating = Rotating::load("test", vec![("a.file", file)], build).unwrap();
        (folder, rotating)
    }

    #[test]
    fn what_was_refused_for_its_time_is_taken_later() {
        let early = Arc::new(AtomicBool::new(true));
        let (folder, rotating) = rotating(&early);
        let file = folder.path().join("pem");
        assert_eq!(rotating.reload(), Ok(false));
        std::fs::write(&file, "early").unwrap();
        for _ in 0..2 {
            assert_eq!(rotating.reload(), Err(TlsError("not yet".to_owned())));
            assert_eq!(*rotating.current(), "first");
        }
        early.store(false, Ordering::Relaxed);
        assert_eq!((rotating.reload(), rotating.reload()), (Ok(true), Ok(false)));
        assert_eq!(*rotating.current(), "early");
        std::fs::remove_file(&file).unwrap();
        assert!(rotating.reload().unwrap_err().0.starts_with("a.file: "));
        std::fs::write(&file, "early").unwrap();
        assert_eq!(rotating.reload(), Ok(false), "back, and in use already");
    }

    #[test]
    fn a_mistake_is_told_once() {
        let (mut told, broken) = (None, |text: &str| Err(TlsError(text.to_owned())));
        assert_eq!(news(&mut told, broken("a")), Some(Err(TlsError("a".to_owned()))));
        assert_eq!(news(&mut told, broken("a")), None);
        assert_eq!(news(&mut told, broken("b")), Some(Err(TlsError("b".to_owned()))));
        assert_eq!(news(&mut told, Ok(true)), Some(Ok(())));
        assert_eq!(news(&mut told, broken("b")), Some(Err(TlsError("b".to_owned()))), "again");
        assert_eq!(news(&mut told, Ok(false)), None);
    }
}
