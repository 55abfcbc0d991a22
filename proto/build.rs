//! Compiles the contracts with protox (no protoc needed) and keeps the descriptor set with its custom options.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use prost::Message;

fn proto_files(dir: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            proto_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files = Vec::new();
    proto_files(Path::new("liufang"), &mut files)?;
    files.sort();
    println!("cargo:rerun-if-changed=liufang");

    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    // the prost-types way would drop the access options, which are extensions
    let encoded = compiler.encode_file_descriptor_set();
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin"), &encoded)?;

    let set = prost_types::FileDescriptorSet::decode(encoded.as_slice())?;
    // personal data would be printed by the derived Debug of a message, so messages that carry any have none: see lib.rs
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names(); // the topic of an event is its full protobuf name
    tonic_prost_build::configure()
        .skip_debug(["."])
        .build_transport(false)
        .compile_fds_with_config(set, config)?;
    Ok(())
}
