//! The public methods, read from the contracts. Owns the table path → method; knows nothing about calls.
//! Invariant: a method without the access option, or not `public` in it, is not in the table.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use prost_reflect::{
    DescriptorPool, ExtensionDescriptor, MessageDescriptor, MethodDescriptor, ReflectMessage,
    ServiceDescriptor, Value,
};

const ACCESS: &str = "liufang.common.v1.access";

/// Who answers a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A role of the mesh, e.g. `order`.
    Role(String),
    /// The gateway itself: health and reflection.
    Own,
}

/// Shapes of a unary method, for JSON.
#[derive(Clone, Debug)]
pub(crate) struct Shapes {
    pub input: MessageDescriptor,
    pub output: MessageDescriptor,
}

/// One method an outside caller may reach.
#[derive(Clone, Debug)]
pub(crate) struct Method {
    /// `package.Service/Method`.
    pub name: String,
    pub target: Target,
    /// The answer (or also the request) is a stream.
    pub streaming: bool,
    /// `None` for the gateway's own methods, which speak gRPC only.
    pub shapes: Option<Shapes>,
    /// Kinds of principal, lower case, as the contract lists them.
    pub callers: Vec<String>,
    /// First sentence of the contract's comment.
    pub summary: String,
}

/// The table of public methods.
#[derive(Debug)]
pub(crate) struct Methods {
    by_path: HashMap<String, Arc<Method>>,
}

impl Methods {
    /// Reads descriptors that carry the access options.
    pub fn read(pool: &DescriptorPool) -> Methods {
        let mut by_path = HashMap::new();
        for method in own_methods() {
            by_path.insert(format!("/{}", method.name), Arc::new(method));
        }
        if let Some(access) = pool.get_extension_by_name(ACCESS) {
            for service in pool.services() {
                let Some(role) = role(service.package_name()) else { continue };
                for method in service.methods().filter(|method| is_public(method, &access)) {
                    let entry = describe(&service, &method, &access, role);
                    by_path.insert(format!("/{}", entry.name), Arc::new(entry));
                }
            }
        }
        Methods { by_path }
    }

    /// The method behind a request path, e.g. `/liufang.order.v1.OrderService/PlaceOrder`.
    pub fn find(&self, path: &str) -> Option<Arc<Method>> {
        self.by_path.get(path).cloned()
    }

    /// Public methods of the mesh by service, both in name order.
    pub fn by_service(&self) -> BTreeMap<String, Vec<Arc<Method>>> {
        let mut services: BTreeMap<String, Vec<Arc<Method>>> = BTreeMap::new();
        for method in self.by_path.values().filter(|method| method.target != Target::Own) {
            let (service, _) = method.name.split_once('/').unwrap_or((&method.name, ""));
            services.entry(service.to_owned()).or_default().push(method.clone());
        }
        for methods in services.values_mut() {
            methods.sort_by(|a, b| a.name.cmp(&b.name));
        }
        services
    }
}

/// `order` of `liufang.order.v1`.
fn role(package: &str) -> Option<&str> {
    package.strip_prefix("liufang.")?.strip_suffix(".v1").filter(|role| !role.contains('.'))
}

fn is_public(method: &MethodDescriptor, access: &ExtensionDescriptor) -> bool {
    let options = method.options();
    if !options.has_extension(access) {
        return false;
    }
    let value = options.get_extension(access);
    let public = value.as_message().and_then(|message| message.get_field_by_name("public"));
    public.and_then(|public| public.as_bool()).unwrap_or(false)
}

fn describe(
    service: &ServiceDescriptor,
    method: &MethodDescriptor,
    access: &ExtensionDescriptor,
    role: &str,
) -> Method {
    Method {
        name: format!("{}/{}", service.full_name(), method.name()),
        target: Target::Role(role.to_owned()),
        streaming: method.is_server_streaming() || method.is_client_streaming(),
        shapes: Some(Shapes { input: method.input(), output: method.output() }),
        callers: callers(method, access),
        summary: summary(method),
    }
}

fn callers(method: &MethodDescriptor, access: &ExtensionDescriptor) -> Vec<String> {
    let options = method.options();
    let value = options.get_extension(access);
    let Some(message) = value.as_message() else { return Vec::new() };
    let Some(field) = message.descriptor().get_field_by_name("callers") else { return Vec::new() };
    let kinds = message.get_field(&field);
    let kind = field.kind();
    let (Some(kinds), Some(names)) = (kinds.as_list(), kind.as_enum()) else { return Vec::new() };
    let named = kinds.iter().filter_map(Value::as_enum_number).filter_map(|number| names.get_value(number));
    named.map(|value| value.name().trim_start_matches("CALLER_").to_lowercase()).collect()
}

fn summary(method: &MethodDescriptor) -> String {
    let file = method.parent_file();
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let location = info.and_then(|info| info.location.iter().find(|location| location.path == method.path()));
    let comment = location.and_then(|location| location.leading_comments.as_deref()).unwrap_or("");
    let line = comment.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => line,
    }
}

fn own_methods() -> impl Iterator<Item = Method> {
    let own = [
        ("grpc.health.v1.Health/Check", false),
        ("grpc.health.v1.Health/Watch", true),
        ("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", true),
        ("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", true),
    ];
    own.into_iter().map(|(name, streaming)| Method {
        name: name.to_owned(),
        target: Target::Own,
        streaming,
        shapes: None,
        callers: Vec::new(),
        summary: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_methods_are_found() {
        let methods = Methods::read(&liufang_platform::access::POOL);
        let found = methods.find("/liufang.identity.v1.TokenService/GetKeySet").unwrap();
        assert_eq!(found.target, Target::Role("identity".into()));
        assert_eq!(found.callers, ["anonymous"]);
        assert_eq!(found.summary, "The public keys that verify access tokens (JWK set).");
        assert!(!found.streaming);
        assert!(methods.find("/liufang.order.v1.OrderService/WatchOrder").unwrap().streaming);
        assert!(methods.find("/liufang.identity.v1.PersonService/GetPersonForService").is_none());
        assert!(methods.find("/liufang.hooks.v1.PaymentChannel/CreatePayment").is_none());
        assert!(methods.find("/liufang.identity.v1.TokenService/Nothing").is_none());
        assert!(methods.by_service().keys().all(|service| service.starts_with("liufang.")));
    }

    #[test]
    fn roles_come_from_packages() {
        assert_eq!(role("liufang.order.v1"), Some("order"));
        assert_eq!(role("liufang.a.b.v1"), None);
        assert_eq!(role("google.protobuf"), None);
    }
}
