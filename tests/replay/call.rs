//! From a recorded command to the call that sends it.

use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use openvpn_mgmt::command::Fence;
use openvpn_mgmt::reply::AuthRetry;
use openvpn_mgmt::{
    Cid, Client, EnvFilter, History, Kid, KillTarget, ProxyAction, RemoteAction, ReplyShape,
    Result, Signal, StatusFormat,
};

use crate::conversation::words;

/// Sends a command as it was recorded: by its own method, where its arguments have the
/// types that takes, else as a raw line.
pub(crate) async fn call(client: &Client, sent: &str) -> Result<()> {
    let (line, block) = sent.split_once('\n').unwrap();
    let words = words(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let Some(result) = blocks(client, &words, block).await {
        return result;
    }
    if let Some(result) = daemon(client, &words).await {
        return result;
    }
    if let Some(result) = realtime(client, &words).await {
        return result;
    }
    if let Some(result) = credentials(client, &words).await {
        return result;
    }
    if let Some(result) = clients(client, &words).await {
        return result;
    }
    if let Some(result) = remotes(client, &words).await {
        return result;
    }
    client.raw_command(line, shape(&words)).await.map(drop)
}

/// The reply of a command that has no method, or bad arguments.
fn shape(words: &[&str]) -> ReplyShape {
    match words {
        // Format x is taken for format 1.
        ["status"] | ["status", "x"] => ReplyShape::Block,
        ["auth-retry", _] => ReplyShape::ExplainedLine,
        // Two lines of success.
        ["state", "on", "off"] => ReplyShape::Fenced(Fence::AtOnce),
        _ => ReplyShape::Line,
    }
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(word: &str) -> T {
    word.parse().unwrap()
}

async fn blocks(client: &Client, words: &[&str], block: &str) -> Option<Result<()>> {
    let lines = || block.lines().take_while(|line| *line != "END");
    let decoded = || {
        let config =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        GeneralPurpose::new(&STANDARD, config).decode(lines().collect::<String>()).unwrap()
    };
    Some(match words {
        ["client-auth", cid, kid] => {
            client.client_auth(Cid(number(cid)), Kid(number(kid)), lines()).await
        }
        ["pk-sig"] => client.pk_sig(decoded()).await,
        ["rsa-sig"] => client.rsa_sig(decoded()).await,
        ["certificate"] => client.certificate(&lines().collect::<Vec<_>>().join("\n")).await,
        _ => return None,
    })
}

async fn daemon(client: &Client, words: &[&str]) -> Option<Result<()>> {
    Some(match words {
        ["pid"] => client.pid().await.map(drop),
        ["version"] => client.version().await.map(drop),
        ["version", version] => client.announce_version(number(version)).await,
        ["help"] => client.help().await.map(drop),
        ["net"] => client.net().await.map(drop),
        ["verb"] => client.verb().await.map(drop),
        ["verb", level] => client.set_verb(number(level)).await,
        ["mute"] => client.mute().await.map(drop),
        ["mute", messages] => client.set_mute(number(messages)).await,
        ["test", lines] => client.test(number(lines)).await.map(drop),
        ["quit" | "exit"] => client.quit().await,
        ["signal", "SIGHUP"] => client.signal(Signal::Sighup).await,
        ["signal", "SIGTERM"] => client.signal(Signal::Sigterm).await,
        ["signal", "SIGUSR1"] => client.signal(Signal::Sigusr1).await,
        ["load-stats"] => client.load_stats().await.map(drop),
        ["nclients"] => client.nclients().await.map(drop),
        ["status", "1"] => client.status_format(StatusFormat::V1).await.map(drop),
        ["status", "2"] => client.status_format(StatusFormat::V2).await.map(drop),
        ["status", "3"] => client.status().await.map(drop),
        ["pkcs11-id-count"] => client.pkcs11_id_count().await.map(drop),
        ["pkcs11-id-get", index] => client.pkcs11_id_get(number(index)).await.map(drop),
        _ => return None,
    })
}

async fn realtime(client: &Client, words: &[&str]) -> Option<Result<()>> {
    Some(match words {
        ["hold"] => client.hold().await.map(drop),
        ["hold", "off"] => client.hold_off().await,
        ["hold", "release"] => client.hold_release().await,
        ["state"] => client.state().await.map(drop),
        ["state", "on"] => client.state_on().await,
        ["state", "on", "all"] => client.state_on_with_history(History::All).await.map(drop),
        ["state", "2"] => client.state_history(2).await.map(drop),
        ["log", "on"] => client.log_on().await,
        ["log", "on", "all"] => client.log_on_with_history(History::All).await.map(drop),
        ["log", "3"] => client.log_history(3).await.map(drop),
        ["echo", "all"] => client.echo_history(History::All).await.map(drop),
        ["echo", "on", "all"] => client.echo_on_with_history(History::All).await.map(drop),
        ["bytecount", seconds @ ("1" | "2")] => {
            client.bytecount(Duration::from_secs(number(seconds))).await
        }
        _ => return None,
    })
}

async fn credentials(client: &Client, words: &[&str]) -> Option<Result<()>> {
    Some(match words {
        ["username", realm, username] => client.username(realm, *username).await,
        ["password", realm, password] => client.password(realm, *password).await,
        ["needok", name, answer] => client.needok(name, *answer == "ok").await,
        ["needstr", name, text] => client.needstr(name, *text).await,
        ["cr-response", response] => {
            let response = base64::engine::general_purpose::STANDARD.decode(response).unwrap();
            client.cr_response(response).await
        }
        ["forget-passwords"] => client.forget_passwords().await,
        ["auth-retry"] => client.auth_retry().await.map(drop),
        ["auth-retry", "nointeract"] => client.set_auth_retry(AuthRetry::NoInteract).await,
        _ => return None,
    })
}

async fn clients(client: &Client, words: &[&str]) -> Option<Result<()>> {
    let ids = |cid: &str, kid: &str| (Cid(number(cid)), Kid(number(kid)));
    // It needs no reply to know that older daemons have no such command.
    let updates = client.management_version() >= 6;
    Some(match words {
        ["client-auth-nt", cid, kid] => {
            let (cid, kid) = ids(cid, kid);
            client.client_auth_nt(cid, kid).await
        }
        ["client-deny", cid, kid, reason, rest @ ..] if *cid != "x" => {
            let (cid, kid) = ids(cid, kid);
            client.client_deny(cid, kid, reason, rest.first().copied()).await
        }
        ["client-kill", cid] => client.client_kill_unchecked(Cid(number(cid))).await,
        ["client-kill", cid, message] => {
            client.client_kill_with_unchecked(Cid(number(cid)), message).await
        }
        // The oldest form, as OpenVPN 2.5 has it, names no key.
        ["client-pending-auth", cid, extra, seconds] => {
            let timeout = Duration::from_secs(number(seconds));
            client.client_pending_auth(Cid(number(cid)), Kid(0), extra, timeout).await
        }
        ["client-pending-auth", cid, kid, extra, seconds] => {
            let (cid, kid) = ids(cid, kid);
            let timeout = Duration::from_secs(number(seconds));
            client.client_pending_auth(cid, kid, extra, timeout).await
        }
        ["env-filter", "1"] => client.env_filter(EnvFilter::Reduced).await,
        ["env-filter", "2"] => client.env_filter(EnvFilter::Minimal).await,
        ["kill", name] if !name.contains(':') => {
            client.kill(&KillTarget::CommonName((*name).into())).await.map(drop)
        }
        ["push-update-broad", options] if updates => {
            client.push_update_broad(options).await.map(drop)
        }
        ["push-update-cid", cid, options] if updates => {
            client.push_update_cid_unchecked(Cid(number(cid)), options).await.map(drop)
        }
        _ => return None,
    })
}

async fn remotes(client: &Client, words: &[&str]) -> Option<Result<()>> {
    Some(match words {
        ["remote", "ACCEPT"] => client.remote(&RemoteAction::Accept).await,
        ["remote", "SKIP"] => client.remote(&RemoteAction::Skip).await,
        ["remote", "MOD", host, port] => {
            let (host, port) = ((*host).to_owned(), number(port));
            client.remote(&RemoteAction::Modify { host, port }).await
        }
        // Before OpenVPN 2.6 the typed calls refuse to send these.
        ["remote-entry-count" | "remote-entry-get", ..] if client.management_version() < 4 => {
            return None;
        }
        ["remote-entry-count"] => client.remote_entry_count().await.map(drop),
        ["remote-entry-get", "all"] => client.remote_entries().await.map(drop),
        ["proxy", "NONE"] => client.proxy(&ProxyAction::None).await,
        ["proxy", "HTTP", host, port, "nct"] => {
            let (host, port) = ((*host).to_owned(), number(port));
            client.proxy(&ProxyAction::Http { host, port, no_clear_text: true }).await
        }
        _ => return None,
    })
}
