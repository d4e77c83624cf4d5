//! The daemon's side: any bytes of a manager in any chunking, read as a daemon reads them.

use openvpn_mgmt::Dialect;
use openvpn_mgmt::command::LexerProblem;
use openvpn_mgmt::server::{Received, ReceivedCommand, Server};

use super::assert_same;
use crate::daemon::{self, Refusal};
use crate::input::Input;

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let dialects =
        [Dialect::openvpn(2, 6, 14), Dialect::openvpn(2, 5, 1), Dialect::openvpn(2, 7, 8)];
    let dialect = input.choose(&dialects);
    let limit = input.choose(&[usize::MAX, 500, 64, 0]);
    let blocks = input.byte();
    let password = input.flag();
    let cuts = input.cuts();
    let bytes = input.rest();
    let new = || {
        let server = server(dialect, blocks).with_block_limit(limit);
        if password { server.with_password("sesame") } else { server }
    };
    let mut whole = new();
    whole.receive(bytes);
    let expected = received(&mut whole);
    if !password {
        are_those_of_a_daemon(&expected, &whole, bytes);
    }
    said(&mut whole, bytes);
    // Longer lines are read whole only where they come alone.
    if bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 767) {
        let (mut pieces, mut got) = (new(), Vec::new());
        for piece in cuts.of(bytes) {
            pieces.receive(piece);
            got.extend(received(&mut pieces));
        }
        let as_items = |all: &[Received]| all.iter().map(item).collect::<Vec<_>>();
        assert_eq!(as_items(&got), as_items(&expected));
        assert_eq!((pieces.lost(), whole.lost()), (0, 0));
        assert_eq!(pieces.open_block(), whole.open_block());
        assert_eq!(pieces.is_ended(), whole.is_ended());
    }
    for received in &expected {
        again(received, dialect, blocks);
    }
}

/// With blocks wanted as the bits tell.
fn server(dialect: Dialect, blocks: u8) -> Server {
    let mut server = Server::new(dialect);
    let is = |bit: u8| blocks >> bit & 1 == 1;
    let wanted = server.blocks().client_auth(!is(0)).client_pf(is(1)).signature(is(2));
    wanted.certificate(is(3)).password(is(4).then_some("Auth"));
    server
}

fn received(server: &mut Server) -> Vec<Received> {
    std::iter::from_fn(|| server.next()).collect()
}

type Item = (Vec<u8>, Vec<Vec<u8>>, Option<Vec<Vec<u8>>>, ReceivedCommand);

fn item(received: &Received) -> Item {
    let _ = format!("{received:?}");
    let parameters = received.parameters().into_iter().map(<[u8]>::to_vec).collect();
    (received.line().to_vec(), parameters, block(received), received.command().clone())
}

fn block(received: &Received) -> Option<Vec<Vec<u8>>> {
    received.block().map(|lines| lines.map(<[u8]>::to_vec).collect())
}

/// Each line is taken once, in its place, and its parameters are those that the lexer of a daemon finds.
fn are_those_of_a_daemon(received: &[Received], server: &Server, bytes: &[u8]) {
    let mut lines = daemon::lines(bytes).into_iter();
    for received in received {
        let line = lines.next().expect("what is received was sent");
        assert_same(received.line(), &line, "the line");
        let read = daemon::read(&line);
        match received.command() {
            ReceivedCommand::Unreadable(problem) => {
                assert_eq!(read.refusal, Some(refusal(problem)), "{}", line.escape_ascii());
                assert!(!problem.answer().contains(&b'\n'));
            }
            ReceivedCommand::BlockTooLong { .. } => return assert!(server.is_ended()),
            _ => {
                assert_eq!(read.refusal, None, "{}", line.escape_ascii());
                assert_eq!(received.parameters(), read.parameters, "{}", line.escape_ascii());
            }
        }
        if let Some(block) = block(received) {
            let own: Vec<_> = lines.by_ref().take_while(|line| line != b"END").collect();
            assert_eq!(block, own, "{}", line.escape_ascii());
        }
    }
    match lines.next() {
        Some(line) if !server.is_ended() => {
            assert_eq!(server.open_block(), Some(line.as_slice()));
            assert!(lines.all(|line| line != b"END"));
        }
        Some(_) => {}
        None => assert!(server.open_block().is_none()),
    }
}

fn refusal(problem: &LexerProblem) -> Refusal {
    match problem {
        LexerProblem::OpenQuote => Refusal::OpenDouble,
        LexerProblem::OpenSingleQuote => Refusal::OpenSingle,
        LexerProblem::BadBackslash => Refusal::Backslash,
        LexerProblem::EndsInBackslash => Refusal::EndsInBackslash,
        LexerProblem::TooLong { start } => {
            assert_eq!(start.len(), 255);
            Refusal::TooLong
        }
        other => panic!("{other:?} is new"),
    }
}

/// What can be written is read as the same command.
fn again(received: &Received, dialect: Dialect, blocks: u8) {
    let Some(Ok(encoded)) = received.command().encode(dialect) else { return };
    let mut server = server(dialect, blocks);
    if received.block().is_some() {
        // Each is wanted once, and as long as it takes.
        server = self::server(dialect, blocks | 0b1_1110);
    }
    server.receive(encoded.as_bytes());
    let read = server.next().unwrap_or_else(|| panic!("{}", encoded.as_bytes().escape_ascii()));
    assert_eq!(read.command(), received.command(), "{}", encoded.as_bytes().escape_ascii());
}

/// A text is said as one line, or not at all.
fn said(server: &mut Server, text: &[u8]) {
    let _ = server.output();
    let is_line = !text.contains(&b'\r') && !text.contains(&b'\n');
    assert_eq!(server.reply(text).is_ok(), is_line);
    assert_eq!(server.event(text).is_ok(), is_line);
    let output = server.output();
    let expected = [text, b"\r\n>", text, b"\r\n"].concat();
    assert_same(&output, if is_line { &expected } else { b"" }, "what is said");
}
