// The functions of cos.h as methods: the same names in camel case, the same order of arguments, and
// options as an object at the end.
"use strict";

const { bytes, integer, json, localPath, split, splitOfTransfer, text } = require("./arguments");
const { Call, addLog, checkLimits, newClient, ready, removeLog } = require("./call");
const { codes } = require("./codes");
const { CosError, refused } = require("./errors");
const lists = require("./lists");
const { settings } = require("./settings");
const { Download, feed, source } = require("./streams");

const LOG_OFF = 0, LOG_FAILURES = 1, LOG_REQUESTS = 2;

// Calls that run at a time, each on a thread.
const THREADS = 500;

function answer([code, reply]) {
  const parsed = JSON.parse(reply);
  if (code !== 0) throw new CosError(code, parsed);
  return parsed;
}

function checkThreads(threads) {
  if (integer(threads) < 1 || threads > 65536) {
    throw refused("threads", "threads must be a whole number from 1 to 65536");
  }
  return threads;
}

class Client {
  #handle;
  #api;
  #calls = new Set();
  #logs = [];
  #isClosed = false;

  constructor(appid, secretId, secretKey, { region, threads = THREADS, ...options } = {}) {
    const account = [appid, secretId, secretKey, region].map(text);
    const made = newClient([...account, json(options)], checkThreads(threads));
    answer(made);
    this.#handle = made[2];
    this.#api = options.api ?? (region?.includes("-") ? "v5" : "v4");
  }

  static fromEnv({ config, profile, ...options } = {}) {
    const { appid, secret_id: id, secret_key: key, ...found } = settings(config, profile);
    return new Client(appid, id, key, { ...found, ...options });
  }

