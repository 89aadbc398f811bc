// Names of options and fields are those of the emulator, whose README.md says more about each.

/// <reference types="node" />

/** "v5" is the XML API, "v4" the JSON API. */
export type Api = "v4" | "v5";

/** An account and its keys. */
export interface Credential {
  appid: string;
  secret_id: string;
  secret_key: string;
}

/** Keys that work with their token only, until `expires`, a UNIX time. */
export interface TemporaryKey extends Credential {
  token: string;
  expires?: number;
}

/** A bucket to begin with: its name without the appid, and what differs from a private one in ap-shanghai. */
export interface BucketConfig {
  name: string;
  public?: boolean;
  region?: string;
  appid?: string;
}

/** What an emulator can be started with. */
export interface StartOptions {
  /** Names, or more about each ("private-bucket" and "public-bucket"). */
  buckets?: readonly (string | BucketConfig)[];
  /** Accounts; the first is the one that the properties tell (appid 1250000000). */
  credentials?: readonly Credential[];
  /** For the XML API (none). */
  temporary_keys?: readonly TemporaryKey[];
  /** Those of the emulator's README.md that differ from their defaults. */
  settings?: Readonly<Record<string, unknown>>;
  /** The directory where objects are kept, which stays (a new one, which goes with the emulator). */
  data?: string | URL;
  /** (A free one.) */
  port?: number;
}

/** How a connection ends: FIN, RST, or silence. */
export type End = "close" | "reset" | "hang";

interface Executed {
  /** Whether the operation is carried out all the same (false). */
  execute?: boolean;
}

/** What each action takes. */
export interface FaultActions {
  reply: Executed & {
    status: number; content_type?: string; body?: string; size?: number; headers?: Record<string, string>;
  };
  code: Executed & { code: number; status?: number; message?: string };
  error: Executed & { code: string; status?: number; message?: string };
  header: { name: string; value?: string };
  redirect: { location: string; status?: number };
  drop: { after?: number; end?: End };
  delay: { ms: number };
  /** The reply comes when the faults are cleared. */
  hold: {};
  withhold: {};
  lose_reply: { end?: End };
  cut: { after: number; of?: "body" | "reply"; end?: End };
  drip: { interval_ms: number; bytes?: number };
  wrong_length: { delta: number };
  garbage: { text?: string };
  corrupt: { at?: number };
  close_after_reply: { end?: End };
}

/** Which requests a fault strikes: all that match everything given. */
export interface FaultMatcher {
  /** A value of `op=`, "download", "accept", or an operation of the XML API such as "put_object". */
  op?: string;
  /** A part of the decoded path. */
  path?: string;
  method?: string;
  /** That of a slice, or the start of a download's range. */
  offset?: number;
  /** The number of a part. */
  part?: number;
  /** How many that match pass first (0). */
  skip?: number;
  /** How often it happens, null for ever (1). */
  times?: number | null;
}

/** A fault that is still to happen. */
export interface Fault {
  op: string | null;
  path: string | null;
  method: string | null;
  offset: number | null;
  part: number | null;
  skip: number;
  times: number | null;
  action: { type: keyof FaultActions } & Record<string, unknown>;
}

/** What was asked and answered. */
export interface LoggedRequest {
  /** Counts requests from 1. */
  sequence: number;
  /** Counts connections from 1: equal numbers mean a reused one. */
  connection: number;
  method: string;
  /** As it was sent, with its query. */
  target: string;
  /** Decoded. */
  path: string;
  /** The operation, by its name in `FaultMatcher.op`. */
  op: string;
  host: string;
  /** The HTTP status of the answer, if there was one. */
  status: number | null;
  /** The code of the JSON API that was answered. */
  code: number | null;
  /** The error word of the XML API that was answered. */
  word: string | null;
  /** Why it was refused. */
  detail: string | null;
  offset: number | null;
  part: number | null;
  body_bytes: number;
  range: string | null;
  user_agent: string | null;
  sign: "once" | "multi" | null;
  sign_place: "header" | "query" | null;
  /** The fault that struck, as JSON. */
  fault: string | null;
  started_ms: number;
  finished_ms: number | null;
}

