use proptest::prelude::*;

use super::*;
use crate::reply::tests::read_back;
use crate::types::any_text;

fn help() -> Help {
    let text = "Management Interface for OpenVPN 2.7.8 x86_64-pc-linux-gnu\n\
                Commands:\n\
                exit|quit              : Close management session.\n\
                hold [on|off|release]  : Set/show hold flag to on/off state, or\n\
                \x20                        release current hold and start tunnel.\n\
                push-update-cid CID options : Send an update message to the client";
    let lines = text.lines().map(|line| line.to_owned().into());
    Help::parse(&RawReply::block(lines.collect())).unwrap()
}

#[test]
fn title_and_lines() {
    let help = help();
    assert!(help.title.to_string().starts_with("Management Interface"));
    assert_eq!(help.lines.len(), 5);
    assert_eq!(help.lines[0], "Commands:");
    assert!(help.lines[3].to_string().starts_with("     "));
}

#[test]
fn commands_listed() {
    let help = help();
    for command in ["exit", "quit", "hold", "push-update-cid"] {
        assert!(help.has(command), "{command}");
    }
    for command in ["", "push", "Commands:", "Commands", "CID", "release"] {
        assert!(!help.has(command), "{command}");
    }
}

#[test]
fn an_empty_block_is_an_error() {
    assert!(Help::parse(&RawReply::block(Vec::new())).is_err());
}

#[test]
fn net_keeps_its_lines() {
    let reply = RawReply::block(vec!["SYSTEM ROUTING TABLE".into(), "".into()]);
    assert_eq!(net(&reply), ["SYSTEM ROUTING TABLE", ""]);
}

#[test]
fn a_block_is_written() {
    let help = Help::new("Title", ["Commands:".into(), "pid : Show it".into()]);
    assert_eq!(help.to_bytes().unwrap(), b"Title\r\nCommands:\r\npid : Show it\r\nEND\r\n");
    let net = [Text::from("SYSTEM ROUTING TABLE")];
    assert_eq!(net.to_bytes().unwrap(), b"SYSTEM ROUTING TABLE\r\nEND\r\n");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        title in any_text(),
        lines in proptest::collection::vec(any_text(), 0..3),
    ) {
        let help = Help { title, lines };
        if help.to_bytes().is_ok() {
            prop_assert_eq!(Help::parse(&read_back(&help)).unwrap(), help);
        }
    }
}
