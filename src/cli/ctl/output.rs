//! How answers are printed: tables for people, and for programs the JSON that grpcurl prints.

use comfy_table::{Table, presets};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use serde::Serialize;

use crate::{cli::Failure, rpc::pb};

/// Tables or JSON.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// A table.
pub(super) struct Sheet(Table);

/// Every message there is, by its name.
pub(in crate::cli) fn pool() -> Result<DescriptorPool, Failure> {
    let mut pool = DescriptorPool::decode(pb::DESCRIPTORS).map_err(|fault| fault.to_string())?;
    // What refusals have in them, but for what is there already under another file's name.
    let more =
        FileDescriptorSet::decode(tonic_types::pb::FILE_DESCRIPTOR_SET).map_err(|fault| fault.to_string())?;
    let known = |file: &FileDescriptorProto| {
        let mut names = file.message_type.iter().map(|kind| format!("{}.{}", file.package(), kind.name()));
        names.any(|name| pool.get_message_by_name(&name).is_some())
    };
    let files: Vec<FileDescriptorProto> = more.file.into_iter().filter(|file| !known(file)).collect();
    pool.add_file_descriptor_protos(files).map_err(|fault| fault.to_string())?;
    Ok(pool)
}

/// A message of ours as grpcurl prints it; `google.rpc.` ones by their full name.
pub(super) fn json(name: &str, message: &impl Message) -> Result<DynamicMessage, Failure> {
    let full = if name.contains('.') { name.to_owned() } else { format!("greenlane.v1.{name}") };
    let kind = pool()?.get_message_by_name(&full).ok_or_else(|| format!("there is no message {full}"))?;
    DynamicMessage::decode(kind, &*message.encode_to_vec()).map_err(|fault| fault.to_string().into())
}

/// JSON in lines, indented as grpcurl does.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(value).map_err(|fault| fault.to_string())?);
    Ok(())
}

/// The same where errors go; false where it cannot be written.
pub(super) fn print_json_error(value: &impl Serialize) -> bool {
    let text = serde_json::to_string_pretty(value);
    text.is_ok_and(|text| {
        eprintln!("{text}");
        true
    })
}

// === impl Sheet ===

impl Sheet {
    /// With these headings.
    pub(super) fn columns<const N: usize>(headings: [&str; N]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(headings);
        Self(table)
    }

    /// Without headings: a name and what it is.
    pub(super) fn pairs() -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        Self(table)
    }

    /// One row more.
    pub(super) fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.0.add_row(cells);
    }

    /// Prints it, without the blanks that a table ends its lines with.
    pub(super) fn print(&self) {
        for line in self.0.lines() {
            println!("{}", line.trim_end());
        }
    }
}
