//! Where the service is.

use std::net::Ipv4Addr;

use crate::account::Account;
use crate::path::Bucket;
use crate::protocol::contract::Site;
use crate::reply::{Failure, Result};

/// The host that lists the buckets of all regions.
const SERVICE: &str = "service.cos.myqcloud.com";

/// What stands behind a bucket's name in the names of its hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domains {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Of all requests but downloads.
    pub control: String,
    /// Of downloads and presigned URLs.
    pub download: String,
    /// The host, without a bucket before it, of what is about the account.
    pub service: String,
    /// Whether the program has given `control`, in place of the region's.
    is_given: bool,
}

impl Domains {
    /// Checks what the options say.
    pub fn new(site: &Site) -> Result<Domains> {
        let region = site.region.as_deref().map(|name| region("region", name)).transpose()?;
        for (option, host) in
            [("hostname", &site.hostname), ("download_hostname", &site.download_hostname)]
        {
            if host.as_ref().is_some_and(|host| is_address(host)) {
                let problem = "must be a name and no address, because the bucket's name goes \
                               before it, as in bucket-appid.localhost";
                return Err(Failure::argument(option, problem));
            }
        }
        let of_region = || region.map(domain);
        let Some(control) = site.hostname.clone().or_else(of_region) else {
            let problem = "must be ap-shanghai, ap-guangzhou or another region's name, unless the \
                           options give hostname";
            return Err(Failure::argument("region", problem));
        };
        let download = site.download_hostname.clone().unwrap_or_else(|| control.clone());
        let service = site.hostname.clone().unwrap_or_else(|| SERVICE.to_owned());
        let is_given = site.hostname.is_some();
        Ok(Domains { scheme: site.scheme, control, download, service, is_given })
    }

    /// The same for buckets of another region, which `option` names. What the program has given in place
    /// of a region's host stands for all of them.
    pub fn elsewhere(&self, option: &str, name: &str) -> Result<Domains> {
        let of_region = domain(region(option, name)?);
        let control = if self.is_given { self.control.clone() } else { of_region };
        Ok(Domains { download: control.clone(), control, ..self.clone() })
    }
}

/// What stands behind a bucket's name in the host of a region.
fn domain(region: &str) -> String {
    format!("cos.{region}.myqcloud.com")
}

/// Whether a host, with or without a port, is an IP address.
fn is_address(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default();
    host.starts_with('[') || name.parse::<Ipv4Addr>().is_ok()
}

/// `name-appid`, by which a bucket is known outside its account.
pub fn full_name(account: &Account, bucket: &Bucket) -> String {
    let (name, appid) = (short_name(account, bucket), account.appid());
    [name, "-", appid].concat()
}

/// The name of a bucket without the appid; it may have been given with it.
pub fn short_name<'a>(account: &Account, bucket: &'a Bucket) -> &'a str {
    without_appid(account, bucket.as_str())
}

/// A bucket's name without the appid of this account.
fn without_appid<'a>(account: &Account, name: &'a str) -> &'a str {
    let short = name.strip_suffix(account.appid()).and_then(|name| name.strip_suffix('-'));
    short.filter(|short| !short.is_empty()).unwrap_or(name)
}

/// The name by which a bucket can be given: the short one, unless that is another bucket's full name.
pub fn name_to_give<'a>(account: &Account, full: &'a str) -> &'a str {
    let short = without_appid(account, full);
    if without_appid(account, short) == short { short } else { full }
}

/// The region's name in this API; the names that regions have in the JSON API are known, too. `option`
/// has it.
fn region<'a>(option: &str, name: &'a str) -> Result<&'a str> {
    let name = match name {
        "sh" | "shanghai" => "ap-shanghai",
        "gz" | "guangzhou" => "ap-guangzhou",
        "bj" | "beijing" => "ap-beijing",
        "tj" | "tianjin" | "tianjing" => "ap-beijing-1",
        "cd" | "chengdu" => "ap-chengdu",
        "sgp" | "singapore" => "ap-singapore",
        "hk" | "hongkong" => "ap-hongkong",
        "ca" | "toronto" => "na-toronto",
        "ger" | "frankfurt" => "eu-frankfurt",
        other => other,
    };
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let ends_well = !name.starts_with('-') && !name.ends_with('-');
    if name.is_empty() || name.len() > 32 || !name.bytes().all(legal) || !ends_well {
        let problem = "must be a region's name in lower case, such as ap-shanghai or na-ashburn";
        return Err(Failure::argument(option, problem));
    }
    Ok(name)
}

