//! The numbers of a plan as their messages come in: what a stream can leave in memory is bounded, whatever it sends.

use super::fields::Fields;
use crate::{
    domain::{
        personal::Personal,
        shutdown::list::{self, MOST, MOST_IN_MESSAGE},
    },
    rpc::pb,
};

/// What has come so far.
#[derive(Default)]
pub struct Intake {
    /// The numbers, in the order of their messages.
    pub numbers: Vec<Personal>,
    /// What is wrong with the stream.
    pub faults: Fields,
    messages: usize,
}

// === impl Intake ===

impl Intake {
    /// Takes the numbers of a message; `false` where no more of the stream is to be read.
    pub fn take(&mut self, mut message: pb::PlanShutdownRequest) -> bool {
        if self.messages > 0 && has_header(&mut message) {
            let text = "the header stands in the first message alone";
            self.faults.fault("order_number", "NOT_TOGETHER", text);
            return false;
        }
        self.messages += 1;
        let sent = message.msisdns.len();
        let text = if sent > MOST_IN_MESSAGE {
            format!(
                "{sent} numbers in one message, at most {MOST_IN_MESSAGE}: send the rest in further messages of the \
                 same call, each with msisdns alone (grpcurl -d @ reads one JSON object after another)"
            )
        } else if self.numbers.len() + sent > MOST {
            format!(
                "more than {MOST} numbers in one order; plan the rest as another order, by another order_number"
            )
        } else if self.messages > MOST {
            format!("more than {MOST} messages; each brings numbers, up to {MOST_IN_MESSAGE} of them")
        } else {
            return self.keep(message.msisdns);
        };
        self.faults.fault("msisdns", "TOO_MANY", text);
        false
    }

    /// Keeps them. One that is too long is told by its place when the list is read, and ends the reading of more.
    fn keep(&mut self, texts: Vec<String>) -> bool {
        let mut fine = true;
        self.numbers.extend(texts.into_iter().map(|text| {
            let (text, may_be) = list::held(text);
            fine &= may_be;
            text
        }));
        fine
    }
}

/// Whether a later message has anything but numbers.
fn has_header(message: &mut pb::PlanShutdownRequest) -> bool {
    let numbers = std::mem::take(&mut message.msisdns);
    let has = *message != pb::PlanShutdownRequest::default();
    message.msisdns = numbers;
    has
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(msisdns: Vec<String>) -> pb::PlanShutdownRequest {
        pb::PlanShutdownRequest { msisdns, ..Default::default() }
    }

    #[test]
    fn a_text_that_is_too_long_ends_the_reading_and_is_not_kept() {
        let mut intake = Intake::default();
        assert!(intake.take(message(vec!["17000000001".to_owned()])));
        assert!(!intake.take(message(vec!["1".repeat(100_000); 10])));
        assert_eq!(intake.numbers.len(), 11);
        assert!(intake.numbers.iter().all(|text| text.reveal().len() < 100));
        assert!(intake.faults.0.is_empty(), "the list tells it, by its place");
    }

    #[test]
    fn messages_without_numbers_end_too() {
        let mut intake = Intake::default();
        let taken = std::iter::repeat_with(|| intake.take(message(Vec::new()))).take_while(|more| *more);
        assert_eq!(taken.count(), MOST);
        assert!(intake.faults.0[0].description.starts_with("TOO_MANY: more than 100000 messages"));
    }

    #[test]
    fn a_header_in_a_later_message_ends_it() {
        let mut intake = Intake::default();
        let header = || pb::PlanShutdownRequest { drill: true, ..message(vec!["17000000001".to_owned()]) };
        assert!(intake.take(header()));
        assert!(!intake.take(header()));
        assert_eq!((intake.numbers.len(), intake.faults.0[0].field.as_str()), (1, "order_number"));
    }
}
