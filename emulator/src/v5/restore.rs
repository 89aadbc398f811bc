//! Archived objects: their content can be read only from a copy that somebody has asked for, which takes its
//! time and is kept for some days.

use tokio::task::block_in_place;

use super::{
    Answer, Call, check_version,
    content::Arriving,
    find,
    time::http_date,
    words::{Failure, Word},
    xml::Element,
};
use crate::{
    http::reply::Reply,
    settings::Settings,
    store::{File, Restore},
};

const DEEP_ARCHIVE: &str = "DEEP_ARCHIVE";
const ARCHIVES: [&str; 2] = ["ARCHIVE", DEEP_ARCHIVE];
const MOST_DAYS: u64 = 365;
const SECONDS_OF_DAY: u64 = 86_400;

/// How it stands with an object.
enum State {
    /// It needs no copy.
    Open,
    /// There is none.
    Closed,
    /// It will be there.
    Coming,
    /// It is there until then.
    Restored(u64),
}

fn state(file: &File, settings: &Settings, now: u64) -> State {
    if !ARCHIVES.contains(&file.traits.storage_class.as_str()) {
        return State::Open;
    }
    match &file.traits.restore {
        Some(restore) if now < restore.asked + settings.restore_s => State::Coming,
        Some(restore) if now < restore.until => State::Restored(restore.until),
        _ => State::Closed,
    }
}

/// Refuses to read what is only in the archive.
pub(super) fn check_readable(call: &Call, file: &File) -> Result<(), Failure> {
    match state(file, call.settings, call.now) {
        State::Open | State::Restored(_) => Ok(()),
        State::Closed | State::Coming => Err(Word::OBJECT_STATE.into()),
    }
}

/// The header that tells of the copy.
pub(super) fn describe(reply: &mut Reply, call: &Call, file: &File) {
    match state(file, call.settings, call.now) {
        State::Coming => reply.named("x-cos-restore", "ongoing-request=\"true\""),
        State::Restored(until) => {
            let value = format!("ongoing-request=\"false\", expiry-date=\"{}\"", http_date(until));
            reply.named("x-cos-restore", &value);
        }
        State::Open | State::Closed => {}
    }
}

/// What a request asks for.
struct Wish {
    days: u64,
    is_expedited: bool,
}

fn wish(xml: &[u8]) -> Result<Wish, Failure> {
    let root = Element::parse(xml, "RestoreRequest")?;
    let wrong =
        |name: &str, text: &str| Word::INVALID_ARGUMENT.saying(format!("{name} is {text:?}"));
    let text = root.required("Days")?.trim();
    let days = match text.parse() {
        Ok(days @ 1..=MOST_DAYS) => days,
        _ => return Err(wrong("Days", text)),
    };
    let tier = root.child("CASJobParameters").and_then(|parameters| parameters.child("Tier"));
    match tier.map_or("Standard", |tier| tier.text.trim()) {
        "Standard" | "Bulk" => Ok(Wish { days, is_expedited: false }),
        "Expedited" => Ok(Wish { days, is_expedited: true }),
        other => Err(wrong("Tier", other)),
    }
}

pub(super) async fn post(call: &Call<'_>, arriving: Arriving<'_>) -> Answer {
    let xml = arriving.xml(call.request, false).await?;
    block_in_place(|| {
        let wish = wish(&xml)?;
        call.change(|index| {
            let mut file = find(index, &call.file_id())?.ok_or(Word::NO_KEY)?;
            call.version().map_or(Ok(()), |wanted| check_version(wanted, &file))?;
            let kept = wish.days * SECONDS_OF_DAY;
            let (status, restore) = match state(&file, call.settings, call.now) {
                State::Open => {
                    let why = "Restore is not allowed, as the object is not archived.";
                    return Err(Word::OBJECT_STATE.saying(why));
                }
                State::Coming => return Err(Word::RESTORING.into()),
                State::Closed if wish.is_expedited && file.traits.storage_class == DEEP_ARCHIVE => {
                    return Err(Word::INVALID_ARGUMENT.saying("Tier is \"Expedited\""));
                }
                State::Closed => {
                    let until = call.now + call.settings.restore_s + kept;
                    (202, Restore { asked: call.now, until })
                }
                State::Restored(_) => {
                    let asked = file.traits.restore.as_ref().map_or(0, |restore| restore.asked);
                    (200, Restore { asked, until: call.now + kept })
                }
            };
            file.traits.restore = Some(restore);
            call.put(index, file)?;
            Ok(Reply::empty(status))
        })
    })
}
