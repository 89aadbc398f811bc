// An HTTP service that keeps files in COS: bytes flow through, none stay in memory or on the disk.
//
//   export COS_APPID=... COS_SECRET_ID=... COS_SECRET_KEY=... COS_REGION=ap-shanghai
//   BUCKET=mybucket node service.mjs
//   curl -T photo.jpg localhost:8080/photos/photo.jpg
//   curl localhost:8080/photos/photo.jpg -o copy.jpg
//   curl localhost:8080/photos/                         # a list
//   curl -X DELETE localhost:8080/photos/photo.jpg

import http from "node:http";
import { pipeline } from "node:stream/promises";
import { Client, CosError, codes } from "libcos";

const bucket = process.env.BUCKET ?? "private-bucket";
const client = Client.fromEnv({ threads: 200, max_idle_connections: 200 });

// An upload has 3 MiB in memory then: the default, 40 MiB, is too much for 200 at a time. The largest whose
// length nobody knows has 10000 slices.
const frugal = { slice_size: 1 << 20, concurrency: 2 };

const statuses = new Map([
  [codes.PARAM, 400],
  [codes.NOT_FOUND, 404],
  [codes.FILE_EXISTS, 409],
  [codes.RATE_LIMITED, 503],
]);

const methods = { PUT: upload, GET: download, HEAD: describe, DELETE: remove };

async function upload(request, response, path, signal) {
  const length = request.headers["content-length"];
  if (length === undefined && client.api === "v4") return answer(response, 411, "a length is needed");
  const size = length === undefined ? -1 : Number(length);
  const content_type = request.headers["content-type"];
  await client.uploadStream(bucket, path, size, request, { ...frugal, insert_only: false, content_type, signal });
  return answer(response, 201, "stored");
}

async function describe(request, response, path, signal) {
  const { data } = await client.statFile(bucket, path, { signal });
  response.writeHead(200, {
    "Content-Length": data.filesize,
    "Content-Type": data.custom_headers?.["Content-Type"] ?? "application/octet-stream",
    "Last-Modified": new Date(data.mtime * 1000).toUTCString(),
  });
  if (request.method === "HEAD") response.end();
}

async function download(request, response, path, signal) {
  if (path.endsWith("/")) return list(response, path, signal);
  await describe(request, response, path, signal);
  // An error from here on cuts the answer off, so that nobody takes it for the whole file.
  return pipeline(client.downloadStream(bucket, path), response, { signal });
}

async function list(response, folder, signal) {
  response.writeHead(200, { "Content-Type": "application/x-ndjson" });
  async function* lines() {
    for await (const { path, filesize } of client.walk(bucket, folder, { signal })) {
      yield `${JSON.stringify({ path, filesize })}\n`;
    }
  }
  return pipeline(lines, response, { signal });
}

async function remove(request, response, path, signal) {
  await client.delFile(bucket, path, { signal });
  return answer(response, 200, "deleted");
}

function answer(response, status, message) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(`${JSON.stringify({ message })}\n`);
}

function refuse(response, error) {
  if (response.headersSent || response.destroyed) return response.destroy();
  const isOfCos = error instanceof CosError;
  const status = error instanceof URIError ? 400 : statuses.get(error.code) ?? (isOfCos ? 502 : 500);
  if (status >= 500) console.error(isOfCos ? `${error.name} (${error.code}): ${error.message}` : error);
  return answer(response, status, isOfCos ? error.reply.message : error.message);
}

const server = http.createServer(async (request, response) => {
  // Whoever asked has gone away: nobody needs the rest.
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  try {
    const path = decodeURIComponent(new URL(request.url, "http://service").pathname);
    const method = methods[request.method];
    if (method) await method(request, response, path, gone.signal);
    else answer(response, 405, "no such method");
  } catch (error) {
    refuse(response, error);
  }
});

server.listen(Number(process.env.PORT ?? 8080), () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});

process.once("SIGTERM", () => {
  server.close(() => client.close());
});
