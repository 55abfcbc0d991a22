//! The contract of a verification provider (`proto/liufang/hooks/v1/verification.proto`), tried from outside.
//!
//! A provider's test system has to know a person for every outcome. The sandbox's numbers are the defaults
//! (`services/sandbox/README.md`); a provider names its own with the options.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use liufang_platform::config::Config;
use liufang_platform::outgoing::keyed;
use liufang_platform::{Ids, Mesh};
use liufang_proto::hooks::v1 as pb;
use pb::CheckOutcome::{Fail, NoAnswer, Pass, Pending};
use pb::verification_hook_client::VerificationHookClient;
use tonic::{Request, Status};

use super::{Tally, Target, failed, patiently};

/// An answer that takes longer than this is none: identity no longer waits for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the provider is, and its test persons.
#[derive(Args, Clone)]
pub struct Options {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    numbers: Numbers,
}

/// Test persons of a provider.
#[derive(Args, Clone)]
pub struct Numbers {
    /// Name of every test person.
    #[arg(long, default_value = "测试甲")]
    name: String,
    /// ID number the registry confirms.
    #[arg(long, default_value = "130302199001010016")]
    certno_pass: String,
    /// ID number the registry does not confirm.
    #[arg(long, default_value = "130302199001019918")]
    certno_fail: String,
    /// ID number the registry says nothing about.
    #[arg(long, default_value = "130302199001019926")]
    certno_silent: String,
    /// ID number the registry confirms, but not at once: it is asked again. Empty where a provider never answers PENDING.
    #[arg(long, default_value = "130302199001019942")]
    certno_late: String,
    /// How long the late answer may take, in seconds.
    #[arg(long, default_value_t = 30)]
    late_seconds: u64,
    /// Phone the carrier confirms, and that gets messages.
    #[arg(long, default_value = "19900000001")]
    phone_pass: String,
    /// Phone the carrier does not confirm.
    #[arg(long, default_value = "19911110001")]
    phone_carrier_fail: String,
    /// Phone the carrier says nothing about.
    #[arg(long, default_value = "19911110002")]
    phone_carrier_silent: String,
    /// Phone that takes no messages.
    #[arg(long, default_value = "19911111001")]
    phone_message_fail: String,
    /// Phone nobody knows of whether a message arrives.
    #[arg(long, default_value = "19911111002")]
    phone_message_silent: String,
    /// Capture of the person's live face.
    #[arg(long, default_value = "face-pass")]
    capture_pass: String,
    /// Capture of another face.
    #[arg(long, default_value = "face-fail")]
    capture_fail: String,
    /// Capture the source says nothing about.
    #[arg(long, default_value = "face-no-answer")]
    capture_silent: String,
}

/// Runs the kit at an address.
///
/// # Errors
/// The address cannot be used, or `out` cannot be written.
pub async fn at(config: &Config, options: &Options, out: &mut impl Write) -> Result<bool> {
    let mesh = options.target.mesh(config, "identity", "verification")?;
    run(mesh, &options.numbers, out).await
}

/// Runs the kit over a connection. Answers whether every promise was kept.
///
/// # Errors
/// `out` cannot be written.
pub async fn run(mesh: Mesh, numbers: &Numbers, out: &mut impl Write) -> Result<bool> {
    let kit = Kit { client: VerificationHookClient::new(mesh), numbers, tally: Tally::default() };
    kit.run(out).await
}

/// What a provider said, as identity hears it: silence, failure and lateness are no answer.
type Heard = Result<(pb::CheckOutcome, String), Status>;

struct Kit<'a> {
    client: VerificationHookClient<Mesh>,
    numbers: &'a Numbers,
    tally: Tally,
}

