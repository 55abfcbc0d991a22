//! Files of statements, unpacked. Pure; nothing is read further than the largest text, however small it was packed.

use std::io::{Cursor, Read};

use encoding_rs::GBK;
use flate2::read::MultiGzDecoder;
use liufang_platform::hash;
use serde_json::Value;
use zip::ZipArchive;

use crate::domain::Broken;

/// Largest text of a statement; settlement takes no more.
pub const LARGEST: usize = 3_000_000;
/// An archive has two files, and never many.
const MOST_FILES: usize = 8;
/// Heads the list of payments in Alipay's archive; beside it stand their sums.
const DETAILS: &str = "业务明细列表";

/// What a signed answer tells of a file of WeChat Pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Path and query, below the channel's address.
    pub path: String,
    /// SHA-1 in hex of the file as it is once unpacked.
    pub digest: String,
}

/// Reads the answer to `/v3/bill/tradebill`. The file must stand where the channel is: who asks for it signs.
pub fn told(url: &str, body: &Value) -> Result<Told, Broken> {
    let text = |key: &str| body[key].as_str().unwrap_or_default();
    if text("hash_type") != "SHA1" || text("hash_value").is_empty() {
        return Err(Broken::Digest);
    }
    let path = text("download_url").strip_prefix(url).filter(|path| path.starts_with('/'));
    let path = path.ok_or(Broken::Address)?.to_owned();
    Ok(Told { path, digest: text("hash_value").to_ascii_lowercase() })
}

/// Whether a file stands at an address that is no less safe than the channel's own.
pub fn is_safe(url: &str, address: &str) -> bool {
    let secure = address.starts_with("https://");
    secure || (url.starts_with("http://") && address.starts_with("http://"))
}

/// A packed file of WeChat Pay, held against its digest.
pub fn wechat(packed: &[u8], digest: &str) -> Result<String, Broken> {
    let file = read(MultiGzDecoder::new(packed))?;
    if hash::sha1_hex(&file) != digest {
        return Err(Broken::Digest);
    }
    String::from_utf8(file).map_err(|_| Broken::Writing)
}

/// The table of payments in Alipay's archive. All files are read: each is held against its check sum.
pub fn alipay(archive: &[u8]) -> Result<String, Broken> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|_| Broken::Packing)?;
    if archive.len() > MOST_FILES {
        return Err(Broken::Packing);
    }
    let mut details = None;
    for place in 0..archive.len() {
        let file = read(archive.by_index(place).map_err(|_| Broken::Packing)?)?;
        let (text, _, strange) = GBK.decode(&file);
        if strange {
            return Err(Broken::Writing);
        }
        if text.contains(DETAILS) {
            let twice = details.replace(text.into_owned()).is_some();
            if twice {
                return Err(Broken::Packing);
            }
        }
    }
    let text = details.ok_or(Broken::Packing)?;
    // a sign of GBK has two bytes and may have three here
    if text.len() > LARGEST { Err(Broken::Large) } else { Ok(text) }
}

fn read(packed: impl Read) -> Result<Vec<u8>, Broken> {
    let mut file = Vec::new();
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    packed.take(most).read_to_end(&mut file).map_err(|_| Broken::Packing)?;
    if file.len() > LARGEST { Err(Broken::Large) } else { Ok(file) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn gzip(file: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(file).unwrap();
        gzip.finish().unwrap()
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, file) in files {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(file).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn gbk(text: &str) -> Vec<u8> {
        GBK.encode(text).0.into_owned()
    }

    /// SHA-1 of "abc" is an example of FIPS 180-4.
    #[test]
    fn a_file_is_taken_with_its_digest_alone() {
        let digest = "a9993e364706816aba3e25717850c26c9cd0d89d";
        assert_eq!(wechat(&gzip(b"abc"), digest), Ok("abc".into()));
        assert_eq!(wechat(&gzip(b"abd"), digest), Err(Broken::Digest));
        assert_eq!(wechat(b"abc", digest), Err(Broken::Packing));
        let cut = gzip(b"abc");
        assert_eq!(wechat(&cut[..cut.len() - 1], digest), Err(Broken::Packing));
    }

    #[test]
    fn what_swells_is_not_read_to_its_end() {
        let swollen = vec![b'0'; LARGEST + 1];
        let packed = gzip(&swollen);
        assert!(packed.len() < 100_000);
        assert_eq!(wechat(&packed, ""), Err(Broken::Large));
        assert_eq!(alipay(&archive(&[("a.csv", &swollen)])), Err(Broken::Large));
        let many: Vec<(String, &[u8])> = (0..9).map(|n| (n.to_string(), b"".as_slice())).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(name, file)| (name.as_str(), *file)).collect();
        assert_eq!(alipay(&archive(&many)), Err(Broken::Packing));
        // within the limit as it came, beyond it as UTF-8
        let wide = gbk(&format!("{DETAILS}{}", "药".repeat(LARGEST / 2 - 10)));
        assert_eq!(alipay(&archive(&[("a.csv", &wide)])), Err(Broken::Large));
    }

    #[test]
    fn the_list_of_payments_is_found_by_what_it_says() {
        let (details, sums) = (gbk("#-业务明细列表-\n药\n"), gbk("#-业务汇总列表-\n"));
        let packed = archive(&[("one.csv", &sums), ("other.csv", &details)]);
        assert_eq!(alipay(&packed), Ok("#-业务明细列表-\n药\n".into()));
        assert_eq!(alipay(&archive(&[("one.csv", &sums)])), Err(Broken::Packing));
        assert_eq!(alipay(&archive(&[("one", &details), ("two", &details)])), Err(Broken::Packing));
        assert_eq!(alipay(&archive(&[("one", &[0xff, 0xff])])), Err(Broken::Writing));
        assert_eq!(alipay(b"no archive"), Err(Broken::Packing));
        let mut spoilt = packed;
        spoilt[50] ^= 1;
        assert_eq!(alipay(&spoilt), Err(Broken::Packing));
    }

    #[test]
    fn files_are_fetched_where_the_channel_is() {
        let body = |url: &str| json!({ "hash_type": "SHA1", "hash_value": "AB", "download_url": url });
        let of = |url: &str| told("https://pay.example", &body(url));
        let file = Told { path: "/v3/billdownload/file?token=t".into(), digest: "ab".into() };
        assert_eq!(of("https://pay.example/v3/billdownload/file?token=t"), Ok(file));
        for strange in ["https://pay.example.evil/x", "https://evil/x", "http://pay.example/x", ""] {
            assert_eq!(of(strange), Err(Broken::Address), "{strange}");
        }
        assert_eq!(told("https://pay.example", &json!({ "hash_type": "MD5" })), Err(Broken::Digest));
        assert!(is_safe("https://a", "https://b") && is_safe("http://a", "http://b"));
        assert!(!is_safe("https://a", "http://b") && !is_safe("http://a", "file:///b"));
    }
}
