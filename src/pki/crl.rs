//! Signs revocation lists. An empty one is needed as well: without a list a certificate's status is unknown, and
//! the door refuses what is unknown.

use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, RevocationReason, RevokedCertParams, SerialNumber,
    date_time_ymd,
};

use super::{Authority, PkiError, since_epoch};
use crate::domain::time::Time;

// === impl Authority ===

impl Authority {
    /// The list of all revoked serial numbers (hex), complete as of `this_update`. The door refuses everyone of
    /// this CA after `next_update`. `number` must grow from list to list.
    pub fn crl(
        &self,
        revoked: &[&str],
        this_update: Time,
        next_update: Time,
        number: u64,
    ) -> Result<String, PkiError> {
        let mut revoked_certs = Vec::with_capacity(revoked.len());
        for serial in revoked {
            revoked_certs.push(RevokedCertParams {
                serial_number: SerialNumber::from(bytes(serial)?),
                revocation_time: date_time_ymd(1970, 1, 1) + since_epoch(this_update),
                reason_code: Some(RevocationReason::Unspecified),
                invalidity_date: None,
            });
        }
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(1970, 1, 1) + since_epoch(this_update),
            next_update: date_time_ymd(1970, 1, 1) + since_epoch(next_update),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer)?.pem()?)
    }
}

/// The bytes of a serial number.
fn bytes(hex: &str) -> Result<Vec<u8>, PkiError> {
    let digits = hex.as_bytes();
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(PkiError::Serial);
    }
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).map_err(|_| PkiError::Serial))
        .collect()
}
