//! What happens in odd worlds alone.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Once};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::scenario::{Deed, Step};
use crate::world::World;

/// A connection that is closed by its program is over by then, whatever is in flight.
const AT_ONCE: Duration = Duration::from_millis(500);
/// The time of `quit` to the end, which is the SDK's own setting, and a little more.
const BY_QUIT: Duration = Duration::from_millis(5500);

/// A deed of an odd world.
pub(super) fn act(world: &Arc<World>, step: Step) {
    let Some(host) = world.hosts.get(step.daemon) else { return };
    match step.deed {
        Deed::Quotes => quotes(world, step),
        Deed::Tears => host.tears(),
        Deed::Abandon => abandon(world, step.daemon),
        Deed::Quit => quit(world, step.daemon),
        // Of several commands in flight one that has no reply takes that of the next, where it is in the same words.
        Deed::Mute
            if world.scenario.daemons.get(step.daemon).is_some_and(|plan| plan.pipeline > 1) => {}
        deed => host.odd(deed, step.a, step.b),
    }
}

/// Says a secret where it does not belong, or where daemons quote it.
fn quotes(world: &World, step: Step) {
    let lines: &[&str] = match step.a % 4 {
        0 => &[">LOG:1795332237,D,MANAGEMENT: CMD 'password \"Auth\" \"hush\"'"],
        1 => &[">CLIENT:CONNECT,none,1", ">CLIENT:ENV,password=hush", ">CLIENT:ENV,END"],
        2 => &[">CLIENT:ENV,password=hush"],
        _ => &[">PASSWORD:Auth-Token hush"],
    };
    let Some(host) = world.hosts.get(step.daemon) else { return };
    for line in lines {
        host.says(format!("{line}\r\n").as_bytes(), step.a % 4 > 0);
    }
}

/// Drops all that a program has of its session, which ends with that.
fn abandon(world: &Arc<World>, daemon: usize) {
    let Some(program) = world.program(daemon).filter(|_| !world.scenario.fleet) else { return };
    let conversation = world.ledger.lock().newest(daemon);
    let mut state = program.lock();
    if state.client.take().is_none() {
        return;
    }
    let reader = state.reader.take();
    let calls: Vec<_> = std::mem::take(&mut state.calls).into_values().collect();
    let answers = std::mem::take(&mut state.answers);
    let gone = (
        std::mem::take(&mut state.held),
        std::mem::take(&mut state.idle),
        std::mem::take(&mut state.pending),
    );
    drop(state);
    drop(gone);
    calls.iter().chain(&answers).for_each(|waiter| waiter.task.abort());
    if let Some(reader) = reader {
        reader.abort();
    }
    program.lets_go.store(true, Ordering::Relaxed);
    program.abandon.notify_waiters();
    let shared = Arc::clone(world);
    // Whoever looks at its clients asks what is asked already to the end.
    let asked = world.scenario.daemons.get(daemon).filter(|_| world.is_server(daemon));
    let asked = asked.map_or(0, |plan| match plan.timeout {
        // Without a time of its own it ends with a daemon that stays silent.
        u32::MAX => 4 * plan.patience + 2000,
        timeout => timeout + plan.patience,
    });
    let task = tokio::spawn(async move {
        sleep(Duration::from_millis(u64::from(asked)) + AT_ONCE).await;
        // Whoever calls by the link has a handle again.
        let is_called =
            shared.program(daemon).is_some_and(|program| program.through.try_lock().is_err());
        let mut ledger = shared.ledger.lock();
        let is_open =
            ledger.conversation((daemon, conversation)).is_some_and(|one| !one.is_dropped);
        if is_open && !is_called {
            ledger.breaks("end", format!("daemon {daemon}: nobody is left, and it goes on"));
        }
    });
    program.answers(format!("the look after {daemon}"), task);
}

fn quit(world: &Arc<World>, daemon: usize) {
    let Some(program) = world.program(daemon) else { return };
    let client = program.lock().client.clone();
    let Some(client) = client else { return };
    let (shared, began) = (Arc::clone(world), Instant::now());
    let task = tokio::spawn(async move {
        let result = client.quit().await;
        shared.note(|| format!("{daemon} quit: {result:?}"));
        took(&shared, daemon, "quit", began, BY_QUIT);
    });
    program.answers(format!("the quit of {daemon}"), task);
}

thread_local! {
    /// Whether something has panicked in the world of this thread.
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// Takes note of panics from now on, also of those of tasks that nobody waits for.
pub(super) fn look_for_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICKED.set(true);
            before(panic);
        }));
    });
    PANICKED.set(false);
}

pub(super) fn has_panicked() -> bool {
    PANICKED.get()
}

/// Looks that something that began then is over in time.
pub(crate) fn took(world: &World, daemon: usize, what: &str, began: Instant, most: Duration) {
    let took = began.elapsed();
    if took > most {
        world.breaks("time", format!("{what} of daemon {daemon} took {took:?} of {most:?}"));
    }
}

/// Ends a session, at once.
pub(super) fn close(world: &Arc<World>, daemon: usize) {
    let Some(program) = world.program(daemon) else { return };
    let client = program.lock().client.clone();
    let Some(client) = client else { return };
    let shared = Arc::clone(world);
    let task = tokio::spawn(async move {
        let began = Instant::now();
        client.close().await;
        took(&shared, daemon, "the close", began, AT_ONCE);
    });
    program.answers(format!("the close of {daemon}"), task);
}
