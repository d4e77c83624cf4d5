use super::*;

fn daemon(personality: Personality, set_up: &str) -> Daemon {
    let mut daemon = Daemon::new(personality, SetUp::parse(set_up).unwrap());
    daemon.connect();
    daemon
}

fn said(daemon: &mut Daemon) -> Vec<String> {
    let text = String::from_utf8(daemon.output()).unwrap();
    let lines = text.split_terminator("\r\n").filter(|line| !line.contains(":ENV,"));
    lines.map(|line| line.replace(char::is_numeric, "0")).collect()
}

fn ask(daemon: &mut Daemon, lines: &str) -> Vec<String> {
    daemon.receive(lines.as_bytes());
    said(daemon)
}

const GREETING: &str = ">INFO:OpenVPN Management Interface Version 0 -- type 'help' for more info";

#[test]
fn a_password_is_asked_for_three_times() {
    let mut daemon = daemon(Personality::V2_6, "server, password s3");
    assert_eq!(daemon.output(), b"ENTER PASSWORD:");
    daemon.receive(b"x\n");
    assert_eq!(daemon.output(), b"ENTER PASSWORD:");
    daemon.receive(b"x\ny\n");
    assert_eq!((daemon.output(), daemon.is_connected()), (b"".to_vec(), false));
    daemon.connect();
    daemon.output();
    daemon.receive(b"s3\n");
    assert_eq!(said(&mut daemon), ["SUCCESS: password is correct", GREETING]);
}

/// As seen with a first manager: the prompt waits until the whole read is done.
#[test]
fn a_hold_is_told_behind_the_commands_of_the_first_read() {
    let mut daemon = daemon(Personality::V2_7, "client, hold, password s3");
    daemon.output();
    let heard = ask(&mut daemon, "s3\nhold\n");
    let hold = ">HOLD:Waiting for hold release:0";
    assert_eq!(heard, ["SUCCESS: password is correct", GREETING, "SUCCESS: hold=0", hold]);
    daemon.disconnect();
    daemon.connect();
    daemon.output();
    let heard = ask(&mut daemon, "s3\nhold\n");
    assert_eq!(heard, ["SUCCESS: password is correct", GREETING, hold, "SUCCESS: hold=0"]);
}

#[test]
fn signals_in_a_hold_and_at_a_prompt() {
    let mut old = daemon(Personality::V2_5, "client, hold");
    said(&mut old);
    let hold = ">HOLD:Waiting for hold release:0";
    assert_eq!(ask(&mut old, "signal SIGHUP\n"), [hold]);
    let mut new = daemon(Personality::V2_6, "client, hold, query-passwords");
    said(&mut new);
    let ignored = "ERROR: signal 'SIGUSR0' is currently ignored";
    assert_eq!(ask(&mut new, "signal SIGUSR1\n"), [ignored, hold]);
    ask(&mut new, "hold release\n");
    assert_eq!(
        ask(&mut new, "signal SIGUSR2\n"),
        [
            "SUCCESS: signal SIGUSR0 thrown",
            ">FATAL:ERROR: could not read Auth username/password/ok/string from management interface"
        ]
    );
    assert!(new.has_ended() && !new.is_connected());
}

#[test]
fn exit_takes_back_what_was_about_to_be_said() {
    let mut running = daemon(Personality::V2_6, "server");
    said(&mut running);
    assert_eq!(ask(&mut running, "pid\nexit\n"), [""; 0]);
    let mut held = daemon(Personality::V2_6, "server, hold");
    said(&mut held);
    assert_eq!(ask(&mut held, "pid\nexit\n"), ["SUCCESS: pid=0000"]);
}

