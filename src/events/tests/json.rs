//! What holds for the JSON of every family.

use super::*;

fn json(event: &Event) -> String {
    serde_json::to_string(event).unwrap()
}

/// The events of lines with their ends, as the client reads them.
fn assembled(lines: &[Vec<u8>]) -> Vec<Event> {
    let (mut assembler, mut events) = (Assembler::new(), Vec::new());
    for line in lines {
        assembler.push(&Bytes::from(line.clone()), &mut |event| events.push(event));
    }
    assembler.finish(&mut |event| events.push(event));
    events
}

#[test]
fn every_sample_has_a_json() {
    for line in SAMPLES.iter().chain(BLOCK_LINES) {
        let json = json(&parse(line));
        assert!(json.starts_with(r#"{"event":""#), "{json}");
    }
}

#[test]
fn a_stray_line_is_told_up_to_what_may_be_a_secret() {
    let stray = Event::Stray(Stray::new("ERROR: unknown command [hunter2]".into()));
    assert_eq!(json(&stray), r#"{"event":"stray","line":"ERROR:","withheld":26}"#);
}

proptest! {
    #[test]
    fn it_is_that_of_what_subscribers_get(lines in prop::collection::vec(lines(), 0..40)) {
        for event in assembled(&lines) {
            let whole = json(&event);
            prop_assert_eq!(whole, json(&event.withhold_secrets()));
        }
    }

    #[test]
    fn every_state_is_read_back(fields in "[ -~]{0,3}(,([0-9a-f.:%]{0,12}|10\\.0\\.0\\.1|::1|x|CRV1:)){0,10},{0,3}") {
        let name = if fields.len() % 2 == 0 { "CONNECTED" } else { "WAIT" };
        let Event::State(state) = parse(&format!("STATE:1,{name},{fields}")) else { panic!() };
        let json = serde_json::to_string(&state).unwrap();
        let read: State = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
}
