//! [`Memory`]: a configuration that is no file.

#[cfg(target_os = "linux")]
pub(super) use linux::Memory;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::{self, Write as _};
    use std::os::fd::AsRawFd as _;
    use std::path::PathBuf;

    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

    use crate::process::error::StartError;

    /// Memory that a daemon reads as a file of this process, and that nobody changes. It is gone when dropped.
    pub(in crate::process) struct Memory(File);

    impl Memory {
        pub(in crate::process) fn holding(text: &[u8]) -> Result<Self, StartError> {
            Self::try_holding(text).map_err(|reason| StartError::Config {
                path: PathBuf::from("(in memory)"),
                reason: reason.into(),
            })
        }

        fn try_holding(text: &[u8]) -> io::Result<Self> {
            let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
            let mut file = File::from(memfd_create("openvpn.conf", flags)?);
            file.write_all(text)?;
            let all = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
            fcntl_add_seals(&file, all)?;
            Ok(Self(file))
        }

        pub(in crate::process) fn path(&self) -> PathBuf {
            let (process, file) = (std::process::id(), self.0.as_raw_fd());
            PathBuf::from(format!("/proc/{process}/fd/{file}"))
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::Memory;

/// There is no such memory.
#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;
    use std::path::PathBuf;

    use crate::process::error::StartError;

    pub(in crate::process) enum Memory {}

    impl Memory {
        pub(in crate::process) fn holding(_: &[u8]) -> Result<Self, StartError> {
            let (path, reason) = (PathBuf::new(), io::Error::from(io::ErrorKind::Unsupported));
            Err(StartError::Config { path, reason: reason.into() })
        }

        pub(in crate::process) fn path(&self) -> PathBuf {
            match *self {}
        }
    }
}
