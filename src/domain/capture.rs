//! How a document was taken in. Data of a resident's card comes from a reader, from a check online or from live video;
//! never from a hand (2016-05-24). What was allowed on the day of the registration holds for it.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::{
    channel::ChannelKind,
    document::DocumentType,
    fault::{Code, Fault},
    word::words,
};

words! {
    /// Ways of taking a document in.
    CaptureMethod {
        /// Read from the chip by a reader.
        Reader "READER";
        /// Compared online with what the authority holds.
        OnlineCheck "ONLINE_CHECK";
        /// The living person compared on video.
        LiveVideo "LIVE_VIDEO";
        /// Typed.
        Manual "MANUAL";
    }
}

/// What is known of a capture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capture {
    /// How.
    pub method: CaptureMethod,
    /// Whether a photo of the person on the spot was taken.
    pub has_photo: bool,
    /// By what kind of channel.
    pub channel: ChannelKind,
}

/// What the registration asks of a capture beyond the ordinary.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Demands {
    /// A unit's line: own hall and a photo of the handler.
    pub unit: bool,
    /// An industry line: not online.
    pub industry: bool,
}

/// From here on nobody types a resident's data.
const NO_TYPING: Date = date(2016, 5, 24);

/// From here on every outlet with a door has a reader.
const READERS: Date = date(2015, 9, 1);

/// From here on a sale from afar has the living person on video.
const LIVE_VIDEO: Date = date(2016, 11, 1);

const TYPED: Fault =
    Fault::new(Code::CaptureForbidden, "a reader, an online check or live video; typed data is none");
const NO_CHIP: Fault = Fault::new(Code::CaptureForbidden, "no reader reads this document; check it online");
const READER: Fault = Fault::new(Code::ReaderRequired, "at this standing by a reader only");
const HALL: Fault = Fault::new(Code::OwnHallRequired, "at one of the operator's own halls");
const PHOTO: Fault = Fault::new(Code::PhotoRequired, "a photo of the person on the spot");
const VIDEO: Fault = Fault::new(Code::LiveVideoRequired, "a sale from afar needs live video of the person");
const ONLINE: Fault = Fault::new(Code::OnlineSaleForbidden, "industry lines are not sold online");

// === impl Capture ===

impl Capture {
    /// Judges the capture of a document on a day; the first failure decides.
    pub fn judge(&self, kind: DocumentType, demands: Demands, on: Date) -> Result<(), Fault> {
        let hall = self.channel == ChannelKind::OwnHall;
        if demands.industry && self.channel.is_online() {
            return Err(ONLINE);
        }
        if demands.unit && !hall {
            return Err(HALL);
        }
        if demands.unit && !self.has_photo {
            return Err(PHOTO);
        }
        match self.method {
            CaptureMethod::Reader if !kind.has_chip() => Err(NO_CHIP),
            CaptureMethod::Manual if kind.is_of_family() && on >= NO_TYPING => Err(TYPED),
            CaptureMethod::Reader | CaptureMethod::OnlineCheck | CaptureMethod::Manual
                if self.channel.is_online() && on >= LIVE_VIDEO =>
            {
                Err(VIDEO)
            }
            CaptureMethod::Manual if kind.is_of_family() && on >= READERS && !self.channel.is_online() => {
                Err(TYPED)
            }
            // Neither a reader nor the authority vouches for it: the operator's own people do, with a photo.
            CaptureMethod::Manual | CaptureMethod::OnlineCheck if !kind.is_known_to_authority() => {
                if hall {
                    self.has_photo.then_some(()).ok_or(PHOTO)
                } else {
                    Err(HALL)
                }
            }
            _ => Ok(()),
        }
    }

    /// What a standing asks for at which new lines are CONDITIONAL: own hall, reader and photo.
    pub fn meets_condition(&self) -> Result<(), Fault> {
        if self.channel != ChannelKind::OwnHall {
            return Err(HALL);
        }
        if self.method != CaptureMethod::Reader {
            return Err(READER);
        }
        self.has_photo.then_some(()).ok_or(PHOTO)
    }
}

// === impl CaptureMethod ===

