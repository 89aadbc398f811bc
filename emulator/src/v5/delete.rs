//! DELETE of an object, or of a thousand.

use tokio::task::block_in_place;

use super::{
    Answer, Call, check_version,
    content::Arriving,
    find,
    request::check_key,
    words::{Failure, Word},
    xml::{Element, Writer},
};
use crate::http::reply::{Body, Reply};

/// The most that one request may name.
const MOST: usize = 1000;

pub(super) fn one(call: &Call) -> Answer {
    let file_id = call.file_id();
    match find(&call.store().view()?, &file_id)? {
        Some(file) => call.version().map_or(Ok(()), |wanted| check_version(wanted, &file))?,
        None if call.settings.delete_missing_is_404 => return Err(Word::NO_KEY.into()),
        None => {}
    }
    remove(call, &file_id)?;
    let mut reply = Reply::empty(204);
    match call.version() {
        Some(version) => reply.named("x-cos-version-id", version),
        None if call.settings.versioning => {
            reply.named("x-cos-version-id", &call.new_version()?);
            reply.named("x-cos-delete-marker", "true");
        }
        None => {}
    }
    Ok(reply)
}

fn remove(call: &Call, file_id: &str) -> Result<(), Failure> {
    if find(&call.store().view()?, file_id)?.is_none() {
        return Ok(());
    }
    call.change(|index| match find(index, file_id)? {
        Some(_) => Ok(index.remove_object(file_id)?),
        None => Ok(()),
    })
}

pub(super) async fn many(call: &Call<'_>, arriving: Arriving<'_>) -> Answer {
    let xml = arriving.xml(call.request, true).await?;
    block_in_place(|| {
        let root = Element::parse(&xml, "Delete")?;
        let objects: Vec<_> = root.all("Object").collect();
        if objects.is_empty() || objects.len() > MOST {
            return Err(Word::MALFORMED_XML.because(format!("{} objects", objects.len())));
        }
        let named = objects.iter().map(|object| {
            let version = object.child("VersionId").map(|version| version.text.trim());
            Ok((object.required("Key")?, version.filter(|version| !version.is_empty())))
        });
        let named = named.collect::<Result<Vec<_>, Failure>>()?;
        let is_quiet = root.child("Quiet").is_some_and(|quiet| quiet.text.trim() == "true");
        let mut outcomes = Vec::new();
        for (key, version) in named {
            outcomes.push((key, remove_key(call, key, version)));
        }
        let text = Writer::document("DeleteResult", |xml| {
            for (key, outcome) in &outcomes {
                match outcome {
                    Ok(()) if is_quiet => {}
                    Ok(()) => xml.within("Deleted", |xml| xml.leaf("Key", key)),
                    Err(failure) => xml.within("Error", |xml| {
                        xml.leaf("Key", key);
                        xml.leaf("Code", failure.word.code);
                        xml.leaf("Message", failure.word.message);
                    }),
                }
            }
        });
        Ok(Reply::new(200, "application/xml", Body::bytes(text)))
    })
}

/// A key that begins with a slash is said to be deleted, and nothing is.
fn remove_key(call: &Call, key: &str, version: Option<&str>) -> Result<(), Failure> {
    check_key(key)?;
    if key.is_empty() {
        return Err(Word::INVALID_OBJECT_NAME.into());
    }
    if key.starts_with('/') {
        return Ok(());
    }
    let file_id = format!("{}{key}", call.base());
    if let (Some(wanted), Some(file)) = (version, find(&call.store().view()?, &file_id)?) {
        check_version(wanted, &file)?;
    }
    remove(call, &file_id)
}
