//! `liufang statements`: a payment channel's file of a day against our books, handed in or fetched from the channel.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use encoding_rs::GBK;
use liufang_proto::common::v1::Channel;
use liufang_proto::settlement::v1::{
    FetchStatementRequest, FetchStatementResponse, ImportStatementRequest, InstitutionPayment,
    StatementDifference, StatementFetch, StatementFormat, StatementResult, StatementSum,
};

use crate::client::{Gateway, Operator};

/// What settlement takes at most.
const MOST_BYTES: usize = 3_000_000;

/// Which file, and whose.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// The statement as the channel gives it out, in UTF-8 or GBK; a ZIP has to be unpacked.
    #[arg(required_unless_present = "fetch")]
    pub file: Option<PathBuf>,
    /// Have the channel asked for it instead of handing a file in.
    #[arg(long, conflicts_with_all = ["file", "generic", "own", "shared"])]
    pub fetch: bool,
    /// The gateway's address.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub gateway: String,
    /// The channel it comes from.
    #[arg(long, value_enum)]
    pub channel: Source,
    /// The institution whose merchant account it is of.
    #[arg(long, value_name = "CODE")]
    pub institution: String,
    /// The day, yyyy-MM-dd.
    #[arg(long)]
    pub date: String,
    /// CSV with number,refund_no,amount_fen,fee_fen instead of the channel's own form.
    #[arg(long)]
    pub generic: bool,
    /// The institution's own book of the day, as a third side: CSV with channel_order_no,refund_no,amount_fen.
    #[arg(long, value_name = "FILE")]
    pub own: Option<PathBuf>,
    /// The merchant account is shared by several institutions: what others were paid is left to them.
    #[arg(long)]
    pub shared: bool,
}

/// Channels that give out statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    Wechat,
    Alipay,
    Unionpay,
    BankCard,
}

impl Source {
    fn channel(self) -> Channel {
        match self {
            Source::Wechat => Channel::Wechat,
            Source::Alipay => Channel::Alipay,
            Source::Unionpay => Channel::Unionpay,
            Source::BankCard => Channel::BankCard,
        }
    }

    /// `None`: the channel has no form of its own that we read.
    fn format(self) -> Option<StatementFormat> {
        match self {
            Source::Wechat => Some(StatementFormat::Wechat),
            Source::Alipay => Some(StatementFormat::Alipay),
            Source::Unionpay | Source::BankCard => None,
        }
    }
}

/// Hands the file in, or has the channel asked for it, and writes what came of it, differences a line each; answers whether the
/// books agree. The same file again answers the same.
///
/// # Errors
/// A file that cannot be read, a channel that gives none out, and every refusal of the installation: then nothing was booked.
pub async fn run(request: &Request, token: &str, out: &mut impl Write) -> Result<bool> {
    let result = if request.fetch {
        let operator = Operator::new(&Gateway::connect(&request.gateway).await?, token);
        fetched(operator.fetch_statement(asked(request)).await?)?
    } else {
        let body = body(request)?;
        let operator = Operator::new(&Gateway::connect(&request.gateway).await?, token);
        operator.import_statement(body).await?.result
    };
    let result = result.context("an answer without a result")?;
    tell(&result, out)?;
    Ok(agrees(&result))
}

fn asked(request: &Request) -> FetchStatementRequest {
    FetchStatementRequest {
        channel: request.channel.channel().into(),
        fixmedins_code: request.institution.clone(),
        stmt_date: request.date.clone(),
    }
}

/// What the channel gave; without a statement nothing can be said.
fn fetched(reply: FetchStatementResponse) -> Result<Option<StatementResult>> {
    match reply.state() {
        StatementFetch::Taken => Ok(reply.result),
        StatementFetch::NotReady => bail!("the channel has not written it yet; ask again later"),
        StatementFetch::None => bail!("the channel says that it has none of that day"),
        StatementFetch::Unsupported => bail!("the channel gives out none here; hand the file in"),
        StatementFetch::Unspecified => bail!("an answer without a state"),
    }
}

