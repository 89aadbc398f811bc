// Readable streams to an upload and from a download.
"use strict";

const { IncomingMessage } = require("node:http");
const { Readable } = require("node:stream");
const { bytes } = require("./arguments");

/** The chunks of a content, and a way to let go of it. */
function source(content) {
  if (content instanceof Readable) {
    // A request that was not read to its end is still to be answered.
    const isRequest = content instanceof IncomingMessage;
    const chunks = content.iterator({ destroyOnReturn: !isRequest });
    return { chunks, close: () => isRequest ? chunks.return() : content.destroy() };
  }
  const isBytes = typeof content === "string" || ArrayBuffer.isView(content);
  const begin = content?.[Symbol.asyncIterator] ?? content?.[Symbol.iterator];
  if (isBytes || typeof begin !== "function") {
    throw new TypeError("content is a Readable, or something else that gives chunks of bytes");
  }
  const chunks = begin.call(content);
  return { chunks, close: () => chunks.return?.() };
}

async function pump(call, chunks) {
  for (;;) {
    const { value, done } = await chunks.next();
    if (call.hasEnded || done) break;
    const chunk = bytes(value);
    if (chunk.length > 0 && !call.feed(chunk)) {
      await new Promise((resolve) => { call.onDrain = resolve; });
    }
  }
  call.feedEnd();
}

/** Feeds a content to a call as it has room. Resolves when the call has ended. */
async function feed(call, { chunks, close }) {
  let isRead = false;
  // The source may be silent for ever: nothing waits for it once the call has ended.
  pump(call, chunks).then(() => { isRead = true; }, (error) => call.stop(error));
  try {
    return await call.result();
  } finally {
    if (!isRead) Promise.resolve(close()).catch(() => {});
  }
}

/** A download as a stream. `reply` is there when it has ended. */
class Download extends Readable {
  #start;
  #call = null;
  #waiting = 0;
  reply = null;

  /** `start` makes the call, at the first read. */
  constructor(start) {
    super();
    this.#start = start;
  }

  _read() {
    if (this.#call) {
      this.#call.taken(this.#waiting);
      this.#waiting = 0;
      return;
    }
    try {
      this.#call = this.#start();
    } catch (error) {
      this.destroy(error);
      return;
    }
    this.#call.onData = (chunk) => this.#take(chunk);
    this.#call.result().then(([reply]) => {
      this.reply = reply;
      this.push(null);
    }, (error) => this.destroy(error));
  }

  #take(chunk) {
    if (this.destroyed) return;
    if (this.push(chunk)) this.#call.taken(chunk.length);
    else this.#waiting += chunk.length;
  }

  _destroy(error, callback) {
    this.#call?.stop(error);
    callback(error);
  }
}

module.exports = { Download, feed, source };
