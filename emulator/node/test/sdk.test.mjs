// A program with the official SDK.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { start } from "cos-emulator";
import COS from "cos-nodejs-sdk-v5";

let emulator, cos, place;
before(async () => {
  emulator = await start();
  cos = new COS(emulator.sdkOptions());
  place = { Bucket: emulator.bucket.fullName, Region: emulator.bucket.region };
});
beforeEach(() => emulator.reset());
after(() => emulator.stop());

test("what it uploads is there", async () => {
  await cos.putObject({ ...place, Key: "a/b.txt", Body: "hello" });
  assert.equal((await emulator.bucket.get("a/b.txt")).toString(), "hello");
});

test("it reads what the test has put", async () => {
  await emulator.bucket.put("in.txt", "hello", { "x-cos-meta-of": "me" });
  const { Body, headers } = await cos.getObject({ ...place, Key: "in.txt" });
  assert.deepEqual([Body.toString(), headers["x-cos-meta-of"]], ["hello", "me"]);
});

test("it is told when the service refuses", async () => {
  await emulator.inject("error", { op: "get_object", code: "AccessDenied" });
  await assert.rejects(cos.getObject({ ...place, Key: "f" }), { code: "AccessDenied", statusCode: 403 });
  const [request] = await emulator.requests();
  assert.deepEqual([request.op, request.path, request.word], ["get_object", "/f", "AccessDenied"]);
});
