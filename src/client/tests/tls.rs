//! `wss://`: whom a client believes.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SignatureAlgorithm,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ALL_VERSIONS, SupportedProtocolVersion};
use zim_protocol::SUBPROTOCOL;

use super::server::Manners;
use super::*;

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = std::env::temp_dir().join(format!("zim-ca-{name}-{}.pem", std::process::id()));
        std::fs::write(&file, issuer.pem()).unwrap();
        Authority { issuer, file }
    }

    fn server(&self, name: &str) -> Server {
        self.server_of(name, &PKCS_ECDSA_P256_SHA256, ring::default_provider(), ALL_VERSIONS)
    }

    /// A server with a certificate for `name`, of this kind.
    fn server_of(
        &self,
        name: &str,
        key: &'static SignatureAlgorithm,
        provider: CryptoProvider,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Server {
        let key = KeyPair::generate_for(key).unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let manners = Manners { subprotocol: Some(SUBPROTOCOL), status: None };
        Server::with(manners, Some(TlsAcceptor::from(Arc::new(config))))
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

fn host(url: &str, ca_file: Option<&PathBuf>) -> Host {
    Host::with(AppConfig { request_timeout_ms: 3_000, ca_file: ca_file.cloned(), ..config(url) })
}

fn failed(url: &str, ca_file: Option<&PathBuf>) -> String {
    host(url, ca_file).login().recv_timeout(PATIENCE).unwrap().unwrap_err().message
}

#[test]
fn a_server_with_a_certificate_of_the_given_authority_is_believed() {
    let authority = Authority::new("good");
    for name in ["localhost", "127.0.0.1"] {
        let server = authority.server(name);
        let host = host(&format!("wss://{name}:{}/zim", server.address.port()), Some(&authority.file));
        let done = host.login();
        let _connection = server.accept_login();
        done.recv_timeout(PATIENCE).unwrap().unwrap();
    }
}

#[test]
fn every_kind_of_server_is_understood() {
    let authority = Authority::new("kinds");
    for version in [&TLS12, &TLS13] {
        for key in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
            for group in ring::default_provider().kx_groups {
                let provider = CryptoProvider { kx_groups: vec![group], ..ring::default_provider() };
                let server = authority.server_of("localhost", key, provider, &[version]);
                let host = host(&format!("wss://localhost:{}/zim", server.address.port()), Some(&authority.file));
                let done = host.login();
                let _connection = server.accept_login();
                let kind = format!("{version:?}, {key:?}, {group:?}");
                assert_eq!(done.recv_timeout(PATIENCE).unwrap(), Ok(()), "{kind}");
            }
        }
    }
}

#[test]
fn other_authorities_and_other_names_are_not_believed() {
    let (authority, stranger) = (Authority::new("own"), Authority::new("stranger"));
    let server = authority.server("example.org");
    let url = format!("wss://127.0.0.1:{}/zim", server.address.port());
    let message = failed(&url, Some(&stranger.file));
    assert!(message.contains("its certificate was refused") && message.contains("ca_file"), "{message}");
    let message = failed(&url, Some(&authority.file));
    assert!(message.contains("its certificate was refused"), "{message}");
    assert!(message.contains(&url), "{message}");
}

#[test]
fn a_port_without_tls_and_one_with_it_are_told_apart() {
    let plain = Server::start();
    let authority = Authority::new("apart");
    let message = failed(&format!("wss://{}/zim", plain.address), Some(&authority.file));
    assert!(message.contains("is it a ws:// port, without TLS?"), "{message}");
    let secure = authority.server("localhost");
    let message = failed(&secure.url(), None);
    assert!(message.contains("wss://"), "{message}");
}

#[test]
fn a_ca_file_without_certificates_is_refused_at_once() {
    let file = std::env::temp_dir().join(format!("zim-ca-empty-{}.pem", std::process::id()));
    std::fs::write(&file, "nothing").unwrap();
    let config = AppConfig { ca_file: Some(file.clone()), ..config("wss://localhost") };
    let fault = Client::create(config).err().unwrap();
    assert_eq!(fault.code, Code::PARAMS_INVALID);
    assert!(fault.message.contains("BEGIN CERTIFICATE"), "{fault}");
    std::fs::remove_file(&file).unwrap();
}
