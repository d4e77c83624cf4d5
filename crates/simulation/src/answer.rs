//! How the programs of a world answer what they are asked.

use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use openvpn_mgmt::challenge::Crv1;
use openvpn_mgmt::events::Env;
use openvpn_mgmt::{ClientRequest, Error, PendingAuth, Request, Secret};
use tokio::time::Instant;

use crate::heads::Slot;
use crate::ledger::{Asked, Told, mark_text};
use crate::program::environment;
use crate::scenario::Setting;
use crate::world::{Held, Policy, World};

/// How many ways there are to answer.
pub(crate) const WAYS: u32 = 8;

/// What a program does with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Allow,
    Deny,
    Late,
    Hold,
    Drop,
    Challenge,
    Ask,
}

impl Policy {
    /// The way of the answer with this mark.
    pub(crate) fn way(self, mark: usize) -> Way {
        let mixed = u32::try_from(mark % 7).unwrap_or(0);
        match if self.how % WAYS == WAYS - 1 { mixed } else { self.how % WAYS } {
            0 => Way::Allow,
            1 => Way::Deny,
            2 => Way::Late,
            3 => Way::Hold,
            4 => Way::Drop,
            5 => Way::Challenge,
            _ => Way::Ask,
        }
    }
}

/// Takes a request, and has it answered.
pub(crate) fn take(
    world: &Arc<World>,
    daemon: usize,
    conversation: Option<usize>,
    request: Request,
) {
    let Some(program) = world.program(daemon) else { return };
    let policy = program.lock().policy;
    let is_again = request.is_again();
    let asked = match &request {
        Request::ClientConnect(client) | Request::ClientReauth(client) => {
            let asked = client_asked(client);
            let Asked::Client { name, cid, kid } = &asked else { return };
            environment(world, daemon, &asked, client.env());
            world.ledger.lock().gave(daemon, name, *cid, *kid, is_again);
            asked
        }
        Request::ClientResponse(response) => {
            let asked = client_asked(response.request());
            heard(world, daemon, &asked, response.response().ok());
            if !is_again {
                world.ledger.lock().responded(daemon, &asked);
            }
            asked
        }
        other => {
            let Some(slot) = slot(other) else { return };
            world.ledger.lock().prompt_given(daemon, slot);
            Asked::Slot(slot)
        }
    };
    let mark = world.ledger.lock().mark(daemon, conversation, asked);
    match policy.way(mark) {
        Way::Drop => {
            if is_about_client(&request) {
                world.lets_go(daemon, mark);
            }
            drop(request);
        }
        Way::Hold => program.lock().held.push(Held { request, mark }),
        way => {
            let late = if way == Way::Late { policy.after } else { 0 };
            answer(world, daemon, Held { request, mark }, way, late);
        }
    }
}

/// A response is one of the client that it is given as.
pub(crate) fn heard(world: &World, daemon: usize, asked: &Asked, response: Option<Secret>) {
    let Asked::Client { name, .. } = asked else { return };
    let text = response.map(|response| String::from_utf8_lossy(response.expose()).into_owned());
    if text.as_deref().is_some_and(|text| text != name) {
        world.breaks("request", format!("daemon {daemon}: {text:?} as the response of {name}"));
    }
}

/// Goes on with clients whose users were asked, without their responses.
pub(crate) fn resume(world: &Arc<World>, daemon: usize) {
    let Some(program) = world.program(daemon) else { return };
    let pending = std::mem::take(&mut program.lock().pending);
    for client in pending {
        let client = client.resume();
        let mark = world.ledger.lock().mark(daemon, None, client_asked(&client));
        answer(
            world,
            daemon,
            Held { request: Request::ClientConnect(client), mark },
            Way::Allow,
            0,
        );
    }
}

