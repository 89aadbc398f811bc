//! Uploading a file slice by slice: init, data, list, finish.

use std::{io::Seek, sync::Arc};

use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::{Call, Done};
use crate::{
    digest::{Chain, Sums, hex, normal_sha, sha1_hex},
    store::{Blobs, Entry, Lookup, Part, Upload, UploadMeta, Uploads},
    v4::codes::{Code, Failure},
};

const SLICE_SIZES: [u64; 4] = [524_288, 1_048_576, 2_097_152, 3_145_728];
/// `uploadparts` entries are no longer than this, unless the slices asked for are.
const LARGEST_PART: u64 = 1_048_576;

pub(super) fn init(call: &Call) -> Done {
    let size = filesize(call)?;
    let asked = call
        .params
        .number("slice_size")?
        .ok_or_else(|| Code::PARAM.because("slice_size is missing"))?;
    if asked < SLICE_SIZES[0] {
        return Err(Code::SLICE_TOO_SMALL.because(format!("slice_size is {asked}")));
    }
    if !SLICE_SIZES.contains(&asked) {
        return Err(Code::SLICE_SIZE_WRONG
            .because(format!("slice_size is {asked}, not one of {SLICE_SIZES:?}")));
    }
    let sha = call.sha()?;
    let parts = match call.params.json_text("uploadparts").filter(|text| !text.is_empty()) {
        None => Vec::new(),
        Some(_) if sha.is_none() => {
            return Err(Code::SHA_MISSING.because("uploadparts without sha"));
        }
        Some(text) => upload_parts(&text, size, asked)?,
    };
    if let (Some(sha), Some(last)) = (&sha, parts.last())
        && *sha != last.datasha
    {
        return Err(Code::PARAM.because("the last datasha of uploadparts is not the sha"));
    }
    let meta = UploadMeta {
        session: Uploads::new_session()?,
        file_id: call.resource.file_id(),
        blob: Blobs::new_name()?,
        size,
        slice_size: call.settings.slice_size.unwrap_or(asked),
        sha,
        parts,
        serial: call.settings.serial_upload,
        insert_only: call.insert_only()?,
        biz_attr: call.biz_attr()?,
        created: call.now,
    };

    if let Some(data) = instant_upload(call, &meta)? {
        return Ok(Some(data));
    }
    let begun = call.change(|index| {
        check_init(call, index, &meta)?;
        call.store.uploads.begin(&call.store.blobs, meta.clone())?;
        Ok(index.begin_upload(&meta)?)
    });
    if let Err(failure) = begun {
        call.store.uploads.forget(&meta.session);
        call.store.blobs.remove(&meta.blob);
        return Err(failure);
    }
    let mut data = json!({"session": meta.session, "slice_size": meta.slice_size});
    mention_serial(&mut data, &meta);
    Ok(Some(data))
}

fn check_init(call: &Call, index: &impl Lookup, meta: &UploadMeta) -> Result<(), Failure> {
    call.check_target(index, call.resource, meta.insert_only, meta.sha.as_deref())?;
    match index.upload(&meta.file_id)? {
        None => Ok(()),
        Some(other) if other.sha == meta.sha && other.size == meta.size => {
            Err(Code::UNFINISHED_SAME.into())
        }
        Some(_) => {
            Err(Code::UNFINISHED_OTHER.because("an unfinished upload has another sha or size"))
        }
    }
}

/// The same content under the same appid makes the upload unnecessary.
fn instant_upload(call: &Call, meta: &UploadMeta) -> Done {
    let Some(sha) = meta.sha.as_ref().filter(|_| call.settings.instant_upload) else {
        return Ok(None);
    };
    call.change(|index| {
        check_init(call, index, meta)?;
        let Some(twin) = index.same_content(&meta.file_id, sha, meta.size)? else {
            return Ok(None);
        };
        let blob = call.store.blobs.link(&twin.blob)?;
        let file = call.new_file(
            blob,
            (sha.clone(), twin.crc64),
            meta.size,
            meta.slice_size,
            meta.biz_attr.clone(),
        );
        index.put(&meta.file_id, &Entry::File(file.clone()))?;
        Ok(Some(call.object_urls(call.resource, &file)))
    })
}

