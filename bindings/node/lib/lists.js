// Lists page by page, and what is done with many files.
"use strict";

const { split, text } = require("./arguments");
const { checkLimits, timedOut } = require("./call");
const { codes } = require("./codes");
const { CosError } = require("./errors");

// Files that one request deletes.
const BATCH = 1000;

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
  return text(path);
}

/** The paths of files, in arrays of at most so many. The last may have none: what else is given is checked. */
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
  yield batch;
}

/** Deletes files with one call, and returns what is refused. */
async function deleteBatch(deleted, batch, options) {
  try {
    await deleted(batch, options);
    return [];
  } catch (error) {
    const failures = error instanceof CosError && error.phase === "server" && error.reply.data?.failures;
    if (!failures) throw error;
    return failures.map(({ path, code, message, server_code }) =>
      ({ path, error: new CosError(code, { code, message, error: { server_code } }) }));
  }
}

/** Deletes files, and returns those that are still there. What is not there counts as deleted. */
async function deleteFiles(deleted, api, paths, given) {
  const [left, others] = sharedLimits(given);
  const failures = [];
  // What a page of the JSON API depends on is not known: a list is read to its end first.
  for await (const batch of batches(paths, api === "v5" ? BATCH : Infinity)) {
    failures.push(await deleteBatch(deleted, batch, { ...others, ...left() }));
  }
  return failures.flat();
}

module.exports = { deleteFiles, entries, walk };