/// Answers a request, in a task of its own.
pub(crate) fn answer(world: &Arc<World>, daemon: usize, held: Held, way: Way, after: u32) {
    let Some(program) = world.program(daemon) else { return };
    let shared = Arc::clone(world);
    let what = format!("the answer {} at {daemon}", held.mark);
    let is_asked_again = matches!(
        held.request,
        Request::ClientConnect(_)
            | Request::ClientReauth(_)
            | Request::Credentials(_)
            | Request::Certificate(_)
            | Request::Sign(_)
    );
    let mut given_up = GivenUp {
        world: Arc::clone(world),
        daemon,
        mark: held.mark,
        is_about_client: is_about_client(&held.request),
        is_due_again: None,
    };
    let task = tokio::spawn(async move {
        if after > 0 {
            tokio::time::sleep(Duration::from_millis(u64::from(after))).await;
        }
        let mark = held.mark;
        let began = Instant::now();
        // From here on it is asked again where nothing was sent.
        given_up.is_due_again(is_asked_again);
        let told = send(&shared, daemon, held, way).await;
        crate::call::odd::look_at_time(&shared, daemon, 0, began);
        shared.note(|| format!("{daemon} answer {mark}: {told:?}"));
        let is_odd =
            matches!(&told, Some(Told::Unknown(error)) if error.contains("the daemon answered"));
        if is_odd && !shared.was_silent(daemon) && !shared.is_odd(daemon) {
            shared.breaks("reply", format!("daemon {daemon}: answer {mark}: {told:?}"));
        }
        if told.as_ref().is_some_and(Told::is_stale) {
            look_for_reason(&shared, daemon, mark);
        }
        let is_settled = !told.as_ref().is_some_and(Told::is_due_again);
        given_up.is_due_again(!is_settled);
        if let (Some(told), Some(mark)) = (told, shared.ledger.lock().marks.get_mut(mark)) {
            mark.told = Some(told);
        }
    });
    program.answers(what, task);
}

fn is_about_client(request: &Request) -> bool {
    matches!(request, Request::ClientConnect(_) | Request::ClientReauth(_))
}

/// An answer that is over, or that somebody has given up.
struct GivenUp {
    world: Arc<World>,
    daemon: usize,
    mark: usize,
    is_about_client: bool,
    /// Whether its request comes again where nothing was sent; nobody has begun to answer it without.
    is_due_again: Option<bool>,
}

impl GivenUp {
    fn is_due_again(&mut self, is_due_again: bool) {
        self.is_due_again = Some(is_due_again);
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        if self.is_due_again == Some(true) {
            if let Some(mark) = self.world.ledger.lock().marks.get_mut(self.mark) {
                mark.is_due_again = mark.written == 0;
            }
        } else if self.is_about_client && self.is_due_again.is_none() {
            self.world.lets_go(self.daemon, self.mark);
        }
    }
}

/// What was told by a result.
pub(crate) fn told<T>(result: &Result<T, Error>) -> Told {
    match result {
        Ok(_) => Told::Taken,
        Err(Error::Refused { text, .. }) => Told::Refused(text.to_string()),
        Err(
            error @ (Error::Stale { .. }
            | Error::InvalidArgument { .. }
            | Error::Unsupported { .. }
            | Error::Timeout { sent: false, .. }),
        ) => Told::Unsent(error.to_string()),
        Err(error) => Told::Unknown(error.to_string()),
    }
}

/// Looks why an answer is stale: what it answers is over, or somebody else has answered.
pub(crate) fn look_for_reason(world: &World, daemon: usize, mark: usize) {
    let Some(program) = world.program(daemon) else { return };
    if program.lock().client.as_ref().is_none_or(openvpn_mgmt::Client::is_closed) {
        return;
    }
    let mut ledger = world.ledger.lock();
    let plan = world.scenario.daemons.get(daemon);
    let denies = plan.is_some_and(|plan| plan.has(Setting::Denies).is_some());
    // Whoever has the response is too late where the request that asked for it is denied.
    let is_explained = ledger.has_reason(mark) || denies && ledger.has_failed_beside(mark);
    if !is_explained {
        ledger.breaks(
            "told",
            format!("daemon {daemon}: answer {mark} is stale, and nothing says why"),
        );
    }
}

