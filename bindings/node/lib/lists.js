// Lists page by page, and what is done with many files.
"use strict";

const { split } = require("./arguments");
const { checkLimits, timedOut } = require("./call");
const { codes } = require("./codes");
const { CosError, refused } = require("./errors");

// Files that are deleted at a time.
const CONCURRENCY = 4;

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

/** Does something with each of them, several at a time, until the first exception. */
async function forEach(values, concurrency, work) {
  // Those of a string are its characters.
  const begin = typeof values === "string" ? null : values?.[Symbol.asyncIterator] ?? values?.[Symbol.iterator];
  if (typeof begin !== "function") throw new TypeError("paths are an array or something else to go through");
  const given = begin.call(values);
  let isOver = false;
  const worker = async () => {
    while (!isOver) {
      const { value, done } = await given.next();
      if (done) isOver = true;
      else if (!isOver) await work(value);
    }
  };
  const workers = Array.from({ length: concurrency }, () => worker().catch((error) => {
    isOver = true;
    throw error;
  }));
  const ends = await Promise.allSettled(workers);
  await given.return?.();
  const failed = ends.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
}

function checkConcurrency(concurrency = CONCURRENCY) {
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 64) {
    throw new RangeError("concurrency must be a whole number from 1 to 64");
  }
  return concurrency;
}

/** Deletes files, and collects what the service refuses. What is not there counts as missing. */
async function deleteFiles(client, bucket, paths, { concurrency, ...options }) {
  const [left, others] = sharedLimits(options);
  const told = { deleted: 0, missing: 0, failures: [] };
  await forEach(paths, checkConcurrency(concurrency), async (given) => {
    const path = typeof given === "string" ? given : given?.path;
    if (typeof path !== "string") throw new TypeError(`paths are strings or entries, not a ${typeof given}`);
    if (!/^\/.*[^/]$/s.test(path)) {
      throw refused("paths", `paths must be those of files, such as "/a.txt", not ${JSON.stringify(path)}`);
    }
    try {
      await client.delFile(bucket, path, { ...others, ...left() });
      told.deleted++;
    } catch (error) {
      if (!(error instanceof CosError) || error.code === codes.CONNECT) throw error;
      if (error.code === codes.NOT_FOUND) told.missing++;
      else told.failures.push({ path, error });
    }
  });
  return told;
}

module.exports = { deleteFiles, entries, walk };
