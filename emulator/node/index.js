"use strict";
// Starts the emulator that is in this package, and talks to its admin interface.

const { spawn } = require("node:child_process");
const { mkdtemp, rm, writeFile } = require("node:fs/promises");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const { fileURLToPath } = require("node:url");

const ACCOUNT = { appid: "1250000000", secret_id: "EXAMPLE_SECRET_ID", secret_key: "EXAMPLE_SECRET_KEY" };
const BUCKETS = ["private-bucket", { name: "public-bucket", public: true }];
const REGION = "ap-shanghai";
const STARTED = "cos-emulator listening on ";
// In which the program starts, ends and answers, however busy the machine is.
const PATIENCE_MS = 60000;

/** The program could not be started, or has refused what it was asked for. */
class EmulatorError extends Error {
  get name() {
    return "EmulatorError";
  }
}

function program() {
  return path.join(__dirname, "prebuilt", `${process.platform}-${process.arch}`, "cos-emulator");
}

/** Why it refuses. What can't be read as HTTP is refused without words. */
function reason(status, body) {
  try {
    return JSON.parse(body).error;
  } catch {
    return `the emulator refuses the request with status ${status}`;
  }
}

/** A request to the admin interface: not logged, struck by no fault, through no proxy. */
function send(port, method, what, content, headers = {}) {
  return new Promise((resolve, reject) => {
    const failed = (error) => {
      reject(new EmulatorError(`no answer from the emulator at port ${port}: ${error.message}`, { cause: error }));
    };
    // Of its own, a connection keeps no process from ending.
    const request = http.request({
      host: "127.0.0.1", port, method, path: `/_emulator/${what}`, agent: false, timeout: PATIENCE_MS,
      headers: { ...headers, ...(content && { "Content-Length": content.length }) },
    }, (reply) => {
      const pieces = [];
      reply.on("data", (piece) => pieces.push(piece));
      reply.on("error", failed);
      reply.on("end", () => {
        const body = Buffer.concat(pieces);
        if (reply.statusCode < 300) resolve(body);
        else reject(new EmulatorError(reason(reply.statusCode, body.toString())));
      });
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", failed);
    request.end(content);
  });
}

/** The same for what can be written as JSON. */
async function sendJson(port, method, what, value) {
  const content = value === undefined ? undefined : Buffer.from(JSON.stringify(value));
  return JSON.parse((await send(port, method, what, content)).toString());
}

/** A bucket, and its objects without a client. */
class Bucket {
  #port;

  constructor(port, config, account) {
    this.#port = port;
    this.name = config.name;
    this.appid = config.appid ?? account.appid;
    this.fullName = `${this.name}-${this.appid}`;
    this.region = config.region;
    this.public = config.public ?? false;
  }

  #target(key) {
    return `objects/${this.fullName}/${key.split("/").map(encodeURIComponent).join("/")}`;
  }

  async put(key, content, headers) {
    await send(this.#port, "PUT", this.#target(key), Buffer.from(content), headers);
  }

  async get(key) {
    return send(this.#port, "GET", this.#target(key));
  }

  async delete(key) {
    await send(this.#port, "DELETE", this.#target(key));
  }

  async list(prefix = "") {
    const found = await sendJson(this.#port, "GET", "objects");
    return found
      .filter(({ bucket, key }) => bucket === this.fullName && key.startsWith(prefix))
      .map(({ bucket, ...object }) => object);
  }

  async keys(prefix = "") {
    return (await this.list(prefix)).map(({ key }) => key);
  }
}

/** A running emulator. */
class Emulator {
  #child;
  #account;

  constructor(child, port, { credentials: [account], buckets }) {
    this.#child = child;
    this.#account = account;
    this.port = port;
    this.host = `127.0.0.1:${port}`;
    this.url = `http://${this.host}`;
    this.buckets = Object.fromEntries(
      buckets.map((config) => [config.name, new Bucket(port, config, account)]),
    );
    this.bucket = this.buckets[buckets[0].name];
  }

  get appid() {
    return this.#account.appid;
  }

  get secretId() {
    return this.#account.secret_id;
  }

  get secretKey() {
    return this.#account.secret_key;
  }

  options(api = "v5") {
    const name = `localhost:${this.port}`;
    return { api, scheme: "http", hostname: name, download_hostname: name };
  }

  environment(api = "v5") {
    const all = Object.entries({ ...this.#account, ...this.options(api) });
    return Object.fromEntries(all.map(([name, value]) => [`COS_${name.toUpperCase()}`, value]));
  }

  sdkOptions() {
    return { SecretId: this.secretId, SecretKey: this.secretKey, Protocol: "http:", Proxy: this.url };
  }

  async inject(action, details = {}) {
    const { op, path, method, offset, part, skip, times, ...more } = details;
    const fault = { op, path, method, offset, part, skip, times, action: { type: action, ...more } };
    await sendJson(this.port, "POST", "faults", fault);
  }

  async faults() {
    return (await sendJson(this.port, "GET", "faults")).map(({ fault }) => fault);
  }

  async clearFaults() {
    await sendJson(this.port, "DELETE", "faults");
  }

  async requests(op) {
    const all = await sendJson(this.port, "GET", "requests");
    return op === undefined ? all : all.filter((request) => request.op === op);
  }

  async clearRequests() {
    await sendJson(this.port, "DELETE", "requests");
  }

  async settings(changes = {}) {
    return sendJson(this.port, "PUT", "settings", changes);
  }

  async reset() {
    for (const what of ["faults", "settings", "objects", "requests"]) {
      await sendJson(this.port, "DELETE", what);
    }
  }

  async stop() {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.ref();
    const late = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    child.stdin.end();
    await ended;
    clearTimeout(late);
  }
}

// Node 18 before 18.18 has no such symbol.
if (Symbol.asyncDispose) {
  Object.defineProperty(Emulator.prototype, Symbol.asyncDispose, { value: Emulator.prototype.stop });
}

/** Resolves to the port as soon as the program listens. */
function listening(child) {
  return new Promise((resolve, reject) => {
    let said = "";
    let complaints = "";
    const late = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    child.stderr.on("data", (text) => {
      complaints = (complaints + text).slice(-65536);
    });
    child.stdout.on("data", (text) => {
      said += text;
      if (!said.startsWith(STARTED) || !said.includes("\n")) return;
      clearTimeout(late);
      resolve(Number(said.trim().split(":").pop()));
    });
    child.on("error", (error) => {
      clearTimeout(late);
      reject(new EmulatorError(`${child.spawnfile} can't be started: ${error.message}`, { cause: error }));
    });
    child.on("close", () => {
      clearTimeout(late);
      reject(new EmulatorError(complaints.trim() || "cos-emulator ended before it listened"));
    });
  });
}

async function start(options = {}) {
  const { buckets = BUCKETS, credentials = [ACCOUNT], temporary_keys = [], settings = {}, data, port = 0,
          ...unknown } = options;
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw new TypeError(`start() has no option ${name}`);
  for (const [list, given] of Object.entries({ buckets, credentials, temporary_keys })) {
    if (!Array.isArray(given)) throw new TypeError(`${list} is an array, not ${JSON.stringify(given)}`);
  }
  const config = {
    buckets: (buckets.length > 0 ? buckets : BUCKETS).map((bucket) => (
      { region: REGION, ...(typeof bucket === "string" ? { name: bucket } : bucket) }
    )),
    credentials: credentials.length > 0 ? credentials : [ACCOUNT],
    temporary_keys,
    settings,
  };
  const kept = data === undefined ? ["--temporary"]
    : ["--data", data instanceof URL ? fileURLToPath(data) : data];
  const directory = await mkdtemp(path.join(os.tmpdir(), "cos-emulator-"));
  try {
    const file = path.join(directory, "config.json");
    await writeFile(file, JSON.stringify(config));
    const child = spawn(
      program(), ["--port", String(port), "--end-with-stdin", "--config", file, ...kept],
      // In a group of its own, it does not get the Ctrl-C that ends the tests, but ends behind them.
      { stdio: "pipe", detached: process.platform !== "win32", windowsHide: true },
    );
    // Where the program has ended, there is nobody to tell.
    child.stdin.on("error", () => {});
    const found = await listening(child);
    // A process that forgets it may end, and it ends with the process.
    child.stdout.destroy();
    for (const handle of [child, child.stdin, child.stderr]) handle.unref();
    return new Emulator(child, found, config);
  } finally {
    await rm(directory, { recursive: true });
  }
}

module.exports = { start, Emulator, Bucket, EmulatorError };
