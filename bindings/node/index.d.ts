// Options and replies have the names of cos.h, which says more about each.

/// <reference types="node" />

import type { Readable } from "node:stream";
import type { CosErrorName } from "./lib/codes";

export { codes } from "./lib/codes";
export type { CosErrorName } from "./lib/codes";

/** The version of the library that is loaded. */
export declare function version(): string;

/** The name of a code in cos.h, such as "COS_ERR_NOT_FOUND". */
export declare function codeName(code: number): string;

/**
 * Names the file of libcos to load in place of the one in this package, before the first client is
 * made. The variable COS_LIBRARY of the environment does the same.
 */
export declare function useLibrary(file: string): void;

/** No lines. */
export declare const LOG_OFF: 0;
/** A line for every request that failed. */
export declare const LOG_FAILURES: 1;
/** A line for every request. */
export declare const LOG_REQUESTS: 2;

// What a call takes.

/** What every call takes. */
export interface CallOptions {
  /** Ends the call when it is aborted, with its reason. */
  signal?: AbortSignal | null | undefined;
  /** Milliseconds for the call as a whole; then it ends with a DOMException named "TimeoutError". */
  deadline_ms?: number | null | undefined;
  /** Milliseconds that a request may make no progress, 1 to 86400000 (300000). */
  timeout_ms?: number | null | undefined;
  /** How often a failed request is repeated, 0 to 10 (3). */
  retries?: number | null | undefined;
}

/** What every upload and download takes. */
export interface TransferOptions extends CallOptions {
  /** Told of the bytes that are done and of those in all; 0 while that is not known. What it throws ends the call. */
  progress?: ((done: number, total: number) => void) | null | undefined;
}

/** Settings of a client that can be changed later. */
export interface ClientSettings {
  /** "ap-shanghai" or another region's name; for the JSON API "sh", "gz", "tj", "sgp" or another short name. */
  region?: string | null | undefined;
  /** What came with temporary keys, for the XML API. */
  token?: string | null | undefined;
  /** The scheme of requests ("https"). */
  scheme?: "http" | "https" | null | undefined;
  /** `host[:port]` of requests, in place of the region's. */
  hostname?: string | null | undefined;
  /** `host[:port]` of downloads with the JSON API; `bucket-appid.` is put in front of it. */
  download_hostname?: string | null | undefined;
  /** Milliseconds that a request may make no progress, 1 to 86400000 (300000). */
  timeout_ms?: number | null | undefined;
  /** Milliseconds for a connection: look-up of the name, proxy and TLS included (10000). */
  connect_timeout_ms?: number | null | undefined;
  /** Seconds that the signature of a request is valid, at most 7776000 (300). */
  sign_expired?: number | null | undefined;
  /** How often a failed request is repeated, 0 to 10 (3). */
  retries?: number | null | undefined;
  /** A PEM file with certificates to trust besides the bundled roots. */
  ca_file?: string | null | undefined;
  /** `http://[user:password@]host:port`; the environment is never asked. */
  proxy?: string | null | undefined;
  /** The header User-Agent ("libcos/VERSION"). */
  user_agent?: string | null | undefined;
  /** How many connections are kept open between calls, 0 to 1024 (32). */
  max_idle_connections?: number | null | undefined;
}

/** Options of a new client. */
export interface ClientOptions extends ClientSettings {
  /** "v4" for the JSON API, "v5" for the XML API; by default the region tells: names with "-" are the XML API's. */
  api?: "v4" | "v5" | null | undefined;
  /** Calls that run at a time, each on a thread of its own, 1 to 65536 (500); others wait. */
  threads?: number | undefined;
}

/** Options of a client whose account comes from the environment. */
export interface EnvOptions extends ClientOptions {
  /** The configuration file, in place of COS_CONFIG and of ~/.config/cos.conf. */
  config?: string | undefined;
  /** The section of that file which counts, in place of COS_PROFILE. What stands in it wins over the environment. */
  profile?: string | undefined;
}

/** Who may read or write a file: as the bucket, only the owner, or everybody may read. */
export type Authority = "eInvalid" | "eWRPrivate" | "eWPrivateRPublic";

