//! Where a peer lives, as the configuration writes it: URLs with commas between them.

use http::Uri;

/// One URL of a peer. Every address its host resolves to is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub https: bool,
    pub host: String,
    pub port: u16,
}

impl Target {
    /// `host:port` as a URL writes it.
    pub(super) fn authority(&self) -> String {
        let Target { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// Reads `https://order:7000` or `https://10.0.0.1:7000,https://10.0.0.2:7000`; the error says what is wrong.
pub fn parse(text: &str) -> Result<Vec<Target>, String> {
    let targets: Result<Vec<Target>, String> = text.split(',').map(|part| one(part.trim())).collect();
    let targets = targets?;
    let secured = targets.iter().filter(|target| target.https).count();
    if secured != 0 && secured != targets.len() {
        return Err("mixes http:// and https://".to_owned());
    }
    Ok(targets)
}

fn one(text: &str) -> Result<Target, String> {
    let uri: Uri = text.parse().map_err(|_| format!("`{text}` is not a URL"))?;
    let https = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(format!("`{text}` must begin with http:// or https://")),
    };
    if !["", "/"].contains(&uri.path()) || uri.query().is_some() {
        return Err(format!("`{text}` must have no path"));
    }
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| format!("`{text}` has no host"))?;
    let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
    Ok(Target { https, host: host.trim_matches(['[', ']']).to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_or_explained() {
        let of = |https, host: &str, port| Target { https, host: host.to_owned(), port };
        assert_eq!(parse("https://order:7000"), Ok(vec![of(true, "order", 7000)]));
        assert_eq!(
            parse("http://127.0.0.1:7001, http://[::1]"),
            Ok(vec![of(false, "127.0.0.1", 7001), of(false, "::1", 80)])
        );
        assert_eq!(of(false, "::1", 80).authority(), "[::1]:80");
        assert_eq!(of(true, "order", 7000).authority(), "order:7000");
        for bad in ["order:7000", "", "ftp://order", "https://order/path", "https://a,http://b", "https://a,"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
