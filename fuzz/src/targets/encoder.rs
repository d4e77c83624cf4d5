//! The commands: a daemon's lexer, written anew, reads what was meant, or nothing was encoded.

use std::time::Duration;

use openvpn_mgmt::command::{
    Certificate, ClientAuth, ClientDeny, ClientKill, ClientPendingAuth, ClientPf, Command,
    CrResponse, NeedOk, NeedStr, Password, PkSig, ProxyAction, PushUpdate, RawCommand,
    RemoteAction, Username, quote,
};
use openvpn_mgmt::server::Server;
use openvpn_mgmt::{Cid, Dialect, Error, Kid, KillTarget, PeerConfig, ReplyShape};

use super::assert_same;
use crate::daemon;
use crate::input::Input;

const DIALECTS: [Dialect; 7] = [
    Dialect::openvpn(2, 4, 12),
    Dialect::openvpn(2, 5, 1),
    Dialect::openvpn(2, 6, 0),
    Dialect::openvpn(2, 6, 14),
    Dialect::openvpn(2, 6, 14).with_pkcs11(false),
    Dialect::openvpn(2, 7, 8),
    Dialect::openvpn(2, 7, 8).with_announced(5),
];

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    // More of them tell nothing new, and take time.
    for _ in 0..8 {
        let dialect = input.choose(&DIALECTS);
        command(&mut input, dialect);
    }
}

/// What a daemon is to read: the parameters behind the name, in words of the wire, and the lines of a block.
#[derive(Default)]
struct Meant {
    parameters: Vec<Vec<u8>>,
    block: Option<Vec<Vec<u8>>>,
}

impl Meant {
    fn line(parameters: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let parameters = parameters.into_iter().map(|one| one.as_ref().to_vec()).collect();
        Self { parameters, block: None }
    }

    fn with_block(self, lines: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let block = lines.into_iter().map(|one| one.as_ref().to_vec()).collect();
        Self { block: Some(block), ..self }
    }
}

fn command(input: &mut Input<'_>, dialect: Dialect) {
    let cid = Cid(input.number());
    let kid = Kid(input.u32());
    match input.below(16) {
        0 => quoted(&input.text()),
        1 => raw(&input.text(), dialect),
        2 => {
            let (kind, name) = (input.text(), input.text());
            let username = Username::new(&kind, name.clone());
            check(&username, dialect, "username", &Meant::line([kind, name]));
        }
        3 => password(input, dialect),
        4 => {
            let (name, answer) = (input.text(), input.text());
            let needok = NeedOk::with(&name, &answer);
            check(&needok, dialect, "needok", &Meant::line([name, answer]));
        }
        5 => {
            let (name, answer) = (input.text(), input.text());
            let needstr = NeedStr::new(&name, answer.clone());
            check(&needstr, dialect, "needstr", &Meant::line([name, answer]));
        }
        6 => deny(input, dialect, cid, kid),
        7 => {
            let message = input.option(Input::text);
            let kill = ClientKill::new(cid);
            let mut meant = Meant::line([cid.to_string()]);
            meant.parameters.extend(message.clone());
            let kill = message.map_or(kill.clone(), |message| kill.message(message));
            check(&kill, dialect, "client-kill", &meant);
        }
        8 => {
            let options = input.text();
            let update = PushUpdate::cid(cid, &options);
            let meant = Meant::line([cid.to_string().into_bytes(), options.clone()]);
            check(&update, dialect, "push-update-cid", &meant);
            check(
                &PushUpdate::broad(&options),
                dialect,
                "push-update-broad",
                &Meant::line([options]),
            );
        }
        9 => client_auth(input, dialect, cid, kid),
        10 => {
            let filter = input.list(4, Input::text);
            let meant = Meant::line([cid.to_string()]).with_block(&filter);
            check(&ClientPf::new(cid, &filter), dialect, "client-pf", &meant);
        }
        11 => names(input, dialect),
        12 => {
            let text = input.text();
            let response = CrResponse::new(text.clone());
            check(&response, dialect, "cr-response", &Meant::line([base64(&text)]));
        }
        13 => {
            let text = input.text();
            let encoded = base64(&text);
            let block = encoded.chunks(64);
            check(&PkSig::new(text), dialect, "pk-sig", &Meant::default().with_block(block));
        }
        14 => certificate(input, dialect),
        _ => pending(input, dialect, cid, kid),
    }
}

