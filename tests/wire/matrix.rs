//! Every method and every class of caller, over real mutual TLS: each cell decided by this table, written by hand
//! from DESIGN 5 and not from the protos.

use std::collections::BTreeSet;

use bytes::Bytes;
use greenlane::rpc::pb;
use tonic::Code;

use super::{raw, refusal};
use crate::support::node::{IDENTITIES, Node};

/// Who may: R regulator, P police, C carrier, M MVNO, A auditor, O operator, T portal; * everyone.
const TABLE: &[(&str, &str)] = &[
    ("/greenlane.v1.AppealService/DecideAppeal", "RP"),
    ("/greenlane.v1.AppealService/FileAppeal", "T"),
    ("/greenlane.v1.AppealService/GetAppeal", "RPMAT"),
    ("/greenlane.v1.AppealService/ListAppeals", "RPMA"),
    ("/greenlane.v1.ChannelService/AuthoriseChannel", "M"),
    ("/greenlane.v1.ChannelService/BindReader", "M"),
    ("/greenlane.v1.ChannelService/BlacklistChannel", "R"),
    ("/greenlane.v1.ChannelService/GetChannel", "RMA"),
    ("/greenlane.v1.ChannelService/ListChannels", "RMA"),
    ("/greenlane.v1.ChannelService/SuspendChannel", "M"),
    ("/greenlane.v1.ChannelService/UnbindReader", "M"),
    ("/greenlane.v1.CommandService/AckCommands", "CM"),
    ("/greenlane.v1.CommandService/ListCommandedNumbers", "CM"),
    ("/greenlane.v1.CommandService/ListReceiverFigures", "RPCMA"),
    ("/greenlane.v1.CommandService/PullCommands", "CM"),
    ("/greenlane.v1.CommandService/StreamCommands", "CM"),
    ("/greenlane.v1.ComplianceService/BatchCheckStatus", "RPCMA"),
    ("/greenlane.v1.ComplianceService/CheckStatus", "RPCMA"),
    ("/greenlane.v1.ComplianceService/GetStanding", "RPCMA"),
    ("/greenlane.v1.ComplianceService/ListStandings", "RPCMA"),
    ("/greenlane.v1.ComplianceService/WatchStandings", "RPCMA"),
    ("/greenlane.v1.IdentityService/AnswerDispute", "M"),
    ("/greenlane.v1.IdentityService/CheckCardQuota", "RMA"),
    ("/greenlane.v1.IdentityService/DisputeCard", "T"),
    ("/greenlane.v1.IdentityService/LiftRestriction", "RP"),
    ("/greenlane.v1.IdentityService/ListDisputes", "M"),
    ("/greenlane.v1.IdentityService/ListMyCards", "T"),
    ("/greenlane.v1.IdentityService/MatchIdentity", "M"),
    ("/greenlane.v1.IdentityService/RestrictPerson", "RP"),
    ("/greenlane.v1.IdentityService/VerifyIdentity", "M"),
    ("/greenlane.v1.NumberingService/AllocateNumbers", "R"),
    ("/greenlane.v1.NumberingService/ListAllocations", "RPCMA"),
    ("/greenlane.v1.NumberingService/LookupNumber", "RPCMA"),
    ("/greenlane.v1.NumberingService/ReturnNumbers", "R"),
    ("/greenlane.v1.ParticipantService/ApproveParticipant", "R"),
    ("/greenlane.v1.ParticipantService/CreateParticipant", "O"),
    ("/greenlane.v1.ParticipantService/GetParticipant", "RPMAO"),
    ("/greenlane.v1.ParticipantService/ListParticipants", "RPMAO"),
    ("/greenlane.v1.ParticipantService/ResumeParticipant", "O"),
    ("/greenlane.v1.ParticipantService/SuspendParticipant", "RO"),
    ("/greenlane.v1.RegistrationService/AssessIndustryUser", "M"),
    ("/greenlane.v1.RegistrationService/ChangeLineState", "M"),
    ("/greenlane.v1.RegistrationService/CloseLine", "M"),
    ("/greenlane.v1.RegistrationService/GetRegistration", "M"),
    ("/greenlane.v1.RegistrationService/ImportRegistrations", "M"),
    ("/greenlane.v1.RegistrationService/ListRegistrations", "M"),
    ("/greenlane.v1.RegistrationService/ListRejectedRows", "M"),
    ("/greenlane.v1.RegistrationService/Register", "M"),
    ("/greenlane.v1.RegistrationService/RequestSupplement", "RPM"),
    ("/greenlane.v1.ServerInfoService/GetServerInfo", "*"),
    ("/greenlane.v1.ShutdownService/ApproveShutdown", "RP"),
    ("/greenlane.v1.ShutdownService/CancelShutdown", "RP"),
    ("/greenlane.v1.ShutdownService/DecideHeldNumbers", "RP"),
    ("/greenlane.v1.ShutdownService/GetShutdownOrder", "RPA"),
    ("/greenlane.v1.ShutdownService/HaltShutdown", "RP"),
    ("/greenlane.v1.ShutdownService/IssueShutdown", "RP"),
    ("/greenlane.v1.ShutdownService/ListAlarms", "RPA"),
    ("/greenlane.v1.ShutdownService/ListNumberActions", "RPA"),
    ("/greenlane.v1.ShutdownService/ListPlanImpacts", "RPA"),
    ("/greenlane.v1.ShutdownService/ListShutdownOrders", "RPA"),
    ("/greenlane.v1.ShutdownService/PlanRestoration", "RP"),
    ("/greenlane.v1.ShutdownService/PlanShutdown", "RP"),
    ("/greenlane.v1.ShutdownService/WatchShutdownOrder", "RPA"),
    ("/greenlane.v1.SupervisionService/CloseFinding", "R"),
    ("/greenlane.v1.SupervisionService/LiftSuspension", "R"),
    ("/greenlane.v1.SupervisionService/ListInspections", "RPMA"),
    ("/greenlane.v1.SupervisionService/OpenFinding", "R"),
    ("/greenlane.v1.SupervisionService/RecordAssessment", "R"),
    ("/greenlane.v1.SupervisionService/RecordInspection", "R"),
    ("/greenlane.v1.SupervisionService/RecordLicence", "R"),
    ("/greenlane.v1.SupervisionService/RecordTalk", "R"),
    ("/greenlane.v1.SupervisionService/RevokeLicence", "R"),
    ("/greenlane.v1.SupervisionService/SubmitRectification", "M"),
    ("/greenlane.v1.SupervisionService/SuspendMvno", "R"),
    ("/grpc.health.v1.Health/Check", "*"),
    ("/grpc.health.v1.Health/List", "*"),
    ("/grpc.health.v1.Health/Watch", "*"),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "*"),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "*"),
];

