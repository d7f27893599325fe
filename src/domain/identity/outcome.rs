//! What an answer of the identity authority means. Out of reach is never a match: somebody looks first.

use serde::{Deserialize, Serialize};

use crate::domain::{
    document::DocumentType,
    fault::{Code, Fault},
    word::words,
};

words! {
    /// What the authority said.
    AuthorityMatch {
        /// Name and number are one person's.
        Match "MATCH";
        /// They are not.
        Mismatch "MISMATCH";
        /// It did not say.
        NotAvailable "NOT_AVAILABLE";
    }
}

words! {
    /// How a check ended.
    CheckOutcome {
        /// In order.
        Pass "PASS";
        /// Not in order.
        Fail "FAIL";
        /// Could not be done, or nothing was there to check.
        NotChecked "NOT_CHECKED";
    }
}

/// What follows from an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The person is real.
    Pass,
    /// Refused.
    Fail(Fault),
    /// Somebody looks first.
    Review(Fault),
    /// The authority knows no such documents; who took it in answers for it.
    NotAsked,
}

/// The table. `answer` is `None` where nobody asked yet.
pub fn judge(kind: DocumentType, answer: Option<AuthorityMatch>) -> Verdict {
    match answer {
        _ if !kind.is_known_to_authority() => Verdict::NotAsked,
        Some(AuthorityMatch::Match) => Verdict::Pass,
        Some(AuthorityMatch::Mismatch) => Verdict::Fail(Fault::new(
            Code::IdentityMismatch,
            "name and number of one person, as on the document",
        )),
        Some(AuthorityMatch::NotAvailable) | None => Verdict::Review(Fault::new(
            Code::AuthorityUnavailable,
            "the identity authority did not answer; try again, nothing was decided",
        )),
    }
}

/// What several persons of one registration come to: the gravest.
pub fn gravest(verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::NotAsked => 0,
        Verdict::Pass => 1,
        Verdict::Review(_) => 2,
        Verdict::Fail(_) => 3,
    };
    verdicts.into_iter().max_by_key(rank).unwrap_or(Verdict::NotAsked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_match_passes() {
        use AuthorityMatch::{Match, Mismatch, NotAvailable};
        for kind in DocumentType::ALL {
            for answer in [None, Some(Match), Some(Mismatch), Some(NotAvailable)] {
                let passes = judge(*kind, answer) == Verdict::Pass;
                assert_eq!(
                    passes,
                    answer == Some(Match) && kind.is_known_to_authority(),
                    "{kind} {answer:?}"
                );
            }
        }
        let code = |answer| match judge(DocumentType::ResidentId, answer) {
            Verdict::Pass | Verdict::NotAsked => ("", None),
            Verdict::Fail(fault) => ("FAIL", Some(fault.code)),
            Verdict::Review(fault) => ("REVIEW", Some(fault.code)),
        };
        assert_eq!(code(Some(Mismatch)), ("FAIL", Some(Code::IdentityMismatch)));
        assert_eq!(code(Some(NotAvailable)), ("REVIEW", Some(Code::AuthorityUnavailable)));
        assert_eq!(code(None), ("REVIEW", Some(Code::AuthorityUnavailable)));
        assert_eq!(judge(DocumentType::MilitaryId, None), Verdict::NotAsked);
    }

    #[test]
    fn the_gravest_wins() {
        let (pass, asked) = (Verdict::Pass, |answer| judge(DocumentType::ResidentId, Some(answer)));
        let (fail, review) = (asked(AuthorityMatch::Mismatch), asked(AuthorityMatch::NotAvailable));
        assert_eq!(gravest([pass, review, fail]), fail);
        assert_eq!(gravest([pass, review]), review);
        assert_eq!(gravest([Verdict::NotAsked, pass]), pass);
        assert_eq!(gravest([]), Verdict::NotAsked);
    }
}
