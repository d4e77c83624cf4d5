//! The examples of a client's side, run unattended on real daemons.

mod programs;

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use lab::{ClientOptions, Lab, Process, ServerOptions, Version, skip};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

const PATIENCE: Duration = Duration::from_secs(300);

/// An example that runs, in a folder for temporary files of its own.
struct Example {
    child: Child,
    pid: u32,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    seen: String,
    dir: TempDir,
}

/// How it ended.
struct End {
    status: ExitStatus,
    output: String,
    errors: String,
}

impl Example {
    fn start(name: &str, args: &[&str], env: &[(&str, &Path)]) -> Result<Self> {
        let dir = TempDir::new()?;
        let mut command = tokio::process::Command::new(programs::program(name)?);
        // Its own deadline is for people who wait; here others keep the machine busy.
        command.args(args).args(["--deadline", "300"]);
        command.envs(env.iter().copied()).env("TMPDIR", dir.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        let pid = child.id().context("it has ended")?;
        let input = child.stdin.take().context("no input")?;
        let output = BufReader::new(child.stdout.take().context("no output")?).lines();
        Ok(Self { child, pid, input, output, seen: String::new(), dir })
    }

    /// Gives every answer at once, as a pipe does.
    async fn answer(&mut self, answers: &[&str]) -> Result<()> {
        let text = answers.join("\n") + "\n";
        Ok(self.input.write_all(text.as_bytes()).await?)
    }

    /// Reads until a line with this in it.
    async fn line(&mut self, part: &str) -> Result<String> {
        let found = async {
            while let Some(line) = self.output.next_line().await? {
                self.seen.push_str(&line);
                self.seen.push('\n');
                if line.contains(part) {
                    return Ok(Some(line));
                }
            }
            Ok::<_, std::io::Error>(None)
        };
        let found = tokio::time::timeout(PATIENCE, found).await.context("it hangs")??;
        found.with_context(|| format!("no line with {part:?}:\n{}", self.seen))
    }

    /// Waits for its end, and looks what it left.
    async fn end(self) -> Result<End> {
        let Self { child, pid, input, output, seen, dir } = self;
        drop(input);
        Running { child, pid, output, seen, dir }.end().await
    }

    /// As [`end`](Self::end), by a Ctrl-C while it waits for an answer.
    async fn interrupt(self) -> Result<End> {
        let Self { child, pid, input, output, seen, dir } = self;
        kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGINT)?;
        let end = Running { child, pid, output, seen, dir }.end().await;
        drop(input);
        end
    }
}

/// An example whose input somebody else closes.
struct Running {
    child: Child,
    pid: u32,
    output: Lines<BufReader<ChildStdout>>,
    seen: String,
    dir: TempDir,
}

impl Running {
    async fn end(mut self) -> Result<End> {
        let mut errors = String::new();
        let mut stderr = self.child.stderr.take().context("no errors")?;
        let read = async {
            let output = async {
                while let Some(line) = self.output.next_line().await? {
                    self.seen.push_str(&line);
                    self.seen.push('\n');
                }
                Ok(())
            };
            tokio::try_join!(output, stderr.read_to_string(&mut errors))?;
            self.child.wait().await
        };
        let status = tokio::time::timeout(PATIENCE, read).await.context("it hangs")??;
        let left = leftovers(self.pid, self.dir.path())?;
        ensure!(left.is_empty(), "left behind: {left:?}\n{}\n{errors}", self.seen);
        Ok(End { status, output: self.seen, errors })
    }
}

impl End {
    fn shows(&self, part: &str) -> &Self {
        assert!(self.output.contains(part), "no {part:?} in:\n{}\n{}", self.output, self.errors);
        self
    }

    fn succeeded(&self) -> &Self {
        assert!(self.status.success(), "{}:\n{}\n{}", self.status, self.output, self.errors);
        self
    }

    fn failed_with(&self, part: &str) -> &Self {
        assert_eq!(self.status.code(), Some(1), "{}\n{}", self.output, self.errors);
        assert!(self.errors.contains(part), "no {part:?} in:\n{}", self.errors);
        self
    }

    /// Not even in the traces; what the demo says on purpose stands in its line of stars.
    fn hides(&self, secrets: &[&str]) {
        let output = self.output.lines().filter(|line| !line.starts_with("***"));
        for line in output.chain(self.errors.lines()) {
            for secret in secrets {
                assert!(!line.contains(secret), "a secret in: {line}");
            }
        }
    }
}