/** What a list tells of an object. */
export interface StoredObject {
  key: string;
  size: number;
  /** Without quotes; the SHA-1 of what the JSON API wrote. */
  etag: string;
  /** The content headers and the metadata it was stored with. */
  headers: Record<string, string>;
  /** A UNIX time. */
  modified: number;
}

/**
 * A bucket, and its objects without a client: nothing of that is logged, and no fault strikes it. A key
 * is the name of an object, without a slash in front.
 */
export declare class Bucket {
  private constructor();
  /** Without the appid, as libcos has it. */
  readonly name: string;
  readonly appid: string;
  /** As the official SDKs write it: "private-bucket-1250000000". */
  readonly fullName: string;
  readonly region: string;
  readonly public: boolean;
  /** Stores an object; text as UTF-8. `headers` are those of the XML API: Content-Type, x-cos-meta-… */
  put(key: string, content: string | Uint8Array, headers?: Readonly<Record<string, string>>): Promise<void>;
  /** The content of an object, which has to be there. */
  get(key: string): Promise<Buffer>;
  /** Deletes an object, if it is there. */
  delete(key: string): Promise<void>;
  /** The objects whose keys begin with the prefix, in the order of their keys. */
  list(prefix?: string): Promise<StoredObject[]>;
  /** Their keys alone. */
  keys(prefix?: string): Promise<string[]>;
}

/** A running emulator. It ends by `stop()`, and at the latest with this process, however that ends. */
export declare class Emulator {
  private constructor();
  readonly port: number;
  /** Where it is: "127.0.0.1:PORT". */
  readonly host: string;
  /** The same with "http://"; it is also the HTTP proxy that leads there. */
  readonly url: string;
  readonly appid: string;
  readonly secretId: string;
  readonly secretKey: string;
  /** The first bucket. */
  readonly bucket: Bucket;
  /** All, by their names without the appid. */
  readonly buckets: Readonly<Record<string, Bucket>>;
  /** For libcos: `new Client(emulator.appid, emulator.secretId, emulator.secretKey, emulator.options())`. */
  options(api?: Api): { api: Api; scheme: "http"; hostname: string; download_hostname: string };
  /** For programs that read COS_… from the environment. */
  environment(api?: Api): Record<`COS_${string}`, string>;
  /** For the official SDK: `new COS(emulator.sdkOptions())`. */
  sdkOptions(): { SecretId: string; SecretKey: string; Protocol: "http:"; Proxy: string };
  /** Makes the next request that matches fail: `inject("error", { op: "put_object", code: "SlowDown" })`. */
  inject<Action extends keyof FaultActions>(
    action: Action,
    ...details: {} extends FaultActions[Action]
      ? [(FaultMatcher & FaultActions[Action])?]
      : [FaultMatcher & FaultActions[Action]]
  ): Promise<void>;
  /** The faults that are still to happen. */
  faults(): Promise<Fault[]>;
  /** Disarms all faults. */
  clearFaults(): Promise<void>;
  /** What was asked so far, oldest first; of one operation, such as "put_object". */
  requests(op?: string): Promise<LoggedRequest[]>;
  /** Forgets what was asked so far. */
  clearRequests(): Promise<void>;
  /** Changes settings; resolves to all of them. */
  settings(changes?: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
  /** The state of the start: no faults, no objects, nothing in the log, the first settings. */
  reset(): Promise<void>;
  /** Ends it. Once is enough, more do no harm. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The program could not be started, or has refused what it was asked for. */
export declare class EmulatorError extends Error {}

/** Starts an emulator; it listens when the promise is resolved. */
export declare function start(options?: StartOptions): Promise<Emulator>;
