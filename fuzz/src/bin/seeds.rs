//! Writes the seeds of a target into a folder: `seeds TARGET FOLDER`; without arguments, the names of the targets.

use std::path::Path;
use std::process::ExitCode;

use openvpn_mgmt_fuzz::{TARGETS, seeds};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => TARGETS.iter().for_each(|target| println!("{}", target.name)),
        [target, folder] => {
            if let Err(error) = write(target, Path::new(folder)) {
                eprintln!("seeds: {folder}: {error}");
                return ExitCode::FAILURE;
            }
        }
        _ => {
            eprintln!("seeds [TARGET FOLDER]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn write(target: &str, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (at, seed) in seeds::of(target).iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{at:03}")), seed)?;
    }
    Ok(())
}
