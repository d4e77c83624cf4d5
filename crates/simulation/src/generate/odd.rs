//! [`weave`]: what few worlds have beside the others: daemons that are not as daemons are, and calls at the limits.

use crate::generate::{CALLERS, CLIENTS, of};
use crate::scenario::{Deed, Plan, Program, Scenario, Step};

/// One world of so many is odd, so that the others are as they were.
const ONE_OF: u32 = 6;
/// How many ways to be odd there are.
const WAYS: u32 = 25;

/// Makes some worlds odd.
pub(super) fn weave(scenario: &mut Scenario) {
    let mut random = fastrand::Rng::with_seed(scenario.seed ^ 0x0dd);
    if random.u32(0..ONE_OF) > 0 {
        return;
    }
    for plan in &mut scenario.daemons {
        settings(&mut random, plan, scenario.fleet);
    }
    for _ in 0..random.usize(2..7) {
        let daemon = random.usize(0..scenario.daemons.len());
        let Some(plan) = scenario.daemons.get(daemon).cloned() else { continue };
        let caller = random.u32(0..CALLERS);
        let weaver = Weaver { random: &mut random, plan, daemon, caller };
        let steps = weaver.steps();
        let at = random.usize(0..=scenario.steps.len());
        scenario.steps.splice(at..at, steps);
    }
}

fn settings(random: &mut fastrand::Rng, plan: &mut Plan, is_fleet: bool) {
    match random.u32(0..8) {
        0 => (plan.memory, plan.events, plan.pipe) = (16_384, 4096, 200_000),
        1 | 2 => plan.reply = 32_768,
        3 => plan.timeout = u32::MAX,
        4 => plan.delay = 40,
        _ => {}
    }
    if plan.program == Program::Session && !is_fleet && random.bool() {
        plan.program = Program::Whole;
    }
}

/// What is made of one way to be odd.
struct Weaver<'a> {
    random: &'a mut fastrand::Rng,
    plan: Plan,
    daemon: usize,
    caller: u32,
}

