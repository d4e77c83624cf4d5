use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes};
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};
use tokio::sync::mpsc;

use super::*;

fn items(chunks: &[&[u8]]) -> Vec<Item> {
    let mut demuxer = Demuxer::new();
    let mut out = Vec::new();
    for chunk in chunks {
        demuxer.feed(chunk);
        while let Some(item) = demuxer.next_item() {
            out.push(item.expect("no line is too long"));
        }
    }
    out.extend(demuxer.finish());
    out
}

fn reply(line: &'static str) -> Item {
    Item::Reply(Bytes::from_static(line.as_bytes()))
}

fn event(line: &'static str) -> Item {
    Item::Event(Bytes::from_static(line.as_bytes()))
}

#[test]
fn splits_replies_from_events() {
    let input = b"SUCCESS: foo\r\n>HOLD:bar\r\n\r\n\nEND\n>X\n";
    assert_eq!(
        items(&[input]),
        [reply("SUCCESS: foo"), event("HOLD:bar"), reply("END"), event("X")]
    );
}

#[test]
fn a_last_line_without_line_end_is_delivered_at_the_end() {
    assert_eq!(items(&[b"a\n>b"]), [reply("a"), event("b")]);
    assert_eq!(items(&[b"a\r"]), [reply("a")]);
    assert_eq!(items(&[b"\r"]), []);
}

#[test]
fn a_bare_cr_inside_a_line_is_kept() {
    assert_eq!(items(&[b"a\rb\r\r\n"]), [reply("a\rb\r")]);
}

#[test]
fn prompts_come_without_line_end_and_only_before_the_first_line() {
    assert_eq!(
        items(&[
            b"ENTER PASSWORD:ENTER PASS",
            b"WORD:SUCCESS: password is correct\r\nENTER PASSWORD:x\n"
        ]),
        [
            Item::PasswordPrompt,
            Item::PasswordPrompt,
            reply("SUCCESS: password is correct"),
            reply("ENTER PASSWORD:x"),
        ]
    );
}

#[test]
fn a_prompt_is_delivered_at_once() {
    let mut demuxer = Demuxer::new();
    demuxer.feed(b"ENTER PASSWORD");
    assert_eq!(demuxer.next_item(), None);
    demuxer.feed(b":");
    assert_eq!(demuxer.next_item(), Some(Ok(Item::PasswordPrompt)));
    assert_eq!(demuxer.next_item(), None);
}

#[test]
fn the_line_limit_counts_no_line_end_and_fails_once() {
    for input in [b"abcd\r\nabcde\r\nx\n".as_slice(), b"abcd\nabcde"] {
        let mut demuxer = Demuxer::with_line_limit(4);
        demuxer.feed(input);
        assert_eq!(demuxer.next_item(), Some(Ok(reply("abcd"))));
        assert_eq!(demuxer.next_item(), Some(Err(LineTooLong { limit: 4 })));
        assert_eq!(demuxer.next_item(), None);
        demuxer.feed(b"more\n");
        assert_eq!(demuxer.next_item(), None);
        assert_eq!(demuxer.finish(), None);
    }
}

#[test]
fn a_line_has_a_mebibyte_where_nothing_else_is_said() {
    for (length, fits) in [(1_048_576, true), (1_048_577, false)] {
        let mut demuxer = Demuxer::new();
        demuxer.feed(&vec![b'x'; length]);
        demuxer.feed(b"\n");
        assert_eq!(demuxer.next_item().unwrap().is_ok(), fits, "{length}");
    }
}

#[test]
fn a_cr_that_may_belong_to_the_line_end_is_not_counted() {
    let mut demuxer = Demuxer::with_line_limit(4);
    demuxer.feed(b"abcd\r");
    assert_eq!(demuxer.next_item(), None);
    demuxer.feed(b"\n");
    assert_eq!(demuxer.next_item(), Some(Ok(reply("abcd"))));
}

