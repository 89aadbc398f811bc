// Writes, reads or deletes what standard input says, with cos-nodejs-sdk-v5.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const COS = require('cos-nodejs-sdk-v5');

const place = { Bucket: 'private-bucket-1250000000', Region: 'ap-shanghai' };
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'cos-node-'));
const cos = new COS({
  SecretId: 'EXAMPLE_SECRET_ID',
  SecretKey: 'EXAMPLE_SECRET_KEY',
  Protocol: 'http:',
  Proxy: `http://127.0.0.1:${process.env.COS_PORT}`,
  ConfCwd: directory,
});
const mib = 1024 * 1024;

async function write(prefix, files) {
  for (const [name, text] of Object.entries(files)) {
    const Body = Buffer.from(text, 'base64');
    const Key = prefix + name;
    if (Body.length < mib) {
      await cos.putObject({ ...place, Key, Body });
    } else {
      const FilePath = path.join(directory, 'file');
      fs.writeFileSync(FilePath, Body);
      await cos.sliceUploadFile({ ...place, Key, FilePath, SliceSize: mib, ChunkSize: mib });
    }
  }
  return {};
}

async function keys(prefix) {
  const found = [];
  let page = { IsTruncated: 'true', NextMarker: '' };
  while (page.IsTruncated === 'true') {
    page = await cos.getBucket({ ...place, Prefix: prefix, Marker: page.NextMarker, MaxKeys: 3 });
    found.push(...page.Contents.map((entry) => entry.Key));
  }
  return found;
}

async function read(prefix) {
  const found = {};
  for (const Key of await keys(prefix)) {
    const { Body } = await cos.getObject({ ...place, Key });
    found[Key.slice(prefix.length)] = Body.toString('base64');
  }
  return found;
}

async function remove(prefix) {
  const Objects = (await keys(prefix)).map((Key) => ({ Key }));
  await cos.deleteMultipleObject({ ...place, Objects });
  return {};
}

const { what, prefix, files } = JSON.parse(fs.readFileSync(0, 'utf8'));
({ write, read, delete: remove })
  [what](prefix, files)
  .then((answer) => process.stdout.write(JSON.stringify(answer)))
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => fs.rmSync(directory, { recursive: true, force: true }));
