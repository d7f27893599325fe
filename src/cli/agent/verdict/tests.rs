//! What hooks print, and what it says to the gateway.

use super::*;

const ONE: &str = "+8617000000001";
const TWO: &str = "+8617000000002";

fn command(kind: CommandKind) -> pb::Command {
    pb::Command {
        sequence: 7,
        kind: kind.into(),
        msisdns: vec![ONE.to_owned(), TWO.to_owned()],
        ..Default::default()
    }
}

#[test]
fn nothing_is_all_done() {
    for (kind, outcome) in [
        (CommandKind::Shutdown, "EXECUTED"),
        (CommandKind::Restore, "EXECUTED"),
        (CommandKind::Verify, "VERIFIED"),
    ] {
        let verdict = Verdict::read(&command(kind), b" \n").expect("done");
        assert_eq!(verdict.summary(), (outcome, 0));
        assert_eq!(verdict, Verdict::read(&command(kind), b"{}").expect("done"));
        assert_eq!(verdict, Verdict::read(&command(kind), b"[]").expect("done"));
        let ack = verdict.ack(&command(kind));
        assert_eq!((ack.sequence, ack.results.len()), (7, 0));
    }
}

#[test]
fn numbers_may_go_otherwise() {
    let shutdown = command(CommandKind::Shutdown);
    let printed =
        format!(r#"[{{"msisdn": "{TWO}", "outcome": "RESULT_OUTCOME_FAILED", "code": "HLR_BUSY"}}]"#);
    let verdict = Verdict::read(&shutdown, printed.as_bytes()).expect("read");
    assert_eq!(verdict.summary(), ("EXECUTED", 1));
    let ack = verdict.ack(&shutdown);
    assert_eq!(ack.outcome(), ResultOutcome::Executed);
    assert_eq!((ack.results[0].msisdn.as_str(), ack.results[0].code.as_str()), (TWO, "HLR_BUSY"));
    assert_eq!(ack.results[0].outcome(), ResultOutcome::Failed);
    let printed =
        format!(r#"{{"outcome": "DIVERGED", "results": [{{"msisdn": "{ONE}", "outcome": "VERIFIED"}}]}}"#);
    let verdict = Verdict::read(&command(CommandKind::Verify), printed.as_bytes()).expect("read");
    assert_eq!(verdict.summary(), ("DIVERGED", 1));
}

#[test]
fn failed_names_every_number_with_its_code() {
    let shutdown = command(CommandKind::Shutdown);
    let verdict = Verdict::failed(&shutdown, "EXIT_3");
    assert_eq!(verdict.summary(), ("FAILED", 0));
    let ack = verdict.ack(&shutdown);
    assert_eq!(ack.results.len(), 2);
    assert!(ack.results.iter().all(|result| result.code == "EXIT_3"));
}

#[test]
fn what_cannot_be_meant_is_not_taken() {
    let shutdown = command(CommandKind::Shutdown);
    let result = |msisdn: &str, outcome: &str, code: &str| {
        format!(r#"{{"msisdn": "{msisdn}", "outcome": "{outcome}", "code": "{code}"}}"#)
    };
    for printed in [
        "done".to_owned(),
        r#"{"outcom": "EXECUTED"}"#.to_owned(),
        r#"{"outcome": "UNSPECIFIED"}"#.to_owned(),
        r#"{"outcome": "VERIFIED"}"#.to_owned(),
        format!("[{}]", result("+8617000000003", "EXECUTED", "")),
        format!("[{}]", result(ONE, "DONE", "")),
        format!("[{}]", result(ONE, "FAILED", "so what")),
        format!("[{}, {}]", result(ONE, "FAILED", ""), result(ONE, "EXECUTED", "")),
    ] {
        let fault = Verdict::read(&shutdown, printed.as_bytes()).expect_err("not taken");
        assert!(!fault.contains("8617"), "{fault}");
    }
    assert!(Verdict::read(&command(CommandKind::Verify), br#"{"outcome": "EXECUTED"}"#).is_err());
}
