// One call of the library on a thread: its events, and what ends it early.
"use strict";

const { setMaxListeners } = require("node:events");
const { inspect } = require("node:util");
const { loaded } = require("./addon");
const { codes } = require("./codes");
const { CosError } = require("./errors");

// As in src/calls.h.
const EVENT_DONE = 0, EVENT_DATA = 1, EVENT_DRAIN = 2, EVENT_LOG = 3;

// How often a call is asked how far it has come, in milliseconds.
const TELL_EVERY = 100;

// The longest time that setTimeout takes.
const LONGEST = 2 ** 31 - 1;

let addon = null;
// What brings the events here. This module may be loaded several times, as test runners do.
let loop = null;
let operations = null;
let lastId = 0;
let held = 0;
const calls = new Map();
const logs = new Map();

/** The addon, which gives its events to the calls here. */
function ready() {
  if (addon) return addon;
  const found = loaded();
  operations = new Map(found.operations.map((name, number) => [name, number]));
  loop = found.listen(dispatch);
  addon = found;
  return addon;
}

/** [code, reply, client] */
function newClient(texts, threads) {
  return ready().newClient(loop, texts, threads);
}

function dispatch(kind, id, code, text, bytes) {
  if (kind === EVENT_DONE) calls.get(id).end(code, text, bytes);
  else if (kind === EVENT_DATA) calls.get(id).onData(bytes);
  else if (kind === EVENT_DRAIN) calls.get(id).onDrain();
  else if (kind === EVENT_LOG) write(logs.get(id), code, text);
}

// A log that fails ends neither the call nor the program.
async function write(log, level, line) {
  try {
    await log?.(level, line);
  } catch (error) {
    process.emitWarning("the function of setLog() has failed", { detail: inspect(error) });
  }
}

// Node goes on to run as long as there are calls.
function hold(change) {
  const before = held;
  held += change;
  if ((before === 0) !== (held === 0)) addon.hold(loop, held > 0);
}

/** Where lines go. Its number is for the addon. */
function addLog(log) {
  logs.set(++lastId, log);
  return lastId;
}

function removeLog(id) {
  logs.delete(id);
}

function timedOut(deadline) {
  return new DOMException(`the call took longer than ${deadline} ms`, "TimeoutError");
}

/** Refuses what can't be limits of a call, and begins none that has ended already. */
function checkLimits({ signal, deadline_ms: deadline, progress }) {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("signal is an AbortSignal");
  }
  if (progress !== undefined && typeof progress !== "function") {
    throw new TypeError("progress is a function");
  }
  if (deadline !== undefined && (typeof deadline !== "number" || Number.isNaN(deadline))) {
    throw new TypeError("deadline_ms is a number");
  }
  signal?.throwIfAborted();
  if (deadline <= 0) throw timedOut(deadline);
}

class Call {
  #id = ++lastId;
  #handle;
  #limits;
  #timers = [];
  #abort;
  #settle;
  #stopped = null;
  #progress = [];
  // The client of a call and its bytes have to stay for it.
  #keeps;

  /** Told of bytes that were downloaded; the owner calls taken() for them. */
  onData = () => {};
  /** Told that there is room again. */
  onDrain = () => {};
  hasEnded = false;
  /** Resolves when the call has ended. */
  ended = new Promise((resolve) => { this.#settle = resolve; });

  constructor(client, name, { texts, size = 0, bytes = Buffer.alloc(0) }, limits) {
    checkLimits(limits);
    ready();
    const mayBorrow = name === "upload_buffer";
    this.#keeps = [client, bytes];
    this.#handle =
      addon.start(client, operations.get(name), this.#id, texts, size, bytes, mayBorrow);
    this.#limits = limits;
    calls.set(this.#id, this);
    hold(1);
    this.#watch(limits);
  }

  #watch({ signal, deadline_ms: deadline, progress }) {
    if (signal) {
      this.#abort = () => this.stop(signal.reason);
      setMaxListeners(0, signal);
      signal.addEventListener("abort", this.#abort, { once: true });
    }
    if (deadline <= LONGEST) {
      this.#timers.push(setTimeout(() => this.stop(timedOut(deadline)), deadline));
    }
    if (progress) this.#timers.push(setInterval(() => this.#tell(), TELL_EVERY));
  }

  #unwatch() {
    this.#timers.forEach(clearTimeout);
    this.#limits.signal?.removeEventListener("abort", this.#abort);
  }

  #tell() {
    const { progress } = this.#limits;
    if (!progress) return;
    const at = addon.progress(this.#handle);
    if (at[0] === this.#progress[0] && at[1] === this.#progress[1]) return;
    this.#progress = at;
    try {
      progress(...at);
    } catch (error) {
      this.stop(error);
      this.#stopped.isThrown = true;
    }
  }

  /** Takes how the call has ended. */
  end(code, text, bytes) {
    calls.delete(this.#id);
    this.#tell();
    this.hasEnded = true;
    addon.release(this.#handle);
    this.#keeps = null;
    this.#unwatch();
    hold(-1);
    this.#settle({ code, text, bytes });
  }

  /** Ends the call with this reason, within a second. */
  stop(reason) {
    if (this.hasEnded || this.#stopped) return;
    this.#stopped = { reason, isThrown: false };
    addon.stop(this.#handle);
  }

  /** Gives bytes to an upload: whether there is room for more. */
  feed(bytes) {
    return this.hasEnded || addon.feed(this.#handle, bytes);
  }

  feedEnd() {
    if (!this.hasEnded) addon.feedEnd(this.#handle);
  }

  taken(size) {
    if (!this.hasEnded) addon.taken(this.#handle, size);
  }

  /** Resolves with the reply and with bytes, where the library has allocated them. */
  async result() {
    const { code, text, bytes } = await this.ended;
    const stopped = this.#stopped;
    if (stopped && (code === codes.CANCELLED || stopped.isThrown)) throw stopped.reason;
    const reply = JSON.parse(text);
    if (code !== 0) throw new CosError(code, reply);
    if (bytes === null) throw new RangeError("the content is larger than a Buffer may be");
    return [reply, bytes];
  }
}

module.exports = { Call, addLog, checkLimits, newClient, ready, removeLog, timedOut };
