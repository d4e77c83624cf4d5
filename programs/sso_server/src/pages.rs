//! The pages: plain HTML without scripts. Whatever a client sent is escaped.

use openvpn_mgmt::Secret;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use crate::asking::Asking;
use crate::links::{Answer, End};

pub(crate) const STYLE: &str = include_str!("style.css");

/// The page that asks.
pub(crate) fn question(asking: &Asking, token: &Secret) -> String {
    let token = escaped(token.expose_str().unwrap_or_default());
    let body = format!(
        r#"<p>Somebody asks to be let in to the VPN:</p>
{}
<p>Approve only what you have started yourself, just now: anybody can give your name.</p>
<form method="post">
<input type="hidden" name="token" value="{token}">
<button name="answer" value="approve" class="approve">Approve</button>
<button name="answer" value="deny">Deny</button>
</form>"#,
        table(asking)
    );
    page("Sign in to the VPN", &body)
}

/// The page after an answer.
pub(crate) fn answered(asking: &Asking, answer: Answer) -> String {
    let (title, what) = match answer {
        Answer::Approve => ("Approved", "The client is being let in. You can close this page."),
        Answer::Deny => ("Denied", "The client is turned away. You can close this page."),
    };
    page(title, &format!("<p>{what}</p>\n{}", table(asking)))
}

/// The page of a link that is over. It does not tell who asked.
pub(crate) fn over(end: End) -> String {
    let (title, what) = match end {
        End::Answered(Answer::Approve) => ("This link was used", "It was approved."),
        End::Answered(Answer::Deny) => ("This link was used", "It was denied."),
        End::Expired => ("This link has expired", "Nobody answered in time. Connect again."),
        End::ClientLeft => ("This link has expired", "The client is gone. Connect again."),
    };
    error(title, what)
}

/// A page that has nothing but words of its own.
pub(crate) fn error(title: &str, what: &str) -> String {
    page(title, &format!("<p>{what}</p>"))
}

fn table(asking: &Asking) -> String {
    let row = |name: &str, value: &str| {
        // Isolated, because letters of some scripts turn what is around them.
        format!("<dt>{name}</dt><dd><bdi>{}</bdi></dd>\n", escaped(value))
    };
    let certificate = match asking.certificate.as_str() {
        "" => String::new(),
        name => row("Certificate", name),
    };
    let rows = [
        row("User name, as the client gives it", &asking.username),
        certificate,
        row("Address", &asking.address),
        row("Client", &asking.software),
    ];
    format!("<dl>\n{}</dl>", rows.concat())
}

fn page(title: &str, body: &str) -> String {
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"#
    )
}

/// Text as it may stand in an element or a quoted attribute, and be seen.
fn escaped(text: &str) -> String {
    let seen: String =
        text.chars().map(|c| if is_unseen(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    html_escape::encode_quoted_attribute(&seen).into_owned()
}

/// Whether nobody sees a character, but what it does to others: it turns a name around, hides in it,
/// or breaks its line.
fn is_unseen(c: char) -> bool {
    matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_sent_is_no_html() {
        let nasty = "\"><script>alert('x')</script>&\n".to_owned();
        let (username, certificate, address, software) =
            (nasty.clone(), nasty.clone(), nasty.clone(), nasty);
        let asking = Asking { username, certificate, address, software };
        for page in [question(&asking, &Secret::from("t")), answered(&asking, Answer::Deny)] {
            assert!(!page.contains("<script"), "{page}");
            assert!(page.contains("&quot;&gt;&lt;script&gt;alert(&#x27;x&#x27;)"), "{page}");
            assert_eq!(page.matches("<bdi>").count(), 4, "{page}");
        }
    }

    #[test]
    fn what_nobody_sees_is_shown() {
        for (given, shown) in [
            ("al\0ice\r\n\u{1b}[31m\u{9b}", "al\u{fffd}ice\u{fffd}\u{fffd}\u{fffd}[31m\u{fffd}"),
            ("\u{202e}ecila\u{2069}\u{200f}", "\u{fffd}ecila\u{fffd}\u{fffd}"),
            ("ali\u{200b}ce\u{ad}\u{feff}\u{2028}", "ali\u{fffd}ce\u{fffd}\u{fffd}\u{fffd}"),
            ("\u{e000}\u{e0041}\u{378}", "\u{fffd}\u{fffd}\u{fffd}"),
            ("zoë אליס  محمد 李", "zoë אליס  محمد 李"),
        ] {
            assert_eq!(escaped(given), shown);
        }
    }
}
