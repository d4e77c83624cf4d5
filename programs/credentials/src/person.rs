//! [`Person`]: a `CredentialsProvider` that asks a person.

use anyhow::Result;
use openvpn_mgmt::events::Realm;
use openvpn_mgmt::handler::{
    BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider, PasswordPrompt,
    ResponsePrompt, WebAuthPrompt,
};
use openvpn_mgmt::{Refusal, Secret};
use program_common::screen::show;
use tokio::sync::mpsc;

use crate::questions::Questions;

/// Asks for what the daemon needs, and shows first why it asks again.
#[derive(Clone)]
pub(crate) struct Person {
    questions: Questions,
    failures: mpsc::UnboundedSender<anyhow::Error>,
}

impl Person {
    /// Also gives what ended a question without an answer: the daemon would wait for ever.
    pub(crate) fn new(questions: Questions) -> (Self, mpsc::UnboundedReceiver<anyhow::Error>) {
        let (failures, failed) = mpsc::unbounded_channel();
        (Self { questions, failures }, failed)
    }

    pub(crate) async fn ask(&self, question: &str, echo: bool) -> Result<Secret, BoxError> {
        Ok(self.questions.ask(question, echo).await?)
    }

    /// Tells the program that the daemon gets no answer.
    pub(crate) fn fail(&self, error: anyhow::Error) {
        self.failures.send(error).ok();
    }
}

fn show_refusal(realm: &Realm, refusal: Option<&Refusal>) {
    match refusal {
        Some(Refusal { reason: Some(reason), .. }) => {
            show(format!("verification of '{realm}' failed: {reason}"));
        }
        Some(_) => show(format!("verification of '{realm}' failed")),
        None => {}
    }
}

/// Whom user name and password are for, where it is not the VPN server.
fn of(realm: &Realm) -> String {
    match realm {
        Realm::Auth => String::new(),
        other => format!(" for '{other}'"),
    }
}

impl CredentialsProvider for Person {
    async fn credentials(
        &self,
        prompt: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        show_refusal(&prompt.realm, prompt.refusal.as_ref());
        let mut answer = CredentialsAnswer::default();
        // A dynamic challenge comes when user name and password were right.
        let is_second_step = prompt.challenge.as_ref().is_some_and(|c| c.username().is_some());
        if !is_second_step {
            let of = of(&prompt.realm);
            answer.username = self.ask(&format!("User name{of}"), true).await?;
            answer.password = self.ask(&format!("Password{of}"), false).await?;
        }
        if let Some(challenge) = prompt.challenge {
            let text = challenge.text().to_string();
            if challenge.response_required() {
                answer.response = self.ask(&text, challenge.echo()).await?;
            } else {
                show(text);
            }
        }
        Ok(Some(answer))
    }

    async fn password(&self, prompt: PasswordPrompt) -> Result<Option<Secret>, BoxError> {
        show_refusal(&prompt.realm, prompt.refusal.as_ref());
        let question = match &prompt.realm {
            Realm::PrivateKey => "Private key password".to_owned(),
            token => format!("PIN of '{token}'"),
        };
        self.ask(&question, false).await.map(Some)
    }

    async fn response(&self, prompt: ResponsePrompt) -> Result<Option<Secret>, BoxError> {
        let text = prompt.text.to_string();
        if prompt.response_required {
            return self.ask(&text, prompt.echo).await.map(Some);
        }
        show(text);
        Ok(None)
    }

    async fn web_auth(&self, page: WebAuthPrompt) -> Result<(), BoxError> {
        show(format!("Open this page: {}", String::from_utf8_lossy(page.url.expose())));
        Ok(())
    }
}
