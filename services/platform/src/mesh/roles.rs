//! The role a certificate speaks for: its DNS name `<role>.liufang.mesh`.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use crate::config::ROLES;

/// What follows the role in a certificate's DNS name.
pub const SUFFIX: &str = ".liufang.mesh";

/// The DNS name of a role.
pub fn dns_name(role: &str) -> String {
    format!("{role}{SUFFIX}")
}

/// Every role the certificate names. Wildcards name none.
pub(super) fn roles_in(certificate: &CertificateDer<'_>) -> Vec<&'static str> {
    let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) else { return Vec::new() };
    let names: Vec<String> = parsed.valid_dns_names().map(str::to_ascii_lowercase).collect();
    let known = |role: &&&str| names.iter().any(|name| name.strip_suffix(SUFFIX) == Some(**role));
    ROLES.iter().filter(known).copied().collect()
}

/// A certificate authority's usual check, and the certificate must name a role.
#[derive(Debug)]
pub(super) struct RoleVerifier(pub Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for RoleVerifier {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.0.verify_client_cert(end_entity, intermediates, now)?;
        if roles_in(end_entity).is_empty() {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        Ok(verified)
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
