//! Simple upload, stat, update, delete, move and copy of a file.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Call, Done};
use crate::{
    digest::Sums,
    store::{Entry, File, Lookup},
    v4::{
        codes::{Code, Failure},
        path::Resource,
    },
};

pub(super) fn upload(call: &Call) -> Done {
    let content = call.params.content(Code::FILE_TOO_LARGE)?;
    let insert_only = call.insert_only()?;
    let biz_attr = call.biz_attr()?;
    let promised = call.sha()?;
    let Sums { sha, crc64, .. } = Sums::of(&content);
    if promised.is_some_and(|promised| promised != sha) {
        return Err(Code::SHA_DIFFERS.because(format!("the content's SHA-1 is {sha}")));
    }
    call.check_target(&call.store.view()?, call.resource, insert_only, Some(&sha))?;

    let blob = call.store.blobs.write(&content)?;
    let size = content.len() as u64;
    let file = call.new_file(blob.clone(), (sha, Some(crc64)), size, size, biz_attr);
    let stored = call.change(|index| {
        call.check_target(index, call.resource, insert_only, Some(&file.sha))?;
        index.drop_upload(&call.resource.file_id())?;
        Ok(index.put(&call.resource.file_id(), &Entry::File(file.clone()))?)
    });
    stored.inspect_err(|_| call.store.blobs.remove(&blob))?;
    Ok(Some(call.object_urls(call.resource, &file)))
}

pub(super) fn stat(call: &Call) -> Done {
    let file_id = call.resource.file_id();
    let (file, filelen) = match call.store.view()?.entry(&file_id)? {
        Some(Entry::File(file)) => (file.clone(), file.size),
        Some(Entry::Unfinished) => {
            // One that has ended since left something else behind.
            let Some(upload) = call.store.unfinished(&file_id)? else { return stat(call) };
            let meta = upload.meta.clone();
            let mut file = call.new_file(
                meta.blob,
                (meta.sha.unwrap_or_default(), None),
                meta.size,
                meta.slice_size,
                meta.biz_attr,
            );
            (file.ctime, file.mtime) = (meta.created, meta.created);
            (file, upload.received())
        }
        _ => return Err(Code::NOT_FOUND.into()),
    };
    Ok(Some(json!({
        "access_url": call.access_url(call.resource),
        "authority": file.authority,
        "biz_attr": file.biz_attr,
        "ctime": file.ctime,
        "custom_headers": file.headers,
        "filelen": filelen,
        "filesize": file.size,
        "forbid": file.forbid,
        "mtime": file.mtime,
        "sha": file.sha,
        "slicesize": file.slice_size,
        "source_url": call.source_url(call.resource),
    })))
}

pub(super) fn update(call: &Call) -> Done {
    let biz_attr = call.params.text("biz_attr")?;
    let authority = call.params.text("authority")?;
    let headers = call.params.object("custom_headers")?.map(custom_headers).transpose()?;
    let forbid = call.params.number("forbid")?;
    if let Some(other) = authority
        .as_deref()
        .filter(|name| !matches!(*name, "eInvalid" | "eWRPrivate" | "eWPrivateRPublic"))
    {
        return Err(Code::VALUE_INVALID.because(format!("authority is {other:?}")));
    }
    if forbid.is_some_and(|forbid| forbid > 2) {
        return Err(Code::PARAM.because("forbid is not 0, 1 or 2"));
    }
    call.change(|index| {
        let mut file = index.file(&call.resource.file_id())?;
        let before = file.clone();
        file.biz_attr = biz_attr.unwrap_or(file.biz_attr);
        file.authority = authority.unwrap_or(file.authority);
        file.headers = headers.unwrap_or(file.headers);
        file.forbid = forbid.unwrap_or(file.forbid);
        if file != before {
            file.mtime = call.now;
            index.put(&call.resource.file_id(), &Entry::File(file))?;
        }
        Ok(())
    })?;
    Ok(None)
}

/// The headers of an object, each under its usual spelling.
fn custom_headers(given: Map<String, Value>) -> Result<BTreeMap<String, String>, Failure> {
    const PLAIN: [&str; 5] = [
        "Cache-Control",
        "Content-Type",
        "Content-Disposition",
        "Content-Language",
        "Content-Encoding",
    ];
    const META: &str = "x-cos-meta-";
    let mut headers = BTreeMap::new();
    for (name, value) in given {
        let lower = name.to_ascii_lowercase();
        let usual = PLAIN
            .iter()
            .find(|plain| plain.eq_ignore_ascii_case(&name))
            .map(|plain| plain.to_string());
        let meta = || {
            let is_name = hyper::header::HeaderName::from_bytes(lower.as_bytes()).is_ok();
            (lower.starts_with(META) && lower.len() > META.len() && is_name).then(|| lower.clone())
        };
        let Some(name) = usual.or_else(meta) else {
            return Err(Code::PARAM_INVALID.because(format!("{name:?} can't be a custom header")));
        };
        let Value::String(value) = value else {
            return Err(Code::PARAM.because(format!("the value of {name} is not a string")));
        };
        if hyper::header::HeaderValue::from_bytes(value.as_bytes()).is_err() {
            return Err(Code::PARAM.because(format!("the value of {name} can't be a header")));
        }
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Deletes the file, its unfinished upload, or both.
pub(super) fn delete(call: &Call) -> Done {
    let file_id = call.resource.file_id();
    call.change(|index| {
        if index.entry(&file_id)?.is_none() {
            return Err(Code::NOT_FOUND.into());
        }
        index.drop_upload(&file_id)?;
        Ok(index.remove(&file_id)?)
    })?;
    Ok(None)
}

/// Move when `is_move`, else copy.
pub(super) fn relocate(call: &Call, is_move: bool) -> Done {
    let target = destination(call)?;
    let overwrite = call.params.flag("to_over_write")?.unwrap_or(false);
    let (from, to) = (call.resource.file_id(), target.file_id());
    let mut linked = None;
    let done = call.change(|index| {
        let mut file: File = index.file(&from)?;
        call.check_target(index, &target, !overwrite, Some(&file.sha))?;
        if from == to {
            return Ok(());
        }
        index.drop_upload(&to)?;
        file.mtime = call.now;
        if is_move {
            index.drop_upload(&from)?;
            index.take(&from)?;
        } else {
            file.ctime = call.now;
            file.blob = call.store.blobs.link(&file.blob)?;
            linked = Some(file.blob.clone());
        }
        Ok(index.put(&to, &Entry::File(file))?)
    });
    if let (Err(_), Some(blob)) = (&done, &linked) {
        call.store.blobs.remove(blob);
    }
    done.map(|()| None)
}

/// `dest_fileid`: from the root of the bucket, or relative to the source's folder.
fn destination(call: &Call) -> Result<Resource, Failure> {
    let given = call
        .params
        .non_empty("dest_fileid")?
        .ok_or_else(|| Code::PARAM.because("dest_fileid is missing"))?;
    let path =
        if given.starts_with('/') { given } else { format!("{}{given}", call.resource.parent()) };
    let target = call.resource.at(path);
    target.must_be_file()?;
    target.must_be_legal()?;
    Ok(target)
}
