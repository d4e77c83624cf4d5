//! [`EnvFilterState`]: whether `env-filter 0` is known to be in force.

use crate::types::Text;

/// Follows every `env-filter` of a connection. A block that comes while another level may be in
/// force can hold a client's own claims in the place of the daemon's values.
#[derive(Debug, Default)]
pub(super) struct EnvFilterState {
    /// Counts the commands sent, so that a reply is known to be the last one's.
    sent: u64,
    zero_in_force: bool,
    /// The daemon does not know the command, so nothing is known of what it filters.
    refused: bool,
}

impl EnvFilterState {
    pub(super) fn is_zero(&self) -> bool {
        self.zero_in_force && !self.refused
    }

    /// A command is about to be sent; gives its number.
    pub(super) fn sending(&mut self, zero: bool) -> u64 {
        self.sent += 1;
        // Over one that is not answered yet, 0 is not known to be in force either.
        self.zero_in_force = self.zero_in_force && zero;
        self.sent
    }

    /// The command of this number was answered: with this success, with a refusal, or with neither.
    pub(super) fn answered(
        &mut self,
        number: u64,
        zero: bool,
        success: Option<&Text>,
        refused: bool,
    ) {
        match success {
            Some(text) if zero && number == self.sent => {
                self.zero_in_force = *text == "env_filter_level=0";
            }
            Some(_) => {}
            None if refused => self.refused |= zero,
            // It may have been done or not.
            None => self.zero_in_force = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(zero: bool) -> Text {
        Text::from(if zero { "env_filter_level=0" } else { "env_filter_level=2" })
    }

    #[test]
    fn only_an_answered_zero_is_in_force() {
        let mut state = EnvFilterState::default();
        assert!(!state.is_zero());
        let first = state.sending(true);
        assert!(!state.is_zero(), "not answered yet");
        state.answered(first, true, Some(&level(true)), false);
        assert!(state.is_zero());
        let again = state.sending(true);
        assert!(state.is_zero(), "it was in force before");
        state.answered(again, true, Some(&level(true)), false);
        assert!(state.is_zero());
    }

    #[test]
    fn another_level_ends_it_when_it_is_sent_and_whatever_is_answered() {
        let mut state = EnvFilterState::default();
        let zero = state.sending(true);
        let other = state.sending(false);
        state.answered(zero, true, Some(&level(true)), false);
        assert!(!state.is_zero(), "the other is on its way");
        state.answered(other, false, None, true);
        assert!(!state.is_zero());
        let zero = state.sending(true);
        state.answered(zero, true, Some(&level(false)), false);
        assert!(!state.is_zero(), "the daemon says another level");
        let zero = state.sending(true);
        state.answered(zero, true, Some(&level(true)), false);
        assert!(state.is_zero());
    }

    #[test]
    fn without_a_reply_nothing_is_known_until_the_next() {
        let mut state = EnvFilterState::default();
        let zero = state.sending(true);
        state.answered(zero, true, Some(&level(true)), false);
        let zero = state.sending(true);
        state.answered(zero, true, None, false);
        assert!(!state.is_zero());
        let zero = state.sending(true);
        state.answered(zero, true, Some(&level(true)), false);
        assert!(state.is_zero());
    }

    #[test]
    fn a_refusal_is_for_good() {
        let mut state = EnvFilterState::default();
        let zero = state.sending(true);
        state.answered(zero, true, None, true);
        let zero = state.sending(true);
        state.answered(zero, true, Some(&level(true)), false);
        assert!(!state.is_zero());
    }
}
