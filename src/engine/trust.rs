//! Whose certificates are believed: the system's authorities, or those of one PEM file.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use zim_protocol::code::{Code, Fault};

use super::provider::provider;

#[derive(Clone)]
pub enum Trust {
    System,
    Only(Arc<ClientConfig>),
}

impl Trust {
    /// Reads the authorities of a PEM file. Only they are believed.
    pub fn file(path: &Path) -> Result<Trust, Fault> {
        let refused = |why: String| Fault::params(format!("CA file {} {why}", path.display()));
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let certificates = read.map_err(|error| refused(format!("cannot be read as PEM: {error}")))?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            roots.add(certificate).map_err(|error| refused(format!("has a certificate that is not one: {error}")))?;
        }
        if roots.is_empty() {
            return Err(refused("must have at least one section \"BEGIN CERTIFICATE\"; it has none".to_owned()));
        }
        Ok(Trust::Only(config(roots)?))
    }

    /// What TLS needs. The system's authorities are read once a process, which takes a while: not for a thread that
    /// is waited for.
    pub fn config(&self) -> Result<Arc<ClientConfig>, Fault> {
        static SYSTEM: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        match self {
            Trust::Only(config) => Ok(config.clone()),
            Trust::System => match SYSTEM.get() {
                Some(config) => Ok(config.clone()),
                None => {
                    let config = system()?;
                    Ok(SYSTEM.get_or_init(|| config).clone())
                }
            },
        }
    }
}

fn system() -> Result<Arc<ClientConfig>, Fault> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        let message = format!(
            "this system has no certificate authorities to check the server with{why}: install them (Debian and \
             Ubuntu: the package ca-certificates), or name your own with ca_file"
        );
        return Err(Fault::new(Code::NETWORK_ERROR, message));
    }
    config(roots)
}

fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>, Fault> {
    let builder = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::new(Code::INTERNAL_ERROR, format!("TLS cannot be set up: {error}")))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
