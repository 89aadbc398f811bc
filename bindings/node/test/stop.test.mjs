import assert from "node:assert/strict";
import { after, test } from "node:test";
import { codes } from "libcos";
import { api, bucket, connect, fault } from "./support.mjs";

const client = connect();
after(() => client.close());

const PATH = "/stop-silent/file", FOLDER = "/stop-silent/";

// Each call that waits for a server, with a path at which the emulator is silent.
const calls = {
  statFile: (options) => client.statFile(bucket, PATH, options),
  exists: (options) => client.exists(bucket, PATH, options),
  updateFile: (options) => client.updateFile(bucket, PATH, { biz_attr: "a", ...options }),
  delFile: (options) => client.delFile(bucket, PATH, options),
  moveFile: (options) => client.moveFile(bucket, PATH, "/b", options),
  copyFile: (options) => client.copyFile(bucket, PATH, "/stop-silent/b", options),
  createFolder: (options) => client.createFolder(bucket, FOLDER, options),
  statFolder: (options) => client.statFolder(bucket, FOLDER, options),
  updateFolder: (options) => client.updateFolder(bucket, FOLDER, { biz_attr: "a", ...options }),
  uploadBuffer: (options) => client.uploadBuffer(bucket, PATH, "bytes", options),
  uploadStream: (options) => client.uploadStream(bucket, PATH, 5, ["bytes"], options),
  uploadFile: (options) => client.uploadFile(bucket, PATH, new URL(import.meta.url), options),
  downloadBuffer: (options) => client.downloadBuffer(bucket, PATH, options),
  downloadFile: (options) => client.downloadFile(bucket, PATH, "never", options),
  downloadStream: async (options) => {
    for await (const piece of client.downloadStream(bucket, PATH, options)) assert(piece);
  },
};

// With the XML API the folder of a list is no part of the path.
if (api === "v4") {
  calls.listFolder = (options) => client.listFolder(bucket, FOLDER, options);
  calls.entries = (options) => client.entries(bucket, FOLDER, options).next();
  calls.walk = (options) => client.walk(bucket, FOLDER, options).next();
  calls.deleteFiles = (options) => client.deleteFiles(bucket, [PATH], options);
  calls.delFolder = (options) => client.delFolder(bucket, FOLDER, { recursive: true, ...options });
} else {
  calls.request = (options) => client.request("GET", bucket, PATH, null, null, null, options);
}

test("every call ends when its signal or its deadline says so", async () => {
  await fault("/stop-silent", { type: "withhold" });
  for (const [name, call] of Object.entries(calls)) {
    const reason = new Error(name);
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 100);
    await Promise.all([
      assert.rejects(call({ signal: controller.signal }), (error) => error === reason, name),
      assert.rejects(call({ deadline_ms: 100 }), { name: "TimeoutError" }, name),
      assert.rejects(call({ signal: AbortSignal.abort(reason) }), (error) => error === reason, name),
      assert.rejects(call({ deadline_ms: 0 }), { name: "TimeoutError" }, name),
      assert.rejects(call({ deadline_ms: "1" }), TypeError, name),
      assert.rejects(call({ signal: 5 }), TypeError, name),
    ]);
  }
});

test("a deadline holds for a whole list", async () => {
  for (let i = 0; i < 4; i++) {
    await client.uploadBuffer(bucket, `/stop-list/${i}`, "x", { insert_only: false });
  }
  const op = api === "v4" ? "list" : "list_objects";
  const seen = [];
  const slow = connect();
  await fault(api === "v4" ? "/stop-list" : "", { type: "delay", ms: 400 }, { op, times: 4 });
  await assert.rejects(async () => {
    for await (const { name } of slow.entries(bucket, "/stop-list/", { num: 1, deadline_ms: 1000 })) {
      seen.push(name);
    }
  }, { name: "TimeoutError" });
  assert(seen.length > 0 && seen.length < 4, `${seen}`);
  await slow.close();
});
