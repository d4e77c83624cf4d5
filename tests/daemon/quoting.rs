//! The crate's quoting, held against the daemon's own lexer.

use std::time::Instant;

use anyhow::{Result, bail};
use openvpn_mgmt::command::quote;
use openvpn_mgmt::{Builder, Client, Error, ReplyShape};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use tokio::task::JoinSet;

use crate::support::{idle, open_with};
use lab::Lab;

const TEXTS: usize = 20_000;
const CALLERS: usize = 64;

/// 1 to 256 bytes: any that may be sent, or mostly those a lexer minds.
fn text(random: &mut StdRng) -> Vec<u8> {
    const MINDED: &[u8] = b"\"\"\\\\'#; ab\x80\xff";
    let length = match random.random_range(0..10) {
        0 => 256,
        1..=4 => random.random_range(1..=256),
        _ => random.random_range(1..=24),
    };
    let minded = random.random_bool(0.5);
    let mut byte = || match random.random_range(0x20..=0xfe_u8) {
        0x7f => 0xff,
        _ if minded => *MINDED.choose(random).unwrap(),
        byte => byte,
    };
    (0..length).map(|_| byte()).collect()
}

/// The refusal names the parameter as the daemon's lexer read it.
async fn check(client: &Client, text: &[u8]) -> Result<()> {
    let line = [b"signal ".as_slice(), &quote(text)?].concat();
    let result = client.raw_command(line, ReplyShape::Line).await;
    let Err(Error::Refused { text: said, .. }) = result else { bail!("not refused: {result:?}") };
    let expected = [b"signal '", text, b"' is not a known signal type"].concat();
    assert_eq!(said.as_bytes().escape_ascii().to_string(), expected.escape_ascii().to_string());
    Ok(())
}

#[tokio::test]
async fn twenty_thousand_texts_are_read_back_byte_for_byte() -> Result<()> {
    let name = "twenty_thousand_texts_are_read_back_byte_for_byte";
    let Some(lab) = Lab::or_skip(name)? else { return Ok(()) };
    let daemon = idle(&lab).await?;
    let (client, _) = open_with(&Builder::new().pipeline(CALLERS), daemon.socket()).await?;
    let mut random = StdRng::seed_from_u64(0x0076_706e);
    let texts: Vec<_> = (0..TEXTS).map(|_| text(&mut random)).collect();
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for part in texts.chunks(TEXTS.div_ceil(CALLERS)) {
        let (client, part) = (client.clone(), part.to_vec());
        callers.spawn(async move {
            for text in part {
                check(&client, &text).await?;
            }
            Ok::<(), anyhow::Error>(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    let took = started.elapsed();
    let rate = TEXTS as u128 * 1_000_000 / took.as_micros();
    println!("{TEXTS} parameters in {took:?}: {rate} a second");
    Ok(())
}

#[tokio::test]
async fn an_empty_text_is_a_parameter_too() -> Result<()> {
    let Some(lab) = Lab::or_skip("an_empty_text_is_a_parameter_too")? else { return Ok(()) };
    let daemon = idle(&lab).await?;
    let (client, _) = open_with(&Builder::new(), daemon.socket()).await?;
    check(&client, b"").await
}
