//! Multipart uploads: begun, part by part, completed or aborted.

use std::{collections::BTreeMap, fs, time::Duration};

use tokio::task::block_in_place;

use super::{
    Answer, Call,
    content::{Arriving, Content, Sink},
    headers, objects,
    request::encode_path,
    words::{Failure, Word},
    xml::{Element, Writer},
};
use crate::{
    digest::hex,
    http::reply::{Body, Reply},
    store::{Blobs, File, Multipart, PartContent},
};

const MOST_PARTS: u64 = 10_000;

pub(super) fn initiate(call: &Call) -> Answer {
    let headers = headers::stored(call.request, call.settings)?;
    let traits = headers::traits(call.request)?;
    let forbidden = call.settings.forbid_overwrite_at_initiate && call.forbids_overwrite();
    let id = format!("{:010}{}{}", call.now, Blobs::new_name()?, Blobs::new_name()?);
    let file_id = call.file_id();
    let upload = Multipart { id, file_id: file_id.clone(), created: call.now, headers, traits };
    call.change(|index| {
        call.check_overwrite(index, &file_id, forbidden)?;
        Ok(index.begin_multipart(&upload)?)
    })?;
    let text = Writer::document("InitiateMultipartUploadResult", |xml| {
        xml.leaf("Bucket", call.place.full_name());
        xml.leaf("Key", &call.request.key);
        xml.leaf("UploadId", &upload.id);
    });
    Ok(Reply::new(200, "application/xml", Body::bytes(text)))
}

/// The upload that a request names.
pub(super) fn upload(call: &Call) -> Result<Multipart, Failure> {
    let id = call.request.given("uploadId").ok_or(Word::NO_UPLOAD)?;
    if call.store().upload(id).is_some() {
        return Err(Word::UPLOAD_OF_JSON_API.into());
    }
    let upload = call.store().view()?.multipart(id)?;
    if upload.file_id == call.file_id() {
        Ok(upload)
    } else {
        Err(Word::NO_UPLOAD.because("the upload is of another object"))
    }
}

pub(super) fn part_number(call: &Call) -> Result<u32, Failure> {
    let number = call.request.number("partNumber", 1, MOST_PARTS)?;
    let number = number.ok_or_else(|| Word::INVALID_ARGUMENT.saying("partNumber is missing"))?;
    Ok(number as u32)
}

pub(super) async fn upload_part(call: &Call<'_>, arriving: Arriving<'_>) -> Answer {
    let number = part_number(call)?;
    headers::check_traffic_limit(call.request)?;
    let upload = block_in_place(|| upload(call))?;
    let content = arriving.content(&call.store().blobs, call.request, call.settings).await?;
    let mut reply = Reply::empty(200);
    reply.named("ETag", &format!("\"{}\"", hex(&content.sums.md5)));
    headers::crc(&mut reply, Some(content.sums.crc64), call.settings);
    block_in_place(|| put_part(call, &upload, number, content))?;
    Ok(reply)
}

pub(super) fn put_part(
    call: &Call,
    upload: &Multipart,
    number: u32,
    content: Content,
) -> Result<(), Failure> {
    let part = PartContent {
        blob: content.blob(),
        size: content.sums.size,
        etag: hex(&content.sums.md5),
        crc64: content.sums.crc64,
        mtime: call.now,
    };
    call.change(|index| Ok(index.put_part(&upload.id, number, &part)?))?;
    content.keep();
    Ok(())
}

pub(super) fn abort(call: &Call) -> Answer {
    let upload = upload(call)?;
    call.change(|index| Ok(index.end_multipart(&upload.id)?))?;
    Ok(Reply::empty(204))
}

pub(super) async fn complete(call: &Call<'_>, arriving: Arriving<'_>) -> Answer {
    let xml = arriving.xml(call.request, false).await?;
    block_in_place(|| {
        let listed = listed_parts(&xml)?;
        if let Some(again) = again(call)? {
            return Ok(again);
        }
        let upload = upload(call)?;
        let parts = call.store().view()?.parts(&upload.id)?;
        let chosen = choose(call, &listed, &parts)?;
        let file = merge(call, &upload, &chosen)?;
        let mut reply = result(call, &file);
        if call.settings.complete_crc {
            headers::crc(&mut reply, file.crc64, call.settings);
        }
        headers::tell_version(&mut reply, &file);
        Ok(reply)
    })
}

