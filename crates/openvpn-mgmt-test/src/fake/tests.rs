use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use super::*;
use crate::conversation::{Conversation, Release};
use crate::faults::Faults;

async fn line(stream: &mut BufReader<DuplexStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    line.trim_end().to_owned()
}

const GREETING: &str = ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info";

#[tokio::test(start_paused = true)]
async fn one_manager_is_served_at_a_time() {
    let fake = FakeDaemon::v2_6().server();
    let mut first = BufReader::new(fake.connect().unwrap());
    assert_eq!(line(&mut first).await, GREETING);
    let mut second = fake.connect().unwrap();
    let _third = fake.connect().unwrap();
    assert_eq!(fake.connect().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let nothing = tokio::time::timeout(Duration::from_secs(60), second.read_u8()).await;
    assert!(nothing.is_err());
    drop(first);
    assert_eq!(line(&mut BufReader::new(second)).await, GREETING);
}

#[tokio::test(start_paused = true)]
async fn a_conversation_runs() {
    let text = "\
facts: 1
versions: 2.6
daemon: server, hold, client-auth
daemon > >INFO:OpenVPN Management Interface Version {number} -- type 'help' for more info
daemon > >HOLD:Waiting for hold release:0
manager > hold release
daemon > SUCCESS: hold release succeeded
world > alice connects with alice s3
daemon > >CLIENT:CONNECT,{cid},{kid}
daemon > >CLIENT:ENV,{*}
daemon > >CLIENT:ENV,END
manager > client-deny {cid} {kid} no \"come later\"
daemon > SUCCESS: client-deny command succeeded
world > alice hears come later
world > time passes 5 seconds
daemon > >CLIENT:DISCONNECT,{cid}
daemon > >CLIENT:ENV,END
manager > exit
daemon closes
";
    let conversation = Conversation::parse("it", text).unwrap();
    let mut fake = FakeDaemon::v2_6().set_up("server, hold, client-auth").unwrap();
    let run = conversation.run(Release::new(2, 6), &mut fake).await;
    run.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test(start_paused = true)]
async fn what_is_expected_and_comes_is_well() {
    let fake =
        FakeDaemon::v2_7().server().client_connects("alice", |c| c).expect("client-auth-nt 0 1");
    let mut stream = BufReader::new(fake.connect().unwrap());
    while line(&mut stream).await != ">CLIENT:ENV,END" {}
    stream.write_all(b"client-auth-nt 0 1\n").await.unwrap();
    assert_eq!(line(&mut stream).await, "SUCCESS: client-auth command succeeded");
    assert!(fake.conversation().contains("manager > client-auth-nt 0 1\n"));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "no command came that begins with \"verb\":\ndaemon > >INFO:OpenVPN")]
async fn what_is_expected_and_does_not_come_is_shown() {
    let fake = FakeDaemon::v2_6().server().expect("verb");
    let mut stream = BufReader::new(fake.connect().unwrap());
    assert_eq!(line(&mut stream).await, GREETING);
    stream.write_all(b"pid\n").await.unwrap();
    line(&mut stream).await;
}

#[tokio::test(start_paused = true)]
async fn byte_counts_come_in_the_time_of_tokio() {
    let fake = FakeDaemon::v2_6().server_without_client_auth();
    fake.with(|_| ());
    let mut stream = BufReader::new(fake.connect().unwrap());
    line(&mut stream).await;
    fake.connects(Client::new("alice")).unwrap();
    stream.write_all(b"bytecount 5\n").await.unwrap();
    while !line(&mut stream).await.starts_with("SUCCESS") {}
    let before = tokio::time::Instant::now();
    assert_eq!(line(&mut stream).await, ">BYTECOUNT_CLI:0,2908,3050");
    assert_eq!(before.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_frees_the_daemon_for_the_next() {
    let fake = FakeDaemon::v2_6().server().faults(Faults::seeded(1).split().cut_at(20));
    for _ in 0..3 {
        let mut text = String::new();
        fake.connect().unwrap().read_to_string(&mut text).await.unwrap();
        assert_eq!(text, &GREETING[..20]);
    }
}

#[tokio::test]
async fn it_listens_on_sockets() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.sock");
    let mut unix = FakeDaemon::v2_6();
    unix.listen_unix(&path).unwrap();
    let mut tcp = FakeDaemon::v2_6();
    let address = tcp.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let mut text = [0; 5];
    for _ in 0..2 {
        tokio::net::UnixStream::connect(&path).await.unwrap().read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b">INFO");
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.read_exact(&mut text).await.unwrap();
        assert_eq!(&text, b">INFO");
    }
}

/// As with OpenVPN: two wait in the queue of the system, and a further `connect` fails at once.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_queue_refuses_a_connection() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("m.sock");
    let mut fake = FakeDaemon::v2_6();
    fake.listen_unix(&path).unwrap();
    let mut first = tokio::net::UnixStream::connect(&path).await.unwrap();
    first.read_u8().await.unwrap();
    let mut second = tokio::net::UnixStream::connect(&path).await.unwrap();
    let _third = tokio::net::UnixStream::connect(&path).await.unwrap();
    let refused = tokio::net::UnixStream::connect(&path).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    drop(first);
    assert_eq!(second.read_u8().await.unwrap(), b'>');
}