/// Files, processes and devices of an example that has ended.
fn leftovers(pid: u32, dir: &Path) -> Result<Vec<String>> {
    let mut left = names(dir)?;
    let device = format!("lab{pid:x}-");
    left.extend(names(Path::new("/sys/class/net"))?.into_iter().filter(|n| n.starts_with(&device)));
    let dir = dir.display().to_string();
    for process in names(Path::new("/proc"))? {
        // Those that end meanwhile are none.
        let words = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&words).contains(&dir) {
            left.push(format!("process {process}"));
        }
    }
    Ok(left)
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder)?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// Runs the demo of `credentials` with traces, and answers all it asks.
async fn credentials(scenario: &str, answers: &[&str]) -> Result<End> {
    let mut example = Example::start("credentials", &["--scenario", scenario, "--verbose"], &[])?;
    example.answer(answers).await?;
    example.end().await
}

async fn external_key(args: &[&str], env: &[(&str, &Path)]) -> Result<End> {
    Example::start("external_key", args, env)?.end().await
}

const PASSWORD: &str = "open sesame";
const CODE: &str = "123456";
const WRONG: &str = "b4d-gu3ss";
const CONNECTED: &str = "tunnel CONNECTED";

#[tokio::test]
async fn a_wrong_password_is_asked_for_again() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("a_wrong_password_is_asked_for_again")? else {
        return Ok(());
    };
    let end = credentials("plain", &["alice", WRONG, "alice", PASSWORD]).await?;
    end.succeeded().shows("verification of 'Auth' failed: wrong user name or password");
    end.shows("User name: (from the script)").shows(CONNECTED).hides(&[WRONG, PASSWORD]);
    Ok(())
}

#[tokio::test]
async fn a_static_challenge_is_answered() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("a_static_challenge_is_answered")? else { return Ok(()) };
    let answers = ["alice", PASSWORD, WRONG, "alice", PASSWORD, CODE];
    let end = credentials("static", &answers).await?;
    end.succeeded().shows("verification of 'Auth' failed: wrong code").shows(CONNECTED);
    end.shows("Code of your token: (from the script)").hides(&[WRONG, PASSWORD, CODE]);
    Ok(())
}

#[tokio::test]
async fn a_response_appended_to_the_password_is_answered() -> Result<()> {
    let name = "a_response_appended_to_the_password_is_answered";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let answers = ["alice", PASSWORD, WRONG, "alice", PASSWORD, CODE];
    let end = credentials("static-concat", &answers).await?;
    if lab.daemon().version() < Version::new(2, 7, 0) {
        end.failed_with("needs OpenVPN 2.7");
    } else {
        end.succeeded().shows(CONNECTED).hides(&[WRONG, PASSWORD, CODE]);
    }
    Ok(())
}

#[tokio::test]
async fn a_dynamic_challenge_is_answered() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("a_dynamic_challenge_is_answered")? else { return Ok(()) };
    let answers = ["alice", PASSWORD, WRONG, "alice", PASSWORD, CODE];
    let end = credentials("dynamic", &answers).await?;
    end.succeeded().shows("verification of 'Auth' failed: wrong code").shows(CONNECTED);
    end.shows("a code is wanted").hides(&[WRONG, PASSWORD, CODE, "CRV1"]);
    Ok(())
}

#[tokio::test]
async fn a_challenge_while_waiting_is_answered() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("a_challenge_while_waiting_is_answered")? else {
        return Ok(());
    };
    let answers = ["alice", PASSWORD, WRONG, "alice", PASSWORD, CODE];
    let end = credentials("pending", &answers).await?;
    end.succeeded().shows("is to wait").shows("failed: wrong code").shows(CONNECTED);
    end.hides(&[WRONG, PASSWORD, CODE]);
    Ok(())
}

#[tokio::test]
async fn a_page_to_open_is_shown() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("a_page_to_open_is_shown")? else { return Ok(()) };
    let mut example = Example::start("credentials", &["--scenario", "web"], &[])?;
    example.answer(&["alice", PASSWORD]).await?;
    let line = example.line("Open this page: http://").await?;
    let (address, path) = line
        .split_once("http://")
        .and_then(|(_, url)| url.split_once('/'))
        .context("the page has no address")?;
    let mut browser = tokio::net::TcpStream::connect(address).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    browser.write_all(request.as_bytes()).await?;
    let mut page = String::new();
    browser.read_to_string(&mut page).await?;
    assert!(page.contains("200 OK"), "{page}");
    example.end().await?.succeeded().shows(CONNECTED);
    Ok(())
}

