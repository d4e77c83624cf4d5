//! Counts the lines of the programs, and how many of them are plumbing.
//!
//! Plumbing is what says nothing of what the program is for: making channels and tasks and moving handles into them, holding
//! loops and results together, locks. Each such line ends with `// plumbing`, by hand. Imports, comments and empty lines are
//! not counted at all.

const PROGRAMS: [(&str, &str); 5] = [
    ("sign-in for two servers", include_str!("sign_in.rs")),
    ("core of a VPN client", include_str!("vpn_client.rs")),
    ("exporter", include_str!("exporter.rs")),
    ("audit log", include_str!("audit.rs")),
    ("orchestrator", include_str!("orchestrator.rs")),
];

/// Lines of code, and those of them that are plumbing.
fn count(program: &str) -> (usize, usize) {
    // Imports stand before the first item.
    let (_, body) = program.split_once("\n\n").unwrap_or(("", program));
    let (mut lines, mut plumbing, mut in_use) = (0, 0, false);
    for line in body.lines().map(str::trim) {
        in_use |= line.starts_with("use ");
        if !in_use && !line.is_empty() && !line.starts_with("//") {
            lines += 1;
        }
        // The formatter gives some of these a line of their own.
        plumbing += usize::from(line.ends_with("// plumbing"));
        in_use &= !line.ends_with(';');
    }
    (lines, plumbing)
}

#[test]
fn under_10_percent_is_plumbing() {
    for (name, program) in PROGRAMS {
        let (lines, plumbing) = count(program);
        println!("{name}: {lines} lines, {plumbing} of them plumbing");
        assert!(lines > 20 && plumbing * 10 < lines, "{name}: {plumbing} of {lines}");
    }
}
