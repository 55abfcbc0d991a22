//! A walk through a running installation that changes nothing: an order in dry run, as far as anybody may go without a
//! credential. `helm test` runs it, and so does whoever has just installed.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use hyper_util::rt::TokioIo;
use liufang_platform::mesh::{OutsideTls, parse_targets};
use liufang_proto::identity::v1::{
    AgreementState, GetInstitutionRequest, InstitutionKind, ListInstitutionsRequest,
};
use liufang_proto::inventory::v1::{DrugOffer, SearchDrugsRequest, SearchOffersRequest};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::Endpoint;

use crate::client::{Gateway, Public};

const PATIENCE: Duration = Duration::from_secs(5);

/// Where to look.
pub struct Target<'a> {
    /// `http://host:port` or `https://host:port`.
    pub gateway: &'a str,
    /// Name on the gateway's certificate; empty: the host.
    pub server_name: &'a str,
    /// PEM file of the authority that signed it; empty: the public web's.
    pub ca_file: &'a str,
}

/// Walks from the keys to the price of a basket, telling each step.
///
/// # Errors
/// The first step that did not answer as an installation in good order does.
pub async fn run(target: &Target<'_>, out: &mut impl Write) -> Result<()> {
    let gateway = connect(target).await?;
    let public = Public::new(&gateway);
    let keys = public.get_key_set(Default::default()).await.context("identity: signing keys")?.jwks_json;
    let keys: serde_json::Value = serde_json::from_str(&keys).context("identity: signing keys")?;
    let count = keys["keys"].as_array().map_or(0, Vec::len);
    ensure!(0 < count, "identity publishes no key that verifies access tokens");
    writeln!(out, "identity: {count} published key(s)")?;
    let body = ListInstitutionsRequest { kind: InstitutionKind::Pharmacy.into(), ..Default::default() };
    let shops = public.list_institutions(body).await.context("identity: pharmacies")?.institutions;
    let body = SearchDrugsRequest { only_hi_mark: true, rx_flag: "0".to_owned(), ..Default::default() };
    let drugs = public.search_drugs(body).await.context("inventory: catalogue")?.drugs;
    writeln!(
        out,
        "catalogue: {} pharmacies and {} marked over-the-counter drugs on the first page",
        shops.len(),
        drugs.len()
    )?;
    let (Some(shop), Some(_)) = (shops.iter().find(|shop| shop.location.is_some()), drugs.first()) else {
        return Ok(writeln!(out, "nothing is loaded yet; everything answers")?);
    };
    for drug in drugs.iter().take(20) {
        let body = SearchOffersRequest {
            query: drug.generic_name.clone(),
            near: shop.location,
            radius_m: 50_000,
            region: shop.region.clone(),
            only_hi_mark: true,
            ..Default::default()
        };
        let offers = public.search_offers(body).await.context("inventory: offers")?.offers;
        if let Some(offer) = offers.iter().find(|offer| offer.in_stock) {
            return price(&public, offer, out).await;
        }
    }
    Ok(writeln!(out, "no offer is in stock near {}; everything answers", shop.fixmedins_code)?)
}

async fn connect(target: &Target<'_>) -> Result<Gateway> {
    if !target.gateway.starts_with("https://") {
        return Ok(Gateway::connect(target.gateway).await?);
    }
    let targets = parse_targets(target.gateway).map_err(|mistake| anyhow!("--gateway: {mistake}"))?;
    let [door] = targets.as_slice() else { bail!("--gateway: one address") };
    let (host, port) = (door.host.clone(), door.port);
    let name = if target.server_name.is_empty() { &door.host } else { target.server_name };
    let name = ServerName::try_from(name.to_owned()).with_context(|| format!("--server-name {name}"))?;
    let tls = TlsConnector::from(OutsideTls::load("--ca", target.ca_file)?.client());
    let connector = tower::service_fn(move |_: http::Uri| {
        let (host, name, tls) = (host.clone(), name.clone(), tls.clone());
        async move { tls.connect(name, TcpStream::connect((host, port)).await?).await.map(TokioIo::new) }
    });
    // the scheme would ask for the transport's own TLS
    let endpoint = Endpoint::from_shared(target.gateway.replacen("https", "http", 1))?;
    let channel = endpoint.connect_timeout(PATIENCE).connect_with_connector(connector).await;
    let channel = channel.with_context(|| format!("gateway {}", target.gateway))?;
    Ok(Gateway::over(channel, target.gateway))
}

/// What one pack would cost there, and whether the pharmacy may sell it today.
async fn price(public: &Public, offer: &DrugOffer, out: &mut impl Write) -> Result<()> {
    let body = GetInstitutionRequest { fixmedins_code: offer.fixmedins_code.clone(), ..Default::default() };
    let shop = public.get_institution(body).await.context("identity: the pharmacy")?.institution;
    let shop = shop.context("identity does not know the pharmacy that inventory offers")?;
    ensure!(
        shop.agreement_state() == AgreementState::Active,
        "{} sells without an active agreement",
        offer.fixmedins_code
    );
    let name = offer.drug.as_ref().map(|drug| drug.generic_name.as_str()).unwrap_or_default();
    writeln!(
        out,
        "dry run: one {name} at {} for {} yuan, {} m away",
        offer.fixmedins_code, offer.price, offer.distance_m
    )?;
    Ok(())
}