#[test]
fn a_client_comes_up_and_starts_again() {
    let mut daemon = daemon(Personality::V2_6, "client, hold, query-passwords");
    ask(&mut daemon, "state on\nhold release\n");
    let heard = ask(&mut daemon, "username Auth a\npassword Auth b\n");
    assert_eq!(heard[2..], [">STATE:0000000000,WAIT,,,,,,", ">STATE:0000000000,AUTH,,,,,,"]);
    daemon.advance(Duration::from_secs(1));
    assert_eq!(said(&mut daemon), [">STATE:0000000000,GET_CONFIG,,,,,,"]);
    daemon.server_does(&ServerAction::Pushes("echo hi".to_owned())).unwrap();
    daemon.server_does(&ServerAction::Admits).unwrap();
    let connected = ">STATE:0000000000,CONNECTED,SUCCESS,00.0.0.0,000.0.0.0,0000,,";
    assert_eq!(said(&mut daemon), [connected]);
    assert_eq!(ask(&mut daemon, "echo all\n"), ["0000000000,hi", "END"]);
    assert_eq!(
        ask(&mut daemon, "signal SIGUSR1\n"),
        [
            "SUCCESS: signal SIGUSR0 thrown",
            ">STATE:0000000000,RECONNECTING,SIGUSR0,,,,,",
            ">HOLD:Waiting for hold release:0"
        ]
    );
}

#[test]
fn a_denied_client_is_asked_again_or_ends() {
    let mut daemon = daemon(Personality::V2_7, "client, query-passwords, auth-retry interact");
    ask(&mut daemon, "state on\nusername Auth a\npassword Auth b\n");
    daemon.server_does(&ServerAction::Denies(Some("no".to_owned()))).unwrap();
    daemon.advance(Duration::from_secs(2));
    let heard = said(&mut daemon);
    assert_eq!(
        heard[1..],
        [
            ">PASSWORD:Verification Failed: 'Auth' ['no']",
            ">STATE:0000000000,RECONNECTING,auth-failure,,,,,",
            ">PASSWORD:Need 'Auth' username/password"
        ]
    );
}

#[test]
fn a_signature_is_answered_behind_the_commands_of_its_read() {
    let mut daemon = daemon(Personality::V2_6, "client, external-key pss");
    assert!(said(&mut daemon).last().unwrap().starts_with(">RSA_SIGN:"));
    assert_eq!(
        ask(&mut daemon, "pk-sig\nAA==\nEND\nhold\n"),
        ["SUCCESS: hold=0", "SUCCESS: rsa-sign command succeeded"]
    );
}

#[test]
fn a_client_of_a_server_lives() {
    let mut daemon = daemon(Personality::V2_6, "server, client-auth");
    said(&mut daemon);
    daemon.client_connects(Client::new("alice")).unwrap();
    assert_eq!(said(&mut daemon), [">CLIENT:CONNECT,0,0"]);
    assert_eq!(ask(&mut daemon, "client-auth-nt 0 7\n"), ["ERROR: client-auth command failed"]);
    assert_eq!(
        ask(&mut daemon, "client-auth 0 1\npush \"echo hi\"\nEND\n"),
        [
            "SUCCESS: client-auth command succeeded",
            ">CLIENT:ADDRESS,0,00.0.0.0,0",
            ">CLIENT:ESTABLISHED,0"
        ]
    );
    assert!(daemon.client_heard("alice", "ECHO"));
    daemon.client_renegotiates("alice").unwrap();
    daemon.receive(b"client-auth-nt 0 3\n");
    assert_eq!(said(&mut daemon), [">CLIENT:REAUTH,0,0", "SUCCESS: client-auth command succeeded"]);
    assert_eq!(ask(&mut daemon, "client-kill 0\n"), ["SUCCESS: client-kill command succeeded"]);
    daemon.advance(Duration::from_secs(5));
    assert_eq!(said(&mut daemon), [">CLIENT:DISCONNECT,0"]);
    assert!(daemon.client_heard("alice", "server-pushed-connection-reset"));
}

