//! Copies: of an object, and of a piece of one as a part.

use super::{
    Answer, Call, check_version, conditions,
    content::{Content, Sink},
    find, find_bucket, headers,
    multipart::{part_number, put_part, upload},
    place::{BucketPlace, region, split_bucket},
    readable,
    request::{check_key, decode, form_decode},
    restore, time,
    words::{Failure, Word},
    xml::Writer,
};
use crate::{
    digest::hex,
    http::{
        range::Range,
        reply::{Body, Reply},
    },
    store::{File, Traits},
};
use std::io::{Read, Seek, SeekFrom};

/// What `x-cos-copy-source` names.
struct Source {
    place: BucketPlace,
    key: String,
    /// Empty: the last.
    version: String,
}

impl Source {
    fn file_id(&self) -> String {
        format!("/{}/{}/{}", self.place.appid, self.place.name, self.key)
    }
}

/// `{bucket}.cos.{region}.myqcloud.com/{key}`, or `{bucket}/{key}` as some clients have it.
fn parse(text: &str, plus_is_space: bool) -> Result<Source, Failure> {
    let wrong = || Word::INVALID_COPY_SOURCE.because(format!("x-cos-copy-source is {text:?}"));
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let rest = rest.unwrap_or(text).trim_start_matches('/');
    let (rest, version) = rest.rsplit_once("?versionId=").unwrap_or((rest, ""));
    // The slash behind the host may be escaped with the rest.
    let at = rest.find('/').or_else(|| rest.find("%2F")).ok_or_else(wrong)?;
    let (host, key) = rest.split_at(at);
    let key = key.strip_prefix('/').or_else(|| key.strip_prefix("%2F")).unwrap_or(key);
    let key = if plus_is_space { form_decode(key) } else { decode(key) };
    let key = key.filter(|key| !key.is_empty()).ok_or_else(wrong)?;
    let (bucket, domain) = host.split_once('.').unwrap_or((host, ""));
    let (name, appid) = split_bucket(bucket).ok_or_else(wrong)?;
    let named = domain.strip_prefix("cos.").and_then(|rest| rest.split_once('.'));
    let named = named.map(|(name, _)| region(name).to_string());
    let place = BucketPlace {
        name: name.into(),
        appid: appid.into(),
        region: named.filter(|name| name != "accelerate"),
        in_path: false,
    };
    Ok(Source { place, key, version: version.into() })
}

/// The object that is to be copied, after all checks of it.
fn find_source(call: &Call) -> Result<(Source, File), Failure> {
    let text = call.request.header("x-cos-copy-source").ok_or(Word::INVALID_COPY_SOURCE)?;
    let source = parse(&text, call.settings.plus_in_copy_source_is_space)?;
    check_key(&source.key)?;
    let bucket = find_bucket(call.app, call.settings, &source.place)?;
    let found = find(&call.store().view()?, &source.file_id())?;
    let is_own = call.identity == super::Identity::Account(source.place.appid.clone());
    if !is_own && !readable(&call.identity, bucket, found.as_ref()) {
        return Err(Word::ACCESS_DENIED.into());
    }
    let file = found.ok_or_else(|| Word::NO_KEY.because("the source of the copy is missing"))?;
    if !source.version.is_empty() {
        check_version(&source.version, &file)?;
    }
    conditions::check_source(call.request, &file)?;
    restore::check_readable(call, &file)?;
    Ok((source, file))
}

/// Whether the metadata is that of the request instead of the source's.
fn replaces(call: &Call) -> Result<bool, Failure> {
    match call.request.header("x-cos-metadata-directive").as_deref() {
        None | Some("Copy") => Ok(false),
        Some("Replaced") => Ok(true),
        Some(other) if call.settings.strict_directive => {
            Err(Word::INVALID_ARGUMENT.saying(format!("x-cos-metadata-directive is {other:?}")))
        }
        Some(other) if other.eq_ignore_ascii_case("copy") => Ok(false),
        Some(other) if other.eq_ignore_ascii_case("replace") => Ok(true),
        Some(other) if other.eq_ignore_ascii_case("replaced") => Ok(true),
        Some(other) => {
            Err(Word::INVALID_ARGUMENT.saying(format!("x-cos-metadata-directive is {other:?}")))
        }
    }
}

pub(super) fn object(call: &Call) -> Answer {
    let request = call.request;
    let replaces = replaces(call)?;
    let stored = headers::stored(request, call.settings)?;
    let traits = headers::traits(request)?;
    if !replaces && headers::has_metadata(request) {
        return Err(Word::INVALID_REQUEST
            .saying("Metadata can not be given when x-cos-metadata-directive is Copy."));
    }
    loop {
        let (source, file) = find_source(call)?;
        if !replaces && source.file_id() == call.file_id() {
            return Err(Word::INVALID_REQUEST.saying(
                "This copy request is illegal because it is trying to copy an object to itself without changing \
                 the object's metadata.",
            ));
        }
        if call.settings.counted(file.size) > call.settings.largest_put {
            return Err(Word::ENTITY_TOO_LARGE.into());
        }
        // A copy has the class and the ACL that the request asks for, whatever the source has.
        let mut copy = File {
            traits: Traits { version: call.new_version()?, ..traits.clone() },
            authority: "eInvalid".into(),
            forbid: 0,
            ctime: call.now,
            mtime: call.now,
            ..file.clone()
        };
        if request.header("x-cos-tagging-directive").is_none_or(|directive| directive == "Copy") {
            copy.traits.tags.clone_from(&file.traits.tags);
        }
        if replaces {
            copy.biz_attr = headers::biz_attr(&stored, call.settings);
            copy.headers.clone_from(&stored);
        }
        if copy.etag.is_empty() {
            copy.etag.clone_from(&copy.sha);
        }
        if save(call, &source, &file, &copy)? {
            let mut reply = result("CopyObjectResult", &copy, call, true);
            headers::tell_version(&mut reply, &copy);
            return Ok(reply);
        }
    }
}

