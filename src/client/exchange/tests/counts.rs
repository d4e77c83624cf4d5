//! What the exchange tells of itself, and its limits to the byte.

use super::*;
use crate::client::exchange::fence::FenceState;
use crate::types::LineRef;
use crate::types::limits::PIPELINED_LINE;

#[test]
fn it_tells_what_waits_and_what_is_in_flight() {
    let mut exchange = exchange(2, &[ReplyShape::Line; 4]);
    assert_eq!((exchange.len(), exchange.queued(), exchange.in_flight()), (4, 4, 0));
    assert_eq!((exchange.next(), exchange.last(), exchange.oldest()), (Some(&0), None, None));
    assert!(exchange.waits(|id| *id == 3) && !exchange.waits(|id| *id == 4));
    assert!(!exchange.awaits_reply());
    written(&mut exchange).unwrap();
    assert_eq!(
        (exchange.next(), exchange.last(), exchange.oldest()),
        (Some(&1), Some(&0), Some(&0))
    );
    written(&mut exchange).unwrap();
    assert_eq!((exchange.len(), exchange.queued(), exchange.in_flight()), (2, 2, 2));
    assert_eq!((exchange.next(), exchange.last(), exchange.oldest()), (None, Some(&1), Some(&0)));
    assert!(!exchange.waits(|id| *id == 1) && exchange.awaits_reply());
    exchange.prune(|id| *id == 2);
    assert_eq!((exchange.len(), exchange.waits(|id| *id == 3)), (1, true));
    exchange.prune(|id| *id == 3);
    assert_eq!((exchange.len(), exchange.in_flight()), (0, 2), "what was sent stays");
    assert_eq!(exchange.reply_limit(), LIMIT);
}

#[test]
fn one_is_in_flight_also_where_none_were_asked_for() {
    let mut exchange = exchange(0, &[ReplyShape::Line; 2]);
    assert!(written(&mut exchange).is_some());
    assert_eq!(written(&mut exchange), None);
}

#[test]
fn those_that_wait_for_a_late_reply_are_not_counted_as_waiting_to_be_sent() {
    let mut exchange = Exchange::new(1, LIMIT);
    let late = || wire(ReplyShape::Line).expect("pk-sig").kind(Kind::Late);
    exchange.submit(0, late());
    written(&mut exchange).unwrap();
    assert_eq!(exchange.give_up(), GivenUp::Command);
    assert_eq!(pass_fence(&mut exchange), [(0, Err(Failure::Unanswered))]);
    exchange.submit(1, late());
    exchange.submit(2, wire(ReplyShape::Line));
    exchange.submit(3, wire(ReplyShape::Line));
    assert_eq!((exchange.queued(), exchange.len()), (2, 3));
    assert_eq!(exchange.next(), Some(&2));
    assert!(matches!(line(&mut exchange, "SUCCESS: pk-sig"), Step::Stray(_)));
    assert_eq!((exchange.queued(), exchange.len()), (3, 3));
    assert_eq!(exchange.next(), Some(&1));
}

#[test]
fn no_reply_is_awaited_of_an_end_and_one_is_of_a_fence() {
    let mut closing = exchange(1, &[ReplyShape::Close]);
    assert!(!closing.is_closing());
    written(&mut closing).unwrap();
    assert!(closing.is_closing() && !closing.awaits_reply());
    assert_eq!(closing.give_up(), GivenUp::Nothing);

    let mut exchange = Exchange::new(1, LIMIT);
    exchange.submit(0, wire(ReplyShape::Line).raw());
    let written = written(&mut exchange).unwrap();
    assert!(!exchange.is_closing() && exchange.awaits_reply());
    // Its fence went with it, and is awaited when it has its reply.
    assert!(matches!(line(&mut exchange, "SUCCESS: x"), Step::Done(0, Ok(_))));
    assert!(exchange.awaits_reply());
    assert_eq!(exchange.in_flight(), 0);
    assert_eq!(fenced(exchange.reply(fence_reply(&written))), []);
    assert!(!exchange.awaits_reply());
}

