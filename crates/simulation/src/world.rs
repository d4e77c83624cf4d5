//! [`World`]: what all tasks of a world share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openvpn_mgmt::peers::LivePeers;
use openvpn_mgmt::{Client, Events, FleetClient, Lagged, LinkClient, PendingClient, Request};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::host::Host;
use crate::kept::Kept;
use crate::ledger::Shared as Ledger;
use crate::scenario::{Deed, Scenario, Setting, Step};

/// A world that goes on.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) ledger: Ledger,
    pub(crate) hosts: Vec<Host>,
    pub(crate) programs: Vec<Program>,
    pub(crate) peers: LivePeers,
    fleet: Mutex<Option<FleetClient>>,
}

/// What the program of one daemon has, and what it is told.
pub(crate) struct Program {
    state: Mutex<State>,
    /// Whether its subscriber reads.
    pub(crate) reads: watch::Sender<bool>,
    /// Nobody takes requests any more.
    pub(crate) leave: Notify,
    /// Held by whoever calls by the link.
    pub(crate) through: tokio::sync::Mutex<()>,
    /// Another session is to begin.
    pub(crate) connect: Notify,
    /// The session is dropped with all that is of it.
    pub(crate) abandon: Notify,
    /// Handlers are dropped where they are.
    pub(crate) lets_go: AtomicBool,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) client: Option<Client>,
    pub(crate) policy: Policy,
    /// Whether somebody takes the requests of this session.
    pub(crate) takes_requests: bool,
    pub(crate) held: Vec<Held>,
    pub(crate) answers: Vec<Waiter>,
    pub(crate) calls: BTreeMap<u32, Waiter>,
    pub(crate) reader: Option<JoinHandle<()>>,
    pub(crate) idle: Vec<Idle>,
    pub(crate) pending: Vec<PendingClient>,
    /// By their identities and KIDs.
    pub(crate) attempts: BTreeMap<(String, u64), Attempted>,
    pub(crate) sessions: u32,
    pub(crate) kept: Vec<Kept>,
    pub(crate) link: Option<LinkClient>,
    /// Whether its link has ended for good.
    pub(crate) has_ended: bool,
}

impl State {
    /// The server is gone that would tell of the attempts it has not told of.
    pub(crate) fn forget_attempts(&mut self) {
        self.attempts.retain(|_, attempted| attempted.told > 0);
    }
}

/// How requests are answered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) how: u32,
    /// In milliseconds.
    pub(crate) after: u32,
}

/// A request that waits for its answer, and its mark.
pub(crate) struct Held {
    pub(crate) request: Request,
    pub(crate) mark: usize,
}

/// An attempt of a client that an authenticator was given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempted {
    pub(crate) name: String,
    /// Of the decision about it.
    pub(crate) mark: Option<usize>,
    /// When somebody began to decide.
    pub(crate) began: Option<Instant>,
    /// How often its outcome was told.
    pub(crate) told: u32,
}

/// A subscription that nobody reads, and how much another one of the same moment was told.
pub(crate) struct Idle {
    pub(crate) events: Events,
    pub(crate) told: Arc<AtomicU64>,
    pub(crate) reader: JoinHandle<()>,
}

impl Idle {
    pub(crate) fn new(client: &Client) -> Self {
        let (events, mut others) = (client.subscribe(), client.subscribe());
        let told = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&told);
        let reader = tokio::spawn(async move {
            while let Some(event) = others.next().await {
                let events = event.map_or_else(|Lagged(lost)| lost, |_| 1);
                count.fetch_add(events, Ordering::Relaxed);
            }
        });
        Self { events, told, reader }
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// A task that has to end.
pub(crate) struct Waiter {
    pub(crate) what: String,
    pub(crate) task: JoinHandle<()>,
}

impl World {
    pub(crate) fn new(scenario: Scenario, is_shown: bool) -> Arc<Self> {
        let ledger = Ledger::new(scenario.daemons.len(), is_shown);
        let plans = scenario.daemons.iter().enumerate();
        let twins = plans.clone().filter(|(_, plan)| plan.has(Setting::Twins).is_some());
        ledger.lock().twins = twins.map(|(daemon, _)| daemon).collect();
        let host = |(number, plan)| Host::new(number, plan, scenario.seed, ledger.clone());
        let hosts = plans.map(host).collect();
        let programs = scenario.daemons.iter().map(|_| Program::new()).collect();
        // More than happens before they are read.
        let peers = LivePeers::builder().capacity(1 << 10).build();
        Arc::new(Self { scenario, ledger, hosts, programs, peers, fleet: Mutex::default() })
    }

