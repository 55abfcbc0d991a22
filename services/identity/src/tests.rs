//! Use cases through the generated clients and the whole server stack, on SQLite, with a provider the test plays.

mod authorities;
mod certificates;
mod chains;
mod credentials;
mod documents;
mod erasure;
mod guardians;
mod institutions;
mod mutual_aid;
mod pending;
mod persons;
mod privacy;
mod providers;
mod sessions;
mod sign_in;
mod town;
mod verification;
