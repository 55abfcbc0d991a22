//! Paths from a signer up to a root: what is taken, and what one byte, one bit of usage or one link too many undoes.

use liufang_kernel::Timestamp;
use proptest::prelude::*;

use crate::demo::{Issuer, VALID, Wanted, usage};
use crate::domain::authority::Broken;
use crate::x509::Parsed;
use crate::x509::path::Trust;

const SIGNS: u16 = usage::SIGNATURE | usage::COMMITMENT;

/// A root, an authority between, a signer: as DER.
struct Chain {
    root: Vec<u8>,
    between: Vec<u8>,
    signer: Vec<u8>,
}

fn chain(root: &Issuer, between: &Issuer) -> Chain {
    let signer = Issuer::sm2("D1", &[9; 32]);
    Chain {
        root: root.self_signed(VALID),
        between: root.issue(&between.wanted(7, VALID, Some(0))),
        signer: between.issue(&leaf(&signer, SIGNS)),
    }
}

fn leaf(signer: &Issuer, bits: u16) -> Wanted {
    Wanted {
        subject: "D1".to_owned(),
        info: signer.info(),
        serial: 0x1234_5678,
        valid: VALID,
        usage: bits,
        authority: None,
    }
}

fn parsed(der: &[u8]) -> Parsed {
    Parsed::read(der).unwrap()
}

/// How many links the first path has.
fn climb(roots: &[&[u8]], between: &[&[u8]], signer: &[u8]) -> Result<usize, Broken> {
    let read = |all: &[&[u8]]| -> Result<Vec<Parsed>, Broken> {
        all.iter().map(|der| Parsed::read(der).map_err(|_| Broken::Unreadable)).collect()
    };
    let (roots, between) = (read(roots)?, read(between)?);
    let signer = Parsed::read(signer).map_err(|_| Broken::Unreadable)?;
    Trust { roots: &roots, between: &between }.paths(&signer).map(|paths| paths[0].links.len())
}

fn of(own: &Chain) -> Result<usize, Broken> {
    climb(&[&own.root], &[&own.between], &own.signer)
}

#[test]
fn authorities_of_every_kind_vouch_for_each_other() {
    let makers: [fn(&str) -> Issuer; 3] =
        [|name| Issuer::ed25519(name, &[1; 32]), |name| Issuer::sm2(name, &[2; 32]), Issuer::p256];
    for root in makers {
        for between in makers {
            let own = chain(&root("root"), &between("between"));
            assert_eq!(of(&own), Ok(3));
            assert_eq!(climb(&[&own.root], &[], &own.signer), Err(Broken::UnknownIssuer));
            assert_eq!(
                climb(&[], &[&own.root, &own.between], &own.signer),
                Err(Broken::UnknownIssuer),
                "no root"
            );
        }
    }
}

#[test]
fn a_name_is_not_enough() {
    let own = chain(&Issuer::ed25519("root", &[1; 32]), &Issuer::p256("between"));
    let other = Issuer::ed25519("root", &[3; 32]).self_signed(VALID);
    assert_eq!(climb(&[&other], &[&own.between], &own.signer), Err(Broken::Signature));
    assert_eq!(climb(&[&other, &own.root], &[&own.between], &own.signer), Ok(3), "the right one is found");
}

#[test]
fn keys_do_what_they_are_for() {
    let (root, between) = (Issuer::ed25519("root", &[1; 32]), Issuer::ed25519("between", &[2; 32]));
    let own = chain(&root, &between);
    let signer = Issuer::p256("D1");
    for (bits, expected) in [
        (usage::SIGNATURE, Ok(3)),
        (usage::COMMITMENT, Ok(3)),
        (usage::ENCIPHERMENT, Err(Broken::Usage)),
        (usage::CERTIFICATES, Err(Broken::Usage)),
    ] {
        let der = between.issue(&leaf(&signer, bits));
        assert_eq!(climb(&[&own.root], &[&own.between], &der), expected, "{bits:b}");
    }
    // an authority that may only sign lists, one that is no authority, one below another that allows none
    let lists = root.issue(&Wanted { usage: usage::LISTS, ..between.wanted(8, VALID, Some(0)) });
    assert_eq!(climb(&[&own.root], &[&lists], &own.signer), Err(Broken::Usage));
    let nobody = root.issue(&Wanted { usage: SIGNS, ..between.wanted(8, VALID, None) });
    assert_eq!(climb(&[&own.root], &[&nobody], &own.signer), Err(Broken::NotAnAuthority));
    let below = Issuer::ed25519("below", &[4; 32]);
    let second = between.issue(&below.wanted(9, VALID, Some(0)));
    let der = below.issue(&leaf(&signer, SIGNS));
    assert_eq!(climb(&[&own.root], &[&own.between, &second], &der), Err(Broken::PathLength));
    let wide = root.issue(&between.wanted(7, VALID, Some(1)));
    assert_eq!(climb(&[&own.root], &[&wide, &second], &der), Ok(4));
    // an authority does not sign prescriptions
    assert_eq!(climb(&[&own.root], &[], &own.between), Err(Broken::Usage));
}

