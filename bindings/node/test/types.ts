// Is compiled with tsc --strict and never run. What must be refused says so.
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Client, CosError, Download, LOG_FAILURES, LOG_OFF, codeName, codes, useLibrary, version } from "libcos";
import type { ClientOptions, CosErrorName, Entry, FailedDeletion, UploadOptions } from "libcos";

const options: ClientOptions = { api: "v5", region: "ap-shanghai", threads: 100, retries: null };
const client: Client = new Client("1250000000", "id", "key", options);
const other: Client = Client.fromEnv({ config: "cos.conf", scheme: "http" });
const upload: UploadOptions = {
  insert_only: false, "x-cos-meta-of": "me", progress: (done, total) => done / total,
  signal: AbortSignal.timeout(1000), deadline_ms: 1000, storage_class: "STANDARD_IA",
};

export async function use(): Promise<void> {
  const said: string = version() + codeName(codes.NOT_FOUND);
  useLibrary(said);
  client.setLog(LOG_FAILURES, (level: number, line: string) => console.log(level, line));
  const info = (await client.statFile("b", "/f", { deadline_ms: 10 })).data;
  const size: number = info.filesize;
  const address: string | undefined = (await client.uploadFile("b", "/f", "f", upload)).data.access_url;
  await client.uploadFile("b", "/f", new URL("file:///f"), upload);
  const sent: number | undefined =
    (await client.uploadStream("b", "/f", -1, createReadStream("f"), upload)).transfer.sent_bytes;
  await client.uploadStream("b", "/f", 2, ["a", new Uint8Array(1)]);
  const download: Download = client.downloadStream("b", "/f", { range_start: 1 });
  await pipeline(download, process.stdout);
  const bytes: Buffer = await client.downloadBuffer("b", "/f");
  for await (const entry of client.entries("b", "/", { prefix: "a" })) {
    const path: string = entry.path;
    console.log(path, entry.filesize);
  }
  const left = (await client.deleteFiles("b", client.walk("b", "/"))).map(({ path, error }) => path + error.name);
  const failed: FailedDeletion[] = await client.deleteFiles("b", ["/a", "/b"], { concurrency: 8, signal: null });
  client.setLog(LOG_OFF);
  const url: string = client.presignGet("b", "/f", 60) + client.presignPut("b", "/f", 60).url;
  const infos: Pick<Entry, "name">[] = (await client.listFolder("b", "/", { all: true })).data.infos;
  const tree = (await client.downloadFolder("b", "/", "f")).data.files.map(({ action }) => action);
  const text: string | undefined = (await client.request("GET", "b", "/", { acl: "" })).data.body;
  console.log(size, address, sent, bytes, left, failed, url, infos, tree, text, other.api);

  // @ts-expect-error: no such option
  await client.uploadFile("b", "/f", "f", { insertOnly: false });
  // @ts-expect-error: a number is wanted
  await client.statFile("b", "/f", { retries: "1" });
  // @ts-expect-error: no such authority
  await client.updateFile("b", "/f", { authority: "public" });
  // @ts-expect-error: this option is of uploads
  await client.statFile("b", "/f", { progress: () => {} });
  // @ts-expect-error: headers are a plain object
  client.presignPut("b", "/f", 60, { headers: new Map([["a", "b"]]) });
  // @ts-expect-error: numbers are no bytes
  await client.uploadStream("b", "/f", 1, new Uint8Array(1));
  // @ts-expect-error: the secret key is missing
  new Client("1250000000", "id");
}

export function explain(error: unknown): CosErrorName | undefined {
  if (!(error instanceof CosError)) return undefined;
  if (error.name === "NotFound" || error.code === codes.FILE_EXISTS) return error.name;
  if (error.kind === "AccessDenied") return error.kind;
  const facts: [boolean, string | undefined, string | undefined] =
    [error.retryable, error.serverCode, error.requestId];
  const reason: string | undefined = error.errno;
  console.log(facts, reason, error.hint, error.reply.transfer?.bytes);
  // @ts-expect-error: no such name
  return error.name === "NotThere" ? error.name : undefined;
}
