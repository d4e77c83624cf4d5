//! The environment that stands behind an event of a client.

use std::fmt::Write as _;

use super::{Member, Standing};
use crate::daemon::Daemon;
use crate::daemon::clock::{START, civil};
use crate::personality::Personality;

/// Which event an environment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Connect,
    Reauth,
    Established,
    Response,
    Disconnect,
}

/// What is shown at `env-filter 2`.
const FILTERED: [&str; 17] = [
    "username=",
    "password=",
    "X509_0_CN=",
    "tls_serial_",
    "untrusted_ip=",
    "ifconfig_local=",
    "ifconfig_netmask=",
    "daemon_start_time=",
    "daemon_pid=",
    "dev=",
    "ifconfig_pool_remote_ip=",
    "ifconfig_pool_netmask=",
    "time_duration=",
    "bytes_sent=",
    "bytes_received=",
    "session_id=",
    "session_state=",
];

impl Daemon {
    /// Says an event of a client with its environment.
    pub(super) fn tell_client(&mut self, cid: u64, event: Event, head: &str) {
        self.say(head);
        for line in self.env(cid, event) {
            self.say(format!(">CLIENT:ENV,{line}"));
        }
        self.say(">CLIENT:ENV,END");
    }

    fn env(&self, cid: u64, event: Event) -> Vec<String> {
        let Some(member) = self.clients.members.get(&cid) else { return Vec::new() };
        let mut env = Vec::new();
        if event != Event::Disconnect {
            env.push(format!("n_clients={}", self.clients.count()));
        }
        self.session_env(&mut env, member, event);
        env.extend(self.daemon_env());
        let level = self.settings.env_filter;
        if level == 0 {
            return env;
        }
        env.retain(|line| is_shown(line, level));
        if matches!(event, Event::Connect | Event::Reauth | Event::Response) {
            // What a client says of itself comes first then, as it said it, and unfiltered.
            let mut said = self.peer_info(member);
            said.append(&mut env);
            return said;
        }
        env
    }

    /// What is of this client; what was set last comes first.
    fn session_env(&self, env: &mut Vec<String>, member: &Member, event: Event) {
        let is_in = matches!(member.standing, Standing::In | Standing::Leaving);
        if event == Event::Disconnect {
            env.push(format!("time_duration={}", self.clock.unix() - member.since));
            env.push(format!("bytes_sent={}", member.bytes_out));
            env.push(format!("bytes_received={}", member.bytes_in));
            env.extend(trusted(member));
        }
        if is_in && matches!(event, Event::Established | Event::Response | Event::Disconnect) {
            env.extend(pool(member));
        }
        if matches!(event, Event::Established) || (is_in && event == Event::Response) {
            env.extend(trusted(member));
        }
        if let (Event::Connect | Event::Reauth, Some(password)) = (event, &member.client.password) {
            env.push(format!("password={password}"));
        }
        if event == Event::Response && !is_in {
            env.push(format!("common_name={}", member.common_name()));
            env.extend(trusted(member));
        }
        self.identity_env(env, member, event);
        if event == Event::Reauth {
            env.extend(pool(member));
            env.extend(trusted(member));
        }
    }

    /// Who the client is: its addresses, names, and certificates.
    fn identity_env(&self, env: &mut Vec<String>, member: &Member, event: Event) {
        let comes = matches!(event, Event::Connect | Event::Reauth);
        let name = format!("common_name={}", member.common_name());
        if !comes && !env.contains(&name) {
            env.push(name.clone());
        }
        if self.set_up.auth_token {
            env.push("session_id=x6VtHd4I0OR2Fr/G".to_owned());
            let state = if event == Event::Reauth { "Authenticated" } else { "Initial" };
            env.push(format!("session_state={state}"));
        }
        env.push(format!("untrusted_port={}", member.port));
        env.push("untrusted_ip=127.0.0.1".to_owned());
        if comes {
            env.push(name);
        }
        if let Some(username) = &member.client.username {
            env.push(format!("username={username}"));
        }
        env.extend(self.peer_info(member).into_iter().rev());
        if member.client.has_certificate {
            env.extend(member.certificate.iter().cloned());
        }
    }

