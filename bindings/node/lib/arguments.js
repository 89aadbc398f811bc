// From values of JavaScript to what the addon takes, which does not look at them once more.
"use strict";

const { fileURLToPath } = require("node:url");
const { isAnyArrayBuffer } = require("node:util/types");

/** What a value is, in words. */
function kind(value) {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? `a ${value.constructor?.name ?? "thing"}` : `a ${typeof value}`;
}

/** A string, or null. */
function text(value) {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw new TypeError(`a string is wanted, not ${kind(value)}`);
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
  // What is in a Map or in Headers are no fields of it.
  if (typeof options === "object" && options !== null && !options[Symbol.iterator]) return;
  throw new TypeError(`options are an object, not ${kind(options)}`);
}

/** What JSON would leave out or turn into something else, in words; undefined for all other values. */
function lostInJson(value) {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : String(value);
  if (["function", "symbol", "bigint"].includes(typeof value)) return kind(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const prototype = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isPlain ? undefined : kind(value);
}

/** Refuses, for JSON.stringify, what would be no option any more, or another one. */
function keep(name, value) {
  const lost = lostInJson(this[name]);
  if (lost) throw new TypeError(`${name || "options"} can't be ${lost}`);
  return value;
}

/** The JSON of options, or null. */
function json(options) {
  checkOptions(options);
  return text(JSON.stringify(options, keep));
}

function integer(value) {
  if (!Number.isSafeInteger(value)) throw new TypeError(`a whole number is wanted, not ${String(value)}`);
  return value;
}

/** A Buffer of the bytes of a string, a Buffer, a typed array or an ArrayBuffer, also of another realm. */
function bytes(value) {
  if (typeof value === "string") return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (isAnyArrayBuffer(value)) return Buffer.from(value);
  throw new TypeError(`bytes are wanted, not ${kind(value)}`);
}

/** The limits of a call, which are options of this package, and the options of the library. */
function split(given = {}) {
  checkOptions(given);
  const { signal, deadline_ms, ...options } = given;
  return [{ signal: signal ?? undefined, deadline_ms: deadline_ms ?? undefined }, options];
}

/** The same for an upload or a download: no other call makes progress. */
function splitOfTransfer(given) {
  const [limits, { progress, ...options }] = split(given);
  return [{ ...limits, progress: progress ?? undefined }, options];
}

module.exports = { bytes, integer, json, localPath, split, splitOfTransfer, text };