/** Headers of a file, which downloads return. */
export interface FileHeaders {
  /** The header Cache-Control. */
  cache_control?: string | null | undefined;
  /** The header Content-Type. */
  content_type?: string | null | undefined;
  /** The header Content-Language. */
  content_language?: string | null | undefined;
  /** The header Content-Disposition. */
  content_disposition?: string | null | undefined;
  /** The header Content-Encoding. */
  content_encoding?: string | null | undefined;
  /** A header of the program's own. */
  [header: `x-cos-meta-${string}`]: string | null | undefined;
}

/** Options of an update of a file. All headers are replaced together. */
export interface UpdateFileOptions extends CallOptions, FileHeaders {
  /** Text that the program stores with the file. */
  biz_attr?: string | null | undefined;
  /** Who may read or write the file. */
  authority?: Authority | null | undefined;
  /** 0 allows everything, 1 forbids access, 2 forbids writing; with the JSON API alone. */
  forbid?: 0 | 1 | 2 | null | undefined;
  /** Removes all headers; not together with any of them (false). */
  clear_headers?: boolean | null | undefined;
}

/** Options of a question about a file. */
export interface StatOptions extends CallOptions {
  /** Asks who may read the file, with the XML API by a request of its own (true). */
  with_authority?: boolean | null | undefined;
}

/** Options of a deletion. */
export interface DeleteFileOptions extends CallOptions {
  /** Deletes only a file whose content has this SHA-1, CRC-64 or ETag, as a transfer has told it. */
  if_match?: string | null | undefined;
}

/** Options of a copy or a move. */
export interface CopyOptions extends CallOptions {
  /** Replaces a file at the destination (false). */
  overwrite?: boolean | null | undefined;
  /** The bucket of the destination, in the client's region, with the XML API alone (the same). */
  dest_bucket?: string | null | undefined;
  /** The region of the file's bucket if it is not the client's, with the XML API alone. */
  source_region?: string | null | undefined;
}

/** Options of a new folder. */
export interface FolderOptions extends CallOptions {
  /** Text that the program stores with the folder. */
  biz_attr?: string | null | undefined;
}

/** Options of an update of a folder. */
export interface UpdateFolderOptions extends CallOptions {
  /** Text that the program stores with the folder. */
  biz_attr: string;
}

/** Options of the deletion of a folder. */
export interface DeleteFolderOptions extends CallOptions {
  /** Deletes everything below the folder first, for good (false). */
  recursive?: boolean | null | undefined;
  /** With `recursive`, deletions under way at a time, 1 to 64 (4). */
  concurrency?: number | null | undefined;
}

/** Options of the deletion of many files. */
export interface DeleteFilesOptions extends CallOptions {
  /** JSON API: deletions under way at a time, 1 to 64 (4). The XML API deletes 1000 files by one request. */
  concurrency?: number | null | undefined;
}

/** Options of the entries of a folder. */
export interface EntriesOptions extends CallOptions {
  /** Entries a page, 1 to 1000; some servers take no more than 199 (199). */
  num?: number | null | undefined;
  /** Only entries whose name starts with this. */
  prefix?: string | null | undefined;
  /** Where to go on: `context` of an earlier page. */
  context?: string | null | undefined;
  /** Passed to the server as it is ("/" with the XML API). */
  delimiter?: string | null | undefined;
}

/** Options of a list. */
export interface ListOptions extends EntriesOptions {
  /** Lists the files of all folders below, and no folders; with the XML API alone (false). */
  recursive?: boolean | null | undefined;
  /** With `recursive`, lists also the folders that were created (false). */
  folders?: boolean | null | undefined;
  /** Returns all entries in one reply, at most 64 MiB of them (false). */
  all?: boolean | null | undefined;
}

/** Options of all files below a folder. */
export interface WalkOptions extends CallOptions {
  /** Entries a page, 1 to 1000; some servers take no more than 199 (199). */
  num?: number | null | undefined;
}

