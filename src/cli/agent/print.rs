//! Commands as hooks read them: the JSON that grpcurl prints.

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value;

use crate::{cli::ctl::output, rpc::pb};

/// Knows every message.
#[derive(Clone)]
pub(super) struct Printer(DescriptorPool);

// === impl Printer ===

impl Printer {
    /// One for the life of an agent.
    pub(super) fn new() -> Result<Self, crate::cli::Failure> {
        output::pool().map(Self)
    }

    /// A command.
    pub(super) fn command(&self, command: &pb::Command) -> Result<Vec<u8>, String> {
        serde_json::to_vec(&self.message("Command", command)?).map_err(|fault| fault.to_string())
    }

    /// Everything that is to be off.
    pub(super) fn snapshot(
        &self,
        receiver: &str,
        list: &pb::ListCommandedNumbersResponse,
    ) -> Result<Vec<u8>, String> {
        let message = self.message("ListCommandedNumbersResponse", list)?;
        let mut value = serde_json::to_value(&message).map_err(|fault| fault.to_string())?;
        value["kind"] = Value::from("SNAPSHOT");
        value["receiver"] = Value::from(receiver);
        serde_json::to_vec(&value).map_err(|fault| fault.to_string())
    }

    fn message(&self, name: &str, message: &impl Message) -> Result<DynamicMessage, String> {
        let kind = self.0.get_message_by_name(&format!("greenlane.v1.{name}"));
        let kind = kind.ok_or_else(|| format!("there is no message {name}"))?;
        DynamicMessage::decode(kind, &*message.encode_to_vec()).map_err(|fault| fault.to_string())
    }
}
