//! The commands, by form, and the methods of `Client` that send them.

/// One form of a command, as a row of the table.
#[derive(Debug)]
pub struct Command {
    /// How it looks on the wire.
    pub name: &'static str,
    /// The method of `Client`.
    pub method: &'static str,
    /// The first `(major, minor)` that has it, where 2.5 has not.
    pub since: Option<(u32, u32)>,
    /// Why no daemon refuses it, where none does.
    pub never_refused: Option<&'static str>,
    /// Why no daemon here answers it, where none does.
    pub never_answered: Option<&'static str>,
}

/// Why most are never refused.
pub const ALWAYS: &str = "answered in every mode";

const TOKENS: Option<&str> = Some(
    "answered also without tokens, with a count of 0; in its first hold it ends an OpenVPN 2.6 \
     by an assertion, so it is not tried there",
);
const STATUS: Option<&str> =
    Some("writes the status to the log, but in a hold or at a prompt ends the daemon");

const fn always(name: &'static str, method: &'static str) -> Command {
    Command { name, method, since: None, never_refused: Some(ALWAYS), never_answered: None }
}

const fn form(name: &'static str, method: &'static str) -> Command {
    Command { never_refused: None, ..always(name, method) }
}

const fn since(name: &'static str, method: &'static str, minor: u32) -> Command {
    Command { since: Some((2, minor)), ..form(name, method) }
}

/// Every form of section 5 of the protocol notes.
pub const COMMANDS: &[Command] = &[
    always("auth-retry", "auth_retry"),
    always("auth-retry MODE", "set_auth_retry"),
    always("bytecount N", "bytecount"),
    always("bytecount 0", "bytecount_off"),
    form("certificate", "certificate"),
    form("client-auth", "client_auth"),
    form("client-auth-nt", "client_auth_nt"),
    form("client-deny", "client_deny"),
    form("client-deny with a client reason", "client_deny"),
    form("client-kill", "client_kill_unchecked"),
    form("client-kill with a message", "client_kill_with_unchecked"),
    form("client-pending-auth", "client_pending_auth"),
    form("cr-response", "cr_response"),
    always("echo N", "echo_history"),
    always("echo all", "echo_history"),
    always("echo off", "echo_off"),
    always("echo on", "echo_on"),
    always("echo on all", "echo_on_with_history"),
    always("env-filter", "env_filter"),
    always("forget-passwords", "forget_passwords"),
    always("help", "help"),
    always("hold", "hold"),
    always("hold off", "hold_off"),
    always("hold on", "hold_on"),
    always("hold release", "hold_release"),
    form("kill ADDRESS", "kill"),
    Command {
        never_refused: Some(
            "it is looked up in `status` first, and an address of nobody is not sent",
        ),
        ..form("kill ADDRESS (IPv6)", "kill")
    },
    form("kill NAME", "kill"),
    always("load-stats", "load_stats"),
    always("log N", "log_history"),
    always("log all", "log_history"),
    always("log off", "log_off"),
    always("log on", "log_on"),
    always("log on all", "log_on_with_history"),
    always("mute", "mute"),
    always("mute N", "set_mute"),
    form("nclients", "nclients"),
    form("needok", "needok"),
    form("needok in other words", "needok_with"),
    form("needstr", "needstr"),
    Command { never_answered: Some("answered on Windows only"), ..form("net", "net") },
    Command {
        never_answered: Some("answered by OpenVPN for Android only"),
        ..form("network-change", "network_change")
    },
    form("password", "password"),
    Command { since: Some((2, 7)), ..form("password (over 256 bytes)", "password") },
    always("pid", "pid"),
    form("pk-sig", "pk_sig"),
    Command { never_refused: TOKENS, ..form("pkcs11-id-count", "pkcs11_id_count") },
    Command { never_refused: TOKENS, ..form("pkcs11-id-get", "pkcs11_id_get") },
    form("proxy HTTP", "proxy"),
    form("proxy NONE", "proxy"),
    form("proxy SOCKS", "proxy"),
    since("push-update-broad", "push_update_broad", 7),
    since("push-update-cid", "push_update_cid_unchecked", 7),
    always("quit", "quit"),
    form("remote ACCEPT", "remote"),
    form("remote MOD", "remote"),
    form("remote SKIP", "remote"),
    since("remote SKIP N", "remote", 6),
    since("remote-entry-count", "remote_entry_count", 6),
    since("remote-entry-get N M", "remote_entry_get", 6),
    since("remote-entry-get all", "remote_entries", 6),
    form("rsa-sig", "rsa_sig"),
    form("signal SIGHUP", "signal"),
    always("signal SIGTERM", "signal"),
    form("signal SIGUSR1", "signal"),
    Command { never_refused: STATUS, ..form("signal SIGUSR2", "signal") },
    always("state", "state"),
    always("state N", "state_history"),
    always("state all", "state_history"),
    always("state off", "state_off"),
    always("state on", "state_on"),
    always("state on all", "state_on_with_history"),
    form("status 1", "status_format"),
    form("status 2", "status_format"),
    form("status 3", "status"),
    always("test N", "test"),
    form("username", "username"),
    always("verb", "verb"),
    form("verb N", "set_verb"),
    always("version", "version"),
    always("version N", "announce_version"),
    form("a line of the caller's", "raw_command"),
];

/// Methods of `Client` that are not commands of their own.
pub const METHODS: &[&str] = &[
    "client_kill",
    "client_kill_and_wait",
    "client_kill_with",
    "client_pf",
    "daemon_version",
    "push_update_cid",
    "send",
    "status_with_peers",
];

/// The form of this name.
pub fn command(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}
