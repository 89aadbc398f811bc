// The package of a platform, with nothing but Node beside it: serve.mjs OPTIONS
import assert from "node:assert";
import { randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import { Worker, isMainThread } from "node:worker_threads";
import { Client } from "libcos";

async function serve() {
  const client = new Client("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", JSON.parse(process.argv[2]));
  const content = randomBytes(3 * 1024 * 1024 + 1);
  await fs.writeFile("来自.bin", content);
  await client.uploadFile("public-bucket", "/node/文件 一.bin", "来自.bin", { insert_only: false });
  const paths = [];
  for await (const { path } of client.walk("public-bucket", "/node/")) paths.push(path);
  assert.deepStrictEqual(paths, ["/node/文件 一.bin"]);
  assert.ok(content.equals(await client.downloadBuffer("public-bucket", "/node/文件 一.bin")));
  const pieces = [];
  for await (const piece of client.downloadStream("public-bucket", "/node/文件 一.bin")) pieces.push(piece);
  assert.ok(content.equals(Buffer.concat(pieces)));
  await assert.rejects(client.statFile("public-bucket", "/node/not there"), { name: "NotFound" });
  await client.delFile("public-bucket", "/node/文件 一.bin");
  await client.close();
}

await serve();
if (isMainThread) {
  // What a worker has loaded is still there when it has ended.
  const worker = new Worker(process.argv[1], { argv: process.argv.slice(2) });
  await new Promise((resolve, reject) => worker.once("error", reject).once("exit", resolve));
  await serve();
  console.log("all went well");
}
