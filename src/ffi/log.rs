//! What the log goes to.

use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;

use super::client::cos_client;
use super::guard;
use super::user::User;
use crate::log::{Log, LogLevel};

/// Takes a line of the log. `line` is valid until it returns; it ends without a line feed.
///
/// It is called on the thread that made the call, only during the call. It must return to its
/// caller: no longjmp, no exception.
#[allow(non_camel_case_types)]
pub type cos_log_fn =
    Option<unsafe extern "C" fn(level: c_int, line: *const c_char, user: *mut c_void)>;

/// Sets where lines about requests go. By default there is no log. It takes effect with the next
/// call; calls under way keep what they began with.
///
/// A line has method, path, `op`, `status` (of HTTP), `code`, `sent` and `received` (bytes over the
/// wire), `ms`, `attempt` and `connection` ("new" or "reused"); on failure also `phase` and the
/// message. One more line, of level COS_LOG_FAILURES, tells when a wrong clock of this machine is set
/// right. Credentials and signatures are never in it. Lines about requests on other threads of a
/// call arrive with the calling thread's next report of progress, or at the end of the call.
///
/// @param client  The client.
/// @param level   COS_LOG_OFF, COS_LOG_FAILURES or COS_LOG_REQUESTS.
/// @param fn      Takes the lines; may be called by several threads at once, one per call. NULL for
///                no log.
/// @param user    Handed to `fn` as it is; may be any value.
/// @return 0, or -1 when `client` is NULL or there is no such level. Does not block. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_client_set_log(
    client: *const cos_client,
    level: c_int,
    r#fn: cos_log_fn,
    user: *mut c_void,
) -> c_int {
    guard::value(-1, || {
        let level = match level {
            0 => LogLevel::COS_LOG_OFF,
            1 => LogLevel::COS_LOG_FAILURES,
            2 => LogLevel::COS_LOG_REQUESTS,
            _ => return -1,
        };
        // SAFETY: it is NULL, or came from cos_client_new and is not freed yet.
        let Some(client) = (unsafe { client.as_ref() }) else {
            return -1;
        };
        let user = User(user);
        let log = r#fn.map_or(Log::default(), |function| {
            let sink = move |level, line: &str| {
                let user = { user }.0;
                let Ok(line) = CString::new(line) else {
                    return;
                };
                // SAFETY: the program promises that its callback can be called with its pointer.
                unsafe { function(level as c_int, line.as_ptr(), user) }
            };
            Log::new(level, Arc::new(sink))
        });
        client.core().set_log(log);
        0
    })
}
