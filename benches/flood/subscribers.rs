//! Subscribers of one session, in one thread with its driver.

use std::os::unix::net::UnixStream;

use openvpn_mgmt::{Builder, Client, Events};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::daemon::{attached, one_thread};

pub(crate) struct Subscribers {
    runtime: Runtime,
    /// Keeps the session, also while its events are with their tasks.
    _client: Client,
    events: Vec<Events>,
}

impl Subscribers {
    /// So many, of a session at this end of a socket.
    pub(crate) fn new(stream: UnixStream, count: usize) -> Self {
        let runtime = one_thread();
        let (client, mut events) = runtime.block_on(async {
            stream.set_nonblocking(true).unwrap();
            let stream = tokio::net::UnixStream::from_std(stream).unwrap();
            // As many as the driver reads before it lets others have their turn.
            let builder = Builder::new()
                .requests(false)
                .event_capacity(Builder::MAX_EVENT_CAPACITY)
                .event_memory(usize::MAX);
            let (client, events, _) = attached(stream, &builder).await.split();
            (client, vec![events])
        });
        runtime.block_on(greeting(&mut events));
        events.resize_with(count, || client.subscribe());
        Self { runtime, _client: client, events }
    }

    /// Takes so many events with each; what is lost to one makes the figure worthless.
    pub(crate) fn take(&mut self, events: usize) {
        if let [only] = self.events.as_mut_slice() {
            return self.runtime.block_on(take(only, events));
        }
        let mut all = JoinSet::new();
        for mut subscriber in self.events.drain(..) {
            let task = async move {
                take(&mut subscriber, events).await;
                subscriber
            };
            all.spawn_on(task, self.runtime.handle());
        }
        self.events = self.runtime.block_on(all.join_all());
    }
}

async fn greeting(events: &mut [Events]) {
    for events in events {
        take(events, 1).await;
    }
}

async fn take(subscriber: &mut Events, events: usize) {
    for _ in 0..events {
        let event = subscriber.next().await.expect("the session lasts");
        std::hint::black_box(event.expect("no event is lost"));
    }
}
