use liufang_platform::PrincipalKind;
use liufang_proto::identity::v1 as pb;
use sea_orm::{ConnectionTrait, Statement};

use super::town::Town;

/// Every text in every table, as somebody with the database file alone would read it.
async fn texts(town: &Town) -> Vec<(String, String)> {
    let db = town.world.deps.db.read();
    let query = |sql: String| db.query_all_raw(Statement::from_string(db.get_database_backend(), sql));
    let mut found = Vec::new();
    for table in query("SELECT name FROM sqlite_master WHERE type = 'table'".to_owned()).await.unwrap() {
        let table: String = table.try_get("", "name").unwrap();
        for row in query(format!("SELECT * FROM {table}")).await.unwrap() {
            for column in row.column_names() {
                if let Ok(Some(text)) = row.try_get::<Option<String>>("", &column) {
                    found.push((format!("{table}.{column}"), text));
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn the_database_alone_tells_nothing_about_a_person() {
    let town = Town::new().await;
    let (_, patient) = town.registered(&town.resident).await;
    let open = town.start(&town.employee, pb::Purpose::Register).await.unwrap().verification_id;
    town.send(&open).await.unwrap();
    let code = town.call(pb::IssueInsuranceCodeRequest {}, &patient);
    let code = town.persons().issue_insurance_code(code).await.unwrap().into_inner().code;
    let pos = town.token(PrincipalKind::Pos, "P11010500001", "110000");
    let decode = pb::DecodeInsuranceCodeRequest { code: code.clone(), business_type: "02121".to_owned() };
    let present = town.persons().decode_insurance_code(town.call(decode, &pos)).await.unwrap().into_inner();

    let mut secrets = vec![town.provider.code(), code, present.presence_token, "serial-1".to_owned()];
    secrets.extend(["M03900", "高血压", "青霉素"].map(str::to_owned));
    for human in [&town.employee, &town.resident, &town.outsider] {
        secrets.extend([human.name.to_owned(), human.certno.clone(), human.phone.to_owned()]);
    }
    let texts = texts(&town).await;
    assert!(texts.len() > 50);
    for (place, text) in texts {
        let leaked = secrets.iter().any(|secret| text.contains(secret.as_str()));
        assert!(!leaked, "{place} holds personal data or a secret in clear");
    }
}
