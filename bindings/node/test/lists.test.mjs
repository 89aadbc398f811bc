import assert from "node:assert/strict";
import { after, test } from "node:test";
import { CosError, codes } from "libcos";
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
  const paths = Array.from({ length: 9 }, (_, i) => `/lists-old/${i % 2}/${i}${api === "v5" ? " <&>" : ""}`);
  const upload = () => Promise.all(paths.map((path) =>
    client.uploadBuffer(bucket, path, "x", { insert_only: false })));
  await upload();
  const walked = await client.deleteFiles(bucket, client.walk(bucket, "/lists-old/", { num: 2 }), { concurrency: 3 });
  assert.deepEqual(walked, []);
  for (const path of paths) assert.equal(await client.exists(bucket, path), false, path);

  await upload();
  if (api === "v4") {
    await fault(paths[3], { type: "code", code: -5999 }, { op: "delete" });
  } else {
    const failure = "<Key>lists-old/1/3 &lt;&amp;&#62;</Key><Code>AccessDenied</Code><Message>no</Message>";
    const body = `<?xml version="1.0"?><DeleteResult xmlns="x"><Error>${failure}</Error></DeleteResult>`;
    await fault("", { type: "reply", status: 200, content_type: "application/xml", body,
      headers: { "x-cos-request-id": "1" } }, { op: "delete_objects", times: 1 });
  }
  const [{ path, error }, ...others] = await client.deleteFiles(bucket, paths);
  assert.deepEqual([path, others], [paths[3], []]);
  assert(error instanceof CosError);
  assert.equal(error.code, api === "v4" ? codes.REQUEST_PARAM : codes.ACCESS_DENIED);
  assert.equal(error.kind, api === "v4" ? "RequestParam" : "AccessDenied");
  assert.equal(error.serverCode, api === "v4" ? undefined : "AccessDenied");
  assert(error.message);

  const nowhere = await client.deleteFiles("no-such-bucket", ["/a", "/b"]);
  assert.deepEqual(nowhere.map(({ path, error }) => [path, error.name]), [["/a", "NoBucket"], ["/b", "NoBucket"]]);
});

test("a deletion that finds no server fails", async () => {
  const nobody = connect({ hostname: "localhost:1", retries: 0 });
  await assert.rejects(nobody.deleteFiles(bucket, ["/a", "/b"]), { name: "Connect" });
  await nobody.close();
});

test("what can't be the paths of files is refused before anything is deleted", async () => {
  for (const concurrency of [0, 65, "1"]) {
    await assert.rejects(client.deleteFiles(bucket, [], { concurrency }), { argument: "concurrency" });
  }
  assert.deepEqual(await client.deleteFiles(bucket, []), []);
  for (const wrong of ["/a", 5, null, [5], [null]]) {
    await assert.rejects(client.deleteFiles(bucket, wrong), /^TypeError: paths are /);
  }
  await client.uploadBuffer(bucket, "/lists-kept", "x", { insert_only: false });
  // XML turns CR into LF, which is another file; the service says of "//a" that it is deleted, and keeps it.
  for (const wrong of ["a", "/", "/a/", "//a", "/a\r", "/a\x85"]) {
    const refused = { name: "Param", argument: "cos_paths" };
    await assert.rejects(client.deleteFiles(bucket, ["/lists-kept", wrong]), refused);
  }
  for (const wrong of ["/a\0", "/a\ud800b"]) {
    await assert.rejects(client.deleteFiles(bucket, ["/lists-kept", wrong]), /^TypeError: a string contains /);
  }
  assert(await client.exists(bucket, "/lists-kept"));
});

if (api === "v5") {
  test("a thousand files are deleted by one request", async () => {
    const lines = [];
    const logged = connect();
    logged.setLog(2, (level, line) => lines.push(line));
    const paths = function* () {
      for (let i = 0; i < 1001; i++) yield `/lists-none/${i}`;
    };
    assert.deepEqual(await logged.deleteFiles(bucket, paths()), []);
    await logged.close();
    assert.equal(lines.length, 2);
  });

  test("an answer that tells of no deletion is none", async () => {
    await fault("", { type: "reply", status: 200, content_type: "application/xml", body: "<html/>",
      headers: { "x-cos-request-id": "1" } }, { op: "delete_objects", times: 1 });
    await assert.rejects(client.deleteFiles(bucket, ["/lists-none/a", "/lists-none/b"]), { name: "Network" });
  });
}
