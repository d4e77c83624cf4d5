//! Events as values: what is written is read back as the same value, or is refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use openvpn_mgmt::events::{
    ByteCount, ByteCountClient, ChallengeFlags, ClientEvent, Direction, Echo, Env, Event, Fatal,
    Hold, Info, InfoMsg, LogFlags, LogLine, NeedCertificate, NeedOk, NeedStr, Notify, Password,
    PkSign, Pkcs11IdCount, Pkcs11IdEntry, ProxyProtocol, ProxyQuery, Realm, RemotePort,
    RemoteQuery, SaltLength, SecretText, SignAlgorithm, SignCommand, State, StateName,
    StaticChallenge, UpDown, WebAuth, WebAuthFlag, WebAuthProxy,
};
use openvpn_mgmt::{Cid, Kid, Text, WriteError};

use super::{assert_same, events_of};
use crate::input::Input;

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut out = b"before".to_vec();
    // More of them tell nothing new, and take time.
    for _ in 0..8 {
        let event = event(&mut input);
        let _ = (format!("{event} {event:?}"), event.name().map(str::len));
        let start = out.len();
        match event.write(&mut out) {
            Ok(()) => is_read_back(event, &out[start..]),
            // There is nothing here that was withheld.
            Err(WriteError::Withheld { .. }) => panic!("{event:?} is whole"),
            Err(_) => assert_eq!(out.len(), start, "nothing is left of what is refused"),
        }
    }
    assert!(out.starts_with(b"before"));
}

fn is_read_back(event: Event, written: &[u8]) {
    let read = events_of(written);
    assert_eq!(read, [Some(event)], "{}", written.escape_ascii());
    let again = read.into_iter().flatten().map(|event| event.to_bytes().expect("it was written"));
    assert_same(&again.collect::<Vec<_>>().concat(), written, "written twice");
}

fn text(input: &mut Input<'_>) -> Text {
    input.text().into()
}

fn event(input: &mut Input<'_>) -> Event {
    match input.below(25) {
        0 => hold(input),
        1 => Event::Fatal(Fatal::new(text(input))),
        2 => Event::Info(Info::greeting(input.u32())),
        3 => Event::Info(Info::Other(text(input))),
        4 | 5 => state(input),
        6 => Event::ByteCount(ByteCount::new(input.number(), input.number())),
        7 => {
            let cid = Cid(input.number());
            Event::ByteCountClient(ByteCountClient::new(cid, input.number(), input.number()))
        }
        8 => log(input),
        9 => Event::Echo(Echo::new(input.number(), text(input))),
        10..=12 => Event::Password(password(input)),
        13..=15 => Event::Client(client(input)),
        16 | 17 => Event::InfoMsg(info_msg(input)),
        18 => Event::NeedOk(NeedOk::new(text(input), text(input))),
        19 => Event::NeedStr(NeedStr::new(text(input), text(input))),
        20 => other(input),
        21 => Event::PkSign(sign(input)),
        22 => Event::Proxy(proxy(input)),
        23 => remote(input),
        _ => {
            let direction = input.choose(&[Direction::Up, Direction::Down]);
            Event::UpDown(UpDown::new(direction, env(input)))
        }
    }
}

fn hold(input: &mut Input<'_>) -> Event {
    let mut hold = Hold::new(input.u32());
    if let Some(text) = input.option(text) {
        (hold.text, hold.seconds) = (text, input.option(Input::u32));
    }
    Event::Hold(hold)
}

fn log(input: &mut Input<'_>) -> Event {
    let letters = input.text();
    let flags = std::str::from_utf8(&letters).ok().and_then(LogFlags::new).unwrap_or_default();
    Event::Log(LogLine::new(input.number(), flags, text(input)))
}

fn other(input: &mut Input<'_>) -> Event {
    match input.below(4) {
        0 => Event::NeedCertificate(NeedCertificate::new(text(input))),
        1 => {
            let mut notify = Notify::info(text(input), text(input));
            notify.level = input.option(text).unwrap_or(notify.level);
            Event::Notify(notify)
        }
        2 => Event::Pkcs11IdCount(Pkcs11IdCount::new(input.u32())),
        _ => Event::Pkcs11IdEntry(Pkcs11IdEntry::new(input.u32(), text(input), &input.text())),
    }
}

fn state(input: &mut Input<'_>) -> Event {
    let name = match input.below(4) {
        0 => StateName::Connected,
        1 => StateName::Reconnecting,
        2 => StateName::Exiting,
        _ => StateName::Unknown(text(input)),
    };
    let time = input.number();
    if input.flag() {
        return Event::State(State::with_fields(time, name, text(input)));
    }
    let mut builder = State::builder(time, name.clone()).detail(text(input));
    if let Some(ip) = input.option(ipv4) {
        builder = builder.local_ipv4(ip);
    }
    if let Some(ip) = input.option(ipv6) {
        builder = builder.local_ipv6(ip);
    }
    if input.flag() {
        builder = builder.remote(ip(input), input.u16());
    }
    if input.flag() {
        builder = builder.local(ip(input), input.u16());
    }
    Event::State(builder.build().unwrap_or_else(|_| State::new(time, name)))
}

fn ipv4(input: &mut Input<'_>) -> Ipv4Addr {
    Ipv4Addr::from_bits(input.u32())
}

