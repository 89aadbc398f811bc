// However the process that started it ends, nothing of the emulator stays.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAM = `
const { start } = require("cos-emulator");
Promise.all([start(), start()]).then((emulators) => {
  console.log(...emulators.map(({ port }) => port));
  if (process.argv[1] === "stays") setInterval(() => {}, 1000);
});`;

function isThere(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false)).on("connect", () => socket.destroy());
  });
}

// One that forgets stop() must be able to end.
for (const what of ["ends", "stays"]) {
  test(`it ends with the process: ${what}`, async () => {
    const directory = mkdtempSync(join(tmpdir(), "end-"));
    try {
      const child = spawn(process.execPath, ["-e", PROGRAM, what], {
        env: { ...process.env, TMPDIR: directory }, stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = new Promise((resolve) => child.on("exit", resolve));
      const line = await new Promise((resolve) => child.stdout.once("data", resolve));
      const ports = line.toString().trim().split(" ").map(Number);
      assert.equal(ports.length, 2);
      if (what === "stays") {
        assert.deepEqual(await Promise.all(ports.map(isThere)), [true, true]);
        assert.equal(readdirSync(directory).length, 2);
        child.kill("SIGKILL");
      }
      await ended;
      // The port is closed first, the directory goes last.
      const end = Date.now() + 60000;
      while ((await Promise.all(ports.map(isThere))).includes(true) || readdirSync(directory).length > 0) {
        assert(Date.now() < end, `${readdirSync(directory)}`);
        await sleep(10);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}
