//! Whatever a manager sends, in whatever pieces.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Bytes that mean something to a server, and any others.
fn bytes(pieces: usize) -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("client-auth 1 2\n"),
        Just("client-deny 1 2 \"a \\\" b\" 'c'\n"),
        Just("client-pf 1\n"),
        Just("pk-sig\nc2ln\n"),
        Just("password Auth\neA==\n"),
        Just("certificate\n"),
        Just("END\n"),
        Just("state on all\n"),
        Just("needstr x y # z\n"),
        Just("verb 4\n"),
    ];
    let any = vec(any::<u8>(), 0..20);
    let signs = prop_oneof![
        Just("\""),
        Just("'"),
        Just("\\"),
        Just(" "),
        Just("\r\n"),
        Just("#"),
        Just("x")
    ];
    let piece = prop_oneof![
        line.prop_map(|line| line.as_bytes().to_vec()),
        signs.prop_map(|sign| sign.as_bytes().to_vec()),
        any,
    ];
    vec(piece, 0..pieces).prop_map(|pieces| pieces.concat())
}

fn all_blocks() -> Server {
    let mut server = server().with_block_limit(500);
    server.blocks().client_pf(true).certificate(true).signature(true).password(Some("Auth"));
    server
}

type Item = (Vec<u8>, Vec<Vec<u8>>, Option<Vec<Vec<u8>>>, Command);

fn item(received: Received) -> Item {
    let own = |lines: Vec<&[u8]>| lines.into_iter().map(<[u8]>::to_vec).collect();
    let block = received.block().map(|block| own(block.collect()));
    (received.line().to_vec(), own(received.parameters()), block, received.into_command())
}

fn items(server: &mut Server) -> Vec<Item> {
    std::iter::from_fn(|| server.next()).map(item).collect()
}

/// The input of a daemon, as plain as it can be written.
fn lines_of_model(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut buffer, mut lines) = (Vec::new(), Vec::new());
    for read in bytes.chunks(256) {
        for byte in read.iter().filter(|byte| **byte == b'\n' || !byte.is_ascii_control()) {
            if buffer.len() == 1024 { buffer.clear() } else { buffer.push(*byte) }
        }
        while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
            lines.push(buffer.drain(..=end).take(end).collect());
        }
    }
    lines
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same(bytes in bytes(30), cuts in vec(1_usize..40, 0..30)) {
        prop_assume!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 767));
        let mut whole = all_blocks();
        whole.receive(&bytes);
        let expected = items(&mut whole);
        let (mut pieces, mut got, mut rest) = (all_blocks(), Vec::new(), bytes.as_slice());
        for cut in cuts {
            let (piece, more) = rest.split_at(cut.min(rest.len()));
            pieces.receive(piece);
            got.extend(items(&mut pieces));
            rest = more;
        }
        pieces.receive(rest);
        got.extend(items(&mut pieces));
        prop_assert_eq!(got, expected);
        prop_assert_eq!(pieces.lost(), 0);
    }

    /// Also where it is not taken line by line, and where lines are lost.
    #[test]
    fn lines_are_those_of_a_daemon(lengths in vec(prop_oneof![0_usize..20, 700_usize..1100], 0..20), control in 0_u8..0x20) {
        let line = |length: &usize| [&vec![b'y'; *length][..], &[control], b"\n"].concat();
        let bytes: Vec<u8> = lengths.iter().map(line).collect::<Vec<_>>().concat();
        let mut server = server();
        server.receive(&bytes);
        let lines: Vec<_> = items(&mut server).into_iter().map(|(line, ..)| line).collect();
        prop_assert_eq!(lines, lines_of_model(&bytes));
    }

    #[test]
    fn what_is_read_can_be_written_and_read(bytes in bytes(30)) {
        let mut server = all_blocks();
        server.receive(&bytes);
        for (_, _, _, command) in items(&mut server) {
            let Some(Ok(encoded)) = command.encode(V2_6) else { continue };
            prop_assert_eq!(commands(&mut all_blocks(), encoded.as_bytes()), [command]);
        }
    }

    #[test]
    fn a_password_is_told_from_all_else(bytes in bytes(10)) {
        let mut server = server().with_password("sesame");
        server.receive(&bytes);
        let tries = items(&mut server);
        let lines = lines_of_model(&bytes).len().min(3);
        prop_assert_eq!(tries.len(), lines);
        prop_assert!(tries.iter().all(|(.., command)| matches!(command, Command::ManagementPassword(_))));
        prop_assert_eq!(server.is_ended(), lines == 3);
    }

    #[test]
    fn what_is_said_is_as_many_lines(line in vec(any::<u8>(), 0..20), event in any::<bool>()) {
        let mut server = server();
        let said = if event { server.event(&line) } else { server.reply(&line) };
        let output = server.output();
        let whole = !line.contains(&b'\r') && !line.contains(&b'\n');
        prop_assert_eq!(said.is_ok(), whole);
        prop_assert_eq!(output.split(|byte| *byte == b'\n').count() - 1, usize::from(whole));
        prop_assert_eq!(output.starts_with(b">"), whole && (event || line.starts_with(b">")));
    }
}
