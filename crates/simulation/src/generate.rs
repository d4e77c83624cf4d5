//! [`generate`]: a scenario from a seed.

mod odd;
mod seldom;

use openvpn_mgmt_test::Personality;

use crate::scenario::{Deed, Plan, Program, Scenario, Step};

/// How many callers and clients a daemon has at most.
const CALLERS: u32 = 5;
const CLIENTS: u32 = 5;

/// The scenario of a seed.
#[must_use]
pub fn generate(seed: u64) -> Scenario {
    let mut random = fastrand::Rng::with_seed(seed);
    let fleet = random.u32(0..6) == 0;
    let daemons = (0..1 + random.usize(0..4) / 2 + usize::from(fleet)).map(|_| plan(&mut random));
    let daemons: Vec<_> = daemons.collect();
    let deeds = swarm(&mut random);
    let count = random.usize(8..60);
    let mut steps = seldom::first(&mut random, &daemons);
    while steps.len() < count {
        if random.u32(0..5) == 0 {
            let daemon = random.usize(0..daemons.len());
            let is_server = daemons.get(daemon).is_some_and(|plan| plan.set_up.contains("server"));
            let plan = daemons.get(daemon).filter(|_| random.u32(0..3) == 0);
            let fleet = if fleet { daemons.len() } else { 0 };
            match plan.and_then(|plan| seldom::burst(&mut random, daemon, plan, fleet)) {
                Some(burst) => steps.extend(burst),
                None => steps.extend(burst(&mut random, daemon, is_server)),
            }
        } else {
            steps.push(step(&mut random, daemons.len(), &deeds));
        }
    }
    let mut scenario = Scenario { seed, fleet, daemons, steps };
    odd::weave(&mut scenario);
    scenario
}

fn plan(random: &mut fastrand::Rng) -> Plan {
    let is_server = random.u32(0..10) < 7;
    let release = Personality::ALL.get(random.usize(0..3)).copied().unwrap_or(Personality::V2_6);
    let programs: &[Program] = if is_server {
        &[Program::Session, Program::Link, Program::Auth]
    } else {
        &[Program::Session, Program::Link, Program::Responder]
    };
    let program = programs.get(random.usize(0..3)).copied().unwrap_or(Program::Session);
    let mut set_up = vec![if is_server { "server" } else { "client" }];
    if is_server && random.u32(0..8) > 0 {
        set_up.push("client-auth");
    }
    let more: &[&str] = if is_server {
        &["hold", "tcp", "renews-keys"]
    } else {
        &[
            "hold",
            "query-passwords",
            "static-challenge echo the PIN",
            "external-key pkcs1",
            "auth-retry interact",
            "external-cert hint",
            "up-down",
            "auth-token",
            "query-passwords, auth-retry interact",
        ]
    };
    set_up.extend(more.iter().filter(|_| random.u32(0..4) == 0));
    if random.u32(0..12) == 0 {
        set_up.push("password s3cret");
    }
    Plan {
        release,
        program,
        pipeline: of(random, &[1, 1, 2, 4, 16]),
        pipe: of(random, &[4, 48, 300, 4096, 200_000, 200_000]),
        delay: of(random, &[0, 0, 3, 40]),
        timeout: of(random, &[300, 3000, 10_000]),
        patience: of(random, &[500, 3000, 8000]),
        events: of(random, &[4, 64, 4096]),
        memory: 0,
        reply: 0,
        beside: seldom::settings(random, &set_up, program),
        set_up: set_up.join(", "),
    }
}

/// Things that happen at about the same time, of which one may make another one wrong.
fn burst(random: &mut fastrand::Rng, daemon: usize, is_server: bool) -> Vec<Step> {
    let client = random.u32(0..CLIENTS);
    let ways = [Deed::Restart, Deed::Again, Deed::Leaves, Deed::Replace, Deed::Cut, Deed::Close];
    let end = ways.get(random.usize(0..ways.len())).copied().unwrap_or(Deed::Restart);
    let caller = random.u32(0..CALLERS);
    let kind = random.u32(0..crate::call::KINDS);
    let burst = Burst { daemon, client, end, caller, kind };
    let mut steps = match random.u32(0..if is_server { 7 } else { 3 }) {
        which @ 0..3 => burst.of_calls(random, which),
        which => burst.of_answers(random, which),
    };
    if random.bool() {
        let (one, other) = (random.usize(0..steps.len()), random.usize(0..steps.len()));
        steps.swap(one, other);
    }
    steps
}

/// Who and what a burst is about.
#[derive(Clone, Copy)]
struct Burst {
    daemon: usize,
    client: u32,
    /// What makes the rest of it wrong.
    end: Deed,
    caller: u32,
    kind: u32,
}