#[test]
fn circles_and_crowds_come_to_an_end() {
    let (one, two) = (Issuer::ed25519("one", &[1; 32]), Issuer::ed25519("two", &[2; 32]));
    let signer = one.issue(&leaf(&Issuer::p256("D1"), SIGNS));
    let circle = [two.issue(&one.wanted(1, VALID, Some(9))), one.issue(&two.wanted(2, VALID, Some(9)))];
    let root = Issuer::ed25519("root", &[3; 32]).self_signed(VALID);
    assert_eq!(climb(&[&root], &[&circle[0], &circle[1]], &signer), Err(Broken::UnknownIssuer));
    let crowd: Vec<Vec<u8>> =
        (0..200).map(|serial| two.issue(&one.wanted(serial + 1, VALID, Some(9)))).collect();
    let twos: Vec<Vec<u8>> =
        (0..200).map(|serial| one.issue(&two.wanted(serial + 1, VALID, Some(9)))).collect();
    let all: Vec<&[u8]> = crowd.iter().chain(&twos).map(Vec::as_slice).collect();
    assert!(climb(&[&root], &all, &signer).is_err());
}

/// One bit in `at` of the signer or the authority between.
fn flipped(own: &Chain, in_signer: bool, at: usize, bit: u8) -> Chain {
    let mut next = Chain { root: own.root.clone(), between: own.between.clone(), signer: own.signer.clone() };
    let der = if in_signer { &mut next.signer } else { &mut next.between };
    let at = at % der.len();
    der[at] ^= 1 << (bit % 8);
    next
}

#[test]
fn no_byte_of_a_chain_may_change() {
    let own = chain(&Issuer::ed25519("root", &[1; 32]), &Issuer::p256("between"));
    for in_signer in [true, false] {
        let length = if in_signer { own.signer.len() } else { own.between.len() };
        for at in 0..length {
            for bit in 0..8 {
                let next = flipped(&own, in_signer, at, bit);
                assert!(of(&next).is_err(), "bit {bit} of byte {at}, signer: {in_signer}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nor_of_a_chain_of_sm2(in_signer: bool, at in 0_usize..2_000, bit in 0_u8..8) {
        let own = chain(&Issuer::sm2("root", &[5; 32]), &Issuer::sm2("between", &[6; 32]));
        prop_assert!(of(&flipped(&own, in_signer, at, bit)).is_err());
    }

    #[test]
    fn whatever_comes_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Parsed::read(&bytes);
        let _ = crate::x509::list::List::read(&bytes);
    }
}

#[test]
fn a_list_is_read_whole_and_believed_signed() {
    use crate::x509::list::List;
    let issuer = Issuer::sm2("root", &[2; 32]);
    let at = Timestamp(1_700_000_000_000_000);
    let der = issuer.list(300, at, at.plus_days(7), &[(5, at, 1), (6, at, 6), (5, at, 4), (7, at, 8)]);
    let own = List::read(&der).unwrap();
    assert_eq!((own.rows.len(), own.odd.len(), own.number.as_str()), (2, 2, "012c"));
    assert!(own.rows[1].hold && !own.rows[0].hold);
    assert_eq!((own.this_update, own.next_update), (at, at.plus_days(7)));
    let key = parsed(&issuer.self_signed(VALID)).key;
    assert!(own.signed.by(&key));
    for at in (0..der.len()).step_by(3) {
        let mut other = der.clone();
        other[at] ^= 0x10;
        assert!(List::read(&other).map_or(true, |list| !list.signed.by(&key)), "byte {at}");
    }
}
