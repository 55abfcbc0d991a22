//! The targets of `fuzz/` themselves, compiled here: a fuzzer's own workspace is built by whoever fuzzes, and by no check.
//!
//! This crate stands in for the fuzzer's under its name, so that a target is a module with a function. What the fuzzer alone brings
//! (its `main`, coverage, C++) is not here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What the fuzzer's macro takes, as the targets write it.
#[macro_export]
macro_rules! fuzz_target {
    (|$data:ident: &[u8]| $body:expr) => {
        pub fn target($data: &[u8]) {
            $body
        }
    };
}

// `no_main` is for a crate of its own
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/addresses.rs"]
mod addresses;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/codes.rs"]
mod codes;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/date.rs"]
mod date;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/deadline.rs"]
mod deadline;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/frequency.rs"]
mod frequency;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/id_card.rs"]
mod id_card;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/money.rs"]
mod money;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/phone.rs"]
mod phone;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/quantity.rs"]
mod quantity;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/region_pack.rs"]
mod region_pack;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/signed_document.rs"]
mod signed_document;
#[allow(unused_attributes)]
#[path = "../../../../fuzz/fuzz_targets/surface.rs"]
mod surface;

/// A target by its name.
pub type Target = fn(&[u8]);

/// Those that need nothing running.
pub const PARSERS: [(&str, Target); 11] = [
    ("addresses", addresses::target),
    ("codes", codes::target),
    ("date", date::target),
    ("deadline", deadline::target),
    ("frequency", frequency::target),
    ("id_card", id_card::target),
    ("money", money::target),
    ("phone", phone::target),
    ("quantity", quantity::target),
    ("region_pack", region_pack::target),
    ("signed_document", signed_document::target),
];

/// The one that starts an installation, which `guesses_are_never_answered_with_a_bug` does in its place.
pub const SURFACE: Target = surface::target;

#[test]
fn every_target_is_compiled_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let here = [("surface", SURFACE)].into_iter().chain(PARSERS).map(|(name, _)| format!("{name}.rs"));
    assert_eq!(files.collect::<BTreeSet<_>>(), here.collect::<BTreeSet<_>>());
}

/// A package of a lock file: its versions, and what its own need.
type Lock = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn lock(path: &str) -> Lock {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let file: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut lock = Lock::new();
    for package in file["package"].as_array().unwrap() {
        let text = |key: &str| package[key].as_str().unwrap().to_owned();
        let needs = package.get("dependencies").and_then(|needs| needs.as_array()).into_iter().flatten();
        // a name, and a version where there are several
        let needs = needs.filter_map(|need| need.as_str()?.split(' ').next().map(str::to_owned));
        lock.entry(text("name")).or_default().insert(text("version"), needs.collect());
    }
    lock
}

#[test]
fn a_fuzzer_builds_what_is_tested() {
    let (house, fuzz) = (lock("Cargo.lock"), lock("fuzz/Cargo.lock"));
    let own = ["liufang-fuzz", "libfuzzer-sys", "arbitrary"];
    for (name, versions) in fuzz.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        let tested = house.get(name);
        for version in versions.keys() {
            assert!(
                tested.is_some_and(|tested| tested.contains_key(version)),
                "fuzz/Cargo.lock has {name} {version}: cargo update --manifest-path fuzz/Cargo.toml -p {name}"
            );
        }
    }
    for manifest in ["proto", "tests"].into_iter().map(str::to_owned).chain(services()) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&manifest).join("Cargo.toml");
        let file: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let Some(locked) = fuzz.get(file["package"]["name"].as_str().unwrap()) else { continue };
        let locked: BTreeSet<&String> = locked.values().flatten().collect();
        for section in ["dependencies", "build-dependencies"] {
            for need in
                file.get(section).and_then(|needs| needs.as_table()).into_iter().flat_map(|all| all.keys())
            {
                assert!(
                    locked.contains(need),
                    "{manifest} needs {need}, and fuzz/Cargo.lock does not know: cargo metadata --manifest-path fuzz/Cargo.toml"
                );
            }
        }
    }
}

fn services() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services");
    let all = fs::read_dir(folder).unwrap().map(|one| one.unwrap());
    let crates = all.filter(|one| one.path().join("Cargo.toml").is_file());
    crates.map(|one| format!("services/{}", one.file_name().into_string().unwrap())).collect()
}