impl CaptureMethod {
    /// Whether it names the reader that was used.
    pub fn needs_reader(self) -> bool {
        self == Self::Reader
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CaptureMethod::{LiveVideo, Manual, OnlineCheck, Reader};
    use ChannelKind::{OnlineAgent, OwnHall, PhysicalAgent, Platform};
    use DocumentType::{MilitaryId, PassportForeign, ResidentId, TemporaryResidentId};

    const TODAY: Date = date(2026, 1, 1);

    fn code(method: CaptureMethod, channel: ChannelKind, kind: DocumentType, on: Date) -> Option<Code> {
        let capture = Capture { method, has_photo: false, channel };
        capture.judge(kind, Demands::default(), on).err().map(|fault| fault.code)
    }

    #[test]
    fn what_is_accepted() {
        for (method, channel, kind, expected) in [
            (Reader, PhysicalAgent, ResidentId, None),
            (OnlineCheck, PhysicalAgent, ResidentId, None),
            (LiveVideo, OwnHall, ResidentId, None),
            (Manual, PhysicalAgent, ResidentId, Some(Code::CaptureForbidden)),
            (Manual, OwnHall, TemporaryResidentId, Some(Code::CaptureForbidden)),
            (Reader, OwnHall, TemporaryResidentId, Some(Code::CaptureForbidden)),
            (OnlineCheck, OwnHall, TemporaryResidentId, None),
            (Manual, PhysicalAgent, PassportForeign, None),
            (Reader, PhysicalAgent, PassportForeign, None),
            (LiveVideo, OnlineAgent, ResidentId, None),
            (LiveVideo, Platform, ResidentId, None),
            (OnlineCheck, OnlineAgent, ResidentId, Some(Code::LiveVideoRequired)),
            (Reader, Platform, ResidentId, Some(Code::LiveVideoRequired)),
            (Manual, OnlineAgent, PassportForeign, Some(Code::LiveVideoRequired)),
            (Manual, PhysicalAgent, MilitaryId, Some(Code::OwnHallRequired)),
            (Manual, OwnHall, MilitaryId, Some(Code::PhotoRequired)),
        ] {
            assert_eq!(code(method, channel, kind, TODAY), expected, "{method} {channel} {kind}");
        }
    }

    /// `domain.md` 1.2.
    #[test]
    fn what_was_allowed_then() {
        for (on, shop, online) in [
            (date(2014, 1, 1), None, None),
            (date(2015, 9, 1), Some(Code::CaptureForbidden), None),
            (date(2016, 5, 23), Some(Code::CaptureForbidden), None),
            (date(2016, 5, 24), Some(Code::CaptureForbidden), Some(Code::CaptureForbidden)),
        ] {
            assert_eq!(code(Manual, PhysicalAgent, ResidentId, on), shop, "{on}");
            assert_eq!(code(Manual, OnlineAgent, ResidentId, on), online, "{on}");
        }
        assert_eq!(code(OnlineCheck, OnlineAgent, ResidentId, date(2016, 10, 31)), None);
    }

    #[test]
    fn demands() {
        let unit = Demands { unit: true, industry: false };
        let industry = Demands { unit: true, industry: true };
        let capture = |method, has_photo, channel| Capture { method, has_photo, channel };
        let judge = |capture: Capture, demands| {
            capture.judge(ResidentId, demands, TODAY).err().map(|fault| fault.code)
        };
        assert_eq!(judge(capture(OnlineCheck, true, OwnHall), unit), None);
        assert_eq!(judge(capture(Reader, false, OwnHall), unit), Some(Code::PhotoRequired));
        assert_eq!(judge(capture(Reader, true, PhysicalAgent), unit), Some(Code::OwnHallRequired));
        assert_eq!(judge(capture(LiveVideo, true, OnlineAgent), industry), Some(Code::OnlineSaleForbidden));
        let condition = |capture: Capture| capture.meets_condition().err().map(|fault| fault.code);
        assert_eq!(condition(capture(Reader, true, OwnHall)), None);
        assert_eq!(condition(capture(Reader, true, PhysicalAgent)), Some(Code::OwnHallRequired));
        assert_eq!(condition(capture(OnlineCheck, true, OwnHall)), Some(Code::ReaderRequired));
        assert_eq!(condition(capture(Reader, false, OwnHall)), Some(Code::PhotoRequired));
    }
}