#[tokio::test(start_paused = true)]
async fn what_no_daemon_says_can_be_said() {
    let fake =
        FakeDaemon::v2_6().server().answers("pid", &["SUCCESS: pid=none"]).answers("hold", &[]);
    let mut stream = BufReader::new(fake.connect().unwrap());
    assert_eq!(line(&mut stream).await, GREETING);
    stream.write_all(b"hold\npid\n").await.unwrap();
    assert_eq!(line(&mut stream).await, "SUCCESS: pid=none");
    fake.with(|daemon| daemon.says(">NEW:thing"));
    assert_eq!(line(&mut stream).await, ">NEW:thing");
    fake.with(|daemon| daemon.dies("out of luck"));
    assert_eq!(line(&mut stream).await, ">FATAL:out of luck");
    assert_eq!(line(&mut stream).await, "");
    assert_eq!(fake.connect().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn it_dials_its_manager_and_ends_with_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = FakeDaemon::v2_7();
    fake.dial_tcp(listener.local_addr().unwrap()).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'>');
    drop(stream);
    while !fake.with(|daemon| daemon.has_ended()) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_run_beside_each_other() {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200_u32 {
        tasks.spawn(async move {
            let personality = Personality::ALL[number as usize % 3];
            let fake = FakeDaemon::of(personality).server().expect("pid");
            let mut stream = BufReader::new(fake.connect().unwrap());
            line(&mut stream).await;
            stream.write_all(b"pid\n").await.unwrap();
            line(&mut stream).await
        });
    }
    while let Some(said) = tasks.join_next().await {
        assert_eq!(said.unwrap(), "SUCCESS: pid=4711");
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_is_waited_for() {
    let fake = FakeDaemon::v2_6().server();
    let mut stream = fake.connect().unwrap();
    let sending = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stream.write_all(b"quit\n").await.unwrap();
        stream
    });
    assert_eq!(fake.hears("qu").await.unwrap(), "quit");
    sending.await.unwrap();
    let error = fake.hears("pid").await.unwrap_err().to_string();
    assert!(error.starts_with("no command came that begins with \"pid\":\ndaemon > "), "{error}");
}

/// Whoever waits at one of them is not forgotten for the other.
#[tokio::test]
async fn both_sockets_of_a_daemon_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fake.sock");
    let mut fake = FakeDaemon::v2_6();
    fake.listen_unix(&path).unwrap();
    let address = fake.listen_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    for _ in 0..5 {
        let mut bytes = [0; 6];
        let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
        let mut other = tokio::net::TcpStream::connect(address).await.unwrap();
        let greeted = tokio::time::timeout(Duration::from_secs(30), async {
            stream.read_exact(&mut bytes).await.unwrap();
            drop(stream);
            other.read_exact(&mut bytes).await.unwrap();
        });
        greeted.await.expect("one is not served");
        assert_eq!(&bytes, b">INFO:");
    }
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_a_client_is_waited_for() {
    let fake = FakeDaemon::v2_6().server().client_connects("alice", |alice| alice);
    let mut stream = fake.connect().unwrap();
    let sending = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stream.write_all(b"client-deny 0 1 no later\n").await.unwrap();
        stream
    });
    fake.until(|daemon| daemon.client_heard("alice", "later")).await.unwrap();
    sending.await.unwrap();
    // Nothing is said of it: it is the time that is waited for.
    let now = fake.with(|daemon| daemon.now());
    fake.until(|daemon| daemon.now() > now + Duration::from_secs(1)).await.unwrap();
    let error = fake.until(|daemon| daemon.is_client_in("alice")).await.unwrap_err().to_string();
    assert!(error.starts_with("what was waited for did not come:\ndaemon > "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn clients_come_behind_what_their_manager_sets_first() {
    let fake = FakeDaemon::v2_6().server().client_connects("alice", |alice| alice);
    let mut stream = BufReader::new(fake.connect().unwrap());
    assert_eq!(line(&mut stream).await, GREETING);
    stream.write_all(b"env-filter 0\n").await.unwrap();
    assert_eq!(line(&mut stream).await, "SUCCESS: env_filter_level=0");
    assert_eq!(line(&mut stream).await, ">CLIENT:CONNECT,0,1");
}

#[tokio::test(start_paused = true)]
async fn clients_come_to_a_manager_that_says_nothing() {
    let fake = FakeDaemon::v2_6().server().client_connects("alice", |alice| alice);
    let mut stream = BufReader::new(fake.connect().unwrap());
    let before = tokio::time::Instant::now();
    assert_eq!(line(&mut stream).await, GREETING);
    assert_eq!(line(&mut stream).await, ">CLIENT:CONNECT,0,1");
    assert_eq!(before.elapsed().as_secs(), 5);
}
