//! The canary: names, ID numbers, phones and addresses of a whole journey never appear where they have no business.

use liufang::client::{Citizen, Patient, Refusal};
use liufang_proto::common::v1::Channel;
use liufang_proto::identity::v1::Purpose;
use liufang_tests::{Shape, World, behaviour, logs, servers, streams};

use super::cast::*;
use super::otlp::{Receiver, metrics_of};

// reads the files of SQLite
behaviour!(sqlite nothing_personal_leaves_its_place_on_sqlite);
behaviour!(servers nothing_personal_is_published);

/// What must not be found: everything that names somebody of the stories.
fn canaries(cast: &Cast) -> Vec<String> {
    let mut needles = Vec::new();
    for row in [1, 151, 152] {
        let Citizen { name, certno, phone, .. } = cast.citizen(row);
        needles.extend([name, certno, phone, cast.door(row).address]);
    }
    needles.extend(["血压平稳，无不适", "复诊，血压控制良好", "处方适宜，可以调配"].map(str::to_owned));
    needles
}

/// Both journeys, short, and a handful of refusals that had personal data in their requests.
async fn live(cast: &Cast) -> Vec<Refusal> {
    let patient = cast.patient(1).await;
    let rx = cast.prescribed(&patient, two_drugs(4)).await;
    let order = patient.place(cast.filling(&rx, SHOP, Some(cast.door(1)))).await.unwrap();
    let (order, claim) = cast.passed(&patient, &order, SHOP_PHARMACIST).await;
    let order = cast.pay(&patient, &order).await;
    let dispensed = cast.dispense(&order, SHOP_PHARMACIST, &claim.secret).await;
    cast.bring(&patient, &dispensed, RIDER).await;

    let buyer = cast.patient_through("jd", 151).await;
    let spouse = cast.lend(&buyer, 152, "spouse", BEIJING).await;
    let order =
        Basket::of(GRANULES, 1, cast.door(151)).lent_by(spouse.person_id()).place(&buyer).await.unwrap();
    buyer.pay(&order, Channel::Wechat).await.unwrap();

    let mut refusals = Vec::new();
    let citizen = cast.citizen(1);
    let wrong_name = Citizen { name: cast.citizen(152).name, ..citizen.clone() };
    refusals.push(refused(cast.public().verifier().walk(&wrong_name, Purpose::Register, "face-pass").await));
    let broken = Citizen { certno: format!("{}9", &citizen.certno[..17]), ..citizen.clone() };
    refusals.push(refused(Patient::register(&cast.gateway, &broken).await));
    let short = Citizen { phone: citizen.phone[..10].to_owned(), ..citizen.clone() };
    refusals.push(refused(Patient::register(&cast.gateway, &short).await));
    refusals.push(refused(buyer.ask_relative(&wrong_name, "spouse", BEIJING).await));
    let mut door = cast.door(151);
    door.recipient_phone = "12".to_owned();
    refusals.push(refused(Basket::of(GRANULES, 1, door).place(&buyer).await));
    let mut far = cast.door(151);
    far.location = cast.door(1).location;
    refusals.push(refused(Basket::of(GRANULES, 1, far).place(&buyer).await));
    refusals
}

fn check_refusals(refusals: &[Refusal], needles: &[String]) {
    for refusal in refusals {
        let text = format!("{refusal:?}");
        let found: Vec<_> = needles.iter().filter(|needle| text.contains(needle.as_str())).collect();
        assert!(found.is_empty(), "a refusal repeats {found:?}: {}", refusal.reason);
    }
}

fn check_logs(needles: &[String]) {
    let needles: Vec<&str> = needles.iter().map(String::as_str).collect();
    let lines = logs::containing(&needles);
    assert!(lines.is_empty(), "personal data in logs or spans:\n{}", lines.join("\n"));
    assert!(!logs::containing(&["rpc"]).is_empty(), "the capture sees something at all");
}

