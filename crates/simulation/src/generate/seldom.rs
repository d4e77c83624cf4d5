//! What only some worlds have: settings of programs, and what happens to those.

use super::{CALLERS, CLIENTS, of};
use crate::scenario::{Deed, Plan, Program, Setting, Step};

/// What happens seldom by itself.
pub(super) const DEEDS: &[Deed] = &[
    Deed::Crowd,
    Deed::Keep,
    Deed::KillKept,
    Deed::Through,
    Deed::AskAll,
    Deed::HoldsAgain,
    Deed::Murmur,
];

/// The settings of a daemon and its program beside those that all have.
pub(super) fn settings(
    random: &mut fastrand::Rng,
    set_up: &[&str],
    program: Program,
) -> Vec<(Setting, u32)> {
    let mut settings = Vec::new();
    if program != Program::Session && random.u32(0..8) == 0 {
        settings.push((Setting::Impatient, of(random, &[1, 7, 30])));
    }
    if set_up.iter().any(|word| word.starts_with("password")) && random.u32(0..6) == 0 {
        settings.push((Setting::Wrong, 1));
    }
    if program != Program::Session && random.u32(0..10) == 0 {
        settings.push((Setting::Twins, 1));
    }
    if !set_up.contains(&"server") {
        return settings;
    }
    if random.u32(0..5) == 0 {
        settings.push((Setting::Addresses, of(random, &[1, 3])));
        if random.bool() {
            settings.push((Setting::Waiting, of(random, &[1, 2, 4])));
        } else {
            settings.push((Setting::Waiting, 30));
            settings.push((Setting::Each, of(random, &[1, 2, 3])));
            if random.u32(0..3) > 0 {
                settings.push((Setting::Claims, 1));
            }
        }
    }
    if random.u32(0..6) == 0 {
        settings.push((Setting::Denies, 1));
    }
    if program == Program::Auth && random.u32(0..3) == 0 {
        settings.push((Setting::Deadline, of(random, &[2500, 4500])));
    }
    settings
}

/// What happens before all else: in its first second a process is followed by another one.
pub(super) fn first(random: &mut fastrand::Rng, daemons: &[Plan]) -> Vec<Step> {
    let twins = daemons.iter().enumerate().filter(|(_, plan)| plan.has(Setting::Twins).is_some());
    let mut steps = Vec::new();
    for (daemon, _) in twins {
        let at = |deed, a| Step { deed, daemon, a, b: 0 };
        steps.extend([at(Deed::Replace, 0), at(Deed::Wait, random.u32(0..3000))]);
    }
    steps
}

/// Things that happen at about the same time to what a daemon's settings are about, where it has some.
pub(super) fn burst(
    random: &mut fastrand::Rng,
    daemon: usize,
    plan: &Plan,
    fleet: usize,
) -> Option<Vec<Step>> {
    let which = random.u32(0..8);
    if fleet > 0 && which < 2 {
        return Some(of_fleet(random, daemon, fleet));
    }
    if plan.set_up.contains("password ") && which < 4 {
        let at = |deed, a| Step { deed, daemon, a, b: 0 };
        let mut steps = vec![at(Deed::Cut, 0)];
        for _ in 0..4 {
            steps.extend([at(Deed::Wait, random.u32(0..60)), at(Deed::Cut, 0)]);
        }
        return Some(steps);
    }
    if plan.set_up.contains("hold") && which == 2 {
        return Some(of_holds(random, daemon));
    }
    if plan.program != Program::Session && which == 3 {
        let at = |deed, a| Step { deed, daemon, a, b: 0 };
        return Some(vec![
            at(Deed::Deaf, 0),
            at(Deed::Through, 0),
            at(Deed::Turns, random.u32(0..4)),
            at(Deed::Cut, 0),
            at(Deed::Heal, 0),
        ]);
    }
    plan.set_up.contains("client-auth").then(|| of_clients(random, daemon, plan, which))?
}

/// A member of a fleet says much, and another one little.
fn of_fleet(random: &mut fastrand::Rng, daemon: usize, fleet: usize) -> Vec<Step> {
    let quiet = (daemon + 1 + random.usize(0..fleet.max(2) - 1)) % fleet;
    let at = |deed, daemon, a| Step { deed, daemon, a, b: 0 };
    vec![
        at(Deed::Pause, daemon, 0),
        at(Deed::Flood, daemon, random.u32(20..60)),
        at(Deed::Murmur, quiet, 0),
        at(Deed::Wait, daemon, random.u32(0..100)),
        at(Deed::AskAll, daemon, 0),
        at(Deed::Read, daemon, 0),
    ]
}

