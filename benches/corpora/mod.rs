//! What daemons say, by the megabyte: the same bytes for every bench, at any size.
#![allow(dead_code, reason = "each bench takes some of it")]

pub(crate) mod status;

use std::fmt::Write as _;

/// What one read brings.
pub(crate) const PIECE: usize = 8 * 1024;

/// The text of a `>CLIENT:` block is this many lines.
const BLOCK: usize = 45;

/// Bytes as a daemon sends them.
pub(crate) struct Corpus {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) lines: usize,
    /// How many events these are; a block is one.
    pub(crate) events: usize,
}

impl Corpus {
    pub(super) fn new(name: &'static str, text: String, events: usize) -> Self {
        let bytes = text.into_bytes();
        let lines = memchr::memchr_iter(b'\n', &bytes).count();
        Self { name, bytes, lines, events }
    }

    /// The bytes as they are read.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks(PIECE)
    }
}

/// The corpora of which every line is part of an event, each of at least so many bytes.
pub(crate) fn floods(bytes: usize) -> [Corpus; 3] {
    [log_flood(bytes), bytecount_flood(bytes), server_mix(bytes)]
}

/// `log on` of a busy server.
pub(crate) fn log_flood(bytes: usize) -> Corpus {
    flood("log flood", bytes, |text, n| {
        log(text, n);
        1
    })
}

/// `bytecount 1` of a server with thousands of clients.
pub(crate) fn bytecount_flood(bytes: usize) -> Corpus {
    flood("byte-count flood", bytes, |text, n| {
        bytecount(text, n);
        1
    })
}

/// A server whose clients come, send and leave while somebody watches all of it.
pub(crate) fn server_mix(bytes: usize) -> Corpus {
    flood("server mix", bytes, |text, n| {
        block(text, n);
        state(text, n);
        for k in 0..4 {
            log(text, 4 * n + k);
        }
        for k in 0..10 {
            bytecount(text, 10 * n + k);
        }
        16
    })
}

/// `write` adds the nth part and tells how many events it is.
fn flood(
    name: &'static str,
    bytes: usize,
    mut write: impl FnMut(&mut String, usize) -> usize,
) -> Corpus {
    let mut text = String::with_capacity(bytes + 4096);
    let mut events = 0;
    for n in 0.. {
        if text.len() >= bytes {
            break;
        }
        events += write(&mut text, n);
    }
    Corpus::new(name, text, events)
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = write!(text, ">{line}\r\n");
}

fn log(text: &mut String, n: usize) {
    let (time, port) = (1_795_332_000 + n / 100, 1024 + n % 60_000);
    line(
        text,
        format_args!(
            "LOG:{time},I,alice/udp4:127.0.0.1:{port} peer info: IV_CIPHERS=AES-256-GCM:AES-128-GCM"
        ),
    );
}

fn bytecount(text: &mut String, n: usize) {
    line(text, format_args!("BYTECOUNT_CLI:{},{},{}", n % 5000, n * 977, n * 31_337));
}

fn state(text: &mut String, n: usize) {
    let (time, host) = (1_795_332_000 + n, n % 250 + 2);
    line(
        text,
        format_args!("STATE:{time},CONNECTED,SUCCESS,10.8.0.{host},192.0.2.7,1194,192.0.2.9,5000"),
    );
}

/// What a daemon of 2.6 says of a client that is let in, of the length of a real one.
fn block(text: &mut String, n: usize) {
    let (host, port) = (n % 250 + 2, 1024 + n % 60_000);
    line(text, format_args!("CLIENT:ESTABLISHED,{n}"));
    for pair in [
        "tls_serial_0=1000",
        "X509_0_CN=client-07",
        "X509_1_CN=Example VPN CA",
        "tls_id_0=CN=client-07",
        "tls_id_1=CN=Example VPN CA",
        "IV_VER=2.6.14",
        "IV_PLAT=linux",
        "IV_PROTO=990",
        "IV_CIPHERS=AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305",
        "ifconfig_local=10.8.0.1",
        "ifconfig_netmask=255.255.255.0",
        "daemon_log_redirect=0",
        "proto_1=udp",
        "local_port_1=1194",
        "remote_port_1=1194",
        "dev_type=tun",
        "verb=3",
    ] {
        line(text, format_args!("CLIENT:ENV,{pair}"));
    }
    line(text, format_args!("CLIENT:ENV,untrusted_ip=192.0.2.{host}"));
    line(text, format_args!("CLIENT:ENV,untrusted_port={port}"));
    line(text, format_args!("CLIENT:ENV,ifconfig_pool_remote_ip=10.8.0.{host}"));
    for k in 20..BLOCK - 2 {
        line(text, format_args!("CLIENT:ENV,X509_{}_OU_{k}=Unit {n} of Example", k % 3));
    }
    line(text, format_args!("CLIENT:ENV,END"));
}
