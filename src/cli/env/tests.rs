use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use super::*;

/// What a shell hands to grpcurl, one word a line, with what it reads from standard input at the end.
fn said(shell: &str, dir: &Path, script: &str) -> Option<String> {
    let output = Command::new(shell)
        .args(["-c", &format!("cd /; . '{}/a b/env.sh'; {script}", dir.display())])
        .env("GRPCURL", dir.join("echo"))
        .env("CDPATH", "/tmp:/")
        .output()
        .ok()?;
    assert!(output.status.success(), "{shell}: {script}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn words_reach_grpcurl_in_its_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let home = dir.path().join("a b");
    fs::create_dir(&home).expect("made");
    fs::write(home.join("env.sh"), env_sh("gw.example:8443")).expect("written");
    fs::write(home.join("x.json"), "{\"zh\": \"号\"}").expect("written");
    let echo = dir.path().join("echo");
    let script = "#!/bin/sh\nfor w do case $last in -d) [ \"$w\" = @ ] && cat && echo; esac; echo \"$w\"; last=$w; done\n";
    fs::write(&echo, script).expect("written");
    fs::set_permissions(&echo, fs::Permissions::from_mode(0o755)).expect("set");

    let at = home.canonicalize().expect("there");
    let at = at.display();
    let certs = format!("-cacert\n{at}/ca.pem\n-cert\n{at}/cert.pem\n-key\n{at}/key.pem\n");
    let file = format!("gl X/Y -d '@{at}/x.json'");
    for (given, wanted) in [
        ("gl list", "gw.example:8443\nlist\n"),
        ("gl describe CheckStatusRequest", "gw.example:8443\ndescribe\ngreenlane.v1.CheckStatusRequest\n"),
        ("gl describe google.rpc.ErrorInfo", "gw.example:8443\ndescribe\ngoogle.rpc.ErrorInfo\n"),
        ("gl X/Y -d '{\"a\": \"-v b=c\"}'", "-d\n{\"a\": \"-v b=c\"}\ngw.example:8443\ngreenlane.v1.X/Y\n"),
        (
            "gl -max-time 5 X/Y -emit-defaults",
            "-max-time\n5\n-emit-defaults\ngw.example:8443\ngreenlane.v1.X/Y\n",
        ),
        (
            "gl --emit-defaults -max-time=5 X/Y",
            "--emit-defaults\n-max-time=5\ngw.example:8443\ngreenlane.v1.X/Y\n",
        ),
        ("gl -servername gw X/Y", "-servername\ngw\ngw.example:8443\ngreenlane.v1.X/Y\n"),
        ("echo '{}' | gl X/Y -d @", "-d\n{}\n\n@\ngw.example:8443\ngreenlane.v1.X/Y\n"),
        (&file, "-d\n{\"zh\": \"号\"}\n@\ngw.example:8443\ngreenlane.v1.X/Y\n"),
        ("GL_ADDRESS=b:1; gl list", "b:1\nlist\n"),
        ("set -eu; gl list", "gw.example:8443\nlist\n"),
    ] {
        for shell in ["bash", "zsh"] {
            if let Some(found) = said(shell, dir.path(), given) {
                assert_eq!(found, format!("{certs}{wanted}"), "{shell}: {given}");
            }
        }
    }
}

#[test]
fn without_grpcurl_it_says_how_to_get_it() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("env.sh"), env_sh("gw.example:8443")).expect("written");
    let output = Command::new("bash")
        .args([
            "-c",
            "cd \"$1\"; GRPCURL=/no/such/tool; . ./env.sh; gl list",
            "-",
            dir.path().to_str().expect("text"),
        ])
        .output()
        .expect("bash runs");
    assert_eq!(output.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&output.stderr).contains("go install"));
}

#[test]
fn an_address_is_no_script() {
    for sound in ["gw.example:8443", "127.0.0.1:1", "[::1]:8443", "localhost:65535"] {
        assert_eq!(address(sound).ok().as_deref(), Some(sound));
    }
    for bad in
        ["", "gw.example", ":1", "a:0", "a:65536", "$(id):1", "a b:1", "a;b:1", "-x:1", "'a:1", "::1:8443"]
    {
        assert!(address(bad).is_err(), "{bad}");
    }
}
