//! Secrets, what was shown, and the search for the one in the other.

use std::fmt::{Debug, Display, Write as _};
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use openvpn_mgmt::{Error, Event};
use tracing_subscriber::fmt::MakeWriter;

use crate::readable::readable;

/// Everything this process has traced, at every level.
static TRACED: LazyLock<Traced> = LazyLock::new(|| {
    let traced = Traced::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(traced.clone())
        .init();
    traced
});

#[derive(Clone, Default)]
struct Traced(Arc<Mutex<Vec<u8>>>);

impl Write for Traced {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Traced {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// The secrets of one test, and what it has shown.
pub struct LeakCheck {
    secrets: Vec<(String, Vec<u8>)>,
    shown: String,
}

impl LeakCheck {
    pub fn new() -> Self {
        LazyLock::force(&TRACED);
        Self { secrets: Vec::new(), shown: String::new() }
    }

    /// A new secret; quotes and backslashes at its end are what quoting would change.
    pub fn secret(&mut self, name: &str) -> String {
        let value = format!("{}\"\\'", self.plain(name));
        assert!(value.len() < 64);
        value
    }

    /// A new secret of letters and digits alone.
    pub fn plain(&mut self, name: &str) -> String {
        let random: u64 = rand::random();
        let value = format!("Zq{name}{random:016X}");
        self.keep(name, value.as_bytes());
        value
    }

    /// A secret that was made elsewhere.
    pub fn keep(&mut self, name: &str, secret: &[u8]) {
        self.secrets.push((name.to_owned(), secret.to_vec()));
    }

    pub fn show(&mut self, value: &impl Debug) {
        writeln!(self.shown, "{value:?}\n{value:#?}").unwrap();
    }

    pub fn show_text(&mut self, value: &impl Display) {
        writeln!(self.shown, "{value}\n{value:#}").unwrap();
    }

    pub fn event(&mut self, event: &Event) {
        self.show(event);
        self.show_text(event);
    }

    /// An event while requests are on, of which nothing that can be read is a secret either.
    pub fn broadcast(&mut self, event: &Event) {
        self.event(event);
        self.shown.push_str(&readable(event));
    }

    pub fn error(&mut self, error: &Error) {
        self.show(error);
        let mut source: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = source {
            self.show_text(&error);
            source = error.source();
        }
    }

    /// Looks for every secret in everything.
    pub fn check(&self) {
        let traced = TRACED.0.lock().unwrap().clone();
        assert!(!traced.is_empty() && !self.shown.is_empty());
        let traced = String::from_utf8_lossy(&traced);
        let mut found = Vec::new();
        for (name, secret) in &self.secrets {
            for form in forms(secret) {
                for (place, text) in [("shown", &*self.shown), ("traced", &*traced)] {
                    let lines = text.lines().filter(|line| line.contains(&form));
                    found.extend(lines.map(|line| format!("{name} is {place} as {form}: {line}")));
                }
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    /// Whether the text was shown: that the search would have found it.
    pub fn has_shown(&self, text: &str) -> bool {
        self.shown.contains(text)
    }
}

/// What a test traces that has nothing else to.
pub fn trace_something() {
    tracing::debug!("nothing secret");
}

/// Whether the text was traced.
pub fn has_traced(text: &str) -> bool {
    String::from_utf8_lossy(&TRACED.0.lock().unwrap()).contains(text)
}

/// How a secret could look: as it is, escaped, in base64 at each offset, in hexadecimal, as numbers.
fn forms(secret: &[u8]) -> Vec<String> {
    let mut forms = vec![
        String::from_utf8_lossy(secret).into_owned(),
        secret.escape_ascii().to_string(),
        hexadecimal(secret),
        secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", "),
    ];
    for offset in 0..3 {
        let shifted = [&[0; 2][..offset], secret].concat();
        let whole = STANDARD_NO_PAD.encode(&shifted);
        // The first and last characters depend on what stands beside the secret.
        forms.push(whole[4..whole.len() - 4].to_owned());
    }
    forms.push(STANDARD.encode(secret));
    forms
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

#[test]
fn forms_are_found_where_they_hide() {
    let secret = b"Zq0123456789ABCDEF";
    for before in ["", "a", "ab", "abc"] {
        let hidden = STANDARD.encode([before.as_bytes(), secret, b"::x"].concat());
        assert!(forms(secret).iter().any(|form| hidden.contains(form)), "{before}");
    }
    let numbers = format!("{:?}", secret.to_vec());
    assert!(forms(secret).iter().any(|form| numbers.contains(form)));
}
