//! Every state of a prescription × every operation at the door × every caller, against the published table; and the command
//! that outsiders play it with.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use liufang::compose;
use liufang::conformance::prescription::{Play, Table, play};
use liufang_platform::{Clock as _, PrincipalKind, SharedClock, SystemClock};
use liufang_tests::clock::{self, StoryClock};
use liufang_tests::processes::binary;
use liufang_tests::{World, behaviour};

// thousands of questions, minutes of them: whole on what production runs on; the parts below are played on SQLite too
behaviour!(postgres every_cell_answers_as_published);

async fn every_cell_answers_as_published(world: &mut World) {
    let (clock, config) = (world.clock.clone(), world.config.clone());
    let later = move |seconds: i64| {
        clock.advance_seconds(seconds);
        let now: SharedClock = Arc::new(clock.clone());
        compose::token_from_config(&config, &now, PrincipalKind::Operator, "ops").unwrap()
    };
    let play_it = Play {
        gateway: world.gateway().await,
        operator_token: world.operator_token(),
        table: Table::read(liufang_proto::PRESCRIPTION_STATES).unwrap(),
        pass_time: Some(&later),
    };
    let outcome = play(play_it).await.unwrap();
    assert!(outcome.agrees(), "{outcome}");
    assert_eq!(outcome.visited.len(), Table::read(liufang_proto::PRESCRIPTION_STATES).unwrap().states.len());
}

// parts that are soon played: what breaks here is broken in the whole table too
behaviour!(sqlite the_counters_cells_answer_as_published);
// as above
behaviour!(sqlite the_parts_cells_answer_as_published);

/// A part of the table, as far as it goes without time.
async fn answer_as_published(world: &mut World, states: &[&str]) {
    let play_it = Play {
        gateway: world.gateway().await,
        operator_token: world.operator_token(),
        table: Table::read(liufang_proto::PRESCRIPTION_STATES).unwrap().within(states),
        pass_time: None,
    };
    let outcome = play(play_it).await.unwrap();
    assert!(outcome.agrees(), "{outcome}");
    assert_eq!(outcome.visited.len(), states.len());
}

async fn the_counters_cells_answer_as_published(world: &mut World) {
    let states = [
        "draft",
        "reviewed",
        "active",
        "later",
        "between",
        "counter-held",
        "counter-passed",
        "counter-used",
        "counter-held-marked",
        "revoked-active",
    ];
    answer_as_published(world, &states).await;
}

/// An order over one line, and sales at the counter that the house settles.
async fn the_parts_cells_answer_as_published(world: &mut World) {
    let states = [
        "draft",
        "reviewed",
        "active",
        "part-nominated",
        "part-held",
        "part-passed",
        "part-paid",
        "part-dispensed",
        "part-collected",
        "returned",
        "counter-held",
        "counter-passed",
        "house-passed",
        "house-paid",
        "house-used",
        "house-freed",
        "house-part-passed",
        "house-part-paid",
        "house-part-used",
    ];
    answer_as_published(world, &states).await;
}

/// The service's page and the contract hold the table word for word.
#[test]
fn the_table_is_published_as_it_is_tested() {
    let text = liufang_proto::PRESCRIPTION_STATES.trim_end();
    let page = include_str!("../../../services/prescription/README.md");
    assert!(
        page.contains(&format!("```text\n{text}\n```")),
        "services/prescription/README.md has another table: run scripts/gen-states.py"
    );
    let comment: Vec<String> = text.lines().map(|line| format!("// {line}").trim_end().to_owned()).collect();
    let contract = include_str!("../../../proto/liufang/prescription/v1/service.proto");
    assert!(
        contract.contains(&comment.join("\n")),
        "service.proto has another table: run scripts/gen-states.py"
    );
}

// the program is a process either way, and one kind of installation shows what it prints
behaviour!(sqlite a_wrong_cell_is_named);

