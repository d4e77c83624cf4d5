//! Where a client connects to: remotes and proxies.
