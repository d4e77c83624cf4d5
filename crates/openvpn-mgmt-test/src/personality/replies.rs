//! Refusals whose words differ between releases.

use super::Personality;

impl Personality {
    /// What a command that is not known is answered.
    pub(crate) fn unknown_command(self, name: &str) -> String {
        match self {
            Self::V2_5 | Self::V2_6 => {
                "ERROR: unknown command, enter 'help' for more options".to_owned()
            }
            Self::V2_7 => format!("ERROR: unknown command [{name}], enter 'help' for more options"),
        }
    }

    /// What a command is answered that needs another mode, or not a hold.
    pub(crate) fn unsupported(self, name: &str) -> String {
        match (self, name) {
            (Self::V2_5, "cr-response") => {
                "ERROR: This command is not supported by the current daemon mode".to_owned()
            }
            // Three commands had quotes before all of them got some.
            (Self::V2_5, name) if !matches!(name, "kill" | "net" | "status") => {
                format!("ERROR: The {name} command is not supported by the current daemon mode")
            }
            // So it is spelled.
            (_, "cr-response") => Self::V2_6.unsupported("cr-repsonse"),
            (_, name) => {
                format!("ERROR: The '{name}' command is not supported by the current daemon mode")
            }
        }
    }

    /// What a `client-pending-auth` is answered that names nobody or is too long.
    pub(crate) fn pending_auth_failed(self) -> &'static str {
        match self {
            Self::V2_5 => {
                "SUCCESS: client-pending-auth command failed. Extra paramter might be too long"
            }
            Self::V2_6 | Self::V2_7 => {
                "ERROR: client-pending-auth command failed. Extra parameter might be too long"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_in_the_words_of_its_release() {
        let (old, new) = (Personality::V2_5, Personality::V2_7);
        assert_eq!(
            old.unsupported("nclients"),
            "ERROR: The nclients command is not supported by the current daemon mode"
        );
        assert_eq!(
            old.unsupported("kill"),
            "ERROR: The 'kill' command is not supported by the current daemon mode"
        );
        assert_eq!(
            new.unsupported("cr-response"),
            "ERROR: The 'cr-repsonse' command is not supported by the current daemon mode"
        );
        assert_eq!(
            new.unknown_command("foo"),
            "ERROR: unknown command [foo], enter 'help' for more options"
        );
    }
}
