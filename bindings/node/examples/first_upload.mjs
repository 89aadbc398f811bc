import { Client } from "libcos";

const [file, host = "localhost:9000"] = process.argv.slice(2);
const emulator = { api: process.env.COS_API ?? "v4", scheme: "http",
                   hostname: host, download_hostname: host };
const client = new Client("1250000000", "EXAMPLE_SECRET_ID",
                          "EXAMPLE_SECRET_KEY", emulator);
try {
  await client.uploadFile("private-bucket", "/first/你好.txt", file,
                          { insert_only: false });
  console.log(`uploaded ${file} to /first/你好.txt`);
  await theRest();
} finally {
  await client.close();
}

import { readFile } from "node:fs/promises";
import http from "node:http";
import { buffer } from "node:stream/consumers";
import { codeName } from "libcos";

async function theRest() {
  const folder = await client.listFolder("private-bucket", "/first/");
  for (const { name } of folder.data.infos) console.log(`listed ${name}`);

  const signed = client.signDownload("private-bucket", "/first/你好.txt", 60);
  await same("fetched", await fetched(signed.data.url), "from the signed URL");

  const copy = `${file}.copy`;
  await client.downloadFile("private-bucket", "/first/你好.txt", copy);
  await same("downloaded", await readFile(copy), `to ${copy}`);

  try {
    await client.statFile("private-bucket", "/first/no-such.txt");
  } catch (error) {
    console.log(`refused: ${codeName(error.code)} (${error.code}): ${error.reply.message}`);
    return;
  }
  throw new Error("no-such.txt is there");
}

async function same(what, bytes, where) {
  if (!bytes.equals(await readFile(file))) throw new Error(`${what}: other bytes`);
  console.log(`${what} ${bytes.length} bytes ${where}, the same`);
}

// Node's fetch goes past the proxy; http.get can be sent to it.
function fetched(url) {
  const { host, href } = new URL(url);
  const proxy = process.env.http_proxy;
  return new Promise((resolve, reject) => {
    const through = proxy ? http.get(proxy, { path: href, headers: { host } }) : http.get(href);
    through.on("response", (response) => resolve(buffer(response))).on("error", reject);
  });
}
