//! Who is let in, and how.
//!
//! Of a client's ENV block only what the daemon itself vouches for decides: user name,
//! password and token. What the client says of itself (`IV_…`) decides only how it is asked.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, Result};
use openvpn_mgmt::Secret;
use openvpn_mgmt::challenge::{ClientPassword, Crv1};
use openvpn_mgmt::events::{ClientEvent, SessionState};
use openvpn_mgmt::handler::{Attempt, AttemptKind, Authenticator, BoxError, Decision};
use tokio::sync::mpsc;

use crate::challenges::Challenges;
use crate::codes::Codes;
use crate::lockout::Lockout;
use crate::passwords::Passwords;
use crate::sessions::Sessions;
use crate::store::{State, Store};
use crate::users::{User, Users};
use crate::{Ask, TIME_FOR_CODE};

const QUESTION: &str = "Code of your authenticator app";
/// One text for every reason: what was wrong is nobody's business but the log's.
const WRONG: &str = "Wrong user name, password or code";

const BY_CRV1: &str = "let in: password and code (CRV1) are right";
const BY_SCRV1: &str = "let in: password and code (SCRV1) are right";
const BY_CR_TEXT: &str = "let in: password and code (CR_TEXT) are right";
const GOES_ON: &str = "let in: the session goes on";
const LOCKED: &str = "denied: too many wrong guesses, locked out for a while";
/// Characters of a name that are shown in the log.
const NAME_SHOWN: usize = 100;

/// Decides by the file of users.
pub(crate) struct Accounts {
    users: Users,
    ask: Ask,
    passwords: Passwords,
    challenges: Challenges,
    codes: Codes,
    sessions: Sessions,
    lockout: Lockout,
    /// None where a restart forgets everything.
    store: Option<Store>,
    decided: mpsc::UnboundedSender<Decided>,
}

/// What was decided about whom, for the log.
pub(crate) struct Decided {
    pub(crate) name: String,
    pub(crate) kind: AttemptKind,
    pub(crate) verdict: Cow<'static, str>,
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let does = match self.kind {
            AttemptKind::Reauth => "renews its keys",
            _ => "connects",
        };
        // A client may send a name of thousands of bytes.
        let end = self.name.char_indices().nth(NAME_SHOWN);
        let shown = end.and_then(|(end, _)| self.name.get(..end));
        let (shown, more) = shown.map_or((self.name.as_str(), ""), |shown| (shown, "…"));
        write!(f, "{shown}{more} {does}: {}", self.verdict)
    }
}

