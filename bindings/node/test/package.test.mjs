import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";
import * as cos from "libcos";
import { account, api, bucket, connect, fetched, host, place, until } from "./support.mjs";

const require = createRequire(import.meta.url);

test("the first lines of the README run", async () => {
  const client = connect();
  await client.uploadBuffer(bucket, "/photos/b.jpg", "b", { insert_only: false });
  await client.close();
  const readme = readFileSync(join(require.resolve("libcos/package.json"), "../README.md"), "utf8");
  const [, lines] = /```js\n(.*?)```/s.exec(readme);
  const directory = mkdtempSync(join(tmpdir(), "cos-"));
  writeFileSync(join(directory, "a.jpg"), "picture");
  const program = lines
    .replace('"libcos"', JSON.stringify(require.resolve("libcos")))
    .replace('"SECRET_ID", "SECRET_KEY"', '"EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY"')
    .replace('{ region: "ap-shanghai" }', JSON.stringify(place))
    .replaceAll("mybucket", bucket);
  const run = promisify(execFile);
  const given = ["--input-type=module", "-e", program];
  const { stdout } = await run(process.execPath, given, { cwd: directory });
  assert.match(stdout, /^\/photos\/a\.jpg 7\n\/photos\/b\.jpg 1\nhttp:.*photos\/a\.jpg\?.* 7\n$/);
});

test("both kinds of modules have the same", () => {
  const required = require("libcos");
  for (const name of Object.keys(required)) assert.equal(cos[name], required[name], name);
  assert.equal(cos.version(), require("libcos/package.json").version);
});

test("every code of cos.h is there, with the name that the library has for it", () => {
  const header = readFileSync(process.env.COS_HEADER, "utf8");
  const declared = [...header.matchAll(/^ {2}(COS_OK|COS_ERR_\w+) = (-?\d+),/gm)];
  assert(declared.length > 40);
  assert.equal(Object.keys(cos.codes).length, declared.length);
  for (const [, name, number] of declared) {
    assert.equal(cos.codes[name.replace(/^COS_(ERR_)?/, "")], Number(number));
    assert.equal(cos.codeName(Number(number)), name);
  }
});

