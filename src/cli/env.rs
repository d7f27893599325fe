//! What a person sources to talk to a gateway with nothing but grpcurl: one function, `gl`, beside the certificates.

/// `env.sh` for bash and zsh: `gl list`, `gl describe X`, `gl Service/Method -d '{...}'`.
pub fn env_sh(address: &str) -> String {
    include_str!("env/env.sh").replace("@ADDRESS@", address)
}

/// `env.ps1`, the same for PowerShell.
pub fn env_ps1(address: &str) -> String {
    include_str!("env/env.ps1").replace("@ADDRESS@", address)
}
