use proptest::prelude::*;

use super::*;

fn line(text: &'static str, format: LogFileFormat) -> LogFileLine {
    LogFileLine::parse(text, format)
}

fn bare(text: &'static str) -> LogFileLine {
    LogFileLine { time: None, level: None, text: text.into() }
}

fn local(text: &str) -> LogFileTime {
    LogFileTime::Local(text.parse().unwrap())
}

#[test]
fn local_times() {
    let read = |text| line(text, LogFileFormat::Timestamps);
    let time = Some(local("2026-11-22 07:23:58"));
    let plain = LogFileLine { time, level: None, text: "library versions: x".into() };
    assert_eq!(read("2026-11-22 07:23:58 library versions: x"), plain);
    assert_eq!(read("Sun Nov 22 07:23:58 2026 library versions: x"), plain);
    let exact = LogFileLine { time: Some(local("2026-11-22 07:23:58 us=250000")), ..plain };
    assert_eq!(read("2026-11-22 07:23:58 us=250000 library versions: x"), exact);
    assert_eq!(read("2026-11-22 07:23:58 ").text, "");
    for text in ["Options error: x", "", "2026-11-22 07:23:58", "1795332238.250000 41 x"] {
        assert_eq!(read(text), bare(text));
    }
}

#[test]
fn machine_readable_output() {
    let read = |text| line(text, LogFileFormat::MachineReadable);
    let time = Some(LogFileTime::Unix { seconds: 1_795_332_238, microseconds: 7 });
    let level = Some(LogFileLevel::new(0x2000_0051));
    let expected = LogFileLine { time, level, text: "a  b".into() };
    assert_eq!(read("1795332238.000007 20000051 a  b"), expected);
    assert_eq!(expected.time.unwrap().unix(), Some(1_795_332_238));
    let early = read("2026-11-22 07:23:58 DEPRECATED OPTION: x");
    assert_eq!(early.time, Some(local("2026-11-22 07:23:58")));
    assert_eq!(early.time.unwrap().unix(), None);
    for text in [
        "",
        "text",
        "1795332238 1 x",
        "1795332238.00007 1 x",
        "1795332238.+00007 1 x",
        "1795332238.000007 1",
        "1795332238.000007  x",
        "1795332238.000007 1F x",
        "1795332238.000007 100000000 x",
    ] {
        assert_eq!(read(text), bare(text));
    }
}

#[test]
fn without_timestamps_all_is_text() {
    // A client may have chosen how this begins.
    for text in ["1795332238.000007 10 mallory/192.0.2.1:1 x", "2026-11-22 07:23:58 x", ""] {
        assert_eq!(line(text, LogFileFormat::Suppressed), bare(text));
    }
}

#[test]
fn levels() {
    let flags = |bits| LogFileLevel::new(bits).flags().to_string();
    assert_eq!([1, 0x11, 0x21, 0x41, 0x84, 3].map(flags), ["I", "F", "N", "W", "D", ""]);
    assert_eq!(flags(0x1_0061), "NW");
    let level = LogFileLevel::new(0x14f);
    assert_eq!((level.verbosity(), level.bits()), (15, 0x14f));
    assert!(level.is_warning() && !level.is_fatal() && !level.is_nonfatal() && !level.is_debug());
}

#[test]
fn lines_show_how_much_of_them_is_left_and_no_text() {
    let mut lines = LogFileLines::new("hunter2\nhunter3\n", LogFileFormat::Suppressed);
    assert_eq!(format!("{lines:?}"), "LogFileLines(Suppressed, 16 bytes left)");
    lines.next();
    assert_eq!(format!("{lines:?}"), "LogFileLines(Suppressed, 8 bytes left)");
}

#[test]
fn lines_end_in_lf_or_crlf() {
    for log in ["1.000000 1 a\n2.000000 1 b\npart", "1.000000 1 a\r\n2.000000 1 b\r\npart"] {
        let mut lines = LogFileLines::new(log, LogFileFormat::MachineReadable);
        let texts: Vec<_> = lines.by_ref().map(|line| line.text.to_string()).collect();
        assert_eq!(
            (texts, lines.rest().to_string()),
            (vec!["a".into(), "b".into()], "part".into())
        );
    }
}

#[test]
fn the_form_is_that_of_most_lines() {
    let machine = b"2026-11-22 07:23:58 early\n1.000000 1 a\n1.000000 1 b\n";
    assert_eq!(LogFileFormat::detect(machine), Some(LogFileFormat::MachineReadable));
    let local = b"2026-11-22 07:23:58 a\r\n2026-11-22 07:23:58 b\r\nscript\r\n1.000000 1 half";
    assert_eq!(LogFileFormat::detect(local), Some(LogFileFormat::Timestamps));
    assert_eq!(LogFileFormat::detect(b"a\nb\n"), Some(LogFileFormat::Suppressed));
    assert_eq!(LogFileFormat::detect(b"2026-11-22 07:23:58 half"), None);
}

#[test]
fn what_the_daemon_logs_of_a_secret_is_not_shown() {
    let text = "2026-11-22 07:23:58 MANAGEMENT: CMD 'needstr pin hunter2'";
    let line = line(text, LogFileFormat::Timestamps);
    assert_eq!(line.text, "MANAGEMENT: CMD 'needstr pin hunter2'");
    assert!(!format!("{line} {line:?}").contains("hunter2"));
}

proptest! {
    #[test]
    fn any_text_is_lines_and_a_rest(log in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in [LogFileFormat::Timestamps, LogFileFormat::MachineReadable, LogFileFormat::Suppressed] {
            let mut lines = LogFileLines::new(log.clone(), format);
            let count = lines.by_ref().count();
            prop_assert_eq!(count, memchr::memchr_iter(b'\n', &log).count());
            prop_assert!(log.ends_with(lines.rest().as_bytes()));
        }
        let _ = LogFileFormat::detect(&log);
    }
}

#[test]
fn a_line_is_shown_by_its_text_and_what_is_left_by_its_length() {
    let read = line("2026-11-22 07:23:58 started", LogFileFormat::Timestamps);
    assert_eq!(read.to_string(), "started");
    let shown = format!("{read:?}");
    assert!(shown.starts_with("LogFileLine { time: Some(") && shown.contains("started"), "{shown}");
    assert_eq!(format!("{:?}", bare("x")), r#"LogFileLine { time: None, level: None, text: "x" }"#);
}
