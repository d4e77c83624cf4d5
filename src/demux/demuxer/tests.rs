use bytes::BufMut as _;

use super::*;

fn taken(demuxer: &mut Demuxer) -> usize {
    std::iter::from_fn(|| demuxer.next_item()).count()
}

#[test]
fn it_counts_the_lines_that_are_left_with_the_one_taken_last() {
    let mut demuxer = Demuxer::new();
    demuxer.feed(b"a\nb\nc\n");
    let mut left = Vec::new();
    while demuxer.next_item().is_some() {
        left.push(demuxer.lines_left());
    }
    assert_eq!(left, [3, 2, 1]);
}

#[test]
fn it_counts_the_memory_that_items_share_until_that_is_forgotten() {
    let mut demuxer = Demuxer::new();
    demuxer.feed(&b"a\n".repeat(1024));
    taken(&mut demuxer);
    assert_eq!(demuxer.shared(), 2048);
    demuxer.feed(&b"b\n".repeat(1024));
    taken(&mut demuxer);
    assert_eq!(demuxer.shared(), 4096);
    demuxer.forget_shared();
    assert_eq!(demuxer.shared(), 0);
}

#[test]
fn an_event_has_begun_where_its_first_byte_is_here() {
    let mut demuxer = Demuxer::new();
    for (bytes, is_inside) in
        [(&b""[..], false), (b">", true), (b"HOLD:", true), (b"x\nSUCC", false), (b"ESS\n", false)]
    {
        demuxer.feed(bytes);
        taken(&mut demuxer);
        assert_eq!(demuxer.is_inside_event(), is_inside, "{bytes:?}");
    }
}

/// Where lines end takes memory, too: that of a flood is not kept by a connection on which little arrives.
#[test]
fn places_of_a_flood_are_given_back_by_less_than_is_one() {
    let mut demuxer = Demuxer::new();
    demuxer.feed(&b"\n".repeat(5000));
    taken(&mut demuxer);
    demuxer.feed(&b"x\n".repeat(IDLE / 2));
    taken(&mut demuxer);
    assert!(demuxer.ends.capacity() >= 5000, "{}", demuxer.ends.capacity());
    demuxer.feed(b"x\n");
    taken(&mut demuxer);
    assert_eq!(demuxer.ends.capacity(), 64);
}

#[test]
fn a_line_kept_apart_is_wiped_where_it_was_received() {
    let mut demuxer = Demuxer::new().keep_apart(|line| line == b">S:hunter2");
    demuxer.feed(b"a\n>S:hunter2\r\nb\n");
    assert!(demuxer.advance().is_some());
    assert!(!demuxer.has_line_apart());
    assert_eq!(&demuxer.ready[..], [&b"a\n"[..], &[0; 12], b"b\n"].concat());
    assert!(demuxer.advance().is_some());
    assert!(demuxer.has_line_apart());
    assert!(matches!(demuxer.current(), ItemRef::Event(line) if line.as_bytes() == b"S:hunter2"));
}

#[test]
fn debug_shows_sizes() {
    let mut demuxer = Demuxer::with_line_limit(100);
    demuxer.feed(b"ab\n>S:hunter2");
    assert!(demuxer.next_ref().is_some());
    let shown = format!("{demuxer:?}");
    assert_eq!(shown, "Demuxer { ready: 0, partial: 10, limit: 100, failed: false, .. }");
}

#[test]
fn a_full_room_is_told_to_the_memory_it_is_of() {
    let mut demuxer = Demuxer::new();
    for expected in [4096, 4096, 16384] {
        let all = demuxer.room().remaining_mut();
        assert_eq!(all, expected);
        demuxer.room().put_slice(&b"\n".repeat(all));
        demuxer.has_read(all);
        taken(&mut demuxer);
    }
}
