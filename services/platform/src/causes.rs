//! Errors in words, with what lies under them: the outer text alone says "transport error".

use std::error::Error;
use std::iter::successors;

/// The error and its causes, each once: `outer: middle: inner`.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    for cause in successors(error.source(), |&cause| cause.source()) {
        let cause = cause.to_string();
        // many a text has its cause in it already
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// The last cause alone, or the error when it has none.
pub fn root(error: &dyn Error) -> String {
    let last = successors(error.source(), |&cause| cause.source()).last();
    last.map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    fn layers(texts: &[&'static str]) -> Layer {
        let (text, under) = texts.split_first().unwrap();
        Layer { text, source: (!under.is_empty()).then(|| Box::new(layers(under))) }
    }

    #[test]
    fn every_cause_is_told_once() {
        let error = layers(&["call failed", "no connection: refused", "refused"]);
        assert_eq!(chain(&error), "call failed: no connection: refused");
        assert_eq!(root(&error), "refused");
        assert_eq!((chain(&layers(&["alone"])), root(&layers(&["alone"]))), ("alone".into(), "alone".into()));
    }
}
