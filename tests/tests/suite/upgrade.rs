//! From the release before to this one while the load goes on: one database, two schemas after each other, both programs side by
//! side. `scripts/upgrade-drill.sh` builds the program of the release before and names it.

use std::path::PathBuf;

use liufang_tests::processes;
use liufang_tests::{World, audit, world};

use super::replicas::{nobody_noticed, under_load};

const BEFORE: &str = "LIUFANG_TEST_PROGRAM_BEFORE";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the program of the release before: scripts/upgrade-drill.sh"]
async fn from_the_release_before() {
    let before =
        PathBuf::from(std::env::var_os(BEFORE).unwrap_or_else(|| panic!("{BEFORE} names no program")));
    world::run_in(World::of_program(&before).await, nobody_notices_an_upgrade).await;
}

async fn nobody_notices_an_upgrade(world: &mut World) {
    let tally = under_load(world, 8, async |world| {
        // as the chart's Job does it: the new program migrates while the old one serves
        let ran = audit::program(&world.config, &["migrate"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let mut processes = world.processes.take().expect("processes");
        let upgraded = tokio::task::spawn_blocking(move || {
            processes.upgrade();
            // one replica of every role is new, the other one old
            for round in 0..2 {
                for (role, replica) in processes::all().filter(|(_, replica)| *replica == round) {
                    let ended = processes.terminate(role, replica);
                    assert_eq!(ended.code(), Some(0), "{role}-{replica}: {}", processes.log(role, replica));
                    processes.restart(role, replica);
                }
            }
            processes
        });
        world.processes = Some(upgraded.await.expect("every process ends well"));
    })
    .await;
    nobody_noticed(world, &tally, 30).await;
    audit::agrees(&world.config).await;
    let ran = audit::program(&world.config, &["migrate"]);
    assert_eq!((ran.code, ran.err.contains("ERROR")), (Some(0), false), "{ran:?}");
}
