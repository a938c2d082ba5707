//! `wss://`: whom a client believes.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
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

    /// A server with a certificate for `name`.
    fn server(&self, name: &str) -> Server {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
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