#[test]
fn debug_shows_no_content() {
    let shown = format!("{:?}", items(&[b">CLIENT:ENV,password=hunter2\nx\n"]));
    assert_eq!(shown, "[Event(27 bytes), Reply(1 bytes)]");
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_items(
        input in proptest::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'>'), Just(b'E'), any::<u8>()], 0..200),
        cuts in proptest::collection::vec(0usize..200, 0..20),
        prompts in 0usize..3,
    ) {
        let mut whole = PASSWORD_PROMPT.repeat(prompts);
        whole.extend(input);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
        cuts.push(0);
        cuts.push(whole.len());
        cuts.sort_unstable();
        let chunks: Vec<_> = cuts.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
        prop_assert_eq!(items(&chunks), items(&[&whole]));
    }

    #[test]
    fn any_chunking_fails_at_the_same_item(
        input in proptest::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'x')], 0..100),
        size in 1usize..20,
        limit in 0usize..6,
    ) {
        let run = |size: usize| {
            let mut demuxer = Demuxer::with_line_limit(limit);
            let mut out = Vec::new();
            for chunk in input.chunks(size) {
                demuxer.feed(chunk);
                while let Some(item) = demuxer.next_item() {
                    out.push(item);
                }
            }
            out.extend(demuxer.finish().map(Ok));
            out
        };
        prop_assert_eq!(run(size), run(input.len().max(1)));
    }
}

// The cases of the Go package's tests, as facts.

async fn run(input: &'static [u8], capacity: usize) -> (Vec<Bytes>, Vec<Bytes>) {
    run_reader(input, capacity).await
}

async fn run_reader<R>(reader: R, capacity: usize) -> (Vec<Bytes>, Vec<Bytes>)
where
    R: AsyncRead + Unpin + Send + 'static,
{
    let (reply_tx, mut reply_rx) = mpsc::channel(capacity);
    let (event_tx, mut event_rx) = mpsc::channel(capacity);
    let task = tokio::spawn(demultiplex(reader, reply_tx, event_tx));
    let (mut replies, mut events) = (Vec::new(), Vec::new());
    let reading = async {
        while let Some(line) = reply_rx.recv().await {
            replies.push(line);
        }
    };
    let watching = async {
        while let Some(line) = event_rx.recv().await {
            events.push(line);
        }
    };
    tokio::join!(reading, watching);
    task.await.expect("demultiplex does not panic");
    (replies, events)
}

#[tokio::test]
async fn nothing_in_nothing_out() {
    assert_eq!(run(b"", 1).await, (vec![], vec![]));
}

#[tokio::test]
async fn one_reply() {
    let (replies, events) = run(b"SUCCESS: foo bar baz\n", 1).await;
    assert_eq!(replies, ["SUCCESS: foo bar baz"]);
    assert!(events.is_empty());
}

#[tokio::test]
async fn one_event() {
    let (replies, events) = run(b">STATE:1234,ASSIGN_IP,,10.0.0.1,\n", 1).await;
    assert!(replies.is_empty());
    assert_eq!(events, ["STATE:1234,ASSIGN_IP,,10.0.0.1,"]);
}

#[tokio::test]
async fn three_events() {
    let (replies, events) = run(
        b">STATE:1234,ASSIGN_IP,,10.0.0.1,\n>STATE:5678,CONNECTED,,\n>STATE:9012,EXITING,,\n",
        1,
    )
    .await;
    assert!(replies.is_empty());
    assert_eq!(
        events,
        ["STATE:1234,ASSIGN_IP,,10.0.0.1,", "STATE:5678,CONNECTED,,", "STATE:9012,EXITING,,"]
    );
}

#[tokio::test]
async fn a_reply_between_events_and_an_event_between_replies() {
    let (replies, events) = run(b">HOLD:a\nSUCCESS: b\n>FATAL:c\n", 1).await;
    assert_eq!(
        (replies, events),
        (vec!["SUCCESS: b".into()], vec!["HOLD:a".into(), "FATAL:c".into()])
    );
    let (replies, events) = run(b"a\n>HOLD:b\nc\n", 1).await;
    assert_eq!((replies, events), (vec!["a".into(), "c".into()], vec!["HOLD:b".into()]));
}

