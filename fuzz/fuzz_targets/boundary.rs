//! The C functions that need no server, given arbitrary bytes as strings, or NULL.
#![no_main]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

// Only linked: the functions are called as C calls them.
use cos as _;
use libfuzzer_sys::{arbitrary, fuzz_target};

type Text = *const c_char;
type Client = *mut c_void;
type Out = *mut *mut c_char;
type Each = Option<unsafe extern "C" fn(Text, Text, *mut c_void) -> c_int>;

unsafe extern "C" {
    fn cos_client_new(
        appid: Text,
        secret_id: Text,
        secret_key: Text,
        region: Text,
        options: Text,
        out_client: *mut Client,
        out_json: Out,
    ) -> c_int;
    fn cos_client_set_config(client: Client, options: Text, out_json: Out) -> c_int;
    fn cos_client_free(client: Client);
    fn cos_sign_more(client: Client, bucket: Text, path: Text, expired: i64, json: Out) -> c_int;
    fn cos_sign_once(client: Client, bucket: Text, path: Text, json: Out) -> c_int;
    fn cos_sign_download(
        client: Client,
        bucket: Text,
        path: Text,
        expired: i64,
        json: Out,
    ) -> c_int;
    fn cos_json_string(json: Text, pointer: Text) -> *mut c_char;
    fn cos_json_int(json: Text, pointer: Text, out: *mut i64) -> c_int;
    fn cos_json_length(json: Text, pointer: Text) -> i64;
    fn cos_json_each(json: Text, pointer: Text, each: Each, user: *mut c_void) -> i64;
    fn cos_string_free(string: *mut c_char);
}

/// Reads what it is given, and counts.
unsafe extern "C" fn count(key: Text, value: Text, calls: *mut c_void) -> c_int {
    for text in [key, value].into_iter().filter(|text| !text.is_null()) {
        unsafe { CStr::from_ptr(text) }.to_str().unwrap();
    }
    unsafe { *calls.cast::<i64>() += 1 };
    0
}

#[derive(Debug, arbitrary::Arbitrary)]
struct Input<'a> {
    /// Takes an account that is good, or no options, to get further.
    good_account: bool,
    no_options: bool,
    appid: Option<&'a [u8]>,
    secret_id: Option<&'a [u8]>,
    secret_key: Option<&'a [u8]>,
    region: Option<&'a [u8]>,
    options: Option<&'a [u8]>,
    config: Option<&'a [u8]>,
    bucket: Option<&'a [u8]>,
    cos_path: Option<&'a [u8]>,
    expired: i64,
    json: Option<&'a [u8]>,
    pointer: Option<&'a [u8]>,
}

/// The bytes as C sees them: up to the first NUL.
fn c(bytes: Option<&[u8]>) -> Option<CString> {
    let text = bytes?.split(|byte| *byte == 0).next().unwrap_or_default();
    CString::new(text).ok()
}

fn ptr(text: &Option<CString>) -> Text {
    text.as_ref().map_or(ptr::null(), |text| text.as_ptr())
}

/// Looks at an answer with the library's own functions, and frees it.
unsafe fn checked(code: i32, json: *mut c_char) {
    assert!(!json.is_null());
    let mut written = i64::MIN;
    unsafe {
        assert!(CStr::from_ptr(json).to_str().is_ok());
        assert_eq!(cos_json_int(json, c"/code".as_ptr(), &mut written), 0);
        cos_string_free(json);
    }
    assert_eq!(written, i64::from(code));
    assert!(code == 0 || code == -1, "{code}");
}

fuzz_target!(|input: Input| {
    // Files are not what is tested here.
    if [input.options, input.config].into_iter().flatten().any(|text| {
        text.windows(3).any(|part| part == b"ca_") || text.windows(2).any(|part| part == b"\\u")
    }) {
        return;
    }
    let account = [input.appid, input.secret_id, input.secret_key, input.region];
    let good: [Option<&[u8]>; 4] = [Some(b"1250000000"), Some(b"id"), Some(b"key"), Some(b"sh")];
    let account = if input.good_account { good } else { account };
    let [appid, id, key, region] = account.map(c);
    let options = c(input.options.filter(|_| !input.no_options));
    let (bucket, cos_path) = (c(input.bucket), c(input.cos_path));
    let (config, json, pointer) = (c(input.config), c(input.json), c(input.pointer));
    let mut client = ptr::null_mut();
    let mut out = ptr::null_mut();
    unsafe {
        let code = cos_client_new(
            ptr(&appid),
            ptr(&id),
            ptr(&key),
            ptr(&region),
            ptr(&options),
            &mut client,
            &mut out,
        );
        checked(code, out);
        assert_eq!(code == 0, !client.is_null());
        assert!(code == 0 || !input.good_account || !input.no_options);
        let code = cos_client_set_config(client, ptr(&config), &mut out);
        checked(code, out);
        let (bucket, cos_path) = (ptr(&bucket), ptr(&cos_path));
        let code = cos_sign_more(client, bucket, cos_path, input.expired, &mut out);
        checked(code, out);
        let code = cos_sign_once(client, bucket, cos_path, &mut out);
        checked(code, out);
        let code = cos_sign_download(client, bucket, cos_path, input.expired, &mut out);
        checked(code, out);
        cos_client_free(client);

        let (json, pointer) = (ptr(&json), ptr(&pointer));
        cos_string_free(cos_json_string(json, pointer));
        let mut number = 0;
        let _ = cos_json_int(json, pointer, &mut number);
        let length = cos_json_length(json, pointer);
        let mut calls = 0;
        assert_eq!(cos_json_each(json, pointer, Some(count), (&raw mut calls).cast()), length);
        assert_eq!(calls, length.max(0));
    }
});
