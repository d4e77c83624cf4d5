//! The exchange by itself: which line goes to whom, for every reply shape.

use bytes::Bytes;

use super::exchange::{Exchange, NextWrite, Outcome, Step};
use crate::Text;
use crate::command::{Fence, ReplyShape, Wire, Writer};
use crate::reply::RawReply;

const LIMIT: usize = 1024 * 1024;

fn wire(shape: ReplyShape) -> Wire {
    Writer::new("x").line(shape)
}

fn exchange(depth: usize, shapes: &[ReplyShape]) -> Exchange<usize> {
    let mut exchange = Exchange::new(depth, LIMIT);
    for (caller, shape) in shapes.iter().enumerate() {
        exchange.submit(caller, wire(*shape));
    }
    exchange
}

fn written(exchange: &mut Exchange<usize>) -> Option<String> {
    match exchange.next_write(|_| true) {
        NextWrite::Bytes(bytes) | NextWrite::Fence(bytes) => {
            Some(String::from_utf8(bytes.to_vec()).unwrap())
        }
        _ => None,
    }
}

fn line(exchange: &mut Exchange<usize>, line: &'static str) -> Step<usize> {
    exchange.reply(Bytes::from_static(line.as_bytes()))
}

fn reply(success: Option<&'static str>, lines: &[&'static str]) -> RawReply {
    let lines = lines.iter().map(|line| Bytes::from_static(line.as_bytes())).collect();
    RawReply { success: success.map(Text::from), lines }
}

fn refused(text: &'static str) -> Outcome {
    Err(Text::from(text))
}

