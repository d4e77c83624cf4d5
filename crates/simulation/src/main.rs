//! `simulation`: runs worlds, and replays those that broke a law.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use simulation::{Current, Found, Scenario, Soak, Totals, generate, run, shrink};

/// Lets programs on openvpn-mgmt live with simulated daemons, in virtual time, and looks which laws are broken.
#[derive(Parser)]
#[allow(clippy::struct_excessive_bools, reason = "switches of a command line")]
struct Arguments {
    /// Runs the world of this seed, and shows all that happens.
    #[arg(long)]
    seed: Option<u64>,
    /// Runs the world of this file, and shows all that happens.
    #[arg(long)]
    scenario: Option<PathBuf>,
    /// Runs so many seeds.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// From this seed on.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Stops after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Has worlds that come to new states changed and run again.
    #[arg(long)]
    soak: bool,
    /// Ends at so many worlds that break a law.
    #[arg(long, default_value_t = 1)]
    failures: usize,
    /// Writes a shrunken scenario of each into this folder.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Leaves a world that broke a law as it is.
    #[arg(long)]
    no_shrink: bool,
    /// Prints the scenario of `--seed`, and does not run it.
    #[arg(long)]
    print: bool,
    /// Shows no more of one world than its hash and what it broke; of many, the hash of each.
    #[arg(long)]
    brief: bool,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(path) = &arguments.scenario {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        return one(&Scenario::parse(&text)?, arguments.brief);
    }
    if let Some(seed) = arguments.seed {
        let scenario = generate(seed);
        if arguments.print {
            print!("{scenario}");
            return Ok(ExitCode::SUCCESS);
        }
        return one(&scenario, arguments.brief);
    }
    many(&arguments)
}

fn one(scenario: &Scenario, is_brief: bool) -> Result<ExitCode> {
    let report = run(scenario, !is_brief)?;
    println!("hash {:016x}, {:.1} s of virtual time", report.hash, report.time.as_secs_f64());
    for violation in &report.violations {
        println!("broken: {}: {}", violation.law, violation.text);
    }
    Ok(if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn many(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.brief {
        for seed in arguments.from..arguments.from.saturating_add(arguments.seeds) {
            println!("{seed} {:016x}", run(&generate(seed), false)?.hash);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let began = Instant::now();
    let deadline = arguments.seconds.map(|seconds| began + Duration::from_secs(seconds));
    let mut soak = Soak::new(arguments.soak);
    let current = soak.current();
    std::thread::spawn(move || look_for_end(&current));
    let mut failures = 0;
    for seed in arguments.from..arguments.from.saturating_add(arguments.seeds) {
        for found in soak.seed(seed)? {
            failures += 1;
            tell(&found, arguments)?;
        }
        let is_late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if failures >= arguments.failures || is_late {
            break;
        }
    }
    show(soak.totals(), failures, began.elapsed());
    Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ends the program where a world has no end: time stands still while a task of it has always something to do.
fn look_for_end(current: &Current) {
    let mut last = None;
    loop {
        std::thread::sleep(Duration::from_secs(30));
        let (number, scenario) = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(scenario) = scenario.filter(|_| last == Some(number)) {
            println!("broken: end: this world goes on and on\n{scenario}");
            std::process::exit(2);
        }
        last = Some(number);
    }
}

fn tell(found: &Found, arguments: &Arguments) -> Result<()> {
    let Found { scenario, violation } = found;
    let seed = scenario.seed;
    println!("\nbroken: {}: {}", violation.law, violation.text);
    if *scenario == generate(seed) {
        println!("replay: cargo run -p simulation -- --seed {seed}   # at {}", commit());
    } else {
        println!("replay: the scenario below, at {}", commit());
    }
    let least =
        if arguments.no_shrink { scenario.clone() } else { shrink(scenario, violation.law) };
    let text = format!(
        "# {}: {}\n# found at {}\n{least}",
        violation.law,
        violation.text.replace('\n', " / "),
        commit()
    );
    println!("{} of {} steps are left:\n{text}", least.steps.len(), scenario.steps.len());
    if let Some(folder) = &arguments.keep {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join(format!("{}-{seed}.txt", violation.law)), text)?;
    }
    Ok(())
}

/// The commit that this was run at, where git tells.
fn commit() -> String {
    let output = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    let text = output.ok().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.filter(|text| !text.is_empty()).unwrap_or_else(|| "an unknown commit".to_owned())
}

/// The most that this process held, where the system tells.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
}

fn show(totals: Totals, failures: usize, took: Duration) {
    let Totals { worlds, time, counts, states } = totals;
    println!(
        "{worlds} worlds in {:.1} s ({:.0} a minute), {:.1} simulated hours",
        took.as_secs_f64(),
        f64::from(u32::try_from(worlds).unwrap_or(u32::MAX)) / took.as_secs_f64() * 60.0,
        time.as_secs_f64() / 3600.0,
    );
    println!(
        "{} events, {} commands, {} requests, {} admissions, {} restarts, {states} states",
        counts.events, counts.commands, counts.requests, counts.admissions, counts.restarts
    );
    println!("{failures} worlds broke a law; OpenVPN's own window: {} times", counts.window);
    if let Some(memory) = memory() {
        println!("{memory} MiB at most");
    }
}
