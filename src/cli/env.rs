//! What a person sources to talk to a gateway with nothing but grpcurl: one function, `gl`, beside the certificates.

use super::Failure;

/// `env.sh` for bash and zsh: `gl list`, `gl describe X`, `gl Service/Method -d '{...}'`. The address is one that
/// [`address`] let through.
pub fn env_sh(address: &str) -> String {
    include_str!("env/env.sh").replace("@ADDRESS@", address)
}

/// `env.ps1`, the same for PowerShell.
pub fn env_ps1(address: &str) -> String {
    include_str!("env/env.ps1").replace("@ADDRESS@", address)
}

/// Lets a `host:port` through and nothing else: it becomes part of a script that others run.
pub fn address(text: &str) -> Result<String, Failure> {
    let sound = text.rsplit_once(':').is_some_and(|(host, port)| {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(six) => six.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && !host.starts_with('-')
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
            }
        };
        host && port.parse::<u16>().is_ok_and(|port| port != 0)
    });
    if sound {
        return Ok(text.to_owned());
    }
    let line = "an address is a host and a port, like gw.example:8443 or 127.0.0.1:8443".to_owned();
    Err(Failure { lines: vec![line], code: 64 })
}

#[cfg(test)]
mod tests;
