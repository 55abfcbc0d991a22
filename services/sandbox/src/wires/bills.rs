//! The statements of a day: where they are asked for, and the files.
//!
//! An answer names an address with a word in it that the channel alone can make, good for a short while (WeChat Pay: five
//! minutes, Alipay: thirty seconds). WeChat Pay's files are told with the SHA-1 of what is packed; Alipay's stand in a ZIP.

use std::io::Write as _;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use encoding_rs::GBK;
use flate2::Compression;
use flate2::write::GzEncoder;
use liufang_kernel::Date;
use liufang_kernel::timestamp::{date_text, parse_date};
use liufang_platform::hash;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::{ALIPAY, WECHAT};
use crate::app::{App, Told};
use crate::domain::bill::{self, Movement};
use crate::domain::dial::Dial;
use crate::error::SandboxError;
use crate::store::bill::Of;

/// How long an address of a file is good, in seconds.
const WECHAT_GOOD_S: i64 = 300;
const ALIPAY_GOOD_S: i64 = 30;

/// A parameter of a path's query.
fn parameter(path: &str, name: &str) -> String {
    let (_, query) = path.split_once('?').unwrap_or((path, ""));
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// What an answer to asking for a statement says.
pub enum Asked {
    Body(Value),
    Code(&'static str),
}

/// A word that names a file: whose, of which day, how packed, until when.
fn word(app: &App, of: &str, day: &str, packed: &str, until: i64) -> String {
    let text = format!("{of}.{day}.{packed}.{until}");
    let sign = hash::hmac_sha256_hex(app.wires.api_v3_key.as_bytes(), text.as_bytes());
    format!("{text}.{sign}")
}

/// What a word names while it is good.
fn named(app: &App, token: &str) -> Option<(String, Date, String)> {
    let [of, day, packed, until, _] = token.split('.').collect::<Vec<_>>()[..] else { return None };
    let good = until.parse().is_ok_and(|until| app.now().seconds() <= until);
    let genuine = until.parse().is_ok_and(|until| word(app, of, day, packed, until) == token);
    (good && genuine).then_some((of.to_owned(), parse_date(day)?, packed.to_owned()))
}

/// `GET /v3/bill/tradebill` of a merchant.
pub async fn wechat(app: &App, host: &str, mchid: &str, path: &str) -> Result<(Asked, Dial), SandboxError> {
    let day = parameter(path, "bill_date");
    let dial = app.wire_dial("Bill", &[mchid, &day]).await?;
    let whole = matches!(parameter(path, "bill_type").as_str(), "" | "ALL");
    let packed = parameter(path, "tar_type");
    let Some(date) = parse_date(&day).filter(|_| whole && ["", "GZIP"].contains(&packed.as_str())) else {
        return Ok((Asked::Code("PARAM_ERROR"), dial));
    };
    if dial == Dial::Processing {
        return Ok((Asked::Code("STATEMENT_CREATING"), dial));
    }
    let asked = match app.bill(WECHAT, Of::Merchant(mchid), date).await? {
        Told::Open => Asked::Code("INVALID_REQUEST"),
        Told::NotReady => Asked::Code("STATEMENT_CREATING"),
        Told::Nothing => Asked::Code("NO_STATEMENT_EXIST"),
        Told::Moved(moved) => {
            let digest = hash::sha1_hex(bill::wechat(mchid, &moved).as_bytes());
            let token = word(app, mchid, &day, &packed, app.now().seconds() + WECHAT_GOOD_S);
            Asked::Body(json!({
                "hash_type": "SHA1", "hash_value": digest,
                "download_url": format!("http://{host}/wechat/v3/billdownload/file?token={token}"),
            }))
        }
    };
    Ok((asked, dial))
}

/// `GET /v3/billdownload/file`: the bytes alone, without a signature.
pub async fn wechat_file(app: &App, mchid: &str, path: &str) -> Result<Response, SandboxError> {
    let dial = app.wire_dial("BillFile", &[mchid]).await?;
    let named = named(app, &parameter(path, "token")).filter(|(of, ..)| of == mchid);
    let Some((_, date, packed)) = named else { return Ok(StatusCode::BAD_REQUEST.into_response()) };
    let moved = moved(app, WECHAT, mchid, date).await?;
    let mut file = bill::wechat(mchid, &moved).into_bytes();
    spoil(&mut file, dial);
    match packed.as_str() {
        "" => file_of(Ok(file), dial).await,
        _ => {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            file_of(gzip.write_all(&file).and_then(|()| gzip.finish()), dial).await
        }
    }
}

/// `alipay.data.dataservice.bill.downloadurl.query` of an application.
pub async fn alipay(
    app: &App,
    host: &str,
    app_id: &str,
    content: &Value,
) -> Result<(Asked, Dial), SandboxError> {
    let text = |key: &str| content[key].as_str().unwrap_or_default().to_owned();
    let (kind, day) = (text("bill_type"), text("bill_date"));
    let dial = app.wire_dial("Bill", &[app_id, &day]).await?;
    let Some(date) = parse_date(&day).filter(|_| kind == "trade") else {
        return Ok((Asked::Code("isp.invalid-arguments"), dial));
    };
    let asked = match app.bill(ALIPAY, Of::Merchant(app_id), date).await? {
        Told::Moved(_) if dial != Dial::Processing => {
            let token = word(app, app_id, &day, "ZIP", app.now().seconds() + ALIPAY_GOOD_S);
            let plain = day.replace('-', "");
            Asked::Body(json!({
                "code": "10000", "msg": "Success",
                "bill_download_url": format!(
                    "http://{host}/alipay/downloadBillFile.resource?bizType=trade&bizDates={plain}&fileId={token}"
                ),
            }))
        }
        // one word for nothing and for not yet
        _ => Asked::Code("isp.bill_not_exist"),
    };
    Ok((asked, dial))
}

/// The archive: both tables, in GBK.
pub async fn alipay_file(app: &App, path: &str) -> Result<Response, SandboxError> {
    let Some((of, date, _)) = named(app, &parameter(path, "fileId")) else {
        return Ok(StatusCode::BAD_REQUEST.into_response());
    };
    let dial = app.wire_dial("BillFile", &[&of]).await?;
    let moved = moved(app, ALIPAY, &of, date).await?;
    let plain = date_text(date).replace('-', "");
    let files = [
        (format!("{of}_{plain}_业务明细.csv"), bill::alipay_details(&of, date, &moved)),
        (format!("{of}_{plain}_业务明细(汇总).csv"), bill::alipay_summary(&of, date, &moved)),
    ];
    file_of(archive(&files, dial), dial).await
}

fn archive(files: &[(String, String)], dial: Dial) -> std::io::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(name, SimpleFileOptions::default())?;
        let (file, _, _) = GBK.encode(text);
        archive.write_all(&file)?;
    }
    let mut bytes = archive.finish()?.into_inner();
    spoil(&mut bytes, dial);
    Ok(bytes)
}

async fn moved(app: &App, channel: i32, of: &str, day: Date) -> Result<Vec<Movement>, SandboxError> {
    Ok(match app.bill(channel, Of::Merchant(of), day).await? {
        Told::Moved(moved) => moved,
        Told::Open | Told::NotReady | Told::Nothing => Vec::new(),
    })
}

/// Dial `BAD_SEAL`: one bit of the file is another.
fn spoil(file: &mut [u8], dial: Dial) {
    // within the first table of an archive
    let place = file.len() / 4;
    if dial == Dial::BadSeal
        && let Some(byte) = file.get_mut(place)
    {
        *byte ^= 1;
    }
}

async fn file_of(bytes: std::io::Result<Vec<u8>>, dial: Dial) -> Result<Response, SandboxError> {
    super::late(dial).await;
    Ok(match bytes {
        Ok(_) | Err(_) if dial == Dial::ServerError => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Ok(bytes) => ([("content-type", "application/octet-stream")], Body::from(bytes)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
}
