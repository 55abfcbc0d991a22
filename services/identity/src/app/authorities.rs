//! What the trusted authorities say of signing certificates, and their revocation lists.

use liufang_kernel::Timestamp;
use liufang_platform::{Begun, Call};
use serde::{Deserialize, Serialize};

use super::App;
use crate::demo;
use crate::domain::authority::{Broken, ListHead, ListState, Path, Problem, Standing, standing};
use crate::domain::certificate::Certificate;
use crate::error::IdentityError;
use crate::store::certificate::Registered;
use crate::store::{self, Connection};
use crate::x509::list::List;
use crate::x509::{Parsed, decode};

/// A taken list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TakenList {
    pub issuer: String,
    pub number: String,
    pub this_update: Timestamp,
    pub next_update: Timestamp,
    pub state: ListState,
    pub rows: usize,
    pub new_rows: usize,
    /// Rows that were left out, and why.
    pub odd: Vec<(i32, String)>,
    /// Fingerprints of registered certificates that it revokes.
    pub revoked: Vec<String>,
}

/// A trusted authority and the list of it that is known.
pub struct Known {
    pub name: String,
    pub fingerprint: String,
    pub root: bool,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub state: ListState,
    pub list: Option<ListHead>,
}

/// All of them, and whether anything is checked.
pub struct AllKnown {
    pub authorities: Vec<Known>,
    pub unchecked: bool,
}

impl App {
    /// Takes a list. Order of refusals: an authority that is not trusted or did not sign it, the future, an older one.
    pub async fn import_revocation_list(&self, call: Call<List>) -> Result<TakenList, IdentityError> {
        let Call { meta, body: list } = call;
        let work = match self.deps.db.begin(&meta).await? {
            Begun::Replay(reply) => return Ok(reply),
            Begun::Fresh(work) => work,
        };
        let (issuer, paths) = self.authorities.issuer_of(&list).map_err(IdentityError::ListUntrusted)?;
        let issuer_now = self.of_paths(work.tx(), &paths, meta.now).await?;
        match issuer_now.problem {
            Some(Problem::Untrusted) => return Err(IdentityError::ListUntrusted(Broken::UnknownIssuer)),
            _ if meta.now.plus_seconds(CLOCK_SECONDS) < list.this_update => {
                return Err(IdentityError::ListFromFuture);
            }
            _ => {}
        }
        let head = head(&list, &issuer.name_and_key);
        let known = store::revocation_list::find(work.tx(), &head.issuer).await?;
        if let Some(known) = known.as_ref().filter(|known| known.is_newer_than(&head)) {
            return Err(IdentityError::ListOlder {
                this_update: known.this_update,
                number: known.number.clone(),
            });
        }
        store::revocation_list::replace(work.tx(), known.as_ref(), &head, meta.now).await?;
        let mut before = store::revocation_list::rows(work.tx(), &head.issuer).await?;
        let mut changed = Vec::new();
        let mut new_rows = 0;
        for row in &list.rows {
            let known = before.remove(&row.serial);
            new_rows += usize::from(known.is_none());
            let next = known.clone().map_or_else(|| row.clone(), |known| known.after(row));
            if known.as_ref() != Some(&next) {
                changed.push(next);
            }
        }
        store::revocation_list::write(work.tx(), &head.issuer, &changed).await?;
        let released: Vec<String> =
            before.into_values().filter(|own| own.hold).map(|own| own.serial).collect();
        store::revocation_list::release(work.tx(), &head.issuer, &released).await?;
        let serials: Vec<String> = list.rows.iter().map(|row| row.serial.clone()).collect();
        let named = store::certificate::with_serials(work.tx(), &serials).await?;
        let named = self.stand(work.tx(), named, meta.now).await?;
        let revoked = named.into_iter().filter(|own| own.standing.revocation.is_some());
        let taken = TakenList {
            state: head.state(meta.now),
            issuer: head.issuer_text,
            number: head.number,
            this_update: head.this_update,
            next_update: head.next_update,
            rows: list.rows.len() + list.odd.len(),
            new_rows,
            odd: list.odd.into_iter().map(|(row, why)| (row, why.to_owned())).collect(),
            revoked: revoked.map(|own| own.fingerprint).collect(),
        };
        Ok(work.commit(taken).await?)
    }

