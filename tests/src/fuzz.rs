//! What fuzzing asks, apart from who does the guessing; the suite does it with a seeded generator.
//!
//! [`parsers`] takes text apart, [`surface`] calls every method of the one door. Invariant of both: whatever comes in, nothing
//! panics, nothing is answered `INTERNAL`, and what was accepted can be read again.

pub mod parsers;
pub mod requests;
pub mod surface;

/// A small generator of numbers (SplitMix64): the same seed, the same story.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Seeded by bytes of a fuzzer.
    pub fn of(bytes: &[u8]) -> Dice {
        Dice(
            bytes
                .iter()
                .fold(0x9E37_79B9, |seed, byte| (seed ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)),
        )
    }

    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`; 0 when that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(1);
        usize::try_from(self.throw() % end).unwrap_or_default()
    }

    /// In so many of a hundred throws.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
