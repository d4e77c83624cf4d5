use super::*;

/// Reads so many bytes, as a socket would give them.
fn read(inbox: &mut Inbox, count: usize) {
    inbox.room().put_slice(&vec![b'x'; count]);
    inbox.has_read(count);
}

fn with_capacity(capacity: usize, bytes: &[u8]) -> Inbox {
    let mut memory = Vec::with_capacity(capacity);
    memory.extend_from_slice(bytes);
    Inbox { memory, room: Inbox::LEAST }
}

#[test]
fn the_first_read_finds_the_least_room() {
    let mut inbox = Inbox::default();
    assert_eq!(inbox.room().remaining_mut(), 4096);
    read(&mut inbox, 100);
    assert_eq!(inbox.room().remaining_mut(), 3996, "what is there is kept beside");
}

#[test]
fn a_flood_is_given_twice_the_room_up_to_the_most() {
    let mut inbox = Inbox::default();
    let mut rooms = Vec::new();
    for _ in 0..6 {
        let all = inbox.room().remaining_mut();
        read(&mut inbox, all);
        rooms.push(inbox.room);
        inbox.split_to(all);
    }
    assert_eq!(rooms, [8192, 16384, 32768, 32768, 32768, 32768]);
}

#[test]
fn the_room_is_less_where_less_is_read() {
    for (count, expected) in [(1023, 4096), (1024, 16384), (8191, 16384), (8192, 32768)] {
        let mut inbox = Inbox { memory: Vec::new(), room: 32768 };
        read(&mut inbox, count);
        assert_eq!(inbox.room, expected, "{count}");
    }
}

#[test]
fn much_of_the_memory_is_handed_over_and_little_is_copied() {
    for (count, capacity) in [(1024, 4096), (1023, 1023)] {
        let mut inbox = with_capacity(4096, &vec![b'x'; 2048]);
        let head = inbox.split_to(count);
        assert_eq!((head.len(), head.capacity()), (count, capacity));
        assert_eq!(inbox.as_slice().len(), 2048 - count);
    }
}

#[test]
fn memory_is_given_back_when_it_is_empty_and_more_than_is_needed() {
    for (capacity, kept) in [(4096, 4096), (8192, 8192), (16384, 0)] {
        let mut inbox = with_capacity(capacity, b"abc");
        assert_eq!(inbox.split_to(2), b"ab");
        assert_eq!(inbox.as_slice(), b"c", "what is left is not");
        assert_eq!(inbox.split_to(1), b"c");
        assert_eq!(inbox.memory.capacity(), kept);
    }
}

#[test]
fn it_grows_twofold_whatever_its_size_was() {
    let mut inbox = with_capacity(40_000, &vec![b'x'; 40_000]);
    inbox.extend(b"y");
    assert_eq!((inbox.as_slice().len(), inbox.memory.capacity()), (40_001, 131_072));
}
