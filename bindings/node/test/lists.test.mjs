import assert from "node:assert/strict";
import { after, test } from "node:test";
import { bucket, connect, fault, api } from "./support.mjs";

const client = connect();
after(() => client.close());

const files = Array.from({ length: 23 }, (_, i) => `/lists/${["", "a/", "a/b/"][i % 3]}${i}`);
await Promise.all(files.map((path) => client.uploadBuffer(bucket, path, "x", { insert_only: false })));

async function all(iterator) {
  const found = [];
  for await (const entry of iterator) found.push(entry);
  return found;
}

test("a folder is listed page by page", async () => {
  const lines = [];
  const logged = connect();
  logged.setLog(2, (level, line) => lines.push(line));
  const found = await all(logged.entries(bucket, "/lists/", { num: 3 }));
  const expected = files.filter((_, i) => i % 3 === 0).concat("/lists/a/");
  assert.deepEqual(found.map(({ path }) => path).sort(), expected.sort());
  assert(found.every(({ name, path }) => path === `/lists/${name}`));
  assert.equal(lines.length, Math.ceil(expected.length / 3));
  // One page is enough for the first entry.
  lines.length = 0;
  for await (const { name } of logged.entries(bucket, "/lists/", { num: 3 })) {
    assert(name);
    break;
  }
  assert.equal(lines.length, 1);
  await logged.close();
});

test("everything below a folder is listed", async () => {
  const found = await all(client.walk(bucket, "/lists/", { num: 4 }));
  assert.deepEqual(found.map(({ path }) => path).sort(), [...files].sort());
  assert(found.every(({ name, path, filesize }) => path === `/lists/${name}` && filesize === 1));
});

// The library reads the lists of the XML API itself, and gives those of the JSON API as they are.
if (api === "v4") {
  const replied = (path, infos, end) => {
    const body = `{"code":0,"message":"","data":{"infos":${JSON.stringify(infos)},${end}}}`;
    return fault(path, { type: "reply", status: 200, body }, { times: 1 });
  };

  test("a list that does not say where it goes on is no whole list", async () => {
    await replied("lists-more", [{ name: "a", filesize: 1 }], '"listover":false,"context":""');
    const wanted = { name: "Network", message: /goes on/ };
    await assert.rejects(all(client.entries(bucket, "/lists-more/")), wanted);
  });

  test("a folder that is deleted meanwhile is none", async () => {
    await replied("lists-gone", [{ name: "gone/" }, { name: "a", filesize: 1 }], '"listover":"1","context":""');
    const found = await all(client.walk(bucket, "/lists-gone/"));
    assert.deepEqual(found.map(({ path }) => path), ["/lists-gone/a"]);
  });
}

test("what is there is known", async () => {
  assert.equal(await client.exists(bucket, files[0]), true);
  assert.equal(await client.exists(bucket, "/lists/none"), false);
  await client.createFolder(bucket, "/lists-folder/");
  assert.equal(await client.exists(bucket, "/lists-folder/"), true);
  assert.equal(await client.exists(bucket, "/lists-none/"), false);
  // Nobody has created this one.
  assert.equal(await client.exists(bucket, "/lists/a/"), true);
  await assert.rejects(client.exists("no-such-bucket", "/a"));
});

test("many files are deleted, and what is refused is told", async () => {
  const paths = Array.from({ length: 9 }, (_, i) => `/lists-old/${i % 2}/${i}`);
  await Promise.all(paths.map((path) => client.uploadBuffer(bucket, path, "x", { insert_only: false })));
  const op = api === "v4" ? "delete" : "delete_object";
  const action = api === "v4" ? { type: "code", code: -5999 } : { type: "error", code: "AccessDenied" };
  await fault("/lists-old/1/3", action, { op });
  const walked = await client.delFiles(bucket, client.walk(bucket, "/lists-old/"), { concurrency: 3 });
  assert.deepEqual({ ...walked, failures: walked.failures.map(({ path }) => path) },
    { deleted: 8, missing: 0, failures: ["/lists-old/1/3"] });
  assert(walked.failures[0].error instanceof Error);
  const again = await client.delFiles(bucket, ["/lists-old/0/0", "/lists-old/1/3"]);
  assert.deepEqual([again.deleted, again.missing, again.failures.length], [0, 1, 1]);
  await assert.rejects(client.delFiles(bucket, [], { concurrency: 0 }), RangeError);
  for (const wrong of ["/a", 5, null, [5], [null]]) {
    await assert.rejects(client.delFiles(bucket, wrong), /^TypeError: paths are /);
  }
  for (const wrong of ["a", "/", "/a/"]) {
    await assert.rejects(client.delFiles(bucket, [wrong]), { name: "Param", argument: "paths" });
  }
});
