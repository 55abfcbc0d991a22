//! Every integration test, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod suite {
    mod audit;
    mod bus;
    mod calls;
    mod cast;
    mod certificates;
    mod channels;
    mod circulation;
    mod clocks;
    mod contract;
    mod counter;
    mod data_keys;
    mod dead_letters;
    mod edges;
    mod erasure;
    mod faults;
    mod fuzz;
    mod identity;
    mod inbox;
    mod journey_beijing;
    mod journey_qinhuangdao;
    mod keys;
    mod leases;
    mod lifecycle;
    mod limits;
    mod mesh;
    mod metrics;
    mod migrations;
    mod mtls;
    mod notices;
    mod otlp;
    mod outages;
    mod people;
    mod plans;
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
    mod rules;
    mod secured;
    mod silence;
    mod simulation;
    mod states;
    mod stopping;
    mod tidy;
    mod traces;
    mod upgrade;
}
