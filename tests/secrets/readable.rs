//! What a program can read of an event, by every public getter.

use openvpn_mgmt::Event;
use openvpn_mgmt::events::{
    ClientEvent, DynamicChallenge, Env, InfoMsg, Password, Realm, SecretText, StaticChallenge,
    WebAuthFlag,
};

/// All bytes that an event of a family with secrets gives.
pub fn readable(event: &Event) -> String {
    let mut read = Read::default();
    match event {
        Event::Password(password) => read.password(password),
        Event::Client(client) => read.client(client),
        Event::InfoMsg(message) => read.info_msg(message),
        Event::Unknown(unknown) => {
            read.bytes(unknown.line());
            read.env(unknown.env());
        }
        Event::Malformed(malformed) => {
            read.bytes(malformed.line());
            read.env(malformed.env());
        }
        Event::UpDown(change) => read.env(Some(&change.env)),
        Event::Log(line) => {
            read.bytes(&line.text);
            if let Some((_, text)) = line.level_and_text() {
                read.bytes(text);
            }
        }
        Event::Stray(stray) => {
            read.bytes(stray.line());
        }
        _ => {}
    }
    read.0
}

#[derive(Default)]
struct Read(String);

impl Read {
    fn bytes(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.0.push_str(&String::from_utf8_lossy(bytes.as_ref()));
        self.0.push('\n');
        self
    }

    fn env(&mut self, env: Option<&Env>) {
        let Some(env) = env else { return };
        for (name, value) in env.iter() {
            self.bytes(name).bytes(value);
        }
        for line in env.unparsed() {
            self.bytes(line);
        }
        for (name, secret) in env.secrets() {
            self.bytes(name).secret(secret);
        }
        self.bytes(env.password().ok().flatten().unwrap_or_default().expose());
    }

    fn secret(&mut self, secret: &SecretText) {
        self.bytes(secret.expose().unwrap_or_default());
        self.bytes(secret.expose_str().unwrap_or_default());
        self.bytes(secret.to_secret().unwrap_or_default().expose());
    }

    fn password(&mut self, password: &Password) {
        match password {
            Password::NeedUserPass { realm, challenge, .. }
            | Password::NeedPassword { realm, challenge, .. } => {
                self.realm(realm).fixed(challenge.as_ref());
            }
            Password::NeedUsername { realm, .. } => {
                self.realm(realm);
            }
            Password::VerificationFailed { realm, reason, challenge, .. } => {
                self.realm(realm).bytes(reason.clone().unwrap_or_default());
                self.dynamic(challenge.as_deref());
            }
            Password::AuthToken(token) => self.secret(token),
            other => panic!("{other:?}"),
        }
    }

    fn realm(&mut self, realm: &Realm) -> &mut Self {
        self.bytes(realm.as_bytes())
    }

    fn fixed(&mut self, challenge: Option<&StaticChallenge>) {
        if let Some(challenge) = challenge {
            self.bytes(&challenge.text);
        }
    }

    fn dynamic(&mut self, challenge: Option<&DynamicChallenge>) {
        if let Some(challenge) = challenge {
            self.secret(&challenge.state_id);
            self.bytes(challenge.flags.as_bytes())
                .bytes(&challenge.username)
                .bytes(&challenge.text);
        }
    }

    fn client(&mut self, client: &ClientEvent) {
        self.env(client.env());
        if let Some(extra) = client.extra() {
            self.secret(extra);
        }
        if let ClientEvent::CrResponse { response, .. } = client {
            self.secret(response.raw());
            self.bytes(response.decode().unwrap_or_default().expose());
        }
    }

    fn info_msg(&mut self, message: &InfoMsg) {
        match message {
            InfoMsg::WebAuth(web) => {
                self.secret(&web.url);
                for flag in web.flags() {
                    self.flag(flag);
                }
            }
            InfoMsg::OpenUrl(url) => self.secret(url),
            InfoMsg::CrText { flags, text, .. } => {
                self.bytes(flags.as_bytes()).bytes(text);
            }
            InfoMsg::Other(text) => {
                self.bytes(text);
            }
            other => panic!("{other:?}"),
        }
    }

    fn flag(&mut self, flag: &WebAuthFlag) {
        match flag {
            WebAuthFlag::Proxy(proxy) => {
                self.bytes(&proxy.host).bytes(&proxy.user).secret(proxy.password());
            }
            WebAuthFlag::Unknown(flag) => self.secret(flag),
            _ => {}
        }
    }
}
