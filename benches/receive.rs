//! How fast what a daemon sends is taken apart, beside the least that can be done with
//! the same bytes: counting their line ends.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use openvpn_mgmt::demux::{Demuxer, Item};
use openvpn_mgmt::events::Assembler;
use openvpn_mgmt::reply::RawReply;
use openvpn_mgmt::{Event, Status};

/// What the driver reads at once.
const READ: usize = 16 * 1024;
const LINES: usize = 50_000;
const CLIENTS: usize = 10_000;

fn log_flood() -> Vec<u8> {
    let mut text = String::new();
    for n in 0..LINES {
        let time = 1_795_332_000 + n / 100;
        let port = 1024 + n % 60_000;
        writeln!(
            text,
            ">LOG:{time},I,alice/udp4:127.0.0.1:{port} peer info: IV_CIPHERS=AES-256-GCM:AES-128-GCM\r"
        )
        .unwrap();
    }
    text.into_bytes()
}

fn bytecount_flood() -> Vec<u8> {
    let mut text = String::new();
    for n in 0..LINES {
        writeln!(text, ">BYTECOUNT_CLI:{},{},{}\r", n % 5000, n * 977, n * 31_337).unwrap();
    }
    text.into_bytes()
}

/// The reply of `status 3`.
fn status() -> Vec<u8> {
    let mut text = String::from(
        "TITLE\tOpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [PKCS11]\r\n\
         TIME\t2026-11-22 07:24:03\t1795332243\r\n\
         HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\t\
         Bytes Received\tBytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\t\
         Client ID\tPeer ID\tData Channel Cipher\r\n",
    );
    for n in 0..CLIENTS {
        let (b, c) = (n / 250, n % 250 + 2);
        writeln!(
            text,
            "CLIENT_LIST\tuser{n}\t192.0.{b}.{c}:{}\t10.8.{b}.{c}\t\t{}\t{}\t2026-11-22 07:23:58\t\
             1795332238\tuser{n}\t{n}\t{n}\tAES-256-GCM\r",
            1024 + n,
            n * 977,
            n * 31_337
        )
        .unwrap();
    }
    text.push_str(
        "HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\t\
         Last Ref (time_t)\r\n",
    );
    for n in 0..CLIENTS {
        let (b, c) = (n / 250, n % 250 + 2);
        writeln!(
            text,
            "ROUTING_TABLE\t10.8.{b}.{c}\tuser{n}\t192.0.{b}.{c}:{}\t2026-11-22 07:24:00\t1795332240\r",
            1024 + n
        )
        .unwrap();
    }
    text.push_str("GLOBAL_STATS\tMax bcast/mcast queue length\t0\r\nEND\r\n");
    text.into_bytes()
}

fn demux(bytes: &[u8], mut take: impl FnMut(Item)) {
    let mut demuxer = Demuxer::new();
    for piece in bytes.chunks(READ) {
        demuxer.feed(piece);
        while let Some(item) = demuxer.next_item() {
            take(item.unwrap());
        }
    }
}

/// The lines, each in memory of its own chunk, as the demuxer hands them out.
fn lines(bytes: &[u8]) -> Vec<Bytes> {
    let mut lines = Vec::new();
    demux(bytes, |item| match item {
        Item::Reply(line) | Item::Event(line) => lines.push(line),
        Item::PasswordPrompt => {}
    });
    lines
}

/// Bytes a second: line ends counted, line ends found one by one, lines handed out, events
/// parsed.
fn throughput(c: &mut Criterion) {
    let inputs = [("log", log_flood()), ("bytecount", bytecount_flood()), ("status", status())];
    for (name, bytes) in &inputs {
        let mut group = c.benchmark_group(format!("receive/{name}"));
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function("memchr", |b| {
            b.iter(|| memchr::memchr_iter(b'\n', black_box(bytes)).count());
        });
        group.bench_function("memchr, each", |b| {
            b.iter(|| {
                memchr::memchr_iter(b'\n', black_box(bytes)).for_each(|at| {
                    black_box(at);
                });
            });
        });
        group.bench_function("copy", |b| b.iter(|| black_box(bytes).clone()));
        group.bench_function("demux", |b| {
            b.iter(|| demux(black_box(bytes), |item| drop(black_box(item))));
        });
        if bytes.starts_with(b">") {
            group.bench_function("events", |b| {
                b.iter(|| {
                    let mut assembler = Assembler::new();
                    demux(black_box(bytes), |item| {
                        if let Item::Event(line) = item {
                            assembler.push(line, &mut |event| drop(black_box(event)));
                        }
                    });
                });
            });
        }
        group.finish();
    }
}

/// Nanoseconds a line: an event from a line that is there already.
fn parse(c: &mut Criterion) {
    for (name, bytes) in [("log", log_flood()), ("bytecount", bytecount_flood())] {
        let lines = lines(&bytes);
        let mut group = c.benchmark_group("parse");
        group.throughput(Throughput::Elements(lines.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                for line in &lines {
                    drop(black_box(Event::parse(line.clone())));
                }
            });
        });
        group.finish();
    }
}

/// A status of ten thousand clients and as many routes.
fn status_of_many(c: &mut Criterion) {
    let mut block = lines(&status());
    block.pop();
    let mut group = c.benchmark_group("status");
    group.throughput(Throughput::Elements(CLIENTS as u64));
    group.bench_function("10,000 clients", |b| {
        let reply = || RawReply::block(block.clone());
        b.iter_batched(reply, |reply| Status::parse(&reply).unwrap(), BatchSize::LargeInput);
    });
    group.finish();
}

fn quick() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = benches;
    config = quick();
    targets = throughput, parse, status_of_many
}
criterion_main!(benches);
