//! Who may do what with an object.

use tokio::task::block_in_place;

use super::{
    Answer, Call,
    content::Arriving,
    find, headers,
    uploads::{owner_id, uin},
    words::{Failure, Word},
    xml::{Element, Writer},
};
use crate::{
    http::reply::{Body, Reply},
    store::{Acl, Grant},
};

const EVERYBODY: &str = "http://cam.qcloud.com/groups/global/AllUsers";
const GRANTEE: &str = "Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
const PERMISSIONS: [&str; 5] = ["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"];

pub(super) fn get(call: &Call) -> Answer {
    let file = find(&call.store().view()?, &call.file_id())?.ok_or(Word::NO_KEY)?;
    let acl = &file.traits.acl;
    let canned = if acl.canned.is_empty() { "default" } else { &acl.canned };
    let is_public = match acl.canned.as_str() {
        "" => call.bucket.public,
        canned => canned == "public-read",
    };
    Ok(document(call, canned, is_public, &acl.grants))
}

pub(super) fn of_bucket(call: &Call) -> Answer {
    let is_public = call.bucket.public;
    Ok(document(call, if is_public { "public-read" } else { "private" }, is_public, &[]))
}

fn document(call: &Call, canned: &str, is_public: bool, grants: &[Grant]) -> Reply {
    let appid = &call.place.appid;
    let text = Writer::document("AccessControlPolicy", |xml| {
        xml.within("Owner", |xml| {
            xml.leaf("ID", owner_id(appid));
            xml.leaf("DisplayName", uin(appid));
        });
        xml.within("AccessControlList", |xml| {
            if is_public {
                xml.within("Grant", |xml| {
                    xml.within(&format!("{GRANTEE} xsi:type=\"Group\""), |xml| {
                        xml.leaf("URI", EVERYBODY);
                    });
                    xml.leaf("Permission", "READ");
                });
            }
            let owner = [Grant { permission: "FULL_CONTROL".into(), grantee: uin(appid) }];
            for grant in grants.iter().chain(&owner) {
                xml.within("Grant", |xml| {
                    xml.within(&format!("{GRANTEE} xsi:type=\"CanonicalUser\""), |xml| {
                        let id = &grant.grantee;
                        let whole = id.starts_with("qcs::");
                        xml.leaf(
                            "ID",
                            if whole { id.clone() } else { format!("qcs::cam::uin/{id}:uin/{id}") },
                        );
                        xml.leaf("DisplayName", id);
                    });
                    xml.leaf("Permission", &grant.permission);
                });
            }
        });
    });
    let mut reply = Reply::new(200, "application/xml", Body::bytes(text));
    reply.named("x-cos-acl", canned);
    reply
}

pub(super) async fn put(call: &Call<'_>, arriving: Arriving<'_>) -> Answer {
    let acl = match headers::acl(call.request)? {
        Some(acl) => {
            arriving.nothing().await;
            acl
        }
        None => from_xml(&arriving.xml(call.request, false).await?, &uin(&call.place.appid))?,
    };
    block_in_place(|| {
        call.change_object(|file| file.traits.acl = acl)?;
        Ok(Reply::empty(200))
    })
}

/// The grants of a document, without that of the owner.
fn from_xml(xml: &[u8], owner: &str) -> Result<Acl, Failure> {
    let root = Element::parse(xml, "AccessControlPolicy")?;
    let list = root.child("AccessControlList").ok_or(Word::MALFORMED_XML)?;
    let mut acl = Acl { canned: "private".into(), grants: Vec::new() };
    for grant in list.all("Grant") {
        let permission = grant.required("Permission")?.trim();
        if !PERMISSIONS.contains(&permission) {
            return Err(Word::MALFORMED_XML.because(format!("the permission is {permission:?}")));
        }
        let grantee = grant.child("Grantee").ok_or(Word::MALFORMED_XML)?;
        if grantee.child("URI").is_some() {
            if permission == "READ" {
                acl.canned = "public-read".into();
            }
            continue;
        }
        let id = grantee.required("ID")?.trim();
        let id = id.rsplit('/').next().unwrap_or(id);
        if id != owner {
            acl.grants.push(Grant { permission: permission.into(), grantee: id.into() });
        }
    }
    Ok(acl)
}
