//! Listing a folder, page by page.

use serde_json::{Value, json};

use super::{Call, Done};
use crate::{
    store::{Entry, Lookup, View, behind},
    v4::codes::{Code, Failure},
};

/// Which entries are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pattern {
    Both,
    Folders,
    Files,
}

struct Query {
    limit: usize,
    /// The file id every entry starts with: folder and name prefix.
    prefix: String,
    /// Length of the folder's own file id; names begin behind it.
    folder: usize,
    delimiter: String,
    pattern: Pattern,
}

/// A direct child, or everything up to the delimiter as one.
struct Item {
    name: String,
    is_group: bool,
    first: (String, Entry),
}

pub(super) fn list(call: &Call) -> Done {
    let query = query(call)?;
    let index = call.store.view()?;
    let after = match call.params.non_empty("context")? {
        None => None,
        Some(context) => Some(
            index
                .position(&query.prefix, &context)?
                .ok_or_else(|| Code::PARAM.because("context is not one this list gave out"))?,
        ),
    };
    let folder_id = &query.prefix[..query.folder];
    let exists = call.resource.parent() == "/" || index.first(folder_id, folder_id)?.is_some();
    if !exists {
        return Err(Code::NOT_FOUND.because("the folder does not exist and nothing is below it"));
    }

    let mut infos = Vec::new();
    let mut last = String::new();
    let mut position = after.unwrap_or_else(|| query.prefix.clone());
    let mut over = true;
    while let Some((item, next)) = next_item(&index, &query, &position)? {
        if infos.len() == query.limit {
            over = false;
            break;
        }
        last.clone_from(&next);
        position = next;
        infos.push(info(call, &index, &item)?);
    }
    let context = if over {
        String::new()
    } else {
        call.change(|index| Ok(index.keep_position(&query.prefix, &last)?))?
    };
    let mut data = json!({"context": context, "listover": over, "infos": infos});
    if call.settings.legacy_list_fields {
        let (folders, files) = totals(&index, &query)?;
        data["has_more"] = (!over).into();
        data["dircount"] = folders.into();
        data["filecount"] = files.into();
    }
    Ok(Some(data))
}

fn query(call: &Call) -> Result<Query, Failure> {
    let largest = if call.settings.strict_list_limit { 199 } else { 1000 };
    let limit = match call.params.text("num")? {
        None => largest,
        Some(text) => match text.parse::<i64>() {
            Err(_) => return Err(Code::LIST_NUM_ILLEGAL.because(format!("num is {text:?}"))),
            Ok(number) if number < 1 => return Err(Code::LIST_NUM_TOO_SMALL.into()),
            Ok(number) if number > largest => return Err(Code::LIST_NUM_TOO_LARGE.into()),
            Ok(number) => number,
        },
    };
    let pattern = match call.params.non_empty("pattern")?.as_deref() {
        None | Some("eListBoth") => Pattern::Both,
        Some("eListDirOnly") => Pattern::Folders,
        Some("eListFileOnly") => Pattern::Files,
        Some(other) => return Err(Code::PARAM.because(format!("pattern is {other:?}"))),
    };
    if call.params.non_empty("order")?.is_some_and(|order| order != "0") {
        return Err(Code::PARAM.because("only order=0, forward, is emulated"));
    }
    Ok(Query {
        limit: limit as usize,
        prefix: call.resource.file_id(),
        folder: call.resource.file_id().len() - call.resource.path.len()
            + call.resource.parent().len(),
        delimiter: call.params.non_empty("delimiter")?.unwrap_or_else(|| "/".into()),
        pattern,
    })
}

/// The first wanted item at or behind `position`, and where to look for the one after it.
fn next_item(
    index: &View,
    query: &Query,
    position: &str,
) -> Result<Option<(Item, String)>, Failure> {
    let mut position = position.to_string();
    loop {
        let Some(first) = index.first(&position, &query.prefix)? else { return Ok(None) };
        let name = &first.0[query.folder..];
        let group = first.0[query.prefix.len()..].find(&query.delimiter);
        let (file_id, next) = match group {
            Some(at) => {
                let common = &first.0[..query.prefix.len() + at + query.delimiter.len()];
                (common.to_string(), behind(common))
            }
            None => (first.0.clone(), format!("{}\0", first.0)),
        };
        let wanted = match query.pattern {
            Pattern::Both => true,
            Pattern::Folders => group.is_some(),
            Pattern::Files => group.is_none(),
        };
        if wanted && !name.is_empty() {
            let name = file_id[query.folder..].to_string();
            return Ok(Some((Item { name, is_group: group.is_some(), first }, next)));
        }
        position = next;
    }
}

fn info(call: &Call, index: &View, item: &Item) -> Result<Value, Failure> {
    let (first_id, entry) = &item.first;
    let (ctime, mtime) = times(index, first_id, entry)?;
    if item.is_group || matches!(entry, Entry::Folder(_)) {
        return Ok(json!({"name": item.name, "ctime": ctime, "mtime": mtime}));
    }
    let resource = call.resource.at(&first_id[prefix_length(call)..]);
    let mut info = json!({
        "name": item.name,
        "ctime": ctime,
        "mtime": mtime,
        "access_url": call.access_url(&resource),
        "source_url": call.source_url(&resource),
    });
    let (size, stored, sha) = match entry {
        Entry::File(file) => {
            if file.authority != "eInvalid" {
                info["authority"] = file.authority.clone().into();
            }
            (file.size, file.size, file.sha.clone())
        }
        Entry::Unfinished => {
            let meta = index.upload(first_id)?.ok_or(Code::NOT_FOUND)?;
            let received = call.store.upload(&meta.session).map_or(0, |upload| upload.received());
            (meta.size, received, meta.sha.unwrap_or_default())
        }
        Entry::Folder(_) => (0, 0, String::new()),
    };
    info["filesize"] = size.into();
    info["filelen"] = stored.into();
    info["sha"] = sha.into();
    Ok(info)
}

/// Length of `/appid/bucket`.
fn prefix_length(call: &Call) -> usize {
    call.resource.file_id().len() - call.resource.path.len()
}

fn times(index: &View, file_id: &str, entry: &Entry) -> Result<(u64, u64), Failure> {
    Ok(match entry {
        Entry::File(file) => (file.ctime, file.mtime),
        Entry::Folder(folder) => (folder.ctime, folder.mtime),
        Entry::Unfinished => {
            let created = index.upload(file_id)?.map_or(0, |meta| meta.created);
            (created, created)
        }
    })
}

fn totals(index: &View, query: &Query) -> Result<(u64, u64), Failure> {
    let mut counts = (0, 0);
    let mut position = query.prefix.clone();
    while let Some((item, next)) = next_item(index, query, &position)? {
        if item.is_group {
            counts.0 += 1
        } else {
            counts.1 += 1
        }
        position = next;
    }
    Ok(counts)
}
