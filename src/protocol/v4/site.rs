//! Where the service is.

use crate::protocol::contract::Site;
use crate::reply::{Failure, Result};

/// The hosts of a client's region, or those that take their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    /// `http` or `https`, for control requests and downloads alike.
    pub scheme: &'static str,
    /// `host[:port]` of control requests.
    pub control: String,
    /// `host[:port]` behind `bucket-appid.` of downloads.
    pub download: String,
}

impl Hosts {
    /// Checks what the options say.
    pub fn new(site: &Site) -> Result<Hosts> {
        let region = site.region.as_deref().map(check_region).transpose()?;
        if site.download_hostname.as_ref().is_some_and(|host| host.starts_with('[')) {
            return Err(Failure::argument(
                "download_hostname",
                "must be a name, because the bucket's name goes before it, as in \
                 bucket-appid.localhost: give the IPv6 address a name",
            ));
        }
        let of_region = |host: &Option<String>, name: &dyn Fn(&str) -> String| {
            host.clone().or_else(|| region.map(name))
        };
        let control = of_region(&site.hostname, &|region| format!("{region}.file.myqcloud.com"));
        let download =
            of_region(&site.download_hostname, &|region| format!("cos{region}.myqcloud.com"));
        match (control, download) {
            (Some(control), Some(download)) => Ok(Hosts { scheme: site.scheme, control, download }),
            _ => Err(Failure::argument(
                "region",
                "must be sh, gz, tj, sgp or another region's short name for the JSON API, or \
                 ap-shanghai or the like for the XML API, unless the options give both hostname \
                 and download_hostname",
            )),
        }
    }
}

/// The region's short name behind the aliases that the reference SDK accepts.
fn check_region(region: &str) -> Result<&str> {
    let short = match region {
        "shanghai" => "sh",
        "guangzhou" => "gz",
        "tianjin" | "tianjing" => "tj",
        "singapore" => "sgp",
        other => other,
    };
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if short.contains('-') {
        let problem = "is one of the XML API: set api to \"v5\", or leave api out";
        return Err(Failure::argument("region", problem));
    }
    if short.is_empty() || short.len() > 32 || !short.bytes().all(legal) {
        return Err(Failure::argument(
            "region",
            "must be a region's short name in lower case, such as sh, gz, tj or sgp",
        ));
    }
    Ok(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::contract::Api;

    fn hosts(
        region: Option<&str>,
        hostname: Option<&str>,
        download: Option<&str>,
    ) -> Result<Hosts> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Hosts::new(&Site {
            api: Api::V4,
            region: own(region),
            hostname: own(hostname),
            download_hostname: own(download),
            scheme: "https",
        })
    }

    #[test]
    fn regions_and_their_aliases() {
        for (region, control, download) in [
            ("sh", "sh.file.myqcloud.com", "cossh.myqcloud.com"),
            ("shanghai", "sh.file.myqcloud.com", "cossh.myqcloud.com"),
            ("gz", "gz.file.myqcloud.com", "cosgz.myqcloud.com"),
            ("guangzhou", "gz.file.myqcloud.com", "cosgz.myqcloud.com"),
            ("tj", "tj.file.myqcloud.com", "costj.myqcloud.com"),
            ("tianjin", "tj.file.myqcloud.com", "costj.myqcloud.com"),
            ("tianjing", "tj.file.myqcloud.com", "costj.myqcloud.com"),
            ("sgp", "sgp.file.myqcloud.com", "cossgp.myqcloud.com"),
            ("singapore", "sgp.file.myqcloud.com", "cossgp.myqcloud.com"),
            ("bj", "bj.file.myqcloud.com", "cosbj.myqcloud.com"),
        ] {
            let hosts = hosts(Some(region), None, None).unwrap();
            assert_eq!(hosts.control, control);
            assert_eq!(hosts.download, download);
        }
        for bad in ["", "ap-shanghai", "SH", "s h", "sh/", "sh.evil.example"] {
            let failure = hosts(Some(bad), None, None).unwrap_err();
            assert_eq!(failure.argument_name(), Some("region"), "{bad}");
        }
    }

    #[test]
    fn hostnames_override_their_half_of_the_region() {
        let both = hosts(None, Some("a:1"), Some("b")).unwrap();
        assert_eq!((both.control, both.download), ("a:1".into(), "b".into()));
        let half = hosts(Some("sh"), Some("127.0.0.1:9"), None).unwrap();
        assert_eq!(half.control, "127.0.0.1:9");
        assert_eq!(half.download, "cossh.myqcloud.com");
        assert!(hosts(None, Some("a"), None).is_err());
        assert!(hosts(None, None, None).is_err());
    }

    #[test]
    fn downloads_need_a_name_that_the_bucket_can_stand_before() {
        for host in ["[::1]", "[::1]:80"] {
            let failure = hosts(Some("sh"), None, Some(host)).unwrap_err();
            assert_eq!(failure.argument_name(), Some("download_hostname"), "{host}");
        }
        assert!(hosts(Some("sh"), Some("[::1]:80"), None).is_ok());
        assert!(hosts(Some("sh"), None, Some("127.0.0.1:80")).is_ok());
    }
}
