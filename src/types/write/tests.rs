use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::types::Text;

/// Any text that a daemon may send, and many that end a field, a line or a block.
pub(crate) fn any_text() -> impl Strategy<Value = Text> {
    let tricky = "[a-b,;:'\\[\\] \t\r\n>=]{0,8}|END|ERROR: x|SUCCESS: y|UNDEF|>LOG:1";
    prop_oneof![
        "[a-z0-9.]{1,8}".prop_map(Text::from),
        tricky.prop_map(Text::from),
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| Bytes::from(bytes).into()),
    ]
}

fn row(text: &'static str) -> Result<Vec<u8>, WriteError> {
    vec![Text::from(text)].to_bytes()
}

#[test]
fn what_would_be_read_otherwise_is_refused() {
    assert_eq!(row("a\rb").unwrap(), b"a\rb\r\nEND\r\n");
    // A reader takes no more than one CR for a part of the line end.
    assert_eq!(row("a\r").unwrap(), b"a\r\r\nEND\r\n");
    for text in ["a\nb", "\n"] {
        assert_eq!(row(text), Err(WriteError::LineEnd { field: "row" }), "{text:?}");
    }
    for text in ["", "END", ">LOG:", "ERROR: x", "SUCCESS: x", "SUCCESS", "ERROR:"] {
        let error = row(text).unwrap_err();
        assert!(matches!(error, WriteError::ReadsOtherwise { .. }), "{text}: {error}");
    }
    let later = [Text::from("x"), Text::from("ERROR: x")];
    assert_eq!(later.to_bytes().unwrap(), b"x\r\nERROR: x\r\nEND\r\n");
}

#[test]
fn nothing_is_left_of_what_cannot_be_written() {
    let mut out = b"before".to_vec();
    let rows = [Text::from("first"), Text::from("a\nb")];
    let error = (&rows[..1], &rows[..]).write(&mut out).unwrap_err();
    assert_eq!(error.to_string(), "the row holds a line end");
    assert_eq!(out, b"before");
}

#[test]
fn a_text_ends_where_it_should() {
    let until = |text: &str| Line::reply(&mut Vec::new(), "").until("name", text, "', ").end();
    for text in ["", "a", "a'", "it's, ", "',"] {
        assert_eq!(until(text), Ok(()), "{text}");
    }
    for text in ["', ", "a', b"] {
        assert_eq!(until(text).unwrap_err().to_string(), "the name holds what ends it");
    }
    // With the words behind it, its end begins them earlier.
    let line = Line::reply(&mut Vec::new(), "").until("name", "x', BLOB:", "', BLOB:'").end();
    assert!(line.is_err());
}

#[test]
fn the_first_problem_is_told() {
    let mut out = Vec::new();
    let line = Line::event(&mut out, "X").field("name", "a,b", b',').text("text", "\n");
    assert_eq!(line.end().unwrap_err().to_string(), "the name holds what ends it");
    assert!(out.is_empty());
}
