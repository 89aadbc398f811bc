//! TLS over a connection. Verification is always on.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::UnbufferedClientConnection;
use rustls::crypto::{CryptoProvider, KeyProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::SigningKey;
use rustls::unbuffered::ConnectionState;
use rustls::{ClientConfig, RootCertStore};

use super::buffers::Queue;
use super::channel::{Channel, Stream, is_momentary};
use super::host::Host;
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

/// How much content is encrypted, and sent, at once, in bytes.
const AT_ONCE: usize = 64 * 1024;

/// TLS over a channel.
pub struct Tls {
    connection: UnbufferedClientConnection,
    channel: Channel,
    /// Records that have arrived.
    records: Queue,
    /// Content that has arrived.
    arrived: Queue,
    /// Records to be sent.
    leaving: Queue,
    /// Whether the server has said that nothing more comes.
    is_over: bool,
}

/// Agrees on TLS with `host`.
pub fn handshake(
    config: &Arc<ClientConfig>,
    host: &Host,
    channel: Channel,
) -> Result<Tls, ureq::Error> {
    let name = ServerName::try_from(host.name.clone())
        .map_err(|_| ureq::Error::Tls("the host name can't be verified"))?;
    let connection = UnbufferedClientConnection::new(Arc::clone(config), name)
        .map_err(|error| ureq::Error::Other(Box::new(error)))?;
    let (records, arrived, leaving) = (Queue::new()?, Queue::new()?, Queue::new()?);
    let mut tls = Tls { connection, channel, records, arrived, leaving, is_over: false };
    loop {
        let is_ready = tls.go_on(&[]);
        // What is wrong is told to the server, too.
        let sent = tls.channel.write_all(tls.leaving.bytes());
        if is_ready? {
            sent?;
            tls.leaving.used(tls.leaving.bytes().len());
            return Ok(tls);
        }
        sent?;
        tls.leaving.used(tls.leaving.bytes().len());
        let n = tls.channel.read(tls.records.room())?;
        if n == 0 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        tls.records.added(n);
    }
}

impl Tls {
    /// Deals with the records that have arrived. Then, if content can be sent, encrypts `content` and
    /// returns true.
    fn go_on(&mut self, content: &[u8]) -> io::Result<bool> {
        loop {
            let status = self.connection.process_tls_records(self.records.bytes_mut());
            let mut discard = status.discard;
            let mut is_ready = None;
            match status.state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(invalid)?;
                        discard += record.discard;
                        self.arrived.add(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    let n = data.encode(self.leaving.room()).map_err(io::Error::other)?;
                    self.leaving.added(n);
                }
                // It is in `leaving`, which is sent next.
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.is_over = true,
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    let n =
                        traffic.encrypt(content, self.leaving.room()).map_err(io::Error::other)?;
                    self.leaving.added(n);
                    is_ready = Some(true);
                }
                Ok(_) => is_ready = Some(false),
                Err(error) => {
                    self.records.used(discard);
                    return Err(invalid(error));
                }
            }
            self.records.used(discard);
            if let Some(is_ready) = is_ready {
                return Ok(is_ready);
            }
        }
    }

    /// Sends what can leave at once of the records to be sent.
    fn flush(&mut self) -> io::Result<()> {
        while !self.leaving.is_empty() {
            let n = self.channel.at_once().write(self.leaving.bytes())?;
            self.leaving.used(n);
        }
        Ok(())
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

impl Stream for Tls {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let n = bytes.len().min(AT_ONCE);
        if !self.go_on(&bytes[..n])? {
            return Err(ErrorKind::BrokenPipe.into());
        }
        match self.flush() {
            Err(error) if !is_momentary(&error) => Err(error),
            _ => Ok(n),
        }
    }

    fn has_left(&self) -> bool {
        self.leaving.is_empty()
    }

    fn receive(&mut self) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        let n = self.channel.at_once().read(self.records.room())?;
        if n == 0 {
            // An end without close_notify: somebody may have cut the connection.
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.records.added(n);
        self.go_on(&[])?;
        match self.flush() {
            Err(error) if !is_momentary(&error) => Err(error),
            _ => Ok(!self.is_over || !self.arrived.is_empty()),
        }
    }

    fn arrived(&mut self) -> &mut Queue {
        &mut self.arrived
    }

    /// The server may have taken its leave, or said more than it was asked, together with its last
    /// reply. Records that are not part of an answer, such as session tickets, are dealt with.
    fn is_open(&mut self) -> bool {
        loop {
            match self.receive() {
                Ok(true) if self.arrived.is_empty() => {}
                Err(error) if is_momentary(&error) => return self.arrived.is_empty(),
                _ => return false,
            }
        }
    }

    fn wait(&self, ready: Ready, time: Duration) -> io::Result<()> {
        self.channel.wait(ready, time)
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
