//! Calls to the inventory role, as domain types.

use liufang_platform::{PeerFault, Peers};
use liufang_proto::inventory::v1 as pb;
use pb::catalogue_service_client::CatalogueServiceClient;
use tonic::Request;

use crate::domain::notice::Goods;
use crate::domain::rules::Drug;

/// The catalogue rows of these codes; unknown codes are simply not among them.
pub async fn drugs(peers: &Peers, codes: Vec<String>) -> Result<Vec<Drug>, PeerFault> {
    Ok(rows(peers, codes).await?.into_iter().map(drug).collect())
}

/// What hospitals are told of these codes; unknown codes are simply not among them.
pub async fn goods(peers: &Peers, codes: Vec<String>) -> Result<Vec<Goods>, PeerFault> {
    let named = |row: pb::Drug| Goods {
        code: row.med_list_codg,
        generic_name: row.generic_name,
        trade_name: row.trade_name,
        dosage_form: row.dosage_form,
        strength: row.strength,
        approval_no: row.approval_no,
        maker: row.maker,
    };
    Ok(rows(peers, codes).await?.into_iter().map(named).collect())
}

async fn rows(peers: &Peers, codes: Vec<String>) -> Result<Vec<pb::Drug>, PeerFault> {
    let request = pb::BatchGetDrugsRequest { med_list_codgs: codes };
    let mut client = CatalogueServiceClient::new(peers.mesh("inventory"));
    Ok(client.batch_get_drugs(Request::new(request)).await?.into_inner().drugs)
}

fn drug(row: pb::Drug) -> Drug {
    Drug {
        code: row.med_list_codg,
        generic_name: row.generic_name,
        dosage_form: row.dosage_form,
        strength: row.strength,
        maker: row.maker,
        approval_no: row.approval_no,
        units_per_pack: i64::from(row.units_per_pack),
        billing_unit: row.billing_unit,
        controlled: row.controlled,
        storage: row.storage,
        online_forbidden: row.online_forbidden,
        restricted: row.restricted,
        diseases: row.disease_codes,
    }
}