fn filesize(call: &Call) -> Result<u64, Failure> {
    let text = call.params.text("filesize")?.ok_or(Code::FILESIZE_MISSING)?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(size) if digits && size <= i64::MAX as u64 => Ok(size),
        _ => Err(Code::FILESIZE_WRONG.because(format!("filesize is {text:?}"))),
    }
}

/// Reads `uploadparts` and insists that its entries cover the file without gap or overlap, all of one legal length.
fn upload_parts(text: &str, size: u64, slice_size: u64) -> Result<Vec<Part>, Failure> {
    let parts: Vec<Part> = serde_json::from_str(text)
        .map_err(|error| Code::UPLOADPARTS_MALFORMED.because(format!("uploadparts: {error}")))?;
    let wrong = |why: String| Code::PARAM.because(format!("uploadparts: {why}"));
    let length = parts.first().map_or(0, |part| part.datalen);
    let legal = [slice_size.min(LARGEST_PART), slice_size];
    if parts.len() > 1 && !legal.contains(&length) || length > slice_size {
        return Err(wrong(format!("entries of {length} bytes for slices of {slice_size}")));
    }
    let mut end = 0;
    for (index, part) in parts.iter().enumerate() {
        if part.offset != end {
            return Err(wrong(format!("entry {index} begins at {}, not at {end}", part.offset)));
        }
        if normal_sha(&part.datasha).is_none_or(|normal| normal != part.datasha) {
            return Err(wrong(format!(
                "the datasha of entry {index} is not 40 lower-case hexadecimal digits"
            )));
        }
        let is_last = index + 1 == parts.len();
        if part.datalen == 0 || part.datalen > length || (part.datalen < length && !is_last) {
            return Err(wrong(format!("entry {index} has length {}", part.datalen)));
        }
        end += part.datalen;
    }
    if end == size {
        Ok(parts)
    } else {
        Err(wrong(format!("the entries cover {end} of {size} bytes")))
    }
}

pub(super) fn data(call: &Call) -> Done {
    let content = call.params.content(Code::SLICE_LENGTH)?;
    let upload = session(call)?;
    let meta = &upload.meta;
    let offset =
        call.params.number("offset")?.ok_or_else(|| Code::PARAM.because("offset is missing"))?;
    if !offset.is_multiple_of(meta.slice_size) || offset >= meta.size {
        return Err(Code::OFFSET_ILLEGAL
            .because(format!("offset {offset} in {} bytes of {}", meta.size, meta.slice_size)));
    }
    let length = content.len() as u64;
    let expected = meta.slice_size.min(meta.size - offset);
    if length != expected {
        return Err(Code::SLICE_LENGTH
            .because(format!("the slice has {length} bytes, expected {expected}")));
    }
    check_slice_sha(call, meta, &content)?;
    verify_slice(meta, offset, &content)?;
    if meta.serial && offset > upload.contiguous() {
        return Err(Code::OFFSET_ILLEGAL
            .because(format!("serial upload: offset {} is next", upload.contiguous())));
    }
    let mut data = json!({"session": meta.session, "offset": offset, "datalen": length});
    if let Some(promised) = call.params.non_empty("datamd5")? {
        let md5 = hex(&Md5::digest(&content));
        if !md5.eq_ignore_ascii_case(&promised) {
            return Err(Code::SHA_DIFFERS.because(format!("the slice's MD5 is {md5}")));
        }
        data["datamd5"] = md5.into();
    }
    upload.write(offset, &content)?;
    mention_serial(&mut data, meta);
    Ok(Some(data))
}

/// `sha` beside a slice is the whole file's; early documentation called it the slice's.
fn check_slice_sha(call: &Call, meta: &UploadMeta, content: &[u8]) -> Result<(), Failure> {
    match (call.sha()?, &meta.sha) {
        (None, Some(_)) => Err(Code::SHA_MISSING.because("init had a sha, so each slice must")),
        (Some(given), Some(whole)) if given == *whole => Ok(()),
        (Some(given), _) if given == sha1_hex(content) => Ok(()),
        (Some(_), Some(_)) => {
            Err(Code::SHA_DIFFERS.because("sha is neither the file's nor the slice's"))
        }
        (_, None) => Ok(()),
    }
}

