// What an emulator does, as a test uses it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { Bucket, Emulator, EmulatorError, start } from "cos-emulator";

let emulator;
before(async () => {
  emulator = await start({
    buckets: ["photos", { name: "open", public: true, region: "ap-guangzhou" }],
    settings: { largest_page: 7 },
  });
});
beforeEach(() => emulator.reset());
after(() => emulator.stop());

function status(path) {
  return new Promise((resolve, reject) => {
    http.get(emulator.url + path, { agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    }).on("error", reject);
  });
}

test("reset() puts back the state of the start", async () => {
  await emulator.bucket.put("left/over.txt", "text");
  await emulator.buckets.open.put("too", "");
  await emulator.settings({ latency_ms: 1 });
  await emulator.inject("withhold", { op: "get_object", times: null });
  assert.equal(await status(`/${emulator.bucket.fullName}/left/over.txt?acl`), 403);
  assert.equal((await emulator.faults()).length, 1);
  assert.equal((await emulator.requests()).length, 1);

  await emulator.reset();
  assert.deepEqual(await emulator.bucket.list(), []);
  assert.deepEqual(await emulator.buckets.open.list(), []);
  assert.deepEqual([await emulator.faults(), await emulator.requests()], [[], []]);
  const { latency_ms, largest_page } = await emulator.settings();
  assert.deepEqual([latency_ms, largest_page], [0, 7]);
});

test("objects are there without a client", async () => {
  const { bucket } = emulator;
  assert(bucket instanceof Bucket && emulator instanceof Emulator);
  const key = "a b/你好+%?#.txt";
  await bucket.put(key, "你好", { "Content-Type": "text/plain", "x-cos-meta-of": "me" });
  await bucket.put("b", Uint8Array.of(0, 1));
  assert.equal((await bucket.get(key)).toString(), "你好");
  const [first, second] = await bucket.list();
  assert.deepEqual([first.key, first.size, second.key, second.size], [key, 6, "b", 2]);
  assert.deepEqual(first.headers, { "Content-Type": "text/plain", "x-cos-meta-of": "me" });
  assert.deepEqual(await bucket.keys("a b/"), [key]);
  await bucket.delete(key);
  await bucket.delete("was never there");
  assert.deepEqual(await bucket.keys(), ["b"]);
  await assert.rejects(bucket.get(key), /^EmulatorError: NoSuchKey: /);
});

test("the second bucket is open to all, and elsewhere", async () => {
  const { open } = emulator.buckets;
  for (const bucket of [open, emulator.bucket]) await bucket.put("f", "x");
  assert.equal(await status(`/${open.fullName}/f`), 200);
  assert.equal(await status(`/${emulator.bucket.fullName}/f`), 403);
  const log = await emulator.requests("get_object");
  assert.deepEqual(log.map((request) => request.status), [200, 403]);
  assert.deepEqual([open.region, open.public, emulator.bucket.region], ["ap-guangzhou", true, "ap-shanghai"]);
});

test("what the program refuses is told", async () => {
  await assert.rejects(emulator.settings({ latency: 1 }), /unknown field `latency`/);
  await assert.rejects(emulator.bucket.put("k".repeat(851), ""), /KeyTooLong/);
  await assert.rejects(emulator.bucket.get("k".repeat(1000000)), /refuses the request with status 4/);
  await assert.rejects(emulator.inject("explode"), /unknown variant `explode`/);
  await assert.rejects(emulator.inject("code", { op: "stat" }), /missing field `code`/);
  await assert.rejects(start({ settings: { latency: 1 } }), /unknown field `latency`/);
  await assert.rejects(start({ port: emulator.port }), EmulatorError);
  await assert.rejects(start({ bucket: "photos" }), /start\(\) has no option bucket/);
  await assert.rejects(start({ buckets: "photos" }), /buckets is an array, not "photos"/);
  await assert.rejects(start({ credentials: { appid: "1250000001" } }), /credentials is an array, not {"appid"/);
});

test("a data directory stays", async () => {
  const data = mkdtempSync(join(tmpdir(), "kept-"));
  try {
    const options = { data, credentials: [{ appid: "77", secret_id: "ID", secret_key: "KEY" }] };
    const first = await start(options);
    await first.bucket.put("f", "x");
    assert.equal(first.bucket.fullName, "private-bucket-77");
    assert.deepEqual([first.appid, first.secretId, first.secretKey], ["77", "ID", "KEY"]);
    await Promise.all([first.stop(), first.stop()]);
    await first.stop();
    await assert.rejects(first.reset(), /no answer/);
    const second = await start(options);
    assert.equal((await second.bucket.get("f")).toString(), "x");
    await second.stop();
  } finally {
    rmSync(data, { recursive: true });
  }
});

test("the environment tells what the options tell", () => {
  const { COS_API, COS_HOSTNAME, COS_SECRET_ID } = emulator.environment("v4");
  const { api, hostname } = emulator.options("v4");
  assert.deepEqual([COS_API, COS_HOSTNAME, COS_SECRET_ID], [api, hostname, emulator.secretId]);
  assert.equal(emulator.environment().COS_API, "v5");
});

test("require() brings the same, and the command is the program", () => {
  assert.equal(createRequire(import.meta.url)("cos-emulator").start, start);
  const said = execFileSync("node_modules/.bin/cos-emulator", ["--version"]).toString();
  assert.match(said, /^cos-emulator \d/);
});

test("it can be disposed of", async () => {
  const other = await start();
  await other[Symbol.asyncDispose]();
  await assert.rejects(other.reset(), /no answer/);
});
