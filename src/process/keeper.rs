//! [`Keeper`]: a process that is waited for, and that is signalled only while it is there.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::sync::{oneshot, watch};
use tracing::{debug, warn};

use super::leftover::Leftover;
use super::output::{Output, STACK};

/// A process has ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    /// `None` where the system does not tell.
    pub(super) status: Option<ExitStatus>,
}

/// A process of ours. A thread waits for it, whatever becomes of the runtime, so that none is left as a zombie.
pub(super) struct Keeper {
    pid: Pid,
    /// Taken when its status is: from then on its number may be another process's.
    child: Mutex<Option<Child>>,
    over: Condvar,
    exit: watch::Receiver<Option<Exit>>,
    output: Output,
    leftover: Mutex<Option<Leftover>>,
}

impl Keeper {
    /// Starts a process in a group of its own, which a terminal's Ctrl-C does not reach; `give` gets what it is kept by.
    ///
    /// The thread that starts it is the one that waits for it: where the command asks to be killed with its parent
    /// (`setpriv --pdeathsig`), that is what the system takes for the parent.
    pub(super) async fn spawn<T: Send + 'static>(
        mut command: Command,
        give: impl FnOnce(Arc<Self>) -> T + Send + 'static,
    ) -> io::Result<T> {
        let (tell, told) = oneshot::channel();
        let start = move || match Self::start(&mut command) {
            Ok((keeper, exited)) => {
                // Its ends of the pipe would keep the output open.
                drop(command);
                // Where nobody waits any more, what is given ends the process when it is dropped.
                let _ = tell.send(Ok(give(Arc::clone(&keeper))));
                keeper.keep(&exited);
            }
            Err(error) => drop(tell.send(Err(error))),
        };
        thread::Builder::new().name("openvpn-keeper".to_owned()).stack_size(STACK).spawn(start)?;
        let gone = |_| Err(io::Error::other("the thread that starts it has ended"));
        told.await.unwrap_or_else(gone)
    }

    fn start(command: &mut Command) -> io::Result<(Arc<Self>, watch::Sender<Option<Exit>>)> {
        let (reading, writing) = pipe()?;
        command.stdin(Stdio::null()).stdout(writing.try_clone()?).stderr(writing).process_group(0);
        let output = Output::read(reading)?;
        let child = command.spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the system gave no process number"))?;
        debug!(pid = child.id(), "a daemon was started");
        let (exited, exit) = watch::channel(None);
        let keeper = Self {
            pid,
            child: Mutex::new(Some(child)),
            over: Condvar::new(),
            exit,
            output,
            leftover: Mutex::new(None),
        };
        Ok((Arc::new(keeper), exited))
    }

    /// Waits for the end, and only then takes the status, with nobody about to send a signal.
    fn keep(&self, exited: &watch::Sender<Option<Exit>>) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let wait = || rustix::process::waitid(WaitId::Pid(self.pid), options);
        while wait().is_err_and(|error| error == rustix::io::Errno::INTR) {}
        let mut child = self.lock();
        let status = child.take().and_then(|mut child| child.wait().ok());
        drop(lock(&self.leftover).take());
        debug!(pid = self.pid(), ?status, "a daemon has ended");
        exited.send_replace(Some(Exit { status }));
        self.over.notify_all();
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    pub(super) fn output(&self) -> &Output {
        &self.output
    }

    /// Its end, once it has ended.
    pub(super) fn exit(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Waits for the end.
    pub(super) async fn exited(&self) {
        // The thread does not end before it tells.
        let _ = self.exit.clone().wait_for(Option::is_some).await;
    }

    /// What the end removes.
    pub(super) fn leaves(&self, leftover: Leftover) {
        if self.exit().is_none() {
            *lock(&self.leftover) = Some(leftover);
        }
    }

    /// Sends a signal to the process, where it has not ended.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        let child = self.lock();
        if child.is_some() {
            rustix::process::kill_process(self.pid, signal)?;
        }
        Ok(())
    }

    /// Kills the process, and what it has started in its group.
    pub(super) fn kill(&self) -> io::Result<()> {
        let child = self.lock();
        if child.is_some() {
            rustix::process::kill_process_group(self.pid, Signal::KILL)?;
        }
        Ok(())
    }

    /// Ends it in a thread of its own: waits where it `was_asked` to, then sends SIGTERM, then SIGKILL.
    pub(super) fn end_in_background(self: Arc<Self>, was_asked: bool, grace: Duration) {
        let keeper = Arc::clone(&self);
        let end = move || self.end(was_asked, grace);
        let reaper =
            thread::Builder::new().name("openvpn-reaper".to_owned()).stack_size(STACK).spawn(end);
        if let Err(error) = reaper {
            warn!(%error, pid = keeper.pid(), "there is no thread to wait for a daemon's end; it gets SIGTERM");
            keeper.try_signal(Signal::TERM);
        }
    }

    fn end(&self, was_asked: bool, grace: Duration) {
        if was_asked && self.is_over_within(grace / 2) {
            return;
        }
        self.try_signal(Signal::TERM);
        if self.is_over_within(grace / 2) {
            return;
        }
        if let Err(error) = self.kill() {
            warn!(%error, pid = self.pid(), "a daemon does not end, and cannot be killed");
        }
    }

    fn try_signal(&self, signal: Signal) {
        if let Err(error) = self.signal(signal) {
            warn!(%error, pid = self.pid(), ?signal, "a daemon cannot be signalled");
        }
    }

    fn is_over_within(&self, time: Duration) -> bool {
        let child = self.lock();
        let waited = self.over.wait_timeout_while(child, time, |child| child.is_some());
        waited.unwrap_or_else(PoisonError::into_inner).0.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        lock(&self.child)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A pipe that no other process started meanwhile inherits, where the system can do that.
fn pipe() -> io::Result<(std::os::fd::OwnedFd, std::os::fd::OwnedFd)> {
    #[cfg(not(target_vendor = "apple"))]
    let ends = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    #[cfg(target_vendor = "apple")]
    let ends = {
        let ends = rustix::pipe::pipe()?;
        for end in [&ends.0, &ends.1] {
            rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
        }
        ends
    };
    Ok(ends)
}
