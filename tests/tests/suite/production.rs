//! The example of a production configuration passes the production gate with its secrets, and not without.

use std::path::PathBuf;
use std::process::{Command, Output};

use liufang_tests::processes::{ROLES, binary};

const SECRETS: [(&str, &str); 4] = [
    (
        "LIUFANG__DATABASE__URLS__ORDER",
        "postgres://liufang_order:swordfish-1@postgres/liufang_order?sslmode=verify-full",
    ),
    ("LIUFANG__BUS__URL", "rediss://liufang:swordfish-2@redis:6379/"),
    ("LIUFANG__CRYPTO__DATA_SECRET", "swordfish-3-of-at-least-32-characters"),
    ("LIUFANG__ROLE__SETTLEMENT__CHANNEL_KEY", "swordfish-5-for-notices"),
];

fn show(role: &str, secrets: &[(&str, &str)]) -> Output {
    let example = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/config/production.toml");
    let mut command = Command::new(binary());
    command.args(["config", "--role", role, "--config"]).arg(example);
    command.envs(secrets.iter().copied()).output().unwrap()
}

#[test]
fn the_example_is_accepted_for_every_role() {
    for role in ROLES.into_iter().filter(|role| *role != "sandbox") {
        let output = show(role, &SECRETS);
        let (shown, said) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{role}: {said}");
        assert!(shown.contains("profile = \"production\""), "{shown}");
        assert!(
            !shown.contains("swordfish") && !said.contains("swordfish"),
            "secrets are not shown: {shown}"
        );
        assert!(shown.contains("database.urls.order = \"postgres://liufang_order:***@postgres"), "{shown}");
    }
}

#[test]
fn every_missing_secret_is_named() {
    let output = show("settlement", &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    for part in ["crypto.data_secret", "role.settlement.channel_key"] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    assert!(!show("sandbox", &SECRETS).status.success(), "production has no sandbox");
}

/// The secrets with one variable more, which wins.
fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    SECRETS.into_iter().filter(|(other, _)| *other != name).chain([(name, value)]).collect()
}

#[test]
fn a_key_is_text_that_nobody_guesses() {
    let key = "LIUFANG__ROLE__SETTLEMENT__CHANNEL_KEY";
    // the environment has no quotes: digits are a number there
    for value in ["4815162342481516234248", "4815162342.5", "true", "", "0123456789abcde"] {
        let output = show("settlement", &with(key, value));
        let (shown, said) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!output.status.success(), "`{value}` was taken");
        assert!(said.contains("role.settlement.channel_key: "), "{said}");
        let hidden = value.len() < 10 || !(shown.contains(value) || said.contains(value));
        assert!(hidden, "`{value}` is shown: {shown}{said}");
    }
    assert!(show("settlement", &with(key, "0123456789abcdef")).status.success());
}

#[test]
fn outside_parties_are_addresses_inside_tls() {
    for place in
        ["http://insurer.example", "HTTP://insurer.example", " http://insurer.example", "nobody", "", "order"]
    {
        let output = show("settlement", &with("LIUFANG__HOOKS__INSURER", place));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "`{place}` was taken");
        assert!(said.contains("hooks.insurer: "), "{said}");
    }
    assert!(show("settlement", &with("LIUFANG__HOOKS__INSURER", "HTTPS://insurer.example")).status.success());
}

#[test]
fn plain_text_to_servers_is_a_mistake_unless_it_is_said() {
    let mut bare = SECRETS.to_vec();
    bare[0].1 = "postgres://liufang_order:swordfish-1@postgres/liufang_order?sslmode=require";
    bare[1].1 = "redis://liufang:swordfish-2@redis:6379/";
    let output = show("order", &bare);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    for part in
        ["database.urls.order: production needs sslmode=verify-full", "bus.url: production needs rediss://"]
    {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
    assert!(!said.contains("swordfish"), "{said}");
    bare.push(("LIUFANG__DATABASE__PLAINTEXT_IN_PRIVATE_NETWORK", "true"));
    bare.push(("LIUFANG__BUS__PLAINTEXT_IN_PRIVATE_NETWORK", "true"));
    bare.push(("LIUFANG__BUS__CA_FILE", ""));
    let output = show("order", &bare);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
