"use strict";

const { codes } = require("./codes");

// COS_ERR_NOT_FOUND is NotFound.
const names = new Map(Object.entries(codes).map(([key, code]) => [
  code,
  key.toLowerCase().replace(/(?:^|_)(.)/g, (_, letter) => letter.toUpperCase()),
]));

// Codes that are kinds of one reason.
const families = {
  FileExists: ["SameFile"],
  Integrity: ["ShaMismatch", "SizeMismatch", "MissingSha"],
  AccessDenied: ["SecretIdUnknown", "SecretIdUnknownV1", "SignExpired", "SignExpiredV1", "SignBucket",
    "SignSecretId", "SignPath", "SignAppid", "SignOnceExpiry", "SignMultiExpiry", "SignReplayed", "SignEmpty",
    "SignInvalid"],
  Unavailable: ["StorageTimeout", "Storage", "Overloaded", "BackendNetwork"],
  UploadUnfinished: ["UploadConflict"],
};
const kinds = new Map(Object.entries(families).flatMap(([kind, members]) => members.map((name) => [name, kind])));

/** A call that failed. */
class CosError extends Error {
  constructor(code, reply) {
    const failure = reply.error ?? {};
    super(failure.hint ? `${reply.message} (${failure.hint})` : reply.message);
    this.name = names.get(code) ?? "ServerError";
    this.kind = kinds.get(this.name) ?? this.name;
    this.code = code;
    this.retryable = failure.retryable ?? false;
    this.hint = failure.hint;
    this.serverCode = failure.server_code;
    this.requestId = reply.request_id;
    this.httpStatus = failure.http_status;
    this.attempts = failure.attempts ?? 0;
    this.argument = failure.argument;
    this.errno = failure.errno;
    this.phase = failure.phase;
    this.reply = reply;
  }
}

/** What the library would say, where it is not asked. */
function refused(argument, message) {
  const error = { origin: "library", phase: "argument", argument, retryable: false };
  return new CosError(codes.PARAM, { code: codes.PARAM, message, error });
}

module.exports = { CosError, refused };
