//! [`run`]: a scenario from its first step to the end of everything in it.

pub(crate) mod odd;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use openvpn_mgmt_test::{Client, ServerAction};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::answer::{Way, answer, resume};
use crate::call;
use crate::kept;
use crate::ledger::{Counts, Violation};
use crate::program;
use crate::quiet;
use crate::scenario::{Deed, Scenario, Step};
use crate::world::{Idle, Policy, Waiter, World};

/// What came of a scenario.
#[derive(Debug)]
pub struct Report {
    /// The laws that were broken, in order.
    pub violations: Vec<Violation>,
    /// How much happened.
    pub counts: Counts,
    /// The abstract states that were seen.
    pub states: HashSet<u64>,
    /// A hash of all that happened.
    pub hash: u64,
    /// How much virtual time passed.
    pub time: Duration,
}

/// How long everything may take to end at the end of a world, longer than any time that programs set.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs a scenario; shows all that happens where that is wanted.
///
/// # Errors
/// There is no runtime to be had.
pub fn run(scenario: &Scenario, is_shown: bool) -> std::io::Result<Report> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    odd::look_for_panics();
    // What a link waits between two attempts is drawn from it.
    fastrand::seed(scenario.seed);
    Ok(runtime.block_on(live(scenario, is_shown)))
}

async fn live(scenario: &Scenario, is_shown: bool) -> Report {
    let began = Instant::now();
    let world = World::new(scenario.clone(), is_shown);
    let hosts: Vec<_> = world.hosts.iter().map(crate::host::Host::run).collect();
    let changes = tokio::spawn(quiet::follow(Arc::clone(&world)));
    let programs = program::start(&world);
    let mut states = HashSet::new();
    sleep(Duration::from_millis(200)).await;
    let mut names = Names::default();
    for (number, step) in scenario.steps.iter().enumerate() {
        world.note(|| format!("-- {step:?}"));
        act(&world, *step, number, &mut names).await;
        states.insert(state(&world, step.deed));
        if !world.ledger.lock().violations.is_empty() {
            break;
        }
    }
    let is_broken = !world.ledger.lock().violations.is_empty();
    if !is_broken {
        // Every second world ends in the middle of everything.
        if scenario.seed % 2 == 0 {
            settle(&world).await;
        }
        end(&world).await;
    }
    let tasks = hosts.into_iter().chain(programs).chain([changes]);
    tasks.for_each(|task| task.abort());
    if odd::has_panicked() {
        world.breaks("panic", "something has panicked");
    }
    let ledger = world.ledger.lock();
    Report {
        violations: ledger.violations.clone(),
        counts: ledger.counts,
        states,
        hash: ledger.trace.hash(),
        time: began.elapsed(),
    }
}

/// The clients that came, by their numbers.
#[derive(Default)]
struct Names(std::collections::BTreeMap<(usize, u32), String>);

impl Names {
    fn get(&self, step: Step) -> String {
        self.0.get(&(step.daemon, step.a)).cloned().unwrap_or_default()
    }
}

async fn act(world: &Arc<World>, step: Step, number: usize, names: &mut Names) {
    let unique = u32::try_from(number).unwrap_or(u32::MAX);
    match step.deed {
        Deed::Wait => sleep(Duration::from_millis(u64::from(step.a))).await,
        Deed::Turns => {
            for _ in 0..step.a {
                tokio::task::yield_now().await;
            }
        }
        Deed::Settle => settle(world).await,
        Deed::Keep | Deed::KillKept | Deed::Through => kept::does(world, step, unique),
        Deed::AskAll => kept::asks_all(world, step),
        Deed::Call => call::call(world, step.daemon, step.a, step.b, unique),
        Deed::Cancel => call::cancel(world, step.daemon, step.a),
        Deed::Comes => {
            let name = format!("d{}n{number}", step.daemon);
            names.0.insert((step.daemon, step.a), name.clone());
            let client = Client::new(&name).password(&format!("hush{number}"));
            let client = if step.b % 2 == 1 { client.answers(&name) } else { client };
            if let Some(host) = world.hosts.get(step.daemon) {
                host.comes(client, None);
            }
        }
        Deed::Crowd => {
            for one in 0..step.a {
                let client = Client::new(&format!("d{}n{number}c{one}", step.daemon));
                if let Some(host) = world.hosts.get(step.daemon) {
                    host.comes(client, Some(step.b));
                }
            }
        }
        Deed::Leaves
        | Deed::Renews
        | Deed::Again
        | Deed::Responds
        | Deed::Vanishes
        | Deed::Traffic => client_does(world, step, &names.get(step)),
        Deed::Admits | Deed::Denies | Deed::Asks => server_does(world, step),
        _ if step.deed.is_odd() => odd::act(world, step),
        _ if step.deed.is_fault() => fault(world, step),
        _ => program_does(world, step),
    }
}

