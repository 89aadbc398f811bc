//! Create, stat, update and delete of a folder.

use serde_json::json;

use super::{Call, Done};
use crate::{
    store::{Entry, Folder, Lookup},
    v4::codes::Code,
};

pub(super) fn create(call: &Call) -> Done {
    let biz_attr = call.biz_attr()?;
    let folder_id = call.resource.file_id();
    call.change(|index| {
        if index.entry(&folder_id)?.is_some() {
            return Err(Code::PATH_CONFLICT.because("the folder exists"));
        }
        if index.entry(folder_id.trim_end_matches('/'))?.is_some() {
            return Err(Code::PATH_CONFLICT.because("a file has this name"));
        }
        Ok(index.put(
            &folder_id,
            &Entry::Folder(Folder { biz_attr, ctime: call.now, mtime: call.now, object: None }),
        )?)
    })?;
    Ok(Some(json!({"ctime": call.now})))
}

pub(super) fn stat(call: &Call) -> Done {
    let folder = if call.resource.is_root() {
        Folder {
            biz_attr: String::new(),
            ctime: call.store.created,
            mtime: call.store.created,
            object: None,
        }
    } else {
        call.store.view()?.folder(&call.resource.file_id())?
    };
    Ok(Some(json!({"biz_attr": folder.biz_attr, "ctime": folder.ctime, "mtime": folder.mtime})))
}

pub(super) fn update(call: &Call) -> Done {
    let biz_attr = call.params.text("biz_attr")?;
    call.change(|index| {
        let mut folder = index.folder(&call.resource.file_id())?;
        if let Some(biz_attr) = biz_attr.filter(|biz_attr| *biz_attr != folder.biz_attr) {
            folder.biz_attr = biz_attr;
            folder.mtime = call.now;
            index.put(&call.resource.file_id(), &Entry::Folder(folder))?;
        }
        Ok(())
    })?;
    Ok(None)
}

pub(super) fn delete(call: &Call) -> Done {
    let folder_id = call.resource.file_id();
    call.change(|index| {
        index.folder(&folder_id)?;
        if index.has_children(&folder_id)? && !call.settings.delete_non_empty_folder {
            return Err(Code::FOLDER_NOT_EMPTY.into());
        }
        Ok(index.remove(&folder_id)?)
    })?;
    Ok(None)
}
