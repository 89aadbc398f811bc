//! The ways to talk to the service. [`contract`] says what each of them has to do; a folder for each
//! does it.

pub mod contract;
#[cfg(test)]
pub mod scripted;
pub mod v4;
pub mod v5;

use std::sync::Arc;

use crate::account::Account;
use crate::reply::Result;
use contract::{Api, Protocol, Site};

/// The service at `site`, for `account`.
pub fn open(account: Arc<Account>, site: &Site) -> Result<Arc<dyn Protocol>> {
    match site.api {
        Api::V4 => Ok(Arc::new(v4::V4::new(account, v4::site::Hosts::new(site)?)?)),
        Api::V5 => {
            let site = v5::site::Domains::new(site)?;
            Ok(Arc::new(v5::V5::new(account, site)))
        }
    }
}