/// Gives its bytes, then fails.
struct Failing(Option<&'static [u8]>);

impl AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.0.take() {
            Some(bytes) => {
                buf.put_slice(bytes);
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(Err(io::Error::other("the network is down"))),
        }
    }
}

#[tokio::test]
async fn a_failing_reader_ends_with_a_fatal_event() {
    let (replies, events) = run_reader(Failing(Some(b"one\n>two\npart")), 1).await;
    assert_eq!(replies, ["one", "part"]);
    assert_eq!(events, [b"two".as_slice(), READ_ERROR_EVENT]);
    let (replies, events) = run_reader(Failing(None), 1).await;
    assert!(replies.is_empty());
    assert_eq!(events, [READ_ERROR_EVENT]);
}

/// Is interrupted once, then gives its bytes.
struct Interrupted(bool);

impl AsyncRead for Interrupted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::replace(&mut self.0, false) {
            return Poll::Ready(Err(io::ErrorKind::Interrupted.into()));
        }
        Pin::new(&mut b"a\n".as_slice()).poll_read(context, buf).map_ok(|()| self.0 = true)
    }
}

#[tokio::test]
async fn an_interrupted_read_is_tried_again() {
    let (replies, events) = run_reader(Interrupted(true).take(4), 1).await;
    assert_eq!(replies, ["a", "a"]);
    assert!(events.is_empty(), "{events:?}");
}

#[tokio::test]
async fn an_endless_line_ends_with_a_fatal_event() {
    let (replies, events) = run_reader(tokio::io::repeat(b'x'), 1).await;
    assert!(replies.is_empty());
    assert_eq!(events, [READ_ERROR_EVENT]);
}

#[tokio::test]
async fn the_event_channel_closes_before_the_reply_channel() {
    let (reply_tx, mut replies) = mpsc::channel(1);
    let (event_tx, mut events) = mpsc::channel::<Bytes>(1);
    // The last reply fills its channel; so, as nobody takes it, the order is seen.
    let task = tokio::spawn(demultiplex(b"a\n".as_slice(), reply_tx, event_tx));
    assert_eq!(events.recv().await, None);
    assert_eq!(replies.recv().await, Some(Bytes::from_static(b"a")));
    assert_eq!(replies.recv().await, None);
    task.await.expect("demultiplex does not panic");
}

#[tokio::test]
async fn a_dropped_receiver_is_skipped_and_two_end_it() {
    let (reply_tx, mut replies) = mpsc::channel(1);
    let (event_tx, events) = mpsc::channel(1);
    drop(events);
    let task = tokio::spawn(demultiplex(b">x\n>y\na\n".as_slice(), reply_tx, event_tx));
    assert_eq!(replies.recv().await, Some(Bytes::from_static(b"a")));
    task.await.expect("demultiplex does not panic");

    let (reply_tx, replies) = mpsc::channel(1);
    let (event_tx, events) = mpsc::channel(1);
    drop((replies, events));
    let (silent, _daemon) = tokio::io::duplex(1);
    demultiplex(silent, reply_tx, event_tx).await;
}

/// What [`Demuxer::keep_apart`] is given in these tests.
fn marks(line: &[u8]) -> bool {
    line.starts_with(b">S:")
}

#[test]
fn lines_kept_apart_come_in_their_place() {
    for size in [1, 2, 3, 7, 1000] {
        let mut demuxer = Demuxer::new().keep_apart(marks);
        let mut out = Vec::new();
        for part in b">A:1\r\n>S:hunter2\r\n\n>S:x\nb\n>S:cut".chunks(size) {
            demuxer.feed(part);
            while let Some(item) = demuxer.next_item() {
                out.push(item.expect("no line is too long"));
            }
        }
        out.extend(demuxer.finish());
        let expected = [event("A:1"), event("S:hunter2"), event("S:x"), reply("b"), event("S:cut")];
        assert_eq!(out, expected, "{size}");
    }
}