fn client_does(world: &World, step: Step, name: &str) {
    let Some(host) = world.hosts.get(step.daemon) else { return };
    // That nobody of this name is there, or cannot do that now, is fine.
    let _ = host.with(|daemon| match step.deed {
        Deed::Leaves => daemon.client_leaves(name),
        Deed::Renews => daemon.client_renegotiates(name),
        Deed::Again => daemon.client_restarts(name),
        Deed::Responds => daemon.client_responds(name, name),
        Deed::Vanishes => daemon.client_vanishes(name),
        _ => daemon.client_traffic(name, u64::from(step.b), 2 * u64::from(step.b)),
    });
}

fn server_does(world: &World, step: Step) {
    let action = match step.deed {
        Deed::Admits => ServerAction::Admits,
        Deed::Denies if step.a == 1 => {
            ServerAction::Denies(Some("CRV1:R,E:state:dXNlcg==:the token".to_owned()))
        }
        Deed::Denies => ServerAction::Denies(None),
        _ => ServerAction::Asks("CR_TEXT:R,E:the code".to_owned()),
    };
    if let Some(host) = world.hosts.get(step.daemon) {
        drop(host.with(|daemon| daemon.server_does(&action)));
    }
}

fn fault(world: &World, step: Step) {
    let Some(host) = world.hosts.get(step.daemon) else { return };
    match step.deed {
        Deed::Restart => host.with(openvpn_mgmt_test::Daemon::restarts_by_itself),
        Deed::Replace => host.replace(),
        Deed::Cut => host.cut(),
        Deed::Stall => host.faults(|faults| faults.stalls = true),
        Deed::Deaf => host.faults(|faults| faults.deaf = true),
        Deed::Heal => host.faults(|faults| (faults.stalls, faults.deaf) = (false, false)),
        Deed::Split => host.faults(|faults| faults.splits = true),
        Deed::Held => {
            let until = Instant::now() + Duration::from_millis(u64::from(step.a));
            host.faults(|faults| faults.held_until = Some(until));
        }
        Deed::HoldsAgain => host.holds_again(),
        // Nothing is to be given before it but what this daemon said.
        Deed::Murmur if world.is_attached(step.daemon) => host.murmurs(),
        Deed::Murmur => {}
        Deed::Garbage => host.says(b">\xff\x00GARBAGE:,,,\r\n", true),
        _ => {
            for number in 0..step.a {
                let line = format!(">LOG:1795332237,,flood {number}.\r\n");
                host.says(line.as_bytes(), false);
            }
        }
    }
}

fn program_does(world: &Arc<World>, step: Step) {
    let Some(program) = world.program(step.daemon) else { return };
    match step.deed {
        Deed::Pause => drop(program.reads.send_replace(false)),
        Deed::Read => drop(program.reads.send_replace(true)),
        Deed::Subscribe => {
            let mut state = program.lock();
            let idle = state.client.as_ref().map(Idle::new);
            state.idle.extend(idle);
        }
        Deed::Deserts => {
            let mut state = program.lock();
            let (reader, idle) = (state.reader.take(), std::mem::take(&mut state.idle));
            drop(state);
            reader.iter().for_each(JoinHandle::abort);
            drop(idle);
        }
        Deed::Leave if program.lock().takes_requests => {
            program.lets_go.store(true, Ordering::Relaxed);
            program.leave.notify_waiters();
        }
        Deed::Answer => program.lock().policy = Policy { how: step.a, after: step.b },
        Deed::Release => {
            let held = std::mem::take(&mut program.lock().held);
            for held in held {
                answer(world, step.daemon, held, Way::Allow, 0);
            }
            resume(world, step.daemon);
        }
        Deed::GiveUp => {
            let answers = std::mem::take(&mut program.lock().answers);
            for waiter in &answers {
                waiter.task.abort();
            }
        }
        Deed::Close => odd::close(world, step.daemon),
        Deed::Connect => program.connect.notify_one(),
        _ => {}
    }
}

