//! From a signer's certificate up to an authority that is trusted: names, signatures, and what each key may do. Moments and
//! revocations come later (`domain/authority.rs`), so that what is found here stays true and may be kept.

use super::read::Parsed;
use crate::domain::authority::{Broken, Link, Path};

/// Certificates of one path, the signer's and the root's among them.
const LONGEST: usize = 6;
/// Signatures that are tried for one certificate: somebody may hand over many that all claim to be the issuer.
const TRIES: u32 = 24;

/// Who is trusted, and who stands between.
pub struct Trust<'a> {
    pub roots: &'a [Parsed],
    pub between: &'a [Parsed],
}

struct Climb<'a> {
    trust: &'a Trust<'a>,
    tries: u32,
    found: Vec<Path>,
    broken: Option<Broken>,
}

impl Trust<'_> {
    /// Every path of a signer's certificate.
    ///
    /// # Errors
    /// There is none: what stood in the way of the one that came farthest.
    pub fn paths(&self, signer: &Parsed) -> Result<Vec<Path>, Broken> {
        if signer.usage.strange {
            return Err(Broken::Extension);
        }
        if !signer.usage.signs {
            return Err(Broken::Usage);
        }
        self.climb(signer)
    }

    /// Every path of an authority's certificate.
    pub fn paths_of_authority(&self, own: &Parsed) -> Result<Vec<Path>, Broken> {
        if self.roots.iter().any(|root| root.fingerprint == own.fingerprint) {
            return Ok(vec![Path { links: vec![link(own, "")] }]);
        }
        self.climb(own)
    }

    fn climb(&self, own: &Parsed) -> Result<Vec<Path>, Broken> {
        let mut climb = Climb { trust: self, tries: TRIES, found: Vec::new(), broken: None };
        climb.up(&mut vec![own], &mut Vec::new());
        match climb.found.is_empty() {
            true => Err(climb.broken.unwrap_or(Broken::UnknownIssuer)),
            false => Ok(climb.found),
        }
    }
}

impl<'a> Climb<'a> {
    fn up(&mut self, trail: &mut Vec<&'a Parsed>, links: &mut Vec<Link>) {
        let Some(own) = trail.last().copied() else { return };
        if LONGEST <= trail.len() {
            self.broken = Some(Broken::TooLong);
            return;
        }
        let trust = self.trust;
        let above =
            trust.roots.iter().map(|root| (root, true)).chain(trust.between.iter().map(|own| (own, false)));
        for (issuer, trusted) in above.filter(|(issuer, _)| issuer.subject == own.issuer) {
            if trail.iter().any(|seen| seen.fingerprint == issuer.fingerprint) {
                continue;
            }
            if let Err(broken) = self.vouches(issuer, own, trail.len() - 1) {
                self.broken = Some(broken);
                continue;
            }
            links.push(link(own, &issuer.name_and_key));
            if trusted {
                let path = links.iter().cloned().chain([link(issuer, "")]);
                self.found.push(Path { links: path.collect() });
            } else {
                trail.push(issuer);
                self.up(trail, links);
                trail.pop();
            }
            links.pop();
        }
    }

    /// Whether `issuer` may have issued `own` with `below` authorities under it, and has.
    fn vouches(&mut self, issuer: &Parsed, own: &Parsed, below: usize) -> Result<(), Broken> {
        let usage = issuer.usage;
        if usage.strange {
            return Err(Broken::Extension);
        }
        if !usage.authority {
            return Err(Broken::NotAnAuthority);
        }
        if !usage.signs_certificates {
            return Err(Broken::Usage);
        }
        if usage.path_length.is_some_and(|most| usize::from(most) < below) {
            return Err(Broken::PathLength);
        }
        self.tries = self.tries.checked_sub(1).ok_or(Broken::TooLong)?;
        if own.signed.by(&issuer.key) { Ok(()) } else { Err(Broken::Signature) }
    }
}

fn link(own: &Parsed, issuer: &str) -> Link {
    Link {
        issuer: issuer.to_owned(),
        serial: own.serial.clone(),
        not_before: own.not_before,
        not_after: own.not_after,
    }
}
