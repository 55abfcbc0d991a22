//! Every integration test, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod suite {
    mod audit;
    mod cast;
    mod contract;
    mod dead_letters;
    mod faults;
    mod journey_beijing;
    mod journey_qinhuangdao;
    mod lifecycle;
    mod mesh;
    mod metrics;
    mod migrations;
    mod mtls;
    mod otlp;
    mod outages;
    mod privacy;
    mod processes;
    mod production;
    mod races;
    mod refusals_money;
    mod refusals_otc;
    mod refusals_rx;
    mod replicas;
    mod simulation;
    mod states;
    mod tidy;
    mod traces;
}