#[test]
fn cids_begin_anew_after_a_restart() {
    let mut daemon = daemon(Personality::V2_5, "server, client-auth");
    said(&mut daemon);
    daemon.client_connects(Client::new("alice")).unwrap();
    ask(&mut daemon, "state on\nclient-auth-nt 0 0\n");
    assert_eq!(
        ask(&mut daemon, "signal SIGUSR1\n"),
        [
            "SUCCESS: signal SIGUSR0 thrown",
            ">CLIENT:DISCONNECT,0",
            ">STATE:0000000000,RECONNECTING,SIGUSR0,,,,,"
        ]
    );
    assert_eq!(daemon.client_connects(Client::new("bob")), Err(ClientError::NotServing));
    daemon.advance(Duration::from_secs(5));
    assert_eq!(daemon.client_connects(Client::new("bob")), Ok(0));
}

#[test]
fn a_waiting_client_that_restarts_keeps_its_cid() {
    let mut daemon = daemon(Personality::V2_6, "server, client-auth");
    daemon.client_connects(Client::new("alice")).unwrap();
    daemon.output();
    daemon.client_restarts("alice").unwrap();
    let text = String::from_utf8(daemon.output()).unwrap();
    assert!(text.starts_with(">CLIENT:CONNECT,0,2\r\n"), "{text}");
}

#[test]
fn a_challenge_is_answered_by_coming_again() {
    let mut daemon = daemon(Personality::V2_6, "server, client-auth");
    daemon.client_connects(Client::new("alice").answers("1234")).unwrap();
    daemon.output();
    daemon.receive(b"client-deny 0 1 x \"CRV1:R,E:Om01:Y3Ix:PIN\"\n");
    let text = String::from_utf8(daemon.output()).unwrap();
    assert!(text.contains(">CLIENT:CONNECT,1,1\r\n"), "{text}");
    assert!(text.contains(">CLIENT:ENV,password=CRV1::Om01::1234\r\n"), "{text}");
    assert!(text.contains(">CLIENT:ENV,username=cr1\r\n"), "{text}");
    daemon.advance(Duration::from_secs(5));
    assert_eq!(said(&mut daemon), [">CLIENT:DISCONNECT,0"]);
}

#[test]
fn a_byte_count_of_2_6_goes_on_for_the_next_manager() {
    for (personality, told) in Personality::ALL.into_iter().zip([0, 3, 0]) {
        let mut daemon = daemon(personality, "client");
        ask(&mut daemon, "bytecount 2\n");
        daemon.disconnect();
        daemon.connect();
        daemon.output();
        daemon.advance(Duration::from_secs(7));
        assert_eq!(said(&mut daemon).len(), told, "{personality:?}");
    }
}

#[test]
fn env_filters_show_what_a_client_says_of_itself_first() {
    let mut daemon = daemon(Personality::V2_6, "server, client-auth");
    daemon.receive(b"env-filter 2\n");
    daemon.output();
    daemon.client_connects(Client::new("alice")).unwrap();
    let text = String::from_utf8(daemon.output()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], ">CLIENT:ENV,IV_VER=2.6.14");
    assert!(lines.contains(&">CLIENT:ENV,username=alice"));
    assert!(!text.contains("common_name") && !text.contains("X509_1"));
}

#[test]
fn a_file_that_begins_in_a_block_ends_the_daemon() {
    let mut daemon = daemon(Personality::V2_7, "server, client-auth");
    daemon.client_connects(Client::new("alice")).unwrap();
    daemon.output();
    assert_eq!(
        ask(&mut daemon, "client-auth 0 1\n<ca>\nEND\n"),
        [
            "SUCCESS: client-auth command succeeded",
            ">CLIENT:DISCONNECT,0",
            ">FATAL:ERROR: Endtag </ca> missing"
        ]
    );
}

