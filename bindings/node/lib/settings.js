// The account and the place of the service, from where the command `cos` has them: a configuration
// file, and the environment, which wins.
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const NAMES = ["appid", "secret_id", "secret_key", "region", "api", "token", "scheme", "hostname",
  "download_hostname", "ca_file", "proxy"];
const NEEDED = ["appid", "secret_id", "secret_key"];

// The largest file that is taken for a configuration.
const LARGEST = 65536;

// An empty variable is none.
function variable(name) {
  return process.env[name] || undefined;
}

function defaultFile() {
  if (process.platform === "win32") {
    return path.join(variable("APPDATA") ?? variable("USERPROFILE") ?? "", "cos.conf");
  }
  return path.join(variable("XDG_CONFIG_HOME") ?? path.join(os.homedir(), ".config"), "cos.conf");
}

function readText(file) {
  if (fs.statSync(file).size >= LARGEST) {
    throw new Error(`${file}: this is too large to be a configuration`);
  }
  return fs.readFileSync(file, "utf8");
}

/** Reads lines of NAME = VALUE; what begins with # is a comment. */
function readFile(file) {
  const settings = {};
  readText(file).replace(/^\uFEFF/, "").split("\n").forEach((line, number) => {
    const [, name, value] = /^([^=]*)=(.*)$/.exec(line.trim()) ?? [];
    if (/^\s*(#|$)/.test(line)) return;
    // The line is not shown: it may hold a secret.
    if (!NAMES.includes(name?.trim())) {
      throw new Error(`${file}:${number + 1}: this is not NAME = VALUE with a name from cos help`);
    }
    settings[name.trim()] = value.trim();
  });
  return settings;
}

function readConfiguration(file, mustExist) {
  try {
    return readFile(file);
  } catch (error) {
    if (mustExist || error.code !== "ENOENT") throw error;
    return {};
  }
}

/** The settings, by the names that they have in the file. */
function settings(file) {
  const named = file ?? variable("COS_CONFIG");
  const where = named ?? defaultFile();
  // A file that nobody named need not be there.
  const found = readConfiguration(where, named !== undefined);
  // A token belongs to the keys that it came with.
  if (variable("COS_SECRET_ID")) delete found.token;
  for (const name of NAMES) {
    const value = variable(`COS_${name.toUpperCase()}`);
    if (value !== undefined) found[name] = value;
  }
  for (const name of NEEDED) {
    if (!found[name]) {
      throw new Error(`no ${name}: set COS_${name.toUpperCase()}, or write ${name} = ... into ${where}`);
    }
  }
  return found;
}

module.exports = { settings };
