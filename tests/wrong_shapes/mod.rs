//! Commands said to have replies of a shape that theirs do not have.

use openvpn_mgmt::ReplyShape;
use openvpn_mgmt::command::Fence;

pub(crate) const WRONG_SHAPES: [(&str, ReplyShape); 10] = [
    ("pid", ReplyShape::Fenced(Fence::AtOnce)),
    ("pid", ReplyShape::Fenced(Fence::AfterFirst)),
    ("pid", ReplyShape::Block),
    ("pid", ReplyShape::Count(3)),
    ("pid", ReplyShape::Event("PKCS11ID-COUNT:")),
    ("version", ReplyShape::Line),
    ("version 2", ReplyShape::Line),
    ("state on all", ReplyShape::Line),
    ("log 20", ReplyShape::Count(2)),
    ("help", ReplyShape::LineThenBlock),
];