#[test]
fn only_a_block_that_may_be_broken_off_and_has_begun_stalls() {
    for (shape, row, may) in [
        (ReplyShape::BreakableBlock, false, false),
        (ReplyShape::BreakableBlock, true, true),
        (ReplyShape::Block, true, false),
    ] {
        let mut exchange = exchange(1, &[shape]);
        written(&mut exchange).unwrap();
        if row {
            assert_eq!(line(&mut exchange, "row"), Step::Taken);
        }
        assert_eq!(exchange.may_be_broken_off(), may, "{shape:?}");
        exchange.stalled();
        assert!(!exchange.may_be_broken_off(), "a fence tells");
        assert_eq!(written(&mut exchange).is_some(), may, "{shape:?}");
    }
}

#[test]
fn silence_is_given_up_on_anew_behind_each_fence() {
    let mut exchange = exchange(1, &[ReplyShape::Line; 3]);
    assert_eq!(exchange.give_up(), GivenUp::Nothing);
    for id in 0..2 {
        written(&mut exchange).unwrap();
        assert_eq!(exchange.give_up(), GivenUp::Command);
        assert_eq!(pass_fence(&mut exchange), [(id, Err(Failure::Unanswered))]);
    }
    written(&mut exchange).unwrap();
    assert_eq!(exchange.give_up(), GivenUp::Command);
    assert_eq!(exchange.give_up(), GivenUp::Fence);
}

#[test]
fn what_was_not_written_is_taken_back_with_its_fence() {
    let mut exchange = exchange(1, &[ReplyShape::Fenced(Fence::AtOnce), ReplyShape::Line]);
    assert!(written(&mut exchange).unwrap().contains("signal fence-"));
    assert_eq!(exchange.give_up(), GivenUp::Command);
    assert_eq!((exchange.take_back(), exchange.in_flight()), (Some(0), 0));
    assert!(!exchange.awaits_reply());
    assert_eq!(written(&mut exchange).as_deref(), Some("x\n"));
    assert_eq!(exchange.give_up(), GivenUp::Command, "nothing is doubted any more");
    // A fence that is due was no part of it.
    assert_eq!(exchange.take_back(), Some(1));
    assert_eq!(exchange.take_back(), None);
    assert!(written(&mut exchange).unwrap().starts_with("signal fence-"));
}

#[test]
fn a_reply_may_be_as_large_as_its_limit_and_no_larger() {
    let line_of = |count: usize| count + size_of::<Bytes>();
    for (lines, size) in [(&["abc"][..], line_of(3)), (&["abc", "de"], line_of(3) + line_of(2))] {
        for (limit, fits) in [(size, true), (size - 1, false), (size + 1, true)] {
            let mut exchange = Exchange::new(1, limit);
            exchange.submit(0, wire(ReplyShape::Block));
            written(&mut exchange).unwrap();
            let last = lines.iter().map(|text| line(&mut exchange, text)).last().unwrap();
            assert_eq!(last, if fits { Step::Taken } else { Step::TooLarge }, "{lines:?}, {limit}");
        }
    }
}

#[test]
fn a_fence_goes_with_its_command_where_both_fit_into_a_line() {
    let fence = "signal fence--\n".len() + 16 + 20;
    assert_eq!(FenceState::len(), fence);
    for (size, fits) in [(PIPELINED_LINE - fence, true), (PIPELINED_LINE - fence + 1, false)] {
        let mut exchange = Exchange::new(1, LIMIT);
        let long = ["a", "b", "c"].iter().zip([250, 250, size - 2 - 500 - 6]);
        let writer = long
            .fold(Writer::new("x"), |writer, (name, count)| writer.word(&name.repeat(count + 1)));
        let wire = writer.line(ReplyShape::Line).raw();
        let size_of_it = wire.bytes.len();
        exchange.submit(0, wire);
        let bytes = written(&mut exchange).unwrap();
        assert_eq!(size_of_it, size, "the command of this test");
        assert_eq!(bytes.contains("signal fence-"), fits, "{size}");
    }
}

