//! Names of relatives for the account statements of both sides.

use std::collections::{BTreeMap, BTreeSet};

use liufang_kernel::sensitive::mask;
use liufang_platform::Call;

use super::App;
use crate::error::IdentityError;
use crate::store;

/// Whose names a person wants to read.
pub struct AskNames {
    pub person_id: String,
    pub relatives: Vec<String>,
}

/// Masked names by person.
pub struct Names(pub BTreeMap<String, String>);

impl App {
    /// Names of those who share a consented filing with the person, running or over. What is masked leaves no access record, as with
    /// guardians.
    pub async fn name_relatives(&self, call: Call<AskNames>) -> Result<Names, IdentityError> {
        let AskNames { person_id, relatives } = call.body;
        let db = self.deps.db.read();
        let mut named = BTreeMap::new();
        let asked: BTreeSet<String> = relatives.into_iter().collect();
        if asked.is_empty() {
            return Ok(Names(named));
        }
        let filings = store::mutual_aid::of_person(db, &person_id).await?;
        let consented = filings.iter().filter(|filing| filing.begin.is_some());
        let relatives: BTreeSet<&str> = consented.map(|filing| filing.other_side(&person_id)).collect();
        for relative in asked.into_iter().filter(|asked| relatives.contains(asked.as_str())) {
            // whoever was erased has no name any more
            if let Some(person) = store::person::find(db, &self.vault, &relative).await? {
                named.insert(relative, mask(person.name.reveal()));
            }
        }
        Ok(Names(named))
    }
}
