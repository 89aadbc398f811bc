import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { after, test } from "node:test";
import { api, bucket, connect, fault, until } from "./support.mjs";

const client = connect();
after(() => client.close());

const MIB = 1 << 20;
const content = Buffer.alloc(24 * MIB, (await import("node:crypto")).randomBytes(65521));

/** A stream that counts what was read of it. */
function counted(size) {
  const stream = new Readable({
    read() {
      stream.given += 65536;
      this.push(stream.given > size ? null : Buffer.alloc(65536));
    },
  });
  stream.given = 0;
  return stream;
}

test("what streams up comes down, whatever it is cut into", async () => {
  async function* pieces() {
    for (let at = 0, size = 1; at < content.length; at += size, size = (size * 7) % 300007 + 1) {
      yield content.subarray(at, Math.min(at + size, content.length));
    }
  }
  const sources = [Readable.from(pieces()), pieces(), Readable.toWeb(Readable.from(pieces()))];
  for (const [i, source] of sources.entries()) {
    const reply = await client.uploadStream(bucket, `/streams/${i}`, content.length, source,
      { slice_size: MIB, insert_only: false });
    assert(reply.transfer.sent_bytes >= content.length);
    const download = client.downloadStream(bucket, `/streams/${i}`);
    assert(content.equals(await buffer(download)));
    assert.equal(download.reply.transfer.bytes, content.length);
    assert.equal(download.reply.transfer.verified, true);
  }
  const part = client.downloadStream(bucket, "/streams/0", { range_start: 5, range_end: 9 });
  assert(content.subarray(5, 10).equals(await buffer(part)));
  await client.uploadStream(bucket, "/streams/copy", content.length,
    client.downloadStream(bucket, "/streams/0"), { insert_only: false });
  assert(content.equals(await client.downloadBuffer(bucket, "/streams/copy")));
});

test("a size that is not known is for the XML API", async () => {
  const upload = client.uploadStream(bucket, "/streams/unknown", -1, Readable.from(["a", "b"]),
    { insert_only: false });
  if (api === "v4") return assert.rejects(upload, { name: "Param", argument: "size" });
  await upload;
  assert.equal(String(await client.downloadBuffer(bucket, "/streams/unknown")), "ab");
});

test("an upload is the end of a pipeline, whatever fails in it", async () => {
  const upload = (from, options) => pipeline(from, new PassThrough(), (chunks) =>
    client.uploadStream(bucket, "/streams/piped", 9, chunks, options));
  const sources = [createReadStream("no such file"), Readable.from(["short"]), counted(64 * MIB)];
  const [missing, short, late] = sources;
  await assert.rejects(upload(missing), { code: "ENOENT" });
  await assert.rejects(upload(short), { name: "LocalIo" });
  assert.equal(await client.exists(bucket, "/streams/piped"), false);
  assert.equal((await upload(Readable.from(["some", "bytes"]))).code, 0);
  assert.equal(String(await client.downloadBuffer(bucket, "/streams/piped")), "somebytes");
  await assert.rejects(upload(late), { name: "FileExists" });
  for (const source of sources) assert(source.destroyed);
});

test("an upload reads no more than the service takes", async () => {
  await fault("/streams-silent", { type: "withhold" });
  const source = counted(1024 * MIB);
  const upload = client.uploadStream(bucket, "/streams-silent/up", 1024 * MIB, source,
    { slice_size: MIB, concurrency: 1, deadline_ms: 2000 });
  await assert.rejects(upload, { name: "TimeoutError" });
  assert(source.given < 16 * MIB, `${source.given} bytes were read`);
  assert(source.destroyed);
});

test("a download comes no faster than it is read", async () => {
  await client.uploadBuffer(bucket, "/streams/slow", content, { insert_only: false });
  let done = 0;
  const download = client.downloadStream(bucket, "/streams/slow", { progress: (at) => { done = at; } });
  const pieces = [];
  await new Promise((resolve) => download.once("readable", resolve));
  pieces.push(download.read());
  // It has stopped when a while goes by without progress.
  let before = -1;
  await until(async () => {
    const isStill = done > 0 && done === before;
    before = done;
    await new Promise((resolve) => setTimeout(resolve, 500));
    return isStill;
  }, "the download to wait");
  assert(done < 12 * MIB, `${done} bytes came`);
  for await (const piece of download) pieces.push(piece);
  assert(content.equals(Buffer.concat(pieces)));
});

test("what breaks a stream ends the call", async () => {
  const broken = async function* () { yield "a"; throw new RangeError("broken"); };
  await assert.rejects(client.uploadStream(bucket, "/streams/broken", 9, broken()), RangeError);
  assert.equal(await client.exists(bucket, "/streams/broken"), false);
  await assert.rejects(client.uploadStream(bucket, "/streams/broken", 9, [5]), TypeError);
  await assert.rejects(client.uploadStream(bucket, "/streams/broken", 9, "text"), TypeError);
  await assert.rejects(client.uploadStream(bucket, "/streams/short", 9, ["a"]), { name: "LocalIo" });

  await client.uploadBuffer(bucket, "/streams/there", "there", { insert_only: false });
  const source = counted(9 * MIB);
  await assert.rejects(client.uploadStream(bucket, "/streams/there", 9 * MIB, source),
    { name: "FileExists" });
  assert(source.destroyed);

  await assert.rejects(buffer(client.downloadStream(bucket, "/streams/missing")), { code: -197 });
  const cut = async function* (from) {
    for await (const piece of from) {
      yield piece;
      throw new RangeError("enough");
    }
  };
  await assert.rejects(
    pipeline(client.downloadStream(bucket, "/streams/there"), cut, buffer), RangeError);
  const aborted = client.downloadStream(bucket, "/streams/there", { signal: AbortSignal.abort() });
  await assert.rejects(buffer(aborted), { name: "AbortError" });
  const unread = client.downloadStream(bucket, "/streams/there");
  unread.destroy();
});
