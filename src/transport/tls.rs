//! TLS over a connection. Verification is always on.

use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, KeyProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::SigningKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, Either, Transport, TransportAdapter,
};

use super::progress::Progress;
use super::socket::{Channel, Socket, Stream};

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

/// The last step of connecting: wraps the connection in TLS where the URL asks for it.
pub struct TlsConnect {
    /// The connection's progress.
    pub progress: Progress,
    /// `None` where every URL is plain HTTP.
    pub config: Option<Arc<ClientConfig>>,
    /// Whether connections lead through a proxy.
    pub is_proxied: bool,
}

/// The layers a connection can consist of: a plain socket or a proxy's tunnel, TLS on either.
type Tls<S> = Socket<StreamOwned<ClientConnection, S>>;
type Secured<Tunnel> = Either<Tls<Channel>, Tls<TransportAdapter<Tunnel>>>;

impl<Tunnel: Transport> Connector<Either<Tunnel, Socket<Channel>>> for TlsConnect {
    type Out = Either<Either<Tunnel, Socket<Channel>>, Secured<Tunnel>>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        lower: Option<Either<Tunnel, Socket<Channel>>>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(lower) = lower else {
            return Ok(None);
        };
        let ready = match lower {
            lower if !details.needs_tls() => Either::A(lower),
            Either::B(socket) => {
                let stream = self.handshake(details, socket.into_stream())?;
                Either::B(Either::A(Socket::new(stream, self.progress.clone(), true)))
            }
            Either::A(tunnel) => {
                let adapter = TransportAdapter::new(tunnel, details.current_time.clone());
                let stream = self.handshake(details, adapter)?;
                Either::B(Either::B(Socket::new(stream, self.progress.clone(), true)))
            }
        };
        // The connection to a proxy is not ready yet: ureq still has to ask for the tunnel.
        let is_hop = self.is_proxied && details.config.proxy().is_none();
        if !is_hop {
            self.progress.enter_send();
        }
        Ok(Some(ready))
    }
}

impl TlsConnect {
    fn handshake<S: Read + Write>(
        &self,
        details: &ConnectionDetails,
        mut stream: S,
    ) -> Result<StreamOwned<ClientConnection, S>, ureq::Error> {
        self.progress.enter_tls();
        let config = self.config.clone().ok_or(ureq::Error::TlsRequired)?;
        let host = details.uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| ureq::Error::Tls("the host name can't be verified"))?;
        let mut connection =
            ClientConnection::new(config, name).map_err(|e| ureq::Error::Other(Box::new(e)))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(connection, stream))
    }
}

impl Stream for StreamOwned<ClientConnection, Channel> {
    fn is_open(&mut self) -> bool {
        is_silent(&self.conn) && self.sock.is_open()
    }
}

impl<T: Transport> Stream for StreamOwned<ClientConnection, TransportAdapter<T>> {
    fn is_open(&mut self) -> bool {
        is_silent(&self.conn) && self.sock.get_mut().is_open()
    }
}

/// Whether the server has neither taken its leave nor said more than it was asked: either may have
/// arrived together with the last reply.
fn is_silent(connection: &ClientConnection) -> bool {
    connection.wants_read()
}

impl fmt::Debug for TlsConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnect")
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
