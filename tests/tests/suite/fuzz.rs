//! Bad input: every parser and every method of the door, by a generator with a seed. `fuzz/` asks the same without an end.

mod targets;

use liufang_tests::fuzz::requests::{Known, ODD_TEXTS};
use liufang_tests::fuzz::surface::Surface;
use liufang_tests::fuzz::{Dice, parsers};
use liufang_tests::{World, behaviour};

use super::cast::*;

/// Texts that parsers take, to begin from.
const GOOD: [&str; 14] = [
    "11010519491231002X",
    "810000199408230021",
    "19900000001",
    "+86 199 0000 0001",
    "12.0001",
    "0.35",
    "21.30",
    "XC08CAA456A001010100100",
    "H13030200001",
    "130300",
    "81000110008000020000",
    "2026-11-22",
    "10S",
    "https://a.example:443,https://b.example:443",
];

#[test]
fn parsers_take_anything() {
    let pack = include_str!("../../../deploy/regions/qinhuangdao.toml");
    let begin: Vec<&str> = GOOD.into_iter().chain(ODD_TEXTS).chain(["11", "42", pack]).collect();
    for (name, parser) in parsers::ALL {
        for seed in 0..4_000 {
            let mut dice = Dice::new(seed);
            // a whole pack takes its time to read
            let pool =
                if name == "region_pack" && 40 <= seed { &begin[..begin.len() - 1] } else { &begin[..] };
            let mut bytes = dice.pick(pool).as_bytes().to_vec();
            for _ in 0..dice.below(4) {
                torn(&mut bytes, &mut dice);
            }
            let taken = std::panic::catch_unwind(|| parser(&bytes));
            assert!(taken.is_ok(), "{name} panics at {:?}", String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn seeds_are_taken() {
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    for (name, target) in targets::PARSERS {
        for seed in std::fs::read_dir(seeds.join(name)).unwrap().flatten() {
            let bytes = std::fs::read(seed.path()).unwrap();
            let taken = std::panic::catch_unwind(|| target(&bytes));
            assert!(taken.is_ok(), "{name} panics at {}", seed.path().display());
        }
    }
}

/// One byte more, less or other.
fn torn(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let byte = dice.throw().to_le_bytes()[0];
    match dice.below(4) {
        0 => bytes.insert(at, byte),
        1 if at < bytes.len() => {
            bytes.remove(at);
        }
        2 if at < bytes.len() => bytes[at] = byte,
        _ => bytes.truncate(at),
    }
}

// every guess is a call; as processes they would take minutes and ask the same code
behaviour!(guesses_are_never_answered_with_a_bug);

async fn guesses_are_never_answered_with_a_bug(world: &mut World) {
    let cast = Cast::of(world).await;
    let patient = cast.patient(1).await;
    let (order, claim) = cast.paid_rx(&patient, SHOP, SHOP_PHARMACIST).await;
    let mut surface = surface(&cast, &world.url, &patient).await;
    what_is_known(&cast, &patient, &mut surface.known).await;
    let own = [("secret", &claim.secret), ("hiRxno", &claim.hi_rxno), ("orderId", &order.order_id)];
    for (field, value) in own {
        surface.known.learn(field, value);
    }
    let mut dice = Dice::new(20_261_122);
    for _ in 0..2_500 {
        surface.guess(&mut dice).await;
    }
    surface.read_back().await;
    assert!(surface.problems.is_empty(), "{}", surface.problems.join("\n"));
    for (path, field) in [
        ("/liufang.prescription.v1.PrescriptionService/GetPrescription", "hiRxno"),
        ("/liufang.order.v1.OrderService/GetOrder", "orderId"),
    ] {
        let values = surface.known.of(field).to_vec();
        for value in values.iter().filter(|value| !ODD_TEXTS.contains(&value.as_str())) {
            assert!(
                surface.is_read(path, field, value).await,
                "{field} {value} was answered and nobody reads it"
            );
        }
    }
    let done = surface.done.len();
    assert!(surface.methods.len() / 4 < done, "guesses are good enough: {done} done, {:?}", surface.codes);
}

/// The door, and one of each kind of caller.
pub(super) async fn surface(cast: &Cast, url: &str, patient: &liufang::client::Patient) -> Surface {
    let callers = [
        ("nobody", liufang::client::Session::anonymous(&cast.gateway)),
        ("patient", patient.session().clone()),
        ("hospital", cast.his(HOSPITAL).session().clone()),
        ("pharmacy", cast.pos(SHOP).session().clone()),
        ("platform", cast.platform("jd").session().clone()),
        ("courier", cast.courier(RIDER).session().clone()),
        ("agency", cast.agency(QINHUANGDAO).session().clone()),
        ("supervisor", cast.supervisor(QINHUANGDAO).session().clone()),
        ("operator", cast.operator().session().clone()),
    ];
    let callers = callers.into_iter().map(|(name, session)| (name.to_owned(), session)).collect();
    Surface::of(url, callers).await
}

/// Values of the story that are good where they belong.
pub(super) async fn what_is_known(cast: &Cast, patient: &liufang::client::Patient, known: &mut Known) {
    let (his, pos) = (cast.his(HOSPITAL), cast.pos(SHOP));
    known.learn("doctorToken", &his.token_of(&cast.practitioner(DOCTOR)).await.unwrap());
    let pharmacist = pos.token_of(&cast.practitioner(SHOP_PHARMACIST)).await.unwrap();
    known.learn("pharmacistToken", &pharmacist);
    for (field, value) in [
        ("fixmedinsCode", SHOP),
        ("fixmedinsCode", HOSPITAL),
        ("doctorCode", DOCTOR),
        ("practitionerCode", DOCTOR),
        ("medListCodg", AMLODIPINE.code),
        ("medListCodg", GRANULES),
        ("region", QINHUANGDAO),
        ("diseCodg", "M03900"),
        ("quantity", "1"),
        ("price", "21.30"),
        ("drugCnt", "1"),
        ("medcDays", "7"),
        ("usedFrquCodg", "11"),
        ("sinDoscnt", "1"),
        ("certno", &patient.citizen().certno),
        ("phone", &patient.citizen().phone),
        ("personId", patient.person_id()),
        ("firstRxRef", "MZ-2026-0001"),
        ("condition", "血压平稳"),
    ] {
        known.learn(field, value);
    }
}
