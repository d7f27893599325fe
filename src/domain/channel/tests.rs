use super::*;
use crate::domain::{caller::Class, name::Slug, time::DAY};

const NOW: Time = Time::from_micros(1_767_225_600_000_000);

fn draft() -> ChannelDraft {
    ChannelDraft {
        kind: Some(ChannelKind::PhysicalAgent),
        legal_name: "测试通讯店".into(),
        uscc: "92999999MA00TE5TX0".into(),
        uscc_compared: false,
        plate_number: "P-1".to_owned(),
        parent: String::new(),
        trained_time: Some(NOW.minus(DAY)),
        agreement_number: "A-1".to_owned(),
        agreement_end: Some(NOW.plus(DAY)),
    }
}

fn codes(draft: ChannelDraft, training_asked: bool) -> Vec<(String, Code)> {
    let faults = draft.read("channel", training_asked, NOW).err().unwrap_or_default();
    faults.into_iter().map(|at| (at.field, at.fault.code)).collect()
}

#[test]
fn who_may_be_authorised() {
    assert_eq!(codes(draft(), true), []);
    let field = |name: &str, code| vec![(format!("channel.{name}"), code)];
    let parent = ChannelDraft { parent: "mvnos/m01/channels/1".to_owned(), ..draft() };
    assert_eq!(codes(parent, false), field("parent", Code::SubDelegation));
    let untrained = ChannelDraft { trained_time: None, ..draft() };
    assert_eq!(codes(untrained.clone(), false), []);
    assert_eq!(codes(untrained, true), field("trained_time", Code::TrainingMissing));
    let ahead = ChannelDraft { trained_time: Some(NOW.plus(DAY)), ..draft() };
    assert_eq!(codes(ahead, false), field("trained_time", Code::InFuture));
    let ended = ChannelDraft { agreement_end: Some(NOW), ..draft() };
    assert_eq!(codes(ended, false), field("agreement.valid_to_time", Code::AgreementExpired));
    let unplated = ChannelDraft { plate_number: String::new(), ..draft() };
    assert_eq!(codes(unplated, false), field("plate_number", Code::PlateRequired));
    let hall = ChannelDraft {
        kind: Some(ChannelKind::OwnHall),
        agreement_number: String::new(),
        agreement_end: None,
        ..draft()
    };
    assert_eq!(codes(hall, false), []);
    let coded = ChannelDraft { uscc: "92999999MA00TE5TX1".into(), ..draft() };
    assert_eq!(codes(coded.clone(), false), field("uscc", Code::BadChecksum));
    assert_eq!(codes(ChannelDraft { uscc_compared: true, ..coded }, false), []);
    assert_eq!(codes(ChannelDraft::default(), false).len(), 4);
}

#[test]
fn who_may_sell() {
    let channel = Channel {
        mvno: ParticipantName { class: Class::Mvno, id: Slug::parse("m01").expect("a slug") },
        kind: ChannelKind::PhysicalAgent,
        state: ChannelState::Authorised,
        trained_time: Some(NOW),
        agreement_end: Some(NOW.plus(DAY)),
    };
    let code = |channel: &Channel, at| channel.may_sell(at).map_err(|fault| fault.code);
    assert_eq!(code(&channel, NOW), Ok(()));
    assert_eq!(code(&channel, NOW.minus(DAY)), Err(Code::TrainingMissing));
    assert_eq!(code(&channel, NOW.plus(DAY)), Err(Code::AgreementExpired));
    let state = |state| Channel { state, ..channel.clone() };
    assert_eq!(code(&state(ChannelState::Suspended), NOW), Err(Code::ChannelSuspended));
    assert_eq!(code(&state(ChannelState::Blacklisted), NOW), Err(Code::ChannelBlacklisted));
    let hall = Channel { kind: ChannelKind::OwnHall, agreement_end: None, ..channel };
    assert_eq!(code(&hall, NOW), Ok(()));
}

#[test]
fn the_blacklist_is_the_end() {
    for state in ChannelState::ALL {
        assert_eq!(state.blacklist(), ChannelState::Blacklisted);
    }
    let listed = ChannelState::Blacklisted;
    assert!(listed.suspend().is_err() && listed.authorise().is_err());
    assert_eq!(ChannelState::Suspended.authorise(), Ok(ChannelState::Authorised));
    assert_eq!(ChannelState::Authorised.suspend(), Ok(ChannelState::Suspended));
    assert!(ChannelState::Suspended.suspend().is_err());
}
