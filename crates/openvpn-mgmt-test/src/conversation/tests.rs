use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::{Conversation, Release, World, WorldError};

const V2_6: Release = Release::new(2, 6);

/// A daemon that says the same to each manager, and then hears.
struct Scripted(&'static [u8]);

impl World for Scripted {
    type Stream = DuplexStream;

    async fn connect(&mut self) -> Result<DuplexStream, WorldError> {
        let (ours, mut theirs) = duplex(1 << 16);
        let says = self.0;
        tokio::spawn(async move {
            theirs.write_all(says).await.ok();
            let mut heard = Vec::new();
            theirs.read_to_end(&mut heard).await.ok();
        });
        Ok(ours)
    }

    async fn act(&mut self, words: &str) -> Result<(), WorldError> {
        Err(WorldError::new(format!("there is no `{words}`")))
    }
}

fn parsed(steps: &str) -> Result<Conversation, String> {
    let text = format!("facts: 1, 2\nversions: 2.6\ndaemon: client, hold\n{steps}");
    Conversation::parse("it.txt", &text).map_err(|error| error.to_string())
}

async fn held(steps: &str, says: &'static [u8]) -> Result<(), String> {
    let conversation = parsed(steps)?;
    let run = conversation.run(V2_6, &mut Scripted(says)).await;
    run.map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())
}

#[test]
fn a_head_is_read() {
    let conversation = parsed("daemon > x").unwrap();
    assert_eq!(conversation.facts(), [1, 2]);
    assert_eq!(conversation.releases(), [V2_6]);
    assert_eq!(conversation.set_up(), ["client", "hold"]);
    assert!(conversation.is_for(V2_6) && !conversation.is_for(Release::new(2, 5)));
}

#[test]
fn what_cannot_be_read_names_its_line() {
    for (steps, says) in [
        ("daemon > {a", "it.txt:4: a hole is not closed by `}`"),
        ("\nmanager > {cid}", "it.txt:5: `{cid}` has no value yet"),
        ("manager > {}", "it.txt:4: what is sent can have no nameless hole"),
        ("daemon says x", "it.txt:4: `daemon says x` is no step"),
        (
            "daemon > {*}\nmanager > x",
            "it.txt:5: behind `{*}` the daemon must say something or close",
        ),
        ("any order {\ndaemon > x", "it.txt:5: `any order` of line 4 is not closed"),
        ("manager + x", "it.txt:4: `manager +` needs a line of the manager above it"),
        ("2.x: daemon > x", "it.txt:4: `2.x: daemon > x` is no step"),
        ("daemon > {A}", "it.txt:4: `A` is no name of a hole: lower-case letters, `-` and `_`"),
        ("daemon > {\"AB\" * 32769}", "it.txt:4: `\"AB\" * 32769` is over 65536 bytes"),
        (
            "daemon > {\"A\" * 18446744073709551615}",
            "it.txt:4: `\"A\" * 18446744073709551615` is over 65536 bytes",
        ),
        ("", "it.txt:3: nothing is said"),
    ] {
        assert_eq!(parsed(steps).unwrap_err(), says, "{steps}");
    }
}

#[tokio::test(start_paused = true)]
async fn lines_are_matched_in_order_with_their_holes() {
    let says = b">CLIENT:CONNECT,3,1\r\n>CLIENT:ENV,a=b\r\n>CLIENT:ENV,END\r\n3\r\n";
    let steps = "daemon > >CLIENT:CONNECT,{cid},{number}\ndaemon > >CLIENT:ENV,{*}\n\
                 daemon > >CLIENT:ENV,END\n2.5: daemon > never\n2.6: daemon > {cid}";
    held(steps, says).await.unwrap();
    let other = steps.replace("2.6: daemon > {cid}", "daemon > {cid}4");
    let failed = held(&other, says).await.unwrap_err();
    assert_eq!(failed, "it.txt:8: expected `{cid}4`, but came `3`");
}

#[tokio::test(start_paused = true)]
async fn any_order_keeps_the_order_of_a_group() {
    let steps = "any order {\ndaemon > a\ndaemon > {*}\ndaemon > c\nand\ndaemon > 1\n}";
    held(steps, b"a\r\n1\r\nb\r\nc\r\n").await.unwrap();
    held(steps, b"1\r\na\r\nc\r\n").await.unwrap();
    let failed = held(steps, b"c\r\na\r\n1\r\n").await.unwrap_err();
    assert_eq!(failed, "it.txt:4: expected `a` or `1`, but came `c`");
    held("any order {\ndaemon > a\ndaemon > b\n}", b"b\r\na\r\n").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_said_too_much_fails() {
    let failed = held("daemon > a", b"a\r\nb\r\n").await.unwrap_err();
    assert_eq!(failed, "it.txt:4: expected `nothing more`, but came `b\\n`");
    held("daemon > a\ndaemon > {*}", b"a\r\nb\r\n").await.unwrap();
    let failed = held("daemon > a", b"a\n").await.unwrap_err();
    assert_eq!(failed, "it.txt:4: expected `a`, but came `a{no CR}`");
}

#[tokio::test(start_paused = true)]
async fn silence_fails_after_the_deadline() {
    let failed = held("daemon > a", b"").await.unwrap_err();
    assert_eq!(failed, "it.txt:4: after 60 s `a` has not come");
    let failed = held("daemon closes", b"half").await.unwrap_err();
    assert_eq!(failed, "it.txt:4: after 60 s the daemon has not closed; unread is `half`");
}

#[tokio::test(start_paused = true)]
async fn a_prompt_without_a_line_end_is_taken() {
    let steps = "daemon > ENTER PASSWORD:{no line end}\ndaemon > SUCCESS";
    held(steps, b"ENTER PASSWORD:SUCCESS\r\n").await.unwrap();
    let failed = held(steps, b"ENTER WORD").await.unwrap_err();
    assert_eq!(failed, "it.txt:4: expected `ENTER PASSWORD:{no line end}`, but came `ENTER WORD`");
}

#[tokio::test(start_paused = true)]
async fn a_second_manager_takes_over() {
    let steps = "daemon > a\nworld > another manager connects\nmanager closes\n\
                 world > it takes over\ndaemon > a";
    held(steps, b"a\r\n").await.unwrap();
    let heard =
        "daemon > a\nworld > another manager connects\nmanager > x\nworld > it hears nothing";
    let failed = held(heard, b"a\r\n").await.unwrap_err();
    assert_eq!(failed, "it.txt:7: expected `nothing`, but came `a\\n`");
    let failed = held("world > it leaves", b"").await.unwrap_err();
    assert_eq!(failed, "it.txt:4: no other manager is connected");
    let failed = held("world > alice connects", b"").await.unwrap_err();
    assert_eq!(failed, "it.txt:4: there is no `alice connects`");
}

#[tokio::test(start_paused = true)]
async fn what_was_said_stands_in_the_error() {
    let conversation =
        parsed("daemon > {\"ab\" * 2}\nmanager > {tab}x{0x80}\nmanager + y\ndaemon > c").unwrap();
    let error = conversation.run(V2_6, &mut Scripted(b"abab\r\n\xffd\r\n")).await.unwrap_err();
    assert_eq!(error.line(), 7);
    assert_eq!(error.reason(), "expected `c`, but came `{0xff}d`");
    assert_eq!(error.said(), ["daemon > abab", "manager > {tab}x{0x80}", "manager > y"]);
}
