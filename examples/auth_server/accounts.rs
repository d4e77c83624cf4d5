//! Who is let in, and how.
//!
//! Of a client's ENV block only what the daemon itself vouches for decides: user name,
//! password and token. What the client says of itself (`IV_…`) decides only how it is asked.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::Result;
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
use crate::users::{User, Users};
use crate::{Ask, TIME_FOR_CODE};

const QUESTION: &str = "Code of your authenticator app";
/// One text for every reason: what was wrong is nobody's business but the log's.
const WRONG: &str = "Wrong user name, password or code";

/// Decides by the file of users.
pub(crate) struct Accounts {
    users: Users,
    ask: Ask,
    passwords: Passwords,
    challenges: Challenges,
    codes: Codes,
    sessions: Sessions,
    lockout: Lockout,
    decided: mpsc::UnboundedSender<Decided>,
}

/// What was decided about whom, for the log.
pub(crate) struct Decided {
    pub(crate) name: String,
    pub(crate) kind: AttemptKind,
    pub(crate) verdict: &'static str,
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let does = match self.kind {
            AttemptKind::Reauth => "renews its keys",
            _ => "connects",
        };
        write!(f, "{} {does}: {}", self.name, self.verdict)
    }
}

/// A decision, with its reason for the log.
enum Verdict<'a> {
    LetIn(&'a User, &'static str),
    Challenge(Crv1),
    Deny(&'static str),
}

impl Accounts {
    pub(crate) fn new(
        users: Users,
        ask: Ask,
        decided: mpsc::UnboundedSender<Decided>,
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            users,
            ask,
            passwords: Passwords::new()?,
            challenges: Challenges::default(),
            codes: Codes::default(),
            sessions: Sessions::new(),
            lockout: Lockout::default(),
            decided,
        }))
    }

    /// Learns what became of clients.
    pub(crate) fn see(&self, event: &ClientEvent) {
        if let ClientEvent::Disconnect { cid, .. } = event {
            self.sessions.end(*cid);
        }
    }

    async fn judge(&self, attempt: &Attempt, name: &str) -> Verdict<'_> {
        if self.sessions.goes_on(attempt, name) {
            return self.let_in(name, "let in: the session goes on");
        }
        match attempt.env().session_state() {
            None | Some(SessionState::Initial) => {}
            Some(_) => return Verdict::Deny("denied: the token is not good any more"),
        }
        if !self.lockout.take(name, Instant::now()) {
            return Verdict::Deny("denied: too many wrong guesses, locked out for a while");
        }
        match attempt.password() {
            Ok(Some(ClientPassword::Plain(password))) => {
                self.judge_password(attempt, name, password).await
            }
            Ok(Some(ClientPassword::Dynamic { state_id, response, .. })) => {
                if !self.challenges.end(&state_id, name) {
                    return Verdict::Deny("denied: nobody was asked for this code, or long ago");
                }
                self.judge_code(name, &response, "let in: password and code (CRV1) are right")
            }
            Ok(Some(ClientPassword::Static { password, response, .. })) => {
                if !self.is_password(name, password).await {
                    return Verdict::Deny("denied: wrong user name or password");
                }
                self.judge_code(name, &response, "let in: password and code (SCRV1) are right")
            }
            _ => Verdict::Deny("denied: no password, or one that cannot be read"),
        }
    }

    /// The first step: a right password gets asked for the code.
    async fn judge_password(&self, attempt: &Attempt, name: &str, password: Secret) -> Verdict<'_> {
        if !self.is_password(name, password).await {
            return Verdict::Deny("denied: wrong user name or password");
        }
        if self.ask.by_cr_text(attempt) {
            let Ok(code) = attempt.ask(QUESTION, true, TIME_FOR_CODE).await else {
                return Verdict::Deny("denied: no code in time");
            };
            return self.judge_code(name, &code, "let in: password and code (CR_TEXT) are right");
        }
        // The code takes a guess of its own, when it comes.
        self.lockout.give_back(name);
        match Crv1::new(self.challenges.begin(name), name, QUESTION) {
            Ok(challenge) => Verdict::Challenge(challenge),
            Err(_) => Verdict::Deny("denied: the user name is too long for a challenge"),
        }
    }

    async fn is_password(&self, name: &str, password: Secret) -> bool {
        let hash = self.users.get(name).map(|user| &user.password);
        self.passwords.check(hash, password).await
    }

    /// The second step.
    fn judge_code(&self, name: &str, code: &Secret, right: &'static str) -> Verdict<'_> {
        let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
        let user = self.users.get(name);
        if !user.is_some_and(|user| self.codes.accept(name, &user.totp, code, now)) {
            return Verdict::Deny("denied: wrong code, or one that was used before");
        }
        self.lockout.forget(name);
        self.let_in(name, right)
    }

    fn let_in(&self, name: &str, why: &'static str) -> Verdict<'_> {
        let user = self.users.get(name);
        user.map_or(Verdict::Deny("denied: no such user"), |user| Verdict::LetIn(user, why))
    }
}

impl Authenticator for Accounts {
    async fn authenticate(&self, attempt: Attempt) -> Result<Decision, BoxError> {
        let name = attempt.username().map(ToString::to_string).unwrap_or_default();
        let verdict = match attempt.username().map(|name| name.to_str()) {
            Some(Ok(name)) if !name.is_empty() => self.judge(&attempt, name).await,
            _ => Verdict::Deny("denied: no user name, or one that is not UTF-8"),
        };
        let (verdict, decision) = match verdict {
            Verdict::LetIn(user, why) => {
                self.sessions.begin(&attempt, &name);
                (why, welcome(&attempt, user))
            }
            Verdict::Challenge(challenge) => {
                ("password is right, asked for a code (CRV1)", Decision::Challenge(challenge))
            }
            Verdict::Deny(why) => (why, Decision::deny_with(why, WRONG)),
        };
        // Nobody listens any more: decided all the same.
        self.decided.send(Decided { name, kind: attempt.kind(), verdict }).ok();
        Ok(decision)
    }
}

/// A client that is in already has its address and routes.
fn welcome(attempt: &Attempt, user: &User) -> Decision {
    match attempt.kind() {
        AttemptKind::Reauth => Decision::Allow,
        _ => Decision::AllowWith(user.config.clone()),
    }
}
