//! Outlets and persons over the wire: by the certificates of an MVNO, a regulator, police and the portal, with the made-up
//! authority that `dev` starts. Nothing of a person comes back, nor stays in the record in clear.

use greenlane::rpc::pb::{
    self, channel_service_client::ChannelServiceClient, check_card_quota_request::Subject,
    identity_service_client::IdentityServiceClient,
};
use prost_types::Timestamp;
use tonic::Code;

use super::refusal;
use crate::support::node::Node;

const PERSON: &str = "119999199003070019";
const CLERK: &str = "119999199003070027";

fn document(number: &str, name: &str) -> pb::Document {
    pb::Document {
        r#type: pb::DocumentType::ResidentId.into(),
        number: number.to_owned(),
        name: name.to_owned(),
        valid_to_date: "2036-01-01".to_owned(),
        ..Default::default()
    }
}

fn shop() -> pb::Channel {
    pb::Channel {
        kind: pb::ChannelKind::PhysicalAgent.into(),
        legal_name: "测试通讯店".to_owned(),
        uscc: "92999999MA00TE5TX0".to_owned(),
        plate_number: "P-1".to_owned(),
        trained_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 0 }),
        agreement: Some(pb::Agreement {
            number: "A-1".to_owned(),
            valid_to_time: Some(Timestamp { seconds: 4_000_000_000, nanos: 0 }),
        }),
        persons: vec![pb::ChannelPerson {
            operator_id: "clerk-1".to_owned(),
            document: Some(document(CLERK, "某乙")),
        }],
        ..Default::default()
    }
}

fn authorise(channel: pb::Channel) -> pb::AuthoriseChannelRequest {
    pb::AuthoriseChannelRequest { channel: Some(channel), request_id: "c-1".to_owned(), ..Default::default() }
}

#[tokio::test]
async fn outlets() {
    let world = Node::start();
    let mut own = ChannelServiceClient::new(world.connect("mvno-m01").await);
    let mut other = ChannelServiceClient::new(world.connect("mvno-m07").await);
    let mut regulator = ChannelServiceClient::new(world.connect("regulator-miit").await);
    let made = own.authorise_channel(authorise(shop())).await.expect("authorised").into_inner();
    let channel = made.channel.expect("an outlet");
    assert!(channel.name.starts_with("mvnos/m01/channels/") && !made.replayed);
    assert_eq!(channel.state(), pb::ChannelState::Authorised);
    assert_eq!(channel.persons, [pb::ChannelPerson { operator_id: "clerk-1".to_owned(), document: None }]);
    let again = own.authorise_channel(authorise(shop())).await.expect("the same answer").into_inner();
    assert_eq!((again.channel.as_ref(), again.replayed), (Some(&channel), true));
    let parent = pb::Channel { parent: channel.name.clone(), ..shop() };
    let refused = own.authorise_channel(authorise(parent)).await.expect_err("another payload");
    assert_eq!(refusal::read(&refused).reason, "REQUEST_ID_REUSED");

    let bind = pb::BindReaderRequest {
        channel: channel.name.clone(),
        reader_serial: "RD-900001".to_owned(),
        ..Default::default()
    };
    let bound = own.bind_reader(bind.clone()).await.expect("bound").into_inner();
    assert_eq!(bound.channel.expect("an outlet").reader_serials, ["RD-900001"]);
    let get = pb::GetChannelRequest { channel: channel.name.clone() };
    for refused in [
        other.get_channel(get.clone()).await.expect_err("hidden"),
        other.bind_reader(bind).await.expect_err("hidden"),
    ] {
        assert_eq!((refused.code(), &*refusal::read(&refused).reason), (Code::NotFound, "CHANNEL_NOT_FOUND"));
    }
    let listed = regulator.list_channels(pb::ListChannelsRequest::default()).await.expect("listed");
    assert!(listed.into_inner().channels.iter().any(|listed| listed.name == channel.name));
    let blacklist = pb::BlacklistChannelRequest {
        listed: Some(pb::blacklist_channel_request::Listed::Channel(channel.name.clone())),
        reason: "opened lines in bulk".to_owned(),
        ..Default::default()
    };
    let entry = regulator.blacklist_channel(blacklist).await.expect("listed").into_inner().entry;
    assert_eq!(entry.expect("an entry").channel, channel.name);
    let shown = own.get_channel(get).await.expect("shown").into_inner().channel.expect("an outlet");
    assert_eq!(shown.state(), pb::ChannelState::Blacklisted);
    nobody_is_kept(&world);
}

