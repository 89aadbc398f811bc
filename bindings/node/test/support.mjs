// A client of the emulator, and the emulator's faults. COS_TEST_HOST is where it listens, COS_API which
// API is used.
import http from "node:http";
import { text } from "node:stream/consumers";
import { Client } from "libcos";

export const host = process.env.COS_TEST_HOST;
export const api = process.env.COS_API ?? "v4";
export const bucket = "private-bucket";
export const account = ["1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY"];
export const place = { api, scheme: "http", hostname: host, download_hostname: host };

export function connect(options) {
  return new Client(...account, { ...place, region: "sh", ...options });
}

/** Makes requests go wrong whose path has this in it, and whose operation is this, if it is given. */
export async function fault(path, action, { op, times = null } = {}) {
  const body = JSON.stringify({ op, path, times, action });
  const reply = await fetch(`http://${host}/_emulator/faults`, { method: "POST", body });
  if (!reply.ok) throw new Error(await reply.text());
}

/** Waits until a condition holds. */
export async function until(holds, what) {
  const due = performance.now() + 60000;
  while (!await holds()) {
    if (performance.now() > due) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Fetches a URL of the emulator, whose names lead to this machine wherever they are looked up. */
export function fetched(url, { method = "GET", headers, body } = {}) {
  const { host: named, pathname, search } = new URL(url);
  const [hostname, port] = host.split(":");
  const options = { hostname, port, method, path: pathname + search, headers: { host: named, ...headers } };
  return new Promise((resolve, reject) => {
    const request = http.request(options, async (response) => {
      resolve({ status: response.statusCode, text: await text(response) });
    });
    request.on("error", reject).end(body);
  });
}
