//! Which certificate of a PKCS#11 token to use, and whether a token is there.

use anyhow::{Context as _, Result, bail};
use openvpn_mgmt::{Client, NeedOkRequest, NeedStrRequest, Request, Secret, Text};
use program_common::screen::show;

use crate::person::Person;

/// Answers what a `CredentialsProvider` does not.
pub(crate) async fn answer(request: Request, client: Client, person: Person) {
    let result = match request {
        Request::NeedStr(ask) if *ask.name() == "pkcs11-id-request" => {
            choose(ask, &client, &person).await
        }
        Request::NeedOk(ask) => confirm(ask, &person).await,
        other => other.decline().await.context("cannot decline what the daemon asks"),
    };
    if let Err(error) = result {
        person.fail(error);
    }
}

/// `needstr pkcs11-id-request ID`
async fn choose(ask: NeedStrRequest, client: &Client, person: &Person) -> Result<()> {
    let mut ids = Vec::new();
    for index in 0..client.pkcs11_id_count().await?.count {
        ids.extend(client.pkcs11_id_get(index).await?.id);
    }
    for (number, id) in ids.iter().enumerate() {
        show(format!("certificate {number}: {id}"));
    }
    let id = match ids.as_slice() {
        [] => bail!("no token holds a certificate"),
        [only] => only,
        several => pick(several, person).await?,
    };
    Ok(ask.answer(Secret::from(id.as_bytes())).await?)
}

async fn pick<'a>(ids: &'a [Text], person: &Person) -> Result<&'a Text> {
    loop {
        let number = ask(person, "Number of the certificate", true).await?;
        let number = number.expose_str().and_then(|number| number.trim().parse::<usize>().ok());
        match number.and_then(|number| ids.get(number)) {
            Some(id) => return Ok(id),
            None => show(format!("a number from 0 to {}", ids.len().saturating_sub(1))),
        }
    }
}

/// `needok NAME ok`, once the token is in.
async fn confirm(need: NeedOkRequest, person: &Person) -> Result<()> {
    let question = format!("{} (y/n)", need.message());
    let answer = ask(person, &question, true).await?;
    if matches!(answer.expose(), b"y" | b"yes" | b"Y") {
        need.ok().await?;
    } else {
        need.cancel().await?;
    }
    Ok(())
}

async fn ask(person: &Person, question: &str, echo: bool) -> Result<Secret> {
    person.ask(question, echo).await.map_err(anyhow::Error::from_boxed)
}
