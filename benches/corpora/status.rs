//! The reply of `status 3` of a server with many clients.

use std::fmt::Write as _;

use super::Corpus;

/// So many clients, and a route to each.
pub(crate) fn of(clients: usize) -> Corpus {
    let mut text = String::with_capacity(256 * clients + 4096);
    text.push_str(
        "TITLE\tOpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [PKCS11]\r\n\
         TIME\t2026-11-22 07:24:03\t1795332243\r\n\
         HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\t\
         Bytes Received\tBytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\t\
         Client ID\tPeer ID\tData Channel Cipher\r\n",
    );
    for n in 0..clients {
        client(&mut text, n);
    }
    text.push_str(
        "HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\t\
         Last Ref (time_t)\r\n",
    );
    for n in 0..clients {
        route(&mut text, n);
    }
    text.push_str("GLOBAL_STATS\tMax bcast/mcast queue length\t0\r\nEND\r\n");
    Corpus::new("status 3", text, 0)
}

fn client(text: &mut String, n: usize) {
    let (net, host, port) = place(n);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "CLIENT_LIST\tuser{n}\t192.0.{net}.{host}:{port}\t10.8.{net}.{host}\t\t{}\t{}\t\
         2026-11-22 07:23:58\t1795332238\tuser{n}\t{n}\t{n}\tAES-256-GCM\r\n",
        n * 977,
        n * 31_337
    );
}

fn route(text: &mut String, n: usize) {
    let (net, host, port) = place(n);
    let _ = write!(
        text,
        "ROUTING_TABLE\t10.8.{net}.{host}\tuser{n}\t192.0.{net}.{host}:{port}\t\
         2026-11-22 07:24:00\t1795332240\r\n"
    );
}

fn place(n: usize) -> (usize, usize, usize) {
    (n / 250 % 250, n % 250 + 2, 1024 + n % 60_000)
}