async fn nothing_personal_leaves_its_place_on_sqlite(world: &mut World) {
    assert_eq!(world.shape, Shape::Sqlite);
    let cast = Cast::of(world).await;
    let needles = canaries(&cast);
    let refusals = live(&cast).await;
    check_refusals(&refusals, &needles);
    check_logs(&needles);
    // at rest everything personal is sealed: the files themselves say nothing
    let mut seen = 0;
    for entry in std::fs::read_dir(world.folder()).unwrap().flatten() {
        let Ok(bytes) = std::fs::read(entry.path()) else { continue };
        seen += bytes.len();
        for needle in &needles {
            let found = bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
            assert!(!found, "{} holds {needle} in clear", entry.path().display());
        }
    }
    assert!(100_000 < seen, "the databases were read");
}

async fn nothing_personal_is_published(world: &mut World) {
    let cast = Cast::of(world).await;
    let needles = canaries(&cast);
    let refusals = live(&cast).await;
    check_refusals(&refusals, &needles);
    match &world.processes {
        None => check_logs(&needles),
        Some(processes) => {
            let parts: Vec<&str> = needles.iter().map(String::as_str).collect();
            assert!(!processes.logged(&["INFO"]).is_empty(), "the logs are read at all");
            assert!(processes.logged(&parts).is_empty(), "personal data in the log of a process");
        }
    }
    let mut redis = servers::redis_of(&world.config.redis()).await;
    let streams = streams::keys(&world.config, &mut redis).await;
    let mut entries = 0;
    // the epoch is a random text, everything else a stream
    for stream in streams.iter().filter(|key| !key.ends_with(":epoch")) {
        let reply: redis::streams::StreamRangeReply =
            redis::cmd("XRANGE").arg(stream).arg("-").arg("+").query_async(&mut redis).await.unwrap();
        for entry in reply.ids {
            entries += 1;
            for (field, value) in entry.map {
                let redis::Value::BulkString(bytes) = value else { continue };
                for needle in &needles {
                    let found = bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
                    assert!(!found, "{stream} carries {needle} in {field}");
                }
            }
        }
    }
    assert!(10 < entries, "{entries} entries in {streams:?}");
}

/// What operators see of processes: JSON logs at their most talkative, exported spans, metrics.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_personal_reaches_operators() {
    let receiver = Receiver::start().await;
    let settings = [
        format!("telemetry.otlp_endpoint={:?}", receiver.endpoint),
        "telemetry.format=\"json\"".to_owned(),
        "telemetry.log=\"liufang=trace,info\"".to_owned(),
        "telemetry.gauges_seconds=1".to_owned(),
    ];
    let mut world = World::start_with(Shape::Processes, &settings).await;
    let cast = Cast::of(&world).await;
    let mut needles = canaries(&cast);
    // the same text as a JSON writer may put it
    let escaped = |needle: &String| needle.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    needles.extend(needles.clone().iter().map(escaped));
    check_refusals(&live(&cast).await, &needles);
    let processes = world.processes.as_mut().unwrap();
    let mut pages = Vec::new();
    let everybody: Vec<_> = liufang_tests::processes::all().collect();
    for (role, replica) in &everybody {
        pages.push((*role, "metrics", metrics_of(&processes.admin(role, *replica)).await));
    }
    for (role, replica) in everybody.into_iter().rev() {
        // the exporters send the rest
        assert!(tokio::task::block_in_place(|| processes.terminate(role, replica)).success(), "{role}");
        pages.push((role, "log", processes.log(role, replica)));
    }
    let spans = receiver.spans();
    pages.extend(spans.iter().map(|span| ("spans", "trace", span.text.clone())));
    for (role, what, text) in &pages {
        for needle in &needles {
            assert!(!text.contains(needle.as_str()), "{what} of {role} names somebody: {needle}");
        }
    }
    let lines: usize = pages.iter().filter(|page| page.1 == "log").map(|page| page.2.lines().count()).sum();
    assert!(200 < lines && 1_000 < spans.len(), "{lines} lines and {} spans were read", spans.len());
    world.stop().await;
}