/// Runs one command of `shape` and gives what became of each line.
fn conversation(shape: ReplyShape, lines: &[&'static str]) -> Vec<Step<usize>> {
    let mut exchange = exchange(1, &[shape]);
    written(&mut exchange).unwrap();
    lines.iter().map(|text| line(&mut exchange, text)).collect()
}

#[test]
fn one_command_at_a_time_by_default() {
    let mut exchange = exchange(1, &[ReplyShape::Line, ReplyShape::Line]);
    assert_eq!(written(&mut exchange).as_deref(), Some("x\n"));
    assert_eq!(written(&mut exchange), None);
    assert_eq!(line(&mut exchange, "SUCCESS: a"), Step::Done(0, Ok(reply(Some("a"), &[]))));
    assert_eq!(written(&mut exchange).as_deref(), Some("x\n"));
    assert_eq!(line(&mut exchange, "ERROR: b"), Step::Done(1, refused("b")));
    assert_eq!(written(&mut exchange), None);
}

#[test]
fn pipelined_replies_go_in_order() {
    let mut exchange = exchange(2, &[ReplyShape::Block, ReplyShape::Line, ReplyShape::Line]);
    assert!(written(&mut exchange).is_some());
    assert!(written(&mut exchange).is_some());
    assert_eq!(written(&mut exchange), None, "the depth is 2");
    assert_eq!(line(&mut exchange, "row"), Step::Taken);
    assert_eq!(line(&mut exchange, "END"), Step::Done(0, Ok(reply(None, &["row"]))));
    assert!(written(&mut exchange).is_some());
    assert_eq!(line(&mut exchange, "SUCCESS: 1"), Step::Done(1, Ok(reply(Some("1"), &[]))));
    assert_eq!(line(&mut exchange, "SUCCESS: 2"), Step::Done(2, Ok(reply(Some("2"), &[]))));
}

#[test]
fn barriers_and_long_lines_go_alone() {
    for shape in [ReplyShape::Fenced(Fence::AfterRefusal), ReplyShape::Close] {
        let mut before = exchange(9, &[ReplyShape::Line, shape]);
        assert!(written(&mut before).is_some());
        assert_eq!(written(&mut before), None, "{shape:?} waits");
        let mut behind = exchange(9, &[shape, ReplyShape::Line]);
        assert!(written(&mut behind).is_some());
        assert_eq!(written(&mut behind), None, "{shape:?} is waited for");
    }
    let mut exchange = exchange(9, &[ReplyShape::Line]);
    let long = Writer::new("x").quoted("a", "y".repeat(256)).unwrap();
    let long = long.quoted("b", "y".repeat(256)).unwrap().quoted("c", "y".repeat(256)).unwrap();
    exchange.submit(1, long.line(ReplyShape::Line));
    assert!(written(&mut exchange).is_some());
    assert_eq!(written(&mut exchange), None);
}

#[test]
fn a_line_with_no_command_is_stray() {
    let mut exchange = exchange(1, &[]);
    assert_eq!(line(&mut exchange, "SUCCESS: a"), Step::Stray(Bytes::from_static(b"SUCCESS: a")));
}

#[test]
fn a_bare_line_or_anothers_success_does_not_answer() {
    let mut exchange = Exchange::new(1, LIMIT);
    exchange.submit(7, wire(ReplyShape::Line).expect("pid="));
    assert!(written(&mut exchange).is_some());
    assert!(matches!(line(&mut exchange, "libfoo: hello"), Step::Stray(_)));
    assert!(matches!(line(&mut exchange, "SUCCESS: pk-sign command succeeded"), Step::Stray(_)));
    assert_eq!(line(&mut exchange, "SUCCESS: pid=1"), Step::Done(7, Ok(reply(Some("pid=1"), &[]))));
}

#[test]
fn a_block_ends_at_end_only_and_is_refused_by_its_first_line_only() {
    use ReplyShape::Block;
    let rows = conversation(Block, &["ENDE", "ERROR: a common name", "SUCCESS: another", "END"]);
    let whole = Ok(reply(None, &["ENDE", "ERROR: a common name", "SUCCESS: another"]));
    assert_eq!(rows.last(), Some(&Step::Done(0, whole)));
    assert_eq!(conversation(Block, &["ERROR: no"]), [Step::Done(0, refused("no"))]);
    assert_eq!(conversation(Block, &["END"]), [Step::Done(0, Ok(reply(None, &[])))]);
    assert!(matches!(conversation(Block, &["SUCCESS: late"])[..], [Step::Stray(_)]));
}

#[test]
fn success_then_block() {
    use ReplyShape::LineThenBlock as Shape;
    let steps = conversation(Shape, &["SUCCESS: on", "ERROR: a row", "END"]);
    assert_eq!(steps.last(), Some(&Step::Done(0, Ok(reply(Some("on"), &["ERROR: a row"])))));
    assert_eq!(conversation(Shape, &["ERROR: no"]), [Step::Done(0, refused("no"))]);
}

#[test]
fn an_explained_refusal_keeps_its_explanation() {
    use ReplyShape::ExplainedLine as Shape;
    let steps = conversation(Shape, &["--auth-retry method must be", "ERROR: bad"]);
    let text = "--auth-retry method must be; bad";
    assert_eq!(steps, [Step::Taken, Step::Done(0, refused(text))]);
}

#[test]
fn a_counted_reply_ends_by_count() {
    let steps = conversation(ReplyShape::Count(2), &["END", "ERROR: row", "next"]);
    let done = Step::Done(0, Ok(reply(None, &["END", "ERROR: row"])));
    assert_eq!(steps[..2], [Step::Taken, done]);
    assert!(matches!(steps[2], Step::Stray(_)));
    assert_eq!(conversation(ReplyShape::Count(2), &["ERROR: no"]), [Step::Done(0, refused("no"))]);
}

#[test]
fn a_reply_in_the_form_of_an_event() {
    let mut exchange = exchange(1, &[ReplyShape::Event("COUNT:")]);
    let (other, own) = (Bytes::from_static(b"LOG:1,,COUNT:"), Bytes::from_static(b"COUNT:1"));
    assert_eq!(exchange.event(&own), None, "not before it was sent");
    written(&mut exchange).unwrap();
    assert_eq!(exchange.event(&other), None);
    assert!(matches!(line(&mut exchange, "SUCCESS: late"), Step::Stray(_)));
    assert_eq!(exchange.event(&own), Some(Step::Done(0, Ok(reply(None, &["COUNT:1"])))));
    assert_eq!(exchange.event(&own), None);
    assert_eq!(
        conversation(ReplyShape::Event("COUNT:"), &["ERROR: no"]),
        [Step::Done(0, refused("no"))]
    );
}

#[test]
fn a_fence_at_once_ends_a_reply_of_any_number_of_lines() {
    for said in [&[][..], &["SUCCESS: set"], &["a", "b", "END"]] {
        let mut exchange = exchange(1, &[ReplyShape::Fenced(Fence::AtOnce), ReplyShape::Line]);
        assert_eq!(written(&mut exchange).as_deref(), Some("x\npid\n"));
        for text in said {
            assert_eq!(line(&mut exchange, text), Step::Taken);
        }
        assert_eq!(written(&mut exchange), None);
        assert_eq!(line(&mut exchange, "SUCCESS: pid=7"), Step::Done(0, Ok(reply(None, said))));
        assert!(written(&mut exchange).is_some());
    }
}

#[test]
fn a_fence_after_the_first_line() {
    let mut exchange = exchange(1, &[ReplyShape::Fenced(Fence::AfterFirst)]);
    assert_eq!(written(&mut exchange).as_deref(), Some("x\n"));
    assert_eq!(line(&mut exchange, "ERROR: no client updated"), Step::Taken);
    assert_eq!(written(&mut exchange).as_deref(), Some("pid\n"));
    assert_eq!(written(&mut exchange), None);
    assert_eq!(line(&mut exchange, "ERROR: failed"), Step::Taken);
    assert_eq!(line(&mut exchange, "SUCCESS: pid=7"), Step::Done(0, refused("no client updated")));
}

#[test]
fn a_late_reply_needs_no_fence_and_a_refused_block_does() {
    let shape = ReplyShape::Fenced(Fence::AfterRefusal);
    let done = conversation(shape, &["SUCCESS: pk-sign command succeeded"]);
    assert_eq!(done, [Step::Done(0, Ok(reply(Some("pk-sign command succeeded"), &[])))]);

    let mut exchange = exchange(1, &[shape, ReplyShape::Line]);
    written(&mut exchange).unwrap();
    assert_eq!(line(&mut exchange, "ERROR: not currently available"), Step::Taken);
    assert_eq!(written(&mut exchange).as_deref(), Some("pid\n"));
    for _ in 0..3 {
        assert_eq!(line(&mut exchange, "ERROR: unknown command"), Step::Taken);
    }
    assert_eq!(written(&mut exchange), None, "the next command waits for the fence");
    let refusal = refused("not currently available");
    assert_eq!(line(&mut exchange, "SUCCESS: pid=7"), Step::Done(0, refusal));
    assert_eq!(written(&mut exchange).as_deref(), Some("x\n"));
}

#[test]
fn a_withdrawn_command_is_not_sent() {
    let mut exchange = exchange(1, &[ReplyShape::Line; 3]);
    for _ in 0..2 {
        assert!(matches!(exchange.next_write(|caller| *caller == 2), NextWrite::Dropped));
    }
    assert!(matches!(exchange.next_write(|caller| *caller == 2), NextWrite::Bytes(_)));
    assert_eq!(line(&mut exchange, "SUCCESS: a"), Step::Done(2, Ok(reply(Some("a"), &[]))));
    assert_eq!(exchange.queued(), 0);
}

#[test]
fn withdrawn_commands_are_dropped_wherever_they_wait() {
    let mut exchange = exchange(1, &[ReplyShape::Line; 4]);
    exchange.prune(|caller| caller % 2 == 0);
    assert_eq!(exchange.queued(), 2);
    assert_eq!(exchange.next(), Some(&1));
}

#[test]
fn a_reply_over_the_limit_is_told() {
    let mut exchange = Exchange::new(1, 100);
    exchange.submit(0, wire(ReplyShape::Block));
    written(&mut exchange).unwrap();
    assert_eq!(line(&mut exchange, "1234567890"), Step::Taken);
    assert_eq!(line(&mut exchange, "1234567890"), Step::Taken);
    assert_eq!(line(&mut exchange, "1234567890"), Step::TooLarge);
}

#[test]
fn at_the_end_a_close_is_done_and_a_fenced_line_counts() {
    let mut exchange = exchange(1, &[ReplyShape::Close, ReplyShape::Line]);
    written(&mut exchange).unwrap();
    assert!(exchange.is_closing());
    let ended: Vec<_> = exchange.close().collect();
    assert_eq!(ended, [(0, Some(Ok(reply(None, &[])))), (1, None)]);

    let mut exchange = self::exchange(1, &[ReplyShape::Fenced(Fence::AtOnce)]);
    written(&mut exchange).unwrap();
    line(&mut exchange, "SUCCESS: signal SIGTERM thrown");
    let ended: Vec<_> = exchange.close().collect();
    assert_eq!(ended, [(0, Some(Ok(reply(None, &["SUCCESS: signal SIGTERM thrown"]))))]);
}

proptest::proptest! {
    /// Whatever the daemon says, each caller is answered at most once and in order.
    #[test]
    fn any_lines_answer_each_caller_at_most_once_and_in_order(
        shapes in proptest::collection::vec(proptest::sample::select(vec![
            ReplyShape::Line, ReplyShape::Block, ReplyShape::LineThenBlock, ReplyShape::Count(2),
            ReplyShape::ExplainedLine, ReplyShape::Event("E:"),
            ReplyShape::Fenced(Fence::AtOnce), ReplyShape::Fenced(Fence::AfterFirst),
            ReplyShape::Fenced(Fence::AfterRefusal),
        ]), 0..12),
        lines in proptest::collection::vec(proptest::sample::select(vec![
            "SUCCESS: a", "ERROR: b", "END", "row", "SUCCESS: pid=1", "", ">",
        ]), 0..60),
        depth in 1usize..5,
    ) {
        let mut exchange = exchange(depth, &shapes);
        let mut answered = Vec::new();
        for text in lines {
            while written(&mut exchange).is_some() {}
            if let Step::Done(caller, _) = line(&mut exchange, text) {
                answered.push(caller);
            }
        }
        answered.extend(exchange.close().map(|(caller, _)| caller));
        proptest::prop_assert_eq!(answered, (0..shapes.len()).collect::<Vec<_>>());
    }
}