impl Weaver<'_> {
    fn steps(mut self) -> Vec<Step> {
        match self.random.u32(0..WAYS) {
            way @ 0..6 => self.of_replies(way),
            way @ 6..11 => self.of_states(way),
            way @ 11..17 => self.of_ends(way),
            way => self.of_calls(way),
        }
    }

    fn at(&self, deed: Deed, a: u32, b: u32) -> Step {
        Step { deed, daemon: self.daemon, a, b }
    }

    fn wait(&mut self, most: u32) -> Step {
        let a = self.random.u32(0..most.max(1));
        self.at(Deed::Wait, a, 0)
    }

    /// Some call of another caller.
    fn call(&mut self, kinds: &[u32]) -> Step {
        self.caller = (self.caller + 1) % CALLERS;
        let kind = of(self.random, kinds);
        self.at(Deed::Call, self.caller, kind)
    }

    fn comes(&mut self) -> Step {
        let client = self.random.u32(0..CLIENTS);
        self.at(Deed::Comes, client, 0)
    }

    fn of_replies(&mut self, way: u32) -> Vec<Step> {
        let few = self.random.u32(0..3);
        let patience = self.plan.patience;
        let (odd, first): (Step, &[u32]) = match way {
            0 | 1 => (self.at(Deed::Mute, few, 0), &[0, 3, 7, 11, 14, 18]),
            2 => (self.at(Deed::Words, few, 0), &[0, 7, 14, 16]),
            3 => (self.at(Deed::ErrorLine, 0, 0), &[18, 18, 10, 9]),
            4 => (self.at(Deed::Endless, 0, 0), &[8]),
            _ => (self.at(Deed::StrayLine, 0, 0), &[21]),
        };
        let mut steps = vec![odd];
        if way == 5 {
            // In a hold 2.5 ignores signals without a word.
            steps.extend([
                self.at(Deed::Answer, 3, 0),
                self.at(Deed::Restart, 0, 0),
                self.at(Deed::Wait, 5500, 0),
            ]);
        }
        steps.extend([self.call(first), self.call(&[0, 3, 7]), self.call(&[0, 1, 2])]);
        steps.push(self.wait(3 * patience));
        steps
    }

    fn of_states(&mut self, way: u32) -> Vec<Step> {
        let (comes, wait) = (self.comes(), self.wait(100));
        let at = |deed, a, b| Step { deed, daemon: self.daemon, a, b };
        match way {
            6 => {
                let way = of(self.random, &[1, 6, 6]);
                vec![
                    at(Deed::Refuses, 0, 0),
                    at(Deed::Answer, way, 0),
                    comes,
                    at(Deed::Wait, 300, 0),
                ]
            }
            7 if self.random.bool() => {
                vec![
                    at(Deed::Refuses, 2, 0),
                    at(Deed::Cut, 0, 0),
                    at(Deed::Connect, 0, 0),
                    at(Deed::Wait, 3000, 0),
                ]
            }
            7 => vec![
                at(Deed::Refuses, 2, 0),
                at(Deed::Call, self.caller, 113),
                at(Deed::Wait, 60, 0),
                at(Deed::Restart, 0, 0),
                at(Deed::Wait, 300, 0),
            ],
            8 | 9 => vec![
                at(Deed::Answer, 3, 0),
                if self.plan.set_up.contains("server") { comes } else { at(Deed::Asks, 0, 0) },
                at(Deed::Wait, 200, 0),
                at(Deed::Unread, self.random.u32(0..3), 0),
                at(Deed::Restart, 0, 0),
                wait,
                at(Deed::Release, 0, 0),
                at(Deed::Wait, 50, 0),
            ],
            _ => {
                let begin = if self.random.bool() { Deed::Restart } else { Deed::Cut };
                vec![
                    at(Deed::Holds, 0, 0),
                    at(begin, 0, 0),
                    at(Deed::Connect, 0, 0),
                    at(Deed::Settle, 0, 0),
                ]
            }
        }
    }

    fn of_ends(&mut self, way: u32) -> Vec<Step> {
        let at = |deed, a, b| Step { deed, daemon: self.daemon, a, b };
        let stuck = of(self.random, &[0, 1, 2]);
        let stuck = match stuck {
            0 => at(Deed::Deaf, 0, 0),
            1 => at(Deed::Mute, 0, 0),
            _ => at(Deed::Turns, 1, 0),
        };
        let turns = at(Deed::Turns, self.random.u32(0..5), 0);
        let (heal, connect) = (at(Deed::Heal, 0, 0), at(Deed::Connect, 0, 0));
        match way {
            11 => {
                vec![at(Deed::Talks, 200, 0), at(Deed::Cut, 0, 0), connect, at(Deed::Wait, 3000, 0)]
            }
            12 | 13 => {
                let flood = if self.random.bool() { self.random.u32(1..30) } else { 0 };
                let stall = if self.random.bool() { Deed::Stall } else { Deed::Split };
                let (first, second) = (self.call(&[0]), self.call(&[0]));
                let (stall, tears) = (self.at(stall, 0, 0), self.at(Deed::Tears, 0, 0));
                let flood = self.at(Deed::Flood, flood, 0);
                let wait = self.at(Deed::Wait, 10, 0);
                vec![stall, first, second, turns, flood, wait, tears, heal, connect]
            }
            14 => {
                let many = self.call(&[108, 108, 0]);
                let abandon = self.at(Deed::Abandon, 0, 0);
                vec![stuck, many, turns, abandon, self.at(Deed::Wait, 700, 0), heal, connect]
            }
            15 => {
                let (call, end) = (
                    self.call(&[0, 3, 108]),
                    if self.random.bool() { Deed::Quit } else { Deed::Close },
                );
                vec![
                    stuck,
                    call,
                    turns,
                    self.at(end, 0, 0),
                    self.at(Deed::Wait, 6000, 0),
                    heal,
                    connect,
                ]
            }
            _ => {
                let mut steps = vec![at(Deed::Deaf, 0, 0), self.call(&[116])];
                for _ in 0..14 {
                    steps.push(self.at(Deed::Flood, 1, 0));
                    steps.push(self.at(Deed::Wait, self.plan.patience / 2, 0));
                }
                steps.push(heal);
                steps
            }
        }
    }

    fn of_calls(&mut self, way: u32) -> Vec<Step> {
        let at = |deed, a, b| Step { deed, daemon: self.daemon, a, b };
        let (refuses, on) = (at(Deed::Refuses, 1, 0), at(Deed::Wait, 60, 0));
        match way {
            17 => {
                let mut steps = Vec::new();
                for _ in 0..self.random.u32(2..6) {
                    // Its block may be on its way when the level changes.
                    steps.push(self.comes());
                    steps.push(self.call(&[100, 100, 101, 102, 103]));
                    let turns = self.random.u32(0..6);
                    steps.push(self.at(Deed::Turns, turns, 0));
                    steps.push(self.comes());
                    steps.push(self.wait(60));
                }
                steps
            }
            18 => vec![refuses, self.call(&[100]), on, self.call(&[100]), on, self.comes(), on],
            19 => {
                let raw = self.call(&[104, 105]);
                vec![raw, self.call(&[0, 7]), self.call(&[0, 3]), self.call(&[107]), on]
            }
            20 => {
                let (held, comes) = (at(Deed::Answer, 3, 0), self.comes());
                let (denies, release) = (self.call(&[111]), self.at(Deed::Release, 0, 0));
                vec![held, comes, self.at(Deed::Wait, 100, 0), denies, self.wait(60), release, on]
            }
            21 if self.plan.memory > 0 => {
                let mut steps = vec![at(Deed::Subscribe, 0, 0)];
                for _ in 0..10 {
                    steps.extend([at(Deed::Flood, 350, 0), at(Deed::Wait, 50, 0)]);
                }
                steps.push(at(Deed::Settle, 0, 0));
                steps
            }
            21 | 22 => {
                let (lines, secrets) = if self.random.bool() { (4200, 0) } else { (3, 300) };
                let wide = at(Deed::Wide, lines, secrets);
                let quotes = at(Deed::Quotes, self.random.u32(0..4), 0);
                let log_on = self.call(&[17]);
                if self.random.bool() {
                    vec![wide, self.comes(), on]
                } else {
                    vec![log_on, on, quotes, on]
                }
            }
            23 if self.plan.timeout <= 3000 => {
                let time = self.plan.timeout;
                let (stall, heal) = (at(Deed::Stall, 0, 0), at(Deed::Heal, 0, 0));
                let (call, turns) = (self.call(&[115]), self.random.u32(1..9));
                let (before, turns) =
                    (self.at(Deed::Wait, time - 60, 0), self.at(Deed::Turns, turns, 0));
                vec![stall, call, before, heal, turns, stall, self.at(Deed::Wait, time, 0), heal]
            }
            _ => (0..4).map(|_| self.call(&[106, 107, 109, 110, 112, 112, 113])).collect(),
        }
    }
}
