//! What is made of certificate files, made again when their content changes. A broken new pair keeps the old one.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::hash;

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
    /// Digest of the content tried last, good or bad, so that a broken file is told of once.
    tried: Mutex<String>,
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
        let tried = Mutex::new(digest(&content));
        Ok(Rotating { what, files, build: Box::new(build), current: RwLock::new(Arc::new(first)), tried })
    }

    pub fn current(&self) -> Arc<T> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again; true when their content is new and in use from now on. Content that was refused once is not
    /// tried again.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let content = read(&self.files)?;
        let digest = digest(&content);
        if *self.tried.lock().unwrap_or_else(PoisonError::into_inner) == digest {
            return Ok(false);
        }
        let next = (self.build)(&content);
        *self.tried.lock().unwrap_or_else(PoisonError::into_inner) = digest;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next?);
        Ok(true)
    }

    /// Looks every `every` until `shutdown`. The files of a rotation need not change at the same instant: a first failure
    /// is looked at again a moment later.
    pub async fn watch(self: Arc<Self>, every: Duration, shutdown: CancellationToken) {
        let mut missing = false;
        loop {
            tokio::select! { () = tokio::time::sleep(every) => {} () = shutdown.cancelled() => return }
            let own = self.clone();
            let looked = tokio::task::spawn_blocking(move || {
                own.reload().or_else(|_| {
                    std::thread::sleep(Duration::from_millis(500));
                    match own.reload() {
                        // the same broken content: say what is wrong with it
                        Ok(false) => {
                            read(&own.files).and_then(|content| (own.build)(&content)).map(|_| false)
                        }
                        other => other,
                    }
                })
            });
            match looked.await {
                Ok(Ok(true)) => tracing::info!(certificate = self.what, "certificate replaced"),
                Ok(Ok(false)) => missing = false,
                Ok(Err(error)) if !missing => {
                    missing = true;
                    tracing::warn!(
                        certificate = self.what,
                        "new certificate cannot be used, the old one stays: {error}"
                    );
                }
                // told already, or the process is ending
                Ok(Err(_)) | Err(_) => {}
            }
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
