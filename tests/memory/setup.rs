//! A session, its daemon, and what is counted of them.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use allocation_counter::{AllocationInfo, measure};
use openvpn_mgmt::{Builder, Client, Events, Requests};
use tokio::runtime::Runtime;

pub const KIB: usize = 1024;
pub const MIB: usize = 1024 * KIB;

/// The limit of these sessions for a line, and how long the longest lines of their daemons are.
pub const LINE: usize = 512 * KIB;

/// What an event costs beside its text.
const EVENT: usize = 256;

/// How much is read at once at most.
const READ: usize = 32 * KIB;

/// What grows by doubling has room for twice what it holds, and while it moves there is its old half, too.
pub const GROWING: usize = 3;

/// What is being read: lines of up to this length, the last of which has not ended.
pub const fn reading(line: usize) -> usize {
    GROWING * (line + READ)
}

/// What came last, in the memory that it was read into; it is kept, however much that is.
pub const fn newest(line: usize) -> usize {
    let read = 2 * (line + READ);
    read + read / line * EVENT
}

/// How much memory a session holds at rest.
pub const REST: usize = 24 * KIB;

/// Longer than any of these tests takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// What the daemon says where it is asked `pid`, and last.
pub const PID: &[u8] = b"SUCCESS: pid=1\r\n";

const GREETING: &[u8] =
    b">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";

/// What a daemon says where it is asked anything but `hold`.
pub type Says = fn(&mut UnixStream) -> io::Result<()>;

pub struct Setup {
    pub runtime: Runtime,
    pub client: Client,
    pub events: Option<Events>,
    _requests: Requests,
}

impl Setup {
    /// A session at rest. Its daemon says this.
    pub fn new(builder: &Builder, says: Says) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (client, events, requests) = runtime.block_on(async {
            let stream = tokio::net::UnixStream::from_std(daemon(says)).unwrap();
            patient(builder).attach(stream).await.unwrap().split()
        });
        Self { runtime, client, events: Some(events), _requests: requests }
    }

    /// The most that is held up to the reply of a command, beyond what was held before.
    pub fn peak(&self) -> usize {
        let counted = measure(|| {
            self.runtime.block_on(self.client.pid()).unwrap();
        });
        peak(&counted)
    }

    pub fn without_subscriber(self) -> Self {
        Self { events: None, ..self }
    }
}

/// With time for a busy machine.
pub fn patient(builder: &Builder) -> Builder {
    let builder = builder.clone().line_limit(LINE).greeting_timeout(PATIENCE);
    builder.command_timeout(PATIENCE).reply_timeout(PATIENCE)
}

/// Starts a daemon; gives the session's end of its socket.
pub fn daemon(says: Says) -> UnixStream {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    // It ends when the session has closed the socket.
    thread::spawn(move || serve(theirs, says).ok());
    ours
}

fn serve(mut stream: UnixStream, says: Says) -> io::Result<()> {
    stream.write_all(GREETING)?;
    for line in BufReader::new(stream.try_clone()?).lines() {
        match &*line? {
            "env-filter 0" => stream.write_all(b"SUCCESS: env_filter_level=0\r\n")?,
            "state on" => {
                stream.write_all(b"SUCCESS: real-time state notification set to ON\r\n")?;
            }
            "hold" => stream.write_all(b"SUCCESS: hold=0\r\n")?,
            _ => says(&mut stream)?,
        }
    }
    Ok(())
}

/// A line that begins so and is so long, its line end not counted.
pub fn line(start: &str, length: usize) -> Vec<u8> {
    let mut line = start.as_bytes().to_vec();
    line.resize(length, b'x');
    line.extend_from_slice(b"\r\n");
    line
}

/// A line of a log.
pub fn log(length: usize) -> Vec<u8> {
    line(">LOG:1700000000,I,", length)
}

pub fn peak(counted: &AllocationInfo) -> usize {
    usize::try_from(counted.bytes_max).unwrap()
}

/// Fails where more is held than may be.
pub fn check(what: &str, held: usize, bound: usize) {
    println!("{what}: {} KiB of {} KiB", held.div_ceil(KIB), bound / KIB);
    assert!(held <= bound, "{what}: {held} bytes are held, {bound} may be");
}