#[tokio::test]
async fn the_password_of_a_private_key_is_asked_for() -> Result<()> {
    let name = "the_password_of_a_private_key_is_asked_for";
    let Some(_) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let end = credentials("key-password", &[WRONG, PASSWORD]).await?;
    end.succeeded().shows("verification of 'Private Key' failed").shows(CONNECTED);
    end.hides(&[WRONG, PASSWORD]);
    Ok(())
}

#[tokio::test]
async fn the_pin_of_a_token_is_asked_for() -> Result<()> {
    let name = "the_pin_of_a_token_is_asked_for";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    if let Err(error) = lab.token("alice") {
        skip(name, &error);
        return Ok(());
    }
    let end = credentials("token", &[WRONG, lab::Token::PIN]).await?;
    end.succeeded().shows("certificate 0: SoftHSM").shows("PIN of 'lab token'").shows(CONNECTED);
    end.hides(&[WRONG]);
    Ok(())
}

#[tokio::test]
async fn without_an_answer_it_ends() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("without_an_answer_it_ends")? else { return Ok(()) };
    let end = credentials("plain", &["alice"]).await?;
    end.failed_with("there is no answer to: Password");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_the_daemon_would_not_take_ends_it() -> Result<()> {
    let name = "an_answer_that_the_daemon_would_not_take_ends_it";
    let Some(_) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let long = "x".repeat(5_000);
    // No user name is left for a second question.
    let end = credentials("plain", &["alice", &long]).await?;
    end.failed_with("password is 5000 bytes long, the limit is 4095");
    Ok(())
}

#[tokio::test]
async fn ctrl_c_ends_it_in_the_middle_of_a_question() -> Result<()> {
    let name = "ctrl_c_ends_it_in_the_middle_of_a_question";
    let Some(_) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let mut example = Example::start("credentials", &["--scenario", "plain"], &[])?;
    example.answer(&["alice"]).await?;
    example.line("User name:").await?;
    let end = example.interrupt().await?;
    assert_eq!(end.status.code(), Some(130), "{}", end.errors);
    assert!(end.errors.contains("stopped by Ctrl-C"), "{}", end.errors);
    Ok(())
}

#[tokio::test]
async fn a_daemon_of_the_user_is_answered() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("a_daemon_of_the_user_is_answered")? else {
        return Ok(());
    };
    // The certificate is enough for this server.
    let options = ServerOptions::new().without_hold().without_client_auth();
    let server = lab.server(options).await?;
    let options = ClientOptions::new().key(lab::KeyKind::Encrypted(PASSWORD.to_owned()));
    let options = options.remote("127.0.0.1", server.port().context("no port")?, lab::Proto::Udp);
    let client = lab.client(options.without_auth_user_pass().management_password("let me in"));
    let mut client = client.await?;
    let password = lab.dir().join("password");
    let answers = lab.dir().join("answers");
    std::fs::write(&password, "let me in\n")?;
    std::fs::write(&answers, format!("{PASSWORD}\n"))?;
    let files = [client.socket(), &password, &answers].map(|path| path.display().to_string());
    let [socket, password, answers] = files.each_ref().map(String::as_str);
    let args = ["--connect", socket, "--password-file", password, "--answers", answers, "-v"];
    let end = Example::start("credentials", &[&args[..], &["--once"]].concat(), &[])?.end().await?;
    end.succeeded().shows(CONNECTED).hides(&[PASSWORD, "let me in"]);
    assert!(client.is_running()?);
    // Attached to a tunnel that is up, it sees so at once.
    let args = ["--connect", socket, "--password-file", password, "--once"];
    Example::start("credentials", &args, &[])?.end().await?.succeeded().shows(CONNECTED);
    Ok(())
}

#[tokio::test]
async fn rsa_and_ec_keys_sign_in_every_version() -> Result<()> {
    let Some(_) = Lab::serving_or_skip("rsa_and_ec_keys_sign_in_every_version")? else {
        return Ok(());
    };
    for version in ["1", "2", "3"] {
        let end = external_key(&["--announce", version], &[]).await?;
        end.succeeded().shows("signed: RSA, ").shows("signed: ECDSA, ");
        end.shows("RSA: tunnel CONNECTED").shows("P-256: tunnel CONNECTED");
        end.shows("done: every key stayed outside the daemon");
        assert_eq!(end.output.contains("not told how"), version != "3", "{}", end.output);
    }
    Ok(())
}