/// A text is one parameter, and only what a daemon would take otherwise is refused.
fn quoted(text: &[u8]) {
    let is_good = text.len() <= 256 && !text.iter().any(u8::is_ascii_control);
    let quoted = quote(text);
    assert_eq!(quoted.is_ok(), is_good, "{}", text.escape_ascii());
    if let Ok(quoted) = quoted {
        let read = daemon::read(&quoted);
        assert!(read.refusal.is_none() && read.is_whole, "{}", quoted.escape_ascii());
        assert_eq!(read.parameters, [text]);
    }
}

fn raw(line: &[u8], dialect: Dialect) {
    let Ok(encoded) = RawCommand::new(line, ReplyShape::Line).encode(dialect) else { return };
    assert_same(encoded.as_bytes(), &[line, b"\n"].concat(), "a raw line");
    let read = read_alone(encoded.as_bytes());
    let [read] = read.as_slice() else { panic!("{}", line.escape_ascii()) };
    let read = daemon::read(read);
    assert!(read.refusal.is_none() && read.is_whole, "{}", line.escape_ascii());
    // It begins no block and ends no session.
    let name = read.parameters.first().expect("it is not blank").as_slice();
    let ends: [&[u8]; 7] =
        [b"quit", b"exit", b"client-auth", b"client-pf", b"pk-sig", b"rsa-sig", b"certificate"];
    assert!(!ends.contains(&name), "{}", line.escape_ascii());
    assert!(name != b"password" || read.parameters.len() != 2, "{}", line.escape_ascii());
}

fn password(input: &mut Input<'_>, dialect: Dialect) {
    let (kind, password) = (input.text(), input.text());
    let command = Password::new(&kind, password.clone());
    let meant = if password.len() > 256 {
        Meant::line([&kind]).with_block(base64(&password).chunks(64))
    } else {
        Meant::line([&kind, &password])
    };
    check(&command, dialect, "password", &meant);
}

fn deny(input: &mut Input<'_>, dialect: Dialect, cid: Cid, kid: Kid) {
    let (reason, more) = (input.text(), input.option(Input::text));
    let mut meant = Meant::line([cid.to_string(), kid.to_string()]);
    meant.parameters.push(reason.clone());
    meant.parameters.extend(more.clone());
    let deny = ClientDeny::new(cid, kid, reason);
    let deny = more.map_or(deny.clone(), |more| deny.client_reason(more));
    check(&deny, dialect, "client-deny", &meant);
}

fn client_auth(input: &mut Input<'_>, dialect: Dialect, cid: Cid, kid: Kid) {
    let mut config = PeerConfig::new();
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for (kind, text) in input.list(4, |input| (input.below(3), input.text())) {
        let made = match kind {
            0 => config.clone().push(&text),
            1 => config.clone().directive(&text),
            _ => config.clone().directive_unchecked(&text),
        };
        let Ok(made) = made else { continue };
        let line = made.lines().last().expect("it was added").to_vec();
        // The daemon reads each as a line of a configuration.
        let read = daemon::read(&line);
        let shown = line.escape_ascii();
        assert!(line.len() <= 255 && read.refusal.is_none() && read.is_whole, "{shown}");
        if kind == 0 {
            assert_eq!(read.parameters, [b"push".as_slice(), &text], "{shown}");
            assert!(!text.contains(&b','), "{shown}");
        }
        lines.push(line);
        config = made;
    }
    let auth = ClientAuth::new(cid, kid, config).expect("each line was checked");
    let meant = Meant::line([cid.to_string(), kid.to_string()]).with_block(lines);
    check(&auth, dialect, "client-auth", &meant);
}

fn names(input: &mut Input<'_>, dialect: Dialect) {
    let Ok(name) = String::from_utf8(input.text()) else { return };
    let port = input.u16();
    let number = port.to_string();
    let kill = KillTarget::CommonName(name.clone());
    check(&kill, dialect, "kill", &Meant::line([&name]));
    let remote = RemoteAction::Modify { host: name.clone(), port };
    check(&remote, dialect, "remote", &Meant::line(["MOD", &name, &number]));
    let socks = ProxyAction::Socks { host: name.clone(), port };
    check(&socks, dialect, "proxy", &Meant::line(["SOCKS", &name, &number]));
    let http = ProxyAction::Http { host: name.clone(), port, no_clear_text: true };
    check(&http, dialect, "proxy", &Meant::line(["HTTP", &name, &number, "nct"]));
}