#[test]
fn each_fence_has_a_name_of_its_own() {
    let mut exchange = exchange(1, &[ReplyShape::Line; 2]);
    written(&mut exchange).unwrap();
    exchange.give_up();
    let first = written(&mut exchange).unwrap();
    assert_eq!(fenced(exchange.reply(fence_reply(&first))).len(), 1);
    written(&mut exchange).unwrap();
    exchange.give_up();
    let second = written(&mut exchange).unwrap();
    assert_ne!(first, second);
    // To the command it is a refusal as any other.
    assert!(matches!(exchange.reply(fence_reply(&first)), Step::Done(1, Err(Failure::Refused(_)))));
    assert_eq!(fenced(exchange.reply(fence_reply(&second))), []);
    let another = FenceState::new().send();
    let other = FenceState::new().send();
    assert_ne!(another.as_slice(), other.as_slice(), "nor can it be guessed");
}

/// It is what OpenVPN 3 says to a fence, and to a caller's own `signal`.
#[test]
fn an_answer_without_a_name_is_a_fence_where_no_signal_of_a_callers_may_have_it() {
    const UNNAMED: &str = "ERROR: signal not supported";
    for (kind, is_fence) in [
        (Kind::Plain, true),
        (Kind::Late, true),
        (Kind::Signal, false),
        (Kind::Raw { is_signal: true }, false),
    ] {
        let mut exchange = Exchange::new(1, LIMIT);
        exchange.submit(0, wire(ReplyShape::Fenced(Fence::AtOnce)).kind(kind));
        assert!(written(&mut exchange).unwrap().contains("signal fence-"));
        let step = line(&mut exchange, UNNAMED);
        assert_eq!(matches!(step, Step::Fenced(_)), is_fence, "{kind:?}");
    }
}

#[test]
fn a_count_of_lines_ends_with_the_last() {
    let steps = conversation(ReplyShape::Count(2), &["one", "ERROR: two"]);
    assert_eq!(steps[0], Step::Taken);
    assert_eq!(steps[1], Step::Done(0, Ok(reply(None, &["one", "ERROR: two"]))));
}

/// The daemon has answered the last question, or never will, before it asks another.
#[test]
fn only_a_new_question_ends_waiting_for_a_late_reply() {
    for (event, is_over) in [
        ("PK_SIGN:AAAA", true),
        ("RSA_SIGN:AAAA", true),
        ("NEED-CERTIFICATE:a hint", true),
        ("HOLD:Waiting for hold release:0", false),
        ("LOG:1,,PK_SIGN:AAAA", false),
    ] {
        let mut exchange = Exchange::new(1, LIMIT);
        let late = || wire(ReplyShape::Line).expect("pk-sig").kind(Kind::Late);
        exchange.submit(0, late());
        written(&mut exchange).unwrap();
        assert_eq!(exchange.give_up(), GivenUp::Command);
        assert_eq!(pass_fence(&mut exchange), [(0, Err(Failure::Unanswered))]);
        exchange.submit(1, late());
        let event_line = Bytes::from_static(event.as_bytes());
        assert_eq!(exchange.event(LineRef::from(&event_line)), None);
        assert_eq!(written(&mut exchange).is_some(), is_over, "{event}");
    }
}

/// What was called before `quit` is sent before it.
#[test]
fn the_end_passes_nothing_that_may_not_go_out_yet_and_others_do() {
    for (shape, passes) in [(ReplyShape::Close, false), (ReplyShape::Line, true)] {
        let mut exchange = exchange(9, &[ReplyShape::Line, shape]);
        let passed = exchange.next_write(|id| *id != 0, |_| true);
        assert_eq!(matches!(passed, NextWrite::Bytes(_)), passes, "{shape:?}");
    }
    let mut exchange = exchange(9, &[ReplyShape::Close]);
    assert!(written(&mut exchange).is_some());
}