impl Kit<'_> {
    async fn run(mut self, out: &mut impl Write) -> Result<bool> {
        let own = self.numbers;
        for (certno, expected) in
            [(&own.certno_pass, Pass), (&own.certno_fail, Fail), (&own.certno_silent, NoAnswer)]
        {
            let heard = self.identity(&own.name, certno).await;
            self.expect(out, "registry", expected, &heard)?;
        }
        for (phone, expected) in
            [(&own.phone_pass, Pass), (&own.phone_carrier_fail, Fail), (&own.phone_carrier_silent, NoAnswer)]
        {
            let heard = self.carrier(&own.certno_pass, phone).await;
            self.expect(out, "carrier", expected, &heard)?;
        }
        for (phone, expected) in
            [(&own.phone_pass, Pass), (&own.phone_message_fail, Fail), (&own.phone_message_silent, NoAnswer)]
        {
            let heard = self.message(phone, &Ids.next("sms")).await;
            self.expect(out, "message", expected, &heard)?;
        }
        let id = Ids.next("sms");
        let twice = [self.message(&own.phone_pass, &id).await, self.message(&own.phone_pass, &id).await];
        let same = twice.iter().all(|heard| outcome(heard) == Pass);
        self.note(out, "a message repeated under its request id is answered as before", same, &twice[1])?;
        self.faces(out).await?;
        self.late(out).await?;
        self.empty(out).await?;
        self.tally.end(out)
    }

    async fn faces(&mut self, out: &mut impl Write) -> Result<()> {
        let own = self.numbers;
        for (capture, expected) in
            [(&own.capture_pass, Pass), (&own.capture_fail, Fail), (&own.capture_silent, NoAnswer)]
        {
            let heard = self.face(capture).await;
            self.expect(out, "face", expected, &heard)?;
            let serial = heard.as_ref().map_or("", |(_, serial)| serial);
            let fits = serial.is_empty() == (expected != Pass);
            self.note(out, "a serial comes with a pass and with nothing else", fits, &heard)?;
        }
        let serials = [self.face(&own.capture_pass).await, self.face(&own.capture_pass).await];
        let differ = match &serials {
            [Ok((_, one)), Ok((_, other))] => one != other,
            _ => false,
        };
        self.note(out, "every face pass has a serial of its own", differ, &serials[1])?;
        let unknown = self.face(&Ids.next("unknown-capture")).await;
        self.note(out, "an unknown capture does not pass", outcome(&unknown) != Pass, &unknown)
    }

    async fn late(&mut self, out: &mut impl Write) -> Result<()> {
        let own = self.numbers;
        if own.certno_late.is_empty() {
            return Ok(());
        }
        let id = Ids.next("chk");
        let heard = self.identity_as(&own.name, &own.certno_late, &id).await;
        self.expect(out, "registry, late", Pending, &heard)?;
        let until = tokio::time::Instant::now() + Duration::from_secs(own.late_seconds);
        let mut heard = self.query(&id).await;
        while outcome(&heard) == Pending && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(200)).await;
            heard = self.query(&id).await;
        }
        self.expect(out, "registry, asked again", Pass, &heard)?;
        let again = self.query(&id).await;
        self.note(out, "an end is told again as it was", outcome(&again) == Pass, &again)?;
        let unknown = self.query(&Ids.next("chk")).await;
        let kept = matches!(&unknown, Err(status) if status.code() == tonic::Code::NotFound);
        self.note(out, "a check that was never asked is NOT_FOUND", kept, &unknown)
    }

    async fn empty(&mut self, out: &mut impl Write) -> Result<()> {
        let own = self.numbers;
        let heard = [
            ("registry without a name", self.identity("", &own.certno_pass).await),
            ("registry without a number", self.identity(&own.name, "").await),
            ("carrier without a phone", self.carrier(&own.certno_pass, "").await),
            ("message without a phone", self.message("", &Ids.next("sms")).await),
            ("face without a capture", self.face("").await),
        ];
        for (case, heard) in heard {
            self.note(out, &format!("{case} does not pass"), outcome(&heard) != Pass, &heard)?;
        }
        Ok(())
    }

    fn expect(
        &mut self,
        out: &mut impl Write,
        check: &str,
        expected: pb::CheckOutcome,
        heard: &Heard,
    ) -> Result<()> {
        let case = format!("{check}: {}", word(expected));
        self.note(out, &case, outcome(heard) == expected, heard)
    }

    fn note(&mut self, out: &mut impl Write, case: &str, kept: bool, heard: &Heard) -> Result<()> {
        let seen = match heard {
            Ok((outcome, _)) => word(*outcome).to_owned(),
            Err(status) => failed(status),
        };
        self.tally.note(out, case, if kept { Ok(()) } else { Err(seen) })
    }

    async fn identity(&self, name: &str, certno: &str) -> Heard {
        self.identity_as(name, certno, &Ids.next("chk")).await
    }

    async fn query(&self, request_id: &str) -> Heard {
        let request = pb::QueryCheckRequest { request_id: request_id.to_owned() };
        let mut client = self.client.clone();
        let answer = patiently(PATIENCE, client.query_check(Request::new(request))).await?;
        Ok((answer.outcome(), answer.proof_serial))
    }

    async fn identity_as(&self, name: &str, certno: &str, request_id: &str) -> Heard {
        let request = pb::CheckIdentityRequest {
            psn_cert_type: "01".to_owned(),
            psn_name: name.to_owned(),
            certno: certno.to_owned(),
            request_id: request_id.to_owned(),
        };
        let mut client = self.client.clone();
        let answer = patiently(PATIENCE, client.check_identity(Request::new(request))).await?;
        Ok((answer.outcome(), String::new()))
    }

    async fn carrier(&self, certno: &str, phone: &str) -> Heard {
        let request = pb::CheckCarrierRequest {
            psn_cert_type: "01".to_owned(),
            psn_name: self.numbers.name.clone(),
            certno: certno.to_owned(),
            phone: phone.to_owned(),
            request_id: Ids.next("chk"),
        };
        let mut client = self.client.clone();
        let answer = patiently(PATIENCE, client.check_carrier(Request::new(request))).await?;
        Ok((answer.outcome(), String::new()))
    }

    async fn message(&self, phone: &str, request_id: &str) -> Heard {
        let request = pb::SendMessageRequest {
            phone: phone.to_owned(),
            text: "【流方】验证码 000000，测试".to_owned(),
            request_id: request_id.to_owned(),
        };
        let mut client = self.client.clone();
        let answer = patiently(PATIENCE, client.send_message(keyed(request, request_id))).await?;
        Ok((answer.outcome(), String::new()))
    }

    async fn face(&self, capture: &str) -> Heard {
        let request = pb::CheckFaceRequest {
            psn_cert_type: "01".to_owned(),
            psn_name: self.numbers.name.clone(),
            certno: self.numbers.certno_pass.clone(),
            capture_ref: capture.to_owned(),
            request_id: Ids.next("chk"),
        };
        let mut client = self.client.clone();
        let answer = patiently(PATIENCE, client.check_face(Request::new(request))).await?;
        Ok((answer.outcome(), answer.proof_serial))
    }
}

/// A call that fails is no answer, unless the provider refused the request itself: that is a verdict of its own kind.
fn outcome(heard: &Heard) -> pb::CheckOutcome {
    match heard {
        Ok((outcome, _)) => *outcome,
        Err(status) if status.code() == tonic::Code::InvalidArgument => pb::CheckOutcome::Unspecified,
        Err(_) => NoAnswer,
    }
}

fn word(outcome: pb::CheckOutcome) -> &'static str {
    outcome.as_str_name().trim_start_matches("CHECK_OUTCOME_")
}

#[cfg(test)]
mod tests;
