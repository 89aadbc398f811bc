import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import http from "node:http";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { codes } from "libcos";
import { bucket, connect, fault, host, until } from "./support.mjs";

/** A server that answers "not found" to everything, when it is told to. */
async function slowServer() {
  const held = [];
  let most = 0;
  const server = http.createServer((request, response) => {
    held.push(response);
    most = Math.max(most, held.length);
  });
  await new Promise((resolve) => server.listen(0, resolve));
  const answer = () => {
    for (const response of held.splice(0)) {
      response.writeHead(404, { "Content-Type": "application/json", "x-cos-request-id": "1" });
      response.end(response.req.method === "HEAD" ? "" : '{"code":-197,"message":"not found"}');
    }
  };
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  const place = `localhost:${server.address().port}`;
  return { held, answer, stop, place, most: () => most };
}

test("500 calls run at once, and files are read meanwhile", async () => {
  const server = await slowServer();
  const client = connect({ hostname: server.place, retries: 0 });
  const calls = Array.from({ length: 500 }, (_, i) => client.statFile(bucket, `/${i}`));
  const ends = Promise.allSettled(calls);
  await until(() => server.held.length === 500, "500 requests at once");
  // All calls wait for the server, which waits for this.
  for (let i = 0; i < 20; i++) assert((await readFile(new URL(import.meta.url))).length > 0);
  server.answer();
  for (const { reason } of await ends) assert.equal(reason.code, codes.NOT_FOUND);
  await client.close();
  server.stop();
});

test("no more calls run at once than a client has threads", async () => {
  const server = await slowServer();
  const client = connect({ hostname: server.place, retries: 0, threads: 2 });
  const calls = Array.from({ length: 6 }, (_, i) => client.statFile(bucket, `/${i}`));
  let ended = 0;
  for (const call of calls) call.catch(() => { ended++; });
  while (ended < calls.length) {
    await until(() => server.held.length === Math.min(2, calls.length - ended), "the next two");
    const wanted = ended + server.held.length;
    server.answer();
    await until(() => ended === wanted, "their ends");
  }
  assert.equal(server.most(), 2);
  for (const threads of [0, 65537]) {
    assert.throws(() => connect({ threads }), { name: "Param", argument: "threads" });
  }
  assert.throws(() => connect({ threads: "5" }), TypeError);
  await client.close();
  server.stop();
});

test("a call that waits for a thread ends when it is aborted", async () => {
  const server = await slowServer();
  const client = connect({ hostname: server.place, retries: 0, threads: 1 });
  const first = client.statFile(bucket, "/first");
  const aborted = new AbortController();
  const second = client.statFile(bucket, "/second", { signal: aborted.signal });
  await until(() => server.held.length === 1, "the first request");
  aborted.abort();
  await assert.rejects(second, { name: "AbortError" });
  server.answer();
  await assert.rejects(first, { name: "NotFound" });
  await client.close();
  assert.equal(server.most(), 1);
  server.stop();
});

test("a worker may end while its calls are under way", async () => {
  await fault("/worker-silent", { type: "withhold" });
  const program = `
    import { parentPort } from "node:worker_threads";
    import { connect, bucket } from ${JSON.stringify(new URL("./support.mjs", import.meta.url).href)};
    const client = connect();
    const ignore = () => {};
    client.uploadBuffer(bucket, "/worker-silent/a", Buffer.alloc(1 << 20)).catch(ignore);
    client.statFile(bucket, "/worker-silent/b").catch(ignore);
    client.uploadStream(bucket, "/worker-silent/c", 9, (async function* () {
      yield "a";
      await new Promise(() => {});
    })()).catch(ignore);
    setTimeout(() => parentPort.postMessage("begun"), 300);`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(url, { env: { ...process.env, COS_TEST_HOST: host } });
    await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
  }
  const client = connect();
  await client.uploadBuffer(bucket, "/after-worker", "x", { insert_only: false });
  await client.close();
});
