// From values of JavaScript to what the addon takes, which does not look at them once more.
"use strict";

const { fileURLToPath } = require("node:url");

/** A string, or null. */
function text(value) {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw new TypeError(`a string is wanted, not a ${typeof value}`);
  if (value.includes("\0")) throw new TypeError("a string contains U+0000");
  // It would become U+FFFD on the way: the name of another file.
  if (/\p{Surrogate}/u.test(value)) throw new TypeError("a string contains half of a surrogate pair");
  return value;
}

/** A local path: a string or a file: URL. */
function localPath(value) {
  return text(value instanceof URL ? fileURLToPath(value) : value);
}

function checkOptions(options) {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  const kind = Array.isArray(options) ? "an array" : options === null ? "null" : `a ${typeof options}`;
  throw new TypeError(`options are an object, not ${kind}`);
}

/** The JSON of options, or null. */
function json(options) {
  checkOptions(options);
  return text(JSON.stringify(options));
}

function integer(value) {
  if (!Number.isSafeInteger(value)) throw new TypeError(`a whole number is wanted, not ${String(value)}`);
  return value;
}

/** A Buffer of the bytes of a string, a Buffer, a typed array or an ArrayBuffer. */
function bytes(value) {
  if (typeof value === "string") return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  throw new TypeError(`bytes are wanted, not a ${typeof value}`);
}

/** Options of this package, and those of the library. */
function split(given = {}) {
  checkOptions(given);
  const { signal, deadline_ms, progress, ...options } = given;
  return [{ signal, deadline_ms, progress }, options];
}

module.exports = { bytes, integer, json, localPath, split, text };
