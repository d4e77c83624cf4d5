use super::super::tests::{malformed, parse};
use super::*;
use crate::events::Event;

fn message(body: &str) -> InfoMsg {
    match parse(&format!("INFOMSG:{body}")) {
        Event::InfoMsg(message) => message,
        other => panic!("{other:?}"),
    }
}

fn web_auth(body: &str) -> WebAuth {
    match message(body) {
        InfoMsg::WebAuth(web) => web,
        other => panic!("{other:?}"),
    }
}

#[test]
fn web_auth_without_flags() {
    let web = web_auth("WEB_AUTH::https://sso.example.com/?id=1");
    assert_eq!(web.flags().count(), 0);
    assert_eq!(web.url.expose_str(), Some("https://sso.example.com/?id=1"));
}

#[test]
fn web_auth_with_flags() {
    let web = web_auth("WEB_AUTH:hidden,new,external:https://a:8443/");
    let unknown = WebAuthFlag::Unknown(SecretText::new("new".into()));
    let flags = [WebAuthFlag::Hidden, unknown, WebAuthFlag::External];
    assert!(web.flags().eq(&flags), "{web:?}");
    assert_eq!(web.url.expose_str(), Some("https://a:8443/"));
}

#[test]
fn web_auth_through_a_proxy() {
    let web = web_auth("WEB_AUTH:proxy=[2001:db8::1];8080;Y3Ix;aHVudGVyMg==,hidden:https://a/");
    let flags: Vec<_> = web.flags().collect();
    let [WebAuthFlag::Proxy(proxy), WebAuthFlag::Hidden] = flags.as_slice() else {
        panic!("{web:?}")
    };
    assert_eq!((&proxy.host, proxy.port), (&"2001:db8::1".into(), 8080));
    assert_eq!(proxy.user, "cr1");
    assert_eq!(proxy.password().expose_str(), Some("hunter2"));
    assert_eq!(web.url.expose_str(), Some("https://a/"));
    let shown = format!("{web:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("aHVudGVyMg"), "{shown}");
}

#[test]
fn brackets_around_a_name_are_its_own() {
    let web = web_auth("WEB_AUTH:proxy=[h];80;;:https://a/");
    let flags: Vec<_> = web.flags().collect();
    let [WebAuthFlag::Proxy(proxy)] = flags.as_slice() else { panic!("{web:?}") };
    assert_eq!(proxy.host, "[h]");
    let written = Event::InfoMsg(InfoMsg::WebAuth(web.clone())).to_bytes().unwrap();
    assert_eq!(written, b">INFOMSG:WEB_AUTH:proxy=[h];80;;:https://a/\r\n");
}

#[test]
fn an_unreadable_proxy_is_kept_unseen() {
    for flag in [
        "proxy=",
        "proxy=[];1;;aHVudGVyMg==",
        "proxy=h;1;?;aHVudGVyMg==",
        "proxy=h;x;;aHVudGVyMg==",
        // No host in brackets, and none without.
        "proxy=[::1]?;1;;aHVudGVyMg==",
        "proxy=a[::1];1;;aHVudGVyMg==",
    ] {
        let web = web_auth(&format!("WEB_AUTH:{flag}:https://a/"));
        let flags: Vec<_> = web.flags().collect();
        let [WebAuthFlag::Unknown(kept)] = flags.as_slice() else { panic!("{web:?}") };
        assert_eq!(kept.expose_str(), Some(flag));
        assert!(!format!("{web:?}").contains("aHVudGVyMg"));
    }
}

#[test]
fn challenges() {
    let InfoMsg::CrText { flags, text } = message("CR_TEXT:R,E:Enter your TOTP code: now") else {
        panic!()
    };
    assert!(flags.echo() && flags.response_required());
    assert_eq!(text, "Enter your TOTP code: now");
    assert!(matches!(message("CR_TEXT::x"), InfoMsg::CrText { flags, .. } if !flags.echo()));
}

#[test]
fn anything_else_is_kept() {
    assert_eq!(
        message("OPEN_URL:https://a/:b"),
        InfoMsg::OpenUrl(SecretText::new("https://a/:b".into()))
    );
    for other in ["", "hello: you", "WEB_AUTH", "CR_TEXT", "cr_text:R:x"] {
        assert_eq!(message(other), InfoMsg::Other(Text::from(other.to_owned())));
    }
}

#[test]
fn no_link_is_shown() {
    for body in ["WEB_AUTH:hidden:https://sso/", "OPEN_URL:https://sso/", "X OPEN_URL:https://sso/"]
    {
        let message = message(body);
        assert!(!format!("{message:?} {message}").contains("sso"), "{message:?}");
    }
}

#[test]
fn what_the_request_has_is_withheld() {
    let InfoMsg::WebAuth(web) =
        message("WEB_AUTH:proxy=p;1;dQ==;aHVudGVyMg==,new,hidden:https://a/").withhold_secrets()
    else {
        panic!("not a page")
    };
    assert_eq!((web.url.expose(), web.url.len()), (None, 10));
    let flags: Vec<_> = web.flags().collect();
    let [WebAuthFlag::Proxy(proxy), WebAuthFlag::Unknown(new), WebAuthFlag::Hidden] =
        flags.as_slice()
    else {
        panic!("{web:?}")
    };
    assert_eq!((&proxy.host, proxy.port, &proxy.user), (&"p".into(), 1, &"u".into()));
    assert_eq!((proxy.password().expose(), proxy.password().len()), (None, 7));
    assert_eq!((new.expose(), new.len()), (None, 3));
    let InfoMsg::OpenUrl(url) = message("OPEN_URL:https://a/").withhold_secrets() else {
        panic!("not a page")
    };
    assert_eq!((url.expose(), url.len()), (None, 10));
    assert_eq!(
        message("x OPEN_URL:y").withhold_secrets(),
        InfoMsg::Other("x OPEN_URL:[redacted]".into())
    );
    for harmless in ["CR_TEXT:R,E:PIN", "of tomorrow"] {
        assert_eq!(message(harmless).withhold_secrets(), message(harmless));
    }
}

#[test]
fn what_does_not_parse_is_malformed() {
    malformed("INFOMSG:WEB_AUTH:");
    malformed("INFOMSG:WEB_AUTH:hidden");
    malformed("INFOMSG:WEB_AUTH:proxy=[::1;8080;;");
    malformed("INFOMSG:CR_TEXT:");
    malformed("INFOMSG:CR_TEXT:R,E");
}
