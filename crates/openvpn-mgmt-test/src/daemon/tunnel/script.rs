//! The blocks `>UPDOWN:` of a client.

use crate::daemon::Daemon;
use crate::daemon::clock::START;
use crate::personality::Personality;

impl Daemon {
    /// Tells that the tunnel goes up or down, with the environment of a script.
    pub(in crate::daemon) fn tell_script(&mut self, word: &str) {
        self.say(format!(">UPDOWN:{word}"));
        for line in self.script_env() {
            self.say(format!(">UPDOWN:ENV,{line}"));
        }
        self.say(">UPDOWN:ENV,END");
    }

    fn script_env(&self) -> Vec<String> {
        let release = self.personality;
        let dev_type = if release == Personality::V2_7 { "tun" } else { "null" };
        let (port, pid) = ("1194", self.pid);
        let mut env = vec![format!("dev_type={dev_type}"), "dev=null".to_owned()];
        if release == Personality::V2_5 {
            env.push("link_mtu=1552".to_owned());
        }
        let fixed = "tun_mtu=1500 script_context=init ifconfig_netmask=255.255.255.0 ifconfig_local=10.8.0.2 \
                     common_name=server trusted_port=1194 trusted_ip=127.0.0.1 untrusted_port=1194 \
                     untrusted_ip=127.0.0.1";
        env.extend(fixed.split_whitespace().map(str::to_owned));
        env.extend(crate::daemon::clients::certificate_env("server"));
        env.push("config=client.conf".to_owned());
        env.extend(["verb=3", "daemon=0", "daemon_log_redirect=0"].map(str::to_owned));
        env.push(format!("daemon_start_time={START}"));
        env.push(format!("daemon_pid={pid}"));
        env.extend(match release {
            Personality::V2_7 => vec![
                "remote_1=127.0.0.1".to_owned(),
                format!("remote_port_1={port}"),
                "proto_1=udp".to_owned(),
                format!("local_port_1={port}"),
            ],
            _ => vec![
                "proto_1=udp".to_owned(),
                "remote_1=127.0.0.1".to_owned(),
                format!("remote_port_1={port}"),
            ],
        });
        env
    }
}
