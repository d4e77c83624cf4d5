use super::*;

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
