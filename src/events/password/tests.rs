use super::super::tests::{malformed, parse};
use super::*;
use crate::events::Event;

fn password(body: &str) -> Password {
    match parse(&format!("PASSWORD:{body}")) {
        Event::Password(password) => password,
        other => panic!("{other:?}"),
    }
}

fn failed(body: &str) -> (Realm, Option<Text>, Option<Arc<DynamicChallenge>>) {
    match password(body) {
        Password::VerificationFailed { realm, reason, challenge } => (realm, reason, challenge),
        other => panic!("{other:?}"),
    }
}

const CRV1: &str = "Verification Failed: 'Auth' ['CRV1:R,E:Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l:Y3Ix:Please enter token PIN']";

#[test]
fn needs() {
    assert_eq!(
        password("Need 'Auth' username/password"),
        Password::NeedUserPass { realm: Realm::Auth, challenge: None }
    );
    assert_eq!(
        password("Need 'Private Key' password"),
        Password::NeedPassword { realm: Realm::PrivateKey, challenge: None }
    );
    assert_eq!(password("Need 'Auth' username"), Password::NeedUsername { realm: Realm::Auth });
    assert_eq!(
        password("Need 'HTTP Proxy' username/password"),
        Password::NeedUserPass { realm: Realm::HttpProxy, challenge: None }
    );
}

#[test]
fn a_static_challenge_comes_with_the_need() {
    let challenge = StaticChallenge { flags: 1, text: "Please enter token PIN, or not".into() };
    assert_eq!(
        password("Need 'Auth' username/password SC:1,Please enter token PIN, or not"),
        Password::NeedUserPass { realm: Realm::Auth, challenge: Some(challenge) }
    );
}

#[test]
fn a_static_challenge_may_come_with_a_password_alone() {
    let challenge = StaticChallenge { flags: 1, text: "Enter code".into() };
    let need = password("Need 'Auth' password SC:1,Enter code");
    let expected = Password::NeedPassword { realm: Realm::Auth, challenge: Some(challenge) };
    assert_eq!(need, expected);
    assert_eq!(need.to_string(), "needs password and response for 'Auth': Enter code");
}

#[test]
fn a_realm_may_hold_a_quote() {
    let realm = Realm::Other("bob's ' token".into());
    let need = Password::NeedPassword { realm, challenge: None };
    assert_eq!(password("Need 'bob's ' token' password"), need);
}

#[test]
fn failures() {
    assert_eq!(failed("Verification Failed: 'Auth'"), (Realm::Auth, None, None));
    let (realm, reason, challenge) = failed("Verification Failed: 'Auth' ['go away: it's late']");
    assert_eq!((realm, reason, challenge), (Realm::Auth, Some("go away: it's late".into()), None));
    assert_eq!(failed("Verification Failed: 'Auth' ['']").1, Some(Text::default()));
}

#[test]
fn a_dynamic_challenge_comes_with_the_failure() {
    let (_, reason, challenge) = failed(CRV1);
    assert!(reason.unwrap().as_bytes().starts_with(b"CRV1:R,E:"));
    let challenge = challenge.unwrap();
    assert_eq!(challenge.username, "cr1");
    assert_eq!(challenge.text, "Please enter token PIN");
    assert_eq!(challenge.state_id.expose_str(), Some("Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l"));
}

#[test]
fn an_unreadable_challenge_is_kept_as_reason() {
    let (_, reason, challenge) = failed("Verification Failed: 'Auth' ['CRV1:R,E:id:not base64:x']");
    assert_eq!(reason, Some("CRV1:R,E:id:not base64:x".into()));
    assert_eq!(challenge, None);
}

#[test]
fn the_token_is_redacted() {
    let token = password("Auth-Token:SESS_ID_AT_a:b,c");
    let Password::AuthToken(kept) = &token else { panic!("{token:?}") };
    assert_eq!(kept.expose_str(), Some("SESS_ID_AT_a:b,c"));
    assert_eq!(
        format!("{token:?} {token}"),
        "AuthToken([redacted]) received an authentication token"
    );
}

#[test]
fn neither_form_of_a_challenge_shows_its_state_id() {
    for body in [CRV1, "Verification Failed: 'Auth' ['CRV1:R,E:Om01u7:not base64:x']"] {
        let password = password(body);
        assert!(!format!("{password:?} {password}").contains("Om01u7"));
    }
}

#[test]
fn what_the_requests_have_is_withheld() {
    let Password::AuthToken(token) = password("Auth-Token:SESS_ID").withhold_secrets() else {
        panic!("not a token")
    };
    assert_eq!((token.expose(), token.len()), (None, 7));

    let Password::VerificationFailed { realm, reason, challenge } =
        password(CRV1).withhold_secrets()
    else {
        panic!("not a failure")
    };
    assert_eq!((realm, reason), (Realm::Auth, Some("CRV1:[redacted]".into())));
    let challenge = challenge.unwrap();
    assert_eq!((challenge.state_id.expose(), challenge.state_id.len()), (None, 32));
    assert_eq!(
        (&challenge.username, &challenge.text),
        (&"cr1".into(), &"Please enter token PIN".into())
    );
    let unreadable = password("Verification Failed: 'Auth' ['CRV1:R,E:Om01u7:not base64:x']");
    assert!(matches!(
        unreadable.withhold_secrets(),
        Password::VerificationFailed { reason: Some(reason), challenge: None, .. }
            if reason == "CRV1:[redacted]"
    ));
    for harmless in ["Verification Failed: 'Auth' ['go away']", "Need 'Auth' password SC:1,PIN"] {
        assert_eq!(password(harmless).withhold_secrets(), password(harmless));
    }
}

#[test]
fn what_does_not_parse_is_malformed() {
    for body in [
        "",
        "Need",
        "Need 'Auth' ",
        "Need 'Auth' something",
        "Need Auth password",
        "Need 'Auth' username/password ",
        "Need 'Auth' username/password SC:",
        "Need 'Auth' username/password SC:x,text",
        "Need 'Auth' password ",
        "Need 'Auth' password SC:",
        "Need 'Auth' password SC:x,text",
        "Need 'Auth' username SC:1,text",
        "Verification Failed: Auth",
        "Verification Failed: 'Auth",
        "Verification Failed: 'Auth' ['cut",
        "Verification Failed: 'Auth' ['it'",
        "Auth-Token",
    ] {
        malformed(&format!("PASSWORD:{body}"));
    }
}

#[test]
fn no_prefix_of_a_challenge_is_another_challenge() {
    let line = format!("PASSWORD:{CRV1}");
    let whole = parse(&line);
    for end in 0..line.len() {
        match parse(&line[..end]) {
            Event::Malformed(_) | Event::Unknown(_) => {}
            Event::Password(Password::VerificationFailed {
                reason: None, challenge: None, ..
            }) => {
                assert_eq!(&line[..end], "PASSWORD:Verification Failed: 'Auth'");
            }
            other => panic!("{other:?} is a part of {whole:?}"),
        }
    }
}