fn letter(class: &str) -> char {
    match class {
        "regulator" => 'R',
        "police" => 'P',
        "carrier" => 'C',
        "mvno" => 'M',
        "auditor" => 'A',
        "operator" => 'O',
        "portal" => 'T',
        other => panic!("{other} is no class"),
    }
}

#[tokio::test]
async fn every_cell_is_decided_by_the_table() {
    let expected: BTreeSet<&str> = TABLE.iter().map(|(path, _)| *path).collect();
    let served: BTreeSet<&str> = pb::methods().map(|method| method.path).collect();
    assert_eq!(expected, served, "an expectation is missing or superfluous");

    let world = Node::start();
    let mut cells = 0;
    for (class, identity) in IDENTITIES {
        let channel = world.connect(identity).await;
        for (path, may) in TABLE {
            let allowed = may.contains('*') || may.contains(letter(class));
            let answer = raw::call(&channel, path, Bytes::new()).await;
            match answer {
                Ok(_) => assert!(allowed, "{class} was let into {path}"),
                Err(status) if path.starts_with("/grpc.") => {
                    assert!(allowed, "{path} for {class}: {status:?}");
                }
                Err(status) => {
                    let refused = refusal::read(&status);
                    let by_role = refused.reason == "ROLE_MISSING";
                    assert_eq!(by_role, !allowed, "{path} for {class}: {refused:?}");
                    if by_role {
                        assert_eq!(status.code(), Code::PermissionDenied);
                        assert!(status.message().contains(class), "{}", status.message());
                    }
                }
            }
            cells += 1;
        }
    }
    let nobody = world.anonymous();
    for (path, _) in TABLE {
        let answer = raw::call(&nobody, path, Bytes::new()).await;
        assert!(answer.is_err(), "{path} answered nobody");
        cells += 1;
    }
    assert_eq!(cells, TABLE.len() * 8);
    // Nothing but refusals was entered on the way, and every one of them was.
    let acts: i64 = count(&world, "ACT");
    let refusals: i64 = count(&world, "REFUSAL");
    assert_eq!(acts, 1, "the sample's own");
    let denied =
        TABLE.iter().filter(|(_, may)| !may.contains('*')).map(|(_, may)| 7 - may.len()).sum::<usize>();
    assert!(refusals >= i64::try_from(denied).expect("few"), "{refusals} of at least {denied}");
}

