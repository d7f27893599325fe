//! Compiles the protos without protoc, and makes the table of who may call what from the option beside each RPC.
//! An RPC without the option, or with one that names nobody, does not build.

use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

use prost::Message;
use protox::prost_reflect::{DescriptorPool, Kind, MethodDescriptor, Value};

const ROOTS: [&str; 2] = ["proto", "proto-vendor"];
/// What the gateway serves.
const FILES: [&str; 15] = [
    "greenlane/access/v1/access.proto",
    "greenlane/v1/appeal.proto",
    "greenlane/v1/channel.proto",
    "greenlane/v1/command.proto",
    "greenlane/v1/compliance.proto",
    "greenlane/v1/document.proto",
    "greenlane/v1/error.proto",
    "greenlane/v1/identity.proto",
    "greenlane/v1/numbering.proto",
    "greenlane/v1/participant.proto",
    "greenlane/v1/registration.proto",
    "greenlane/v1/server_info.proto",
    "greenlane/v1/shutdown.proto",
    "greenlane/v1/supervision.proto",
    "greenlane/v1/text.proto",
];
/// Messages with something about a person in them: they are not printed as they are generated (`rpc/pb.rs`).
const PERSONAL: [&str; 20] = [
    ".greenlane.v1.Appeal",
    ".greenlane.v1.Command",
    ".greenlane.v1.CommandedNumber",
    ".greenlane.v1.DecideHeldNumbersRequest",
    ".greenlane.v1.Document",
    ".greenlane.v1.FileAppealRequest",
    ".greenlane.v1.GetAppealRequest",
    ".greenlane.v1.IndustryLine",
    ".greenlane.v1.ListNumberActionsRequest",
    ".greenlane.v1.LookupNumberRequest",
    ".greenlane.v1.MatchIdentityRequest",
    ".greenlane.v1.Notice",
    ".greenlane.v1.NumberAction",
    ".greenlane.v1.NumberImpact",
    ".greenlane.v1.NumberResult",
    ".greenlane.v1.PhoneNumber",
    ".greenlane.v1.PlanRestorationRequest",
    ".greenlane.v1.PlanShutdownRequest",
    ".greenlane.v1.Registration",
    ".greenlane.v1.RegistrationRecord",
];
/// The same, for what is one of several in a message.
const PERSONAL_CHOICES: [&str; 1] = [".greenlane.v1.RequestSupplementRequest"];
/// Texts about a person wherever they stand.
const TELLING: [&str; 5] = ["appeal_code", "imei", "msisdn", "msisdns", "statement"];
/// What the gateway asks of others and does not serve: compiled by itself, so that it is in no table of ours, no
/// reflection and no protoset.
const ASKED: [&str; 1] = ["greenlane/authority/v1/authority.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    for root in ROOTS {
        println!("cargo::rerun-if-changed={root}");
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut compiler = protox::Compiler::new(ROOTS)?;
    compiler.include_imports(true).include_source_info(true).open_files(FILES)?;
    fs::write(out.join("greenlane.bin"), compiler.encode_file_descriptor_set())?;
    fs::write(out.join("access.rs"), table(&compiler.descriptor_pool())?)?;
    silent(&compiler.descriptor_pool())?;
    let files = prost_types(&compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .build_client(true)
        .skip_debug(PERSONAL)
        .skip_debug(PERSONAL_CHOICES)
        .extern_path(".google.rpc.Status", "::tonic_types::pb::Status")
        .compile_fds(files)?;
    let mut asked = protox::Compiler::new(ROOTS)?;
    asked.include_imports(true).include_source_info(true).open_files(ASKED)?;
    let files = prost_types(&asked.encode_file_descriptor_set())?;
    tonic_prost_build::configure().build_client(true).compile_fds(files)?;
    Ok(())
}

fn prost_types(bytes: &[u8]) -> Result<tonic_prost_build::FileDescriptorSet, Box<dyn Error>> {
    Ok(tonic_prost_build::FileDescriptorSet::decode(bytes)?)
}

/// A message with such a field that would be printed does not build.
fn silent(pool: &DescriptorPool) -> Result<(), Box<dyn Error>> {
    for message in pool.all_messages().filter(|message| message.package_name() == "greenlane.v1") {
        let name = format!(".{}", message.full_name());
        let telling =
            message.fields().any(|field| field.kind() == Kind::String && TELLING.contains(&field.name()));
        if telling && !PERSONAL.iter().chain(&PERSONAL_CHOICES).any(|personal| *personal == name) {
            return Err(
                format!("{name} has a subscriber in it: add it to PERSONAL, and say less in pb.rs").into()
            );
        }
    }
    Ok(())
}

/// The rows of the table, in the order of paths.
fn table(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let mut rows = Vec::new();
    for service in pool.services() {
        if service.package_name() != "greenlane.v1" {
            return Err(format!(
                "{} is not of greenlane.v1, and nothing else is served",
                service.full_name()
            )
            .into());
        }
        for method in service.methods() {
            let path = format!("/{}/{}", service.full_name(), method.name());
            rows.push((path.clone(), row(pool, &path, &method)?));
        }
    }
    rows.sort();
    let mut text = String::from("pub const GREENLANE: &[Method] = &[\n");
    for (_, row) in rows {
        text.push_str(&row);
    }
    text.push_str("];\n");
    Ok(text)
}

fn row(pool: &DescriptorPool, path: &str, method: &MethodDescriptor) -> Result<String, Box<dyn Error>> {
    let extension = pool.get_extension_by_name("greenlane.access.v1.access").ok_or("no access option")?;
    let options = method.options();
    if !options.has_extension(&extension) {
        return Err(format!("{path} says not who may call it: add (greenlane.access.v1.access)").into());
    }
    let access = options.get_extension(&extension);
    let access = access.as_message().ok_or("the access option is a message")?;
    let field = |name: &str| access.get_field_by_name(name).map(|value| value.into_owned());
    let flag = |name: &str| field(name).and_then(|value| value.as_bool()).unwrap_or(false);
    let roles: Vec<i32> = match field("any_of") {
        Some(Value::List(list)) => list.iter().filter_map(Value::as_enum_number).collect(),
        _ => Vec::new(),
    };
    if roles.is_empty() != flag("anyone") {
        return Err(format!("{path}: name the roles, or say anyone, and not both").into());
    }
    let effect = match field("effect").and_then(|value| value.as_enum_number()) {
        Some(1) => "Read",
        Some(2) => "Write",
        _ => return Err(format!("{path}: say its effect").into()),
    };
    let roles: Vec<&str> = roles.into_iter().map(class).collect::<Result<_, _>>()?;
    let streams = method.is_client_streaming() || method.is_server_streaming();
    let mut row = String::new();
    writeln!(
        row,
        "    Method {{ path: {path:?}, streams: {streams}, rule: Rule {{ roles: &[{}], anyone: {}, effect: \
         Effect::{effect}, dual_control: {} }} }},",
        roles.join(", "),
        flag("anyone"),
        flag("dual_control"),
    )?;
    Ok(row)
}

/// The class of a `Role` number of access.proto.
fn class(role: i32) -> Result<&'static str, String> {
    Ok(match role {
        1 => "Class::Regulator",
        2 => "Class::Police",
        3 => "Class::Carrier",
        4 => "Class::Mvno",
        5 => "Class::Auditor",
        6 => "Class::Operator",
        7 => "Class::Portal",
        other => return Err(format!("role {other} has no class")),
    })
}