fn certificate(input: &mut Input<'_>, dialect: Dialect) {
    let Ok(pem) = String::from_utf8(input.text()) else { return };
    let pem = if input.flag() { pem } else { format!("-----BEGIN CERTIFICATE-----\n{pem}") };
    let lines = pem.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let meant = Meant::default().with_block(lines);
    check(&Certificate::new(pem.clone()), dialect, "certificate", &meant);
}

fn pending(input: &mut Input<'_>, dialect: Dialect, cid: Cid, kid: Kid) {
    let (extra, seconds) = (input.text(), input.u32());
    let command = ClientPendingAuth::new(cid, kid, &extra, Duration::from_secs(seconds.into()));
    let (cid, kid, seconds) = (cid.to_string(), kid.to_string(), seconds.to_string());
    let all = [cid.as_bytes(), kid.as_bytes(), extra.as_slice(), seconds.as_bytes()];
    let meant = match DIALECTS.iter().position(|known| *known == dialect) {
        Some(0 | 1) => Meant::line([all[0], all[2]]),
        Some(2) => Meant::line([all[0], all[2], all[3]]),
        _ => Meant::line(all),
    };
    check(&command, dialect, "client-pending-auth", &meant);
}

/// The lines that the daemon reads, where nothing else comes with them.
fn read_alone(written: &[u8]) -> Vec<Vec<u8>> {
    let lines = daemon::lines(written);
    let ends = written.split(|byte| *byte == b'\n').count() - 1;
    assert_eq!(lines.len(), ends, "{}", written.escape_ascii());
    assert!(written.ends_with(b"\n"), "{}", written.escape_ascii());
    lines
}

fn check<C: Command>(command: &C, dialect: Dialect, name: &str, meant: &Meant) {
    let _ = format!("{command:?}");
    let encoded = match command.encode(dialect) {
        Ok(encoded) => encoded,
        Err(Error::InvalidArgument { .. } | Error::Unsupported { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(encoded.name(), name);
    let shown = encoded.as_bytes().escape_ascii();
    let mut lines = read_alone(encoded.as_bytes()).into_iter();
    let read = daemon::read(&lines.next().expect("there is a line"));
    assert!(read.refusal.is_none() && read.is_whole, "{shown}: {read:?}");
    let (own, parameters) = read.parameters.split_first().expect("it has a name");
    assert_same(own, name.as_bytes(), "the name");
    assert_eq!(parameters, meant.parameters, "{shown}");
    match &meant.block {
        None => assert_eq!(lines.next(), None, "{shown}"),
        Some(block) => {
            let mut lines: Vec<_> = lines.collect();
            assert_eq!(lines.pop().as_deref(), Some(&b"END"[..]), "{shown}");
            assert_eq!(&lines, block, "{shown}");
            assert!(lines.iter().all(|line| line != b"END"), "{shown}");
        }
    }
    is_read_by_server(encoded.as_bytes(), dialect);
}

/// The side of a server reads one command, and writes it as it came.
fn is_read_by_server(written: &[u8], dialect: Dialect) {
    // A signature that is written may be longer than what is read by default.
    let mut server = Server::new(dialect).with_block_limit(1 << 24);
    let mut blocks = server.blocks().clone();
    blocks.client_pf(true).signature(true).certificate(true);
    let kind = daemon::read(&daemon::lines(written)[0]).parameters.into_iter().nth(1);
    *server.blocks() = blocks.password(kind).clone();
    server.receive(written);
    let received = server.next().unwrap_or_else(|| panic!("{}", written.escape_ascii()));
    assert!(server.next().is_none() && server.open_block().is_none(), "{}", written.escape_ascii());
    match received.command().encode(dialect) {
        Some(Ok(again)) => assert_same(again.as_bytes(), written, "written again"),
        other => panic!("{}: {other:?} of {received:?}", written.escape_ascii()),
    }
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - three.len()));
        for at in 0..4 {
            let letter = LETTERS[bits >> (18 - 6 * at) & 63];
            text.push(if at <= three.len() { letter } else { b'=' });
        }
    }
    text
}
