//! The JSON of a [`State`].

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{State, StateField, StateName};
use crate::types::{Text, masked};

#[derive(Serialize, Deserialize, PartialEq)]
pub(super) struct Fields {
    time: u64,
    name: StateName,
    detail: Option<Text>,
    local_ipv4: Option<Ipv4Addr>,
    remote_addr: Option<IpAddr>,
    remote_scope: Option<Text>,
    remote_port: Option<u16>,
    local_addr: Option<IpAddr>,
    local_scope: Option<Text>,
    local_port: Option<u16>,
    local_ipv6: Option<Ipv6Addr>,
    unread: Vec<(StateField, Text)>,
    extra: Vec<Text>,
}

impl From<State> for Fields {
    fn from(state: State) -> Self {
        let text = |text: &[u8]| masked(&Text::from(text.to_vec()));
        Self {
            time: state.time,
            detail: state.detail().as_ref().map(masked),
            local_ipv4: state.local_ipv4(),
            remote_addr: state.remote_addr(),
            remote_scope: state.remote_scope().as_ref().map(masked),
            remote_port: state.remote_port(),
            local_addr: state.local_addr(),
            local_scope: state.local_scope().as_ref().map(masked),
            local_port: state.local_port(),
            local_ipv6: state.local_ipv6(),
            unread: state.unread().map(|(field, unread)| (field, text(unread))).collect(),
            extra: state.extra().map(text).collect(),
            name: state.name,
        }
    }
}

impl TryFrom<Fields> for State {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        let mut line = fields.line();
        loop {
            let text = Text::from(line.clone());
            let state = Self::with_fields(fields.time, fields.name.clone(), text);
            if Fields::from(state.clone()) == fields {
                return Ok(state);
            }
            // With fewer empty fields at its end it may not be taken for a detail with commas.
            if line.pop() != Some(b',') {
                return Err("no line of a daemon says this state: a comma, or a field at odds");
            }
        }
    }
}

impl Fields {
    /// All that stands behind the name, as OpenVPN 2.4 and later write it, or OpenVPN 3 a detail with commas.
    fn line(&self) -> Vec<u8> {
        let mut line = self.detail.clone().unwrap_or_default().as_bytes().to_vec();
        if line.contains(&b',') {
            line.extend_from_slice(b",,");
            return line;
        }
        let mut fields: Vec<_> = StateField::ALL.iter().map(|field| self.text(*field)).collect();
        if self.extra.is_empty() && fields.last().is_some_and(Vec::is_empty) {
            fields.pop();
        }
        fields.extend(self.extra.iter().map(|text| text.as_bytes().to_vec()));
        for field in fields {
            line.push(b',');
            line.extend(field);
        }
        line
    }

    fn text(&self, field: StateField) -> Vec<u8> {
        let unread = self.unread.iter().find(|(unread, _)| *unread == field);
        if let Some((_, unread)) = unread {
            return unread.as_bytes().to_vec();
        }
        match field {
            StateField::LocalIpv4 => shown(self.local_ipv4.as_ref()),
            StateField::RemoteAddr => scoped(self.remote_addr, self.remote_scope.as_ref()),
            StateField::RemotePort => shown(self.remote_port.as_ref()),
            StateField::LocalAddr => scoped(self.local_addr, self.local_scope.as_ref()),
            StateField::LocalPort => shown(self.local_port.as_ref()),
            StateField::LocalIpv6 => shown(self.local_ipv6.as_ref()),
        }
    }
}

fn shown(value: Option<&impl Display>) -> Vec<u8> {
    value.map(|value| value.to_string().into_bytes()).unwrap_or_default()
}

fn scoped(address: Option<IpAddr>, scope: Option<&Text>) -> Vec<u8> {
    let scope = scope.map_or_else(Vec::new, |scope| [b"%", scope.as_bytes()].concat());
    [shown(address.as_ref()), scope].concat()
}

impl Serialize for StateName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(name) => name.serialize(serializer),
            known => serializer.collect_str(known),
        }
    }
}

impl<'de> Deserialize<'de> for StateName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Text::deserialize(deserializer)?.into_bytes();
        if name.is_empty() || name.contains(&b',') {
            return Err(D::Error::custom("it is no name of a state: empty, or with a comma"));
        }
        Ok(Self::from_wire(&name, &name))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::types::json::{refused, round_trip};

    fn state(row: &str) -> State {
        State::parse_row(Bytes::from(row.to_owned())).unwrap()
    }

    #[test]
    fn a_state_says_all_its_fields() {
        let json = concat!(
            r#"{"time":1,"name":"CONNECTED","detail":"SUCCESS","local_ipv4":"10.8.0.2","#,
            r#""remote_addr":"fe80::1","remote_scope":"eth0","remote_port":1194,"local_addr":null,"#,
            r#""local_scope":null,"local_port":null,"local_ipv6":"fd00::2","unread":[],"extra":[]}"#
        );
        let state = state("1,CONNECTED,SUCCESS,10.8.0.2,fe80::1%eth0,1194,,,fd00::2");
        assert_eq!(round_trip(&state, json), state);
    }

    #[test]
    fn every_state_is_read_back() {
        for row in [
            "1,WAIT,,,,,,",
            "1,?,,,,,,",
            "1,CONNECTED,SUCCESS,10.8.0.2,vpn.example.com,port,,,,new,,last",
            "1,RESOLVE,no address, trying the next,,",
            "1,RECONNECTING,lost,10.0.0.1,,",
        ] {
            let state = state(row);
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(serde_json::from_str::<State>(&json).unwrap(), state, "{json}");
        }
        // As many empty fields as OpenVPN 2.4 writes, where it had fewer.
        let few = serde_json::to_string(&state("1,WAIT")).unwrap();
        assert_eq!(serde_json::from_str::<State>(&few).unwrap(), state("1,WAIT,,,,,,"));
    }

    #[test]
    fn what_no_daemon_says_is_refused() {
        let json = serde_json::to_value(state("1,CONNECTED,SUCCESS,10.8.0.2,,,,")).unwrap();
        for (field, value, problem) in [
            ("name", "".into(), "no name of a state"),
            ("name", "A,B".into(), "no name of a state"),
            ("detail", "a,b".into(), "no line of a daemon says this state"),
            ("remote_scope", "eth0".into(), "no line of a daemon"),
            ("unread", serde_json::json!([["local_ipv4", "x"]]), "no line of a daemon"),
            ("unread", serde_json::json!([["peer", "x"]]), "unknown variant `peer`"),
            ("local_ipv4", "10.8.0.256".into(), "invalid IPv4 address"),
            ("remote_port", 65536.into(), "expected u16"),
            ("time", serde_json::Value::Null, "expected u64"),
        ] {
            let mut json = json.clone();
            json[field] = value;
            let told = refused::<State>(&json.to_string());
            assert!(told.contains(problem), "{field}: {told}");
        }
    }

    #[test]
    fn a_detail_is_cut_where_a_secret_would_begin() {
        let json = serde_json::to_string(&state("1,RECONNECTING,CRV1:R:hunter2,,,,,")).unwrap();
        assert!(json.contains(r#""detail":"CRV1:[redacted]""#) && !json.contains("hunter2"));
    }
}