/** Options of an upload. */
export interface UploadOptions extends TransferOptions, FileHeaders {
  /** Fails with FILE_EXISTS if there is a file; false replaces it (true). */
  insert_only?: boolean | null | undefined;
  /** Text that the program stores with the file. */
  biz_attr?: string | null | undefined;
  /** Bytes a slice (1048576; with the XML API 8388608). */
  slice_size?: number | null | undefined;
  /** Bytes from which a file is sliced (8388608; with the XML API 16777216). */
  slice_threshold?: number | null | undefined;
  /** Slices under way at a time, 1 to 64 (4). */
  concurrency?: number | null | undefined;
  /** Verifies the SHA-1; with the XML API the CRC-64 (true). */
  verify_sha1?: boolean | null | undefined;
  /** Continues an unfinished upload (true). */
  resume?: boolean | null | undefined;
  /** Who may read or write the file. */
  authority?: Authority | null | undefined;
  /** Such as "STANDARD_IA"; with the XML API alone. */
  storage_class?: string | null | undefined;
  /** Such as "year=2024&kind=log"; with the XML API alone. */
  tagging?: string | null | undefined;
  /** Bits a second, 819200 to 838860800, for each request; with the XML API alone. */
  traffic_limit?: number | null | undefined;
  /** Sends the MD5 of what each request carries; with the XML API alone (false). */
  content_md5?: boolean | null | undefined;
}

/** Options of the upload of a directory: `insert_only` is false unless it is given. */
export type UploadFolderOptions = UploadOptions;

/** Options of a download to memory or a stream. */
export interface DownloadOptions extends TransferOptions {
  /** The first byte wanted, counted from 0 (0). */
  range_start?: number | null | undefined;
  /** The last byte wanted (the last). */
  range_end?: number | null | undefined;
  /** Ranges under way at a time, 1 to 64; of a stream one (4). */
  concurrency?: number | null | undefined;
  /** Verifies the SHA-1 that the server states; with the XML API the CRC-64 (true). */
  verify_sha1?: boolean | null | undefined;
  /** Bits a second, 819200 to 838860800, for each request; with the XML API alone. */
  traffic_limit?: number | null | undefined;
}

/** Options of a download to a file. */
export interface DownloadFileOptions extends DownloadOptions {
  /** Replaces a local file (true). */
  overwrite?: boolean | null | undefined;
  /** Continues a download that was broken off (true). */
  resume?: boolean | null | undefined;
  /** What a list has shown of the file: nothing is fetched if the local file has that content. */
  listed?: ListedEntry | null | undefined;
  /** With `listed`, false only compares (true). */
  fetch?: boolean | null | undefined;
}

/** Options of the download of a folder. */
export interface DownloadFolderOptions extends TransferOptions {
  /** Replaces local files that differ (true). */
  overwrite?: boolean | null | undefined;
  /** Verifies every file (true). */
  verify_sha1?: boolean | null | undefined;
  /** Continues downloads that were broken off (true). */
  resume?: boolean | null | undefined;
  /** Files and ranges of large files under way at a time, 1 to 64 (4). */
  concurrency?: number | null | undefined;
  /** Bits a second, 819200 to 838860800, for each request; with the XML API alone. */
  traffic_limit?: number | null | undefined;
}

/** Parameters or headers of a request. */
export type Fields = Record<string, string>;

/** Parameters of a request; one that is there several times has an array. */
export type Parameters = Record<string, string | string[]>;

/** Options of a signed URL, with the XML API. */
export interface SignUrlOptions {
  /** Parameters that become part of the URL and are signed. */
  params?: Parameters | null | undefined;
  /** Headers that are signed: whoever uses the URL has to send them. */
  headers?: Fields | null | undefined;
}

// What a call gives.

/** The reply to a call, as the server gave it, but for secrets. */
export interface Reply<Data = unknown> {
  code: number;
  message: string;
  request_id?: string;
  data: Data;
}

/** What the service knows of a file. */
export interface FileInfo {
  /** Bytes that the file has when it is complete. */
  filesize: number;
  /** Bytes that are there; less while an upload is unfinished. */
  filelen: number;
  /** The SHA-1; with the XML API only if the uploader has stored it. */
  sha?: string;
  biz_attr: string;
  authority?: Authority;
  forbid?: number;
  custom_headers: Fields;
  /** When it was created, in UNIX seconds. */
  ctime: number;
  /** When it was changed, in UNIX seconds. */
  mtime: number;
  access_url: string;
  source_url: string;
  /** XML API: the CRC-64, a decimal number. */
  crc64?: string;
  /** XML API: changes with every version of the file. */
  etag?: string;
  storage_class?: string;
  version_id?: string;
}

