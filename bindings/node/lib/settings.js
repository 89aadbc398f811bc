// The account and the place of the service, from where the command `cos` has them: a configuration
// file, and the environment, which wins, but not over a profile that the program names.
"use strict";

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { CosError, refused } = require("./errors");

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
  const bytes = fs.readFileSync(file);
  if (bytes.length >= LARGEST) throw refused("config", `${file}: this is too large to be a configuration`);
  const lines = bytes.toString();
  if (!bytes.equals(Buffer.from(lines)) || bytes.includes(0)) {
    throw refused("config", `${file}: this is not UTF-8 text; save it as UTF-8`);
  }
  return lines;
}

/** A value without the quotes around it; undefined if one is not closed, or something follows it. */
function unquoted(value) {
  if (!/^["']/.test(value)) return value;
  return /^(["'])(?:(?!\1).)*\1$/.test(value) ? value.slice(1, -1) : undefined;
}

/**
 * Reads lines of NAME = VALUE; what begins with # is a comment. Lines behind [PROFILE] count only for that
 * profile, and win over those above: returns both.
 */
function readLines(file, lines, profile) {
  const above = {};
  const chosen = {};
  let section;
  let isFound = profile === undefined;
  lines.replace(/^\uFEFF/, "").split("\n").forEach((text, number) => {
    const line = text.trim();
    if (/^(#|$)/.test(line)) return;
    const title = /^\[(.*\S.*)\]$/.exec(line);
    if (title) {
      section = title[1].trim();
      isFound ||= section === profile;
      return;
    }
    const [, name, given] = /^([^=]*)=(.*)$/.exec(line) ?? [];
    const value = given === undefined ? undefined : unquoted(given.trim());
    // The line is not shown: it may hold a secret.
    if (!NAMES.includes(name?.trim()) || value === undefined) {
      throw refused("config", `${file}:${number + 1}: this is not NAME = VALUE with a name from cos help`);
    }
    if (section === undefined) above[name.trim()] = value;
    else if (section === profile) chosen[name.trim()] = value;
  });
  if (!isFound) throw refused("config", `${file} has no section [${profile}]`);
  return [above, chosen];
}

function environment() {
  const variables = NAMES.map((name) => [name, variable(`COS_${name.toUpperCase()}`)]);
  return Object.fromEntries(variables.filter(([, value]) => value !== undefined));
}

function readConfiguration(file, mustExist) {
  // Opening a pipe that nobody named could make the program wait.
  if (!mustExist && !fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return "";
  try {
    return readText(file);
  } catch (error) {
    if (error instanceof CosError) throw error;
    if (!mustExist) return "";
    throw refused("config", error.message);
  }
}

/** The settings, by the names that they have in the file. */
function settings(file, profile) {
  const named = file ?? variable("COS_CONFIG");
  const where = named ?? defaultFile();
  // A file that nobody named need not be there.
  const lines = readConfiguration(where, named !== undefined);
  const [above, chosen] = readLines(where, lines, profile === undefined ? variable("COS_PROFILE") : profile);
  // Who asks for an account must not get another.
  const upper = profile === undefined ? [chosen, environment()] : [environment(), chosen];
  const found = {};
  for (const layer of [above, ...upper]) {
    // A token belongs to the keys that it came with.
    if (layer.secret_id !== undefined) delete found.token;
    Object.assign(found, layer);
  }
  for (const name of NEEDED) {
    if (!found[name]) {
      throw refused("config", `no ${name}: set COS_${name.toUpperCase()}, or write ${name} = ... into ${where}`);
    }
  }
  return found;
}

module.exports = { settings };
