//! The words in events, read from a `str`: what each is in a line of its event.

use std::convert::Infallible;
use std::str::FromStr;

use bytes::Bytes;

use super::{
    LogFlags, ProxyProtocol, Realm, RemotePort, SaltLength, SessionState, SignAlgorithm, SsoMethod,
    StateName,
};
use crate::types::{ParseError, Text, by_word};

/// A name not known is [`Unknown`](StateName::Unknown); refused is what is no name of any state's.
impl FromStr for StateName {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        let error = |problem| Err(ParseError::new("a state's name", problem));
        match name {
            "" => error("it is empty"),
            _ if name.contains([',', '\r', '\n']) => error("it holds a comma or a line end"),
            _ => {
                let name = copy(name).into_bytes();
                Ok(Self::from_wire(&name, &name))
            }
        }
    }
}

/// A realm not known is [`Other`](Realm::Other). Never fails.
impl FromStr for Realm {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(Self::from(name))
    }
}

impl From<&str> for Realm {
    fn from(name: &str) -> Self {
        Self::new(copy(name))
    }
}

impl From<String> for Realm {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl From<Text> for Realm {
    fn from(name: Text) -> Self {
        Self::new(name)
    }
}

/// A text that is no number is the name of a service.
impl FromStr for RemotePort {
    type Err = ParseError;

    fn from_str(port: &str) -> Result<Self, ParseError> {
        let error = |problem| ParseError::new("a port", problem);
        match port {
            "" => Err(error("it is empty")),
            _ if port.contains([',', '\r', '\n']) => Err(error("it holds a comma or a line end")),
            _ => {
                let port = copy(port).into_bytes();
                Self::from_wire(&port, &port).map_err(|_| error("it is a number over 65535"))
            }
        }
    }
}

impl From<u16> for RemotePort {
    fn from(port: u16) -> Self {
        Self::Number(port)
    }
}

/// A protocol not known is [`Unknown`](ProxyProtocol::Unknown). Never fails.
impl FromStr for ProxyProtocol {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        let name = copy(name).into_bytes();
        Ok(Self::from_wire(&name, &name))
    }
}

impl FromStr for SsoMethod {
    type Err = ParseError;

    fn from_str(name: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is none of `webauth`, `openurl` and `crtext`";
        by_word(name.as_bytes(), &[Self::WebAuth, Self::OpenUrl, Self::CrText], Self::as_str)
            .ok_or(ParseError::new("a way of pending authentication", PROBLEM))
    }
}

/// A state not known is [`Unknown`](SessionState::Unknown). Never fails.
impl FromStr for SessionState {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(Self::from_wire(&copy(name)))
    }
}

impl FromStr for SaltLength {
    type Err = ParseError;

    fn from_str(length: &str) -> Result<Self, ParseError> {
        const PROBLEM: &str = "it is none of `digest`, `max`, `auto` and a number of bytes";
        Self::from_wire(length.as_bytes()).ok_or(ParseError::new("a length of the salt", PROBLEM))
    }
}

/// An algorithm not known, or with parameters not known, is [`Other`](SignAlgorithm::Other). Never fails.
///
/// `data=message` is no part of an algorithm: it is in
/// [`PkSign::is_message`](super::PkSign::is_message).
impl FromStr for SignAlgorithm {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let text = copy(text);
        let line = text.clone().into_bytes();
        Ok(match Self::from_wire(&line, &line) {
            (algorithm, false) => algorithm,
            (_, true) => Self::Other(text),
        })
    }
}

impl FromStr for LogFlags {
    type Err = ParseError;

    fn from_str(letters: &str) -> Result<Self, ParseError> {
        Self::new(letters).ok_or(ParseError::new("flags of the log", "they are more than 7"))
    }
}

fn copy(text: &str) -> Text {
    Text::from(Bytes::copy_from_slice(text.as_bytes()))
}
