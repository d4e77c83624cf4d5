//! The exchange by itself: which line goes to whom, for every reply shape.

use bytes::Bytes;

use crate::client::exchange::{Exchange, Failure, GivenUp, NextWrite, Outcome, Step};
use crate::command::{Encoded, Fence, Kind, ReplyShape, Writer};
use crate::reply::RawReply;
use crate::types::Text;

mod counts;

const LIMIT: usize = 1024 * 1024;

fn wire(shape: ReplyShape) -> Encoded {
    Writer::new("x").line(shape)
}

fn exchange(depth: usize, shapes: &[ReplyShape]) -> Exchange<usize> {
    let mut exchange = Exchange::new(depth, LIMIT);
    for (id, shape) in shapes.iter().enumerate() {
        exchange.submit(id, wire(*shape));
    }
    exchange
}

fn written(exchange: &mut Exchange<usize>) -> Option<String> {
    match exchange.next_write(|_| true, |_| true) {
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
    Err(Failure::Refused(Text::from(text)))
}

/// What the daemon answers to the fence in what was written.
fn fence_reply(written: &str) -> Bytes {
    let (_, name) = written.trim_end().rsplit_once("signal ").expect("a fence");
    Bytes::from(format!("ERROR: signal '{name}' is not a known signal type"))
}

/// Has the fence that is due sent and answered, and gives what that ends.
fn pass_fence(exchange: &mut Exchange<usize>) -> Vec<(usize, Outcome)> {
    let fence = written(exchange).expect("a fence is due");
    assert!(fence.starts_with("signal fence-"), "{fence}");
    assert_eq!(written(exchange), None, "nothing goes out before it is answered");
    fenced(exchange.reply(fence_reply(&fence)))
}

fn fenced(step: Step<usize>) -> Vec<(usize, Outcome)> {
    match step {
        Step::Fenced(ended) => ended,
        other => panic!("{other:?}"),
    }
}

fn unexpected(line: &'static str) -> Outcome {
    let expected = "`SUCCESS: …` in its own words, or `ERROR: …`";
    Err(Failure::Unexpected { expected, line: Bytes::from_static(line.as_bytes()) })
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
    assert_eq!(pass_fence(&mut exchange), []);
}

#[test]
fn a_reply_in_other_words_ends_its_own_call_only() {
    for odd in ["SUCCESS: hold release succeeded", "SUCCESS:  ", "SUCCESS", "200 OK HTTP/1.1"] {
        let mut exchange = Exchange::new(1, LIMIT);
        exchange.submit(0, wire(ReplyShape::Line).expect("hold="));
        exchange.submit(1, wire(ReplyShape::Line).expect("hold="));
        assert!(written(&mut exchange).is_some());
        assert!(matches!(line(&mut exchange, odd), Step::Stray(_)));
        assert_eq!(pass_fence(&mut exchange), [(0, unexpected(odd))]);
        assert!(written(&mut exchange).is_some(), "the next command goes out");
        let done = Step::Done(1, Ok(reply(Some("hold=0"), &[])));
        assert_eq!(line(&mut exchange, "SUCCESS: hold=0"), done);
    }
    for odd in ["SUCCESS: help", "SUCCESS:", "SUCCESS"] {
        let mut exchange = exchange(1, &[ReplyShape::Block]);
        assert!(written(&mut exchange).is_some());
        assert!(matches!(line(&mut exchange, odd), Step::Stray(_)));
        let ended = pass_fence(&mut exchange);
        assert!(
            matches!(&ended[..], [(0, Err(Failure::Unexpected { line, .. }))] if line == odd),
            "{ended:?}"
        );
    }
}

#[test]
fn beside_an_odd_reply_no_other_command_in_flight_is_answered() {
    let mut exchange = exchange(3, &[]);
    for (id, words) in ["hold=", "verb=", "common name"].into_iter().enumerate() {
        exchange.submit(id, wire(ReplyShape::Line).expect(words));
    }
    for _ in 0..3 {
        assert!(written(&mut exchange).is_some());
    }
    for stray in ["200 OK", "SUCCESS: verb=3", "ERROR: common name 'x' not found"] {
        assert!(matches!(line(&mut exchange, stray), Step::Stray(_)), "{stray}");
    }
    let ended = pass_fence(&mut exchange);
    let others = [(1, Err(Failure::Unanswered)), (2, Err(Failure::Unanswered))];
    assert_eq!(ended[0], (0, unexpected("200 OK")));
    assert_eq!(ended[1..], others);
}

#[test]
fn a_command_that_is_given_up_ends_behind_a_fence() {
    let mut exchange = exchange(1, &[ReplyShape::Line, ReplyShape::Line]);
    assert_eq!(exchange.give_up(), GivenUp::Nothing, "nothing was sent");
    assert!(written(&mut exchange).is_some());
    assert_eq!(exchange.give_up(), GivenUp::Command);
    assert_eq!(pass_fence(&mut exchange), [(0, Err(Failure::Unanswered))]);
    assert!(written(&mut exchange).is_some());
    assert_eq!(exchange.give_up(), GivenUp::Command);
    assert!(written(&mut exchange).is_some());
    assert_eq!(line(&mut exchange, "SUCCESS: a"), Step::Done(1, Ok(reply(Some("a"), &[]))));
    assert_eq!(exchange.give_up(), GivenUp::Fence);
}

#[test]
fn a_fence_is_answered_by_its_own_name_only() {
    let mut exchange = exchange(1, &[ReplyShape::Line]);
    assert!(written(&mut exchange).is_some());
    exchange.give_up();
    let first = written(&mut exchange).unwrap();
    assert!(matches!(exchange.reply(fence_reply(&first)), Step::Fenced(_)));
    exchange.submit(1, wire(ReplyShape::Line));
    assert!(written(&mut exchange).is_some());
    exchange.give_up();
    let second = written(&mut exchange).unwrap();
    assert_ne!(first, second);
    let longer = fence_reply(&format!("{}1", second.trim_end()));
    for other in [fence_reply(&first), longer] {
        assert!(!matches!(exchange.reply(other), Step::Fenced(_)));
    }
    assert!(matches!(exchange.reply(fence_reply(&second)), Step::Fenced(_)));
}

#[test]
fn openvpn_3_names_no_signal() {
    let reply = "ERROR: signal not supported";
    let mut exchange = exchange(1, &[ReplyShape::Block]);
    assert!(written(&mut exchange).is_some());
    assert!(matches!(line(&mut exchange, "SUCCESS: odd"), Step::Stray(_)));
    assert!(written(&mut exchange).is_some());
    assert_eq!(fenced(line(&mut exchange, reply)).len(), 1);

    exchange.submit(1, wire(ReplyShape::Line).expect("signal ").kind(Kind::Signal));
    assert!(written(&mut exchange).is_some());
    assert!(matches!(line(&mut exchange, "SUCCESS: odd"), Step::Stray(_)));
    assert!(written(&mut exchange).is_some());
    let own = Step::Done(1, refused("signal not supported"));
    assert_eq!(line(&mut exchange, reply), own, "it may be the command's own");
    assert_eq!(fenced(line(&mut exchange, reply)), []);
}

/// What a caller says of his own line proves nothing.
#[test]
fn a_raw_command_is_always_followed_by_a_fence() {
    let raw = |shape| Writer::new("x").line(shape).raw();
    let mut exchange = exchange(9, &[]);
    exchange.submit(0, raw(ReplyShape::Line));
    exchange.submit(1, wire(ReplyShape::Line));
    let both = written(&mut exchange).unwrap();
    assert!(
        both.starts_with(
            "x
signal fence-"
        ),
        "{both}"
    );
    assert_eq!(written(&mut exchange), None);
    assert!(matches!(line(&mut exchange, "SUCCESS: 1 client(s)"), Step::Done(0, Ok(_))));
    assert!(matches!(line(&mut exchange, "SUCCESS: succeeded"), Step::Stray(_)));
    assert_eq!(fenced(exchange.reply(fence_reply(&both))), []);
    assert!(written(&mut exchange).is_some());

    let mut exchange = self::exchange(9, &[]);
    exchange.submit(0, raw(ReplyShape::Block));
    let both = written(&mut exchange).unwrap();
    assert!(matches!(line(&mut exchange, "SUCCESS: pid=1"), Step::Stray(_)));
    let ended = fenced(exchange.reply(fence_reply(&both)));
    assert!(matches!(&ended[..], [(0, Err(Failure::Unexpected { .. }))]), "{ended:?}");
}

#[test]
fn a_long_raw_command_has_its_fence_behind_its_reply() {
    let long = || {
        let text = "y".repeat(250);
        let writer = Writer::new("x").quoted("a", &text).and_then(|x| x.quoted("b", &text));
        writer.and_then(|x| x.quoted("c", &text)).unwrap()
    };
    for shape in [ReplyShape::Line, ReplyShape::Fenced(Fence::AtOnce)] {
        let mut exchange = exchange(1, &[]);
        exchange.submit(0, long().line(shape).raw());
        assert!(!written(&mut exchange).unwrap().contains("fence"));
        line(&mut exchange, "ERROR: no");
        assert!(pass_fence(&mut exchange).len() <= 1);
    }
}

#[test]
fn a_late_reply_is_swallowed_once_and_mistaken_for_no_other() {
    let late = || {
        let wire = wire(ReplyShape::Fenced(Fence::AfterRefusal));
        wire.expect_one_of(&["pk-sign command", "rsa-sign command"]).kind(Kind::Late)
    };
    for words in ["SUCCESS: rsa-sign command succeeded", "ERROR: pk-sign command failed"] {
        let mut exchange = exchange(1, &[]);
        exchange.submit(0, late());
        assert!(written(&mut exchange).is_some());
        assert_eq!(exchange.give_up(), GivenUp::Command);
        assert_eq!(pass_fence(&mut exchange), [(0, Err(Failure::Unanswered))]);

        exchange.submit(1, late());
        exchange.submit(2, wire(ReplyShape::Line));
        assert!(written(&mut exchange).is_some(), "others pass");
        assert_eq!((exchange.queued(), exchange.len()), (0, 1));
        assert!(matches!(line(&mut exchange, words), Step::Stray(_)));
        assert!(matches!(line(&mut exchange, "ERROR: no"), Step::Done(2, Err(_))));
        assert!(written(&mut exchange).is_some(), "now nothing can be mistaken");
        assert!(matches!(line(&mut exchange, "SUCCESS: pk-sign command ok"), Step::Done(1, Ok(_))));
    }
}

#[test]
fn a_block_ends_at_end_only_and_is_refused_by_its_first_line_only() {
    use ReplyShape::Block;
    let rows = conversation(Block, &["ENDE", "ERROR: a common name", "SUCCESS: another", "END"]);
    let whole = Ok(reply(None, &["ENDE", "ERROR: a common name", "SUCCESS: another"]));
    assert_eq!(rows.last(), Some(&Step::Done(0, whole)));
    assert_eq!(conversation(Block, &["ERROR: no"]), [Step::Done(0, refused("no"))]);
    assert_eq!(conversation(Block, &["END"]), [Step::Done(0, Ok(reply(None, &[])))]);
}

#[test]
fn a_reply_among_the_rows_of_a_block_is_not_taken_for_one_where_it_may_be_anothers() {
    let rows = [ReplyShape::Block, ReplyShape::LineThenBlock];
    for (shape, anothers) in
        rows.into_iter().flat_map(|shape| [(shape, "SUCCESS: b"), (shape, "ERROR: b")])
    {
        let begin = if shape == ReplyShape::LineThenBlock { "SUCCESS: a" } else { "nobody's" };
        let mut alone = exchange(1, &[shape]);
        written(&mut alone).unwrap();
        assert_eq!(line(&mut alone, begin), Step::Taken);
        assert_eq!(line(&mut alone, anothers), Step::Taken, "{shape:?}");

        let mut before_another = exchange(2, &[shape]);
        written(&mut before_another).unwrap();
        line(&mut before_another, begin);
        assert!(matches!(line(&mut before_another, anothers), Step::Stray(_)), "{shape:?}");

        let mut exchange = exchange(2, &[shape, ReplyShape::Line]);
        written(&mut exchange).unwrap();
        written(&mut exchange).unwrap();
        assert_eq!(line(&mut exchange, begin), Step::Taken);
        assert_eq!(
            line(&mut exchange, anothers),
            Step::Stray(Bytes::from_static(anothers.as_bytes()))
        );
        let ended = pass_fence(&mut exchange);
        assert!(
            matches!(&ended[..], [(0, Err(Failure::Unexpected { line, .. })), (1, Err(Failure::Unanswered))] if line == anothers),
            "{shape:?}: {ended:?}"
        );
    }
}

#[test]
fn counted_lines_of_which_one_was_nobodys_leave_no_reply_to_another() {
    let mut exchange = exchange(2, &[ReplyShape::Count(1), ReplyShape::Line]);
    written(&mut exchange).unwrap();
    assert_eq!(written(&mut exchange), None, "they are alone");
    let nobodys = Step::Done(0, Ok(reply(None, &["nobody's"])));
    assert_eq!(line(&mut exchange, "nobody's"), nobodys);
    let fence = written(&mut exchange).expect("a fence is due");
    assert_eq!(
        line(&mut exchange, "ERROR: of test"),
        Step::Stray(Bytes::from_static(b"ERROR: of test"))
    );
    assert_eq!(fenced(exchange.reply(fence_reply(&fence))), []);
    assert_eq!(written(&mut exchange).as_deref(), Some("x\n"));
    assert_eq!(line(&mut exchange, "ERROR: its own"), Step::Done(1, refused("its own")));
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

    let mut exchange = exchange(1, &[Shape]);
    assert!(written(&mut exchange).is_some());
    assert_eq!(line(&mut exchange, "200 OK"), Step::Taken);
    assert_eq!(pass_fence(&mut exchange), [(0, unexpected("200 OK"))]);
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
    assert_eq!(exchange.event((&own).into()), None, "not before it was sent");
    written(&mut exchange).unwrap();
    assert_eq!(exchange.event((&other).into()), None);
    assert!(matches!(line(&mut exchange, "SUCCESS: late"), Step::Stray(_)));
    assert_eq!(exchange.event((&other).into()), None);
    assert_eq!(exchange.event((&own).into()), Some(Step::Done(0, Ok(reply(None, &["COUNT:1"])))));
    assert_eq!(exchange.event((&own).into()), None);
    assert_eq!(
        conversation(ReplyShape::Event("COUNT:"), &["ERROR: no"]),
        [Step::Done(0, refused("no"))]
    );
}

#[test]
fn a_fence_at_once_ends_a_reply_of_any_number_of_lines() {
    for said in [&[][..], &["SUCCESS: set"], &["a", "b", "END"]] {
        let mut exchange = exchange(1, &[ReplyShape::Fenced(Fence::AtOnce), ReplyShape::Line]);
        let both = written(&mut exchange).unwrap();
        assert!(both.starts_with("x\nsignal fence-"), "{both}");
        for text in said {
            assert_eq!(line(&mut exchange, text), Step::Taken);
        }
        assert_eq!(written(&mut exchange), None);
        let ended = fenced(exchange.reply(fence_reply(&both)));
        assert_eq!(ended, [(0, Ok(reply(None, said)))]);
        assert!(written(&mut exchange).is_some());
    }
}

#[test]
fn a_fence_after_the_first_line() {
    let mut exchange = exchange(1, &[ReplyShape::Fenced(Fence::AfterFirst)]);
    assert_eq!(written(&mut exchange).as_deref(), Some("x\n"));
    assert_eq!(line(&mut exchange, "ERROR: no client updated"), Step::Taken);
    let fence = written(&mut exchange).unwrap();
    assert_eq!(written(&mut exchange), None);
    assert_eq!(line(&mut exchange, "ERROR: failed"), Step::Taken);
    let ended = fenced(exchange.reply(fence_reply(&fence)));
    assert_eq!(ended, [(0, refused("no client updated"))]);
}

#[test]
fn a_late_reply_needs_no_fence_and_a_refused_block_does() {
    let shape = ReplyShape::Fenced(Fence::AfterRefusal);
    let done = conversation(shape, &["SUCCESS: pk-sign command succeeded"]);
    assert_eq!(done, [Step::Done(0, Ok(reply(Some("pk-sign command succeeded"), &[])))]);

    let mut exchange = exchange(1, &[shape, ReplyShape::Line]);
    written(&mut exchange).unwrap();
    assert_eq!(line(&mut exchange, "ERROR: not currently available"), Step::Taken);
    let fence = written(&mut exchange).unwrap();
    for _ in 0..3 {
        assert_eq!(line(&mut exchange, "ERROR: unknown command"), Step::Taken);
    }
    assert_eq!(written(&mut exchange), None, "the next command waits for the fence");
    let refusal = refused("not currently available");
    assert_eq!(fenced(exchange.reply(fence_reply(&fence))), [(0, refusal)]);
    assert_eq!(written(&mut exchange).as_deref(), Some("x\n"));
}

#[test]
fn a_withdrawn_command_is_not_sent() {
    let mut exchange = exchange(1, &[ReplyShape::Line; 3]);
    for _ in 0..2 {
        assert!(matches!(exchange.next_write(|_| true, |id| *id == 2), NextWrite::Dropped));
    }
    assert!(matches!(exchange.next_write(|_| true, |id| *id == 2), NextWrite::Bytes(_)));
    assert_eq!(line(&mut exchange, "SUCCESS: a"), Step::Done(2, Ok(reply(Some("a"), &[]))));
    assert_eq!(exchange.queued(), 0);
}

#[test]
fn withdrawn_commands_are_dropped_wherever_they_wait() {
    let mut exchange = exchange(1, &[ReplyShape::Line; 4]);
    exchange.prune(|id| id % 2 == 0);
    assert_eq!(exchange.queued(), 2);
    assert_eq!(exchange.next(), Some(&1));
}

#[test]
fn what_is_due_goes_out_before_the_end_that_was_asked_for() {
    let mut exchange = exchange(1, &[ReplyShape::Line, ReplyShape::Close, ReplyShape::Line]);
    exchange.submit_before_close(3, wire(ReplyShape::Line));
    let waiting = exchange.close().map(|(id, _)| id);
    assert_eq!(waiting.collect::<Vec<_>>(), [0, 3, 1, 2]);
    exchange.submit_before_close(4, wire(ReplyShape::Line));
    assert_eq!(exchange.next(), Some(&4), "also where no end was asked for");
}

#[test]
fn those_in_flight_and_those_that_wait_are_told_apart() {
    let mut exchange = exchange(2, &[ReplyShape::Line; 3]);
    assert_eq!((exchange.oldest(), exchange.last(), exchange.in_flight()), (None, None, 0));
    assert!(exchange.waits(|id| *id == 0));
    assert!(written(&mut exchange).is_some());
    assert!(written(&mut exchange).is_some());
    assert_eq!((exchange.oldest(), exchange.last(), exchange.in_flight()), (Some(&0), Some(&1), 2));
    assert!(exchange.waits(|id| *id == 2) && !exchange.waits(|id| *id < 2));
}

#[test]
fn a_command_that_was_not_written_is_taken_back_with_its_fence() {
    let mut exchange = exchange(1, &[ReplyShape::Fenced(Fence::AtOnce), ReplyShape::Line]);
    assert!(written(&mut exchange).is_some());
    assert_eq!(exchange.take_back(), Some(0));
    assert!(!exchange.awaits_reply(), "the fence was part of it");
    assert_eq!(written(&mut exchange).as_deref(), Some("x\n"));
    assert_eq!(exchange.last(), Some(&1));
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

/// Stands for the reply to the fence that was sent last.
const FENCE: &str = "fence";

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
            "SUCCESS: a", "ERROR: b", "END", "row", "SUCCESS: pid=1", "", ">", FENCE,
        ]), 0..60),
        depth in 1usize..5,
    ) {
        let mut exchange = exchange(depth, &shapes);
        let (mut answered, mut fence) = (Vec::new(), None);
        for text in lines {
            while let Some(written) = written(&mut exchange) {
                fence = written.contains("signal ").then_some(written).or(fence);
            }
            let step = match &fence {
                Some(fence) if text == FENCE => exchange.reply(fence_reply(fence)),
                _ => line(&mut exchange, text),
            };
            match step {
                Step::Done(id, _) => answered.push(id),
                Step::Fenced(ended) => answered.extend(ended.into_iter().map(|(id, _)| id)),
                _ => {}
            }
        }
        answered.extend(exchange.close().map(|(id, _)| id));
        proptest::prop_assert_eq!(answered, (0..shapes.len()).collect::<Vec<_>>());
    }
}

