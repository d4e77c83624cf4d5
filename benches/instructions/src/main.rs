//! Works of a fixed size, the instructions of which callgrind counts.
//!
//! ```text
//! instructions list    the works, and of how many units each is
//! instructions WORK    does it once, within `measured`
//! ```
//!
//! `scripts/instructions.sh` runs it on this tree and on another commit.

#[path = "../../corpora/mod.rs"]
mod corpora;
mod exchange;
#[path = "../../limits/mod.rs"]
mod limits;
#[path = "../../through/mod.rs"]
mod through;

use std::hint::black_box;
use std::process::ExitCode;

use corpora::Corpus;
use openvpn_mgmt::Status;

/// Enough for what is done once to be nothing beside it.
const BYTES: usize = 256 * 1024;
const CLIENTS: usize = 1000;
const TRIPS: usize = 1000;

struct Work {
    name: &'static str,
    /// Lines, or round trips.
    units: usize,
    run: Box<dyn FnMut()>,
}

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let mut works = works();
    if wanted == "list" {
        for work in &works {
            println!("{} {}", work.name, work.units);
        }
        return ExitCode::SUCCESS;
    }
    let Some(work) = works.iter_mut().find(|work| work.name == wanted) else {
        eprintln!("usage: instructions list | WORK");
        return ExitCode::FAILURE;
    };
    // What is set up at the first use is set up.
    (work.run)();
    measured(&mut work.run);
    ExitCode::SUCCESS
}

/// What is counted; found by its name.
#[inline(never)]
fn measured(run: &mut dyn FnMut()) {
    run();
    // So that the call above is not this function's end.
    black_box(());
}

fn works() -> Vec<Work> {
    let mut works = Vec::new();
    for (name, corpus) in [
        ("demux:log", corpora::log_flood(BYTES)),
        ("demux:bytecount", corpora::bytecount_flood(BYTES)),
        ("demux:mix", corpora::server_mix(BYTES)),
    ] {
        works.push(work(name, corpus, |corpus| {
            through::demux(corpus, |item| drop(black_box(item)));
        }));
    }
    for (name, corpus) in [
        ("events:log", corpora::log_flood(BYTES)),
        ("events:bytecount", corpora::bytecount_flood(BYTES)),
        ("events:mix", corpora::server_mix(BYTES)),
    ] {
        works.push(work(name, corpus, |corpus| {
            through::events(corpus, |event| drop(black_box(event)));
        }));
    }
    works.push(work("status", corpora::status::of(CLIENTS), |corpus| {
        drop(black_box::<Status>(through::status(corpus)));
    }));
    let mut exchange = exchange::Exchange::new();
    let run = Box::new(move || exchange.trips(TRIPS));
    works.push(Work { name: "exchange", units: TRIPS, run });
    works
}

fn work(name: &'static str, corpus: Corpus, run: fn(&Corpus)) -> Work {
    Work { name, units: corpus.lines, run: Box::new(move || run(&corpus)) }
}