    /// The trusted authorities with how their lists stand.
    pub async fn list_authorities(&self, call: Call<()>) -> Result<AllKnown, IdentityError> {
        let mut authorities = Vec::new();
        for (own, root) in self.authorities.all() {
            let list = store::revocation_list::find(self.deps.db.read(), &own.name_and_key).await?;
            authorities.push(Known {
                name: own.subject_text.clone(),
                fingerprint: own.fingerprint.clone(),
                root,
                not_before: own.not_before,
                not_after: own.not_after,
                state: list.as_ref().map_or(ListState::Missing, |list| list.state(call.meta.now)),
                list,
            });
        }
        Ok(AllKnown { authorities, unchecked: !self.authorities.checks() })
    }

    /// The trusted authorities whose lists somebody must bring, each with a name that tells two keys of one authority apart.
    pub fn watched_authorities(&self) -> Vec<(String, String)> {
        let named = |own: &Parsed| {
            let short: String = own.fingerprint.chars().take(12).collect();
            (own.name_and_key.clone(), format!("{} {short}", own.subject_text))
        };
        // nobody issues lists of the invented one
        let invented = Parsed::read(&demo::root()).map(|own| own.fingerprint).unwrap_or_default();
        let watched = self.authorities.all().filter(|(own, _)| own.fingerprint != invented);
        if self.authorities.checks() { watched.map(|(own, _)| named(own)).collect() } else { Vec::new() }
    }

    /// Seconds until the newest list of an authority runs out, negative since it has; 0 when there is none.
    pub async fn list_expires_seconds(&self, issuer: &str) -> Result<i64, IdentityError> {
        let now = self.deps.clock.now();
        let list = store::revocation_list::find(self.deps.db.read(), issuer).await?;
        Ok(list.map_or(0, |list| list.next_update.seconds().saturating_sub(now.seconds())))
    }

    /// Certificates with what the authorities say of them at `at`.
    pub(super) async fn stand<C: Connection>(
        &self,
        connection: &C,
        registered: Vec<Registered>,
        at: Timestamp,
    ) -> Result<Vec<Certificate>, IdentityError> {
        let mut all = Vec::with_capacity(registered.len());
        for mut one in registered {
            let standing = match self.paths(&one) {
                Ok(Some(paths)) => self.of_paths(connection, &paths, at).await?,
                Ok(None) => Standing::default(),
                Err(_) => Standing { problem: Some(Problem::Untrusted), ..Standing::default() },
            };
            one.own.stand(standing);
            all.push(one.own);
        }
        Ok(all)
    }

    /// The paths of a registered certificate; `None` when nothing is checked here.
    pub(super) fn paths(&self, own: &Registered) -> Result<Option<std::sync::Arc<Vec<Path>>>, Broken> {
        if !self.authorities.checks() {
            return Ok(None);
        }
        let read =
            |text: &String| decode(text).and_then(|der| Parsed::read(&der).ok()).ok_or(Broken::Unreadable);
        let signer = read(&own.text)?;
        let given = own.chain.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        self.authorities.paths(&signer, &given).map(Some)
    }

    pub(super) async fn of_paths<C: Connection>(
        &self,
        connection: &C,
        paths: &[Path],
        at: Timestamp,
    ) -> Result<Standing, IdentityError> {
        let issued = paths.iter().flat_map(|path| &path.links).filter(|link| !link.issuer.is_empty());
        let asked: Vec<_> = issued.map(|link| (link.issuer.clone(), link.serial.clone())).collect();
        let facts = store::revocation_list::facts(connection, &asked, at).await?;
        Ok(standing(paths, &facts, self.authorities.rule(), at))
    }
}

/// How far an authority's clock may be ahead of ours.
const CLOCK_SECONDS: i64 = 5 * 60;

fn head(list: &List, issuer: &str) -> ListHead {
    ListHead {
        issuer: issuer.to_owned(),
        issuer_text: list.issuer_text.clone(),
        fingerprint: list.fingerprint.clone(),
        number: list.number.clone(),
        this_update: list.this_update,
        next_update: list.next_update,
    }
}
