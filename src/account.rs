//! The account that signs.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::reply::secrets::Secret;
use crate::reply::{Failure, Result};

/// Who signs. The key is wiped from memory when this is dropped, and never printed.
pub struct Account {
    appid: String,
    secret_id: Secret,
    secret_key: Secret,
    token: Option<Secret>,
}

impl Account {
    /// Checks the account data.
    pub fn new(appid: &str, secret_id: &str, secret_key: &str) -> Result<Account> {
        if appid.is_empty() || appid.len() > 20 || !appid.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Failure::argument(
                "appid",
                "must be the decimal number of the account, such as 1250000000",
            ));
        }
        for (argument, value) in [("secret_id", secret_id), ("secret_key", secret_key)] {
            let printable = |b: u8| b.is_ascii_graphic() && b != b'&' && b != b'=';
            if value.is_empty() || !value.bytes().all(printable) {
                return Err(Failure::argument(
                    argument,
                    "must be the text shown in the console: printable ASCII, not empty, no blanks",
                ));
            }
        }
        Ok(Account {
            appid: appid.to_owned(),
            secret_id: Arc::new(Zeroizing::new(secret_id.to_owned())),
            secret_key: Arc::new(Zeroizing::new(secret_key.to_owned())),
            token: None,
        })
    }

    /// The same keys, which are temporary ones if there is a token.
    pub fn with_token(&self, token: Option<Secret>) -> Account {
        Account {
            appid: self.appid.clone(),
            secret_id: Arc::clone(&self.secret_id),
            secret_key: Arc::clone(&self.secret_key),
            token,
        }
    }

    /// The account's number.
    pub fn appid(&self) -> &str {
        &self.appid
    }

    /// Whose key it is.
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// What signs.
    pub fn secret_key(&self) -> &str {
        &self.secret_key
    }

    /// What no reply may repeat.
    pub fn secrets(&self) -> Vec<Secret> {
        let keys = [&self.secret_id, &self.secret_key].into_iter();
        keys.chain(&self.token).map(Arc::clone).collect()
    }

    /// What goes with temporary keys.
    pub fn token(&self) -> Option<&str> {
        self.token.as_ref().map(|token| token.as_str())
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("appid", &self.appid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_data_is_checked_and_never_printed() {
        for appid in ["", "12a", "-1", "123456789012345678901"] {
            let failure = Account::new(appid, "id", "key").unwrap_err();
            assert_eq!(failure.argument_name(), Some("appid"));
        }
        let failure = Account::new("1", "id\r\n", "key").unwrap_err();
        assert_eq!(failure.argument_name(), Some("secret_id"));
        let failure = Account::new("1", "id", "").unwrap_err();
        assert_eq!(failure.argument_name(), Some("secret_key"));
        let account =
            Account::new("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY").unwrap();
        let printed = format!("{account:?}");
        assert!(!printed.contains("EXAMPLE_SECRET"), "{printed}");
    }
}
