// Lists page by page, and what is done with many files.
"use strict";

const { split } = require("./arguments");
const { checkLimits, timedOut } = require("./call");
const { codes } = require("./codes");
const { CosError, refused } = require("./errors");

// Files that one request deletes, and requests at a time where each deletes one.
const BATCH = 1000;
const CONCURRENCY = 8;

/** Limits that hold for several calls together: what is left of them for the next call. */
function sharedLimits(options) {
  const [{ signal, deadline_ms: deadline }, others] = split(options);
  checkLimits({ signal, deadline_ms: deadline });
  const begun = performance.now();
  const left = () => {
    signal?.throwIfAborted();
    if (deadline === undefined) return { signal };
    const rest = deadline - (performance.now() - begun);
    if (rest <= 0) throw timedOut(deadline);
    return { signal, deadline_ms: rest };
  };
  return [left, others];
}

async function* pages(client, bucket, path, options, left) {
  let { context } = options;
  for (;;) {
    const { data } = await client.listFolder(bucket, path, { ...options, context, ...left() });
    yield data.infos;
    // Some servers write flags as numbers, and numbers as strings.
    if ([true, 1, "1", "true"].includes(data.listover)) break;
    if (!data.context || data.context === context) {
      const message = "the list goes on and does not say where";
      throw new CosError(codes.NETWORK, { code: codes.NETWORK, message });
    }
    ({ context } = data);
  }
}

async function* entriesBelow(client, bucket, path, options, left) {
  for await (const infos of pages(client, bucket, path, options, left)) {
    for (const entry of infos) yield { ...entry, path: path + entry.name };
  }
}

/** The entries of one folder. */
async function* entries(client, bucket, path, options) {
  const [left, others] = sharedLimits(options);
  yield* entriesBelow(client, bucket, path, others, left);
}

async function* filesBelow(client, bucket, top, options, left) {
  const folders = [top];
  while (folders.length > 0) {
    const folder = folders.pop();
    try {
      for await (const entry of entriesBelow(client, bucket, folder, options, left)) {
        if (entry.name.endsWith("/")) folders.push(entry.path);
        else yield { ...entry, name: entry.path.slice(top.length) };
      }
    } catch (error) {
      // Others may delete folders meanwhile.
      if (folder === top || error.code !== codes.NOT_FOUND) throw error;
    }
  }
}

/** All files below a folder, with names from there on. */
async function* walk(client, bucket, path, options) {
  const [left, others] = sharedLimits(options);
  // The XML API has such a list, the JSON API one for each folder.
  if (client.api === "v5") {
    yield* entriesBelow(client, bucket, path, { ...others, recursive: true }, left);
  } else {
    yield* filesBelow(client, bucket, path, others, left);
  }
}

/** The path of a file, from itself or from an entry of a list. */
function pathOfFile(given) {
  const path = typeof given === "string" ? given : given?.path;
  if (typeof path !== "string") throw new TypeError(`paths are strings or entries, not a ${typeof given}`);
  // Nothing else can be written in XML so that it is the same file there.
  if (!/^\/(?!\/)[^\p{Cc}\p{Cs}\uFFFE\uFFFF]*[^/\p{Cc}\p{Cs}\uFFFE\uFFFF]$/u.test(path)) {
    throw refused("paths", `paths must be those of files, such as "/a.txt", not ${JSON.stringify(path)}`);
  }
  return path;
}

/** The paths of files, in arrays of at most so many. */
async function* batches(paths, most) {
  // Those of a string are its characters.
  const isList = typeof paths !== "string" && (paths?.[Symbol.asyncIterator] || paths?.[Symbol.iterator]);
  if (!isList) throw new TypeError("paths are an array or something else to go through");
  let batch = [];
  for await (const given of paths) {
    batch.push(pathOfFile(given));
    if (batch.length < most) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const CHARACTERS = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The text of an element in XML that has no other element of this name. */
function element(xml, name) {
  const [, text = ""] = new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(xml) ?? [];
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (all, decimal, hex, word) => {
    if (word) return CHARACTERS[word] ?? all;
    const number = decimal ? Number(decimal) : parseInt(hex, 16);
    return number < 0x110000 ? String.fromCodePoint(number) : all;
  });
}

/** XML API: deletes up to 1000 files with one request, and returns what is refused. */
async function deleteTogether(client, bucket, paths, options) {
  const keys = paths.map((path) =>
    `<Object><Key>${path.slice(1).replace(/[&<>]/g, (sign) => ENTITIES[sign])}</Key></Object>`);
  const order = `<Delete><Quiet>true</Quiet>${keys.join("")}</Delete>`;
  const headers = { "Content-Type": "application/xml" };
  const { data } = await client.request("POST", bucket, "/", { delete: "" }, headers, order, options);
  if (!data.body?.includes("<DeleteResult")) {
    throw new CosError(codes.NETWORK, { code: codes.NETWORK, message: "the answer to a deletion is none" });
  }
  return [...data.body.matchAll(/<Error>(.*?)<\/Error>/gs)].map(([, failure]) => {
    const server_code = element(failure, "Code");
    const code = server_code === "AccessDenied" ? codes.ACCESS_DENIED : codes.REFUSED;
    const error = { origin: "server", phase: "server", retryable: false, server_code };
    const reply = { code, message: element(failure, "Message"), error };
    return { path: `/${element(failure, "Key")}`, error: new CosError(code, reply) };
  });
}

/** Deletes files with a call for each, several at a time, and returns what is refused. */
async function deleteEach(client, bucket, paths, concurrency, options) {
  const failures = [];
  const next = paths.values();
  let isOver = false;
  const worker = async () => {
    for (const path of next) {
      if (isOver) return;
      try {
        await client.delFile(bucket, path, options());
      } catch (error) {
        if (error.code === codes.NOT_FOUND) continue;
        if (error instanceof CosError && error.phase === "server") {
          failures.push({ path, error });
        } else {
          isOver = true;
          throw error;
        }
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: concurrency }, worker));
  const failed = ends.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
  return failures;
}

function checkConcurrency(concurrency) {
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 64) {
    throw refused("concurrency", "concurrency must be a whole number from 1 to 64");
  }
  return concurrency;
}

/** Deletes files, and returns those that are still there. What is not there counts as deleted. */
async function deleteFiles(client, bucket, paths, given) {
  const [left, { concurrency, ...others }] = sharedLimits(given);
  const atATime = checkConcurrency(concurrency ?? CONCURRENCY);
  const options = () => ({ ...others, ...left() });
  const isByRequest = client.api === "v5";
  const failures = [];
  // What a page of the JSON API depends on is not known: a list is read to its end first.
  for await (const batch of batches(paths, isByRequest ? BATCH : Infinity)) {
    failures.push(...(isByRequest
      ? await deleteTogether(client, bucket, batch, options())
      : await deleteEach(client, bucket, batch, atATime, options)));
  }
  return failures;
}

module.exports = { deleteFiles, entries, walk };
