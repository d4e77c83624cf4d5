//! The demuxer: any chunking gives the same items, and they are those of a plain splitter.

use openvpn_mgmt::demux::{Demuxer, Item, ItemRef, LineTooLong, PASSWORD_PROMPT};

use crate::input::{Cuts, Input};

type Found = Result<Item, LineTooLong>;

/// How the lines end that are to be kept apart, so that any line can become one.
fn marks(line: &[u8]) -> bool {
    line.starts_with(b">S") || line.ends_with(b"secret")
}

pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    // Shorter than the prompt it would be passed by the begin of one.
    let limit = input.choose(&[usize::MAX, 1000, 64, 40, 20, 16, 15]);
    let (is_apart, by_ref) = (input.flag(), input.byte());
    let cuts = input.cuts();
    let bytes = input.rest();
    let new = || {
        let demuxer = Demuxer::with_line_limit(limit);
        if is_apart { demuxer.keep_apart(marks) } else { demuxer }
    };
    let expected = model(bytes, limit);
    assert_eq!(items(new(), &[bytes], 0), expected, "whole");
    assert_eq!(items(new(), &cuts.of(bytes), by_ref), expected, "in pieces");
    // Taken only at the end.
    let mut demuxer = new();
    cuts.of(bytes).iter().for_each(|piece| demuxer.feed(piece));
    assert_eq!(items(demuxer, &Cuts::of(&cuts, b""), 0), expected, "at the end");
}

/// Each bit of `by_ref`, again and again, tells whether an item is taken in place.
fn items(mut demuxer: Demuxer, pieces: &[&[u8]], mut by_ref: u8) -> Vec<Found> {
    let mut items = Vec::new();
    let mut take = |demuxer: &mut Demuxer, items: &mut Vec<Found>| loop {
        by_ref = by_ref.rotate_left(1);
        let item = match by_ref & 1 {
            1 => demuxer.next_ref().map(|item| item.map(ItemRef::to_item)),
            _ => demuxer.next_item(),
        };
        match item {
            Some(item) => items.push(item),
            None => return,
        }
    };
    for piece in pieces {
        demuxer.feed(piece);
        take(&mut demuxer, &mut items);
    }
    take(&mut demuxer, &mut items);
    items.extend(demuxer.finish().map(Ok));
    items
}

/// The same, as plain as it can be written.
fn model(mut bytes: &[u8], limit: usize) -> Vec<Found> {
    let mut items = Vec::new();
    let mut had_line = false;
    while !bytes.is_empty() {
        if let Some(rest) = bytes.strip_prefix(PASSWORD_PROMPT).filter(|_| !had_line) {
            items.push(Ok(Item::PasswordPrompt));
            bytes = rest;
            continue;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let (line, rest) = bytes.split_at(end);
        bytes = rest.get(1..).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > limit {
            items.push(Err(LineTooLong { limit }));
            return items;
        }
        match line.split_first() {
            None => continue,
            Some((b'>', event)) => items.push(Ok(Item::Event(event.to_vec().into()))),
            Some(_) => items.push(Ok(Item::Reply(line.to_vec().into()))),
        }
        had_line = true;
    }
    items
}
