// The service of the examples, as its users see it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import http from "node:http";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { CosError, codes } from "libcos";
import { account, api, bucket, connect, fault, place } from "./support.mjs";

const client = connect();
let service, url;

before(async () => {
  const [COS_APPID, COS_SECRET_ID, COS_SECRET_KEY] = account;
  const file = new URL("./node_modules/libcos/examples/service.mjs", import.meta.url);
  service = spawn(process.execPath, [file.pathname], {
    env: { ...process.env, COS_APPID, COS_SECRET_ID, COS_SECRET_KEY, COS_REGION: "sh", COS_SCHEME: "http",
      COS_API: api, COS_HOSTNAME: place.hostname, COS_DOWNLOAD_HOSTNAME: place.hostname, BUCKET: bucket,
      PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface(service.stdout)) {
    url = line.split(" ").pop();
    break;
  }
});

after(async () => {
  await client.close();
  const ended = new Promise((resolve) => service.once("exit", resolve));
  service.kill("SIGTERM");
  assert.equal(await ended, 0);
});

test("files go to COS and come back", async () => {
  const content = randomBytes(20 << 20);
  const put = await fetch(`${url}/service/a%20b`, { method: "PUT", body: content });
  assert.equal(put.status, 201);
  assert(content.equals(await client.downloadBuffer(bucket, "/service/a b")));
  const got = await fetch(`${url}/service/a%20b`);
  assert.equal(got.headers.get("content-length"), String(content.length));
  assert(content.equals(Buffer.from(await got.arrayBuffer())));
  const listed = await (await fetch(`${url}/service/`)).text();
  assert.deepEqual(listed.trim().split("\n").map((line) => JSON.parse(line)),
    [{ path: "/service/a b", filesize: content.length }]);
  assert.equal((await fetch(`${url}/service/a%20b`, { method: "DELETE" })).status, 200);
  assert.equal((await fetch(`${url}/service/a%20b`)).status, 404);
  const body = Readable.toWeb(Readable.from(["a", "b"]));
  const chunked = await fetch(`${url}/service/chunked`, { method: "PUT", body, duplex: "half" });
  assert.equal(chunked.status, api === "v4" ? 411 : 201);
});

test("a refusal is an answer, also in the middle of an upload", async () => {
  const op = api === "v4" ? "upload_slice_init" : "initiate_multipart_upload";
  const action = api === "v4" ? { type: "code", code: -5999 } : { type: "error", code: "AccessDenied" };
  await fault("/service-refused", action, { op });
  const put = await fetch(`${url}/service-refused`, { method: "PUT", body: randomBytes(40 << 20) });
  assert.equal(put.status, 502);
  assert.equal((await fetch(`${url}/service/%FF`)).status, 400);
  assert.equal((await fetch(`${url}/service/a%0Ab`)).status, 400);
});

test("an upload that is broken off leaves no file", async () => {
  const headers = { "Content-Length": 9 << 20 };
  const request = http.request(`${url}/service/broken`, { method: "PUT", headers });
  request.on("error", () => {});
  await new Promise((resolve) => request.write(Buffer.alloc(1 << 20), resolve));
  request.destroy();
  const other = await fetch(`${url}/service/other`, { method: "PUT", body: "x" });
  assert.equal(other.status, 201);
  // With the JSON API what is unfinished shows, with the bytes that are there.
  const found = await client.statFile(bucket, "/service/broken").catch((error) => error);
  if (api === "v5" || found instanceof CosError) assert.equal(found.code, codes.NOT_FOUND);
  else assert(found.data.filelen < found.data.filesize);
});
