//! PUT, GET and HEAD of an object.

use hyper::{Method, header::CONTENT_LENGTH};
use tokio::task::block_in_place;

use super::{
    Answer, Call, check_version, conditions,
    content::{Arriving, Content},
    find, headers, restore,
    words::{Failure, Word},
};
use crate::{
    digest::hex,
    http::{
        range::Range,
        reply::{Body, FileSlice, Reply},
    },
    store::{File, Traits},
};

pub(super) async fn put(call: &Call<'_>, arriving: Arriving<'_>) -> Answer {
    let request = call.request;
    let stored = headers::stored(request, call.settings)?;
    let traits = headers::traits(request)?;
    headers::check_traffic_limit(request)?;
    let forbidden = call.forbids_overwrite();
    block_in_place(|| call.check_overwrite(&call.store().view()?, &call.file_id(), forbidden))?;
    let content = arriving.content(&call.store().blobs, request, call.settings).await?;
    block_in_place(|| {
        let mut file = new_file(call, &content, traits)?;
        file.biz_attr = headers::biz_attr(&stored, call.settings);
        file.headers = stored;
        save(call, &call.file_id(), file, content, forbidden)
    })
}

/// A file of one content, as a fresh upload leaves it.
pub(super) fn new_file(call: &Call, content: &Content, traits: Traits) -> Result<File, Failure> {
    Ok(File {
        blob: content.blob(),
        size: content.sums.size,
        slice_size: content.sums.size,
        sha: content.sums.sha.clone(),
        crc64: Some(content.sums.crc64),
        etag: hex(&content.sums.md5),
        authority: "eInvalid".into(),
        ctime: call.now,
        mtime: call.now,
        traits: Traits { version: call.new_version()?, ..traits },
        ..File::default()
    })
}

/// Stores an object with this content. Returns the reply.
pub(super) fn save(
    call: &Call,
    file_id: &str,
    file: File,
    content: Content,
    forbidden: bool,
) -> Answer {
    let mut reply = Reply::empty(200);
    reply.named("ETag", &format!("\"{}\"", file.etag));
    headers::crc(&mut reply, file.crc64, call.settings);
    headers::tell_version(&mut reply, &file);
    call.change(|index| {
        call.check_overwrite(index, file_id, forbidden)?;
        call.put_at(index, file_id, file)
    })?;
    content.keep();
    Ok(reply)
}

/// There are no appendable objects. The refusal is not 501, because clients would try again.
pub(super) fn append(call: &Call) -> Answer {
    match find(&call.store().view()?, &call.file_id())? {
        Some(_) => Err(Word::NOT_APPENDABLE.into()),
        None => Err(Word::METHOD_NOT_ALLOWED.saying("The emulator has no appendable objects.")),
    }
}

/// The object that is asked for.
fn wanted(call: &Call) -> Result<File, Failure> {
    let missing = if call.version().is_some() { Word::NO_VERSION } else { Word::NO_KEY };
    let file = find(&call.store().view()?, &call.file_id())?.ok_or(missing)?;
    call.version().map_or(Ok(()), |wanted| check_version(wanted, &file))?;
    Ok(file)
}

pub(super) fn head(call: &Call) -> Answer {
    let file = wanted(call)?;
    Ok(describe(call, &file)?.0)
}

pub(super) async fn get(call: &Call<'_>) -> Answer {
    loop {
        let (file, described, opened) = block_in_place(|| {
            let file = wanted(call)?;
            restore::check_readable(call, &file)?;
            let (reply, range) = describe(call, &file)?;
            let opened = range.map(|(start, length)| open(call, &file, start, length)).transpose();
            Ok::<_, Failure>((file, reply, opened))
        })?;
        let mut reply = described;
        match opened {
            Ok(None) => return Ok(reply),
            Ok(Some(slice)) => {
                reply.body = Body::file(slice.file, slice.start, slice.length).await?;
                return Ok(reply);
            }
            // Between looking it up and opening it, it may have been replaced: then look again.
            Err(_) if block_in_place(|| wanted(call))? != file => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn open(call: &Call, file: &File, start: u64, length: u64) -> std::io::Result<FileSlice> {
    FileSlice::open(&call.store().blobs, &file.blob, start, length)
}

/// The head of a reply, and the bytes that belong to it.
fn describe(call: &Call, file: &File) -> Result<(Reply, Option<(u64, u64)>), Failure> {
    let request = call.request;
    headers::check_traffic_limit(request)?;
    if conditions::is_known(request, file)? {
        let mut reply = Reply::empty(304);
        if request.method == Method::GET {
            reply.named("ETag", &format!("\"{}\"", headers::etag(file)));
            headers::crc(&mut reply, file.crc64, call.settings);
        }
        return Ok((reply, None));
    }
    let range = request
        .header("range")
        .filter(|range| call.settings.suffix_ranges || !range.trim_start().starts_with("bytes=-"));
    let range = range.map_or(Range::Whole, |range| Range::parse(&range, file.size));
    let (status, start, length) = match range {
        Range::Whole => (200, 0, file.size),
        Range::Bytes { start, length } => (206, start, length),
        Range::Unsatisfiable if file.size == 0 && !call.settings.range_of_empty_is_416 => {
            (200, 0, 0)
        }
        Range::Unsatisfiable => {
            let failure = Failure::from(Word::INVALID_RANGE);
            return Err(failure.with("Content-Range", format!("bytes */{}", file.size)));
        }
    };
    let mut reply = Reply::empty(status);
    headers::describe(&mut reply, file, call.settings);
    restore::describe(&mut reply, call, file);
    let is_head = request.method == Method::HEAD;
    let told = if is_head { call.settings.counted(length) } else { length };
    reply.header(CONTENT_LENGTH, &told.to_string());
    if status == 206 {
        let end = start + length - 1;
        reply.named("Content-Range", &format!("bytes {start}-{end}/{}", file.size));
    }
    for (name, value) in &request.params {
        let name = name.strip_prefix("response-").unwrap_or_default();
        if headers::STORED.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            reply.named(name, value);
        }
    }
    let has_content = request.method == Method::GET && length > 0;
    Ok((reply, has_content.then_some((start, length))))
}