/** What the service knows of a folder. */
export interface FolderInfo {
  biz_attr: string;
  ctime: number;
  mtime: number;
}

/** A file or folder in a list; the name of a folder ends with "/". */
export interface ListedEntry {
  name: string;
  ctime?: number;
  mtime?: number;
  /** Bytes of a file. */
  filesize?: number;
  filelen?: number;
  sha?: string;
  etag?: string;
  storage_class?: string;
  access_url?: string;
  source_url?: string;
  biz_attr?: string;
}

/** An entry of entries() or walk(). */
export interface Entry extends ListedEntry {
  /** Where it is in the bucket. */
  path: string;
}

/** A page of a list, or all of it. */
export interface ListData {
  infos: ListedEntry[];
  /** Whether nothing follows. */
  listover: boolean;
  /** Where the next page goes on. */
  context: string;
}

/** How a transfer went. */
export interface TransferInfo {
  /** Bytes of the content. */
  bytes: number;
  /** Bytes that were sent, over the wire. */
  sent_bytes?: number;
  /** Bytes that came, over the wire. */
  received_bytes?: number;
  /** Bytes that earlier calls had sent or received. */
  resumed_bytes?: number;
  slices?: number;
  instant?: boolean;
  recovered?: boolean;
  /** Whether the bytes have the sum that the server states. */
  verified?: boolean;
  /** With `listed`: whether the local file had the content already. */
  unchanged?: boolean;
  seconds: number;
  sha1?: string;
  crc64?: string;
}

/** A reply to an upload or a download. */
export interface TransferReply<Data = unknown> extends Reply<Data> {
  transfer: TransferInfo;
}

/** Where an uploaded file is. */
export interface Uploaded {
  access_url?: string;
  source_url?: string;
  url?: string;
  resource_path?: string;
  etag?: string;
  crc64?: string;
  version_id?: string;
}

/** What became of a file of a directory. */
export interface TreeFile<Action extends string> {
  /** Where it is, from the directory on. */
  path: string;
  action: Action | "unchanged" | "ignored" | "failed";
  bytes?: number;
  code?: number;
  message?: string;
  /** Why the system refuses a local file, such as "ENOENT". */
  errno?: string;
  /** The word by which the XML API has refused. */
  server_code?: string;
}

/** What became of the files of a directory that was uploaded. */
export interface UploadedTree {
  uploaded: number;
  unchanged: number;
  ignored: number;
  failed: number;
  files: TreeFile<"uploaded">[];
}

/** What became of the files of a folder that was downloaded. */
export interface DownloadedTree {
  downloaded: number;
  unchanged: number;
  ignored: number;
  failed: number;
  files: TreeFile<"downloaded">[];
}

/** What became of a folder that was deleted, with `recursive`. */
export interface DeletedTree {
  files: number;
  folders: number;
  failed: number;
  failures: { path: string; code: number; message: string; server_code?: string }[];
}

/** A file that is still there because the service has refused to delete it. */
export interface FailedDeletion {
  path: string;
  /** With `code`, `name`, `kind`, `message` and `serverCode`. */
  error: CosError;
}

/** A signed URL, and the headers that have to be sent with it. */
export interface SignedUrl {
  url: string;
  headers: Fields;
}

/** A bucket of the account. */
export interface Bucket {
  /** As calls take it. */
  name: string;
  /** With the appid. */
  full_name: string;
  region: string;
  ctime: number;
}

/** The answer to any request. */
export interface Answer {
  /** The HTTP status. */
  status: number;
  /** Names are in lower case. */
  headers: Fields;
  /** The body, if it is UTF-8. */
  body?: string;
  /** The body otherwise. */
  body_base64?: string;
}