  get api() { return this.#api; }

  async close() {
    this.#isClosed = true;
    await Promise.all([...this.#calls].map((call) => call.ended));
    ready().closeClient(this.#handle);
    this.#logs.forEach(removeLog);
  }

  // Settings.

  setConfig(options) { return this.#now("client_set_config", [json(options)]); }

  setCredentials(appid, secretId, secretKey) {
    return this.#now("client_set_credentials", [appid, secretId, secretKey].map(text));
  }

  setTemporaryCredentials(appid, secretId, secretKey, token) {
    const given = [appid, secretId, secretKey, token].map(text);
    return this.#now("client_set_temporary_credentials", given);
  }

  setLog(level, write = null) {
    if (write !== null && typeof write !== "function") {
      throw new TypeError("a function is wanted for the lines, or null");
    }
    this.#checkOpen();
    // Calls under way still use the one before.
    const id = addLog(write);
    this.#logs.push(id);
    if (!ready().setLog(this.#handle, integer(level), id)) throw new RangeError("no such level");
  }

  // Signatures.

  signMore(bucket, path, expired) {
    return this.#now("sign_more", [bucket, path].map(text), integer(expired));
  }

  signOnce(bucket, path) { return this.#now("sign_once", [bucket, path].map(text)); }

  signDownload(bucket, path, expired) {
    return this.#now("sign_download", [bucket, path].map(text), integer(expired));
  }

  signUrl(method, bucket, path, expired, options = {}) {
    const given = [...[method, bucket, path].map(text), json(options)];
    return this.#now("sign_url", given, integer(expired));
  }

  presignGet(bucket, path, expired = 3600, options) {
    return this.signUrl("GET", bucket, path, expired, options).data.url;
  }

  presignPut(bucket, path, expired = 3600, options) {
    return this.signUrl("PUT", bucket, path, expired, options).data;
  }

  publicUrl(bucket, path) {
    return this.signDownload(bucket, path, 60).data.url.replace(/\?.*/, "");
  }

  // Files and folders.

  statFile(bucket, path, options) { return this.#ask("stat_file", [bucket, path], options); }

  updateFile(bucket, path, options) { return this.#ask("update_file", [bucket, path], options); }

  delFile(bucket, path, options) { return this.#ask("del_file", [bucket, path], options); }

  moveFile(bucket, path, destination, options) {
    return this.#ask("move_file", [bucket, path, destination], options);
  }

  copyFile(bucket, path, destination, options) {
    return this.#ask("copy_file", [bucket, path, destination], options);
  }

  createFolder(bucket, path, options) { return this.#ask("create_folder", [bucket, path], options); }

  statFolder(bucket, path, options) { return this.#ask("stat_folder", [bucket, path], options); }

  updateFolder(bucket, path, options) { return this.#ask("update_folder", [bucket, path], options); }

  listFolder(bucket, path, options) { return this.#ask("list_folder", [bucket, path], options); }

  delFolder(bucket, path, options) { return this.#ask("del_folder", [bucket, path], options); }

  async exists(bucket, path, options) {
    try {
      // The JSON API does not know all folders, but lists what is in them.
      if (path?.endsWith?.("/")) await this.listFolder(bucket, path, { ...options, num: 1 });
      else await this.statFile(bucket, path, { ...options, with_authority: false });
      return true;
    } catch (error) {
      if (error.code === codes.NOT_FOUND) return false;
      throw error;
    }
  }

  entries(bucket, path, options = {}) { return lists.entries(this, bucket, path, options); }

  walk(bucket, path, options = {}) { return lists.walk(this, bucket, path, options); }

  async deleteFiles(bucket, paths, options) {
    const deleted = (batch, left) => this.#ask("del_files", [bucket, JSON.stringify(batch)], left);
    return lists.deleteFiles(deleted, this.#api, paths, options);
  }

  // Uploads.

  uploadFile(bucket, path, local, options) {
    return this.#local("upload_file", bucket, path, local, options);
  }

  uploadFolder(bucket, path, local, options) {
    return this.#local("upload_folder", bucket, path, local, options);
  }

  async uploadBuffer(bucket, path, data, options) {
    return this.#transfer("upload_buffer", [bucket, path], options, bytes(data));
  }

  async uploadStream(bucket, path, size, content, options) {
    const [limits, others] = splitOfTransfer(options);
    const texts = [text(bucket), text(path), json(others)];
    integer(size);
    checkLimits(limits);
    const from = source(content);
    const call = this.#begin("upload_stream", { texts, size }, limits);
    const [reply] = await feed(call, from);
    return reply;
  }

  // Downloads.

  downloadFile(bucket, path, local, options) {
    return this.#local("download_file", bucket, path, local, options);
  }

  downloadFolder(bucket, path, local, options) {
    return this.#local("download_folder", bucket, path, local, options);
  }

  async downloadBuffer(bucket, path, options) {
    const [limits, others] = splitOfTransfer(options);
    const texts = [text(bucket), text(path), json(others)];
    const [, data] = await this.#begin("download_buffer", { texts }, limits).result();
    return data ?? Buffer.alloc(0);
  }

  downloadStream(bucket, path, options) {
    const [limits, others] = splitOfTransfer(options);
    const texts = [text(bucket), text(path), json(others)];
    return new Download(() => this.#begin("download_stream", { texts }, limits));
  }

  // The account, and anything else.

  listBuckets(options) { return this.#ask("list_buckets", [], options); }

  async request(method, bucket, path, params, headers, body, options) {
    const asked = [params, headers].map((fields) => json(fields ?? {}));
    const texts = [method, bucket, path, ...asked];
    return this.#wait("request", texts, split(options), bytes(body ?? ""));
  }

  // What all of them do.

  #checkOpen() {
    if (this.#isClosed) throw refused("client", "client is closed");
  }

  #now(name, texts, number = 0) {
    this.#checkOpen();
    return answer(ready().now(this.#handle, name, texts, number));
  }

  async #ask(name, strings, options) { return this.#wait(name, strings, split(options)); }

  async #transfer(name, strings, options, content) {
    return this.#wait(name, strings, splitOfTransfer(options), content);
  }

  async #local(name, bucket, path, local, options) {
    return this.#transfer(name, [bucket, path, localPath(local)], options);
  }

  async #wait(name, strings, [limits, options], content) {
    const texts = [...strings.map(text), json(options)];
    const [reply] = await this.#begin(name, { texts, bytes: content }, limits).result();
    return reply;
  }

  #begin(name, given, limits) {
    this.#checkOpen();
    const call = new Call(this.#handle, name, given, limits);
    this.#calls.add(call);
    call.ended.then(() => this.#calls.delete(call));
    return call;
  }
}

module.exports = { Client, LOG_FAILURES, LOG_OFF, LOG_REQUESTS };