/// What OpenVPN 2.6.14 has said of its first client, but for certificates.
#[test]
fn an_environment_is_in_the_order_of_real_ones() {
    let mut daemon = daemon(Personality::V2_6, "server, client-auth");
    daemon.output();
    daemon.client_connects(Client::new("alice")).unwrap();
    let text = String::from_utf8(daemon.output()).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix(">CLIENT:ENV,"));
    let names: Vec<&str> = names
        .filter(|line| !line.starts_with("tls_"))
        .filter_map(|line| line.split('=').next())
        .collect();
    assert_eq!(
        names.join(" "),
        "n_clients password untrusted_port untrusted_ip common_name username IV_COMP_STUBv2 IV_COMP_STUB \
         IV_LZO_STUB IV_PROTO IV_CIPHERS IV_NCP IV_MTU IV_TCPNL IV_PLAT IV_VER X509_0_CN X509_1_CN \
         remote_port_1 local_port_1 local_1 proto_1 daemon_pid daemon_start_time daemon_log_redirect daemon \
         verb config ifconfig_local ifconfig_netmask script_context tun_mtu dev dev_type redirect_gateway END"
    );
}

/// The trap: an answer that was meant for the client before the restart.
#[test]
fn a_late_answer_lets_another_client_in() {
    let mut daemon = daemon(Personality::V2_6, "server, client-auth");
    daemon.client_connects(Client::new("alice")).unwrap();
    daemon.restarts_by_itself();
    daemon.advance(Duration::from_secs(1));
    daemon.client_connects(Client::new("mallory")).unwrap();
    daemon.receive(b"client-auth-nt 0 1\n");
    assert!(daemon.is_client_in("mallory"));
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let mut daemon = daemon(Personality::V2_7, "client, unreachable");
    ask(&mut daemon, "state on\n");
    daemon.advance(Duration::from_secs(121));
    assert_eq!(
        said(&mut daemon),
        [">STATE:0000000000,RECONNECTING,server_poll,,,,,", ">STATE:0000000000,WAIT,,,,,,"]
    );
}

/// As OpenVPN 2.6.14 has counted.
#[test]
fn kids_of_a_client_that_restarts_and_renews() {
    let mut daemon = daemon(Personality::V2_6, "server, client-auth");
    daemon.client_connects(Client::new("alice")).unwrap();
    daemon.client_restarts("alice").unwrap();
    daemon.receive(b"client-auth-nt 0 2\n");
    daemon.client_restarts("alice").unwrap();
    daemon.receive(b"client-auth-nt 0 3\n");
    daemon.client_connects(Client::new("bob")).unwrap();
    daemon.receive(b"client-auth-nt 1 1\n");
    daemon.client_renegotiates("bob").unwrap();
    daemon.client_renegotiates("bob").unwrap();
    let text = String::from_utf8(daemon.output()).unwrap();
    let asked = text.lines().filter(|line| line.contains(":CONNECT") || line.contains(":REAUTH"));
    assert_eq!(
        asked.collect::<Vec<_>>(),
        [
            ">CLIENT:CONNECT,0,1",
            ">CLIENT:CONNECT,0,2",
            ">CLIENT:REAUTH,0,3",
            ">CLIENT:CONNECT,1,1",
            ">CLIENT:REAUTH,1,3",
            ">CLIENT:REAUTH,1,4"
        ]
    );
}

#[test]
fn signals_on_the_way_to_a_tunnel() {
    for (signal, heard) in [
        ("SIGUSR1", ">STATE:0000000000,RECONNECTING,close_context usr0 to hup,,,,,"),
        ("SIGHUP", ">STATE:0000000000,RECONNECTING,init_instance,,,,,"),
        ("SIGTERM", ">STATE:0000000000,EXITING,init_instance,,,,,"),
    ] {
        let mut daemon = daemon(Personality::V2_6, "client, query-remote");
        ask(&mut daemon, "state on\n");
        assert_eq!(ask(&mut daemon, &format!("signal {signal}\n"))[1], heard);
    }
}

