// The compiled part of this package, and the library that it loads.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

/** What the library is called on a platform, one of the names that Node has for them. */
function libraryName(platform) {
  const names = { win32: "cos.dll", darwin: "libcos.1.dylib" };
  return names[platform] ?? "libcos.so.1";
}

/** What this package calls the system that it runs on. */
function systemName() {
  const name = `${process.platform}-${process.arch}`;
  // The report tells the C library, and takes a while: it is made where both may be there.
  const loader = { x64: "x86_64", arm64: "aarch64" }[process.arch];
  const mayBeMusl = process.platform === "linux" && fs.existsSync(`/lib/ld-musl-${loader}.so.1`);
  if (!mayBeMusl) return name;
  return process.report.getReport().header.glibcVersionRuntime ? name : `${name}-musl`;
}

function load() {
  const place = systemName();
  const directory = path.join(__dirname, "..", "prebuilt", place);
  try {
    return { directory, addon: require(path.join(directory, "cos.node")) };
  } catch (cause) {
    if (cause.code !== "MODULE_NOT_FOUND") throw cause;
    throw new Error(`this package has nothing for ${place}`, { cause });
  }
}

const { directory, addon } = load();
let opened = null;

/** Names the file of libcos to load in place of the package's own. Before any client is made. */
function useLibrary(file) {
  if (opened !== null && opened !== file) throw new Error(`${opened} is loaded already`);
  addon.open(file);
  opened = file;
}

/** The addon, with the library behind it. */
function loaded() {
  const own = path.join(directory, libraryName(process.platform));
  if (opened === null) useLibrary(process.env.COS_LIBRARY || own);
  return addon;
}

/** The version of the library that is loaded. */
function version() {
  return loaded().version();
}

/** The name of a code in cos.h, such as "COS_ERR_NOT_FOUND". */
function codeName(code) {
  return loaded().codeName(code);
}

module.exports = { codeName, libraryName, loaded, useLibrary, version };
