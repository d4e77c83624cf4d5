use proptest::prelude::*;

use super::*;
use crate::reply::tests::read_back;
use crate::types::any_text;

const TITLE_2_5: &str = "OpenVPN 2.5.1 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] \
                         [EPOLL] [PKCS11] [MH/PKTINFO] [AEAD] built on May 14 2021";
const TITLE_2_6: &str = "OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] \
                         [EPOLL] [PKCS11] [MH/PKTINFO] [AEAD] [DCO]";

fn version(lines: &[&str]) -> Result<Version> {
    let lines = lines.iter().map(|line| Bytes::from((*line).to_owned()));
    Version::parse(&RawReply::block(lines.collect()))
}

fn titled(title: &str) -> Version {
    version(&[&format!("OpenVPN Version: {title}"), "Management Version: 5"]).unwrap()
}

fn number_of(word: &str) -> Option<DaemonVersion> {
    DaemonVersion::from_title(&Text::from(format!("OpenVPN {word} x [y]")))
}

#[test]
fn a_2_6_daemon() {
    let version = titled(TITLE_2_6);
    assert_eq!(version.daemon, TITLE_2_6);
    assert_eq!(version.version, Some(DaemonVersion::new(2, 6, 14)));
    assert_eq!(version.platform.as_ref().unwrap(), &"x86_64-pc-linux-gnu");
    assert_eq!(version.features.len(), 8);
    assert_eq!(version.features[0], "SSL (OpenSSL)");
    assert!(version.has_feature("DCO"));
    assert!(!version.has_feature("LZ"));
    assert_eq!(version.management, 5);
    assert!(version.other.is_empty());
}

#[test]
fn a_2_5_daemon_with_its_build_date() {
    let version = titled(TITLE_2_5);
    assert_eq!(version.version, Some(DaemonVersion::new(2, 5, 1)));
    assert_eq!(version.platform.as_ref().unwrap(), &"x86_64-pc-linux-gnu");
    assert!(version.has_feature("AEAD"));
}

#[test]
fn a_daemon_with_a_commit_in_its_title() {
    let version = titled("OpenVPN 2.7_git [git:master/0123456789abcdef] Windows [SSL (OpenSSL)]");
    assert_eq!(version.platform.as_ref().unwrap(), &"Windows");
    assert_eq!(version.features[0], "git:master/0123456789abcdef");
    assert_eq!(version.version.unwrap().suffix, "_git");
}

#[test]
fn a_foreign_title_is_kept() {
    for title in ["", "Frobnitz 3", "OpenVPN x.y", "OpenVPN 2", "OpenVPN 2.6."] {
        let version = titled(title);
        assert_eq!(version.daemon, title);
        assert_eq!(version.version, None);
    }
}

#[test]
fn other_lines_are_kept() {
    let lines = ["OpenVPN Version: x", "New: 1", "Management Version: 7", "Management Version: 8"];
    let version = version(&lines).unwrap();
    assert_eq!(version.management, 7);
    assert_eq!(version.other, ["New: 1", "Management Version: 8"]);
}

#[test]
fn the_management_version_has_two_names() {
    let lines = ["OpenVPN Version: x", "Management Interface Version: 5"];
    let version = version(&lines).unwrap();
    assert_eq!((version.management, version.other.len()), (5, 0));
}

#[test]
fn a_missing_line_is_an_error() {
    assert!(version(&[]).is_err());
    assert!(version(&["OpenVPN Version: x"]).is_err());
    assert!(version(&["Management Version: 5"]).is_err());
    assert!(version(&["OpenVPN Version: x", "Management Version: five"]).is_err());
}

#[test]
fn versions_are_ordered_and_shown() {
    let words = [
        "2.4.12",
        "2.5_rc1",
        "2.5.0",
        "2.6.0",
        "2.6.2",
        "2.6.14",
        "2.7_alpha1",
        "2.7_rc2",
        "2.7.0",
        "3.0.0",
    ];
    let versions: Vec<_> = words.iter().map(|word| number_of(word).unwrap()).collect();
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]));
    let shown: Vec<_> = versions.iter().map(ToString::to_string).collect();
    assert_eq!(shown, words);
    assert!(number_of("2.6.14").unwrap() >= DaemonVersion::new(2, 6, 2));
}

#[test]
fn prefixes_of_a_title_do_not_panic() {
    for end in 0..TITLE_2_5.len() {
        titled(&TITLE_2_5[..end]);
    }
}

#[test]
fn both_lines_are_written() {
    let version = Version::new("OpenVPN 2.6.14 linux [LZO]", 5);
    let block = "OpenVPN Version: OpenVPN 2.6.14 linux [LZO]\r\nManagement Version: 5\r\nEND\r\n";
    assert_eq!(version.to_bytes().unwrap(), block.as_bytes());
    let wrong = Version { version: None, ..version };
    let error = wrong.to_bytes().unwrap_err().to_string();
    assert_eq!(error, "the title says another version, platform or feature");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        title in "OpenVPN [0-9]{1,2}\\.[0-9][_.a-z0-9 \\[\\]()]{0,20}".prop_map(Text::from),
        any_title in any_text(),
        management: u32,
        other in proptest::collection::vec(any_text(), 0..3),
    ) {
        for title in [title, any_title] {
            let version = Version { other: other.clone(), ..Version::new(title, management) };
            if version.to_bytes().is_ok() {
                prop_assert_eq!(Version::parse(&read_back(&version)).unwrap(), version);
            }
        }
    }
}
