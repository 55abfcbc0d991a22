//! The command line.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use liufang_platform::config::{self, Config, Layers};
use liufang_platform::{PrincipalKind, SharedClock, SystemClock, telemetry};
use tokio::signal::unix::{SignalKind, signal};

use crate::{audit, bus, client, compose, conformance, demo, keys, probe, seed, statements};

/// 医保线上购药: e-prescriptions from the doctor to the door, money from the fund to the pharmacy.
#[derive(Parser)]
#[command(name = "liufang", version, about, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    layers: LayerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone)]
struct LayerArgs {
    /// Configuration file in TOML; may be repeated, later files win.
    #[arg(long = "config", global = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One setting, e.g. --set bus.kind=redis; may be repeated.
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE")]
    overrides: Vec<String>,
    /// Shorthand for --set profile=...
    #[arg(long, global = true, value_name = "development|production")]
    profile: Option<String>,
    /// Roles of this process; may be repeated. None: all of them.
    #[arg(long = "role", global = true, value_name = "ROLE")]
    roles: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the roles of this process until SIGTERM or ctrl-c.
    Serve {
        /// Write the bound addresses as JSON to this file once everything listens.
        #[arg(long, value_name = "FILE")]
        ready_file: Option<PathBuf>,
    },
    /// Start everything in one process on embedded SQLite and play both journeys through the gateway.
    Demo,
    /// Load the seed data through the public API of a running installation.
    Seed {
        /// The gateway's address.
        #[arg(long, default_value = "http://127.0.0.1:8080")]
        gateway: String,
        /// Which rows to load.
        #[arg(long, value_enum, default_value_t = Rows::Demo)]
        rows: Rows,
    },
    /// Run pending migrations of the roles and end. One runner at a time; a killed one may be started again.
    Migrate {
        /// How long a database that does not answer is waited for.
        #[arg(long, default_value_t = 60)]
        wait_seconds: u64,
    },
    /// Walk through a running installation without changing anything: an order in dry run, without a credential.
    Probe {
        /// The gateway's address, http:// or https://.
        #[arg(long, default_value = "http://127.0.0.1:8080")]
        gateway: String,
        /// Name on the gateway's certificate, when it is not the host.
        #[arg(long, default_value = "")]
        server_name: String,
        /// Authority that signed it, in PEM; none: those of the public web.
        #[arg(long, value_name = "FILE", default_value = "")]
        ca: String,
    },
    /// Look at the databases of the roles, changing nothing, and name everything that does not agree, a line each. Ends
    /// with 0 when everything agrees, with 1 when something does not, with 2 when it could not look.
    Audit {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        /// How long news may be on its way between two services before a difference is one.
        #[arg(long, default_value_t = 30, value_name = "SECONDS")]
        grace_seconds: u64,
        /// The payment channel's statement: CSV with channel_order_no,amount_fen,refunded_fen,state.
        #[arg(long, value_name = "FILE")]
        channel_book: Option<PathBuf>,
        /// The insurer's statement: CSV with setl_id,msgid,fund_pay_sumamt_fen,reversed.
        #[arg(long, value_name = "FILE")]
        insurer_book: Option<PathBuf>,
    },
    /// Say which versions of the data key the rows of each role may need. Ends with 0 when all of them are configured, with 1
    /// when one is not, with 2 when it could not look.
    Keys,
    /// Hand in a payment channel's statement of a day for an institution: what agrees is paid out in the ledger, every difference
    /// is a line. Ends with 0 when the books agree, with 1 when they do not, with 2 when that could not be found out.
    Statements(statements::Request),
    /// Look at the bus and mend it.
    #[command(subcommand)]
    Bus(bus::BusCommand),
    /// Hold a running installation, or a server of your own, against what the contracts publish. Ends with 0 when every
    /// promise is kept, with 1 when one is not, with 2 when that could not be found out.
    #[command(subcommand)]
    Conformance(conformance::Conformance),
    /// Print the effective configuration with the source of every value; secrets are hidden.
    Config,
    /// Print a one-hour access token signed with the installation's key.
    Token {
        /// operator, agency or supervisor
        #[arg(long, default_value = "operator")]
        kind: String,
        /// Who: an operator's name, an agency's code.
        #[arg(long, default_value = "ops")]
        subject: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Rows {
    Demo,
    Full,
}

/// Runs the command line; every failure is one message on standard error.
pub async fn run() -> ExitCode {
    run_at(Arc::new(SystemClock)).await
}

/// The same by another clock.
pub async fn run_at(clock: SharedClock) -> ExitCode {
    let cli = Cli::parse();
    // whoever asks whether something agrees must not take "I could not look" for an answer
    let asks = matches!(
        cli.command,
        Command::Audit { .. } | Command::Conformance(_) | Command::Keys | Command::Statements(_)
    );
    let failed = ExitCode::from(if asks { 2 } else { 1 });
    match execute(cli, clock).await {
        Ok(code) => code,
        Err(error) => {
            // the log may not be installed yet, or may go elsewhere
            let _ = writeln!(std::io::stderr(), "liufang: {error:#}");
            failed
        }
    }
}

async fn execute(cli: Cli, clock: SharedClock) -> Result<ExitCode> {
    let layers = cli.layers.layers();
    let done = match cli.command {
        Command::Audit { json, grace_seconds, channel_book, insurer_book } => {
            let request = audit::Request { json, channel_book, insurer_book };
            return look(&Config::load(&layers)?, &request, Duration::from_secs(grace_seconds)).await;
        }
        Command::Keys => {
            let complete = keys::run(&Config::load(&layers)?, &mut std::io::stdout()).await?;
            return Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Statements(request) => {
            let config = Config::load(&layers)?;
            let token = compose::token_from_config(&config, &clock, PrincipalKind::Operator, "ops")?;
            let agrees = statements::run(&request, &token, &mut std::io::stdout()).await?;
            return Ok(if agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Bus(command) => {
            bus::run(&Config::load(&layers)?, &clock, command, &mut std::io::stdout()).await
        }
        Command::Conformance(kit) => {
            return conformance::run(&kit, &layers, &clock, &mut std::io::stdout()).await;
        }
        Command::Config => show(&layers),
        Command::Serve { ready_file } => serve(&Config::load(&layers)?, clock, ready_file).await,
        Command::Demo => play(layers, clock).await,
        Command::Seed { gateway, rows } => load(&Config::load(&layers)?, clock, &gateway, rows).await,
        Command::Migrate { wait_seconds } => {
            let config = Config::load(&layers)?;
            let _telemetry = telemetry::install(&config.telemetry, "liufang-migrate")?;
            let patience = Duration::from_secs(wait_seconds);
            for (role, ran) in compose::migrate(&config, clock, patience).await? {
                let ran = if ran.is_empty() { "nothing pending".to_owned() } else { ran.join(", ") };
                print(&format!("{role}: {ran}"))?;
            }
            Ok(())
        }
        Command::Probe { gateway, server_name, ca } => {
            let target = probe::Target { gateway: &gateway, server_name: &server_name, ca_file: &ca };
            probe::run(&target, &mut std::io::stdout()).await
        }
        Command::Token { kind, subject } => {
            let kind = match kind.as_str() {
                "operator" => PrincipalKind::Operator,
                "agency" => PrincipalKind::Agency,
                "supervisor" => PrincipalKind::Supervisor,
                other => bail!("--kind {other}: must be operator, agency or supervisor"),
            };
            print(&compose::token_from_config(&Config::load(&layers)?, &clock, kind, &subject)?)
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

async fn look(config: &Config, request: &audit::Request, grace: Duration) -> Result<ExitCode> {
    let (mut out, mut summary) = (std::io::stdout(), std::io::stderr());
    let grace = async { tokio::time::sleep(grace).await };
    let agrees = audit::run(config, request, grace, &mut out, &mut summary).await?;
    Ok(if agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl LayerArgs {
    fn layers(self) -> Layers {
        let mut overrides = self.overrides;
        overrides.extend(self.profile.map(|profile| format!("profile={profile}")));
        if !self.roles.is_empty() {
            let roles: Vec<_> = self.roles.iter().map(|role| format!("{role:?}")).collect();
            overrides.push(format!("roles=[{}]", roles.join(",")));
        }
        Layers { files: self.files, environment: true, overrides }
    }
}

fn print(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

fn show(layers: &Layers) -> Result<()> {
    for row in config::show(layers)? {
        print(&row.to_string())?;
    }
    // shown first, checked after: a wrong configuration is easier to mend when it can be seen
    Config::load(layers)?;
    Ok(())
}

async fn serve(config: &Config, clock: SharedClock, ready_file: Option<PathBuf>) -> Result<()> {
    let telemetry = telemetry::install(&config.telemetry, &telemetry::service_name(&config.roles))?;
    let mut running = compose::start(config, clock).await?;
    if let Some(gateway) = running.gateway {
        tracing::info!(%gateway, "gateway listens");
    }
    for (role, address) in &running.ports {
        tracing::info!(role, %address, "role listens");
    }
    if let Some(admin) = running.admin {
        tracing::info!(%admin, "admin port listens");
    }
    if let Some(path) = ready_file {
        write_ready_file(&path, &running)?;
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        error = running.failed() => return Err(error),
    }
    tracing::info!("stopping; a second signal ends at once");
    tokio::select! {
        () = running.shutdown() => {
            drop(telemetry);
            // nothing left may hold the end up: a runtime that is dropped waits for name servers and files
            std::process::exit(0)
        }
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::warn!("ended by a second signal");
    // at once: nothing is waited for, not even exporters
    std::process::exit(1)
}

/// Written beside and renamed, so that a reader never sees half of it.
fn write_ready_file(path: &std::path::Path, running: &compose::Running) -> Result<()> {
    let text = serde_json::json!({
        "gateway": running.gateway,
        "ports": running.ports,
        "admin": running.admin,
    });
    let text = text.to_string();
    let temporary = path.with_extension("tmp");
    std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, path)).context("--ready-file")
}

async fn play(mut layers: Layers, clock: SharedClock) -> Result<()> {
    let folder = std::env::temp_dir().join(liufang_platform::Ids.next("liufang-demo"));
    layers.overrides.push(format!("data_dir={:?}", folder.display().to_string()));
    layers.overrides.push("gateway.listen=\"127.0.0.1:0\"".to_owned());
    layers.overrides.push("telemetry.log=\"warn\"".to_owned());
    let config = Config::load(&layers)?;
    let _telemetry = telemetry::install(&config.telemetry, "liufang-demo")?;
    let running = compose::start(&config, clock).await?;
    let gateway = running.gateway.context("the demo needs the gateway role")?;
    let token = running.operator_token()?;
    let result = demo::run(&format!("http://{gateway}"), &token, &mut std::io::stdout()).await;
    running.shutdown().await;
    // the demo's data is of no use to anybody afterwards
    let _ = std::fs::remove_dir_all(&folder);
    result
}

async fn load(config: &Config, clock: SharedClock, gateway: &str, rows: Rows) -> Result<()> {
    let _telemetry = telemetry::install(&config.telemetry, "liufang-seed")?;
    let token = compose::token_from_config(config, &clock, PrincipalKind::Operator, "ops")?;
    let gateway = client::Gateway::connect(gateway).await?;
    let set = match rows {
        Rows::Demo => seed::SeedSet::Demo,
        Rows::Full => seed::SeedSet::Full,
    };
    let report = seed::load(&gateway, &token, set).await?;
    print(&report.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
