//! This crate beside others on the same bytes, in the same process, in turns; and beside the
//! limits, which are the least that the bytes allow.
//!
//! ```text
//! peers table [ROUNDS]    prints the table as Markdown
//! peers growth FOLDER     writes GROWTH.md and growth.svg into a folder
//! peers idle SESSIONS     prints how many bytes of memory so many idle sessions take
//! ```

#[path = "../../corpora/mod.rs"]
mod corpora;
#[path = "../../daemon/mod.rs"]
mod daemon;
#[path = "../../flood/mod.rs"]
mod flood;
mod growth;
mod idle;
#[path = "../../limits/mod.rs"]
mod limits;
mod memory;
mod peer;
mod real;
mod round_trip;
mod rounds;
mod socket;
mod table;
#[path = "../../through/mod.rs"]
mod through;

use std::process::ExitCode;

/// The medians of so many rounds are shown.
const ROUNDS: usize = 7;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse().expect("a number");
    match words.as_slice() {
        ["table"] => everything(ROUNDS),
        ["table", rounds] => everything(number(rounds)),
        ["growth", folder] => growth::write(folder.as_ref()).expect("a folder to write into"),
        ["idle", sessions] => println!("{}", idle::bytes(number(sessions))),
        _ => {
            eprintln!("usage: peers table [ROUNDS] | growth FOLDER | idle SESSIONS");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn everything(rounds: usize) {
    println!("Medians of {rounds} rounds in turns; the ratios count.\n");
    println!("{}", memory::table(rounds));
    println!("{}", socket::table(rounds));
    println!("{}", round_trip::table(rounds));
    println!("{}", idle::table());
    match real::table(rounds) {
        Ok(table) => println!("{table}"),
        Err(error) => println!("Not measured with a real daemon: {error:#}"),
    }
}
