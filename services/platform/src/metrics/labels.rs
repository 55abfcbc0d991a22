//! Label values. They are `'static`, so that recording needs no memory, and their number is bounded.

use std::collections::HashSet;
use std::sync::{LazyLock, RwLock};

use crate::access::AccessTable;

/// More different words than these are not remembered; every set of ours is far smaller.
const MOST_WORDS: usize = 1024;
/// Stands for words that are not ours, or too many.
pub(super) const OTHER: &str = "other";
/// Stands for methods that no contract has.
pub(super) const UNKNOWN: &str = "unknown";

/// The full name of a method without the leading slash; `unknown` when no contract has it.
pub(super) fn method(path: &str) -> &'static str {
    let found = if path.starts_with('/') {
        AccessTable::shared().known(path)
    } else {
        AccessTable::shared().known(&format!("/{path}"))
    };
    found.and_then(|path| path.strip_prefix('/')).unwrap_or(UNKNOWN)
}

/// A published reason. Outside parties may send words of their own: what does not look like one of ours is `other`.
pub(super) fn reason(word: &str) -> &'static str {
    let ours = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    match word {
        "" => "",
        word if word.len() <= 64 && word.bytes().all(ours) => interned(word),
        _ => OTHER,
    }
}

/// A name from the code or the configuration: a role, a peer, a consumer, a worker.
pub(super) fn interned(word: &str) -> &'static str {
    static WORDS: LazyLock<Words> = LazyLock::new(Words::default);
    WORDS.keep(word)
}

#[derive(Default)]
struct Words(RwLock<HashSet<&'static str>>);

impl Words {
    fn keep(&self, word: &str) -> &'static str {
        if let Some(known) = self.0.read().unwrap_or_else(|poisoned| poisoned.into_inner()).get(word) {
            return known;
        }
        let mut words = self.0.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(known) = words.get(word) {
            return known;
        }
        if words.len() >= MOST_WORDS {
            return OTHER;
        }
        // never freed, at most MOST_WORDS times
        let kept: &'static str = Box::leak(word.into());
        words.insert(kept);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_come_from_the_contracts_alone() {
        let path = "/liufang.order.v1.OrderService/PlaceOrder";
        assert_eq!(method(path), "liufang.order.v1.OrderService/PlaceOrder");
        assert_eq!(method(&path[1..]), "liufang.order.v1.OrderService/PlaceOrder");
        for path in ["", "/", "/a/b", "/liufang.order.v1.OrderService/Nothing", "张三"] {
            assert_eq!(method(path), UNKNOWN);
        }
    }

    #[test]
    fn reasons_of_others_do_not_become_labels() {
        assert_eq!(reason(""), "");
        assert_eq!(reason("SHORT_STOCK"), "SHORT_STOCK");
        let long = "A".repeat(65);
        for word in ["张三", "order 17", "lower", "110105198001010011-x", &long] {
            assert_eq!(reason(word), OTHER);
        }
    }

    #[test]
    fn words_are_bounded() {
        let words = Words::default();
        for number in 0..2 * MOST_WORDS {
            words.keep(&format!("WORD_{number}"));
        }
        assert_eq!(words.keep("ONE_TOO_MANY"), OTHER);
        assert_eq!(words.keep("WORD_0"), "WORD_0");
    }
}
