//! Options of a client, and their merging. What is accepted can stand in a URL and in a header.
#![no_main]

use cos::config::Config;
use cos::options::Options;
use cos::protocol::v4::site::Hosts;
use cos::transport::Host;
use libfuzzer_sys::fuzz_target;

fn check_host(host: &Host) {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    assert!(!host.name.is_empty() && host.name.bytes().all(legal) && host.port > 0, "{host:?}");
}

fn check(config: &Config) {
    // Which regions there are is the protocol's to say.
    match Hosts::new(&config.site) {
        Err(failure) => assert!(failure.code() == -1 && failure.argument_name().is_some()),
        Ok(hosts) => {
            for host in [&hosts.control, &hosts.download] {
                check_host(&Host::parse(host, 443).unwrap());
            }
        }
    }
    let (manner, network) = (&config.requests, &config.network);
    let shown = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    assert!(!manner.user_agent.is_empty() && manner.user_agent.bytes().all(shown));
    assert!(manner.retries <= 10 && network.max_idle_connections <= 1024);
    assert!(!manner.timeout.is_zero() && !network.connect_timeout.is_zero());
    if let Some(proxy) = &network.proxy {
        check_host(&proxy.host);
        assert!(proxy.credentials().is_some() == proxy.authorization.is_some());
        assert!(!proxy.credentials().unwrap_or_default().contains(char::is_control));
    }
}

fuzz_target!(|input: (Option<&str>, &str, &str)| {
    let (region, first, second) = input;
    // Files are not what is tested here.
    if [first, second].iter().any(|text| text.contains("ca_") || text.contains("\\u")) {
        return;
    }
    let made = Options::parse(Some(first)).and_then(|options| Config::new(region, options));
    match made {
        Err(failure) => assert_eq!(failure.code(), -1),
        Ok(config) => {
            check(&config);
            match Options::parse(Some(second)).and_then(|options| config.merged(options)) {
                Err(failure) => {
                    assert!(failure.code() == -1 && failure.argument_name().is_some());
                }
                Ok(merged) => check(&merged),
            }
        }
    }
});
