// A program with libcos, which has both APIs.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { start } from "cos-emulator";
import { Client } from "libcos";

let emulator;
before(async () => {
  emulator = await start();
});
beforeEach(() => emulator.reset());
after(() => emulator.stop());

for (const [api, op] of [["v4", "upload"], ["v5", "put_object"]]) {
  test(`an answer that is lost does no harm: ${api}`, async () => {
    const { appid, secretId, secretKey, bucket } = emulator;
    const client = new Client(appid, secretId, secretKey, emulator.options(api));
    await emulator.inject("lose_reply", { op, end: "reset" });
    await client.uploadBuffer(bucket.name, "/f", Buffer.from("once"));
    assert.equal((await bucket.get("f")).toString(), "once");
    assert((await emulator.requests(op))[0].fault);
    await client.close();
  });

  test(`the account comes from the environment: ${api}`, async () => {
    const before = { ...process.env };
    Object.assign(process.env, emulator.environment(api));
    const client = Client.fromEnv();
    process.env = before;
    await client.uploadBuffer(emulator.bucket.name, "/f", Buffer.from("x"));
    assert.deepEqual(await emulator.bucket.keys(), ["f"]);
    await client.close();
  });
}
