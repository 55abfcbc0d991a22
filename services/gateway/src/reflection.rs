//! What gRPC reflection shows: the public methods and the types they need, with their access options; nothing else.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, Value};

use crate::methods::{Methods, Target};

/// An encoded `FileDescriptorSet` of the public contracts.
pub(crate) fn public_set(pool: &DescriptorPool, methods: &Methods) -> Vec<u8> {
    let public: BTreeSet<String> = methods.by_service().into_keys().collect();
    let mut wanted = Vec::new();
    for file in
        pool.files().filter(|file| file.services().any(|service| public.contains(service.full_name())))
    {
        add_with_imports(&file, &mut wanted);
    }
    let mut set = Vec::new();
    for file in wanted {
        // field 1 of a FileDescriptorSet: length-delimited
        prost::encoding::bytes::encode(1, &public_file(pool, &file, methods), &mut set);
    }
    set
}

fn add_with_imports(file: &FileDescriptor, wanted: &mut Vec<FileDescriptor>) {
    if wanted.iter().any(|known| known.name() == file.name()) {
        return;
    }
    for import in file.dependencies() {
        add_with_imports(&import, wanted);
    }
    wanted.push(file.clone());
}

/// The file without methods that are not public, and without comments, whose positions would no longer fit. Read by
/// reflection, for the plain types would lose the access options.
fn public_file(pool: &DescriptorPool, file: &FileDescriptor, methods: &Methods) -> Vec<u8> {
    let encoded = file.encode_to_vec();
    let shape = pool.get_message_by_name("google.protobuf.FileDescriptorProto");
    let decoded = shape.and_then(|shape| DynamicMessage::decode(shape, encoded.as_slice()).ok());
    let Some(mut dynamic) = decoded else { return encoded };
    dynamic.clear_field_by_name("source_code_info");
    if let Some(Value::List(services)) = dynamic.get_field_by_name_mut("service") {
        services.retain_mut(|service| keep_public(file.package_name(), service, methods));
    }
    dynamic.encode_to_vec()
}

fn keep_public(package: &str, service: &mut Value, methods: &Methods) -> bool {
    let Value::Message(service) = service else { return false };
    let name = text(service, "name");
    let Some(Value::List(listed)) = service.get_field_by_name_mut("method") else { return false };
    listed.retain(|method| {
        let method = method.as_message().map(|method| text(method, "name")).unwrap_or_default();
        let found = methods.find(&format!("/{package}.{name}/{method}"));
        found.is_some_and(|found| found.target != Target::Own)
    });
    !listed.is_empty()
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use liufang_platform::access::POOL;

    use super::*;

    #[test]
    fn shows_public_methods_only_and_keeps_the_access_option() {
        let methods = Methods::read(&POOL);
        let set = public_set(&POOL, &methods);
        let shown = DescriptorPool::decode(set.as_slice()).unwrap();
        let persons = shown.get_service_by_name("liufang.identity.v1.PersonService").unwrap();
        let names: Vec<String> = persons.methods().map(|method| method.name().to_owned()).collect();
        assert!(names.contains(&"GetMe".to_owned()) && !names.contains(&"GetPersonForService".to_owned()));
        assert!(shown.get_service_by_name("liufang.hooks.v1.PaymentChannel").is_none());
        let again = Methods::read(&shown);
        assert_eq!(again.by_service().len(), methods.by_service().len());
        let count = |methods: &Methods| methods.by_service().values().map(Vec::len).sum::<usize>();
        assert_eq!(count(&again), count(&methods));
    }
}
