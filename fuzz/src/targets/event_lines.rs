//! Event lines: what is read is written as it came, and read again as the same value.

use openvpn_mgmt::events::Event;

use super::{assert_same, events_of, lines_of};

/// More lines of an input tell nothing new, and take time.
const LINES: usize = 24;

pub(crate) fn run(bytes: &[u8]) {
    let mut lines = lines_of(bytes);
    lines.truncate(LINES);
    for line in &lines {
        let event = Event::parse(line);
        // Neither panics, whatever is in it.
        let _ = (format!("{event} {event:?}"), event.name().map(str::len));
        let written = event.to_bytes().expect("what was read can be written");
        let same = [b">", &line[..], b"\r\n"].concat();
        assert!(
            written == same || is_exception(&event, &same, &written),
            "{} is written as {}",
            same.escape_ascii(),
            written.escape_ascii()
        );
        let body = &written[1..written.len() - 2];
        let again = Event::parse(&bytes::Bytes::copy_from_slice(body));
        assert_eq!(again, event, "{}", body.escape_ascii());
        assert_same(&again.to_bytes().expect("it was written before"), &written, "twice");
    }
    blocks(&lines);
}

/// All of them through the assembler, which puts blocks together.
fn blocks(lines: &[bytes::Bytes]) {
    let whole: Vec<u8> =
        lines.iter().flat_map(|line| [b">", &line[..], b"\r\n"].concat()).collect();
    for event in events_of(&whole).into_iter().map(|event| event.expect("there are no replies")) {
        let _ = format!("{event} {event:?}");
        let written = event.to_bytes().expect("what was read can be written");
        let again = events_of(&written);
        // Why a block was cut is told from what came behind it.
        if !matches!(event, Event::Malformed(_)) {
            assert_eq!(again, [Some(event)], "{}", written.escape_ascii());
        }
        let again = again.into_iter().flatten().map(|event| event.to_bytes().expect("as before"));
        assert_same(&again.collect::<Vec<_>>().concat(), &written, "a block");
    }
}

/// What no daemon sends and is written otherwise, as the documentation of [`Event::write`] lists it.
fn is_exception(event: &Event, line: &[u8], written: &[u8]) -> bool {
    let plain = |line: &[u8]| without_leading_zeros(line);
    let (line, written) = (plain(line), plain(written));
    if line == written {
        return true;
    }
    match event {
        // Other words behind the number of a greeting.
        Event::Info(_) => {
            let number = b">INFO:OpenVPN Management Interface Version ";
            let digits = |line: &[u8]| {
                let rest = line.strip_prefix(number)?;
                let end = rest.iter().position(|byte| !byte.is_ascii_digit());
                end.map_or(Some(rest), |end| rest.get(..end)).map(<[u8]>::to_vec)
            };
            digits(&line).is_some_and(|version| digits(&written) == Some(version))
        }
        // Another word than `string` or `confirmation`.
        Event::NeedOk(_) => is_but_for_word(&line, &written, b"confirmation"),
        Event::NeedStr(_) => is_but_for_word(&line, &written, b"string"),
        // The parameters of a signature in another order.
        Event::PkSign(_) => sorted(&line) == sorted(&written),
        // Empty flags of a `WEB_AUTH`.
        Event::InfoMsg(_) => without_empty_flags(&line) == without_empty_flags(&written),
        // A comma behind the name of a state that ends the line.
        Event::State(_) => {
            line.strip_suffix(b",\r\n") == written.strip_suffix(b"\r\n")
                || written.strip_suffix(b",\r\n") == line.strip_suffix(b"\r\n")
        }
        _ => false,
    }
}

fn without_leading_zeros(line: &[u8]) -> Vec<u8> {
    let mut plain: Vec<u8> = Vec::new();
    for (at, byte) in line.iter().enumerate() {
        let begins = plain.last().is_none_or(|before| !before.is_ascii_digit());
        let goes_on = line.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !(*byte == b'0' && begins && goes_on) {
            plain.push(*byte);
        }
    }
    plain
}

/// `>NEED-OK:Need 'NAME' WORD MSG:TEXT`
fn is_but_for_word(line: &[u8], written: &[u8], own: &[u8]) -> bool {
    let pattern = [b"' ", own, b" MSG:"].concat();
    let Some(at) = written.windows(pattern.len()).position(|window| window == pattern) else {
        return false;
    };
    let (name, text) = (&written[..at + 2], &written[at + 2 + own.len()..]);
    line.starts_with(name) && line.ends_with(text) && line.len() > name.len() + text.len()
}

fn sorted(line: &[u8]) -> Vec<&[u8]> {
    let line = line.strip_suffix(b"\r\n").unwrap_or(line);
    let mut parts: Vec<_> = line.split(|byte| *byte == b',').collect();
    parts.sort_unstable();
    parts
}

/// `>INFOMSG:WEB_AUTH:flags:url`
fn without_empty_flags(line: &[u8]) -> Option<Vec<u8>> {
    let rest = line.strip_prefix(b">INFOMSG:WEB_AUTH:")?;
    // The colons of an address in brackets are none that end the flags.
    let flags: Vec<_> = rest.split(|byte| *byte == b',').filter(|flag| !flag.is_empty()).collect();
    let joined = flags.join(&b',');
    let text = String::from_utf8_lossy(&joined).replace(",:", ":");
    Some(text.into_bytes())
}