/// The numbers and ETags that the client wants to be the object.
fn listed_parts(xml: &[u8]) -> Result<Vec<(u32, String)>, Failure> {
    let root = Element::parse(xml, "CompleteMultipartUpload")?;
    let part = |part: &Element| {
        let number = part.required("PartNumber")?.trim().parse::<u32>();
        let number = number.map_err(|_| Word::MALFORMED_XML.because("PartNumber is no number"))?;
        let etag = part.required("ETag")?.trim().trim_matches('"').to_ascii_lowercase();
        Ok((number, etag))
    };
    let parts = root.all("Part").map(part).collect::<Result<Vec<_>, Failure>>()?;
    if parts.is_empty() { Err(Word::MALFORMED_XML.because("no part is named")) } else { Ok(parts) }
}

/// The reply to a second completion, if the settings let it succeed.
fn again(call: &Call) -> Result<Option<Reply>, Failure> {
    let id = call.request.given("uploadId").unwrap_or_default();
    if !call.settings.complete_again {
        return Ok(None);
    }
    let Some((file_id, etag)) = call.store().view()?.completed(id)? else { return Ok(None) };
    Ok((file_id == call.file_id()).then(|| result(call, &File { etag, ..File::default() })))
}

/// Refuses parts that are not there, are out of order, or too small.
fn choose<'p>(
    call: &Call,
    listed: &[(u32, String)],
    parts: &'p BTreeMap<u32, PartContent>,
) -> Result<Vec<&'p PartContent>, Failure> {
    if listed.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        return Err(Word::INVALID_PART_ORDER.into());
    }
    let mut chosen = Vec::new();
    for (index, (number, etag)) in listed.iter().enumerate() {
        if *number as usize != index + 1 {
            let word = match call.settings.gap_is_invalid_part_order {
                true => Word::INVALID_PART_ORDER,
                false => Word::INVALID_PART,
            };
            return Err(word.because(format!("part {} is not listed", index + 1)));
        }
        match parts.get(number) {
            Some(part) if part.etag == *etag => chosen.push(part),
            Some(_) => return Err(Word::INVALID_PART.because(format!("the ETag of part {number}"))),
            None => return Err(Word::INVALID_PART.because(format!("part {number} is missing"))),
        }
    }
    let but_last = chosen.len() - 1;
    match chosen[..but_last].iter().any(|part| part.size < call.settings.smallest_part) {
        true => Err(Word::ENTITY_TOO_SMALL.into()),
        false => Ok(chosen),
    }
}

/// Makes one object of the parts.
fn merge(call: &Call, upload: &Multipart, parts: &[&PartContent]) -> Result<File, Failure> {
    let mut sink = Sink::new(&call.store().blobs)?;
    for part in parts {
        let opened = fs::File::open(call.store().blobs.path(&part.blob));
        // Another request may have replaced the part, or ended the upload.
        sink.append(opened.map_err(|error| Word::NO_UPLOAD.because(error.to_string()))?)?;
    }
    let content = sink.finish()?;
    let mut file = objects::new_file(call, &content, upload.traits.clone())?;
    // As with the service, the ETag is no digest of the content, and no client may take it for one.
    file.etag = format!("{}-{}", Blobs::new_name()?, parts.len());
    file.slice_size = parts[0].size;
    file.biz_attr = headers::biz_attr(&upload.headers, call.settings);
    file.headers.clone_from(&upload.headers);
    call.change(|index| {
        let current = index.parts(&upload.id)?;
        index.end_multipart(&upload.id)?;
        let same = parts.iter().zip(current.values()).all(|(part, now)| part.etag == now.etag);
        if !same {
            return Err(Word::INVALID_PART.because("a part was replaced meanwhile"));
        }
        call.check_overwrite(index, &upload.file_id, call.forbids_overwrite())?;
        index.remember_completed(&upload.id, &upload.file_id, &file.etag)?;
        call.put(index, file.clone())
    })?;
    content.keep();
    Ok(file)
}

/// The status travels at once, the XML after white space.
fn result(call: &Call, file: &File) -> Reply {
    let location = format!("http://{}/{}", call.bucket_host(), encode_path(&call.request.key));
    let root =
        "CompleteMultipartUploadResult xmlns=\"http://www.qcloud.com/document/product/436/7751\"";
    let text = Writer::document(root, |xml| {
        xml.leaf("Location", location);
        xml.leaf("Bucket", call.place.full_name());
        xml.leaf("Key", &call.request.key);
        xml.leaf("ETag", format!("\"{}\"", file.etag));
    });
    let delay = Duration::from_millis(call.settings.complete_delay_ms);
    Reply::new(200, "application/xml", Body::late(text, delay)).chunked()
}
