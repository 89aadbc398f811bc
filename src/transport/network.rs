//! How requests travel: what a client's options say of its connections.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::host::Proxy;
use super::tls;
use crate::os;
use crate::reply::{Failure, Result};

/// The largest file of certificates that is read, in bytes. The bundles of systems have some 200 KB.
const MAX_CA_FILE: u64 = 8 * 1024 * 1024;

/// What the library calls itself.
pub const USER_AGENT: &str = concat!("libcos/", env!("CARGO_PKG_VERSION"));

/// The settings of connections. Two clients with equal ones could share connections.
#[derive(Clone, PartialEq, Eq)]
pub struct Network {
    /// How long a connection may take, TLS included.
    pub connect_timeout: Duration,
    /// Certificates trusted besides the bundled roots.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// On the way to every host, if there is one.
    pub proxy: Option<Proxy>,
    /// How many idle connections are kept.
    pub max_idle_connections: usize,
}

/// The certificates in the file that the option `ca_file` names.
pub fn read_certificates(file: &str) -> Result<Vec<CertificateDer<'static>>> {
    let pem = read(Path::new(file))
        .map_err(|error| Failure::local_file("ca_file", "can't be read").because_of(&error))?;
    let certificates: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        // A system's bundle may hold some that can't be used; at least one must be usable.
        Ok(certificates) if certificates.iter().any(tls::is_usable) => Ok(certificates),
        _ => Err(Failure::local_file("ca_file", "holds no certificate in PEM form")),
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    os::open_source(file, &|| true)?.take(MAX_CA_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_CA_FILE {
        return Err(io::Error::other(format!("it has more than {MAX_CA_FILE} bytes")));
    }
    Ok(content)
}
