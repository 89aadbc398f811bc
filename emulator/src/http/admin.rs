//! `/_emulator/`: the request log, the switches, the faults and the objects, for test programs in any language.

use serde_json::{Value, json};

use tokio::task::block_in_place;

use crate::{
    http::{app::App, faults::Fault, reply::Reply},
    v5,
};

pub(crate) const PREFIX: &str = "/_emulator/";
/// What stands in front of the bucket and the key of one object.
pub(crate) const OBJECTS: &str = "/_emulator/objects";

pub(crate) fn answer(app: &App, method: &str, path: &str, body: &[u8]) -> Reply {
    let outcome = match (method, path.strip_prefix(PREFIX).unwrap_or_default()) {
        ("GET", "health") => Ok(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})),
        ("GET", "requests") => {
            serde_json::to_value(app.log.all()).map_err(|error| error.to_string())
        }
        ("DELETE", "requests") => {
            app.log.clear();
            Ok(json!({}))
        }
        ("GET", "settings") => settings(app),
        ("PUT", "settings") => parse(body)
            .and_then(|changes| app.change_settings(|all| all.merge(&changes)))
            .and_then(|()| settings(app)),
        ("DELETE", "settings") => {
            app.reset_settings();
            settings(app)
        }
        ("GET", "objects") => {
            block_in_place(|| v5::all_objects(&app.store)).map_err(|error| error.to_string())
        }
        ("DELETE", "objects") => {
            let outcome = block_in_place(|| app.store.clear());
            outcome.map(|()| json!({})).map_err(|error| error.to_string())
        }
        ("GET", "faults") => Ok(faults(app)),
        ("POST", "faults") => parse(body).and_then(|body| add_faults(app, body)),
        ("DELETE", "faults") => {
            app.faults.clear();
            Ok(json!({}))
        }
        (_, "health" | "requests" | "settings" | "faults" | "objects") => {
            return Reply::json(405, &json!({"error": "wrong method"}));
        }
        _ => {
            return Reply::json(
                404,
                &json!({"error": "there are health, requests, settings, faults and objects"}),
            );
        }
    };
    match outcome {
        Ok(value) => Reply::json(200, &value),
        Err(error) => Reply::json(400, &json!({"error": error})),
    }
}

fn parse(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn settings(app: &App) -> Result<Value, String> {
    serde_json::to_value(app.settings()).map_err(|error| error.to_string())
}

fn faults(app: &App) -> Value {
    let faults = app.faults.list().into_iter().map(|(id, fault)| json!({"id": id, "fault": fault}));
    Value::Array(faults.collect())
}

/// One fault or an array of them; all or none.
fn add_faults(app: &App, body: Value) -> Result<Value, String> {
    let given = match body {
        Value::Array(given) => given,
        one => vec![one],
    };
    let faults: Vec<Fault> = given
        .into_iter()
        .map(serde_json::from_value)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let ids: Vec<u64> = faults.into_iter().map(|fault| app.faults.add(fault)).collect();
    Ok(json!({"ids": ids}))
}