test("every option of cos.h is in the declarations, and described", () => {
  const header = readFileSync(process.env.COS_HEADER, "utf8");
  const types = readFileSync(join(require.resolve("libcos/package.json"), "../index.d.ts"), "utf8");
  const lines = header.matchAll(/^ \* - (`[^:]*):/gm);
  const names = [...lines].flatMap(([, list]) => [...list.matchAll(/`([a-z_0-9]+)`/g)]);
  const keys = new Set(names.map(([, key]) => key));
  // Fields of a failure are listed in the same way.
  const fields = "origin phase argument errno http_status attempts retryable hint server_code".split(" ");
  fields.forEach((field) => keys.delete(field));
  assert(keys.size > 40);
  for (const key of keys) {
    assert.match(types, new RegExp(`\\*/\\n  ${key}\\??: `), `${key} has no description`);
  }
});

test("a failure tells what is known of it", async () => {
  const client = connect({ retries: 0 });
  const error = await client.statFile(bucket, "/errors/missing").catch((error) => error);
  assert(error instanceof cos.CosError && error instanceof Error);
  const { name, code, retryable, httpStatus, attempts, phase } = error;
  assert.deepEqual({ name, code, retryable, httpStatus, attempts, phase },
    { name: "NotFound", code: cos.codes.NOT_FOUND, retryable: false, httpStatus: 404, attempts: 1, phase: "server" });
  assert.equal(typeof error.requestId, "string");
  assert.equal(error.serverCode, api === "v5" ? "NoSuchKey" : undefined);
  assert.match(error.stack, /package\.test\.mjs/);
  const missing = await client.uploadFile(bucket, "/errors/a", "/no such file").catch((error) => error);
  assert.deepEqual([missing.phase, missing.errno], ["local_file", "ENOENT"]);
  const wrong = new cos.Client("1250000000", "UNKNOWN", "KEY", place);
  const refused = await wrong.statFile(bucket, "/a").catch((error) => error);
  assert(refused.hint && refused.message.includes(refused.hint));
  const nobody = connect({ hostname: "localhost:1", retries: 0 });
  const unreachable = await nobody.statFile(bucket, "/a").catch((error) => error);
  assert.deepEqual([unreachable.name, unreachable.retryable], ["Connect", true]);
  const given = await client.uploadFile(bucket, "/a", "no such file").catch((error) => error);
  assert.deepEqual([given.name, given.argument, given.errno], ["Param", "local_path", "ENOENT"]);
  const taken = await client.downloadFile(bucket, "/errors/missing", "no such/file").catch((error) => error);
  assert.deepEqual([taken.argument, taken.errno], ["local_path", "ENOENT"]);
  await assert.rejects(client.statFile(bucket, "/a", { insert_only: 1 }), { argument: "insert_only" });
  await assert.rejects(client.updateFile(bucket, "/a", { biz_attr: 5 }), { argument: "biz_attr" });
  for (const options of [null, "ab", ["ab"], 5]) {
    await assert.rejects(client.statFile(bucket, "/a", options), /^TypeError: options are an object, not /);
  }
  // Half a character must not become the name of another file.
  await assert.rejects(client.uploadBuffer(bucket, "/a\ud800", "x"), /^TypeError: .* surrogate/);
  await Promise.all([client, wrong, nobody].map((each) => each.close()));
  await assert.rejects(client.statFile(bucket, "/a"), { name: "Param", argument: "client" });
});

test("no option gets lost on the way", async () => {
  const client = connect();
  const lost = [NaN, Infinity, () => 1, Symbol("1"), 1n, new Map(), new Headers({ a: "b" }), new Date()];
  for (const value of lost) {
    await assert.rejects(client.statFile(bucket, "/a", { retries: value }), /^TypeError: retries can't be /);
    assert.throws(() => client.setConfig({ retries: value }), TypeError);
    assert.throws(() => connect({ retries: value }), TypeError);
    assert.throws(() => client.signUrl("GET", bucket, "/a", 60, { headers: value }), TypeError);
    assert.throws(() => client.presignGet(bucket, "/a", 60, { headers: { a: value } }), TypeError);
    await assert.rejects(client.request("GET", bucket, "/", { acl: value }), TypeError);
    await assert.rejects(client.request("GET", bucket, "/", null, value), TypeError);
  }
  // Only uploads and downloads make progress.
  const progress = () => assert.fail("it is told");
  const others = [
    client.statFile(bucket, "/a", { progress }), client.exists(bucket, "/a", { progress }),
    client.entries(bucket, "/", { progress }).next(), client.walk(bucket, "/", { progress }).next(),
    client.deleteFiles(bucket, ["/a"], { progress }), client.request("GET", bucket, "/", null, null, null, { progress }),
  ];
  for (const call of others) await assert.rejects(call, /^TypeError: progress can't be a function/);
  const none = { signal: null, deadline_ms: null, progress: null, retries: null };
  await client.uploadBuffer(bucket, "/package/none", "x", { insert_only: false, ...none });
  await client.close();
});

test("bytes of another realm are bytes", async () => {
  const client = connect();
  const others = [new SharedArrayBuffer(3), runInNewContext("new ArrayBuffer(3)"),
    runInNewContext("new Uint8Array(3)")];
  for (const bytes of others) {
    await client.uploadBuffer(bucket, "/package/realm", bytes, { insert_only: false });
    assert.deepEqual(await client.downloadBuffer(bucket, "/package/realm"), Buffer.alloc(3));
  }
  await client.close();
});

test("a log that fails is a warning, and the call goes on", async () => {
  const warnings = [];
  const listen = (warning) => warnings.push(warning);
  process.on("warning", listen);
  const client = connect();
  const fails = [() => { throw new RangeError("broken log"); }, async () => { throw new RangeError("broken log"); }];
  for (const [i, fail] of fails.entries()) {
    client.setLog(cos.LOG_REQUESTS, fail);
    assert.equal((await client.uploadBuffer(bucket, "/package/log", "x", { insert_only: false })).code, 0);
    await until(() => warnings.length > i, "the warning");
    assert.match(warnings[i].message, /setLog/);
    assert.match(warnings[i].detail, /RangeError: broken log\n *at /);
  }
  const count = warnings.length;
  client.setLog(cos.LOG_REQUESTS, null);
  await client.uploadBuffer(bucket, "/package/log", "x", { insert_only: false });
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  assert.equal(warnings.length, count);
  await client.close();
});

test("the package may be loaded once more, as test runners do", async () => {
  const program = `
    const load = () => {
      for (const file of Object.keys(require.cache)) if (file.endsWith(".js")) delete require.cache[file];
      return require("libcos");
    };
    const clients = [load(), load()].map(({ Client }) => new Client(...JSON.parse(process.argv[1])));
    Promise.all(clients.map((client) => client.exists("private-bucket", "/package/none-at-all")))
      .then((found) => console.log(found.join()));`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["-e", program, JSON.stringify([...account, place])]);
  assert.equal(stdout, "false,false\n");
});

test("URLs are made for others", async () => {
  const client = connect();
  await client.uploadBuffer(bucket, "/package/a", "signed", { insert_only: false });
  assert.equal((await fetched(client.presignGet(bucket, "/package/a"))).text, "signed");
  const url = client.publicUrl("public-bucket", "/package/公.txt");
  assert(url.endsWith(`public-bucket-${account[0]}.${host}/package/${encodeURIComponent("公")}.txt`), url);
  await client.uploadBuffer("public-bucket", "/package/公.txt", "public", { insert_only: false });
  assert.equal((await fetched(url)).text, "public");
  const headers = { "Content-Type": "text/plain" };
  const sign = () => client.presignPut(bucket, "/package/put", 60, { headers });
  if (api === "v4") {
    assert.throws(sign, { name: "Param" });
  } else {
    const signed = sign();
    const put = await fetched(signed.url, { method: "PUT", headers: signed.headers, body: "put" });
    assert.equal(put.status, 200);
    assert.equal(String(await client.downloadBuffer(bucket, "/package/put")), "put");
  }
  await client.close();
});

test("the account comes from a file and the environment, as with the command", () => {
  const directory = mkdtempSync(join(tmpdir(), "cos-"));
  const file = join(directory, "cos.conf");
  const source = `
    import { Client } from ${JSON.stringify(require.resolve("libcos"))};
    try {
      const client = Client.fromEnv(JSON.parse(process.argv[2] ?? "{}"));
      const url = client.publicUrl("bucket", "/a");
      await client.close();
      console.log(url, client.api);
    } catch (error) {
      console.log(error.message);
    }`;
  const run = (environment, ...given) => {
    const env = { PATH: process.env.PATH, XDG_CONFIG_HOME: directory, ...environment };
    const program = ["--input-type=module", "-e", source, "-", ...given];
    return execFileSync(process.execPath, program, { env, encoding: "utf8" }).trim();
  };
  assert.match(run({}), /^no appid: set COS_APPID, or write appid = \.\.\. into .*cos\.conf$/);
  const lines = ["\uFEFF# mine", "", "appid = 77", "secret_id=ID", " secret_key = KEY ", "region = sh", "token = T"];
  writeFileSync(file, lines.join("\r\n"));
  assert.match(run({}), /unexpected|token/i, "a token is one of the XML API");
  assert.match(run({ COS_REGION: "ap-shanghai" }), /^https:\/\/bucket-77\..*\/a v5$/);
  // It belongs to the keys that it came with.
  assert.match(run({ COS_SECRET_ID: "OTHER" }), /^https:\/\/bucket-77\..*\/a v4$/);
  const options = JSON.stringify({ scheme: "http", region: "ap-beijing", token: null });
  const other = run({ COS_APPID: "88", COS_REGION: "" }, options);
  assert.match(other, /^http:\/\/bucket-88\.cos\.ap-beijing.* v5$/);
  // A profile is a section of the file.
  const base = "appid = '77'\nsecret_id = ID\nsecret_key = \"KEY\"\nregion = ap-shanghai\ntoken = T\n";
  writeFileSync(file, `${base}[ work ]\nappid = 78\nsecret_id = OTHER\nregion = sh\n[home]\nappid = 79\n`);
  assert.match(run({}), /^https:\/\/bucket-77\..*\/a v5$/);
  assert.match(run({ COS_PROFILE: "work" }), /^https:\/\/bucket-78\..*\/a v4$/);
  assert.match(run({ COS_PROFILE: "home" }), /^https:\/\/bucket-79\..*\/a v5$/);
  assert.match(run({ COS_PROFILE: "home" }, JSON.stringify({ profile: "work" })), /^https:\/\/bucket-78\./);
  assert.match(run({ COS_PROFILE: "none" }), /no section \[none\]$/);
  for (const line of ["secret_key = 'hidden", "secret_key = 'hidden' x", "[]"]) {
    writeFileSync(file, line);
    assert.match(run({}), /cos\.conf:1: this is not NAME = VALUE with a name from cos help$/);
  }
  writeFileSync(file, "appid = 77\nsecret_kei = KEY\n");
  assert.match(run({}), /cos\.conf:2: this is not NAME = VALUE/);
  assert.match(run({ COS_CONFIG: join(directory, "none") }), /ENOENT/);
  writeFileSync(file, Buffer.from("appid = 77\n", "utf16le"));
  assert.match(run({}), /cos\.conf: this is not UTF-8 text/);
  assert.throws(() => cos.Client.fromEnv({ config: file }), { name: "Param", argument: "config" });
  // What nobody named and can't be read is none, and a pipe is not waited for.
  unlinkSync(file);
  execFileSync("mkfifo", [file]);
  assert.match(run({}), /^no appid/);
});

test("another library is named by the environment, and what is wrong with it is told", () => {
  const program = `require("libcos").version()`;
  const run = (library) => execFileSync(process.execPath, ["-e", program], {
    env: { ...process.env, COS_LIBRARY: library }, encoding: "utf8", stdio: "pipe",
  });
  assert.throws(() => run("/no/such/libcos.so"), /\/no\/such\/libcos\.so/);
  assert.throws(() => run("libm.so.6"), /libm\.so\.6 has no cos_abi_version/);
  assert.throws(() => cos.useLibrary("/another"), /is loaded already/);
});
