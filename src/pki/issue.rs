//! Issues certificates: one identity each for partners, names and addresses for the server.

use std::net::IpAddr;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    SanType, SerialNumber, date_time_ymd,
};

use super::{Authority, PkiError, Scope, Validity, authority::hex, since_epoch};
use crate::{
    domain::caller::{Caller, Class},
    host,
};

/// Whom a certificate is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The class; the CA must be of the same.
    pub class: Class,
    /// The id within the class.
    pub id: String,
    /// The person, where the class needs one.
    pub person: Option<String>,
}

/// A certificate and its key. Not printable: it holds a key.
pub struct Issued {
    /// The certificate.
    pub cert_pem: String,
    /// Its private key, PKCS #8.
    pub key_pem: String,
    /// Its serial number in lower-case hex, by which it can be revoked.
    pub serial: String,
}

// === impl Identity ===

impl Identity {
    /// The path of the identity, without the trust domain: `regulator/miit/officer-1`.
    pub fn path(&self) -> String {
        let person = self.person.as_ref().map(|person| format!("/{person}")).unwrap_or_default();
        format!("{}/{}{person}", self.class, self.id)
    }
}

// === impl Authority ===

impl Authority {
    /// Issues a client certificate with exactly one URI SAN. Refuses what the door would refuse.
    pub fn issue(&self, identity: &Identity, validity: Validity) -> Result<Issued, PkiError> {
        if self.scope != Scope::Class(identity.class) {
            return Err(PkiError::WrongScope(self.scope));
        }
        let uri = format!("spiffe://{}/{}", self.trust_domain, identity.path());
        Caller::parse(&self.trust_domain, &uri).map_err(PkiError::Identity)?;
        self.sign(
            &identity.path(),
            vec![SanType::URI(uri.try_into()?)],
            ExtendedKeyUsagePurpose::ClientAuth,
            validity,
        )
    }

    /// Issues the server's certificate for these names and addresses.
    pub fn issue_server(
        &self,
        names: &[&str],
        ips: &[IpAddr],
        validity: Validity,
    ) -> Result<Issued, PkiError> {
        match self.scope {
            Scope::Server => {}
            Scope::Class(_) => return Err(PkiError::WrongScope(self.scope)),
        }
        let mut sans = Vec::with_capacity(names.len() + ips.len());
        for name in names {
            sans.push(SanType::DnsName((*name).try_into()?));
        }
        sans.extend(ips.iter().copied().map(SanType::IpAddress));
        self.sign("greenlane", sans, ExtendedKeyUsagePurpose::ServerAuth, validity)
    }

    /// Issues a certificate by which the server itself is known where it is a client, such as by an identity authority.
    /// No class's anchor is this CA, so that nobody gets into a gateway by it.
    pub fn issue_outgoing(&self, name: &str, validity: Validity) -> Result<Issued, PkiError> {
        match self.scope {
            Scope::Server => {}
            Scope::Class(_) => return Err(PkiError::WrongScope(self.scope)),
        }
        let san = SanType::DnsName(name.try_into()?);
        self.sign(name, vec![san], ExtendedKeyUsagePurpose::ClientAuth, validity)
    }

    fn sign(
        &self,
        name: &str,
        sans: Vec<SanType>,
        usage: ExtendedKeyUsagePurpose,
        validity: Validity,
    ) -> Result<Issued, PkiError> {
        let key = KeyPair::generate()?;
        let mut serial = host::random::<16>();
        // Positive and without a leading zero, so that it is 16 bytes in every tool's eyes.
        serial[0] = (serial[0] & 0x7f) | 0x40;
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(validity.from);
        params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(validity.to);
        params.distinguished_name = DistinguishedName::new();
        // For people only. Nothing reads a name from it.
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = sans;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Issued { cert_pem: certificate.pem(), key_pem: key.serialize_pem(), serial: hex(&serial) })
    }
}
