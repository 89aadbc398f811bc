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
  delFiles: (options) => client.delFiles(bucket, [PATH], options),
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

test("a deletion of everything stops in between", async () => {
  const names = Array.from({ length: 40 }, (_, i) => `/stop-tree/${i % 4}/${i}`);
  await Promise.all(names.map((name) => client.uploadBuffer(bucket, name, "x", { insert_only: false })));
  const left = async () => {
    let count = 0;
    for await (const entry of client.walk(bucket, "/stop-tree/")) count += entry.path ? 1 : 0;
    return count;
  };
  const controller = new AbortController();
  const log = connect();
  let deletions = 0;
  log.setLog(2, (level, line) => {
    if (/op=delete|DELETE/.test(line) && ++deletions === 5) controller.abort();
  });
  const options = { recursive: true, signal: controller.signal };
  await assert.rejects(log.delFolder(bucket, "/stop-tree/", options), { name: "AbortError" });
  const rest = await left();
  assert(rest > 0 && rest < 40, `${rest} are left`);
  const { data } = await client.delFolder(bucket, "/stop-tree/", { recursive: true, deadline_ms: 60000 });
  // Requests that were under way have had their effect.
  assert(data.files <= rest && data.files >= rest - 4, `${data.files} of ${rest} were deleted`);
  assert.equal(data.failed, 0);
  await assert.rejects(client.statFolder(bucket, "/stop-tree/"), { code: codes.NOT_FOUND });
  await log.close();
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
