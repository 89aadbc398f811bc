//! Debian's servers, started for a test: nginx in front of the emulator, tinyproxy on the way.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::succeed;

/// A server that ends with the test.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    /// Starts a server on a free port. `command` gets the port; another program may have taken it
    /// meanwhile, so there is more than one attempt.
    pub fn start(mut command: impl FnMut(u16) -> Command) -> Server {
        for _ in 0..5 {
            let port = free_port();
            let mut command = command(port);
            let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let child = child.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
            let mut server = Server { child, port };
            if server.is_up() {
                return server;
            }
        }
        panic!("the server does not start");
    }

    fn is_up(&mut self) -> bool {
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(10) {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Administrators' programs are not on everybody's PATH.
pub fn nginx() -> Command {
    match Path::new("/usr/sbin/nginx") {
        path if path.exists() => Command::new(path),
        _ => Command::new("nginx"),
    }
}

/// A certificate authority in a directory, run by the `openssl` program.
pub struct Authority {
    dir: PathBuf,
}

/// A certificate and its key, as files.
pub struct Certificate {
    pub pem: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn new(dir: &Path) -> Authority {
        let authority = Authority { dir: dir.to_owned() };
        fs::create_dir(dir).unwrap();
        fs::write(
            dir.join("ca.cnf"),
            "[ca]\ndefault_ca = this\n[this]\ndatabase = index\nnew_certs_dir = .\n\
             rand_serial = yes\ndefault_md = sha256\npolicy = names\ncopy_extensions = copy\n\
             unique_subject = no\n[names]\ncommonName = supplied\n",
        )
        .unwrap();
        fs::write(dir.join("index"), "").unwrap();
        authority.openssl("req -x509 -days 2 -subj /CN=authority", "ca", &[]);
        authority
    }

    /// What a client has to trust.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// A certificate for these host names, good for a day.
    pub fn certify(&self, name: &str, hosts: &str) -> Certificate {
        self.issue(name, hosts, &["-days", "1"])
    }

    /// A certificate that was good in 2020.
    pub fn certify_expired(&self, name: &str, hosts: &str) -> Certificate {
        self.issue(name, hosts, &["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"])
    }

    /// A certificate that nobody but its owner vouches for.
    pub fn self_signed(&self, name: &str, hosts: &str) -> Certificate {
        let hosts = format!("subjectAltName={hosts}");
        let end = ["-addext", &hosts, "-addext", "basicConstraints=critical,CA:FALSE"];
        self.openssl("req -x509 -days 1 -subj /CN=alone", name, &end);
        self.certificate(name)
    }

    fn issue(&self, name: &str, hosts: &str, dates: &[&str]) -> Certificate {
        let hosts = format!("subjectAltName={hosts}");
        self.openssl("req -new -subj /CN=server", name, &["-addext", &hosts]);
        let mut ca = Command::new("openssl");
        ca.args("ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key".split(' '));
        let request = self.dir.join(format!("{name}.csr"));
        fs::rename(self.certificate(name).pem, &request).unwrap();
        ca.arg("-in").arg(request).arg("-out").arg(self.certificate(name).pem).args(dates);
        succeed(ca.current_dir(&self.dir));
        self.certificate(name)
    }

    fn openssl(&self, what: &str, name: &str, more: &[&str]) {
        let Certificate { pem, key } = self.certificate(name);
        let mut openssl = Command::new("openssl");
        openssl.args(what.split(' ')).args(more);
        openssl.args("-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(' '));
        openssl.arg("-keyout").arg(key).arg("-out").arg(pem);
        succeed(openssl.current_dir(&self.dir));
    }

    fn certificate(&self, name: &str) -> Certificate {
        let file = |end: &str| self.dir.join(format!("{name}.{end}"));
        Certificate { pem: file("pem"), key: file("key") }
    }
}

/// nginx as it stands in front of a service: it speaks TLS and passes requests on to `backend`.
/// `more` goes into its configuration as it is.
pub fn tls_in_front(dir: &Path, certificate: &Certificate, more: &str, backend: &str) -> Server {
    let Certificate { pem, key } = certificate;
    let (pem, key) = (pem.display(), key.display());
    Server::start(|port| {
        let home = dir.join(format!("nginx-{port}"));
        fs::create_dir_all(&home).unwrap();
        let config = format!(
            "daemon off; master_process off; pid pid; error_log error.log;
             events {{ worker_connections 128; }}
             http {{
                 log_format connection '$connection $ssl_protocol $request_method';
                 access_log access.log connection;
                 client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
                 uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                 client_max_body_size 0; proxy_request_buffering off; proxy_buffering off;
                 server {{
                     listen 127.0.0.1:{port} ssl;
                     ssl_certificate {pem}; ssl_certificate_key {key}; {more}
                     location / {{
                         proxy_pass http://{backend};
                         proxy_http_version 1.1;
                         proxy_set_header Host $http_host;
                     }}
                 }}
             }}"
        );
        fs::write(home.join("nginx.conf"), config).unwrap();
        let mut nginx = nginx();
        nginx.arg("-p").arg(&home).args(["-c", "nginx.conf", "-e", "error.log"]);
        nginx
    })
}

/// The lines of the access log of that nginx: connection, protocol, method.
pub fn accesses(dir: &Path, server: &Server) -> Vec<[String; 3]> {
    let log = dir.join(format!("nginx-{}/access.log", server.port));
    let log = fs::read_to_string(log).unwrap_or_default();
    let fields = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    log.lines().map(|line| fields(line).try_into().unwrap()).collect()
}

/// tinyproxy, with these lines in its configuration besides the necessary ones.
pub fn tinyproxy(dir: &Path, more: &str) -> Server {
    Server::start(|port| {
        let config = dir.join(format!("tinyproxy-{port}.conf"));
        let log = tinyproxy_log(dir, port);
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 100\nLogLevel Connect\n\
             LogFile \"{}\"\n{more}\n",
            log.display()
        );
        fs::write(&config, text).unwrap();
        let mut tinyproxy = Command::new("tinyproxy");
        tinyproxy.arg("-d").arg("-c").arg(config);
        tinyproxy
    })
}

/// The hosts to which that tinyproxy was asked to connect.
pub fn tunnels(dir: &Path, proxy: &Server) -> Vec<String> {
    let log = fs::read_to_string(tinyproxy_log(dir, proxy.port)).unwrap();
    let host = |line: &str| line.split(": CONNECT ").nth(1)?.split(' ').next().map(str::to_owned);
    log.lines().filter_map(host).collect()
}

fn tinyproxy_log(dir: &Path, port: u16) -> PathBuf {
    dir.join(format!("tinyproxy-{port}.log"))
}
