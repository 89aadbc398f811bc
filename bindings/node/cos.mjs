// Tencent Cloud COS, through libcos and koffi.
//
// The methods of a client are the functions of cos.h, which describes them: the same names in camel
// case, the same order of arguments, options as an object at the end. Those that touch the network
// return a promise of the reply, and the event loop goes on meanwhile; the others return the reply.
// Failures are a CosError with `code`, `name`, `message` and `reply`.
//
// Uploads and downloads take two options more: `signal`, an AbortSignal, and `progress`, a function
// that is told the bytes done and the bytes in all.
//
// It needs koffi: npm install koffi. COS_LIBRARY names the library, if the system does not find it by
// its name.

import koffi from "koffi";

// What koffi gives a call otherwise is little for a TLS handshake and a look-up of a name.
koffi.config({ ...koffi.config(), async_stack_size: 512 * 1024 });

/** What the library is called on a platform, one of the names that Node has for them. */
export function libraryName(platform) {
  const names = { win32: "cos.dll", darwin: "libcos.1.dylib" };
  return names[platform] ?? "libcos.so.1";
}

const lib = koffi.load(process.env.COS_LIBRARY ?? libraryName(process.platform));
const client = koffi.pointer("cos_client", koffi.opaque());
const transfer = koffi.pointer("cos_transfer", koffi.opaque());
const readFn = koffi.pointer(koffi.proto("int64_t cos_read_fn(void *, size_t, void *)"));
const writeFn = koffi.pointer(koffi.proto("int cos_write_fn(void *, size_t, void *)"));
const logFn = koffi.pointer(koffi.proto("void cos_log_fn(int, str, void *)"));

const stringFree = lib.func("cos_string_free", "void", ["void *"]);
const bufferFree = lib.func("cos_buffer_free", "void", ["void *", "size_t"]);
const clientFree = lib.func("cos_client_free", "void", [client]);
const transferNew = lib.func("cos_transfer_new", transfer, []);
const transferFree = lib.func("cos_transfer_free", "void", [transfer]);
const transferCancel = lib.func("cos_transfer_cancel", "void", [transfer]);
const codeName = lib.func("cos_code_name", "str", ["int"]);
export const version = lib.func("cos_version", "str", []);

const out = (type) => koffi.out(koffi.pointer(type));
const outClient = out(client), outData = out("void *"), outSize = out("size_t");
const outCount = out("uint64_t");
// Freed as soon as it has become a string of the language.
const outReply = out(koffi.disposable("cos_reply", "str", stringFree));
const transferProgress =
  lib.func("cos_transfer_progress", "void", [transfer, outCount, outCount]);
const clientSetLog =
  lib.func("cos_client_set_log", "int", [client, "int", logFn, "void *"]);

export const LOG_OFF = 0, LOG_FAILURES = 1, LOG_REQUESTS = 2;

export class CosError extends Error {
  constructor(code, reply) {
    super(reply.message);
    this.name = codeName(code);
    this.code = code;
    this.reply = reply;
  }
}

// Arguments are pairs of a value and its type in C.
function text(value) {
  // koffi would take a number for an address.
  if (value != null && typeof value !== "string") {
    throw new TypeError(`a string is wanted, not a ${typeof value}`);
  }
  if (value?.includes("\0")) throw new TypeError("a string contains U+0000");
  return [value ?? null, "str"];
}

function json(options) {
  return text(Object.keys(options).length ? JSON.stringify(options) : null);
}

const functions = new Map();

function declared(name, given) {
  if (!functions.has(name)) {
    functions.set(name, lib.func("cos_" + name, "int", given.map(([, type]) => type)));
  }
  return functions.get(name);
}

function answer(code, reply) {
  const parsed = JSON.parse(reply[0]);
  if (code !== 0) throw new CosError(code, parsed);
  return parsed;
}

function call(name, ...given) {
  const reply = [null];
  given.push([reply, outReply]);
  return answer(declared(name, given)(...given.map(([value]) => value)), reply);
}

async function callAsync(name, ...given) {
  const reply = [null];
  given.push([reply, outReply]);
  const fn = declared(name, given).async;
  const code = await new Promise((resolve, reject) => {
    // The arguments have to live until the call has ended: this function mentions them.
    const ended = (error, code) => error ? reject(error) : resolve(code, given);
    fn(...given.map(([value]) => value), ended);
  });
  return answer(code, reply);
}