/// As asked of 2.5.1, 2.6.14 and 2.7.8.
#[test]
fn signals_while_a_signature_or_a_certificate_is_wanted() {
    let signals = ["SIGUSR1", "SIGHUP", "SIGUSR2", "SIGTERM"];
    for (personality, reasons) in Personality::ALL.into_iter().zip([
        ["tls-error", "tls-error", "tls-error", "tls-error"],
        ["tls-error", "SIGHUP", "tls-error", "SIGTERM"],
        ["SIGUSR0", "SIGHUP", "tls-error", "SIGTERM"],
    ]) {
        for (signal, reason) in signals.into_iter().zip(reasons) {
            let mut daemon = daemon(personality, "client, external-key pss");
            ask(&mut daemon, "state on\n");
            let word = if signal == "SIGTERM" { "EXITING" } else { "RECONNECTING" };
            let heard = ask(&mut daemon, &format!("signal {signal}\n"));
            assert_eq!(heard[1], format!(">STATE:0000000000,{word},{reason},,,,,"));
        }
    }
    let mut daemon = daemon(Personality::V2_7, "client, external-key pss, external-cert hint");
    said(&mut daemon);
    let heard = ask(&mut daemon, "signal SIGUSR1\n");
    assert_eq!(heard[1], ">FATAL:Cannot load inline certificate file");
}

/// As OpenVPN 2.5.1, 2.6.14 and 2.7.8 have done: told at once, and gone five seconds later.
#[test]
fn a_client_that_is_in_can_be_denied() {
    let mut daemon = daemon(Personality::V2_7, "server, client-auth");
    daemon.client_connects(Client::new("alice")).unwrap();
    ask(&mut daemon, "client-auth-nt 0 1\n");
    let heard = ask(&mut daemon, "client-deny 0 1 x nope\n");
    assert_eq!(heard, ["SUCCESS: client-deny command succeeded"]);
    assert!(daemon.client_heard("alice", "['nope']") && !daemon.is_client_in("alice"));
    daemon.advance(Duration::from_secs(5));
    let text = String::from_utf8(daemon.output()).unwrap();
    assert!(text.starts_with(">CLIENT:DISCONNECT,0\r\n>CLIENT:ENV,time_duration=5\r\n"), "{text}");
}

#[test]
fn a_client_that_is_denied_twice_is_not_in() {
    let mut daemon = daemon(Personality::V2_5, "server, client-auth");
    daemon.client_connects(Client::new("alice")).unwrap();
    for _ in 0..2 {
        ask(&mut daemon, "client-deny 0 0 x\n");
        assert!(!daemon.clients()[0].is_in);
    }
}

/// As recorded from OpenVPN 2.5.1.
#[test]
fn an_empty_line_follows_a_response_in_2_5() {
    for (personality, end) in
        Personality::ALL.into_iter().zip(["END\r\n\r\n", "END\r\n", "END\r\n"])
    {
        let mut daemon = daemon(personality, "server, client-auth");
        daemon.client_connects(Client::new("alice")).unwrap();
        daemon.output();
        daemon.client_responds("alice", "123456").unwrap();
        let text = String::from_utf8(daemon.output()).unwrap();
        assert!(
            text.contains(",MTIzNDU2\r\n") && text.ends_with(&format!("=0\r\n>CLIENT:ENV,{end}"))
        );
    }
}

#[test]
fn a_confirmation_is_asked_for() {
    let mut daemon = daemon(Personality::V2_6, "client");
    said(&mut daemon);
    daemon.asks_confirmation("token-insertion-request", "Please insert x token");
    let asked = ">NEED-OK:Need 'token-insertion-request' confirmation MSG:Please insert x token";
    assert_eq!(said(&mut daemon), [asked]);
    assert_eq!(
        ask(&mut daemon, "needok token-insertion-request ok\nneedok x ok\n"),
        [
            "SUCCESS: 'token-insertion-request' needok-confirmation entered, but not yet verified",
            "ERROR: needok-confirmation of type 'x' entered, but we need one of type 'token-insertion-request'"
        ]
    );
    assert_eq!(
        ask(&mut daemon, "needok x ok\n"),
        ["ERROR: no needok-confirmation is currently needed at this time"]
    );
}

