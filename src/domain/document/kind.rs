//! The documents by which a person may be registered (Order 25, article 7, and the cards made since).

use serde::{Deserialize, Serialize};

use super::super::word::words;

words! {
    /// Types of document.
    DocumentType {
        /// 居民身份证.
        ResidentId "RESIDENT_ID";
        /// 临时居民身份证.
        TemporaryResidentId "TEMPORARY_RESIDENT_ID";
        /// 户口簿, of a minor.
        HouseholdRegister "HOUSEHOLD_REGISTER";
        /// 港澳居民来往内地通行证.
        HkMacauPermit "HK_MACAU_PERMIT";
        /// 台湾居民来往大陆通行证.
        TaiwanPermit "TAIWAN_PERMIT";
        /// 港澳台居民居住证.
        ResidencePermitHmt "RESIDENCE_PERMIT_HMT";
        /// 中国护照.
        PassportCn "PASSPORT_CN";
        /// A passport of another state.
        PassportForeign "PASSPORT_FOREIGN";
        /// 外国人永久居留身份证.
        ForeignPermanentResidence "FOREIGN_PERMANENT_RESIDENCE";
        /// 军人身份证件.
        MilitaryId "MILITARY_ID";
        /// 武装警察身份证件.
        ArmedPoliceId "ARMED_POLICE_ID";
    }
}

words! {
    /// The sex on a document.
    Sex {
        /// 女.
        Female "FEMALE";
        /// 男.
        Male "MALE";
    }
}

// === impl DocumentType ===

impl DocumentType {
    /// Whether its number is of the resident ID's family of 18 characters.
    pub fn is_of_family(self) -> bool {
        match self {
            Self::ResidentId
            | Self::TemporaryResidentId
            | Self::HouseholdRegister
            | Self::ResidencePermitHmt
            | Self::ForeignPermanentResidence => true,
            Self::HkMacauPermit
            | Self::TaiwanPermit
            | Self::PassportCn
            | Self::PassportForeign
            | Self::MilitaryId
            | Self::ArmedPoliceId => false,
        }
    }

    /// Whether its holder is of another state.
    pub fn is_foreign(self) -> bool {
        matches!(self, Self::PassportForeign | Self::ForeignPermanentResidence)
    }

    /// Whether an outlet's reader can read it: it has a chip or a zone for machines.
    pub fn has_chip(self) -> bool {
        !matches!(
            self,
            Self::TemporaryResidentId | Self::HouseholdRegister | Self::MilitaryId | Self::ArmedPoliceId
        )
    }

    /// Whether the identity authority can be asked about it. Military and armed police are on nobody's list.
    pub fn is_known_to_authority(self) -> bool {
        !matches!(self, Self::MilitaryId | Self::ArmedPoliceId)
    }

    /// The type under which its holder is counted: a temporary card and a household register bear the same number as
    /// the card itself, and are no second person.
    pub fn counted_as(self) -> Self {
        match self {
            Self::TemporaryResidentId | Self::HouseholdRegister => Self::ResidentId,
            other => other,
        }
    }
}
