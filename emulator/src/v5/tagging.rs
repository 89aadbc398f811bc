//! The tags of an object.

use tokio::task::block_in_place;

use super::{
    Answer, Call,
    content::Arriving,
    find, headers,
    words::{Failure, Word},
    xml::{Element, Writer},
};
use crate::http::reply::{Body, Reply};

pub(super) fn get(call: &Call) -> Answer {
    let file = find(&call.store().view()?, &call.file_id())?.ok_or(Word::NO_KEY)?;
    let text = Writer::document("Tagging", |xml| {
        xml.within("TagSet", |xml| {
            for (key, value) in &file.traits.tags {
                xml.within("Tag", |xml| {
                    xml.leaf("Key", key);
                    xml.leaf("Value", value);
                });
            }
        });
    });
    Ok(Reply::new(200, "application/xml", Body::bytes(text)))
}

pub(super) async fn put(call: &Call<'_>, arriving: Arriving<'_>) -> Answer {
    let xml = arriving.xml(call.request, false).await?;
    block_in_place(|| {
        let root = Element::parse(&xml, "Tagging")?;
        let set = root.child("TagSet").ok_or(Word::MALFORMED_XML)?;
        let tag = |tag: &Element| {
            Ok((tag.required("Key")?.to_string(), tag.required("Value")?.to_string()))
        };
        let tags = set.all("Tag").map(tag).collect::<Result<Vec<_>, Failure>>()?;
        let tags = headers::check_tags(tags)?;
        call.change_object(|file| file.traits.tags = tags)?;
        Ok(Reply::empty(200))
    })
}

pub(super) fn delete(call: &Call) -> Answer {
    call.change_object(|file| file.traits.tags.clear())?;
    Ok(Reply::empty(204))
}
