//! Lines of industry users: sold after an assessment of the user, with no more functions than it found needed, and never
//! online. Calls are off, messages are off in principle, data is capped (the ten rules of 2018-11).

pub mod imei;

use serde::{Deserialize, Serialize};

use super::{
    fault::{Code, Fault, Faults},
    time::Time,
};

/// Megabytes a month that an industry line may have: small traffic.
pub const MOST_DATA_MB: u32 = 100;

/// What a line can do.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Functions {
    /// Calls.
    pub voice: bool,
    /// Text messages.
    pub sms: bool,
    /// Megabytes a month; 0 for no data.
    pub data_cap_mb: u32,
}

/// The assessment of an industry user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Assessment {
    /// What its lines are for.
    pub scene: String,
    /// What they need.
    pub functions: Functions,
    /// Its lines work in devices that are named alone: each is registered with the IMEI of its device.
    #[serde(default)]
    pub imei_binding: bool,
    /// From when.
    pub assess_time: Time,
    /// Until when it is valid.
    pub valid_to_time: Time,
}

/// Judges an assessment that is about to be entered. Messages need a scene that says why.
pub fn assess(scene: &str, functions: Functions, valid_to: Option<Time>, now: Time, faults: &mut Faults<'_>) {
    const SCENE: &str = "what the lines are for: 4 to 200 characters";
    let length = scene.chars().count();
    faults.require(length != 0, "scene", Code::Required, SCENE);
    faults.require(length == 0 || (4..=200).contains(&length), "scene", Code::BadLength, SCENE);
    let fine = !scene.chars().any(char::is_control);
    faults.require(fine, "scene", Code::BadChar, "no control characters");
    limits(functions, faults);
    match valid_to {
        None => faults.add("valid_to_time", Fault::new(Code::Required, "until when the assessment is valid")),
        Some(end) => faults.require(end > now, "valid_to_time", Code::Expired, "a moment ahead of now"),
    }
}

/// What no industry line has, whatever its assessment says.
pub fn limits(functions: Functions, faults: &mut Faults<'_>) {
    faults.require(
        !functions.voice,
        "functions.voice",
        Code::VoiceNotAllowed,
        "calls are off on industry lines",
    );
    let within = functions.data_cap_mb <= MOST_DATA_MB;
    faults.require(within, "functions.data_cap_mb", Code::DataCapExceeded, "at most 100 MB a month");
    let some = functions.sms || functions.voice || functions.data_cap_mb > 0;
    faults.require(some, "functions", Code::Required, "what the line is able to do: data, or messages");
}

// === impl Assessment ===

impl Assessment {
    /// Judges a line that is to be sold under it, or goes on under it: one that goes on may be bound already.
    pub fn covers(&self, functions: Functions, at: Time, is_unbound: bool) -> Result<(), Fault> {
        if at < self.assess_time || at >= self.valid_to_time {
            return Err(Fault::new(
                Code::AssessmentExpired,
                "an assessment in force, made before the contract",
            ));
        }
        if !self.functions.covers(functions) {
            return Err(Fault::new(Code::FunctionNotAssessed, "no more functions than were assessed"));
        }
        if self.imei_binding && is_unbound {
            return Err(Fault::new(
                Code::ImeiRequired,
                "the IMEI of the line's device, 15 digits: its assessment binds lines to devices",
            ));
        }
        Ok(())
    }
}

// === impl Functions ===

impl Functions {
    /// Whether these are enough for those. Nothing covers calls, whatever an older assessment says.
    pub fn covers(&self, those: Self) -> bool {
        let data = those.data_cap_mb <= self.data_cap_mb.min(MOST_DATA_MB);
        !those.voice && (self.sms || !those.sms) && data
    }

    /// Whether a line was used beyond its contract: it is shut at once.
    pub fn is_exceeded_by(&self, voice: bool, sms: bool, data_mb: u32) -> bool {
        (voice && !self.voice) || (sms && !self.sms) || data_mb > self.data_cap_mb
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::DAY;

    const NOW: Time = Time::from_micros(1_767_225_600_000_000);

    fn codes(functions: Functions) -> Vec<Code> {
        let mut found = Vec::new();
        let valid_to = Some(NOW.plus(DAY));
        assess("parcel lockers", functions, valid_to, NOW, &mut Faults::beneath(&mut found, ""));
        found.into_iter().map(|at| at.fault.code).collect()
    }

    #[test]
    fn functions_are_the_least() {
        let data = |data_cap_mb| Functions { voice: false, sms: false, data_cap_mb };
        assert_eq!(codes(data(100)), []);
        assert_eq!(codes(Functions { sms: true, ..data(0) }), []);
        assert_eq!(codes(data(101)), [Code::DataCapExceeded]);
        assert_eq!(codes(data(0)), [Code::Required]);
        assert_eq!(codes(Functions { voice: true, ..data(1) }), [Code::VoiceNotAllowed]);
    }

    #[test]
    fn a_line_stays_within_its_assessment() {
        let functions = Functions { voice: false, sms: false, data_cap_mb: 30 };
        let assessment = Assessment {
            scene: "meters".to_owned(),
            functions,
            imei_binding: false,
            assess_time: NOW,
            valid_to_time: NOW.plus(DAY),
        };
        assert_eq!(assessment.covers(functions, NOW, true), Ok(()));
        let code = |functions, at| assessment.covers(functions, at, true).map_err(|fault| fault.code);
        assert_eq!(code(functions, NOW.plus(DAY)), Err(Code::AssessmentExpired));
        assert_eq!(code(functions, NOW.minus(DAY)), Err(Code::AssessmentExpired));
        for more in [
            Functions { sms: true, ..functions },
            Functions { voice: true, ..functions },
            Functions { data_cap_mb: 31, ..functions },
        ] {
            assert_eq!(code(more, NOW), Err(Code::FunctionNotAssessed));
        }
        let binding = Assessment { imei_binding: true, ..assessment.clone() };
        assert_eq!(binding.covers(functions, NOW, false), Ok(()));
        assert_eq!(binding.covers(functions, NOW, true).map_err(|fault| fault.code), Err(Code::ImeiRequired));
        assert!(functions.is_exceeded_by(true, false, 0) && functions.is_exceeded_by(false, true, 0));
        assert!(functions.is_exceeded_by(false, false, 31) && !functions.is_exceeded_by(false, false, 30));
    }
}