/// Follows the chaining states through every entry of `uploadparts` the slice covers as a whole.
fn verify_slice(meta: &UploadMeta, offset: u64, content: &[u8]) -> Result<(), Failure> {
    let Ok(first) = meta.parts.binary_search_by_key(&offset, |part| part.offset) else {
        return Ok(());
    };
    let end = offset + content.len() as u64;
    for (index, part) in meta
        .parts
        .iter()
        .enumerate()
        .skip(first)
        .take_while(|(_, part)| part.offset + part.datalen <= end)
    {
        let before = match index.checked_sub(1) {
            None => Chain::initial(),
            Some(previous) => {
                Chain::from_hex(&meta.parts[previous].datasha).ok_or(Code::UPLOADPARTS_MALFORMED)?
            }
        };
        let start = (part.offset - offset) as usize;
        let bytes = &content[start..start + part.datalen as usize];
        let is_last = index + 1 == meta.parts.len();
        let actual = if is_last {
            Some(before.finish(bytes, meta.size))
        } else {
            before.advance(bytes).map(|state| state.to_hex())
        };
        if actual.as_ref() != Some(&part.datasha) {
            let detail = format!(
                "datasha at {} is {actual:?}, uploadparts says {}",
                part.offset, part.datasha
            );
            return Err(Code::SHA_DIFFERS.because(detail));
        }
    }
    Ok(())
}

pub(super) fn list(call: &Call) -> Done {
    let file_id = call.resource.file_id();
    let Some(upload) = call.store.unfinished(&file_id)? else {
        let file = call.store.view()?.file(&file_id)?;
        return Ok(Some(call.object_urls(call.resource, &file)));
    };
    let meta = &upload.meta;
    let parts: Vec<Value> = upload
        .stored()
        .into_iter()
        .map(|(offset, length)| json!({"offset": offset, "datalen": length}))
        .collect();
    let mut data = json!({
        "session": meta.session,
        "slice_size": meta.slice_size,
        "filesize": meta.size,
        "listparts": parts,
    });
    if let Some(sha) = &meta.sha {
        data["sha"] = sha.clone().into();
    }
    mention_serial(&mut data, meta);
    Ok(Some(data))
}

pub(super) fn finish(call: &Call) -> Done {
    let upload = session(call)?;
    let meta = &upload.meta;
    let size = filesize(call)?;
    let given = call.sha()?;
    if size != meta.size {
        return Err(
            Code::SIZE_DIFFERS.because(format!("filesize is {size}, init said {}", meta.size))
        );
    }
    if given.is_none() && meta.sha.is_some() {
        return Err(Code::FINISH_WITHOUT_SHA.into());
    }
    let promised = given.or_else(|| meta.sha.clone());
    let file = upload.finish(|mut content| {
        if upload.contiguous() != meta.size {
            return Err(Code::SIZE_DIFFERS
                .because(format!("{} of {size} bytes were uploaded", upload.received())));
        }
        content.rewind()?;
        let Sums { sha, crc64, .. } = Sums::read(content)?;
        if promised.is_some_and(|promised| promised != sha)
            || meta.sha.as_ref().is_some_and(|init| *init != sha)
        {
            return Err(Code::SHA_DIFFERS.because(format!("the content's SHA-1 is {sha}")));
        }
        let file = call.new_file(
            meta.blob.clone(),
            (sha, Some(crc64)),
            meta.size,
            meta.slice_size,
            meta.biz_attr.clone(),
        );
        call.change(|index| {
            index.end_upload(meta)?;
            call.check_target(index, call.resource, meta.insert_only, Some(&file.sha))?;
            Ok(index.put(&meta.file_id, &Entry::File(file.clone()))?)
        })?;
        Ok(file)
    })?;
    Ok(Some(call.object_urls(call.resource, &file)))
}

/// The upload a slice or a finish belongs to.
fn session(call: &Call) -> Result<Arc<Upload>, Failure> {
    let session = call.params.non_empty("session")?.ok_or(Code::NO_SESSION)?;
    match call.store.upload(&session) {
        Some(upload) if upload.meta.file_id == call.resource.file_id() => Ok(upload),
        Some(_) => Err(Code::SESSION_WRONG.because("the session belongs to another file")),
        None => Err(Code::SESSION_WRONG.because("there is no such session, or it is finished")),
    }
}

fn mention_serial(data: &mut Value, meta: &UploadMeta) {
    if meta.serial {
        data["serial_upload"] = 1.into();
    }
}
