//! The invariants of `services/README.md`, as plain scans.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const SERVICES: [&str; 9] = [
    "identity",
    "prescription",
    "inventory",
    "settlement",
    "order",
    "dispatch",
    "supervision",
    "sandbox",
    "channels",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Code without comments and without its test modules.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let head = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    let lines = head.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs")
}

/// Fails with every place in `files` that contains one of `words`.
#[track_caller]
fn forbid(files: impl IntoIterator<Item = PathBuf>, words: &[&str], rule: &str) {
    let mut found = Vec::new();
    for path in files.into_iter().filter(|path| !is_test(path)) {
        let text = code(&path);
        let hits = words.iter().filter(|word| text.contains(**word));
        found.extend(hits.map(|word| format!("{}: `{word}`", path.strip_prefix(root()).unwrap().display())));
    }
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

fn service_files(keep: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for service in SERVICES {
        let folder = root().join("services").join(service).join("src");
        for path in sources(&folder) {
            let part = path.strip_prefix(&folder).unwrap().iter().next().unwrap();
            let part = Path::new(part).file_stem().unwrap().to_str().unwrap().to_owned();
            if keep(&part) {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn no_service_depends_on_another() {
    for service in SERVICES.into_iter().chain(["gateway"]) {
        let manifest = fs::read_to_string(root().join(format!("services/{service}/Cargo.toml"))).unwrap();
        for other in SERVICES.into_iter().chain(["gateway"]).filter(|other| *other != service) {
            assert!(!manifest.contains(&format!("liufang-{other}")), "{service} depends on {other}");
        }
    }
}

#[test]
fn the_domain_is_pure() {
    let words = [
        "async ",
        ".await",
        "sea_orm",
        "tonic",
        "prost",
        "tokio",
        "liufang_platform",
        "liufang_proto",
        "SystemTime",
        "rand::",
    ];
    forbid(service_files(|part| part == "domain"), &words, "domain/ knows no I/O");
    forbid(
        sources(&root().join("services/kernel/src")),
        &["async ", ".await", "std::fs", "std::env", "std::net", "SystemTime", "tokio", "tonic"],
        "the kernel is pure",
    );
}

#[test]
fn no_amount_is_a_float() {
    let files = service_files(|part| part == "domain" || part == "app" || part == "store" || part == "wire")
        .into_iter()
        .filter(|path| !path.ends_with("distance.rs") && !path.ends_with("geo.rs"));
    forbid(
        files.chain(sources(&root().join("services/kernel/src"))),
        &["f64", "f32"],
        "no floats near money or quantities",
    );
}

#[test]
fn each_layer_keeps_to_its_own() {
    forbid(
        // errors know the library's own error, to wrap it
        service_files(|part| !["store", "migrations", "error"].contains(&part)),
        &["sea_orm::", "Statement::from", "DeriveEntityModel"],
        "only store/ and migrations/ know the database library",
    );
    let known = ["app", "rpc", "wire", "events", "peers", "lib", "workers"];
    forbid(
        service_files(|part| !known.contains(&part)),
        &["liufang_proto"],
        "only rpc/, wire/, events and the callers of peers know protobuf",
    );
    let outside = sources(&root().join("services")).into_iter().filter(|path| {
        !path.starts_with(root().join("services/platform"))
            && !path.starts_with(root().join("services/gateway"))
    });
    let outside: Vec<_> = outside.collect();
    forbid(outside.clone(), &["env::var", "std::env::vars"], "only the platform reads the environment");
    forbid(
        outside,
        &["Status::new(", "Status::internal(", "Status::invalid_argument(", "Status::not_found("],
        "only the platform builds a status",
    );
}

#[test]
fn no_mod_rs_and_no_unfinished_code() {
    let all: Vec<_> =
        ["services", "proto", "tests"].iter().flat_map(|folder| sources(&root().join(folder))).collect();
    for path in &all {
        assert!(!path.ends_with("mod.rs"), "{}: name the file after its module", path.display());
    }
    forbid(
        all.into_iter().filter(|path| !path.ends_with("tidy.rs")),
        &["todo!(", "unimplemented!(", "dbg!("],
        "nothing is left unfinished",
    );
}

#[test]
fn every_migration_file_is_listed_in_order() {
    for service in SERVICES {
        let role = liufang::compose::role(service).unwrap();
        let names: Vec<_> = role.migrations.iter().map(|migration| migration.name).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(names, sorted, "{service}: migrations run in the order of their numbers");
        let folder = root().join(format!("services/{service}/src/migrations"));
        let files: BTreeSet<_> = fs::read_dir(folder)
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        let listed: BTreeSet<_> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(files, listed, "{service}: every migration file is listed");
    }
}

#[test]
fn reasons_are_unique_and_explained_in_both_languages() {
    let mut seen = BTreeMap::new();
    for service in SERVICES {
        for doc in liufang::compose::role(service).unwrap().reasons {
            let name_ok = doc
                .reason
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            assert!(name_ok, "{service}: {} is not SCREAMING_SNAKE", doc.reason);
            assert!(
                !doc.en.is_empty() && doc.zh.chars().any(|c| c > '\u{2e80}'),
                "{service}: {} is not explained",
                doc.reason
            );
            if let Some(class) = seen.insert(doc.reason.clone(), doc.class) {
                assert_eq!(class, doc.class, "{service}: {} has two classes", doc.reason);
            }
        }
    }
}

#[test]
fn every_service_has_a_page() {
    for name in SERVICES.into_iter().chain(["gateway", "kernel", "platform", "liufang"]) {
        let page = root().join(format!("services/{name}/README.md"));
        assert!(page.is_file(), "services/{name}/README.md is missing");
    }
}

/// Behaviour runs as processes too; what does not has a comment that says why.
#[test]
fn what_is_left_out_of_the_processes_says_why() {
    let words = ["everywhere", "servers", "processes"];
    let mut found = Vec::new();
    for path in sources(&root().join("tests/tests")).iter().filter(|path| !path.ends_with("tidy.rs")) {
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(rest) = line.strip_prefix("behaviour!(") else { continue };
            let above = number.checked_sub(1).map(|above| lines[above]).unwrap_or_default();
            if !words.iter().any(|word| rest.starts_with(word)) && !above.starts_with("//") {
                found.push(format!("{}: {line}", path.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(found.is_empty(), "left out of the processes without a reason:\n  {}", found.join("\n  "));
}

/// Paths in back quotes that begin like a file of ours.
#[test]
fn documents_name_files_that_exist() {
    let tops = ["services/", "proto/", "deploy/", "tests/", "scripts/", "helm/"];
    for page in ["README.md", "README.zh-CN.md", "services/README.md", "services/RULES.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for quoted in text.split('`').skip(1).step_by(2) {
            let path = quoted.trim_end_matches('/');
            let ours =
                tops.iter().any(|top| quoted.starts_with(top)) && !quoted.contains(['*', '{', ' ', '\n']);
            assert!(!ours || root().join(path).exists(), "{page} names {quoted}, which does not exist");
        }
    }
}

#[test]
fn every_break_fits_the_code_it_breaks() {
    let text = fs::read_to_string(root().join("tests/breaks/breaks.toml")).unwrap();
    let list: toml::Table = toml::from_str(&text).unwrap();
    let mut stale = Vec::new();
    for entry in list["breaks"].as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        for edit in entry.get("edits").and_then(toml::Value::as_array).into_iter().flatten() {
            let (file, find) = (edit["file"].as_str().unwrap(), edit["find"].as_str().unwrap());
            let places = fs::read_to_string(root().join(file)).unwrap_or_default().matches(find).count();
            if places != 1 {
                stale.push(format!("{name}: {places} places in {file}"));
            }
        }
    }
    assert!(stale.is_empty(), "tests/breaks/breaks.toml:\n  {}", stale.join("\n  "));
}

#[test]
fn every_break_is_proven_by_a_test_that_exists() {
    let own = std::env::current_exe().unwrap();
    let listed = std::process::Command::new(own).args(["--list", "--format=terse"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let known: BTreeSet<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let text = fs::read_to_string(root().join("tests/breaks/breaks.toml")).unwrap();
    let list: toml::Table = toml::from_str(&text).unwrap();
    let mut missing = Vec::new();
    // a service's own tests are not in this program
    for entry in list["breaks"].as_array().unwrap().iter().filter(|entry| entry.get("crate").is_none()) {
        let tests = match &entry["test"] {
            toml::Value::Array(tests) => tests.as_slice(),
            test => std::slice::from_ref(test),
        };
        for test in tests.iter().filter_map(toml::Value::as_str) {
            let shape = entry.get("shape").map_or("on_sqlite", |shape| shape.as_str().unwrap());
            let name = ["suite", test, shape].map(str::to_owned).into_iter().filter(|part| !part.is_empty());
            let name = name.collect::<Vec<_>>().join("::");
            if !known.contains(name.as_str()) {
                missing.push(format!("{}: {name}", entry["name"]));
            }
        }
    }
    assert!(missing.is_empty(), "tests/breaks/breaks.toml names no test:\n  {}", missing.join("\n  "));
}

#[test]
fn every_fuzz_target_asks_a_parser_that_exists() {
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap()).unwrap();
    let targets: BTreeSet<&str> =
        manifest["bin"].as_array().unwrap().iter().map(|bin| bin["name"].as_str().unwrap()).collect();
    // one by one, and all of them through the door
    let parsers = liufang_tests::fuzz::parsers::ALL.iter().map(|(name, _)| *name);
    assert_eq!(targets, parsers.chain(["surface"]).collect());
    for target in targets {
        let text = fs::read_to_string(root().join(format!("fuzz/fuzz_targets/{target}.rs"))).unwrap();
        let own = if target == "surface" { "surface::".to_owned() } else { format!("parsers::{target}(") };
        assert!(text.contains(&own), "{target} asks what it is called after");
        let seeds = fs::read_dir(root().join(format!("fuzz/seeds/{target}"))).map(Iterator::count);
        assert!(seeds.is_ok_and(|seeds| 0 < seeds), "{target} has something to begin from");
    }
}
