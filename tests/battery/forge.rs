//! Makes leaves and chains that differ from a good one in one point.

use greenlane::{domain::caller::Class, pki::Authority};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber, date_time_ymd,
};
use rustls::pki_types::CertificateDer;

use crate::{
    der,
    world::{DOMAIN, Pki, Shown},
};

/// The serial number that the classes' lists revoke.
pub const REVOKED: [u8; 16] = [0x55; 16];

/// A CA of the test's own.
pub struct Ca {
    pub issuer: Issuer<'static, KeyPair>,
    pub der: CertificateDer<'static>,
}

// === impl Ca ===

impl Ca {
    /// The key of one of the gateway's authorities, so that it can sign what the authority would refuse.
    pub fn of(pki: &Pki, class: Class) -> Self {
        let authority: &Authority = &pki.classes[&class];
        let key = KeyPair::from_pem(&authority.key_pem()).expect("key");
        let der = rustls::pki_types::pem::PemObject::from_pem_slice(authority.pem().as_bytes()).expect("PEM");
        Self { issuer: Issuer::from_ca_cert_der(&der, key).expect("CA"), der }
    }

    /// One that nobody trusts.
    pub fn stranger(name: &str) -> Self {
        let params = ca_params(name, None);
        let key = KeyPair::generate().expect("key");
        let der = params.self_signed(&key).expect("CA").der().clone();
        Self { issuer: Issuer::new(params, key), der }
    }

    /// One that this one vouches for.
    pub fn below(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().expect("key");
        let der = params.signed_by(&key, &self.issuer).expect("intermediate").der().clone();
        Self { issuer: Issuer::new(params, key), der }
    }

    /// A leaf with these parameters.
    pub fn leaf(&self, params: &CertificateParams) -> Shown {
        let key = KeyPair::generate().expect("key");
        self.leaf_of(params, key)
    }

    /// A leaf of this key.
    pub fn leaf_of(&self, params: &CertificateParams, key: KeyPair) -> Shown {
        let der = params.signed_by(&key, &self.issuer).expect("leaf").der().clone();
        Shown { chain: vec![der], key: key.into() }
    }

    /// A good leaf, changed after it was made and signed once more.
    pub fn bent(&self, bend: impl FnOnce(&mut Vec<Vec<u8>>)) -> Shown {
        let mut shown = self.leaf(&mvno());
        shown.chain[0] = der::bent(&shown.chain[0], self.issuer.key(), bend);
        shown
    }

    /// A list of this CA.
    pub fn list(&self, revoked: &[&[u8]]) -> String {
        let long_ago = date_time_ymd(2020, 1, 1);
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: long_ago,
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: long_ago,
            next_update: date_time_ymd(2100, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).expect("list").pem().expect("PEM")
    }
}

/// A leaf that would be let in, were it not for what the test changes.
pub fn good(path: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params.subject_alt_names = vec![uri(&format!("spiffe://{DOMAIN}/{path}"))];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

/// The same for the MVNO of most cases.
pub fn mvno() -> CertificateParams {
    good("mvno/x1")
}

/// That leaf, with one change.
pub fn with(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = mvno();
    change(&mut params);
    params
}

/// That leaf with these names and no others.
pub fn named(names: Vec<SanType>) -> CertificateParams {
    with(|params| params.subject_alt_names = names)
}

/// That leaf with names that no typed API would let through: a tag number and its bytes.
pub fn named_raw(entries: &[(u8, &[u8])]) -> CertificateParams {
    with(|params| {
        params.subject_alt_names = Vec::new();
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], der::names(entries))];
    })
}

pub fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().expect("ASCII"))
}

/// A CA's parameters; `depth` is how many CAs may follow.
pub fn ca_params(name: &str, depth: Option<u8>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2100, 1, 1);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(depth.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// The chain with these certificates after its own.
pub fn followed(mut shown: Shown, rest: &[&Ca]) -> Shown {
    shown.chain.extend(rest.iter().map(|ca| ca.der.clone()));
    shown
}