#[tokio::test]
async fn identities() {
    let world = Node::start();
    let mut mvno = IdentityServiceClient::new(world.connect("mvno-m01").await);
    let mut portal = IdentityServiceClient::new(world.connect("portal").await);
    let mut police = IdentityServiceClient::new(world.connect("police-mps").await);
    let verify = |number: &str, name: &str| pb::VerifyIdentityRequest {
        document: Some(document(number, name)),
        capture: None,
    };
    let found = mvno.verify_identity(verify(PERSON, "某甲")).await.expect("answered").into_inner();
    assert_eq!(found.authority_match(), pb::AuthorityMatch::Match);
    let shape: Vec<&str> = found.checks.iter().map(|check| check.check.as_str()).collect();
    assert_eq!(shape, ["FORMAT", "CHECKSUM", "VALIDITY", "CHANNEL", "READER", "CAPTURE", "AUTHORITY"]);
    for (number, name, wanted, code) in [
        (PERSON, "张某", pb::AuthorityMatch::Mismatch, "IDENTITY_MISMATCH"),
        ("119999199003079208", "某甲", pb::AuthorityMatch::NotAvailable, "AUTHORITY_UNAVAILABLE"),
        ("119999199003070018", "某甲", pb::AuthorityMatch::NotAvailable, "BAD_CHECKSUM"),
    ] {
        let answer = mvno.verify_identity(verify(number, name)).await.expect("answered").into_inner();
        assert_eq!(answer.authority_match(), wanted, "{code}");
        assert!(answer.reasons.iter().any(|reason| reason.code == code), "{:?}", answer.reasons);
        let checks: Vec<&str> = answer.checks.iter().map(|check| check.check.as_str()).collect();
        assert_eq!(checks, shape);
    }
    // The photo goes along: this authority knows whose hash it is not.
    for (photo, wanted) in [("a", pb::AuthorityMatch::Match), ("0", pb::AuthorityMatch::Mismatch)] {
        let capture = pb::Capture {
            method: pb::CaptureMethod::OnlineCheck.into(),
            channel: "mvnos/m01/channels/none".to_owned(),
            photo_sha256: photo.repeat(64),
            ..Default::default()
        };
        let asked = pb::VerifyIdentityRequest { capture: Some(capture), ..verify(PERSON, "某甲") };
        let answer = mvno.verify_identity(asked).await.expect("answered").into_inner();
        assert_eq!(answer.authority_match(), wanted, "{photo}");
    }
    let quota = pb::CheckCardQuotaRequest {
        mvno: String::new(),
        subject: Some(Subject::SubjectToken(found.subject_token.clone())),
    };
    let counted = mvno.check_card_quota(quota).await.expect("counted").into_inner();
    assert_eq!((counted.limit, counted.in_use, counted.remaining), (5, 0, 5));
    assert_eq!(counted.elsewhere(), pb::QuotaBucket::None);

    let mine = pb::ListMyCardsRequest { document: Some(document(PERSON, "某甲")) };
    assert!(portal.list_my_cards(mine).await.expect("listed").into_inner().cards.is_empty());
    let dispute = pb::DisputeCardRequest {
        document: Some(document(PERSON, "某甲")),
        mvno: "mvnos/m01".to_owned(),
        count: 1,
        ..Default::default()
    };
    let opened = portal.dispute_card(dispute).await.expect("opened").into_inner().dispute.expect("one");
    assert_eq!(opened.subject_token, "", "whose lines they are, the MVNO alone is told");
    let listed = mvno.list_disputes(pb::ListDisputesRequest::default()).await.expect("listed").into_inner();
    assert_eq!(listed.disputes[0].subject_token, found.subject_token);
    let answer = pb::AnswerDisputeRequest {
        dispute: opened.name.clone(),
        outcome: pb::DisputeOutcome::Closed.into(),
        ..Default::default()
    };
    let answered = mvno.answer_dispute(answer).await.expect("answered").into_inner().dispute.expect("one");
    assert_eq!(answered.state(), pb::DisputeState::Answered);

    let restrict = pb::RestrictPersonRequest {
        document: Some(document(PERSON, "某甲")),
        until_time: Some(Timestamp { seconds: a_year_on(), nanos: 0 }),
        ..Default::default()
    };
    let entered = police.restrict_person(restrict).await.expect("restricted").into_inner().restriction;
    assert!(entered.expect("one").name.starts_with("restrictions/"));
    let lift = pb::LiftRestrictionRequest { document: Some(document(PERSON, "")), ..Default::default() };
    let lifted = police.lift_restriction(lift.clone()).await.expect("lifted").into_inner().restriction;
    assert!(lifted.expect("one").lift_time.is_some());
    let refused = police.lift_restriction(lift).await.expect_err("no more");
    assert_eq!(refusal::read(&refused).reason, "NOT_RESTRICTED");
    let line = pb::MatchIdentityRequest {
        msisdn: "17100010001".to_owned(),
        document: Some(document(PERSON, "某甲")),
    };
    let matched = mvno.match_identity(line).await.expect("answered").into_inner();
    assert_eq!(matched.number_match(), pb::AuthorityMatch::NotAvailable);
    nobody_is_kept(&world);
}

/// A year from now, in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the gateway that is asked goes by the machine's clock too")]
fn a_year_on() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_secs()).expect("before the year 300000") + 365 * 24 * 60 * 60
}

/// No number or name that went in is in the files of the record, nor in what the node said.
fn nobody_is_kept(world: &Node) {
    let files = std::fs::read_dir(&world.dir).expect("a folder").map(|entry| entry.expect("a file").path());
    let mut looked = 0;
    for path in files.filter(|path| path.is_file()) {
        let bytes = std::fs::read(&path).expect("read");
        for secret in [PERSON, CLERK, "某甲", "某乙"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{}", path.display());
        }
        looked += 1;
    }
    assert!(looked > 0);
    assert!(!world.said().contains(PERSON) && !world.said().contains(CLERK));
}
