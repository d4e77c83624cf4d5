//! [`Pinned`]: threads that stay on one core.

#[cfg(target_os = "linux")]
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
#[cfg(target_os = "linux")]
use nix::unistd::Pid;

/// While it lives, this thread stays on one core, and those it starts do for good.
pub(crate) struct Pinned {
    #[cfg(target_os = "linux")]
    before: CpuSet,
}

impl Pinned {
    #[cfg(target_os = "linux")]
    pub(crate) fn new() -> Self {
        let this = Pid::from_raw(0);
        let before = sched_getaffinity(this).unwrap();
        let core = (0..CpuSet::count()).rfind(|core| before.is_set(*core).unwrap()).unwrap();
        let mut one = CpuSet::new();
        one.set(core).unwrap();
        sched_setaffinity(this, &one).unwrap();
        Self { before }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new() -> Self {
        Self {}
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        sched_setaffinity(Pid::from_raw(0), &self.before).unwrap();
    }
}
