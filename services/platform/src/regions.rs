//! The region packs of this installation, loaded once at start.

use std::collections::BTreeMap;
use std::path::Path;

use liufang_kernel::region::RegionPack;

/// Region packs by region code.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    packs: BTreeMap<String, RegionPack>,
    /// As they were read, by region code.
    texts: BTreeMap<String, String>,
}

impl Regions {
    /// Reads every `*.toml` of a folder; the error lists every mistake of every file.
    pub fn load(folder: &Path) -> Result<Regions, Vec<String>> {
        let entries =
            std::fs::read_dir(folder).map_err(|error| vec![format!("{}: {error}", folder.display())])?;
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        let texts = paths.iter().map(|path| (path.display().to_string(), std::fs::read_to_string(path)));
        let mut packs = Vec::new();
        let mut mistakes = Vec::new();
        for (name, text) in texts {
            match text {
                Ok(text) => packs.push((name, text)),
                Err(error) => mistakes.push(format!("{name}: {error}")),
            }
        }
        let parsed = Regions::parse(packs.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        match (parsed, mistakes.is_empty()) {
            (Ok(regions), true) => Ok(regions),
            (Ok(_), false) => Err(mistakes),
            (Err(more), _) => Err(mistakes.into_iter().chain(more).collect()),
        }
    }

    /// Parses named texts; the error lists every mistake of every text.
    pub fn parse<'a>(texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Regions, Vec<String>> {
        let (mut packs, mut kept) = (BTreeMap::new(), BTreeMap::new());
        let mut mistakes = Vec::new();
        for (name, text) in texts {
            match RegionPack::parse(text) {
                Ok(pack) => {
                    let code = pack.region.code.clone();
                    kept.insert(code.clone(), text.to_owned());
                    if packs.insert(code.clone(), pack).is_some() {
                        mistakes.push(format!("{name}: region {code} is defined twice"));
                    }
                }
                Err(found) => mistakes.extend(found.into_iter().map(|mistake| format!("{name}: {mistake}"))),
            }
        }
        if mistakes.is_empty() { Ok(Regions { packs, texts: kept }) } else { Err(mistakes) }
    }

    /// The pack of a region code.
    pub fn get(&self, code: &str) -> Option<&RegionPack> {
        self.packs.get(code)
    }

    /// The pack of a region code as it was read.
    pub fn text(&self, code: &str) -> Option<&str> {
        self.texts.get(code).map(String::as_str)
    }

    /// The pack whose insured places include `admdvs`.
    pub fn of_place(&self, admdvs: &str) -> Option<&RegionPack> {
        self.packs.values().find(|pack| pack.is_insured_place(admdvs))
    }

    pub fn iter(&self) -> impl Iterator<Item = &RegionPack> {
        self.packs.values()
    }
}
