//! Ends a process at a point of its code, as `kill -9` does: the test names the point in a file, and the first process that passes
//! it takes the file and is gone. Only the program under test listens.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the file to a process under test.
pub const VARIABLE: &str = "LIUFANG_TEST_POINT";

/// Where the processes of a folder look.
pub fn file_in(folder: &Path) -> PathBuf {
    folder.join("point")
}

/// Names the point at which the next process ends; none: nobody ends.
pub fn arm(folder: &Path, point: Option<&str>) {
    let (file, made) = (file_in(folder), folder.join("point.made"));
    match point {
        Some(point) => {
            std::fs::write(&made, point).expect("point");
            // whole, or not there
            std::fs::rename(&made, &file).expect("point");
        }
        None => drop(std::fs::remove_file(&file)),
    }
}

/// Whether somebody has taken the file.
pub fn is_passed(folder: &Path) -> bool {
    !file_in(folder).exists()
}

/// Told of every point that is passed.
pub fn die_where_named(name: &str) {
    let Some(file) = std::env::var_os(VARIABLE).map(PathBuf::from) else { return };
    let named = std::fs::read_to_string(&file).is_ok_and(|armed| armed == name);
    // one process alone takes it
    if named && std::fs::rename(&file, file.with_extension("taken")).is_ok() {
        let _ = Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status();
        // not a step further
        loop {
            std::thread::park();
        }
    }
}
