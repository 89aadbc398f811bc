//! TLS over a connection. Verification is always on.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::{CryptoProvider, KeyProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::SigningKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::host::Host;
use super::socket::{Channel, Stream};
use crate::os::Ready;

/// The bundled roots and `extra_roots`, TLS 1.2 and 1.3.
pub fn client_config(
    extra_roots: &[CertificateDer<'static>],
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let crypto = CryptoProvider { key_provider: &NoKeys, ..ring::default_provider() };
    let config = ClientConfig::builder_with_provider(Arc::new(crypto))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(extra_roots))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// There are no client certificates: without a way to load their keys, the code that signs with
/// them is not linked.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(
        &self,
        _: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("there are no client certificates".to_owned()))
    }
}

fn roots(extra_roots: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(extra_roots.iter().cloned());
    roots
}

/// Whether a certificate is one that others could be checked against.
pub fn is_usable(root: &CertificateDer<'static>) -> bool {
    RootCertStore::empty().add(root.clone()).is_ok()
}

/// Agrees on TLS with `host`.
pub fn handshake(
    config: &Arc<ClientConfig>,
    host: &Host,
    mut channel: Channel,
) -> Result<StreamOwned<ClientConnection, Channel>, ureq::Error> {
    let name = ServerName::try_from(host.name.clone())
        .map_err(|_| ureq::Error::Tls("the host name can't be verified"))?;
    let mut connection = ClientConnection::new(Arc::clone(config), name)
        .map_err(|error| ureq::Error::Other(Box::new(error)))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut channel)?;
    }
    Ok(StreamOwned::new(connection, channel))
}

impl Stream for StreamOwned<ClientConnection, Channel> {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        while self.conn.wants_write() {
            self.conn.write_tls(&mut self.sock.at_once())?;
        }
        self.conn.writer().write(bytes)
    }

    fn has_left(&self) -> bool {
        !self.conn.wants_write()
    }

    /// Records that are not part of an answer, such as session tickets, are dealt with.
    fn read_arrived(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.conn.read_tls(&mut self.sock.at_once()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => {
                result?;
                let new = self.conn.process_new_packets();
                new.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            }
        }
        self.conn.reader().read(buf)
    }

    /// The server may have taken its leave, or said more than it was asked, together with its last
    /// reply.
    fn is_open(&mut self) -> bool {
        matches!(self.read_arrived(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    fn wait(&self, ready: Ready, time: Duration) -> io::Result<()> {
        self.sock.wait(ready, time)
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::*;

    /// Of an authority nobody knows, made for this test with `openssl req -x509`.
    const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBgjCCASegAwIBAgIURqDfVHVgdqqI05Urvs9afTEuXgYwCgYIKoZIzj0EAwIw\n\
FTETMBEGA1UEAwwKbGliY29zLWZvbzAgFw0yNjExMjIxMTQ4MzBaGA8yMTI2MTAy\n\
OTExNDgzMFowFTETMBEGA1UEAwwKbGliY29zLWZvbzBZMBMGByqGSM49AgEGCCqG\n\
SM49AwEHA0IABAnRReUM3l4S4wuBOW4gJSg2waxBx60w9R2YIHAe+rfK8T7uYKfp\n\
vejfuWpm3ejohASHelrwS5QEMBiiM01J396jUzBRMB0GA1UdDgQWBBSoQY36bpkm\n\
OZMWugVSgSSjL1NSbzAfBgNVHSMEGDAWgBSoQY36bpkmOZMWugVSgSSjL1NSbzAP\n\
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCxL0/Wq++TQCfuIZ3D\n\
ssrbLXeFw0NoUYuNnYajPHMEOAIhAOlc6Hh3PGZDyByv7k6xsWChBIVTX3e7rBy6\n\
Y5ExoOoG\n\
-----END CERTIFICATE-----";

    #[test]
    fn extra_roots_come_on_top_of_the_bundled_ones() {
        let extra = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        assert!(is_usable(&extra));
        assert!(webpki_roots::TLS_SERVER_ROOTS.len() > 100);
        assert_eq!(roots(&[]).roots, webpki_roots::TLS_SERVER_ROOTS);
        let both = roots(&[extra]).roots;
        let (extra, bundled) = both.split_last().unwrap();
        assert_eq!(bundled, webpki_roots::TLS_SERVER_ROOTS);
        assert!(extra.subject.windows(10).any(|name| name == b"libcos-foo"));
    }
}
