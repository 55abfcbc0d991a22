//! Pages: a size with bounds and an opaque token that holds the last key of the page before.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use liufang_kernel::Violations;
use liufang_proto::common::v1::PageRequest;

/// Rows of a page when none is asked for.
const DEFAULT: i32 = 50;
/// Rows of a page at most.
const MAX: i32 = 200;

/// A page to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub size: usize,
    /// Key of the last row already seen.
    pub after: Option<String>,
}

/// Reads a page request, noting what is wrong.
pub fn read(violations: &mut Violations, page: Option<PageRequest>) -> Page {
    let PageRequest { page_size, page_token } = page.unwrap_or_default();
    violations.check((0..=MAX).contains(&page_size), "page.page_size", "must be 0 to 200");
    let size = if page_size == 0 { DEFAULT } else { page_size };
    let after = if page_token.is_empty() { Some(None) } else { key(&page_token).map(Some) };
    violations.check(after.is_some(), "page.page_token", "must be the token of a previous answer");
    Page { size: usize::try_from(size).unwrap_or_default(), after: after.flatten() }
}

/// The token of the page after the row `key`; empty at the end.
pub fn token(key: Option<&str>) -> String {
    key.map(|key| URL_SAFE_NO_PAD.encode(key)).unwrap_or_default()
}

fn key(token: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() <= 128)?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_to_the_next_page() {
        let mut violations = Violations::new();
        let asked = PageRequest { page_size: 3, page_token: token(Some("P13030200001")) };
        let page = read(&mut violations, Some(asked));
        assert_eq!(page, Page { size: 3, after: Some("P13030200001".to_owned()) });
        assert_eq!(read(&mut violations, None), Page { size: 50, after: None });
        assert!(violations.is_empty());
        read(&mut violations, Some(PageRequest { page_size: 201, page_token: "*".to_owned() }));
        assert_eq!(violations.iter().count(), 2);
        assert_eq!(token(None), "");
    }
}
