"use strict";

const { codeName, useLibrary, version } = require("./addon");
const { Client, LOG_FAILURES, LOG_OFF, LOG_REQUESTS } = require("./client");
const { codes } = require("./codes");
const { CosError } = require("./errors");
const { Download } = require("./streams");

module.exports = {
  Client, CosError, Download, LOG_FAILURES, LOG_OFF, LOG_REQUESTS, codeName, codes, useLibrary, version,
};