fn body(request: &Request) -> Result<ImportStatementRequest> {
    let file = request.file.as_deref().context("a file, or --fetch")?;
    let format = match request.generic {
        true => StatementFormat::Generic,
        false => request.channel.format().context("this channel's files are read with --generic alone")?,
    };
    let own = request.own.as_deref().map(own_book).transpose()?;
    Ok(ImportStatementRequest {
        channel: request.channel.channel().into(),
        fixmedins_code: request.institution.clone(),
        stmt_date: request.date.clone(),
        format: format.into(),
        text: text(file)?,
        with_own: own.is_some(),
        own: own.unwrap_or_default(),
        shared: request.shared,
    })
}

fn text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    if bytes.len() > MOST_BYTES {
        bail!("{}: at most 3 MB", path.display());
    }
    String::from_utf8(bytes).or_else(|error| {
        // Alipay's files, and what a spreadsheet in China saves
        let text = GBK.decode_without_bom_handling_and_without_replacement(error.as_bytes());
        let text = text.with_context(|| format!("{}: is neither UTF-8 nor GBK", path.display()))?;
        Ok(text.into_owned())
    })
}

fn own_book(path: &Path) -> Result<Vec<InstitutionPayment>> {
    let text = text(path)?;
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let heading = lines.next().map(|(line, _)| line.trim_start_matches('\u{feff}').trim());
    if heading != Some("channel_order_no,refund_no,amount_fen") {
        bail!("{}: the first line must be channel_order_no,refund_no,amount_fen", path.display());
    }
    let read = |(line, number): (&str, usize)| {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let [order, refund, amount] = cells[..] else { bail!("{}:{number}: three cells", path.display()) };
        let amount_fen =
            amount.parse().with_context(|| format!("{}:{number}: amount_fen", path.display()))?;
        Ok(InstitutionPayment {
            channel_order_no: order.to_owned(),
            refund_no: refund.to_owned(),
            amount_fen,
        })
    };
    lines.map(read).collect()
}

/// Nothing differs, and nothing waits for a name.
fn agrees(result: &StatementResult) -> bool {
    result.all_differences == 0 && result.suspended.is_none_or(|suspended| suspended.lines == 0)
}

fn tell(result: &StatementResult, out: &mut impl Write) -> Result<()> {
    let mut sum = |what: &str, sum: Option<StatementSum>| {
        let StatementSum { lines, amount_fen, fee_fen } = sum.unwrap_or_default();
        writeln!(out, "{what}: {lines} lines, {amount_fen} fen, fee {fee_fen} fen")
    };
    sum("paid out", result.booked)?;
    sum("in suspense", result.suspended)?;
    sum("fees by themselves", result.fees)?;
    if result.returned.is_some_and(|returned| returned.lines > 0) {
        sum("taken and given back, never booked", result.returned)?;
    }
    if result.cleared != 0 {
        writeln!(out, "named now: {} lines of before, {} fen", result.cleared, result.cleared_fen)?;
    }
    for difference in &result.differences {
        writeln!(out, "{}", line(difference))?;
    }
    let shown = i64::try_from(result.differences.len()).unwrap_or(i64::MAX);
    if shown < result.all_differences {
        writeln!(out, "and {} more differences", result.all_differences - shown)?;
    }
    writeln!(out, "statement {}: {} differences", result.statement_id, result.all_differences)?;
    Ok(())
}

