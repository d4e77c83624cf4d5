//! A key on a token: `pkcs11-id-*`, `>NEED-STR:`, `>NEED-OK:`.

use anyhow::Result;
use openvpn_mgmt::events::{Event, Password, Realm};

use crate::support::{Connection, Fixture, matchers, not_here};
use lab::{ClientOptions, ServerOptions, Token};

/// A client in its wait for the ID of a certificate, and its server.
async fn wanting_an_id(test: &str) -> Result<Option<(Fixture, Connection, Connection)>> {
    let Some(fixture) = Fixture::serving(test)? else { return Ok(None) };
    let token = match fixture.lab.token("carol") {
        Ok(token) => token,
        Err(error) => {
            not_here(test, &format!("{error:#}"));
            return Ok(None);
        }
    };
    let server = fixture.serving_server(ServerOptions::new().without_client_auth()).await?;
    let options = ClientOptions::to(&server.daemon).without_auth_user_pass();
    let mut client = fixture.client(options.pkcs11(token.module())).await?;
    client.answered("hold off", client.client.hold_off()).await;
    client.release().await;
    id_request(&mut client).await;
    Ok(Some((fixture, server, client)))
}

async fn id_request(client: &mut Connection) {
    let name = client.until("the request for an ID", |event| match event {
        Event::NeedStr(need) => Some(need.name.clone()),
        _ => None,
    });
    assert_eq!(name.await, "pkcs11-id-request");
}

async fn first_id(client: &Connection) -> String {
    let count = client.answered("pkcs11-id-count", client.client.pkcs11_id_count()).await;
    assert_eq!(count.count, 1);
    let entry = client.answered("pkcs11-id-get", client.client.pkcs11_id_get(0)).await;
    assert!(entry.certificate().unwrap().is_some_and(|der| der.starts_with(&[0x30, 0x82])));
    let beyond = client.answered("pkcs11-id-get", client.client.pkcs11_id_get(7)).await;
    assert_eq!((beyond.index, beyond.id), (7, None));
    client.is_in_step().await;
    entry.id.expect("an ID").to_string()
}

#[tokio::test]
async fn a_key_on_a_token_signs() -> Result<()> {
    let Some((_fixture, _server, mut client)) = wanting_an_id("a_key_on_a_token_signs").await?
    else {
        return Ok(());
    };
    let id = first_id(&client).await;
    let text = client.refused("needok", client.client.needok("pkcs11-id-request", true)).await;
    assert!(!text.is_empty());
    client.answered("needstr", client.client.needstr("pkcs11-id-request", id)).await;
    let realm = client.until("the prompt for a PIN", matchers::need_password).await;
    assert_eq!(realm, Realm::Other(format!("{} token", Token::LABEL).into()));
    client.answered("password", client.client.password(realm.as_bytes(), Token::PIN)).await;
    client.connected().await;
    Ok(())
}

#[tokio::test]
async fn a_token_that_is_not_there_is_asked_for() -> Result<()> {
    let test = "a_token_that_is_not_there_is_asked_for";
    let Some((_fixture, _server, mut client)) = wanting_an_id(test).await? else { return Ok(()) };
    let id = first_id(&client).await;
    // The label is the last part but one.
    let mut parts: Vec<&str> = id.split('/').collect();
    let label = parts.len() - 2;
    parts[label] = "another";
    let call = client.client.needstr("pkcs11-id-request", parts.join("/"));
    client.answered("needstr", call).await;
    for answer in ["ok", "ok in words", "cancel"] {
        let name = client.until("the request for the token", |event| match event {
            Event::NeedOk(need) => Some(need.name.clone()),
            Event::Password(Password::NeedPassword { .. }) => panic!("asks for a PIN instead"),
            _ => None,
        });
        assert_eq!(name.await, "token-insertion-request");
        let (api, name) = (client.client.clone(), "token-insertion-request");
        if answer == "ok in words" {
            client.answered("needok in other words", api.needok_with(name, "ok")).await;
        } else {
            client.answered("needok", api.needok(name, answer == "ok")).await;
        }
    }
    Ok(())
}
