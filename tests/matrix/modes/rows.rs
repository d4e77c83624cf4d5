//! The commands of the sweep and what each mode does with them.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::time::Duration;

use openvpn_mgmt::{
    AuthRetry, Cid, Client, EnvFilter, History, Kid, KillTarget, PeerConfig, ProxyAction,
    RemoteAction, ReplyShape, Result, Signal, StatusFormat, Transport,
};

use super::Outcome;
use crate::catalogue;
use lab::Version;

pub type Call = for<'a> fn(&'a Client) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// One command, and a letter for each mode: answered, refused, or not tried.
pub struct Row {
    pub name: &'static str,
    /// Client in a hold, at a prompt, connected; server in a hold, serving.
    modes: &'static str,
    pub call: Call,
}

const MODES: [&str; 5] =
    ["client in a hold", "client at a prompt", "client connected", "server in a hold", "server"];

impl Row {
    pub fn expected(&self, mode: &str, version: Version) -> Outcome {
        let since = catalogue::command(self.name).and_then(|command| command.since);
        if since.is_some_and(|since| (version.major, version.minor) < since) {
            return Outcome::Unsupported;
        }
        let at = MODES.iter().position(|known| *known == mode).expect("a mode of the sweep");
        match self.modes.as_bytes()[at] {
            b'A' => Outcome::Answered,
            b'R' => Outcome::Refused,
            _ => Outcome::Skipped,
        }
    }
}

macro_rules! rows {
    ($($name:literal $modes:literal |$client:ident| $call:expr;)*) => {
        &[$(Row {
            name: $name,
            modes: $modes,
            call: |$client| Box::pin(async move { $call.await.map(drop) }),
        }),*]
    };
}

/// Nobody has these.
const CID: Cid = Cid(4711);
const KID: Kid = Kid(4711);
const MINUTE: Duration = Duration::from_secs(60);
const ADDRESS: KillTarget = KillTarget::Address {
    transport: Transport::Udp,
    ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
    port: 4711,
};
const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