fn count(world: &Node, kind: &str) -> i64 {
    let sql = "SELECT COUNT(*) FROM entry WHERE kind = ?1";
    world.database().query_row(sql, [kind], |row| row.get(0)).expect("a count")
}

/// What is in no table is denied, whoever asks.
#[tokio::test]
async fn unknown_paths_are_denied() {
    let world = Node::start();
    let channel = world.connect("regulator-miit").await;
    for path in [
        "/greenlane.v1.ComplianceService/NoSuchMethod",
        "/greenlane.v1.NoSuchService/X",
        "/x",
        "/",
        "/greenlane.v1.ComplianceService/checkstatus",
    ] {
        let status = raw::call(&channel, path, Bytes::new()).await.expect_err(path);
        assert_eq!(refusal::read(&status).reason, "METHOD_UNKNOWN", "{path}");
        assert_eq!(status.code(), Code::Unimplemented);
    }
}

/// Whose row it is comes from the certificate, not from a field.
#[tokio::test]
async fn an_mvno_sees_its_own() {
    use pb::compliance_service_client::ComplianceServiceClient;
    let world = Node::start();
    let mut client = ComplianceServiceClient::new(world.connect("mvno-m07").await);
    let mut ask = async |mvno: &str| {
        let action = pb::Action::AllocateNumbers.into();
        let request = pb::CheckStatusRequest { mvno: mvno.to_owned(), action, ..Default::default() };
        client.check_status(request).await
    };
    assert!(ask("mvnos/m07").await.is_ok());
    for other in ["mvnos/m01", "mvnos/nobody"] {
        let refused = refusal::read(&ask(other).await.expect_err("another's"));
        assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "NOT_YOURS"), "{other}");
    }
    let listed =
        client.list_standings(pb::ListStandingsRequest::default()).await.expect("its own").into_inner();
    assert_eq!(listed.standings.iter().map(|one| one.mvno.as_str()).collect::<Vec<_>>(), ["mvnos/m07"]);
    let request =
        |mvno: &str| pb::CheckStatusRequest { mvno: mvno.to_owned(), action: 1, ..Default::default() };
    let batch = pb::BatchCheckStatusRequest {
        requests: vec![request("mvnos/m07"), request("mvnos/m01"), request("mvnos/m07")],
    };
    let results = client.batch_check_status(batch).await.expect("each by itself").into_inner().results;
    let shapes: Vec<bool> = results
        .iter()
        .map(|result| matches!(result.result, Some(pb::batch_check_status_result::Result::Response(_))))
        .collect();
    assert_eq!(shapes, [true, false, true]);
}