#[tokio::test]
async fn pkcs1_signatures_are_accepted() -> Result<()> {
    let Some(lab) = Lab::serving_or_skip("pkcs1_signatures_are_accepted")? else { return Ok(()) };
    // By itself TLS prefers PSS.
    let settings = lab.dir().join("openssl.cnf");
    let text = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n\
                [c]\nSignatureAlgorithms = RSA+SHA256:ECDSA+SHA256\n";
    std::fs::write(&settings, text)?;
    for version in ["1", "3"] {
        let args = ["--key", "rsa", "--tls-max", "1.2", "--announce", version];
        let end = external_key(&args, &[("OPENSSL_CONF", &settings)]).await?;
        end.succeeded().shows("signed: RSA, PKCS#1 padding").shows("RSA: tunnel CONNECTED");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_key_ends_it_with_the_servers_words() -> Result<()> {
    let name = "a_wrong_key_ends_it_with_the_servers_words";
    let Some(_) = Lab::serving_or_skip(name)? else { return Ok(()) };
    for kind in ["rsa", "ec"] {
        let end = external_key(&["--wrong-key", "--key", kind], &[]).await?;
        end.failed_with("the server refused the client").failed_with("bad signature");
    }
    Ok(())
}

#[tokio::test]
async fn data_that_cannot_be_signed_ends_it() -> Result<()> {
    let name = "data_that_cannot_be_signed_ends_it";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    if lab.daemon().version() < Version::new(2, 6, 0) {
        skip(name, &"before OpenVPN 2.6 no message is sent to be signed");
        return Ok(());
    }
    for kind in ["rsa", "ec"] {
        let args = ["--announce", "2", "--formats", "pss digest", "--key", kind];
        external_key(&args, &[]).await?.failed_with("announce version 3");
    }
    Ok(())
}

/// A P-384 key, its certificate, and a server that trusts it.
struct Outsider {
    key: String,
    certificate: String,
    server: Process,
}

impl Outsider {
    async fn new(lab: &Lab) -> Result<Self> {
        let generate = || KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384);
        let (ca_key, key) = (generate()?, generate()?);
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.distinguished_name.push(DnType::CommonName, "another-ca");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = ca.self_signed(&ca_key)?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, "bob");
        let certificate = params.signed_by(&key, &ca, &ca_key)?.pem();
        let trusted = lab.dir().join("trusted.crt");
        std::fs::write(&trusted, std::fs::read_to_string(lab.dir().join("ca.crt"))? + &ca.pem())?;
        let options = ServerOptions::new().without_client_auth().without_hold();
        let server = lab.server(options.line(&format!("ca \"{}\"", trusted.display()))).await?;
        let file = |name: &str| lab.dir().join(name).display().to_string();
        std::fs::write(file("bob.key"), key.serialize_pem())?;
        std::fs::write(file("bob.crt"), certificate)?;
        Ok(Self { key: file("bob.key"), certificate: file("bob.crt"), server })
    }
}

#[tokio::test]
async fn a_p384_key_signs_for_a_daemon_of_the_user() -> Result<()> {
    let name = "a_p384_key_signs_for_a_daemon_of_the_user";
    let Some(lab) = Lab::serving_or_skip(name)? else { return Ok(()) };
    let Outsider { key, certificate, server } = Outsider::new(&lab).await?;
    for tls in ["1.2", "1.3"] {
        let options = ClientOptions::to(&server).without_auth_user_pass().management_tcp();
        let options = options.external_key("nopadding pkcs1").external_cert("bob");
        let client = lab.client(options.line(&format!("tls-version-max {tls}"))).await?;
        let address = client.address().context("no address")?.to_string();
        let args = ["--connect", &address, "--private-key", &key, "--certificate", &certificate];
        let end = external_key(&[&args[..], &["--once"]].concat(), &[]).await?;
        end.succeeded().shows("a P-384 key").shows("signed: ECDSA").shows(CONNECTED);
    }
    Ok(())
}

#[tokio::test]
async fn a_key_of_another_certificate_is_refused_beforehand() -> Result<()> {
    let dir = TempDir::new()?;
    let file = |name: &str| dir.path().join(name).display().to_string();
    let certified = rcgen::generate_simple_self_signed(Vec::new())?;
    std::fs::write(file("key"), KeyPair::generate()?.serialize_pem())?;
    std::fs::write(file("crt"), certified.cert.pem())?;
    let (key, certificate, socket) = (file("key"), file("crt"), file("nobody.sock"));
    let args = ["--connect", &socket, "--private-key", &key, "--certificate", &certificate];
    let end = external_key(&args, &[]).await?;
    end.failed_with("the private key does not belong to the certificate");
    Ok(())
}