/// A small table of a draft's way, some of it wrong on purpose.
async fn a_wrong_cell_is_named(world: &mut World) {
    let right = conformance(world, Some(DRAFTS));
    let said = String::from_utf8_lossy(&right.stdout).into_owned();
    assert_eq!(right.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&right.stderr));
    assert!(said.contains("left out, as only the end of a validity leads there: expired\n"), "{said}");
    assert!(said.contains(" 0 differ, 0 not reached"), "{said}");

    let wrong = DRAFTS
        .replace("patient: FULL", "patient: OUTLINE")
        .replace("REVIEW_ALREADY_DONE", "PRESCRIPTION_NOT_ACTIVE")
        .replace("→ revoked in draft", "→ expired in draft");
    let output = conformance(world, Some(&wrong));
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "differs: GetPrescription | patient | in draft, reviewed, revoked | published: OUTLINE OK | answered: FULL OK\n",
        "differs: ReviewDraft | hospital | in reviewed | published: PRESCRIPTION_NOT_ACTIVE FAILED_PRECONDITION \
         | answered: REVIEW_ALREADY_DONE FAILED_PRECONDITION\n",
        "differs: Revoke | hospital | in draft | published: → expired | answered: REVOKED PENDING UNUSED free, no order\n",
        "not reached: state expired\n",
    ] {
        assert!(said.contains(line), "{line} is missing in:\n{said}");
    }
    assert!(said.contains(" 3 differ, "), "{said}");

    let nobody = conformance_at(world, "http://127.0.0.1:1", None);
    assert_eq!(nobody.status.code(), Some(2), "nobody answers: it could not be played");
    let nonsense = conformance(world, Some("States\n  draft: DRAFT\nTime\n  draft: → nowhere\n"));
    assert_eq!(nonsense.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nonsense.stderr).contains("no state nowhere"));
}

const DRAFTS: &str = "States
  draft: DRAFT PENDING UNUSED free, no order
  reviewed: REVIEWED PENDING UNUSED free, no order
  revoked: REVOKED PENDING UNUSED free, no order
  expired: EXPIRED PENDING UNUSED free, no order

Time
  reviewed: → expired

Codes
  UNAUTHENTICATED: TOKEN_MISSING, TOKEN_INVALID
  PERMISSION_DENIED: CALLER_NOT_ALLOWED
  FAILED_PRECONDITION: REVIEW_ALREADY_DONE, PRESCRIPTION_REVOKED, PRESCRIPTION_EXPIRED, PRESCRIPTION_NOT_ACTIVE
  NOT_FOUND: PRESCRIPTION_NOT_FOUND

Everywhere
  nobody: TOKEN_MISSING
  others: CALLER_NOT_ALLOWED

Order of checks
  ReviewDraft: PRESCRIPTION_NOT_FOUND, PRESCRIPTION_REVOKED, PRESCRIPTION_EXPIRED, TOKEN_INVALID, REVIEW_ALREADY_DONE,
    PRESCRIPTION_NOT_ACTIVE

GetPrescription
  patient: FULL
  patient by platform / hospital: FULL
  other patient / other hospital / pharmacy / other pharmacy: PRESCRIPTION_NOT_FOUND

ReviewDraft
  hospital: → reviewed in draft; PRESCRIPTION_REVOKED in revoked; PRESCRIPTION_EXPIRED in expired; else
    REVIEW_ALREADY_DONE
  other hospital: PRESCRIPTION_NOT_FOUND
  hospital, forged token: PRESCRIPTION_REVOKED in revoked; PRESCRIPTION_EXPIRED in expired; else TOKEN_INVALID

Revoke
  hospital: → revoked in draft; PRESCRIPTION_REVOKED in revoked; PRESCRIPTION_EXPIRED in expired; else → revoked
  other hospital: PRESCRIPTION_NOT_FOUND
";

fn conformance(world: &World, table: Option<&str>) -> Output {
    conformance_at(world, &world.url, table)
}

fn conformance_at(world: &World, target: &str, table: Option<&str>) -> Output {
    let place = |name: &str| -> PathBuf { world.folder().join(name) };
    std::fs::write(place("operator"), world.operator_token()).unwrap();
    let line = ["conformance", "prescription", "--target", target, "--operator-token"];
    let mut line: Vec<OsString> = line.into_iter().map(OsString::from).collect();
    line.push(place("operator").into());
    if let Some(table) = table {
        std::fs::write(place("table"), table).unwrap();
        line.extend([OsString::from("--table"), place("table").into()]);
    }
    program(world, line)
}

/// The program as an outsider starts it, by the story's clock.
pub fn program<A: AsRef<OsStr>>(world: &World, line: impl IntoIterator<Item = A>) -> Output {
    let ahead = world.clock.now().seconds() - SystemClock.now().seconds();
    let _clock = StoryClock::shared(world.folder(), ahead);
    let mut command = Command::new(binary());
    command.env(clock::VARIABLE, StoryClock::file_in(world.folder())).args(line);
    tokio::task::block_in_place(|| command.output()).unwrap()
}