/** A call that failed. The message has the hint in it. */
export declare class CosError extends Error {
  private constructor();
  /** One of `codes`, or another one of the server's. */
  readonly code: number;
  /** What the code means, such as "NotFound" for COS_ERR_NOT_FOUND. */
  readonly name: CosErrorName;
  /**
   * The reason that the code is a kind of: "AccessDenied" for all codes about keys and signatures, "Unavailable",
   * "Integrity", "FileExists", "UploadUnfinished"; otherwise the same as `name`.
   */
  readonly kind: CosErrorName;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** What usually helps. */
  readonly hint: string | undefined;
  /** The word by which the XML API refuses, such as "NoSuchKey". */
  readonly serverCode: string | undefined;
  /** What the service's support asks for. */
  readonly requestId: string | undefined;
  /** The HTTP status, if there was an answer. */
  readonly httpStatus: number | undefined;
  /** How often the request was tried. */
  readonly attempts: number;
  /** The argument or option that was refused. */
  readonly argument: string | undefined;
  /** Why the system refuses a local file, such as "ENOENT" or "ENOSPC". */
  readonly errno: string | undefined;
  /** Where it failed: "argument", "local_file", "resolve", "connect", "tls", "send", "receive" or "server". */
  readonly phase: string | undefined;
  /** The whole reply. */
  readonly reply: Reply & { error?: Record<string, unknown>; transfer?: TransferInfo };
}

/** A download that is read as a stream. What came is known to be right when the stream ends well. */
export declare class Download extends Readable {
  private constructor();
  /** The reply, once the stream has ended. */
  readonly reply: TransferReply | null;
}

/** Bytes in memory; a string is sent as UTF-8. */
export type Bytes = string | ArrayBufferView | ArrayBuffer;

/** A Readable, a web stream, or anything else that gives chunks of bytes. */
export type Content = Readable | AsyncIterable<Bytes> | Iterable<Bytes>;

/** A client: an account, the place of the service, the connections to it, and the threads of its calls. */
export declare class Client {
  /** Makes a client. Nothing is sent; wrong credentials show in the first call. */
  constructor(appid: string, secretId: string, secretKey: string, options?: ClientOptions);

  /**
   * Makes a client from what the command `cos` reads: a configuration file, and COS_APPID,
   * COS_SECRET_ID, COS_SECRET_KEY, COS_REGION and the like of the environment, which win, but not over
   * the section that `profile` names. Other options win over all.
   */
  static fromEnv(options?: EnvOptions): Client;

  /** The API that the client speaks. */
  readonly api: "v4" | "v5";

  /** Frees the client when the calls under way have ended. */
  close(): Promise<void>;

  /** Changes settings; null is the default. Calls under way keep theirs. */
  setConfig(options: ClientSettings): Reply;
  /** Changes the credentials; a token is forgotten. */
  setCredentials(appid: string, secretId: string, secretKey: string): Reply;
  /** Changes the credentials to temporary ones, with the XML API. */
  setTemporaryCredentials(appid: string, secretId: string, secretKey: string, token: string): Reply;
  /**
   * Gives lines about requests to a function, from the next call on; null is none. What it throws is a
   * warning of Node's, and the call goes on.
   */
  setLog(level: 0 | 1 | 2, write?: ((level: number, line: string) => void) | null): void;

  /** JSON API: a reusable signature. `expired` is seconds from now, or a UNIX timestamp. */
  signMore(bucket: string, path: string, expired: number): Reply<{ sign: string }>;
  /** JSON API: a signature for one deletion, update or move. */
  signOnce(bucket: string, path: string): Reply<{ sign: string }>;
  /** A signature for downloads, and a URL that carries it. */
  signDownload(bucket: string, path: string, expired: number): Reply<{ sign: string; url: string }>;
  /** A URL for requests of one kind. */
  signUrl(method: string, bucket: string, path: string, expired: number, options?: SignUrlOptions): Reply<SignedUrl>;
  /** A URL for downloads, for so many seconds (3600). */
  presignGet(bucket: string, path: string, expired?: number, options?: SignUrlOptions): string;
  /** XML API: a URL for an upload with PUT, and the headers to send with it. */
  presignPut(bucket: string, path: string, expired?: number, options?: SignUrlOptions): SignedUrl;
  /** The URL of a file that everybody may read, without a signature. */
  publicUrl(bucket: string, path: string): string;