#[test]
fn clients_run_out_of_time() {
    let mut daemon = daemon(Personality::V2_6, "server, client-auth");
    for name in ["undecided", "asked", "silent", "moved"] {
        daemon.client_connects(Client::new(name)).unwrap();
    }
    daemon.receive(
        b"client-pending-auth 1 1 WEB_AUTH::x 90\nclient-auth-nt 2 1\nclient-auth-nt 3 1\n",
    );
    daemon.client_vanishes("silent").unwrap();
    daemon.client_floats("moved").unwrap();
    daemon.output();
    for (seconds, gone) in [(59, 0), (60, 1), (90, 1), (120, 1), (500, 0)] {
        daemon.advance(Duration::from_secs(seconds));
        let heard = said(&mut daemon);
        assert_eq!(heard, vec![">CLIENT:DISCONNECT,0"; gone], "{seconds}");
    }
    daemon.receive(b"status 2\n");
    let text = String::from_utf8(daemon.output()).unwrap();
    assert!(text.contains("CLIENT_LIST,moved,127.0.0.1:40004,"), "{text}");
}

/// As OpenVPN 2.6.14 has done with a SoftHSM token.
#[test]
fn a_key_is_on_a_token() {
    let mut client = daemon(Personality::V2_6, "client, pkcs11");
    ask(&mut client, "state on\n");
    let heard = ask(&mut client, "needstr pkcs11-id-request 'a/b/c/another/01'\n");
    let insert =
        ">NEED-OK:Need 'token-insertion-request' confirmation MSG:Please insert another token";
    assert_eq!(heard[1], insert);
    assert_eq!(ask(&mut client, "needok token-insertion-request ok\n")[1], insert);
    let heard = ask(&mut client, "needok token-insertion-request cancel\n");
    assert_eq!(heard[1], ">FATAL:Error: private key password verification failed");

    let mut client = daemon(Personality::V2_6, "client, pkcs11");
    client.receive(b"pkcs11-id-get 0\n");
    let text = String::from_utf8(client.output()).unwrap();
    let id = text.split("ID:'").nth(1).unwrap().split('\'').next().unwrap();
    let heard = ask(&mut client, &format!("needstr pkcs11-id-request '{id}'\n"));
    assert_eq!(heard[1], ">PASSWORD:Need 'lab token' password");
    let heard = ask(&mut client, "password \"lab token\" 9999\n");
    assert_eq!(heard[1], ">PASSWORD:Need 'lab token' password");
    ask(&mut client, "password \"lab token\" 1234\n");
    assert!(ask(&mut client, "state\n")[0].contains("CONNECTED"));
}

/// As seen: what is behind 127 bytes is read as the next part, in 2.5 and 2.6 but for two bytes.
#[test]
fn a_name_that_is_too_long_is_read_as_an_address() {
    for (personality, name, host) in [
        (Personality::V2_6, "a".repeat(129), None),
        (Personality::V2_6, "a".repeat(130), Some("a".repeat(127))),
        (Personality::V2_6, format!("{}:b", "a".repeat(128)), Some("a".repeat(127))),
        (Personality::V2_6, format!("{}:b", "a".repeat(129)), None),
        (Personality::V2_7, "a".repeat(254), None),
        (Personality::V2_7, "a".repeat(255), Some("a".repeat(127))),
        (Personality::V2_7, format!("{}:b", "a".repeat(127)), None),
        (Personality::V2_7, format!("{}:b", "a".repeat(129)), Some("aa".to_owned())),
    ] {
        let mut daemon = daemon(personality, "server, client-auth");
        said(&mut daemon);
        let expected = match host {
            Some(host) => format!("ERROR: error parsing IP address: {host}"),
            None => format!("ERROR: common name '{}' not found", "a".repeat(127)),
        };
        assert_eq!(
            ask(&mut daemon, &format!("kill {name}\n")),
            [expected],
            "{personality:?} {name}"
        );
    }
}
