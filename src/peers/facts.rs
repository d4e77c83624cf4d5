//! [`Facts`]: what a client says of itself.

#[cfg(feature = "serde")]
mod json;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::events::Env;
use crate::types::Text;

/// What a client says of itself: its `IV_…` and `UV_…` values, in its order. Nothing of it is verified.
///
/// 64 values at most, of 4 KiB in all with their names. Cloning does not allocate.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Facts(Arc<[(Text, Text)]>);

const VALUES: usize = 64;
const BYTES: usize = 4096;

impl Facts {
    /// Those of a block, copied, and whether they are all.
    pub(super) fn of(env: &Env) -> (Self, bool) {
        let (mut spans, mut bytes, mut all) = (Vec::new(), Vec::new(), true);
        for (name, value) in env.peer_info() {
            if spans.len() == VALUES || bytes.len() + name.len() + value.len() > BYTES {
                all = false;
                continue;
            }
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(value.as_bytes());
            spans.push((name.len(), value.len()));
        }
        let mut rest = Bytes::from(bytes.into_boxed_slice());
        let mut next = |len: usize| Text::from(rest.split_to(len));
        let values = spans.into_iter().map(|(name, value)| (next(name), next(value))).collect();
        (Self(values), all)
    }

    /// The last value of this name.
    ///
    /// ```
    /// # let facts = openvpn_mgmt::peers::Facts::default();
    /// let release = facts.get("IV_VER"); // 2.6.14
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Text> {
        self.iter().rev().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// Each name and value, in the client's order.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Text, &Text)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Whether there are none: the client said nothing, or its CONNECT was not seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `IV_VER`: the version of its OpenVPN, such as `2.6.14`.
    #[must_use]
    pub fn iv_ver(&self) -> Option<&Text> {
        self.get("IV_VER")
    }

    /// `IV_PLAT`: its platform, such as `linux`, `win`, `mac`, `android`.
    #[must_use]
    pub fn iv_plat(&self) -> Option<&Text> {
        self.get("IV_PLAT")
    }

    /// `IV_GUI_VER`: the name and version of its user interface.
    #[must_use]
    pub fn iv_gui_ver(&self) -> Option<&Text> {
        self.get("IV_GUI_VER")
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
