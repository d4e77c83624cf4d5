//! How the JSON of a [`Version`] is read: the version, platform and features are those of its title.

use serde::Deserialize;

use super::Version;
use crate::types::Text;

#[derive(Deserialize)]
pub(super) struct Said {
    daemon: Text,
    management: u32,
    other: Vec<Text>,
}

impl From<Said> for Version {
    fn from(Said { daemon, management, other }: Said) -> Self {
        Self::of(&daemon.into_bytes(), management, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::json::{refused, round_trip};

    #[test]
    fn what_follows_from_the_title_is_written_and_not_read() {
        let version = Version::new("OpenVPN 2.7_rc1 x86_64-pc-linux-gnu [DCO]", 6);
        let json = concat!(
            r#"{"daemon":"OpenVPN 2.7_rc1 x86_64-pc-linux-gnu [DCO]","#,
            r#""version":{"major":2,"minor":7,"patch":null,"suffix":"_rc1"},"#,
            r#""platform":"x86_64-pc-linux-gnu","features":["DCO"],"management":6,"other":[]}"#
        );
        assert_eq!(round_trip(&version, json), version);
        let other = json.replace(r#""features":["DCO"]"#, r#""features":["LZO"]"#);
        assert_eq!(serde_json::from_str::<Version>(&other).unwrap(), version);
        assert!(refused::<Version>(r#"{"management":6,"other":[]}"#).contains("`daemon`"));
    }
}
