//! Clients of a server: let in, turned away, renewed.