#[test]
fn a_block_of_which_nothing_came_was_not_broken_off() {
    for (odd, outcome) in [
        (None, Err(Failure::Unanswered)),
        (
            Some("SUCCESS: another's"),
            Err(Failure::Unexpected {
                expected: "lines and then `END`",
                line: Bytes::from_static(b"SUCCESS: another's"),
            }),
        ),
    ] {
        let mut exchange = exchange(1, &[ReplyShape::BreakableBlock]);
        written(&mut exchange).unwrap();
        match odd {
            Some(odd) => assert!(matches!(line(&mut exchange, odd), Step::Stray(_))),
            None => assert_eq!(exchange.give_up(), GivenUp::Command),
        }
        assert_eq!(pass_fence(&mut exchange), [(0, outcome)]);
    }
}

#[test]
fn each_form_of_reply_says_what_was_expected() {
    for (shape, odd, words) in [
        (ReplyShape::Block, "SUCCESS: odd", "lines and then `END`"),
        (
            ReplyShape::LineThenBlock,
            "SUCCESS: odd",
            "`SUCCESS: …` in its own words, lines and then `END`",
        ),
        (ReplyShape::Event("COUNT:"), "SUCCESS: odd", "an event line of its own"),
        (ReplyShape::Count(2), "one", "as many lines as were asked for"),
        (ReplyShape::ExplainedLine, "SUCCESS: odd", "`SUCCESS: …` in its own words, or `ERROR: …`"),
    ] {
        let mut exchange = Exchange::new(1, LIMIT);
        exchange.submit(0, wire(shape).expect("own words"));
        written(&mut exchange).unwrap();
        let is_part = line(&mut exchange, odd) == Step::Taken;
        assert_eq!(is_part, shape == ReplyShape::Count(2), "{shape:?}");
        exchange.give_up();
        let line = Bytes::from_static(odd.as_bytes());
        let outcome = Err(Failure::Unexpected { expected: words, line });
        assert_eq!(pass_fence(&mut exchange), [(0, outcome)], "{shape:?}");
    }
}

#[test]
fn a_success_that_tells_of_a_failure_is_a_refusal() {
    for (text, fails) in [("SUCCESS: own words failed", true), ("SUCCESS: own words", false)] {
        let mut exchange = Exchange::new(1, LIMIT);
        exchange.submit(0, wire(ReplyShape::Line).expect("own words").failure("failed"));
        written(&mut exchange).unwrap();
        let Step::Done(0, outcome) = line(&mut exchange, text) else { panic!("{text}") };
        assert_eq!(outcome.is_err(), fails, "{text}");
    }
}

#[test]
fn a_fenced_reply_of_which_nothing_came_fails_with_the_connection() {
    for lines in [&[][..], &["SUCCESS: x"]] {
        let mut exchange = exchange(1, &[ReplyShape::Fenced(Fence::AtOnce)]);
        written(&mut exchange).unwrap();
        for text in lines {
            line(&mut exchange, text);
        }
        let closed: Vec<_> = exchange.close().collect();
        assert!(
            matches!(closed.as_slice(), [(0, outcome)] if outcome.is_some() != lines.is_empty())
        );
    }
}

#[test]
fn behind_a_refusal_all_lines_belong_to_the_refused_block() {
    let shape = ReplyShape::Fenced(Fence::AfterRefusal);
    for second in ["SUCCESS: x", "odd"] {
        assert_eq!(conversation(shape, &["ERROR: no", second]), [Step::Taken, Step::Taken]);
    }
    assert!(matches!(conversation(shape, &["odd"]).as_slice(), [Step::Stray(_)]));
}

#[test]
fn a_line_in_other_words_is_no_part_of_a_fenced_reply_whose_words_are_known() {
    let mut exchange = Exchange::new(1, LIMIT);
    exchange.submit(0, wire(ReplyShape::Fenced(Fence::AtOnce)).expect("signal "));
    written(&mut exchange).unwrap();
    assert!(matches!(line(&mut exchange, "200 OK"), Step::Stray(stray) if stray == "200 OK"));
    assert_eq!(line(&mut exchange, "SUCCESS: signal SIGTERM thrown"), Step::Taken);
}
