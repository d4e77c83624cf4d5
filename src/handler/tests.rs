//! Handlers with a scripted daemon.
