//! Outlets, both ways.

use super::{document, fields::Fields, stamp, word::Word};
use crate::{
    domain::{channel::ChannelDraft, personal::Personal},
    rpc::pb,
    service::channels::{
        Shown,
        authorise_channel::{Draft, PersonDraft},
    },
};

/// An outlet to be authorised.
pub fn draft(message: Option<pb::Channel>, fields: &mut Fields) -> Draft {
    let message = message.unwrap_or_default();
    let name = (!message.name.is_empty()).then(|| fields.outlet("channel.name", &message.name));
    let mvno = fields.opt_mvno("channel.mvno", &message.mvno);
    let agreement = message.agreement.unwrap_or_default();
    let terms = ChannelDraft {
        kind: Word::read(message.kind),
        legal_name: Personal::new(message.legal_name),
        uscc: Personal::new(message.uscc),
        uscc_compared: message.uscc_compared,
        plate_number: message.plate_number,
        parent: message.parent,
        trained_time: fields.opt_time("channel.trained_time", message.trained_time.as_ref()),
        agreement_number: agreement.number,
        agreement_end: fields.opt_time("channel.agreement.valid_to_time", agreement.valid_to_time.as_ref()),
    };
    let persons = message.persons.into_iter();
    let persons = persons
        .map(|person| PersonDraft {
            operator_id: person.operator_id,
            document: document::draft(person.document),
        })
        .collect();
    Draft { name, mvno, terms, persons }
}

/// An outlet as it is shown: of its persons their ids alone.
pub fn shown(shown: &Shown) -> pb::Channel {
    let outlet = &shown.outlet;
    let persons = shown.operator_ids.iter();
    pb::Channel {
        name: outlet.name().to_string(),
        mvno: outlet.mvno.to_string(),
        kind: outlet.kind.wire(),
        legal_name: outlet.legal_name.clone(),
        uscc: outlet.uscc.clone(),
        uscc_compared: outlet.uscc_compared,
        plate_number: outlet.plate_number.clone(),
        parent: String::new(),
        trained_time: outlet.trained_time.map(stamp),
        agreement: outlet.agreement_end.map(|end| pb::Agreement {
            number: outlet.agreement_number.clone(),
            valid_to_time: Some(stamp(end)),
        }),
        persons: persons.map(|id| pb::ChannelPerson { operator_id: id.clone(), document: None }).collect(),
        reader_serials: shown.reader_serials.clone(),
        state: outlet.state.wire(),
        live_lines: shown.live_lines,
        authorise_time: Some(stamp(outlet.authorise_time)),
    }
}
