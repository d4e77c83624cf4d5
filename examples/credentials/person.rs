//! [`Person`]: a `CredentialsProvider` that asks a person.

use std::sync::Arc;

use anyhow::Result;
use openvpn_mgmt::events::{Password, Realm};
use openvpn_mgmt::handler::{BoxError, CredentialsAnswer, CredentialsProvider};
use openvpn_mgmt::{Challenge, Client, Event, Events, Secret};
use tokio::sync::{Mutex, mpsc};

use crate::questions::Questions;

/// Asks for what the daemon needs, and shows first why it asks again.
#[derive(Clone)]
pub(crate) struct Person {
    questions: Questions,
    /// A subscription of its own: a refusal is always there before the question that follows it.
    refusals: Arc<Mutex<Events>>,
    failures: mpsc::UnboundedSender<anyhow::Error>,
}

impl Person {
    /// Also gives what ended a question without an answer: the daemon would wait for ever.
    pub(crate) fn new(
        client: &Client,
        questions: Questions,
    ) -> (Self, mpsc::UnboundedReceiver<anyhow::Error>) {
        let (failures, failed) = mpsc::unbounded_channel();
        let refusals = Arc::new(Mutex::new(client.subscribe()));
        (Self { questions, refusals, failures }, failed)
    }

    pub(crate) async fn ask(&self, question: &str, echo: bool) -> Result<Secret, BoxError> {
        self.show_refusals().await;
        match self.questions.ask(question, echo).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Tells the program that the daemon gets no answer.
    pub(crate) fn fail(&self, error: anyhow::Error) -> BoxError {
        let text = format!("{error:#}");
        self.failures.send(error).ok();
        text.into()
    }

    async fn show_refusals(&self) {
        let mut events = self.refusals.lock().await;
        while let Some(event) = events.try_next() {
            if let Ok(Event::Password(refusal)) = event {
                show_refusal(&refusal);
            }
        }
    }
}

/// A refusal with a challenge is none: the server wants to know more.
fn show_refusal(refusal: &Password) {
    if let Password::VerificationFailed { challenge: None, .. } = refusal {
        println!("{refusal}");
    }
}

impl CredentialsProvider for Person {
    async fn credentials(
        &self,
        realm: Realm,
        challenge: Option<Challenge>,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        let mut answer = CredentialsAnswer::default();
        // A dynamic challenge comes when user name and password were right.
        let is_second_step = challenge.as_ref().is_some_and(|c| c.username().is_some());
        if !is_second_step {
            answer.username = self.ask(&format!("{realm} user name"), true).await?;
            answer.password = self.ask(&format!("{realm} password"), false).await?;
        }
        if let Some(challenge) = challenge {
            let text = challenge.text().to_string();
            if challenge.response_required() {
                answer.response = self.ask(&text, challenge.echo()).await?;
            } else {
                println!("{text}");
            }
        }
        Ok(Some(answer))
    }

    async fn password(&self, realm: Realm) -> Result<Option<Secret>, BoxError> {
        let question = match &realm {
            Realm::PrivateKey => "Private key password".to_owned(),
            token => format!("PIN of {token}"),
        };
        self.ask(&question, false).await.map(Some)
    }

    async fn response(&self, text: String, echo: bool) -> Result<Option<Secret>, BoxError> {
        self.ask(&text, echo).await.map(Some)
    }
}
