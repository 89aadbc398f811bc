#!/usr/bin/env node
// Writes the codes of cos.h for JavaScript and TypeScript: codes.mjs COS_H DIRECTORY
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [header, directory] = process.argv.slice(2);
const text = readFileSync(header, "utf8");
const [, body] = /typedef enum \{([^}]*)\} cos_code;/.exec(text);
const codes = [...body.matchAll(/\/\*\*(.*?)\*\/\s*COS_(?:ERR_)?(\w+) = (-?\d+)/gs)].map(
  ([, comment, name, number]) => ({ comment: comment.replace(/\s*\n\s*\*\s*/g, " ").trim(), name, number }));

const values = codes.map(({ name, number }) => `  ${name}: ${number},\n`).join("");
writeFileSync(join(directory, "codes.js"), `"use strict";\n
// Made from cos.h.
exports.codes = Object.freeze({\n${values}});\n`);

const types = codes.map(({ comment, name, number }) =>
  `  /** ${comment} */\n  readonly ${name}: ${number};\n`).join("");
const pascal = (name) =>
  name.toLowerCase().replace(/(?:^|_)(.)/g, (_, letter) => letter.toUpperCase());
const names = codes.filter(({ name }) => name !== "OK").map(({ name }) => `\n  | "${pascal(name)}"`);
writeFileSync(join(directory, "codes.d.ts"), `// Made from cos.h.

/** What the codes of a CosError mean. A server may send others. */
export declare const codes: {\n${types}};

/** The names that errors have. "ServerError" is a server's code without a name here. */
export type CosErrorName =${names.join("")}\n  | "ServerError";\n`);
