//! Flows with a scripted daemon, which says what no real one says on demand.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openvpn_mgmt::challenge::Crv1;
use openvpn_mgmt::demux::Demuxer;
use openvpn_mgmt::handler::{
    Attempt, AuthServer, BoxError, CredentialsAnswer, CredentialsPrompt, CredentialsProvider,
    Decision, Responder,
};
use openvpn_mgmt::{Builder, Error, PeerConfig, PendingAuth, ReplyShape, Request, Secret};

use crate::connection::Connection;
use crate::leak_check::LeakCheck;
use openvpn_mgmt_test::scripted::{PROMPT, beside, pipe};

fn entered(what: &str) -> String {
    format!("SUCCESS: {what} entered, but not yet verified\r\n")
}

#[tokio::test]
async fn the_management_password() {
    let mut leaks = LeakCheck::new();
    let password = leaks.secret("management");
    let builder = Builder::new().password(password.as_str());
    leaks.show(&builder);
    for right in [true, false] {
        let (ours, mut daemon) = pipe();
        let session = beside(builder.attach(ours), async {
            if right {
                daemon.asks_password(&password).await.greets(5).await.gets_ready().await;
            } else {
                daemon.says(PROMPT).await.hears(&password).await.says(PROMPT).await;
            }
        });
        match session.await {
            Ok(session) => leaks.show(&session),
            Err(error) => {
                assert!(matches!(error, Error::PasswordRejected));
                leaks.error(&error);
            }
        }
    }
    let bad = Builder::new().password(format!("{password}\n"));
    let (ours, _daemon) = pipe();
    leaks.error(&bad.attach(ours).await.unwrap_err());
    leaks.check();
}

