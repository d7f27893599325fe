//! One verifier for each class, chosen by the class that the leaf claims. rustls does not say which anchor a
//! chain ended in; so a chain is held against the anchors of the class it claims and against no others.

use std::{collections::BTreeMap, fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::{
        VerifierBuilderError, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};

use super::{
    ConfigError, Material,
    identity::{self, IdentityFault},
};
use crate::domain::caller::Class;

/// Leaf and intermediates. Ours are leaf and at most two intermediates.
const MAX_CHAIN: usize = 4;
/// All certificates of a chain together.
const MAX_CHAIN_BYTES: usize = 16 * 1024;

/// Says who may connect.
pub(super) struct ClassVerifier {
    trust_domain: String,
    by_class: BTreeMap<Class, Arc<dyn ClientCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

// === impl ClassVerifier ===

impl ClassVerifier {
    /// Builds the verifiers of all classes that have anchors.
    pub(super) fn new(material: &Material, provider: Arc<CryptoProvider>) -> Result<Self, ConfigError> {
        // SECURITY: without a list rustls checks no revocation and says nothing about it.
        if material.crls.is_empty() {
            return Err(ConfigError::NoCrls);
        }
        if material.anchors.is_empty() {
            return Err(ConfigError::NoAnchors);
        }
        let mut by_class = BTreeMap::new();
        for (class, anchors) in &material.anchors {
            let mut roots = RootCertStore::empty();
            for anchor in anchors {
                roots.add(anchor.clone()).map_err(|fault| ConfigError::Anchor { class: *class, fault })?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .with_crls(material.crls.iter().cloned())
                .enforce_revocation_expiration()
                .build()
                .map_err(|fault| match fault {
                    VerifierBuilderError::NoRootAnchors => ConfigError::NoAnchors,
                    fault => ConfigError::Crl(fault.to_string()),
                })?;
            by_class.insert(*class, verifier);
        }
        Ok(Self { trust_domain: material.trust_domain.clone(), by_class, provider })
    }

    pub(super) fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    fn refuse(fault: IdentityFault) -> Error {
        CertificateError::Other(OtherError(Arc::new(fault))).into()
    }
}

impl ClientCertVerifier for ClassVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // Partners know which certificate is theirs; strangers need not learn our CAs' names.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let bytes = end_entity.len() + intermediates.iter().map(|der| der.len()).sum::<usize>();
        if intermediates.len() >= MAX_CHAIN || bytes > MAX_CHAIN_BYTES {
            return Err(Self::refuse(IdentityFault::ChainTooLong));
        }
        let leaf = identity::read(&self.trust_domain, end_entity).map_err(Self::refuse)?;
        intermediates.iter().try_for_each(identity::intermediate).map_err(Self::refuse)?;
        let class = leaf.caller.class();
        let verifier = self.by_class.get(&class).ok_or_else(|| Self::refuse(IdentityFault::NoAnchor))?;
        verifier.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::PeerIncompatible(rustls::PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl fmt::Debug for ClassVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClassVerifier").field("classes", &self.by_class.keys()).finish_non_exhaustive()
    }
}