/// A decision, with its reason for the log.
enum Verdict<'a> {
    LetIn(&'a User, &'static str),
    GoesOn(&'a User),
    Challenge(Crv1),
    Deny(&'static str),
}

impl Accounts {
    /// Goes on from the `state` of before, and keeps it in `store`.
    pub(crate) fn new(
        users: Users,
        ask: Ask,
        (store, state): (Option<Store>, Option<State>),
        decided: mpsc::UnboundedSender<Decided>,
    ) -> Result<Arc<Self>> {
        let (sessions, codes) =
            state.map(|state| (state.sessions, state.codes)).unwrap_or_default();
        Ok(Arc::new(Self {
            passwords: Passwords::new()?,
            challenges: Challenges::default(),
            codes: Codes::new(codes),
            sessions: Sessions::new(sessions, now()?),
            lockout: Lockout::new(users.names()),
            users,
            ask,
            store,
            decided,
        }))
    }

    /// How many users there are, and how many sessions.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.users.len(), self.sessions.len())
    }

    /// Writes down who is in, and what codes were used.
    pub(crate) async fn save(&self) -> Result<()> {
        let (Some(store), now) = (&self.store, now()?) else { return Ok(()) };
        store.save(|| State::new(now, self.sessions.stored(), self.codes.used())).await
    }

    /// Learns what became of clients.
    pub(crate) fn see(&self, event: &ClientEvent) {
        if let ClientEvent::Disconnect { cid, .. } = event {
            self.sessions.end(*cid);
        }
    }

    async fn judge(&self, attempt: &Attempt, name: &str) -> Verdict<'_> {
        let user = self.users.get(name);
        if let Some(user) = user.filter(|user| self.sessions.goes_on(attempt, user)) {
            return Verdict::GoesOn(user);
        }
        match attempt.env().session_state() {
            Ok(None | Some(SessionState::Initial)) => {}
            Err(_) => {
                return Verdict::Deny("denied: the server does not vouch for its environment");
            }
            Ok(Some(_)) => return Verdict::Deny("denied: the token is not good any more"),
        }
        match attempt.password() {
            Ok(Some(ClientPassword::Plain(password))) => {
                self.judge_password(attempt, name, password).await
            }
            Ok(Some(ClientPassword::Dynamic { state_id, response, .. })) => {
                self.judge_response(name, &state_id, &response)
            }
            Ok(Some(ClientPassword::Static { password, response, .. })) => {
                match self.check_password(name, password).await {
                    Ok(user) => self.judge_code(user, &response, BY_SCRV1),
                    Err(why) => Verdict::Deny(why),
                }
            }
            _ => Verdict::Deny("denied: no password, or one that cannot be read"),
        }
    }

    /// The first step: a right password gets asked for the code.
    async fn judge_password(&self, attempt: &Attempt, name: &str, password: Secret) -> Verdict<'_> {
        let user = match self.check_password(name, password).await {
            Ok(user) => user,
            Err(why) => return Verdict::Deny(why),
        };
        if self.ask.by_cr_text(attempt) {
            let Ok(code) = attempt.ask(QUESTION, true, TIME_FOR_CODE).await else {
                return Verdict::Deny("denied: no code in time");
            };
            return self.judge_code(user, &code, BY_CR_TEXT);
        }
        // The code takes a guess of its own, when it comes.
        self.lockout.give_back(name);
        match Crv1::new(self.challenges.begin(name), name, QUESTION) {
            Ok(challenge) => Verdict::Challenge(challenge),
            Err(_) => Verdict::Deny("denied: the user name is too long for a challenge"),
        }
    }

    /// The second step, by a response to a challenge.
    ///
    /// A state ID that nobody was given says nothing about whose name comes with it: it costs that
    /// user no guess.
    fn judge_response(&self, name: &str, state_id: &Secret, code: &Secret) -> Verdict<'_> {
        let was_asked = self.challenges.end(state_id, name);
        let Some(user) = self.users.get(name).filter(|_| was_asked) else {
            return Verdict::Deny("denied: nobody was asked for this code, or long ago");
        };
        if !self.lockout.take(name, Instant::now()) {
            return Verdict::Deny(LOCKED);
        }
        self.judge_code(user, code, BY_CRV1)
    }

    /// Whose password it is, at the price of a guess. Takes as long for a user that is locked
    /// out, and for one that there is not.
    async fn check_password(&self, name: &str, password: Secret) -> Result<&User, &'static str> {
        let user = self.users.get(name);
        let may_guess = self.lockout.take(name, Instant::now());
        let is_right = self.passwords.check(user.map(|user| &user.password), password).await;
        match user {
            Some(_) if !may_guess => Err(LOCKED),
            Some(user) if is_right => Ok(user),
            _ => Err("denied: wrong user name or password"),
        }
    }

    fn judge_code<'a>(&self, user: &'a User, code: &Secret, right: &'static str) -> Verdict<'a> {
        let Ok(now) = now() else {
            return Verdict::Deny("denied: the clock is before 1970");
        };
        if !self.codes.accept(&user.name, &user.totp, code, now) {
            return Verdict::Deny("denied: wrong code, or one that was used before");
        }
        self.lockout.forget(&user.name);
        Verdict::LetIn(user, right)
    }

    /// Lets in who has shown a code. It is written down first: a code that is forgotten could be
    /// used again.
    async fn let_in(&self, attempt: &Attempt, user: &User) -> Result<()> {
        self.sessions.begin(attempt, user, now()?);
        let saved = self.save().await;
        if saved.is_err() {
            self.sessions.forget(attempt, user);
        }
        saved
    }

    /// Remembers that a session goes on. Where that cannot be written, it was written before.
    async fn go_on(&self, attempt: &Attempt, user: &User) -> Result<()> {
        if self.sessions.begin(attempt, user, now()?) {
            self.save().await?;
        }
        Ok(())
    }
}

impl Authenticator for Accounts {
    async fn authenticate(&self, attempt: Attempt) -> Result<Decision, BoxError> {
        let username = attempt.username()?;
        let name = username.as_ref().map(ToString::to_string).unwrap_or_default();
        let verdict = match username.as_ref().map(|name| name.to_str()) {
            Some(Ok(name)) if !name.is_empty() => self.judge(&attempt, name).await,
            _ => Verdict::Deny("denied: no user name, or one that is not UTF-8"),
        };
        let (verdict, decision) = match verdict {
            Verdict::LetIn(user, why) => match self.let_in(&attempt, user).await {
                Ok(()) => (why.into(), welcome(&attempt, user)),
                Err(error) => (format!("denied: {error:#}").into(), deny("denied: no state")),
            },
            Verdict::GoesOn(user) => {
                let told = match self.go_on(&attempt, user).await {
                    Ok(()) => GOES_ON.into(),
                    Err(error) => format!("{GOES_ON}, but {error:#}").into(),
                };
                (told, welcome(&attempt, user))
            }
            Verdict::Challenge(challenge) => (
                "password is right, asked for a code (CRV1)".into(),
                Decision::Challenge(challenge),
            ),
            Verdict::Deny(why) => (why.into(), deny(why)),
        };
        // Nobody listens any more: decided all the same.
        self.decided.send(Decided { name, kind: attempt.kind(), verdict }).ok();
        Ok(decision)
    }
}

fn deny(why: &str) -> Decision {
    Decision::deny_with(why, WRONG)
}

/// A client that is in already has its address and routes.
fn welcome(attempt: &Attempt, user: &User) -> Decision {
    match attempt.kind() {
        AttemptKind::Reauth => Decision::Allow,
        _ => Decision::AllowWith(user.config.clone()),
    }
}

/// The time, in Unix seconds.
pub(crate) fn now() -> Result<u64> {
    let time = SystemTime::UNIX_EPOCH.elapsed().context("the clock is before 1970")?;
    Ok(time.as_secs())
}

#[cfg(test)]
mod tests;