/// Puts a copy in its place, unless the source was replaced meanwhile.
fn save(call: &Call, source: &Source, file: &File, copy: &File) -> Result<bool, Failure> {
    let forbidden = call.settings.forbid_overwrite_on_copy && call.forbids_overwrite();
    let blobs = &call.store().blobs;
    let mut linked = None;
    let done = call.change(|index| {
        if find(index, &source.file_id())?.as_ref() != Some(file) {
            return Ok(false);
        }
        call.check_overwrite(index, &call.file_id(), forbidden)?;
        // A folder of the JSON API has no content.
        let has_blob = !file.blob.is_empty();
        let blob = if has_blob { blobs.link(&file.blob)? } else { blobs.write(b"")? };
        linked = Some(blob.clone());
        call.put(index, File { blob, ..copy.clone() })?;
        Ok(true)
    });
    if let (Err(_), Some(blob)) = (&done, &linked) {
        blobs.remove(blob);
    }
    done
}

fn result(root: &str, file: &File, call: &Call, has_crc: bool) -> Reply {
    let text = Writer::document(root, |xml| {
        xml.leaf("ETag", format!("\"{}\"", headers::etag(file)));
        if let Some(crc64) = file.crc64.filter(|_| has_crc && call.settings.object_crc) {
            xml.leaf("CRC64", crc64.to_string());
        }
        xml.leaf("LastModified", time::plain(file.mtime));
    });
    let mut reply = Reply::new(200, "application/xml", Body::bytes(text)).chunked();
    if has_crc {
        headers::crc(&mut reply, file.crc64, call.settings);
    }
    reply
}

/// The bytes of the source that become a part.
fn piece<'a>(call: &'a Call) -> Result<Content<'a>, Failure> {
    let (blobs, factor) = (&call.store().blobs, call.settings.size_factor);
    loop {
        let (source, file) = find_source(call)?;
        let (start, length) = match call.request.header("x-cos-copy-source-range") {
            None => (0, file.size),
            Some(text) => match Range::parse(&text, call.settings.counted(file.size)) {
                Range::Bytes { start, length } => {
                    let (first, end) = (start / factor, (start + length).div_ceil(factor));
                    (first, end.min(file.size) - first)
                }
                _ => return Err(Word::INVALID_RANGE.because(format!("the range is {text:?}"))),
            },
        };
        if call.settings.counted(length) > call.settings.largest_put {
            return Err(Word::ENTITY_TOO_LARGE.into());
        }
        let mut sink = Sink::new(blobs)?;
        if length == 0 {
            return Ok(sink.finish()?);
        }
        match std::fs::File::open(blobs.path(&file.blob)) {
            Ok(mut from) => {
                from.seek(SeekFrom::Start(start))?;
                sink.append(from.take(length))?;
                return Ok(sink.finish()?);
            }
            // Between looking it up and opening it, it may have been replaced: then look again.
            Err(_) if find(&call.store().view()?, &source.file_id())?.as_ref() != Some(&file) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

pub(super) fn part(call: &Call) -> Answer {
    let number = part_number(call)?;
    let upload = upload(call)?;
    let content = piece(call)?;
    let part = File {
        etag: hex(&content.sums.md5),
        crc64: Some(content.sums.crc64),
        mtime: call.now,
        ..File::default()
    };
    put_part(call, &upload, number, content)?;
    Ok(result("CopyPartResult", &part, call, call.settings.part_copy_crc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources() {
        for (text, bucket, region, key) in [
            ("b-1.cos.ap-x.myqcloud.com/a%20b/%E4%B8%AD", "b-1", Some("ap-x"), "a b/中"),
            ("b-1.cos.sh.myqcloud.com/a%2Fb", "b-1", Some("ap-shanghai"), "a/b"),
            ("b-1.cos.ap-x.myqcloud.com/a+b?versionId=", "b-1", Some("ap-x"), "a+b"),
            ("b-1.cos.accelerate.myqcloud.com/a", "b-1", None, "a"),
            ("/b-1/a/中", "b-1", None, "a/中"),
            ("b-1/a", "b-1", None, "a"),
            ("http://b-1.localhost:9/a//b", "b-1", None, "a//b"),
        ] {
            let source = parse(text, false).unwrap();
            assert_eq!(source.place.full_name(), bucket, "{text}");
            assert_eq!(source.place.region.as_deref(), region, "{text}");
            assert_eq!(source.key, key, "{text}");
        }
        assert_eq!(parse("b-1/a+b", true).unwrap().key, "a b");
        for wrong in ["", "b-1", "b-1/", "nameless.cos.ap-x.myqcloud.com/a", "b-1/%ff"] {
            assert!(parse(wrong, false).is_err(), "{wrong}");
        }
    }
}