#[test]
fn a_block_that_is_broken_off_costs_its_own_call() {
    let mut exchange = exchange(8, &[ReplyShape::BreakableBlock, ReplyShape::Block]);
    assert!(written(&mut exchange).is_some());
    assert!(written(&mut exchange).is_none(), "nothing goes beside it, whose reply it would take");
    exchange.stalled();
    assert!(written(&mut exchange).is_none(), "nothing came of it yet");
    line(&mut exchange, "TITLE");
    line(&mut exchange, "TIME");
    assert!(exchange.may_be_broken_off());
    exchange.stalled();
    let ended = pass_fence(&mut exchange);
    assert_eq!(ended, [(0, Err(Failure::BrokenOff { lines: 2 }))]);
    assert!(written(&mut exchange).is_some());
    assert!(matches!(line(&mut exchange, "END"), Step::Done(1, Ok(_))));
}

#[test]
fn a_block_that_only_pauses_is_whole() {
    let mut exchange = exchange(1, &[ReplyShape::BreakableBlock]);
    written(&mut exchange);
    line(&mut exchange, "TITLE");
    exchange.stalled();
    let fence = written(&mut exchange).expect("a fence");
    let whole = line(&mut exchange, "END");
    assert_eq!(whole, Step::Done(0, Ok(reply(None, &["TITLE"]))));
    assert_eq!(fenced(exchange.reply(fence_reply(&fence))), []);
}
