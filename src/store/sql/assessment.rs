//! Assessments of industry users.

use super::values;
use crate::{
    domain::{
        industry::{Assessment, Functions},
        name::ParticipantName,
        time::Time,
    },
    store::{Row, StoreError, Tx},
};

/// One assessment, and of which unit it is.
#[derive(Clone, Debug, PartialEq)]
pub struct AssessmentRow {
    /// The last part of its name.
    pub id: String,
    /// Whose.
    pub mvno: ParticipantName,
    /// The blind index of the unit's code.
    pub uscc_index: Vec<u8>,
    /// What it says.
    pub assessment: Assessment,
}

/// Adds an assessment.
pub async fn add(tx: &mut dyn Tx, row: &AssessmentRow) -> Result<(), StoreError> {
    let functions = row.assessment.functions;
    tx.send(
        "INSERT INTO industry_assessment (id, mvno, uscc_index, scene, voice, sms, data_cap_mb, assess_time,
           valid_to_time, imei_binding)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        values![
            row.id.as_str(),
            &row.mvno,
            row.uscc_index.clone(),
            row.assessment.scene.as_str(),
            i64::from(functions.voice),
            i64::from(functions.sms),
            i64::from(functions.data_cap_mb),
            row.assessment.assess_time,
            row.assessment.valid_to_time,
            i64::from(row.assessment.imei_binding),
        ],
    )
    .await
}

/// One assessment of that MVNO.
pub async fn lookup(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    id: &str,
) -> Result<Option<AssessmentRow>, StoreError> {
    let rows = tx
        .query(
            "SELECT id, mvno, uscc_index, scene, voice, sms, data_cap_mb, assess_time, valid_to_time,
               imei_binding FROM industry_assessment WHERE id = ?1 AND mvno = ?2",
            values![id, mvno],
        )
        .await?;
    rows.first().map(read).transpose()
}

/// What the query above selects.
const COLUMNS: &str =
    "id, mvno, uscc_index, scene, voice, sms, data_cap_mb, assess_time, valid_to_time, imei_binding";

fn read(row: &Row) -> Result<AssessmentRow, StoreError> {
    sense(row).map_err(|error| error.named("industry_assessment", COLUMNS, row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<AssessmentRow, StoreError> {
    let data_cap_mb = u32::try_from(row.int(6)?).unwrap_or(0);
    let functions = Functions { voice: row.int(4)? != 0, sms: row.int(5)? != 0, data_cap_mb };
    let (assess_time, valid_to_time): (Time, Time) = (row.time(7)?, row.time(8)?);
    Ok(AssessmentRow {
        id: row.text(0)?.to_owned(),
        mvno: row.participant(1)?,
        uscc_index: row.blob(2)?.to_vec(),
        assessment: Assessment {
            scene: row.text(3)?.to_owned(),
            functions,
            imei_binding: row.int(9)? != 0,
            assess_time,
            valid_to_time,
        },
    })
}
