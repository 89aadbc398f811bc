// Every function of cos.h and every way to end a call: everything.mjs HOST:PORT, in a directory with
// `tree`. COS_API says which API is used. The server stays silent when something is uploaded to a path
// with `silent` in it, and slow with a path that has `slow` in it.

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { Client, CosError, LOG_REQUESTS, codeName, codes, version } from "libcos";

const host = process.argv[2];
const api = process.env.COS_API ?? "v4";
const bucket = "private-bucket";
const account = ["1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY"];
const client = new Client(...account, {
  region: "sh", api, scheme: "http", hostname: host, download_hostname: host,
});

// Checks that the API which does not have this refuses it.
async function only(which, call, refused = "api") {
  if (api === which) return call();
  await assert.rejects(async () => call(), (error) => error.reply.error.argument === refused);
}

assert(version());
client.setConfig({ retries: 1, user_agent: "everything" });
client.setCredentials(...account);
const temporary = [account[0], "TEMPORARY_ID", "TEMPORARY_KEY", "TEMPORARY_TOKEN"];
await only("v5", () => client.setTemporaryCredentials(...temporary), "token");
await client.statFolder(bucket, "/");
client.setCredentials(...account);
const lines = [];
client.setLog(LOG_REQUESTS, (level, line) => lines.push(line));

await client.createFolder(bucket, "/folder/", { biz_attr: "one" });
await client.updateFolder(bucket, "/folder/", { biz_attr: "two" });
assert.equal((await client.statFolder(bucket, "/folder/")).data.biz_attr, "two");
assert(lines.length >= 3 && lines[0].includes("op=create"));

await client.uploadBuffer(bucket, "/folder/a", Buffer.from("a\0b"), { biz_attr: '"你好"' });
assert.equal((await client.statFile(bucket, "/folder/a")).data.biz_attr, '"你好"');
await client.updateFile(bucket, "/folder/a", { "x-cos-meta-of": "me" });
await client.copyFile(bucket, "/folder/a", "/folder/b");
await client.moveFile(bucket, "/folder/a", "/folder/b", { overwrite: true });
const folder = await client.listFolder(bucket, "/folder/", { all: true });
assert.deepEqual(folder.data.infos.map(({ name }) => name), ["b"]);
assert.equal(String(await client.downloadBuffer(bucket, "/folder/b")), "a\0b");
await client.uploadBuffer(bucket, "/folder/empty", new Uint8Array());
assert.equal((await client.downloadBuffer(bucket, "/folder/empty")).length, 0);
await client.delFile(bucket, "/folder/b");
assert.deepEqual(await client.deleteFiles(bucket, ["/folder/empty"]), []);
await client.delFolder(bucket, "/folder/", { recursive: true });

const told = [];
await client.uploadFile(bucket, "/large", "large", { progress: (...at) => told.push(at) });
const large = await readFile("large");
assert.deepEqual(told.at(-1), [large.length, large.length]);
const [, streamed] = await Promise.all([
  client.downloadFile(bucket, "/large", "copy"),
  buffer(client.downloadStream(bucket, "/large")),
]);
assert(large.equals(await readFile("copy")));
assert(large.equals(streamed));
const halves = [large.subarray(0, 5e6), Buffer.of(), large.subarray(5e6)];
await client.uploadStream(bucket, "/stream", large.length, halves, { slice_size: 1 << 20 });
assert(large.equals(await client.downloadBuffer(bucket, "/stream")));
const letters = function* () { yield "a"; yield Buffer.of(); yield new Uint8Array([98, 99]); };
await only("v5", () => client.uploadStream(bucket, "/letters", -1, letters()), "size");
const readable = createReadStream("large", { end: 99 });
await client.uploadStream(bucket, "/letters", 100, readable, { insert_only: false });
assert(large.subarray(0, 100).equals(await client.downloadBuffer(bucket, "/letters")));
await client.uploadFolder(bucket, "/tree/", "tree");
await client.downloadFolder(bucket, "/tree/", "tree-copy");
assert((await stat("tree-copy/sub/b")).isFile());

await only("v4", () => client.signMore(bucket, "/large", 60));
await only("v4", () => client.signOnce(bucket, "/large"));
assert(client.signDownload(bucket, "/large", 60).data.url);
assert(client.signUrl("GET", bucket, "/large", 60).data.url);
const headers = { "Content-Type": "text/plain" };
const signed = await only("v5", () => client.signUrl("PUT", bucket, "/signed", 60, { headers }),
  "method");
if (api === "v5") assert.deepEqual(signed.data.headers, headers);
const all = await only("v5", () => client.listBuckets());
assert(api !== "v5" || all.data.buckets.some(({ name }) => name === bucket));
await only("v5", () => client.request("PUT", bucket, "/asked", null, headers, Buffer.from("text")));
const params = { "response-expires": "1" };
const asked = await only("v5", () => client.request("GET", bucket, "/asked", params));
assert(api !== "v5" || asked.data.body === "text");

// Errors are the language's own.
await assert.rejects(client.downloadBuffer(bucket, "/missing"), (error) =>
  error instanceof CosError && error.code === codes.NOT_FOUND && error.name === "NotFound"
  && codeName(error.code) === "COS_ERR_NOT_FOUND" && error.reply.error.origin === "server");
await assert.rejects(client.statFile(bucket, "/large", { no_such_option: 1 }), (error) =>
  error.reply.error.argument === "no_such_option");
assert.throws(() => new Client("not a number", "", ""), { name: "Param" });
await assert.rejects(client.statFile(bucket, "/large\0/other"), TypeError);
await assert.rejects(client.statFile(bucket, {}), TypeError);
await assert.rejects(client.statFile(bucket, 5), TypeError);
assert.throws(() => new Client(1250000000, "", ""), TypeError);
assert.throws(() => client.signMore(bucket, "/large", "60"), TypeError);
await assert.rejects(client.uploadStream(bucket, "/no", 1, Buffer.of(1)), TypeError);
await assert.rejects(client.uploadStream(bucket, "/no", 1, 5), TypeError);
await assert.rejects(client.statFile(bucket), { name: "Param" });

// A call ends when its signal says so, with the reason of that, and with what a callback throws.
const broken = () => { throw new RangeError("broken"); };
await assert.rejects(
  client.uploadFile(bucket, "/silent", "large", { signal: AbortSignal.timeout(300) }),
  { name: "TimeoutError" });
await assert.rejects(
  client.uploadFile(bucket, "/silent", "large", { signal: AbortSignal.abort() }),
  { name: "AbortError" });
await assert.rejects(
  client.uploadBuffer(bucket, "/silent", Buffer.alloc(9), { progress: broken }), RangeError);
const breaks = async function* () { yield "a"; broken(); };
await assert.rejects(client.uploadStream(bucket, "/no", 9, breaks()), RangeError);
await assert.rejects(async () => {
  for await (const piece of client.downloadStream(bucket, "/large")) assert(!piece.length || broken());
}, RangeError);

// The event loop goes on while a call waits for a server.
let ticks = 0;
const ticking = setInterval(() => ticks++, 10);
await client.uploadBuffer(bucket, "/slow", Buffer.alloc(9));
clearInterval(ticking);
assert(ticks >= 20, `${ticks} ticks in a second`);

// Nothing is freed under a call.
const last = client.statFile(bucket, "/large");
await client.close();
await last;
await client.close();
await assert.rejects(client.statFile(bucket, "/large"), { code: -1 });
console.log("everything went well");