    /// What a client says of itself, in its order.
    fn peer_info(&self, member: &Member) -> Vec<String> {
        let lines: &[&str] = match self.personality {
            Personality::V2_5 => &[
                "IV_VER=2.5.1",
                "IV_PLAT=linux",
                "IV_PROTO=6",
                "IV_NCP=2",
                "IV_CIPHERS=AES-256-GCM:AES-128-GCM",
                "IV_LZ4=1",
                "IV_LZ4v2=1",
                "IV_LZO=1",
                "IV_COMP_STUB=1",
                "IV_COMP_STUBv2=1",
                "IV_TCPNL=1",
            ],
            Personality::V2_6 | Personality::V2_7 => &[
                "IV_PLAT=linux",
                "IV_TCPNL=1",
                "IV_MTU=1600",
                "IV_NCP=2",
                "IV_CIPHERS=AES-256-GCM:AES-128-GCM",
            ],
        };
        let mut info: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        if self.personality >= Personality::V2_6 {
            info.insert(0, format!("IV_VER={}", self.personality.release()));
            let proto = if self.personality == Personality::V2_6 { 990 } else { 8094 };
            info.push(format!("IV_PROTO={proto}"));
            info.extend(["IV_LZO_STUB=1", "IV_COMP_STUB=1", "IV_COMP_STUBv2=1"].map(str::to_owned));
        }
        info.extend(member.client.peer_info.iter().map(|(name, value)| format!("{name}={value}")));
        info
    }

    /// What is of the daemon, and the same for all clients.
    fn daemon_env(&self) -> Vec<String> {
        let mut env = String::new();
        env.push_str(match self.personality {
            Personality::V2_7 => {
                "local_port_1=1194\nlocal_1=127.0.0.1\nproto_1=PROTO\nremote_port_1=1194"
            }
            _ => "remote_port_1=1194\nlocal_port_1=1194\nlocal_1=127.0.0.1\nproto_1=PROTO",
        });
        let proto = if self.set_up.tcp { "tcp-server" } else { "udp" };
        let mut env = env.replace("PROTO", proto);
        write!(env, "\ndaemon_pid={}\ndaemon_start_time={START}", self.pid).ok();
        env.push_str("\ndaemon_log_redirect=0\ndaemon=0\nverb=3\nconfig=server.conf");
        env.push_str("\nifconfig_local=10.8.0.1\nifconfig_netmask=255.255.255.0");
        env.push_str("\nscript_context=init\ntun_mtu=1500");
        if self.personality == Personality::V2_5 {
            env.push_str("\nlink_mtu=1621");
        }
        env.push_str("\ndev=tun0\ndev_type=tun\nredirect_gateway=0");
        env.lines().map(str::to_owned).collect()
    }
}

/// Where a client that passed its handshake comes from, and since when.
fn trusted(member: &Member) -> Vec<String> {
    vec![format!("trusted_port={}", member.port), "trusted_ip=127.0.0.1".to_owned()]
}

/// The address of a client in the tunnel, and when it came.
fn pool(member: &Member) -> Vec<String> {
    let mut env = Vec::new();
    if let Some(address) = member.address {
        env.push("ifconfig_pool_netmask=255.255.255.0".to_owned());
        env.push(format!("ifconfig_pool_remote_ip={address}"));
    }
    env.push(format!("time_unix={}", member.since));
    env.push(format!("time_ascii={}", civil(member.since)));
    env
}

/// Whether a variable is shown at this level.
fn is_shown(line: &str, level: i64) -> bool {
    (level <= 1 && line.starts_with("X509_"))
        || (level <= 2 && FILTERED.iter().any(|start| line.starts_with(start)))
}

/// The certificates of a client and of their authority, made up.
pub(in crate::daemon) fn certificate_env(name: &str) -> Vec<String> {
    let mut env = Vec::new();
    for (depth, name) in [(0, name), (1, "lab-ca")] {
        let (serial, hex) = serial(name);
        env.push(format!("tls_serial_hex_{depth}={hex}"));
        env.push(format!("tls_serial_{depth}={serial}"));
        env.push(format!("tls_digest_sha256_{depth}={}", digest(name, 32)));
        env.push(format!("tls_digest_{depth}={}", digest(name, 20)));
        env.push(format!("tls_id_{depth}=CN={name}"));
        env.push(format!("X509_{depth}_CN={name}"));
    }
    env
}

/// Bytes that are the same for the same name, in the form of a digest.
fn digest(name: &str, bytes: usize) -> String {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    let mut out = String::new();
    for index in 0..bytes {
        for byte in name.bytes().chain([index.to_le_bytes()[0]]) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let separator = if index == 0 { "" } else { ":" };
        write!(out, "{separator}{:02x}", (state >> 32) & 0xff).ok();
    }
    out
}

/// A serial number of eight bytes, as a number and in base 16.
fn serial(name: &str) -> (u64, String) {
    let hex = digest(name, 8);
    let number = u64::from_str_radix(&hex.replace(':', ""), 16).unwrap_or_default();
    (number, hex)
}