#[tokio::test]
async fn credentials_and_their_challenges() {
    let mut connection = Connection::new().await;
    let (password, response) =
        (connection.leaks.secret("password"), connection.leaks.secret("response"));
    let id = connection.leaks.plain("state");
    let need = ">PASSWORD:Need 'Auth' username/password";
    let verified = "SUCCESS: 'Auth' entered, but not yet verified\r\n";
    for asks in [need.to_owned(), format!("{need} SC:0,PIN"), format!("{need} SC:2,PIN")] {
        let Request::Credentials(ask) = connection.request(&asks).await else { panic!() };
        let answer = async {
            match ask.challenge() {
                None => ask.answer("alice", password.as_str()).await,
                Some(_) => ask.answer_with_response("alice", &*password, &*response).await,
            }
        };
        let daemon = async {
            connection.daemon.answers("username", verified).await;
            connection.daemon.answers("password", verified).await;
        };
        let (answered, ()) = tokio::join!(answer, daemon);
        answered.unwrap();
    }
    let failed = format!(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:{id}:Y3Ix:PIN']");
    connection.daemon.says(format!("{failed}\r\n")).await;
    // One that cannot be read as a challenge holds the same.
    connection
        .daemon
        .says(format!(">PASSWORD:Verification Failed: 'Auth' ['CRV1:R:{id}']\r\n"))
        .await;
    connection.daemon.says(format!("{failed}\r\n")).await;
    let Request::Credentials(ask) = connection.request(need).await else { panic!() };
    connection.leaks.show(&ask.challenge());
    let (answered, ()) = tokio::join!(ask.respond(&*response), async {
        connection.daemon.answers("username", verified).await;
        connection.daemon.answers("password", "ERROR: no password is currently needed\r\n").await;
    });
    connection.leaks.error(&answered.unwrap_err());
    // Refused before it is sent.
    let Request::Credentials(ask) = connection.request(need).await else { panic!() };
    connection.leaks.error(&ask.answer("alice", format!("{password}\n")).await.unwrap_err());
    let Some(Request::Credentials(ask)) = connection.requests.next().await else { panic!() };
    connection.leaks.error(&ask.answer("alice", password.repeat(200)).await.unwrap_err());
    connection.ends().await;
}

#[tokio::test]
async fn a_long_password_whose_block_is_refused() {
    let mut connection = Connection::new().await;
    let password = connection.leaks.secret("password").repeat(10);
    let client = connection.client.clone();
    let (answered, ()) = tokio::join!(client.password("Auth", password.as_str()), async {
        let reply = "OpenVPN Version: OpenVPN 2.7.8 x86_64-pc-linux-gnu [PKCS11]\r\n\
                     Management Version: 6\r\nEND\r\n";
        connection.daemon.answers("version", reply).await;
        connection
            .daemon
            .answers("version 5", "SUCCESS: Management client version set to 5\r\n")
            .await;
        connection.daemon.passes_fence().await;
        // What a daemon makes of a block it does not want: each line is a command.
        let line = connection.daemon.answers("password", "ERROR: no password is needed\r\n").await;
        assert_eq!(line, "password \"Auth\"");
        let end = async {
            let mut lines = Vec::new();
            loop {
                let line = connection.daemon.line().await;
                if line == "END" {
                    return lines;
                }
                lines.push(line);
            }
        };
        for line in end.await {
            connection
                .daemon
                .says(format!("ERROR: unknown command [{line}], enter 'help'\r\n"))
                .await;
        }
        connection.daemon.says("ERROR: unknown command [END], enter 'help'\r\n").await;
        connection.daemon.passes_fence().await;
    });
    connection.leaks.error(&answered.unwrap_err());
    connection.ends().await;
}

#[tokio::test]
async fn keys_tokens_and_typed_texts() {
    let mut connection = Connection::new().await;
    let phrase = connection.leaks.secret("phrase");
    let (pin, text) = (connection.leaks.secret("pin"), connection.leaks.secret("text"));
    let response = connection.leaks.secret("response");
    for (asks, secret) in [
        (">PASSWORD:Need 'Private Key' password", &phrase),
        (">PASSWORD:Need 'lab token' password", &pin),
    ] {
        let Request::PrivateKeyPassword(ask) = connection.request(asks).await else { panic!() };
        let daemon = connection.daemon.answers("password", entered("'x' password"));
        tokio::join!(ask.answer(secret.as_str()), daemon).0.unwrap();
    }
    let asks = ">NEED-STR:Need 'x' string MSG:y";
    let Request::NeedStr(ask) = connection.request(asks).await else { panic!() };
    let daemon = connection.daemon.answers("needstr", entered("'x' needstr-string"));
    tokio::join!(ask.answer(text.as_str()), daemon).0.unwrap();
    let Request::Challenge(ask) = connection.request(">INFOMSG:CR_TEXT:R:Code").await else {
        panic!()
    };
    let daemon = connection.daemon.answers("cr-response", "SUCCESS: command succeeded\r\n");
    tokio::join!(ask.answer(response.as_str()), daemon).0.unwrap();
    connection.ends().await;
}

#[tokio::test]
async fn what_a_server_sends_its_client() {
    let mut connection = Connection::new().await;
    let (token, proxy) = (connection.leaks.plain("token"), connection.leaks.secret("proxy"));
    let base64 = STANDARD.encode(&proxy);
    for line in [
        format!(">PASSWORD:Auth-Token:{token}"),
        format!(">INFOMSG:WEB_AUTH:hidden,proxy=p.example.com;8080;dXNlcg==;{base64}:https://x/"),
        format!(">INFOMSG:WEB_AUTH:proxy=unreadable;{base64}:https://x/"),
        format!(">INFOMSG:WEB_AUTH:proxy=no;url;{base64}"),
    ] {
        connection.daemon.says(format!("{line}\r\n")).await;
    }
    for _ in 0..4 {
        let event = connection.events.next().await.unwrap().unwrap();
        connection.leaks.broadcast(&event);
    }
    // Of the pages the newest that can be read is left.
    for _ in 0..2 {
        let request = connection.requests.next().await.unwrap();
        connection.leaks.show(&request);
        if let Request::WebAuth(page) = request {
            connection.leaks.show(&page.flags());
        }
    }
    connection.ends().await;
}

const ALLOWED: &str = "SUCCESS: client-auth command succeeded\r\n";
const DENIED: &str = "SUCCESS: client-deny command succeeded\r\n";
const WAITS: &str = "SUCCESS: client-pending-auth command succeeded\r\n";

#[tokio::test]
async fn what_a_client_sends_its_server() {
    let mut connection = Connection::new().await;
    let (password, code) = (connection.leaks.secret("password"), connection.leaks.secret("code"));
    let id = connection.leaks.plain("state");
    let [one, two] = [&password, &code].map(|secret| STANDARD.encode(secret));
    for sent in [
        password.clone(),
        format!("SCRV1:{one}:{two}"),
        format!("CRV1::{id}::{code}"),
        format!("SCRV1:{one}"),
    ] {
        let peer = connection.connect(0, &sent).await;
        connection.leaks.show(peer.env());
        let password = peer.password();
        connection.leaks.show(&password);
        if let Err(error) = password {
            connection.leaks.show_text(&error);
        }
        let denied = connection.daemon.answers("client-deny", DENIED);
        tokio::join!(peer.deny("no", None), denied).0.unwrap();
    }
    // Not base64, but close to the response all the same.
    let peer = connection.connect(9, "x").await;
    let waits = connection.daemon.answers("client-pending-auth", WAITS);
    let text = PendingAuth::cr_text("Code", false);
    let _pending = tokio::join!(peer.pending(&text, Duration::from_secs(9)), waits).0.unwrap();
    let block = format!(">CLIENT:CR_RESPONSE,9,1,{code}\r\n>CLIENT:ENV,END");
    let Request::ClientResponse(response) = connection.request(&block).await else { panic!() };
    let error = response.response().unwrap_err();
    connection.leaks.show(&error);
    connection.leaks.show_text(&error);
    let refused = connection.daemon.answers("client-deny", "ERROR: client-deny command failed\r\n");
    let error = tokio::join!(response.deny("no", None), refused).0.unwrap_err();
    connection.leaks.error(&error);
    connection.ends().await;
}

#[tokio::test]
async fn what_a_server_decides() {
    let mut connection = Connection::new().await;
    let (token, proxy) = (connection.leaks.plain("token"), connection.leaks.secret("proxy"));
    let (key, code) = (connection.leaks.plain("key"), connection.leaks.secret("code"));
    let challenge = Crv1::new(key.as_str(), "u", "PIN").unwrap();
    let config = PeerConfig::new().push(format!("auth-token {token}")).unwrap();
    let flags = format!("proxy=p;1;dQ==;{}", STANDARD.encode(&proxy));
    let page = PendingAuth::web_auth_with(flags, "https://x/");
    connection.leaks.show(&challenge);
    connection.leaks.show(&config);
    connection.leaks.show(&page);
    connection.leaks.show(&Decision::AllowWith(config.clone()));
    connection.leaks.show(&Decision::Challenge(challenge.clone()));

    let peer = connection.connect(0, "x").await;
    let daemon = connection.daemon.answers("client-deny", DENIED);
    tokio::join!(peer.challenge(&challenge), daemon).0.unwrap();
    let peer = connection.connect(1, "x").await;
    let daemon = connection.daemon.answers("client-deny", "ERROR: client-deny command failed\r\n");
    connection.leaks.error(&tokio::join!(peer.challenge(&challenge), daemon).0.unwrap_err());
    let peer = connection.connect(2, "x").await;
    let daemon = connection.daemon.answers("END", ALLOWED);
    tokio::join!(peer.allow_with(config), daemon).0.unwrap();
    let peer = connection.connect(3, "x").await;
    let daemon = connection.daemon.answers("client-pending-auth", WAITS);
    let pending = tokio::join!(peer.pending(&page, Duration::from_secs(9)), daemon).0.unwrap();
    connection.leaks.show(&pending);
    let daemon = connection.daemon.answers("client-pending-auth", WAITS);
    let text = PendingAuth::cr_text("Code", false);
    let peer = pending.resume();
    let pending = tokio::join!(peer.pending(&text, Duration::from_secs(9)), daemon).0.unwrap();
    connection.leaks.show(&pending);
    let code = STANDARD.encode(code);
    let block = format!(">CLIENT:CR_RESPONSE,3,1,{code}\r\n>CLIENT:ENV,END");
    let Request::ClientResponse(response) = connection.request(&block).await else { panic!() };
    connection.leaks.show(&response.response());
    let daemon = connection.daemon.answers("client-auth", ALLOWED);
    tokio::join!(response.allow(), daemon).0.unwrap();
    connection.ends().await;
}

#[tokio::test]
async fn what_cannot_be_read() {
    let mut connection = Connection::new().await;
    let secret = connection.leaks.plain("secret");
    let base64 = STANDARD.encode(&secret);
    // Of families that have no secrets the bytes are kept, and not shown.
    for line in [format!(">FUTURE:{secret}"), format!(">STATE:{secret}")] {
        connection.daemon.says(format!("{line}\r\n")).await;
    }
    connection.passes_round_trip().await;
    while let Some(event) = connection.events.try_next() {
        connection.leaks.event(&event.unwrap());
    }
    for line in [
        format!(">CLIENT:ENV,password={secret}"),
        format!(">CLIENT:ENV,{secret}"),
        format!(">CLIENT:CONNECT,x,1\r\n>CLIENT:ENV,password={secret}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:CONNECT,1,{secret}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:CR_RESPONSE,1,x,{base64}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:CR_RESPONSE,{base64}\r\n>CLIENT:ENV,END"),
        format!(
            ">CLIENT:CR_RESPONSE,1,1,{base64}\r\n>CLIENT:CR_RESPONSE,1,1,{base64}\r\n>CLIENT:ENV,END"
        ),
        format!(">CLIENT:FUTURE,1,{secret}\r\n>CLIENT:ENV,password={secret}\r\n>CLIENT:ENV,END"),
        format!(">UPDOWN:{secret}\r\n>UPDOWN:ENV,password={secret}\r\n>UPDOWN:ENV,END"),
        format!(">UPDOWN:UP\r\n>UPDOWN:ENV,{secret}\r\n>UPDOWN:ENV,END"),
        format!(">PASSWORD:{secret}"),
        format!(">PASSWORD:Auth-Token {secret}"),
        format!(">PASSWORD:Need {secret}"),
        format!(">PASSWORD:Verification Failed: 'Auth' ['CRV1:{secret}"),
        format!(">INFOMSG:CR_TEXT:{secret}"),
        format!(">INFOMSG:WEB_AUTH:proxy={secret}"),
        format!(">{secret}"),
        format!(">{secret}:"),
        format!(">CLIENT:CONNECT,1,2,{secret}\r\n>CLIENT:ENV,END"),
        format!(">CLIENT:ADDRESS,1,10.8.0.2,1,{secret}"),
        format!(">CLIENT:DISCONNECT,1,{secret}\r\n>CLIENT:ENV,END"),
        format!(">HOLD:{secret}"),
        format!(">HOLD:Waiting for hold release:{secret}"),
        // Replies to nobody.
        secret.clone(),
        format!("SUCCESS: {secret}"),
        format!("ERROR: unknown command [{base64}], enter 'help' for more options"),
    ] {
        connection.daemon.says(format!("{line}\r\n")).await;
    }
    // Cut in the midst of a block by the end.
    connection
        .daemon
        .says(format!(">CLIENT:CONNECT,8,1\r\n>CLIENT:ENV,password={secret}\r\n>CLIENT:E"))
        .await;
    connection.ends().await;
}

#[tokio::test]
async fn the_log_of_the_daemon() {
    let mut connection = Connection::new().await;
    let secret = connection.leaks.plain("secret");
    let base64 = STANDARD.encode(&secret);
    let mut lines = Vec::new();
    for line in [
        format!("MANAGEMENT: CMD 'cr-response {base64}'"),
        format!("MANAGEMENT: CMD 'needstr \"x\" \"{secret}\"'"),
        format!("MANAGEMENT: CMD 'client-deny 0 1 \"challenge\" \"CRV1:R,E:{secret}:Y3Ix:PIN\"'"),
        format!("MANAGEMENT: CMD 'client-pending-auth 0 1 \"WEB_AUTH:proxy=h;1;;{base64}:u\" 9'"),
        format!("MANAGEMENT: CMD 'push-update-cid 0 \"auth-token {secret}\"'"),
    ] {
        lines.push(format!("1795332307,D,{line}"));
    }
    for line in &lines {
        connection.daemon.says(format!(">LOG:{line}\r\n")).await;
    }
    let client = connection.client.clone();
    let reply = format!("{}\r\nEND\r\n", lines.join("\r\n"));
    let (history, _) = tokio::join!(
        client.log_history(openvpn_mgmt::History::All),
        connection.daemon.answers("log all", &reply)
    );
    connection.leaks.show(&history);
    for line in history.unwrap().into_iter().map(Result::unwrap) {
        connection.leaks.show_text(&line);
        assert!(line.text.to_string().contains("MANAGEMENT: CMD"));
    }
    let (raw, _) = tokio::join!(
        client.raw_command("log 5", ReplyShape::Block),
        connection.daemon.answers("log 5", &reply)
    );
    connection.leaks.show(&raw);
    connection.ends().await;
}

#[tokio::test]
async fn raw_commands() {
    let mut connection = Connection::new().await;
    let secret = connection.leaks.plain("secret");
    let client = connection.client.clone();
    let line = format!("password Auth {secret}");
    let (reply, _) = tokio::join!(
        client.raw_command(&line, ReplyShape::Line),
        connection.daemon.answers("password", "ERROR: no password is currently needed\r\n")
    );
    connection.leaks.error(&reply.unwrap_err());
    for bad in [format!("{line}\n"), format!("{line} \"open"), line.repeat(99)] {
        connection.leaks.error(&client.raw_command(&bad, ReplyShape::Line).await.unwrap_err());
    }
    connection.ends().await;
}

#[tokio::test]
async fn the_lowest_layer() {
    let mut leaks = LeakCheck::new();
    let secret = leaks.plain("secret");
    let mut demuxer = Demuxer::new();
    demuxer
        .feed(format!(">PASSWORD:Auth-Token:{secret}\r\n{secret}\r\nENTER PASSWORD:").as_bytes());
    demuxer.feed(format!(">CLIENT:ENV,password={secret}").as_bytes());
    leaks.show(&demuxer);
    while let Some(item) = demuxer.next_item() {
        leaks.show(&item);
    }
    leaks.show(&demuxer);
    let mut assembler = openvpn_mgmt::events::Assembler::new();
    for line in ["CLIENT:CONNECT,0,1".to_owned(), format!("CLIENT:ENV,password={secret}")] {
        assembler.push(&line.into(), &mut |event| panic!("{event:?}"));
    }
    leaks.show(&assembler);
    // Something has to be traced for the check to mean anything.
    let connection = Connection::with(leaks).await;
    connection.ends().await;
}

struct FixedCredentials(String);

impl FixedCredentials {
    fn answer(&self) -> CredentialsAnswer {
        let secret = || Secret::from(self.0.as_str());
        CredentialsAnswer { username: "u".into(), password: secret(), response: secret() }
    }
}

impl CredentialsProvider for FixedCredentials {
    async fn credentials(
        &self,
        _: CredentialsPrompt,
    ) -> Result<Option<CredentialsAnswer>, BoxError> {
        Ok(Some(self.answer()))
    }
}

#[tokio::test]
async fn handlers() {
    let mut connection = Connection::new().await;
    let secret = connection.leaks.secret("secret");
    let provider = FixedCredentials(secret.clone());
    connection.leaks.show(&provider.answer());
    let responder = Responder::new().credentials(provider);
    connection.leaks.show(&responder);
    let Connection { leaks, mut daemon, requests, .. } = connection;
    tokio::spawn(responder.run(requests));
    let verified = "SUCCESS: 'Auth' entered, but not yet verified\r\n";
    daemon.says(">PASSWORD:Need 'Auth' username/password\r\n").await;
    daemon.answers("username", verified).await;
    daemon.answers("password", "ERROR: no password is currently needed\r\n").await;
    leaks.check();

    let mut connection = Connection::with(leaks).await;
    let (shown, mut attempts) = tokio::sync::mpsc::unbounded_channel();
    let server = AuthServer::new(move |attempt: Attempt| {
        let shown = shown.clone();
        async move {
            shown.send(format!("{attempt:?} {:?}", attempt.password())).unwrap();
            if attempt.cid().0 == 0 {
                return Ok(Decision::Challenge(Crv1::new("x", "u", "PIN")?));
            }
            Err("no".into())
        }
    });
    connection.leaks.show(&server);
    let Connection { mut leaks, mut daemon, requests, .. } = connection;
    tokio::spawn(server.run(requests));
    for cid in 0..2 {
        let block = format!(
            ">CLIENT:CONNECT,{cid},1\r\n>CLIENT:ENV,username=u\r\n>CLIENT:ENV,password={secret}\r\n\
             >CLIENT:CR_RESPONSE,7,1,{}\r\n>CLIENT:ENV,END\r\n>CLIENT:CONNECT,{cid},1\r\n\
             >CLIENT:ENV,username=u\r\n>CLIENT:ENV,password={secret}\r\n>CLIENT:ENV,END\r\n",
            STANDARD.encode(&secret)
        );
        daemon.says(block).await;
        let attempt = attempts.recv().await.unwrap();
        leaks.show_text(&attempt);
        assert!(leaks.has_shown("[redacted]"));
        daemon.answers("client-deny", "ERROR: client-deny command failed\r\n").await;
    }
    leaks.check();
}