    pub(crate) fn program(&self, daemon: usize) -> Option<&Program> {
        self.programs.get(daemon)
    }

    /// Whether a daemon is a server whose manager decides.
    pub(crate) fn is_server(&self, daemon: usize) -> bool {
        self.scenario.daemons.get(daemon).is_some_and(|plan| plan.set_up.contains("server"))
    }

    /// Whether replies may come late there, so that calls may be without and lines nobody's.
    pub(crate) fn may_miss_replies(&self, daemon: usize) -> bool {
        let plan = self.scenario.daemons.get(daemon);
        self.was_silent(daemon) || plan.is_some_and(|plan| plan.set_up.contains("external"))
    }

    /// Whether a reply may be too large there.
    pub(crate) fn has_small_replies(&self, daemon: usize) -> bool {
        self.scenario.daemons.get(daemon).is_some_and(|plan| plan.reply > 0)
    }

    /// Whether a daemon was silent, or did not read, for a time.
    pub(crate) fn was_silent(&self, daemon: usize) -> bool {
        let deeds = [Deed::Stall, Deed::Deaf];
        let mut steps = self.scenario.steps.iter();
        steps.any(|step| step.daemon == daemon && deeds.contains(&step.deed))
    }

    /// Whether a daemon is not one as daemons are, or its program says what daemons answer in their own way.
    pub(crate) fn is_odd(&self, daemon: usize) -> bool {
        let is_odd = |step: &Step| {
            step.deed.is_odd() || step.deed == Deed::Call && step.b >= crate::call::odd::FIRST
        };
        self.scenario.steps.iter().any(|step| step.daemon == daemon && is_odd(step))
    }

    /// A request about a client, with this mark, is dropped: it is denied where that is set, and waits on else.
    pub(crate) fn lets_go(&self, daemon: usize, mark: usize) {
        let plan = self.scenario.daemons.get(daemon);
        let is_denied = plan.is_some_and(|plan| plan.has(Setting::Denies).is_some());
        let mut ledger = self.ledger.lock();
        if !is_denied {
            ledger.lets_go(mark);
        } else if let Some(mark) = ledger.marks.get_mut(mark) {
            mark.is_dropped = true;
        }
    }

    /// Whether the program of a daemon has a session that goes on.
    pub(crate) fn is_attached(&self, daemon: usize) -> bool {
        let client = self.program(daemon).and_then(|program| program.lock().client.clone());
        client.is_some_and(|client| !client.is_closed())
    }

    /// Whoever commands all, where there is a fleet.
    pub(crate) fn fleet(&self) -> Option<FleetClient> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_fleet(&self, client: FleetClient) {
        *self.fleet.lock().unwrap_or_else(PoisonError::into_inner) = Some(client);
    }

    pub(crate) fn name(daemon: usize) -> String {
        format!("d{daemon}")
    }

    pub(crate) fn breaks(&self, law: &'static str, text: impl Into<String>) {
        self.ledger.lock().breaks(law, text);
    }

    pub(crate) fn note(&self, text: impl FnOnce() -> String) {
        self.ledger.lock().trace.add(text);
    }
}

impl Program {
    fn new() -> Self {
        Self {
            state: Mutex::default(),
            reads: watch::Sender::new(true),
            leave: Notify::new(),
            through: tokio::sync::Mutex::default(),
            connect: Notify::new(),
            abandon: Notify::new(),
            lets_go: AtomicBool::new(false),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the end of this task be waited for.
    pub(crate) fn answers(&self, what: String, task: JoinHandle<()>) {
        let mut state = self.lock();
        state.answers.retain(|waiter| !waiter.task.is_finished());
        state.answers.push(Waiter { what, task });
    }
}
