//! The story's clock: the machine's plus an offset that tests turn, or standing still.
//!
//! In one process it lives in memory. The processes of [`crate::Shape::Processes`] read it from one file at every look, so
//! they all jump together. Only the program under test follows a file; the shipped one knows the machine's clock alone.
//! Timers, TLS, PostgreSQL and Redis keep the machine's time.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use liufang_kernel::Timestamp;
use liufang_platform::{Clock, SystemClock};

/// Names the clock's file to a process under test.
pub const VARIABLE: &str = "LIUFANG_TEST_CLOCK";

/// Turned by the test that made it, followed by everybody else.
#[derive(Clone, Debug)]
pub struct StoryClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    turned: AtomicBool,
}

#[derive(Debug)]
enum Place {
    Memory(Mutex<Hand>),
    File(File),
}

/// How the clock stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Hand {
    /// Ahead of the machine's clock.
    ahead_us: i64,
    /// Where it stands still; zero when it goes.
    still_us: i64,
}

/// Bytes of a hand in a file: both numbers and their check, so that a reader notices a hand that is being written.
const BYTES: usize = 24;
const CHECK: i64 = 0x6c69_7566_616e_6721;

impl Hand {
    fn write(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let numbers = [self.ahead_us, self.still_us, self.ahead_us ^ self.still_us.rotate_left(1) ^ CHECK];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn read(bytes: [u8; BYTES]) -> Option<Hand> {
        let (numbers, _) = bytes.as_chunks::<8>();
        let hand =
            Hand { ahead_us: i64::from_le_bytes(numbers[0]), still_us: i64::from_le_bytes(numbers[1]) };
        (hand.write() == bytes).then_some(hand)
    }
}

impl StoryClock {
    /// Of one process, so many seconds ahead of the machine's clock.
    pub fn new(ahead_seconds: i64) -> StoryClock {
        let hand = Hand { ahead_us: ahead_seconds * 1_000_000, still_us: 0 };
        StoryClock::at(Place::Memory(Mutex::new(hand)))
    }

    /// The clock of the processes that are started with [`StoryClock::file_in`] `folder`.
    pub fn shared(folder: &Path, ahead_seconds: i64) -> StoryClock {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(StoryClock::file_in(folder)).expect("clock file");
        let clock = StoryClock::at(Place::File(file));
        clock.put(Hand { ahead_us: ahead_seconds * 1_000_000, still_us: 0 });
        clock
    }

    /// The clock somebody else turns.
    pub fn follow(path: &Path) -> StoryClock {
        StoryClock::at(Place::File(File::open(path).expect("clock file")))
    }

    pub fn file_in(folder: &Path) -> PathBuf {
        folder.join("clock")
    }

    fn at(place: Place) -> StoryClock {
        StoryClock(Arc::new(Inner { place, turned: AtomicBool::new(false) }))
    }

    /// Moves the clock ahead.
    pub fn advance_seconds(&self, seconds: i64) {
        self.turn(|hand| match hand.still_us {
            0 => hand.ahead_us += seconds * 1_000_000,
            _ => hand.still_us += seconds * 1_000_000,
        });
    }

    /// Time stands still until [`StoryClock::go_on`], and jumps only when it is told to: no lease ends by itself.
    pub fn stand_still(&self) {
        let now = self.now().0;
        self.turn(|hand| hand.still_us = now);
    }

    /// Time goes on from where it stands.
    pub fn go_on(&self) {
        let (now, machine) = (self.now().0, SystemClock.now().0);
        self.turn(|hand| *hand = Hand { ahead_us: now - machine, still_us: 0 });
    }

    /// Whether it was ever turned.
    pub fn is_turned(&self) -> bool {
        self.0.turned.load(Ordering::SeqCst)
    }

    fn turn(&self, change: impl FnOnce(&mut Hand)) {
        self.0.turned.store(true, Ordering::SeqCst);
        let mut hand = self.hand();
        change(&mut hand);
        self.put(hand);
    }

    fn put(&self, hand: Hand) {
        match &self.0.place {
            Place::Memory(own) => *own.lock().unwrap_or_else(PoisonError::into_inner) = hand,
            Place::File(file) => file.write_all_at(&hand.write(), 0).expect("clock file"),
        }
    }

    fn hand(&self) -> Hand {
        let file = match &self.0.place {
            Place::Memory(own) => return *own.lock().unwrap_or_else(PoisonError::into_inner),
            Place::File(file) => file,
        };
        loop {
            let mut bytes = [0; BYTES];
            file.read_exact_at(&mut bytes, 0).expect("clock file");
            if let Some(hand) = Hand::read(bytes) {
                return hand;
            }
            std::hint::spin_loop();
        }
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        match self.hand() {
            Hand { still_us: 0, ahead_us } => Timestamp(SystemClock.now().0 + ahead_us),
            Hand { still_us, .. } => Timestamp(still_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_follow_jump_together() {
        let folder = crate::servers::folder("liufang-clock-");
        let clock = StoryClock::shared(folder.path(), 60);
        let other = StoryClock::follow(&StoryClock::file_in(folder.path()));
        assert!(!clock.is_turned() && 59 < other.now().seconds() - SystemClock.now().seconds());
        clock.stand_still();
        let still = other.now();
        clock.advance_seconds(3_600);
        assert_eq!(other.now(), still.plus_seconds(3_600));
        clock.go_on();
        assert!(other.now() >= still.plus_seconds(3_600));
        assert!(clock.is_turned() && 3_600 < other.now().seconds() - SystemClock.now().seconds());
    }

    #[test]
    fn a_hand_that_is_half_written_is_not_read() {
        let hand = Hand { ahead_us: -5, still_us: 1_795_312_800_000_000 };
        assert_eq!(Hand::read(hand.write()), Some(hand));
        let mut torn = hand.write();
        torn[..8].copy_from_slice(&7_i64.to_le_bytes());
        assert_eq!(Hand::read(torn), None);
    }
}
