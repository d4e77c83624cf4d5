//! The JSON of events, replies and requests (feature `serde`).
//!
//! [`Event`](crate::Event), [`Request`](crate::Request) and the types of [`reply`](crate::reply) implement
//! [`serde::Serialize`]. What is written is made for JSON, and stable: a release may add fields, kinds and words, and
//! changes none that are there. A reader passes over what it does not know.
//!
//! ```
//! use openvpn_mgmt::events::{Event, State};
//!
//! let event = Event::parse(&b"STATE:1795332308,WAIT,,,,,,"[..].into());
//! let json = serde_json::to_string(&event)?;
//! assert!(json.starts_with(r#"{"event":"state","time":1795332308,"name":"WAIT","#));
//! let state: State = serde_json::from_str(&json)?;
//! assert_eq!(Event::State(state), event);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # Secrets
//! No password, token, response, PIN, private link or ID of a challenge is ever written, whether
//! [requests](crate::Builder::requests) are on or off: a field that is a secret is left out. [`Secret`](crate::Secret) and
//! [`SecretText`](crate::events::SecretText) have no JSON at all. An event's JSON has what
//! [subscribers](crate::Events) get while requests are on, and no more; beyond that, a text for people is cut where a
//! secret would begin, with `[redacted]` in its place, as `Debug` does it.
//!
//! # Values
//! | value | JSON |
//! | --- | --- |
//! | [`Text`](crate::Text) | a string; bytes that are not UTF-8 are an object, `{"base64":"Y2Fm6Q=="}`. Both are read |
//! | a number | a number, up to 2⁶⁴ - 1: a reader with floating-point numbers alone, as JavaScript, loses digits beyond 2⁵³ |
//! | [`Cid`](crate::Cid), [`Kid`](crate::Kid) | a number |
//! | a time | a number: Unix seconds. A [`StatusTime`](crate::reply::StatusTime) has the `text` too, and `unix` may be `null` |
//! | an IP address | a string, `"10.8.0.6"`, `"fd00::6"` |
//! | [`VirtualAddress`](crate::VirtualAddress), [`Protocol`](crate::Protocol), [`Realm`](crate::events::Realm), [`StateName`](crate::StateName) | a string, in OpenVPN's own words |
//! | [`RealAddress`](crate::RealAddress) | an object of its `protocol`, `ip`, `port` and `text`; it is read by its `text` |
//! | [`Env`](crate::events::Env) | `trusted`, the `pairs` in order (a name may come again), the names of the `secrets` that are left out, and how many lines are `unparsed` |
//! | pairs | a list of lists of two: the name and the value |
//! | what is absent | `null`: every field is always there |
//!
//! # Who is in
//! A [`PeerRecord`](crate::peers::PeerRecord) is an object of its fields, and is read again; its `facts` are pairs, its `phase` is
//! `waiting`, `in`, `renewing` or `unknown`. A [`Change`](crate::peers::Change) has what it is as `change`: `joined` and `changed` with
//! the `record`, `bytes` with `id`, `received` and `sent`, `left` with the `record`, its `duration` in seconds and `how`.
//! A [`Peer`](crate::Peer), by which commands go, has no JSON: it comes from a live connection alone.
//!
//! # Events
//! `event` is the kind; the fields are those of the type. A kind with variants has their name as its `type`.
//!
//! | `event` | `type` |
//! | --- | --- |
//! | `hold`, `fatal`, `state`, `byte_count`, `byte_count_client`, `log`, `echo`, `notify` | |
//! | `info` | `greeting`, `other` |
//! | `password` | `need_user_pass`, `need_password`, `need_username`, `verification_failed`, `auth_token` |
//! | `client` | `connect`, `reauth`, `established`, `disconnect`, `cr_response`, `address` |
//! | `info_msg` | `web_auth`, `open_url`, `cr_text`, `other` |
//! | `need_ok`, `need_str`, `need_certificate`, `pk_sign`, `proxy`, `remote`, `up_down` | |
//! | `pkcs11_id_count`, `pkcs11_id_entry` | |
//! | `unknown`, `malformed`, `stray` | |
//!
//! ```json
//! {"event":"byte_count_client","cid":7,"bytes_in":2847,"bytes_out":2956}
//! {"event":"log","time":1795332307,"flags":"D","text":"MANAGEMENT: CMD 'state on'"}
//! {"event":"state","time":1795332308,"name":"CONNECTED","detail":"SUCCESS","local_ipv4":"10.99.0.2","…":"…"}
//! {"event":"client","type":"reauth","cid":0,"kid":2,"env":{"trusted":true,"pairs":[["session_id","kJ3"]],"…":"…"}}
//! {"event":"client","type":"connect","cid":0,"kid":1,"env":{"secrets":["password"],"unparsed":1,"…":"…"}}
//! {"event":"password","type":"need_password","realm":"Private Key","challenge":null}
//! {"event":"password","type":"auth_token"}
//! {"event":"pk_sign","command":"rsa_sig","base64":"MTIz","algorithm":null,"is_message":false}
//! {"event":"malformed","name":"PASSWORD","problem":"neither a need, a failed verification nor a token","…":"…"}
//! ```
//!
//! Of a line that has no type, `line` is what stands before a possible secret, and `withheld` says how many bytes are
//! left out.
//!
//! # Replies
//! A reply is an object of the fields of its type, or of what its getters give. A [`Status`](crate::Status) has the
//! `type` `server` or `client`, a [`NetworkChange`](crate::reply::NetworkChange) `protect`, `no_socket`, `restart` or
//! `nothing`. What follows from a text is written for readers, and when it is read taken from the text: the version,
//! platform and features of a title, and the [admission](crate::reply::StatusClient::admission) of a client. A row of a
//! history that cannot be read ([`UnreadRow`](crate::reply::UnreadRow)) is its `length` and the `problem`.
//!
//! ```json
//! {"clients":1,"bytes_in":2990,"bytes_out":18446744073709551615,"other":[]}
//! {"type":"server","clients":[{"common_name":"alice","cid":7,"admission":"admitted","…":"…"}],"format":"v3","…":"…"}
//! {"type":"client","updated":{"text":"2026-11-22 07:24:03","unix":null},"tcp_udp_read_bytes":3182,"…":"…"}
//! {"type":"restart"}
//! {"index":0,"host":"127.0.0.1","port":"16064","protocol":"udp","enabled":true}
//! ```
//!
//! # Requests
//! `request` is the kind: `hold`, `credentials`, `private_key_password`, `username`, `need_ok`, `need_str`, `certificate`,
//! `sign`, `remote`, `proxy`, `challenge`, `web_auth`, `auth_token`, `client_connect`, `client_reauth`,
//! `client_response`, `overflow`. The fields are those of the event that asks it: what is asked, not what answers it.
//!
//! ```json
//! {"request":"hold","seconds":10}
//! {"request":"credentials","realm":"Auth","challenge":{"text":"Please enter token PIN","echo":true,"…":"…"},"…":"…"}
//! {"request":"client_connect","cid":0,"kid":1,"epoch":0,"env":{"pairs":[["common_name","alice"]],"…":"…"}}
//! ```
//!
//! # What is read
//! Records that a program keeps implement [`serde::Deserialize`]: [`State`](crate::events::State),
//! [`LogLine`](crate::events::LogLine), [`Echo`](crate::events::Echo), [`ByteCount`](crate::events::ByteCount),
//! [`ByteCountClient`](crate::events::ByteCountClient), [`Fatal`](crate::events::Fatal),
//! [`Notify`](crate::events::Notify), the two of PKCS#11, and every reply with a type of its own. The JSON of their events is
//! theirs too. What cannot be read is refused, and so is what no daemon could have said. A state is read with as many
//! empty fields as OpenVPN 2.4 and later write.
//!
//! ```
//! use openvpn_mgmt::reply::Status;
//!
//! fn load(json: &str) -> Result<Status, serde_json::Error> {
//!     serde_json::from_str(json)
//! }
//! ```
//!
//! An identity comes from a live connection only, and so does what asks for an answer: a [`Peer`](crate::Peer) has no
//! JSON, and neither it nor a [`Request`](crate::Request), nor an [`Event`](crate::Event), can be read.
//!
//! ```compile_fail,E0277
//! use openvpn_mgmt::Peer;
//!
//! fn load(json: &str) -> Result<Peer, serde_json::Error> {
//!     serde_json::from_str(json)
//! }
//! ```
//!
//! ```compile_fail,E0277
//! use openvpn_mgmt::Request;
//!
//! fn load(json: &str) -> Result<Request, serde_json::Error> {
//!     serde_json::from_str(json)
//! }
//! ```
//!
//! ```compile_fail,E0277
//! use openvpn_mgmt::Event;
//!
//! fn load(json: &str) -> Result<Event, serde_json::Error> {
//!     serde_json::from_str(json)
//! }
//! ```
//!
//! ```compile_fail,E0277
//! use openvpn_mgmt::Secret;
//!
//! fn store(secret: &Secret) -> Result<String, serde_json::Error> {
//!     serde_json::to_string(secret)
//! }
//! ```
