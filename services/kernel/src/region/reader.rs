//! Reads a pack table by table and notes every mistake with its line, instead of stopping at the first one.
//!
//! A derived deserialiser ends at its first error; a person who edits a pack wants the whole list. So every field of
//! every table is read even after one was wrong, and the keys nobody asked for are mistakes too.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The mistakes found so far, each with its line; those between tables have none and come last.
pub(super) struct Mistakes<'t> {
    text: &'t str,
    found: Vec<(usize, String)>,
}

impl<'t> Mistakes<'t> {
    pub(super) fn new(text: &'t str) -> Mistakes<'t> {
        Mistakes { text, found: Vec::new() }
    }

    /// Notes `problem` of the key `path` that stands at byte `offset` of the text.
    pub(super) fn note(&mut self, offset: usize, path: &str, problem: &str) {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        self.found.push((line, format!("line {line}: {path}: {problem}")));
    }

    /// Notes what is wrong between tables, where no single line is to blame.
    pub(super) fn add(&mut self, problem: String) {
        self.found.push((usize::MAX, problem));
    }

    /// `value` when nothing was noted, otherwise the mistakes in the order of the text.
    pub(super) fn finish<T>(mut self, value: Option<T>) -> Result<T, Vec<String>> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => {
                self.found.sort_by_key(|(line, _)| *line);
                Err(self.found.into_iter().map(|(_, mistake)| mistake).collect())
            }
        }
    }
}

/// Something a pack can hold under a key.
pub(super) trait Value: Sized {
    /// Reads the value; `None` means a mistake was noted.
    fn read(value: &Spanned<DeValue<'_>>, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self>;

    /// What a missing key means. Only optional values have an answer.
    fn absent(offset: usize, path: &str, mistakes: &mut Mistakes<'_>) -> Option<Self> {
        mistakes.note(offset, path, "is missing");
        None
    }
}

/// One table while it is read.
pub(super) struct Table<'a> {
    entries: &'a DeTable<'a>,
    offset: usize,
    path: &'a str,
    asked: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub(super) fn root(entries: &'a Spanned<DeTable<'a>>) -> Table<'a> {
        Table { entries: entries.get_ref(), offset: 0, path: "", asked: Vec::new() }
    }

    pub(super) fn open(
        value: &'a Spanned<DeValue<'a>>,
        path: &'a str,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<Table<'a>> {
        let offset = value.span().start;
        match value.get_ref().as_table() {
            Some(entries) => Some(Table { entries, offset, path, asked: Vec::new() }),
            None => {
                mistakes.note(offset, path, "must be a table");
                None
            }
        }
    }

    /// Reads the value of `key`.
    pub(super) fn take<T: Value>(&mut self, key: &'static str, mistakes: &mut Mistakes<'_>) -> Option<T> {
        self.asked.push(key);
        let path = self.path_of(key);
        match self.entries.get(key) {
            Some(value) => T::read(value, &path, mistakes),
            None => T::absent(self.offset, &path, mistakes),
        }
    }

    /// Its number in a list of tables, `benefit[3]`, from 1; 0 where it stands alone.
    pub(super) fn number(&self) -> u32 {
        let number = self.path.strip_suffix(']').and_then(|path| path.rsplit_once('['));
        number.and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
    }

    /// Notes every key nobody asked for.
    pub(super) fn finish(self, mistakes: &mut Mistakes<'_>) {
        for key in self.entries.keys() {
            let name: &str = key.get_ref();
            if !self.asked.contains(&name) {
                let known = self.asked.join(", ");
                mistakes.note(
                    key.span().start,
                    &self.path_of(name),
                    &format!("unknown key; known are {known}"),
                );
            }
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// Declares a table of a pack: the public struct and its reader. `: terms` adds the keys of
/// [`Terms`](super::terms::Terms) to the table itself.
macro_rules! table {
    ($(#[$about:meta])* pub struct $name:ident $(: $terms:ident)? {
        $($(#[$doc:meta])* $field:ident: $kind:ty,)*
    }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$doc])* pub $field: $kind,)*
            $(/// When this holds and where it comes from.
            pub $terms: $crate::region::terms::Terms,)?
        }

        impl $crate::region::reader::Value for $name {
            fn read(
                value: &toml::Spanned<toml::de::DeValue<'_>>,
                path: &str,
                mistakes: &mut $crate::region::reader::Mistakes<'_>,
            ) -> Option<Self> {
                let mut table = $crate::region::reader::Table::open(value, path, mistakes)?;
                $(let $field = table.take(stringify!($field), mistakes);)*
                $(let $terms = $crate::region::terms::Terms::read_from(&mut table, mistakes);)?
                table.finish(mistakes);
                Some($name { $($field: $field?,)* $($terms: $terms?,)? })
            }
        }

        $(impl $crate::region::terms::InForce for $name {
            fn terms(&self) -> &$crate::region::terms::Terms {
                &self.$terms
            }
        })?
    };
}

/// Declares a closed list of words of a pack.
macro_rules! words {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every word, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word as packs, seeds and messages write it.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }

            /// Reads the word exactly as [`word`](Self::word) writes it.
            pub fn from_word(text: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|known| known.word() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl $crate::region::reader::Value for $name {
            fn read(
                value: &toml::Spanned<toml::de::DeValue<'_>>,
                path: &str,
                mistakes: &mut $crate::region::reader::Mistakes<'_>,
            ) -> Option<Self> {
                let wanted = concat!("one of" $(, " ", $word)*);
                $crate::region::values::read_text(value, path, mistakes, wanted, $name::from_word)
            }
        }
    };
}

pub(super) use {table, words};
