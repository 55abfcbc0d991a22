//! Every integration test, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// the fuzzer's crate, as the targets of `fuzz/` know it: suite/fuzz/targets.rs
extern crate self as libfuzzer_sys;

mod suite {
    mod audit;
    mod bills;
    mod bus;
    mod bus_cluster;
    mod calls;
    mod cast;
    mod certificates;
    mod channels;
    mod circulation;
    mod clocks;
    mod contract;
    mod counter;
    mod crashes;
    mod crowds;
    mod data_keys;
    mod dead_letters;
    mod edges;
    mod erasure;
    mod faults;
    mod fuzz;
    mod hospital_replicas;
    mod hospitals;
    mod identity;
    mod inbox;
    mod journey_beijing;
    mod journey_qinhuangdao;
    mod keys;
    mod lanes;
    mod leases;
    mod lifecycle;
    mod limits;
    mod mesh;
    mod metrics;
    mod migrations;
    mod mobile;
    mod mtls;
    mod notices;
    mod otlp;
    mod outages;
    mod payment_states;
    mod payments;
    mod people;
    mod plans;
    mod port;
    mod privacy;
    mod processes;
    mod production;
    mod races;
    mod refusals_care;
    mod refusals_money;
    mod refusals_otc;
    mod refusals_rx;
    mod regions;
    mod replicas;
    mod retention;
    mod returns;
    mod rules;
    mod secured;
    mod silence;
    mod simulation;
    mod states;
    mod stopping;
    mod stuck;
    mod tidy;
    mod traces;
    mod upgrade;
}