#[test]
fn what_is_read_in_place_gives_the_same_items() {
    let input = b">HOLD:a\r\nSUCCESS: b\r\n".repeat(5000);
    let mut demuxer = Demuxer::new();
    let mut rest = input.as_slice();
    let mut out = 0;
    while !rest.is_empty() {
        let mut room = demuxer.room();
        assert!(room.remaining_mut() > 0);
        let count = room.remaining_mut().min(rest.len());
        room.put_slice(&rest[..count]);
        rest = &rest[count..];
        demuxer.has_read(count);
        while let Some(item) = demuxer.next_item() {
            let expected = if out % 2 == 0 { event("HOLD:a") } else { reply("SUCCESS: b") };
            assert_eq!(item, Ok(expected));
            out += 1;
        }
    }
    assert_eq!(out, 10_000);
    assert_eq!(demuxer.finish(), None);
}

#[test]
fn little_is_read_at_once_behind_a_long_line() {
    const MOST: usize = 32 * 1024;
    let mut demuxer = Demuxer::new();
    demuxer.feed(&vec![b'x'; 20 * MOST]);
    assert!(demuxer.next_item().is_none());
    let room = demuxer.room().remaining_mut();
    assert!((1..=MOST).contains(&room), "{room}");
}

/// Its copy is the caller's then, and is wiped when that drops it, however long nothing more is taken.
#[test]
fn a_line_kept_apart_is_not_kept_behind_its_item() {
    let mut demuxer = Demuxer::new().keep_apart(marks);
    demuxer.feed(b">S:hunter2\r\n>A:1\r\n");
    assert_eq!(demuxer.next_item(), Some(Ok(event("S:hunter2"))));
    assert!(!demuxer.has_line_apart());
    demuxer.feed(b">S:cut");
    assert_eq!(demuxer.next_item(), Some(Ok(event("A:1"))));
    assert_eq!(demuxer.next_item(), None);
    assert_eq!(demuxer.finish(), Some(event("S:cut")));
    assert!(!demuxer.has_line_apart());
}

proptest! {
    /// Taken as they come, by value and in place in turns, with lines kept apart among them.
    #[test]
    fn items_in_place_are_those_by_value(
        input in proptest::collection::vec(
            prop_oneof![Just(b"\n".to_vec()), Just(b"\r\n".to_vec()), Just(b">S:x".to_vec()), Just(b">S:".to_vec()),
                Just(b">".to_vec()), Just(PASSWORD_PROMPT.to_vec()), Just(b"S:".to_vec()), any::<u8>().prop_map(|byte| vec![byte])],
            0..100),
        sizes in proptest::collection::vec(1usize..30, 1..20),
        in_place in proptest::collection::vec(any::<bool>(), 1..7),
        is_apart in any::<bool>(),
        // Shorter than the prompt it would be passed by the begin of one.
        limit in prop_oneof![15usize..20, Just(1000)],
    ) {
        let input = input.concat();
        let new = || {
            let demuxer = Demuxer::with_line_limit(limit);
            if is_apart { demuxer.keep_apart(marks) } else { demuxer }
        };
        let (mut whole, mut expected) = (new(), Vec::new());
        whole.feed(&input);
        expected.extend(std::iter::from_fn(|| whole.next_item()));
        expected.extend(whole.finish().map(Ok));

        let (mut demuxer, mut out) = (new(), Vec::new());
        let (mut rest, mut sizes, mut in_place) = (input.as_slice(), sizes.iter().cycle(), in_place.iter().cycle());
        while !rest.is_empty() {
            let (chunk, more) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
            demuxer.feed(chunk);
            rest = more;
            loop {
                let item = if *in_place.next().unwrap() {
                    demuxer.next_ref().map(|item| item.map(ItemRef::to_item))
                } else {
                    demuxer.next_item()
                };
                let Some(item) = item else { break };
                out.push(item);
            }
        }
        out.extend(demuxer.finish().map(Ok));
        prop_assert_eq!(out, expected);
    }
}