fn ipv6(input: &mut Input<'_>) -> Ipv6Addr {
    Ipv6Addr::from(input.array::<16>().unwrap_or_default())
}

fn ip(input: &mut Input<'_>) -> IpAddr {
    if input.flag() { ipv4(input).into() } else { ipv6(input).into() }
}

fn realm(input: &mut Input<'_>) -> Realm {
    match input.below(3) {
        0 => Realm::Auth,
        1 => Realm::new(text(input)),
        _ => Realm::Other(text(input)),
    }
}

fn password(input: &mut Input<'_>) -> Password {
    let kind = input.below(5);
    let challenge = |input: &mut Input<'_>| {
        input.option(|input| StaticChallenge::new(input.u32(), text(input)))
    };
    match kind {
        0 => Password::need_user_pass(realm(input), challenge(input)),
        1 => Password::need_password(realm(input), challenge(input)),
        2 => Password::need_username(realm(input)),
        3 => Password::verification_failed(realm(input), input.option(text)),
        _ => Password::auth_token(text(input)),
    }
}

fn env(input: &mut Input<'_>) -> Env {
    let lines = input.list(6, |input| (input.below(3), input.text(), input.text()));
    let env =
        lines.into_iter().fold(
            Env::builder().trusted(true),
            |env, (kind, name, value)| match kind {
                0 => env.set(name, value),
                1 => env.set([name.as_slice(), b"_token"].concat(), value),
                _ => env.line(name),
            },
        );
    env.build().unwrap_or_else(|_| Env::builder().trusted(true).build().expect("it is empty"))
}

fn client(input: &mut Input<'_>) -> ClientEvent {
    let kind = input.below(6);
    let cid = Cid(input.number());
    let kid = Kid(input.u32());
    let mut event = match kind {
        0 => ClientEvent::connect(cid, kid, env(input)),
        1 => ClientEvent::reauth(cid, kid, env(input)),
        2 => ClientEvent::established(cid, env(input)),
        3 => ClientEvent::disconnect(cid, env(input)),
        4 => return ClientEvent::cr_response(cid, kid, text(input), env(input)),
        _ => ClientEvent::address(cid, text(input), input.flag()),
    };
    let more = input.option(text).map(SecretText::new);
    match &mut event {
        ClientEvent::Connect { extra, .. }
        | ClientEvent::Reauth { extra, .. }
        | ClientEvent::Established { extra, .. }
        | ClientEvent::Disconnect { extra, .. }
        | ClientEvent::Address { extra, .. } => *extra = more,
        _ => {}
    }
    event
}

fn info_msg(input: &mut Input<'_>) -> InfoMsg {
    match input.below(4) {
        0 => InfoMsg::WebAuth(WebAuth::new(input.list(4, flag), text(input))),
        1 => InfoMsg::OpenUrl(SecretText::new(text(input))),
        2 => InfoMsg::cr_text(ChallengeFlags::new(text(input)), text(input)),
        _ => InfoMsg::Other(text(input)),
    }
}

fn flag(input: &mut Input<'_>) -> WebAuthFlag {
    match input.below(4) {
        0 => WebAuthFlag::Hidden,
        1 => WebAuthFlag::External,
        2 => WebAuthFlag::Unknown(SecretText::new(text(input))),
        _ => {
            let (host, port) = (text(input), input.u16());
            WebAuthFlag::Proxy(WebAuthProxy::new(host, port, text(input), text(input)))
        }
    }
}

fn sign(input: &mut Input<'_>) -> PkSign {
    let command = input.choose(&[SignCommand::PkSig, SignCommand::RsaSig]);
    let mut sign = PkSign::new(command, &input.text());
    sign.algorithm = input.option(algorithm);
    sign.is_message = input.flag();
    if let Some(base64) = input.option(text) {
        sign.base64 = base64;
    }
    sign
}

fn algorithm(input: &mut Input<'_>) -> SignAlgorithm {
    match input.below(7) {
        0 => SignAlgorithm::RsaNoPadding,
        1 => SignAlgorithm::Ed25519,
        2 => SignAlgorithm::Ed448,
        3 => SignAlgorithm::pkcs1(input.option(text)),
        4 => SignAlgorithm::ecdsa(input.option(text)),
        5 => {
            let lengths = [SaltLength::Digest, SaltLength::Max, SaltLength::Auto];
            let length = match input.below(4) {
                3 => SaltLength::Bytes(input.u32()),
                at => lengths[usize::from(at)],
            };
            SignAlgorithm::pss(text(input), length)
        }
        _ => SignAlgorithm::Other(text(input)),
    }
}

fn proxy(input: &mut Input<'_>) -> ProxyQuery {
    let protocol = match input.below(3) {
        0 => ProxyProtocol::Tcp,
        1 => ProxyProtocol::Udp,
        _ => ProxyProtocol::Unknown(text(input)),
    };
    ProxyQuery::new(input.u32(), protocol, text(input))
}

fn remote(input: &mut Input<'_>) -> Event {
    let port = if input.flag() {
        RemotePort::Number(input.u16())
    } else {
        RemotePort::Service(text(input))
    };
    Event::Remote(RemoteQuery::new(text(input), port, text(input)))
}
