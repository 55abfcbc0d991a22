//! A principal: kind, subject, and the client it speaks through.

use liufang_proto::common::v1::Caller;
use serde::{Deserialize, Serialize};

use super::AuthFault;

/// Kinds of principal, as the access option of the contracts names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    #[default]
    Anonymous,
    Patient,
    His,
    Pos,
    Platform,
    Courier,
    Agency,
    Supervisor,
    Operator,
    Service,
    Practitioner,
    Channel,
}

impl PrincipalKind {
    /// The contract's enum value.
    pub fn caller(self) -> Caller {
        match self {
            PrincipalKind::Anonymous => Caller::Anonymous,
            PrincipalKind::Patient => Caller::Patient,
            PrincipalKind::His => Caller::His,
            PrincipalKind::Pos => Caller::Pos,
            PrincipalKind::Platform => Caller::Platform,
            PrincipalKind::Courier => Caller::Courier,
            PrincipalKind::Agency => Caller::Agency,
            PrincipalKind::Supervisor => Caller::Supervisor,
            PrincipalKind::Operator => Caller::Operator,
            PrincipalKind::Service => Caller::Service,
            PrincipalKind::Practitioner => Caller::Practitioner,
            PrincipalKind::Channel => Caller::Channel,
        }
    }

    /// The kind a machine client is registered with, or `None` for kinds that are not machine clients.
    pub fn of_machine(caller: Caller) -> Option<PrincipalKind> {
        match caller {
            Caller::His => Some(PrincipalKind::His),
            Caller::Pos => Some(PrincipalKind::Pos),
            Caller::Platform => Some(PrincipalKind::Platform),
            Caller::Courier => Some(PrincipalKind::Courier),
            Caller::Agency => Some(PrincipalKind::Agency),
            Caller::Supervisor => Some(PrincipalKind::Supervisor),
            Caller::Channel => Some(PrincipalKind::Channel),
            _ => None,
        }
    }

    /// Lower-case name for logs and metrics.
    pub fn label(self) -> &'static str {
        match self {
            PrincipalKind::Anonymous => "anonymous",
            PrincipalKind::Patient => "patient",
            PrincipalKind::His => "his",
            PrincipalKind::Pos => "pos",
            PrincipalKind::Platform => "platform",
            PrincipalKind::Courier => "courier",
            PrincipalKind::Agency => "agency",
            PrincipalKind::Supervisor => "supervisor",
            PrincipalKind::Operator => "operator",
            PrincipalKind::Service => "service",
            PrincipalKind::Practitioner => "practitioner",
            PrincipalKind::Channel => "channel",
        }
    }
}

/// The authenticated caller of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Principal {
    pub kind: PrincipalKind,
    /// Person id, institution code, platform code, courier code, agency code, role name or practitioner code, by kind.
    pub subject: String,
    /// For a patient: the platform the token was obtained through, or empty. For a practitioner: the institution.
    /// For a machine: its client id.
    pub client: String,
    /// Region code; empty for all regions.
    pub region: String,
    /// The guardian who acts for the patient, a person id; empty when nobody does.
    pub actor: String,
    /// The sign-in of the person whose token it is, of the guardian where one acts; empty for everybody else.
    pub session: String,
}

impl Principal {
    pub fn anonymous() -> Principal {
        Principal::default()
    }

    /// Another role of this mesh.
    pub fn service(role: &str) -> Principal {
        Principal { kind: PrincipalKind::Service, subject: role.to_owned(), ..Principal::default() }
    }

    /// The person id of a patient.
    pub fn person(&self) -> Result<&str, AuthFault> {
        if self.kind == PrincipalKind::Patient { Ok(&self.subject) } else { Err(AuthFault::NotAllowed) }
    }

    /// The guardian who acts for the patient.
    pub fn actor(&self) -> Option<&str> {
        Some(self.actor.as_str()).filter(|actor| !actor.is_empty())
    }

    /// The institution code a HIS or POS speaks for.
    pub fn institution(&self) -> Result<&str, AuthFault> {
        match self.kind {
            PrincipalKind::His | PrincipalKind::Pos => Ok(&self.subject),
            _ => Err(AuthFault::NotAllowed),
        }
    }

    /// Whom an idempotency key belongs to. The machines of an institution share theirs: a write that one of them sent and another,
    /// or the same with another token, repeats is the same write.
    pub fn key_owner(&self) -> [&str; 3] {
        let client = match self.kind {
            // a guardian's writes are the guardian's
            PrincipalKind::Patient if !self.actor.is_empty() => &self.actor,
            PrincipalKind::Patient | PrincipalKind::Practitioner => &self.client,
            _ => "",
        };
        [self.kind.label(), &self.subject, client]
    }

    pub fn is(&self, kind: PrincipalKind) -> bool {
        self.kind == kind
    }

    pub fn is_service(&self) -> bool {
        self.kind == PrincipalKind::Service
    }
}
