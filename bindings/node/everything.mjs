// Every method and every way to end a call: everything.mjs HOST:PORT, in a directory with `tree`.
// The server stays silent when something is uploaded to a path with `silent` in it.

import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { Client, CosError, LOG_REQUESTS, version } from "./cos.mjs";

const host = process.argv[2];
const bucket = "private-bucket";
const account = ["1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY"];
const client = new Client(...account, {
  region: "sh", scheme: "http", hostname: host,
  download_hostname: host.replace(/.*:/, "localhost:"),
});

assert(version());
client.setConfig({ retries: 1, user_agent: "everything" });
client.setCredentials(...account);
const lines = [];
client.setLog(LOG_REQUESTS, (level, line) => lines.push(line));

await client.createFolder(bucket, "/folder/", { biz_attr: "one" });
await client.updateFolder(bucket, "/folder/", { biz_attr: "two" });
assert.equal((await client.statFolder(bucket, "/folder/")).data.biz_attr, "two");
assert(lines.length === 3 && lines[0].includes("op=create"));

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
await client.delFolder(bucket, "/folder/", { recursive: true });

const told = [];
await client.uploadFile(bucket, "/large", "large", { progress: (...at) => told.push(at) });
const large = await readFile("large");
assert.deepEqual(told.at(-1), [large.length, large.length]);
const pieces = [];
await Promise.all([
  client.downloadFile(bucket, "/large", "copy"),
  client.downloadStream(bucket, "/large", (bytes) => pieces.push(bytes)),
]);
assert(large.equals(await readFile("copy")));
assert(large.equals(Buffer.concat(pieces)));
await client.uploadFolder(bucket, "/tree/", "tree");
await client.downloadFolder(bucket, "/tree/", "tree-copy");
assert((await stat("tree-copy/sub/b")).isFile());

assert(client.signMore(bucket, "/large", 60).data.sign);
assert(client.signOnce(bucket, "/large").data.sign);
assert(client.signDownload(bucket, "/large", 60).data.url);

// Errors are the language's own.
await assert.rejects(client.downloadBuffer(bucket, "/missing"), (error) =>
  error instanceof CosError && error.code === -197 && error.name === "COS_ERR_NOT_FOUND"
  && error.reply.error.origin === "server");
await assert.rejects(client.statFile(bucket, "/large", { no_such_option: 1 }), (error) =>
  error.reply.error.argument === "no_such_option");
assert.throws(() => new Client("not a number", "", ""), { name: "COS_ERR_PARAM" });
await assert.rejects(client.statFile(bucket, "/large\0/other"), TypeError);
await assert.rejects(client.statFile(bucket, {}), TypeError);
await assert.rejects(client.statFile(bucket, 5), TypeError);
assert.throws(() => new Client(1250000000, "", ""), TypeError);
assert.throws(() => client.signMore(bucket, "/large", "60"), TypeError);
await assert.rejects(client.statFile(bucket), { name: "COS_ERR_PARAM" });

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
await assert.rejects(client.downloadStream(bucket, "/large", broken), RangeError);

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