impl Burst {
    fn of_calls(self, random: &mut fastrand::Rng, which: u32) -> Vec<Step> {
        let Self { daemon, client, end, caller, kind } = self;
        let at = |deed, a, b| Step { deed, daemon, a, b };
        match which {
            0 => vec![
                at(Deed::Call, caller, kind),
                at(Deed::Turns, random.u32(0..4), 0),
                at(Deed::Cancel, caller, 0),
                at(Deed::Call, (caller + 1) % CALLERS, kind),
                at(Deed::Call, caller, random.u32(0..crate::call::KINDS)),
            ],
            1 => vec![
                at(Deed::Pause, 0, 0),
                at(Deed::Flood, random.u32(1..200), 0),
                at(Deed::Comes, client, 0),
                at(Deed::Call, caller, kind),
            ],
            _ => vec![
                at(Deed::Deaf, 0, 0),
                at(Deed::Call, (caller + 1) % CALLERS, random.u32(0..8)),
                at(Deed::Answer, random.u32(0..2), 0),
                at(Deed::Comes, client, 0),
                at(Deed::Wait, random.u32(0..50), 0),
                at(end, client, 0),
                at(Deed::Heal, 0, 0),
            ],
        }
    }

    fn of_answers(self, random: &mut fastrand::Rng, which: u32) -> Vec<Step> {
        let Self { daemon, client, end, caller, .. } = self;
        let at = |deed, a, b| Step { deed, daemon, a, b };
        match which {
            3 => vec![
                at(Deed::Answer, 2, random.u32(0..80)),
                at(Deed::Comes, client, 0),
                at(Deed::Wait, random.u32(0..80), 0),
                at(end, client, 0),
                at(Deed::Comes, (client + 1) % CLIENTS, 0),
            ],
            4 => vec![
                at(Deed::Answer, 3, 0),
                at(Deed::Comes, client, 0),
                at(Deed::Comes, (client + 1) % CLIENTS, 0),
                at(Deed::Wait, random.u32(1..100), 0),
                at(if random.bool() { end } else { Deed::Call }, client, 24),
                at(if random.bool() { Deed::Release } else { Deed::Settle }, 0, 0),
            ],
            5 => vec![
                at(Deed::Call, caller, 15),
                at(Deed::Answer, 2, 3000),
                at(Deed::Comes, client, 0),
                at(Deed::Wait, random.u32(0..200), 0),
                at(Deed::Traffic, client, random.u32(1..9000)),
                at(Deed::Call, caller, 8),
                at(Deed::Wait, 4000, 0),
            ],
            _ => vec![
                at(Deed::Answer, 6, 0),
                at(Deed::Comes, client, random.u32(0..2)),
                at(Deed::Wait, random.u32(1..100), 0),
                at(end, client, 0),
                at(Deed::Responds, client, 0),
            ],
        }
    }
}

/// One of these.
fn of(random: &mut fastrand::Rng, values: &[u32]) -> u32 {
    values.get(random.usize(0..values.len())).copied().unwrap_or(1)
}

/// Which deeds happen in a world: not all, so that some come often.
fn swarm(random: &mut fastrand::Rng) -> Vec<Deed> {
    let mut deeds = vec![Deed::Wait, Deed::Wait, Deed::Turns, Deed::Call, Deed::Call, Deed::Comes];
    for deed in Deed::ALL.iter().filter(|deed| !deed.is_odd()) {
        let is_often = matches!(
            deed,
            Deed::Cancel
                | Deed::Comes
                | Deed::Renews
                | Deed::Leaves
                | Deed::Answer
                | Deed::Restart
                | Deed::Again
                | Deed::Release
                | Deed::Admits
                | Deed::Connect
        );
        let once_in = match deed {
            _ if is_often => 2,
            _ if seldom::DEEDS.contains(deed) => 8,
            _ => 4,
        };
        if random.u32(0..once_in) == 0 {
            deeds.push(*deed);
        }
    }
    deeds
}

/// One thing that happens.
pub(crate) fn step(random: &mut fastrand::Rng, daemons: usize, deeds: &[Deed]) -> Step {
    let deed = deeds.get(random.usize(0..deeds.len())).copied().unwrap_or(Deed::Wait);
    let daemon = random.usize(0..daemons.max(1));
    let (a, b) = match deed {
        Deed::Wait => {
            let most = of(random, &[2, 30, 400, 6000]);
            (random.u32(0..most), 0)
        }
        Deed::Turns => (random.u32(1..12), 0),
        Deed::Call => (random.u32(0..CALLERS), random.u32(0..crate::call::KINDS)),
        Deed::Cancel => (random.u32(0..CALLERS), 0),
        Deed::Comes => (random.u32(0..CLIENTS), random.u32(0..2)),
        Deed::Flood => (random.u32(1..80), 0),
        Deed::Held => (random.u32(1..8000), 0),
        Deed::Traffic => (random.u32(0..CLIENTS), random.u32(1..10_000)),
        Deed::Answer => (random.u32(0..crate::answer::WAYS), random.u32(0..4000)),
        Deed::Crowd => (random.u32(1..12), random.u32(0..3)),
        Deed::AskAll => (0, random.u32(0..2)),
        Deed::Denies => (random.u32(0..2), 0),
        _ => (random.u32(0..CLIENTS), 0),
    };
    Step { deed, daemon, a, b }
}