fn line(difference: &StatementDifference) -> String {
    let what = match difference.stmt_rslt.as_str() {
        "101" => "we have more",
        "102" => "they have more",
        _ => "amounts differ",
    };
    let fen = |fen: Option<i64>| fen.map_or_else(|| "nothing".to_owned(), |fen| format!("{fen} fen"));
    let refund = match difference.refund_no.as_str() {
        "" => String::new(),
        number => format!(" refund {number}"),
    };
    format!(
        "{} {what}: order {}{refund}, ours {}, {}'s {}",
        difference.stmt_rslt,
        difference.channel_order_no,
        fen(difference.ours_fen),
        difference.with,
        fen(difference.theirs_fen)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(result: &StatementResult) -> String {
        let mut out = Vec::new();
        tell(result, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_difference_is_a_line_and_says_no() {
        let sum = |lines, amount_fen| Some(StatementSum { lines, amount_fen, fee_fen: 0 });
        let mut result =
            StatementResult { statement_id: "stm_1".into(), booked: sum(2, 900), ..Default::default() };
        assert!(agrees(&result));
        assert!(told(&result).ends_with("statement stm_1: 0 differences\n"));
        result.suspended = sum(1, 40);
        assert!(!agrees(&result), "what nobody can name agrees with nothing");
        result.suspended = None;
        result.differences.push(StatementDifference {
            with: "channel".into(),
            stmt_rslt: "103".into(),
            channel_order_no: "LF1".into(),
            refund_no: "RF1".into(),
            ours_fen: None,
            theirs_fen: Some(-500),
        });
        result.all_differences = 2;
        assert!(!agrees(&result));
        let text = told(&result);
        assert!(
            text.contains("103 amounts differ: order LF1 refund RF1, ours nothing, channel's -500 fen\n"),
            "{text}"
        );
        assert!(text.contains("and 1 more differences\n"));
    }

    fn wrong(request: &Request) -> String {
        body(request).err().unwrap().to_string()
    }

    #[test]
    fn own_books_and_forms_are_read() {
        let folder = std::env::temp_dir().join(liufang_platform::Ids.next("liufang-statements"));
        std::fs::create_dir_all(&folder).unwrap();
        let (file, own) = (folder.join("bill.csv"), folder.join("own.csv"));
        std::fs::write(&file, "\u{feff}bill").unwrap();
        std::fs::write(&own, "channel_order_no,refund_no,amount_fen\nLF1,,1200\nLF1,RF1,-200\n").unwrap();
        let mut request = Request {
            file: Some(file.clone()),
            fetch: false,
            shared: false,
            gateway: String::new(),
            channel: Source::Wechat,
            institution: "P11010500001".into(),
            date: "2026-11-22".into(),
            generic: false,
            own: Some(own.clone()),
        };
        let read = body(&request).unwrap();
        assert!(
            read.format() == StatementFormat::Wechat && read.channel() == Channel::Wechat && read.with_own
        );
        assert_eq!(read.own.iter().map(|row| row.amount_fen).collect::<Vec<_>>(), [1_200, -200]);
        request.channel = Source::BankCard;
        assert!(body(&request).is_err(), "no form of its own");
        request.generic = true;
        assert!(body(&request).unwrap().format() == StatementFormat::Generic);
        std::fs::write(&own, "channel_order_no,refund_no,amount_fen\nLF1,1200\n").unwrap();
        assert!(wrong(&request).ends_with("own.csv:2: three cells"));
        request.own = None;
        std::fs::write(&file, [0xb5, 0xc4]).unwrap();
        assert_eq!(body(&request).unwrap().text, "的");
        std::fs::write(&file, [0xb5, 0xff]).unwrap();
        assert!(wrong(&request).ends_with("bill.csv: is neither UTF-8 nor GBK"));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_channel_without_a_statement_is_no_agreement() {
        let of =
            |state: StatementFetch, result| fetched(FetchStatementResponse { state: state.into(), result });
        let taken = of(StatementFetch::Taken, Some(StatementResult::default())).unwrap();
        assert!(taken.is_some_and(|result| agrees(&result)));
        for state in [
            StatementFetch::NotReady,
            StatementFetch::None,
            StatementFetch::Unsupported,
            StatementFetch::Unspecified,
        ] {
            assert!(of(state, Some(StatementResult::default())).is_err());
        }
    }
}
