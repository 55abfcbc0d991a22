//! `liufang audit`: looks at the databases of the roles and names what does not agree. The rules are the services'; here is
//! only who is asked, and when.
//!
//! Inside a database everything is seen as it stood at one moment, so that a difference is one. Between databases moments
//! differ: what does not agree there is asked for once more, a grace period later, and named when it still does not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use liufang_platform::audit::{Audit, AuditFault, Difference, Findings, Part, waiting_events};
use liufang_platform::config::Config;
use liufang_platform::db::Snapshot;
use liufang_settlement::audit::outside::Statements;

use crate::compose::{self, Role};

/// Orders compared at once.
const PAGE: u64 = 200;
/// Orders that are asked for again; with more than that something is broken at large.
const MOST_SUSPECTS: usize = 10_000;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// One JSON object a difference instead of plain text.
    pub json: bool,
    /// Statements from outside, CSV.
    pub channel_book: Option<PathBuf>,
    pub insurer_book: Option<PathBuf>,
}

/// Who knows of orders, beside the order service, and what parts they tell of.
const TELLERS: [(&str, &[&str]); 4] = [
    (liufang_settlement::ROLE, &["payment"]),
    (liufang_inventory::ROLE, &["reservation"]),
    (liufang_prescription::ROLE, &["prescription", "hand_out", "visit"]),
    (liufang_dispatch::ROLE, &["delivery"]),
];

fn auditor(role: &str) -> Option<&'static dyn Audit> {
    match role {
        liufang_settlement::ROLE => Some(&liufang_settlement::audit::Books),
        liufang_inventory::ROLE => Some(&liufang_inventory::audit::Stock),
        liufang_prescription::ROLE => Some(&liufang_prescription::audit::Sheets),
        liufang_dispatch::ROLE => Some(&liufang_dispatch::audit::Deliveries),
        liufang_order::ROLE => Some(&liufang_order::audit::Orders),
        _ => None,
    }
}

/// Looks, writes a line for every difference to `out` and a summary to `summary`; answers whether everything agrees. `grace`
/// passes before what may have been on its way is asked for again.
///
/// # Errors
/// It could not look: a database is away or has another schema, a statement cannot be read.
pub async fn run(
    config: &Config,
    request: &Request,
    grace: impl Future<Output = ()>,
    out: &mut impl Write,
    summary: &mut impl Write,
) -> Result<bool> {
    let statements = statements(request)?;
    let roles = asked(config);
    let mut found = Findings::default();
    let looks = Looks::open(config, &roles).await?;
    looks.each_by_itself(&mut found).await?;
    if let Some(look) = looks.of(liufang_settlement::ROLE) {
        let settlement = found.of(liufang_settlement::ROLE);
        statements.check(look, settlement).await.context("role settlement")?;
    } else if request.channel_book.is_some() || request.insurer_book.is_some() {
        bail!(
            "statements are compared with the books of role settlement, which is not among the roles asked for"
        );
    }
    let suspects = looks.disagreements(&mut found).await?;
    let waiting = looks.waiting().await?;
    looks.close().await;
    if !suspects.is_empty() || !waiting.is_empty() {
        grace.await;
        let looks = Looks::open(config, &roles).await?;
        looks.ask_again(&suspects, &waiting, &mut found).await?;
        looks.close().await;
    }
    tell(&found, request.json, out, summary)?;
    Ok(found.differences().is_empty())
}

/// The roles named, or every role of ours: the sandbox plays others, whose books are not to be compared with.
fn asked(config: &Config) -> Vec<&'static Role> {
    let mut roles = compose::roles_of(config);
    roles.retain(|role| role.name != liufang_sandbox::ROLE || !config.roles.is_empty());
    roles
}

fn statements(request: &Request) -> Result<Statements> {
    let mut statements = Statements::default();
    if let Some(path) = &request.channel_book {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("--channel-book {}", path.display()))?;
        statements.read_channel(&text).with_context(|| format!("--channel-book {}", path.display()))?;
    }
    if let Some(path) = &request.insurer_book {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("--insurer-book {}", path.display()))?;
        statements.read_insurer(&text).with_context(|| format!("--insurer-book {}", path.display()))?;
    }
    Ok(statements)
}

fn tell(found: &Findings, json: bool, out: &mut impl Write, summary: &mut impl Write) -> Result<()> {
    let mut line = |difference: &Difference| -> Result<()> {
        match json {
            true => writeln!(out, "{}", serde_json::to_string(difference)?)?,
            false => writeln!(out, "{difference}")?,
        }
        Ok(())
    };
    found.differences().iter().try_for_each(&mut line)?;
    for (role, kind, count) in found.cut() {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let mut more = Difference::new("MORE").with("of", kind).with("count", count);
        more.role = role;
        line(&more)?;
    }
    let seen: Vec<String> =
        found.seen().map(|(role, what, count)| format!("{role} {count} {what}")).collect();
    let count = found.differences().len();
    Ok(writeln!(summary, "looked at: {}; {count} difference(s)", seen.join(", "))?)
}