export class Client {
  #client;
  #calls = new Set();
  #logs = [];

  /** Makes a client. Its region is one of the options. */
  constructor(appid, secretId, secretKey, { region, ...options } = {}) {
    const made = [null];
    const account = [appid, secretId, secretKey, region].map(text);
    call("client_new", ...account, json(options), [made, outClient]);
    this.#client = made[0];
  }

  /** Frees the client when the calls under way have ended. */
  async close() {
    const [closed, logs] = [this.#client, this.#logs];
    this.#client = null;
    this.#logs = [];
    await Promise.allSettled(this.#calls);
    clientFree(closed);
    logs.forEach(koffi.unregister);
  }

  setConfig(options) { return this.#now("client_set_config", json(options)); }

  setCredentials(appid, secretId, secretKey) {
    return this.#now("client_set_credentials", ...[appid, secretId, secretKey].map(text));
  }

  setTemporaryCredentials(appid, secretId, secretKey, token) {
    const given = [appid, secretId, secretKey, token].map(text);
    return this.#now("client_set_temporary_credentials", ...given);
  }

  /** Gives lines about requests to write(level, line). */
  setLog(level, write) {
    // Calls under way still use the one before.
    const log = koffi.register((level, line) => write(level, line), logFn);
    this.#logs.push(log);
    if (clientSetLog(this.#client, level, log, null) !== 0) throw new RangeError("no such level");
  }

  signMore(bucket, path, expired) {
    return this.#now("sign_more", text(bucket), text(path), [expired, "int64_t"]);
  }

  signOnce(bucket, path) { return this.#now("sign_once", text(bucket), text(path)); }

  signDownload(bucket, path, expired) {
    return this.#now("sign_download", text(bucket), text(path), [expired, "int64_t"]);
  }

  signUrl(method, bucket, path, expired, options = {}) {
    const place = [method, bucket, path].map(text);
    return this.#now("sign_url", ...place, [expired, "int64_t"], json(options));
  }

  statFile(bucket, path, options) { return this.#ask("stat_file", [bucket, path], options); }

  updateFile(bucket, path, options) { return this.#ask("update_file", [bucket, path], options); }

  delFile(bucket, path, options) { return this.#ask("del_file", [bucket, path], options); }

  moveFile(bucket, path, destination, options) {
    return this.#ask("move_file", [bucket, path, destination], options);
  }

  copyFile(bucket, path, destination, options) {
    return this.#ask("copy_file", [bucket, path, destination], options);
  }

  createFolder(bucket, path, options) {
    return this.#ask("create_folder", [bucket, path], options);
  }

  statFolder(bucket, path, options) { return this.#ask("stat_folder", [bucket, path], options); }

  updateFolder(bucket, path, options) {
    return this.#ask("update_folder", [bucket, path], options);
  }

  listFolder(bucket, path, options) { return this.#ask("list_folder", [bucket, path], options); }

  delFolder(bucket, path, options) { return this.#ask("del_folder", [bucket, path], options); }

  uploadFile(bucket, path, local, options) {
    return this.#transfer("upload_file", [bucket, path, local], options);
  }

  uploadFolder(bucket, path, local, options) {
    return this.#transfer("upload_folder", [bucket, path, local], options);
  }

  downloadFile(bucket, path, local, options) {
    return this.#transfer("download_file", [bucket, path, local], options);
  }

  downloadFolder(bucket, path, local, options) {
    return this.#transfer("download_folder", [bucket, path, local], options);
  }

  uploadBuffer(bucket, path, data, options) {
    return this.#transfer("upload_buffer", [bucket, path], options, bytes(data));
  }

  /**
   * Uploads what an iterable of Buffers has, or what a function returns, which is asked for so many
   * bytes until it returns none. What it throws ends the call. A size of -1 means that it is not known,
   * which needs the XML API.
   *
   * The library waits for the bytes, so they have to be there when they are asked for: there is no way
   * to await them. What a Readable or another async iterable has is for a Buffer or a file.
   */
  async uploadStream(bucket, path, size, content, options) {
    let thrown = null;
    const read = reader(content);
    const give = (place, size) => {
      try {
        const piece = read(Number(size));
        if (piece.length) new Uint8Array(koffi.view(place, piece.length)).set(piece);
        return piece.length;
      } catch (error) {
        thrown = { error };
        return -1;
      }
    };
    const source = [[size, "int64_t"], [give, readFn], [null, "void *"]];
    try {
      return await this.#transfer("upload_stream", [bucket, path], options, source);
    } catch (error) {
      throw thrown ? thrown.error : error;
    }
  }

  /** Gives the bytes. */
  async downloadBuffer(bucket, path, options) {
    const data = [null], size = [0];
    const outs = [[data, outData], [size, outSize]];
    try {
      await this.#transfer("download_buffer", [bucket, path], options, [], outs);
      return copied(data[0], size[0]);
    } finally {
      bufferFree(data[0], size[0]);
    }
  }

  /** Gives the bytes to write(bytes), piece by piece. What it throws ends the call. */
  async downloadStream(bucket, path, write, options) {
    let thrown = null;
    const take = (data, size) => {
      try {
        write(copied(data, size));
      } catch (error) {
        thrown = { error };
      }
      return thrown ? 1 : 0;
    };
    const callback = [[take, writeFn], [null, "void *"]];
    try {
      return await this.#transfer("download_stream", [bucket, path], options, [], callback);
    } catch (error) {
      throw thrown ? thrown.error : error;
    }
  }

  async listBuckets(options = {}) { return this.#later("list_buckets", json(options)); }

  /** All arguments but the first may be left out. */
  async request(method, bucket, path, params, headers, body, options) {
    const place = [method, bucket, path].map(text);
    const asked = [params, headers].map((fields) => json(fields ?? {}));
    const given = bytes(body ?? Buffer.of());
    return this.#later("request", ...place, ...asked, ...given, json(options ?? {}));
  }

  #now(name, ...given) {
    return call(name, [this.#client, client], ...given);
  }

  #later(name, ...given) {
    const call = callAsync(name, [this.#client, client], ...given);
    this.#calls.add(call);
    const ended = () => this.#calls.delete(call);
    call.then(ended, ended);
    return call;
  }

  async #ask(name, strings, options = {}) {
    return this.#later(name, ...strings.map(text), json(options));
  }

  async #transfer(name, strings, { signal, progress, ...options } = {}, before = [], after = []) {
    signal?.throwIfAborted();
    const given = [...strings.map(text), ...before, json(options)];
    const handle = transferNew();
    let thrown = null;
    const cancel = () => transferCancel(handle);
    const tell = () => {
      const done = [0], total = [0];
      transferProgress(handle, done, total);
      try {
        progress?.(done[0], total[0]);
      } catch (error) {
        thrown ??= { error };
        cancel();
      }
    };
    const timer = progress && setInterval(tell, 100);
    signal?.addEventListener("abort", cancel);
    try {
      const reply = await this.#later(name, ...given, [handle, transfer], ...after);
      tell();
      if (thrown) throw thrown.error;
      return reply;
    } catch (error) {
      if (thrown) throw thrown.error;
      throw signal?.aborted && error.name === "COS_ERR_CANCELLED" ? signal.reason : error;
    } finally {
      clearInterval(timer);
      signal?.removeEventListener("abort", cancel);
      transferFree(handle);
    }
  }
}

function bytes(data) {
  return [[data, "const uint8_t *"], [data.byteLength, "size_t"]];
}

/** A function that returns the next bytes of a content, as many as it is asked for or fewer. */
function reader(content) {
  let read = content;
  if (typeof content !== "function") {
    const pieces = content[Symbol.iterator]();
    read = () => {
      for (;;) {
        const { value, done } = pieces.next();
        if (done || value.length !== 0) return value;
      }
    };
  }
  let rest = Buffer.of();
  return (size) => {
    if (!rest.length) rest = Buffer.from(read(size) ?? []);
    const piece = rest.subarray(0, size);
    rest = rest.subarray(size);
    return piece;
  };
}

function copied(data, size) {
  return Buffer.from(size ? koffi.decode(data, "uint8_t", Number(size)) : []);
}