/// What is wrong is put right, everything arrives, and what should be so then is looked at.
async fn settle(world: &Arc<World>) {
    for (host, program) in world.hosts.iter().zip(&world.programs) {
        host.faults(|faults| {
            (faults.stalls, faults.deaf, faults.held_until) = (false, false, None);
        });
        program.reads.send_replace(true);
    }
    // Longer than a restart of 2.5, and than the time that is given to those who are denied.
    sleep(Duration::from_secs(12)).await;
    quiet::look(world).await;
}

/// The daemons end, and with them everything else.
async fn end(world: &Arc<World>) {
    world.hosts.iter().for_each(crate::host::Host::end);
    let deadline = Instant::now() + PATIENCE;
    for (daemon, program) in world.programs.iter().enumerate() {
        // Who does not read does not see that it is over.
        program.reads.send_replace(true);
        let waiters = {
            let mut state = program.lock();
            let held = std::mem::take(&mut state.held);
            let mut waiters: Vec<Waiter> = std::mem::take(&mut state.calls).into_values().collect();
            let calls = waiters.len();
            waiters.append(&mut state.answers);
            let reader = state.reader.take().filter(|_| *program.reads.borrow());
            let reader = reader.map(|task| Waiter { what: "the subscriber".to_owned(), task });
            waiters.extend(reader);
            drop(state);
            drop(held);
            waiters.into_iter().enumerate().map(move |(number, waiter)| (number < calls, waiter))
        };
        for (is_call, Waiter { what, task }) in waiters {
            // A call is told at once, whatever time it has; answers may begin late.
            let deadline =
                if is_call { Instant::now() + Duration::from_millis(100) } else { deadline };
            match tokio::time::timeout_at(deadline, task).await {
                Err(_) => {
                    world.breaks("end", format!("{what} of {daemon} waits when all is over"));
                }
                Ok(Err(error)) if error.is_panic() => world.breaks("panic", what),
                Ok(_) => {}
            }
        }
    }
    // Who decides about a client that has left may do so to its deadline.
    sleep(Duration::from_secs(60)).await;
    quiet::at_the_end(world);
}

impl Deed {
    fn is_fault(self) -> bool {
        let faults = [
            Self::Restart,
            Self::Replace,
            Self::Cut,
            Self::Stall,
            Self::Deaf,
            Self::Heal,
            Self::Split,
            Self::Held,
            Self::HoldsAgain,
            Self::Murmur,
            Self::Garbage,
            Self::Flood,
        ];
        faults.contains(&self)
    }
}

/// What kind of situation a world is in: how much is where, roughly.
fn state(world: &World, deed: Deed) -> u64 {
    let mut hasher = DefaultHasher::new();
    deed.hash(&mut hasher);
    for (host, program) in world.hosts.iter().zip(&world.programs) {
        let (faults, is_served, (to_read, to_hear)) = host.look();
        let state = program.lock();
        let calls = state.calls.values().filter(|waiter| !waiter.task.is_finished()).count();
        let answers = state.answers.iter().filter(|waiter| !waiter.task.is_finished()).count();
        let few = |number: usize| number.min(3);
        let size = |bytes: usize| if bytes == 0 { 0 } else { bytes.ilog2() / 4 + 1 };
        (faults.stalls, faults.deaf, faults.splits, is_served, state.client.is_some())
            .hash(&mut hasher);
        (few(calls), few(answers), few(state.held.len()), state.takes_requests).hash(&mut hasher);
        (size(to_read), size(to_hear), *program.reads.borrow()).hash(&mut hasher);
        let clients = host.with(|daemon| daemon.clients());
        let inside = clients.iter().filter(|client| client.is_in).count();
        (few(inside), few(clients.len() - inside)).hash(&mut hasher);
    }
    hasher.finish()
}