  /** What the service knows of a file. */
  statFile(bucket: string, path: string, options?: StatOptions): Promise<Reply<FileInfo>>;
  /** Whether there is such a file, or such a folder if the path ends with "/". */
  exists(bucket: string, path: string, options?: CallOptions): Promise<boolean>;
  /** Changes attributes of a file. */
  updateFile(bucket: string, path: string, options: UpdateFileOptions): Promise<Reply>;
  /** Deletes a file for good. */
  delFile(bucket: string, path: string, options?: DeleteFileOptions): Promise<Reply>;
  /**
   * Deletes any number of files, and returns those that are still there. What is not there counts as
   * deleted. The paths may come from walk().
   */
  deleteFiles(
    bucket: string,
    paths: Iterable<string | { path: string }> | AsyncIterable<string | { path: string }>,
    options?: DeleteFilesOptions,
  ): Promise<FailedDeletion[]>;
  /** Moves a file. */
  moveFile(bucket: string, path: string, destination: string, options?: CopyOptions): Promise<Reply>;
  /** Copies a file on the server. */
  copyFile(bucket: string, path: string, destination: string, options?: CopyOptions): Promise<Reply>;

  /** Creates a folder. */
  createFolder(bucket: string, path: string, options?: FolderOptions): Promise<Reply<{ ctime: number }>>;
  /** What the service knows of a folder. */
  statFolder(bucket: string, path: string, options?: CallOptions): Promise<Reply<FolderInfo>>;
  /** Changes the text that is stored with a folder. */
  updateFolder(bucket: string, path: string, options: UpdateFolderOptions): Promise<Reply>;
  /** Lists a folder: a page, or all. */
  listFolder(bucket: string, path: string, options?: ListOptions): Promise<Reply<ListData>>;
  /** The files and folders in a folder, read page by page. */
  entries(bucket: string, path: string, options?: EntriesOptions): AsyncGenerator<Entry, void, undefined>;
  /** The files in a folder and everywhere below it, read page by page; names begin there. */
  walk(bucket: string, path: string, options?: WalkOptions): AsyncGenerator<Entry, void, undefined>;
  /** Deletes an empty folder, or one with everything below it. */
  delFolder(bucket: string, path: string, options?: DeleteFolderOptions): Promise<Reply<DeletedTree | undefined>>;

  /** Uploads a local file. What an earlier call has begun is continued. */
  uploadFile(bucket: string, path: string, local: string | URL, options?: UploadOptions): Promise<TransferReply<Uploaded>>;
  /** Uploads bytes, which must not change until the promise is settled. */
  uploadBuffer(bucket: string, path: string, data: Bytes, options?: UploadOptions): Promise<TransferReply<Uploaded>>;
  /**
   * Uploads what a stream gives, as fast as the service takes it, in memory of `slice_size` times
   * (`concurrency` + 1). No more than `size` bytes are read; -1 means that it is not known, which needs the
   * XML API. If the upload fails, the stream is destroyed, unless it is a request of an HTTP server, which
   * is still to be answered.
   */
  uploadStream(bucket: string, path: string, size: number, content: Content, options?: UploadOptions): Promise<TransferReply<Uploaded>>;
  /** Uploads a directory with everything below it. Files that are there already do not travel. */
  uploadFolder(bucket: string, path: string, local: string | URL, options?: UploadFolderOptions): Promise<TransferReply<UploadedTree>>;

  /** Downloads a file to a local file. What an earlier call has begun is continued. */
  downloadFile(bucket: string, path: string, local: string | URL, options?: DownloadFileOptions): Promise<TransferReply>;
  /** Downloads a file into memory: at most as much as a Buffer may have. */
  downloadBuffer(bucket: string, path: string, options?: DownloadOptions): Promise<Buffer>;
  /** Downloads a file as a stream, as fast as it is read, in bounded memory. */
  downloadStream(bucket: string, path: string, options?: DownloadOptions): Download;
  /** Downloads a folder with everything below it. Files that are there already do not travel. */
  downloadFolder(bucket: string, path: string, local: string | URL, options?: DownloadFolderOptions): Promise<TransferReply<DownloadedTree>>;

  /** XML API: the buckets of the account. */
  listBuckets(options?: CallOptions): Promise<Reply<{ buckets: Bucket[] }>>;
  /** XML API: sends a request that no other method has. */
  request(
    method: string,
    bucket?: string | null,
    path?: string | null,
    params?: Parameters | null,
    headers?: Fields | null,
    body?: Bytes | null,
    options?: CallOptions,
  ): Promise<Reply<Answer>>;
}
