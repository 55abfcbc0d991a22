//! Who may call what: a table read from the access option of the contracts. A method without a row is denied.

use std::collections::HashMap;
use std::sync::LazyLock;

use liufang_proto::common::v1::Caller;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};

use crate::auth::{Principal, PrincipalKind};

/// The row of one method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    callers: Vec<i32>,
    services: Vec<String>,
    /// Reachable through the gateway.
    pub public: bool,
    /// Writes need an idempotency key.
    pub write: bool,
    /// Not for a guardian with a child's token.
    pub in_person: bool,
}

impl Rule {
    /// Whether `principal` may call the method.
    pub fn allows(&self, principal: &Principal) -> bool {
        let listed = self.callers.contains(&(principal.kind.caller() as i32));
        if self.in_person && principal.actor().is_some() {
            return false;
        }
        match principal.kind {
            PrincipalKind::Service => listed && self.services.contains(&principal.subject),
            _ => listed,
        }
    }

    /// Whether callers without a credential may call it.
    pub fn allows_anonymous(&self) -> bool {
        self.callers.contains(&(Caller::Anonymous as i32))
    }
}

/// Rules by full method path.
#[derive(Debug)]
pub struct AccessTable(HashMap<String, Rule>);

/// The descriptors of every contract.
pub static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(liufang_proto::DESCRIPTORS)
        .expect("the build script writes a valid descriptor set")
});

static TABLE: LazyLock<AccessTable> = LazyLock::new(|| AccessTable::of(&POOL));

impl AccessTable {
    /// The table of all our contracts.
    pub fn shared() -> &'static AccessTable {
        &TABLE
    }

    fn of(pool: &DescriptorPool) -> AccessTable {
        let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
        AccessTable(methods.map(|method| (path(&method), rule(pool, &method))).collect())
    }

    /// The rule of a path such as `/liufang.order.v1.OrderService/PlaceOrder`.
    pub fn get(&self, path: &str) -> Option<&Rule> {
        self.0.get(path)
    }

    /// The path itself, kept, when a contract has it.
    pub fn known(&self, path: &str) -> Option<&str> {
        self.0.get_key_value(path).map(|(path, _)| path.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.0.iter().map(|(path, rule)| (path.as_str(), rule))
    }
}

fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

fn rule(pool: &DescriptorPool, method: &MethodDescriptor) -> Rule {
    let options = method.options();
    let level = options.get_field_by_name("idempotency_level").and_then(|value| value.as_enum_number());
    let extension = pool.get_extension_by_name("liufang.common.v1.access");
    let access = extension.filter(|extension| options.has_extension(extension));
    let access = access.map(|extension| options.get_extension(&extension).into_owned());
    let Some(Value::Message(access)) = access else { return Rule::default() };
    Rule {
        callers: list(&access, "callers").iter().filter_map(Value::as_enum_number).collect(),
        services: list(&access, "services")
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect(),
        public: flag(&access, "public"),
        in_person: flag(&access, "in_person"),
        // NO_SIDE_EFFECTS = 1; anything else is treated as a write
        write: level != Some(1),
    }
}

fn flag(message: &DynamicMessage, field: &str) -> bool {
    message.get_field_by_name(field).and_then(|value| value.as_bool()).unwrap_or(false)
}

fn list(message: &DynamicMessage, field: &str) -> Vec<Value> {
    let value = message.get_field_by_name(field);
    value.and_then(|value| value.as_list().map(<[Value]>::to_vec)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_declares_access_and_an_idempotency_level() {
        for service in POOL.services() {
            for method in service.methods() {
                let rule = AccessTable::shared().get(&path(&method)).unwrap();
                assert!(!rule.callers.is_empty(), "{} has no access option", method.full_name());
                let options = method.options();
                let level = options.get_field_by_name("idempotency_level").unwrap();
                assert!(
                    matches!(level.as_enum_number(), Some(1 | 2)),
                    "{} has no idempotency level",
                    method.full_name()
                );
                let by_service = rule.callers.contains(&(Caller::Service as i32));
                assert_eq!(
                    by_service,
                    !rule.services.is_empty(),
                    "{}: SERVICE and services go together",
                    method.full_name()
                );
            }
        }
    }

    #[test]
    fn what_is_in_person_is_no_guardians() {
        let person = Principal { kind: PrincipalKind::Patient, ..Principal::default() };
        let acting = Principal { actor: "per_2".to_owned(), ..person.clone() };
        let rule = |method: &str| AccessTable::shared().get(method).unwrap();
        let book = rule("/liufang.order.v1.OrderService/PlaceOrder");
        assert!(book.allows(&person) && book.allows(&acting));
        for method in
            ["TokenService/ListSessions", "PersonService/ConsentMutualAid", "GuardianService/ActForChild"]
        {
            let rule = rule(&format!("/liufang.identity.v1.{method}"));
            assert!(rule.allows(&person) && !rule.allows(&acting), "{method}");
        }
    }

    #[test]
    fn services_are_named_one_by_one() {
        let reserve = AccessTable::shared().get("/liufang.inventory.v1.ReservationService/Reserve").unwrap();
        assert!(reserve.write && !reserve.public);
        assert!(reserve.allows(&Principal::service("order")));
        assert!(!reserve.allows(&Principal::service("dispatch")));
        assert!(!reserve.allows(&Principal::anonymous()));
    }
}
