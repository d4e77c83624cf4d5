use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use crate::client::Events;
use crate::client::broadcast::{Batch, Broadcast, BroadcastLimits, Published};
use crate::events::Event;

fn broadcast(events: usize, bytes: usize) -> Arc<Broadcast> {
    Arc::new(Broadcast::new(BroadcastLimits { events, bytes }))
}

/// A batch of `BYTECOUNT` events that count on from `first`.
fn batch(first: u64, count: u64, bytes: usize) -> Batch {
    let event = |n| Event::parse(&Bytes::from(format!("BYTECOUNT:{n},0")));
    let published = |n| Published { event: event(n), epoch: 0, connect: None };
    Batch { events: (first..first + count).map(published).collect(), bytes }
}

/// All that a subscription has: numbers of events, and losses as negative numbers.
fn read(events: &mut Events) -> Vec<i64> {
    std::iter::from_fn(|| events.try_next())
        .map(|event| match event {
            Ok(Event::ByteCount(count)) => i64::try_from(count.bytes_in).unwrap(),
            Ok(other) => panic!("{other:?}"),
            Err(lagged) => -i64::try_from(lagged.0).unwrap(),
        })
        .collect()
}

fn kept(broadcast: &Broadcast) -> (usize, usize, usize) {
    let kept = broadcast.lock();
    (kept.batches.len(), kept.events, kept.bytes)
}

#[test]
fn each_subscription_reads_all_from_where_it_began() {
    let broadcast = broadcast(100, 1000);
    let mut first = Events::new(&broadcast, None);
    broadcast.publish(batch(0, 2, 10));
    let mut second = Events::new(&broadcast, None);
    broadcast.publish(batch(2, 2, 10));
    assert_eq!(kept(&broadcast), (2, 4, 20));
    assert_eq!(read(&mut second), [2, 3]);
    assert_eq!(kept(&broadcast), (2, 4, 20), "the first has read none");
    assert_eq!(read(&mut first), [0, 1, 2, 3]);
    assert_eq!(kept(&broadcast), (0, 0, 0), "what all have read is not kept");
}

#[test]
fn without_a_subscription_nothing_is_kept() {
    let broadcast = broadcast(100, 1000);
    let slow = Events::new(&broadcast, None);
    broadcast.publish(batch(0, 2, 10));
    assert_eq!(kept(&broadcast), (1, 2, 10));
    drop(slow);
    assert_eq!(kept(&broadcast), (0, 0, 0));
    broadcast.publish(batch(2, 2, 10));
    assert_eq!(kept(&broadcast), (0, 0, 0));
    assert!(read(&mut Events::new(&broadcast, None)).is_empty());
}

#[test]
fn a_loss_is_counted_to_the_event() {
    let broadcast = broadcast(4, 1000);
    let mut slow = Events::new(&broadcast, None);
    broadcast.publish(batch(0, 10, 1));
    assert_eq!(read(&mut slow), [-6, 6, 7, 8, 9], "also within a batch");
    for n in 10..20 {
        broadcast.publish(batch(n, 1, 1));
    }
    assert_eq!(kept(&broadcast).1, 4);
    assert_eq!(read(&mut slow), [-6, 16, 17, 18, 19]);
}

#[test]
fn a_batch_that_was_begun_is_read_to_its_end() {
    let broadcast = broadcast(2, 1000);
    let mut slow = Events::new(&broadcast, None);
    broadcast.publish(batch(0, 5, 1));
    assert!(slow.try_next().unwrap().is_err());
    assert!(slow.try_next().unwrap().is_ok());
    broadcast.publish(batch(5, 5, 1));
    assert_eq!(read(&mut slow), [4, -3, 8, 9]);
}

#[test]
fn memory_is_bounded_but_for_what_came_last() {
    let broadcast = broadcast(1000, 100);
    let mut slow = Events::new(&broadcast, None);
    for n in 0..10 {
        broadcast.publish(batch(n, 1, 40));
        assert!(kept(&broadcast).2 <= 100);
    }
    broadcast.publish(batch(10, 1, 5000));
    assert_eq!(kept(&broadcast), (1, 1, 5000));
    broadcast.publish(batch(11, 1, 1));
    assert_eq!(read(&mut slow), [-11, 11]);
    assert_eq!(kept(&broadcast), (0, 0, 0));
}

#[test]
fn the_end_comes_behind_the_last_event() {
    let broadcast = broadcast(10, 100);
    let mut events = Events::new(&broadcast, None);
    broadcast.publish(batch(0, 1, 1));
    broadcast.close();
    assert_eq!(read(&mut events), [0]);
    assert!(read(&mut Events::new(&broadcast, None)).is_empty());
}

proptest! {
    /// Against the plainest model: a subscription reads on from its place, or from the oldest event that is left.
    #[test]
    fn any_interleaving_gives_each_its_events(
        steps in proptest::collection::vec((0usize..4, 1u64..6), 1..60),
        capacity in 1usize..8,
    ) {
        let broadcast = broadcast(capacity, usize::MAX);
        let mut readers = [0; 3].map(|_| Events::new(&broadcast, None));
        let mut read_up_to = [0; 3];
        let mut end = 0;
        for (who, count) in steps {
            if let Some(reader) = readers.get_mut(who) {
                let place: &mut u64 = &mut read_up_to[who];
                let oldest = end.max(capacity as u64) - capacity as u64;
                let mut expected: Vec<i64> = Vec::new();
                if *place < oldest {
                    expected.push(-i64::try_from(oldest - *place).unwrap());
                    *place = oldest;
                }
                expected.extend((*place..end).map(|n| i64::try_from(n).unwrap()));
                *place = end;
                prop_assert_eq!(read(reader), expected);
            } else {
                broadcast.publish(batch(end, count, 1));
                end += count;
            }
        }
        drop(readers);
        prop_assert_eq!(kept(&broadcast), (0, 0, 0));
    }
}
