//! Minors, and those who act for others. An age is not a fault of a form: a minor's document is in order, and a guardian
//! comes along.

use jiff::civil::Date;

use super::{Document, DocumentType};
use crate::domain::fault::{Code, Fault};

/// Ages at which things begin. The ID law sets the first; it is a setting, because Order 25 names none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ages {
    /// From this age on a person registers without a guardian.
    pub alone: i16,
    /// From this age on a person may be a guardian.
    pub guardian: i16,
}

impl Default for Ages {
    fn default() -> Self {
        Self { alone: 16, guardian: 18 }
    }
}

// === impl Ages ===

impl Ages {
    /// Whether the holder needs a guardian on that day. Whose birth is not known does not.
    pub fn is_minor(&self, document: &Document, on: Date) -> bool {
        document.kind == DocumentType::HouseholdRegister && document.born.is_none()
            || document.age(on).is_some_and(|age| age < self.alone)
    }

    /// Judges who is registered: a minor with a guardian, a household register only of a minor.
    pub fn holder(&self, document: &Document, has_guardian: bool, on: Date) -> Result<(), Fault> {
        match (self.is_minor(document, on), document.kind) {
            (true, _) if !has_guardian => {
                Err(Fault::new(Code::GuardianRequired, "a guardian with a document of their own"))
            }
            (false, DocumentType::HouseholdRegister) => Err(Fault::new(
                Code::MinorsOnly,
                "a document of the person's own; a household register is for minors",
            )),
            _ => Ok(()),
        }
    }

    /// Judges a guardian.
    pub fn guardian(&self, guardian: &Document, ward: &Document, on: Date) -> Result<(), Fault> {
        if guardian.is_same_holder(ward) {
            return Err(SAME);
        }
        let adult = guardian.age(on).is_none_or(|age| age >= self.guardian);
        if adult && guardian.kind != DocumentType::HouseholdRegister {
            return Ok(());
        }
        Err(Fault::new(Code::GuardianNotAdult, "a guardian of full age with a document of their own"))
    }

    /// Judges who acts for another: a proxy, or a unit's handler.
    pub fn agent(&self, agent: &Document, principal: Option<&Document>, on: Date) -> Result<(), Fault> {
        if principal.is_some_and(|principal| principal.is_same_holder(agent)) {
            return Err(SAME);
        }
        if self.is_minor(agent, on) || agent.kind == DocumentType::HouseholdRegister {
            return Err(Fault::new(Code::MinorCannotAct, "somebody of age, with a document of their own"));
        }
        Ok(())
    }
}

const SAME: Fault = Fault::new(Code::SamePerson, "another person than the one who is registered");