pub const ROWS: &[Row] = rows! {
    "auth-retry"            "AAAAA" |c| c.auth_retry();
    "auth-retry MODE"       "AAAAA" |c| c.set_auth_retry(AuthRetry::Interact);
    "bytecount N"           "AAAAA" |c| c.bytecount(MINUTE);
    "bytecount 0"           "AAAAA" |c| c.bytecount_off();
    "certificate"           "RRRRR" |c| c.certificate(PEM);
    "client-auth"           "RRRRR" |c| c.client_auth(CID, KID, PeerConfig::new().push_reset());
    "client-auth-nt"        "RRRRR" |c| c.client_auth_nt(CID, KID);
    "client-deny"           "RRRRR" |c| c.client_deny(CID, KID, "no", None);
    "client-deny with a client reason" "RRRRR" |c| c.client_deny(CID, KID, "no", Some("sorry"));
    "client-kill"           "RRRRR" |c| c.client_kill_unchecked(CID);
    "client-kill with a message" "RRRRR" |c| c.client_kill_with_unchecked(CID, "HALT,bye");
    "client-pending-auth"   "RRRRR" |c| c.client_pending_auth(CID, KID, "OPEN_URL:x", MINUTE);
    "cr-response"           "RRARR" |c| c.cr_response("123456");
    "echo on"               "AAAAA" |c| c.echo_on();
    "echo on all"           "AAAAA" |c| c.echo_on_with_history(History::All);
    "echo off"              "AAAAA" |c| c.echo_off();
    "echo N"                "AAAAA" |c| c.echo_history(5);
    "echo all"              "AAAAA" |c| c.echo_history(History::All);
    "env-filter"            "AAAAA" |c| c.env_filter(EnvFilter::Minimal);
    "forget-passwords"      "AAAAA" |c| c.forget_passwords();
    "help"                  "AAAAA" |c| c.help();
    "hold"                  "AAAAA" |c| c.hold();
    "hold on"               "AAAAA" |c| c.hold_on();
    "hold off"              "AAAAA" |c| c.hold_off();
    "hold release"          "-AA-A" |c| c.hold_release();
    "kill ADDRESS"          "RRRRR" |c| c.kill(&ADDRESS);
    "kill NAME"             "RRRRR" |c| c.kill(&KillTarget::CommonName("nobody".into()));
    "load-stats"            "AAAAA" |c| c.load_stats();
    "log on"                "AAAAA" |c| c.log_on();
    "log on all"            "AAAAA" |c| c.log_on_with_history(History::All);
    "log off"               "AAAAA" |c| c.log_off();
    "log N"                 "AAAAA" |c| c.log_history(5);
    "log all"               "AAAAA" |c| c.log_history(History::All);
    "mute"                  "AAAAA" |c| c.mute();
    "mute N"                "AAAAA" |c| c.set_mute(0);
    "nclients"              "RRRRA" |c| c.nclients();
    "needok"                "RRRRR" |c| c.needok("token-insertion-request", false);
    "needok in other words" "RRRRR" |c| c.needok_with("token-insertion-request", "NOACTION");
    "needstr"               "RRRRR" |c| c.needstr("pkcs11-id-request", "x");
    "net"                   "RRRRR" |c| c.net();
    "network-change"        "RRRRR" |c| c.network_change(true);
    "password"              "RRRRR" |c| c.password("Private Key", "x");
    "pid"                   "AAAAA" |c| c.pid();
    "pk-sig"                "RRRRR" |c| c.pk_sig(b"signature");
    "pkcs11-id-count"       "--A-A" |c| c.pkcs11_id_count();
    "pkcs11-id-get"         "--A-A" |c| c.pkcs11_id_get(0);
    "proxy HTTP"            "RRRRR" |c| c.proxy(&ProxyAction::Http { host: "x".into(), port: 1, no_clear_text: false });
    "proxy NONE"            "RRARR" |c| c.proxy(&ProxyAction::None);
    "proxy SOCKS"           "RRARR" |c| c.proxy(&ProxyAction::Socks { host: "x".into(), port: 1 });
    "push-update-broad"     "RRRRR" |c| c.push_update_broad("echo x");
    "push-update-cid"       "RRRRR" |c| c.push_update_cid_unchecked(CID, "echo x");
    "remote ACCEPT"         "RRRRR" |c| c.remote(&RemoteAction::Accept);
    "remote MOD"            "RRRRR" |c| c.remote(&RemoteAction::Modify { host: "x".into(), port: 1 });
    "remote SKIP"           "RRRRR" |c| c.remote(&RemoteAction::Skip);
    "remote SKIP N"         "RRRRR" |c| c.remote(&RemoteAction::SkipBy(2));
    "remote-entry-count"    "RRARR" |c| c.remote_entry_count();
    "remote-entry-get N M"  "RRARR" |c| c.remote_entry_get(0, 1);
    "remote-entry-get all"  "RRARR" |c| c.remote_entries();
    "rsa-sig"               "RRRRR" |c| c.rsa_sig(b"signature");
    "signal SIGHUP"         "R--R-" |c| c.signal(Signal::Sighup);
    "signal SIGUSR1"        "R--R-" |c| c.signal(Signal::Sigusr1);
    "signal SIGUSR2"        "--A-A" |c| c.signal(Signal::Sigusr2);
    "state"                 "AAAAA" |c| c.state();
    "state on"              "AAAAA" |c| c.state_on();
    "state on all"          "AAAAA" |c| c.state_on_with_history(History::All);
    "state off"             "AAAAA" |c| c.state_off();
    "state N"               "AAAAA" |c| c.state_history(5);
    "state all"             "AAAAA" |c| c.state_history(History::All);
    "status 1"              "RRARA" |c| c.status_format(StatusFormat::V1);
    "status 2"              "RRARA" |c| c.status_format(StatusFormat::V2);
    "status 3"              "RRARA" |c| c.status();
    "test N"                "AAAAA" |c| c.test(100);
    "username"              "RRRRR" |c| c.username("HTTP Proxy", "x");
    "verb"                  "AAAAA" |c| c.verb();
    "verb N"                "AAAAA" |c| c.set_verb(4);
    "version"               "AAAAA" |c| c.version();
    "version N"             "AAAAA" |c| c.announce_version(3);
    "a line of the caller's" "RRARA" |c| c.raw_command("status 2", ReplyShape::Block);
};