/// An order and the kind of difference.
type Suspect = (String, &'static str);
/// A role and an event.
type Waiting = (&'static str, String);

/// The databases, each as it stood at one moment.
struct Looks(Vec<(&'static Role, Snapshot)>);

impl Looks {
    /// Opens all; the error names every role that cannot be looked at.
    async fn open(config: &Config, roles: &[&'static Role]) -> Result<Looks> {
        let (mut looks, mut blind) = (Vec::new(), Vec::new());
        // at once: the closer their moments, the less is on its way between them
        let opening = futures::future::join_all(roles.iter().map(|role| look(config, role)));
        for (role, look) in roles.iter().zip(opening.await) {
            match look {
                Ok(look) => looks.push((*role, look)),
                Err(fault) => blind.push(format!("role {}: {fault}", role.name)),
            }
        }
        match blind.is_empty() {
            true => Ok(Looks(looks)),
            false => bail!("cannot look: {}", blind.join("; ")),
        }
    }

    async fn close(self) {
        for (_, look) in self.0 {
            look.close().await;
        }
    }

    fn of(&self, name: &str) -> Option<&Snapshot> {
        self.0.iter().find(|(role, _)| role.name == name).map(|(_, look)| look)
    }

    async fn each_by_itself(&self, found: &mut Findings) -> Result<()> {
        for (role, look) in &self.0 {
            let found = found.of(role.name);
            if let Some(auditor) = auditor(role.name) {
                auditor.check(look, found).await.with_context(|| format!("role {}", role.name))?;
            }
        }
        Ok(())
    }

    /// Everybody who has a part in orders, the order service first.
    fn tellers(&self) -> impl Iterator<Item = (&'static str, &'static dyn Audit, &Snapshot)> {
        let names = std::iter::once(liufang_order::ROLE).chain(TELLERS.map(|(name, _)| name));
        names.filter_map(|name| Some((name, auditor(name)?, self.of(name)?)))
    }

    /// Orders that do not agree at first sight.
    async fn disagreements(&self, found: &mut Findings) -> Result<BTreeSet<Suspect>> {
        let mut suspects = BTreeSet::new();
        let Some(orders) = self.of(liufang_order::ROLE) else { return Ok(suspects) };
        for (name, auditor, look) in self.tellers() {
            let mut after = String::new();
            loop {
                let page =
                    auditor.orders(look, &after, PAGE).await.with_context(|| format!("role {name}"))?;
                let Some(last) = page.last() else { break };
                after.clone_from(last);
                found.of(name).looked_at("orders", page.len());
                // what the order service knows was compared in its own pages
                let fresh = match name == liufang_order::ROLE {
                    true => page,
                    false => liufang_order::audit::unknown(orders, &page).await.context("role order")?,
                };
                let differences = self.compare(orders, &fresh).await?;
                suspects.extend(differences.iter().map(suspect));
                if MOST_SUSPECTS < suspects.len() {
                    return Ok(suspects);
                }
            }
        }
        Ok(suspects)
    }

    async fn compare(&self, orders: &Snapshot, page: &[String]) -> Result<Vec<Difference>> {
        let mut parts: Vec<Part> = Vec::new();
        for (name, auditor, look) in self.tellers() {
            parts.extend(auditor.parts(look, page).await.with_context(|| format!("role {name}"))?);
        }
        let asked = |what: &str| {
            let teller = TELLERS.iter().find(|(_, parts)| parts.contains(&what));
            teller.is_some_and(|(name, _)| self.of(name).is_some())
        };
        liufang_order::audit::compare(orders, page, &parts, asked).await.context("role order")
    }

    /// Events nobody has published yet.
    async fn waiting(&self) -> Result<BTreeSet<Waiting>> {
        let mut waiting = BTreeSet::new();
        for (role, look) in &self.0 {
            let events = waiting_events(look).await.with_context(|| format!("role {}", role.name))?;
            waiting.extend(events.into_iter().map(|(id, _)| (role.name, id)));
        }
        Ok(waiting)
    }

    /// Names what still does not agree, and what still waits.
    async fn ask_again(
        &self,
        suspects: &BTreeSet<Suspect>,
        waiting: &BTreeSet<Waiting>,
        found: &mut Findings,
    ) -> Result<()> {
        let ids: Vec<String> =
            suspects.iter().map(|(id, _)| id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        if let Some(orders) = self.of(liufang_order::ROLE) {
            for page in ids.chunks(usize::try_from(PAGE).unwrap_or(usize::MAX)) {
                let still = self.compare(orders, page).await?;
                still
                    .into_iter()
                    .filter(|own| suspects.contains(&suspect(own)))
                    .for_each(|own| found.push(own));
            }
        }
        for (role, look) in &self.0 {
            let events = waiting_events(look).await.with_context(|| format!("role {}", role.name))?;
            let mut topics: BTreeMap<String, (i64, String)> = BTreeMap::new();
            for (id, topic) in events.into_iter().filter(|(id, _)| waiting.contains(&(role.name, id.clone())))
            {
                // they come oldest first
                topics.entry(topic).or_insert_with(|| (0, id)).0 += 1;
            }
            for (topic, (count, oldest)) in topics {
                let waits = Difference::new("OUTBOX_WAITS").with("topic", topic).with("oldest", oldest);
                found.of(role.name).push(waits.with("events", count));
            }
        }
        Ok(())
    }
}

fn suspect(difference: &Difference) -> Suspect {
    (difference.text("order_id"), difference.kind)
}

async fn look(config: &Config, role: &Role) -> Result<Snapshot, AuditFault> {
    let look = Snapshot::open(&config.database_of(role.name)).await?;
    match look.pending_migrations(role.migrations).await? {
        0 => Ok(look),
        pending => Err(AuditFault::Pending(pending)),
    }
}