/// A daemon that holds says so again, and again after a restart.
fn of_holds(random: &mut fastrand::Rng, daemon: usize) -> Vec<Step> {
    let at = |deed, a| Step { deed, daemon, a, b: random.u32(0..50) };
    let mut at = at;
    vec![
        at(Deed::Answer, 3),
        at(Deed::Replace, 0),
        at(Deed::Connect, 0),
        at(Deed::Wait, 2500),
        at(Deed::HoldsAgain, 0),
        at(Deed::Wait, 50),
        at(Deed::Release, 0),
    ]
}

fn of_clients(
    random: &mut fastrand::Rng,
    daemon: usize,
    plan: &Plan,
    which: u32,
) -> Option<Vec<Step>> {
    let at = |deed, a, b| Step { deed, daemon, a, b };
    let (client, caller) = (random.u32(0..CLIENTS), random.u32(0..CALLERS));
    let one = |random: &mut fastrand::Rng| match random.u32(0..5) {
        0 | 1 => at(Deed::Call, caller, 3),
        2 => at(Deed::Comes, client, 0),
        _ => at(Deed::Settle, 0, 0),
    };
    let ends = [Deed::Restart, Deed::Leaves, Deed::Cut, Deed::Replace];
    let end = ends.get(random.usize(0..ends.len())).copied().unwrap_or(Deed::Restart);
    let is_limited = plan.has(Setting::Waiting).is_some();
    Some(match which {
        0 | 1 | 4 if is_limited => vec![
            at(Deed::Answer, of(random, &[2, 3, 3]), 2000),
            at(Deed::Crowd, random.u32(1..5), random.u32(0..3)),
            at(Deed::Wait, random.u32(0..80), 0),
            at(Deed::Crowd, of(random, &[3, 12, 60, 60]), random.u32(0..3)),
            at(Deed::Turns, random.u32(0..3), 0),
            one(random),
        ],
        0 | 1 if plan.has(Setting::Denies).is_some() => {
            vec![at(Deed::Answer, 4, 0), at(Deed::Comes, client, 0), at(Deed::Settle, 0, 0)]
        }
        5 => vec![
            at(Deed::Answer, of(random, &[0, 2]), 2000),
            at(Deed::Comes, client, 0),
            at(Deed::Wait, 100, 0),
            at(Deed::Answer, of(random, &[2, 3]), random.u32(1500..4000)),
            at(Deed::Wait, random.u32(0..3000), 0),
            at(Deed::Renews, client, 0),
            at(Deed::Renews, client, 0),
            at(Deed::Wait, random.u32(0..2000), 0),
            at(Deed::Renews, client, 0),
            at(Deed::Renews, client, 0),
            at(Deed::Settle, 0, 0),
        ],
        6 => vec![
            at(Deed::Answer, 0, 0),
            at(Deed::Comes, client, 0),
            at(Deed::Wait, 300, 0),
            // Who is there when a connection begins is not announced on it.
            at(if random.bool() { Deed::Cut } else { Deed::Wait }, 0, 0),
            at(Deed::Connect, 0, 0),
            at(Deed::Wait, 2500, 0),
            at(Deed::Keep, 0, 0),
            at(Deed::Wait, 300, 0),
            at(end, client, 0),
            at(Deed::Wait, of(random, &[0, 500, 8000]), 0),
            at(Deed::Comes, (client + 1) % CLIENTS, 0),
            at(Deed::Wait, 300, 0),
            at(Deed::KillKept, 0, 0),
        ],
        7 => vec![
            at(Deed::Answer, 6, 0),
            at(Deed::Comes, client, random.u32(0..2)),
            at(Deed::Comes, (client + 1) % CLIENTS, 0),
            at(Deed::Wait, 300, 0),
            at(Deed::Answer, of(random, &[4, 6]), 0),
            at(Deed::Responds, (client + 1) % CLIENTS, 0),
            at(Deed::Wait, random.u32(0..6000), 0),
            at(Deed::Release, 0, 0),
        ],
        _ => return None,
    })
}
