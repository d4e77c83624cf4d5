//! Every target over its seeds, and over the inputs that once broke it, without a fuzzer.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use openvpn_mgmt_fuzz::{TARGETS, run, seeds};

/// Inputs and where each is from.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let seeds = seeds::of(target).into_iter().enumerate();
    let mut inputs: Vec<_> = seeds.map(|(at, seed)| (format!("seed {at}"), seed)).collect();
    assert!(inputs.len() > 5, "{target} has {} seeds", inputs.len());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target);
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = file.path().display().to_string();
        inputs.push((name, fs::read(file.path()).expect("a regression is a file")));
    }
    inputs
}

/// Seeds are also cut and changed, so that a harness that takes nothing but seeds shows.
fn changed(input: &[u8]) -> Vec<Vec<u8>> {
    let mut changed = vec![input.to_vec(), input[..input.len() / 2].to_vec()];
    for at in [0, 1, 3, 7, 20, 90] {
        let mut other = input.to_vec();
        if let Some(byte) = other.get_mut(at) {
            *byte = byte.wrapping_add(1);
            changed.push(other);
        }
    }
    changed
}

fn replay(target: &str) {
    for (name, input) in inputs(target) {
        for input in changed(&input) {
            let passes = catch_unwind(|| run(target, &input)).is_ok();
            assert!(passes, "{target} fails on {name}: {}", input.escape_ascii());
        }
    }
}

macro_rules! targets {
    ($($target:ident),* $(,)?) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target));
            }
        )*

        #[test]
        fn no_target_is_missing() {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, [$(stringify!($target)),*]);
        }
    };
}

targets! {
    demuxer, event_lines, event_values, status, env, session, encoder, server, conversation,
}