/// The region in the name of a host of the service.
pub fn region_in(host: &str) -> Option<&str> {
    let (_, behind) =
        host.split_once(".cos.").or_else(|| Some(("", host.strip_prefix("cos.")?)))?;
    let (name, domain) = behind.split_once('.')?;
    let is_own = domain.starts_with("myqcloud.com") || domain.starts_with("tencentcos.cn");
    (is_own && region("region", name).is_ok()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::contract::Api;

    fn domains(
        region: Option<&str>,
        hostname: Option<&str>,
        download: Option<&str>,
    ) -> Result<Domains> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Domains::new(&Site {
            api: Api::V5,
            region: own(region),
            hostname: own(hostname),
            download_hostname: own(download),
            scheme: "https",
        })
    }

    #[test]
    fn regions_and_their_names_in_the_json_api() {
        for (region, domain) in [
            ("ap-shanghai", "cos.ap-shanghai.myqcloud.com"),
            ("sh", "cos.ap-shanghai.myqcloud.com"),
            ("gz", "cos.ap-guangzhou.myqcloud.com"),
            ("tj", "cos.ap-beijing-1.myqcloud.com"),
            ("sgp", "cos.ap-singapore.myqcloud.com"),
            ("ger", "cos.eu-frankfurt.myqcloud.com"),
            ("ap-shanghai-fsi", "cos.ap-shanghai-fsi.myqcloud.com"),
            ("accelerate", "cos.accelerate.myqcloud.com"),
        ] {
            let domains = domains(Some(region), None, None).unwrap();
            assert_eq!((domains.control.as_str(), domains.download.as_str()), (domain, domain));
        }
        for bad in ["", "AP-Shanghai", "a b", "ap-shanghai/", "ap.evil", "-a", "a-"] {
            let failure = domains(Some(bad), None, None).unwrap_err();
            assert_eq!(failure.argument_name(), Some("region"), "{bad}");
        }
        assert_eq!(domains(None, None, None).unwrap_err().argument_name(), Some("region"));
    }

    #[test]
    fn hostnames_take_the_place_of_the_region() {
        let one = domains(None, Some("localhost:9"), None).unwrap();
        assert_eq!((one.control, one.download), ("localhost:9".into(), "localhost:9".into()));
        let both = domains(Some("ap-shanghai"), None, Some("cdn.example")).unwrap();
        assert_eq!(both.download, "cdn.example");
        assert_eq!(both.control, "cos.ap-shanghai.myqcloud.com");
        for address in ["[::1]:9", "127.0.0.1:9", "10.1.2.3"] {
            let failure = domains(None, Some(address), None).unwrap_err();
            assert_eq!(failure.argument_name(), Some("hostname"));
            let failure = domains(Some("gz"), None, Some(address)).unwrap_err();
            assert_eq!(failure.argument_name(), Some("download_hostname"));
        }
    }

    #[test]
    fn another_region_has_hosts_of_its_own() {
        let here = domains(Some("ap-shanghai"), None, Some("cdn.example")).unwrap();
        let there = here.elsewhere("source_region", "gz").unwrap();
        assert_eq!(there.control, "cos.ap-guangzhou.myqcloud.com");
        assert_eq!((&there.download, &there.service), (&there.control, &here.service));
        let given = domains(Some("ap-shanghai"), Some("localhost:9"), None).unwrap();
        assert_eq!(given.elsewhere("source_region", "gz").unwrap().control, "localhost:9");
        for bad in ["", "AP-Guangzhou", "ap.evil"] {
            let failure = given.elsewhere("source_region", bad).unwrap_err();
            assert_eq!(failure.argument_name(), Some("source_region"), "{bad}");
        }
    }

    #[test]
    fn a_bucket_may_be_given_with_the_appid() {
        let account = Account::new("125", "id", "key").unwrap();
        for (given, full) in [
            ("a", "a-125"),
            ("a-125", "a-125"),
            ("a-126", "a-126-125"),
            ("a125", "a125-125"),
            ("-125", "-125-125"),
        ] {
            assert_eq!(full_name(&account, &Bucket::new(given).unwrap()), full);
        }
    }

    #[test]
    fn the_name_that_is_told_means_the_same_bucket() {
        let account = Account::new("125", "id", "key").unwrap();
        for (full, told) in [("a-125", "a"), ("a-125-125", "a-125-125"), ("a-126", "a-126")] {
            assert_eq!(name_to_give(&account, full), told);
        }
        let bucket = Bucket::new(name_to_give(&account, "a-125-125")).unwrap();
        assert_eq!(full_name(&account, &bucket), "a-125-125");
    }

    #[test]
    fn hosts_name_their_region() {
        let region = region_in("b-1.cos.ap-beijing.myqcloud.com");
        assert_eq!(region, Some("ap-beijing"));
        assert_eq!(region_in("cos.ap-beijing.myqcloud.com:80"), Some("ap-beijing"));
        assert_eq!(region_in("b-1.cos.ap-x.tencentcos.cn"), Some("ap-x"));
        for other in ["evil.example", "b.cos.x", "b.cos.a<b.myqcloud.com", ""] {
            assert_eq!(region_in(other), None, "{other}");
        }
    }
}
