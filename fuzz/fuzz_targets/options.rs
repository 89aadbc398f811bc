//! Options of a client, and their merging. What is accepted can stand in a URL and in a header.
#![no_main]

use cos::config::Config;
use cos::options::Options;
use libfuzzer_sys::fuzz_target;

fn check(config: &Config) {
    for host in [config.control_host(), config.download_host()] {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        assert!(!host.is_empty() && host.bytes().all(legal), "{host:?}");
    }
    let shown = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    assert!(!config.user_agent.is_empty() && config.user_agent.bytes().all(shown));
    assert!(config.retries <= 10 && config.network.max_idle_connections <= 1024);
    assert!(!config.timeout.is_zero() && !config.network.connect_timeout.is_zero());
    if let Some(proxy) = &config.network.proxy {
        assert!(!proxy.contains(char::is_control));
        let host = config.network.proxy_host().unwrap();
        assert!(host.contains(':') && !host.contains('@'), "{proxy:?}");
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
        Err(failure) => assert_eq!(failure.code, -1),
        Ok(config) => {
            check(&config);
            match Options::parse(Some(second)).and_then(|options| config.merged(options)) {
                Err(failure) => assert!(failure.code == -1 && failure.argument.is_some()),
                Ok(merged) => check(&merged),
            }
        }
    }
});
