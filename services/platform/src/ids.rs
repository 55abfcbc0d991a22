//! Identifiers and secrets. The only source of randomness for services.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// Makes identifiers; cheap to clone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ids;

impl Ids {
    /// `prefix_` and a time-ordered UUIDv7 in hex.
    pub fn next(&self, prefix: &str) -> String {
        format!("{prefix}_{}", Uuid::now_v7().simple())
    }

    /// `n` random decimal digits, the first of them not zero.
    pub fn digits(&self, n: usize) -> String {
        let mut out = String::with_capacity(n);
        while out.len() < n {
            // 250 is the largest multiple of ten in a byte: no digit is likelier than another
            let usable = random::<32>().into_iter().filter(|byte| *byte < 250).map(|byte| b'0' + byte % 10);
            for digit in usable {
                if out.len() < n && !(out.is_empty() && digit == b'0') {
                    out.push(digit as char);
                }
            }
        }
        out
    }

    /// A 256-bit secret as URL-safe text.
    pub fn secret(&self) -> String {
        URL_SAFE_NO_PAD.encode(random::<32>())
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // the generator is seeded at start and has no failure a process could outlive
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_the_asked_length_and_never_lead_with_zero() {
        for n in 1..40 {
            let digits = Ids.digits(n);
            assert!(
                digits.len() == n && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
            );
        }
    }

    #[test]
    fn ids_sort_by_time() {
        let (a, b) = (Ids.next("x"), Ids.next("x"));
        assert!(a < b);
    }
}