async fn send(
    world: &World,
    daemon: usize,
    Held { request, mark }: Held,
    way: Way,
) -> Option<Told> {
    let text = mark_text(mark);
    let bytes = encoded(mark, 0);
    match request {
        Request::ClientConnect(client) | Request::ClientReauth(client) => {
            decide(world, daemon, client, mark, way).await
        }
        Request::ClientResponse(response) => {
            admits(world, mark);
            Some(told(&response.allow_with([config(mark)]).await))
        }
        Request::Hold(hold) => {
            // Without a mark on the wire.
            drop(hold.release().await);
            None
        }
        Request::Credentials(ask) => Some(told(&match ask.challenge() {
            Some(challenge) if challenge.username().is_some() => ask.respond(text).await,
            Some(_) => ask.answer_with_response("user", bytes, "1234").await,
            None => ask.answer("user", text).await,
        })),
        Request::Certificate(ask) => {
            let pem =
                format!("-----BEGIN CERTIFICATE-----\n{text}AAAA\n-----END CERTIFICATE-----\n");
            Some(told(&ask.answer(&pem).await))
        }
        Request::Sign(ask) => Some(told(&ask.answer(encoded(mark, 120)).await)),
        Request::Challenge(ask) => Some(told(&ask.answer(bytes).await)),
        other => {
            drop(other.decline().await);
            None
        }
    }
}

fn admits(world: &World, mark: usize) {
    if let Some(mark) = world.ledger.lock().marks.get_mut(mark) {
        mark.admits = true;
    }
}

async fn decide(
    world: &World,
    daemon: usize,
    client: ClientRequest,
    mark: usize,
    way: Way,
) -> Option<Told> {
    let text = mark_text(mark);
    match way {
        Way::Deny => Some(told(&client.deny(text, Some("not now")).await)),
        Way::Challenge => {
            let user = name_in(client.env());
            let challenge = Crv1::new(text, user, "token").ok()?;
            Some(told(&client.challenge(&challenge).await))
        }
        Way::Ask => {
            {
                let mut ledger = world.ledger.lock();
                ledger.challenges(daemon, client_asked(&client));
                if let Some(mark) = ledger.marks.get_mut(mark) {
                    mark.asks = true;
                }
            }
            let what = PendingAuth::cr_text(text, true);
            let pending = client.pending(&what, Duration::from_secs(60)).await;
            let told = told(&pending);
            if let (Ok(pending), Some(program)) = (pending, world.program(daemon)) {
                program.lock().pending.push(pending);
            }
            // Its mark is sent again with another command where it is answered.
            Some(told)
        }
        _ => {
            admits(world, mark);
            Some(told(&client.allow_with([config(mark)]).await))
        }
    }
}

/// A line for the client, with the mark.
pub(crate) fn config(mark: usize) -> String {
    format!("push \"echo {}\"", mark_text(mark))
}

/// Bytes that are the mark in base64, with so many letters at least.
pub(crate) fn encoded(mark: usize, least: usize) -> Vec<u8> {
    let mut text = mark_text(mark);
    while text.len() < least || text.len() % 4 > 0 {
        text.push('A');
    }
    Base64::decode_vec(&text).unwrap_or_default()
}

fn slot(request: &Request) -> Option<Slot> {
    Some(match request {
        Request::Hold(_) => Slot::Hold,
        Request::Credentials(_) | Request::PrivateKeyPassword(_) | Request::Username(_) => {
            Slot::Credentials
        }
        Request::NeedOk(_) | Request::NeedStr(_) => Slot::Need,
        Request::Certificate(_) => Slot::Certificate,
        Request::Sign(_) => Slot::Sign,
        Request::Challenge(_) => Slot::Challenge,
        _ => return None,
    })
}

/// The user name of a block, vouched for or not.
pub(crate) fn name_in(env: &Env) -> String {
    env.get("username").map(|name| name.to_string()).unwrap_or_default()
}

pub(crate) fn client_asked(client: &ClientRequest) -> Asked {
    let name = name_in(client.env());
    Asked::Client { cid: client.cid().0, kid: u64::from(client.kid().0), name }
}
