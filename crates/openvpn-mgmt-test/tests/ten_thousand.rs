//! Ten thousand clients of a simulated server come, authenticate in five ways, and leave, against a
//! session of the SDK, in virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use openvpn_mgmt::challenge::{ClientPassword, Crv1};
use openvpn_mgmt::{Client as Handle, ClientRequest, PendingAuth, Request, Requests, attach};
use openvpn_mgmt_test::{Client, FakeDaemon};
use tokio::time::sleep;

const CLIENTS: usize = 10_000;
/// So many come at once.
const WAVE: usize = 100;
/// More than the test binary and its libraries take at rest, in KiB.
const MEMORY: u64 = 200 * 1024;

/// What was decided, by kind.
#[derive(Debug, Default, PartialEq, Eq)]
struct Decided {
    allowed: usize,
    denied: usize,
    challenged: usize,
    pending: usize,
    responses: usize,
    renewed: usize,
}

/// How a client authenticates, by its number.
fn client(number: usize) -> Client {
    let client = Client::new(&format!("user{number}"));
    match number % 5 {
        0 => client,
        1 => client.password("wrong"),
        2 => client.password("challenge me").answers("1234"),
        3 => client.password("ask me").answers("5678"),
        _ => client.static_response("9012"),
    }
}

async fn decide(request: ClientRequest, decided: &mut Decided, kept: &mut Kept) -> Result<()> {
    let password = request.password()?.context("a password")?;
    let text =
        |secret: &openvpn_mgmt::Secret| String::from_utf8_lossy(secret.expose()).into_owned();
    match &password {
        ClientPassword::Plain(password) => match text(password).as_str() {
            "secret" => {
                decided.allowed += 1;
                request.allow().await?;
            }
            "challenge me" => {
                decided.challenged += 1;
                let user = request.username()?.context("a user")?;
                let state = format!("state{}", request.cid().0);
                let challenge = Crv1::new(state, user.to_string(), "the token")?;
                request.challenge(&challenge).await?;
            }
            "ask me" => {
                decided.pending += 1;
                let what = PendingAuth::cr_text("the code", true);
                let cid = request.cid().0;
                kept.insert(cid, request.pending(&what, Duration::from_secs(60)).await?);
            }
            _ => {
                decided.denied += 1;
                request.deny("wrong password", None).await?;
            }
        },
        ClientPassword::Dynamic { response, .. } => {
            ensure!(text(response) == "1234");
            decided.allowed += 1;
            request.allow().await?;
        }
        ClientPassword::Static { password, response } => {
            ensure!(text(password) == "secret" && text(response) == "9012");
            decided.allowed += 1;
            request.allow().await?;
        }
        other => bail!("no password of this test: {other:?}"),
    }
    Ok(())
}

type Kept = HashMap<u64, openvpn_mgmt::PendingClient>;

async fn program(mut requests: Requests) -> Result<Decided> {
    let (mut decided, mut kept) = (Decided::default(), Kept::new());
    while let Some(request) = requests.next().await {
        match request {
            Request::ClientConnect(request) => decide(request, &mut decided, &mut kept).await?,
            Request::ClientReauth(request) => {
                decided.renewed += 1;
                request.allow().await?;
            }
            Request::ClientResponse(response) => {
                ensure!(response.response()?.expose() == b"5678");
                decided.responses += 1;
                kept.remove(&response.request().cid().0);
                response.allow().await?;
            }
            other => bail!("not asked by a server: {other:?}"),
        }
    }
    Ok(decided)
}

/// Has them come, renew their keys and leave, a wave each second.
async fn live(fake: &FakeDaemon, handle: &Handle) -> Result<usize> {
    let mut most = 0;
    for wave in 0..CLIENTS / WAVE {
        let numbers = wave * WAVE..(wave + 1) * WAVE;
        for number in numbers.clone() {
            fake.connects(client(number))?;
        }
        sleep(Duration::from_secs(1)).await;
        most = most.max(fake.with(|daemon| daemon.client_count()));
        for number in numbers.clone().filter(|number| number % 5 == 0) {
            fake.renegotiates(&format!("user{number}"))?;
        }
        sleep(Duration::from_secs(1)).await;
        for number in numbers.filter(|number| number % 5 != 1) {
            fake.leaves(&format!("user{number}"))?;
        }
    }
    // Those that were denied are let go of.
    sleep(Duration::from_secs(10)).await;
    ensure!(handle.nclients().await? == 0);
    Ok(most)
}

/// What this process holds, and the most it held, in KiB.
fn memory(field: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).context("no such field")?;
    Ok(line.trim_start_matches(':').trim().trim_end_matches(" kB").parse()?)
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_clients_come_and_go() -> Result<()> {
    let started = Instant::now();
    let fake = FakeDaemon::v2_6().server();
    let session = attach(fake.connect()?).await?;
    let (handle, events, requests) = session.split();
    drop(events);
    let program = tokio::spawn(program(requests));
    let most = live(&fake, &handle).await?;
    drop(fake);
    let decided = program.await??;
    let fifth = CLIENTS / 5;
    let expected = Decided {
        allowed: 3 * fifth,
        denied: fifth,
        challenged: fifth,
        pending: fifth,
        responses: fifth,
        renewed: fifth,
    };
    assert_eq!(decided, expected);
    assert_eq!(most, WAVE / 5 * 4);
    let (took, held) = (started.elapsed(), memory("VmHWM")?);
    println!("{CLIENTS} clients: {:.1} s, {} MiB at most", took.as_secs_f64(), held / 1024);
    ensure!(held < MEMORY, "{held} KiB");
    Ok(())
}
