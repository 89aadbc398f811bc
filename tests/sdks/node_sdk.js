// What cos-nodejs-sdk-v5 can do, with the emulator, which is its proxy.
'use strict';

const assert = require('assert');
const { spawn } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const os = require('os');
const path = require('path');
const { PassThrough, Readable } = require('stream');
const COS = require('cos-nodejs-sdk-v5');

const port = process.env.COS_PORT;
const Bucket = 'private-bucket-1250000000';
const Region = 'ap-shanghai';
const place = { Bucket, Region };
const directory = process.env.COS_DIRECTORY || fs.mkdtempSync(path.join(os.tmpdir(), 'cos-node-'));
const mib = 1024 * 1024;

function client(more) {
  return new COS({
    SecretId: 'EXAMPLE_SECRET_ID',
    SecretKey: 'EXAMPLE_SECRET_KEY',
    Protocol: 'http:',
    Proxy: `http://127.0.0.1:${port}`,
    ConfCwd: directory,
    ...more,
  });
}

const cos = client();

async function refused(code, work) {
  let error;
  try {
    await work;
  } catch (caught) {
    error = caught;
  }
  assert(error, `not refused: ${code}`);
  assert.strictEqual(error.code, code, JSON.stringify(error));
  assert(error.headers['x-cos-request-id']);
  return error;
}

// A URL as curl would fetch it.
function browse(url, method = 'GET', content = '') {
  return new Promise((resolve, reject) => {
    const { host } = new URL(url);
    const headers = { Host: host, 'Content-Length': content.length };
    const request = http.request({ port, path: url, method, headers }, (reply) => {
      const pieces = [];
      reply.on('data', (piece) => pieces.push(piece));
      reply.on('end', () => resolve({ status: reply.statusCode, body: Buffer.concat(pieces) }));
    });
    request.on('error', reject);
    request.end(content);
  });
}

async function admin(what, options) {
  const reply = await fetch(`http://127.0.0.1:${port}/_emulator/${what}`, options);
  assert.strictEqual(reply.status, 200);
  return reply.json();
}

function fault(what) {
  return admin('faults', { method: 'POST', body: JSON.stringify(what) });
}

const KEYS = [
  'plain.txt',
  '文档/你好 世界.txt',
  "docs/a b+c%d&e=f~!'()*.txt",
  'docs//two.txt',
  'folder/',
];

async function objects() {
  for (const Key of KEYS) {
    const content = Key.endsWith('/') ? '' : `content of ${Key}`;
    const put = await cos.putObject({
      ...place,
      Key,
      Body: content,
      ContentType: 'text/plain',
      'x-cos-meta-name': 'a b',
      ContentMD5: crypto.createHash('md5').update(content).digest('base64'),
    });
    assert.strictEqual(put.ETag, `"${crypto.createHash('md5').update(content).digest('hex')}"`);
    const head = await cos.headObject({ ...place, Key });
    assert.strictEqual(head.headers['content-length'], String(Buffer.byteLength(content)));
    assert.strictEqual(head.headers['x-cos-meta-name'], 'a b');
    assert.strictEqual(String((await cos.getObject({ ...place, Key })).Body), content);
  }
  const part = await cos.getObject({ ...place, Key: 'plain.txt', Range: 'bytes=2-4' });
  assert.strictEqual(String(part.Body), 'nte');
  assert.strictEqual(part.statusCode, 206);
  await cos.putObject({
    ...place,
    Key: 'stream',
    Body: Readable.from([Buffer.alloc(mib, 1), 'end']),
  });
  const pieces = [];
  const output = new PassThrough();
  output.on('data', (piece) => pieces.push(piece));
  await cos.getObject({ ...place, Key: 'stream', Output: output });
  assert.strictEqual(Buffer.concat(pieces).length, mib + 3);
  const known = await cos
    .getObject({ ...place, Key: 'plain.txt', IfNoneMatch: part.ETag })
    .catch((error) => error);
  assert.strictEqual(known.statusCode, 304);
}

async function lists() {
  for (let number = 0; number < 25; number += 1) {
    const Key = `页/第 ${String(number).padStart(2, '0')} 页&.txt`;
    await cos.putObject({ ...place, Key, Body: 'x' });
  }
  const found = [];
  let Marker = '';
  let pages = 0;
  for (;;) {
    const page = await cos.getBucket({ ...place, Prefix: '页/', MaxKeys: 10, Marker });
    found.push(...page.Contents.map((entry) => entry.Key));
    pages += 1;
    if (page.IsTruncated === 'false') break;
    Marker = page.NextMarker;
  }
  assert.deepStrictEqual([found.length, new Set(found).size, pages], [25, 25, 3]);
  assert.strictEqual(found[3], '页/第 03 页&.txt');
  const encoded = await cos.getBucket({ ...place, Prefix: '文', EncodingType: 'url' });
  assert.strictEqual(decodeURIComponent(encoded.Contents[0].Key), KEYS[1]);
  const tree = await cos.getBucket({ ...place, Delimiter: '/' });
  assert.deepStrictEqual(
    tree.CommonPrefixes.map((entry) => entry.Prefix),
    ['docs/', 'folder/', '文档/', '页/'],
  );
  const versions = await cos.listObjectVersions({ ...place, Prefix: '页/', MaxKeys: 5 });
  assert.strictEqual(versions.Versions.length, 5);
  const all = await cos.getService();
  assert(all.Buckets.some((bucket) => bucket.Name === Bucket && bucket.Location === Region));
  assert.strictEqual((await cos.getService({ Region })).Buckets.length, 2);
  assert.strictEqual((await cos.headBucket(place)).statusCode, 200);
}

async function large() {
  const FilePath = path.join(directory, '大 file.bin');
  const content = crypto.randomBytes(5 * mib + 12345);
  fs.writeFileSync(FilePath, content);
  let last;
  const sent = await cos.uploadFile({
    ...place,
    Key: '大/large.bin',
    FilePath,
    SliceSize: mib,
    ChunkSize: mib,
    onProgress: (progress) => {
      last = progress;
    },
  });
  assert(sent.ETag.endsWith('-6"'), sent.ETag);
  assert.strictEqual(last.percent, 1);
  const target = path.join(directory, 'back.bin');
  await cos.downloadFile({ ...place, Key: '大/large.bin', FilePath: target, ChunkSize: mib });
  assert(fs.readFileSync(target).equals(content));
  // A process that is killed half-way, and another one that goes on with what is there.
  const Key = 'resumed.bin';
  const slices = { ...place, Key, FilePath, SliceSize: mib, ChunkSize: mib, AsyncLimit: 1 };
  await fault({ op: 'upload_part', part: 4, action: { type: 'withhold' } });
  const other = spawn(process.execPath, [__filename, JSON.stringify(slices)], {
    stdio: 'inherit',
    env: { ...process.env, COS_DIRECTORY: directory },
  });
  while ((await admin('faults')).length) await new Promise((resolve) => setTimeout(resolve, 20));
  other.kill('SIGKILL');
  const uploads = await cos.multipartList({ ...place, Prefix: Key });
  assert.strictEqual(uploads.Upload.length, 1);
  const { UploadId } = uploads.Upload[0];
  const parts = await cos.multipartListPart({ ...place, Key, UploadId });
  const numbers = parts.Part.map((part) => part.PartNumber);
  assert.deepStrictEqual(numbers.slice(0, 3), ['1', '2', '3']);
  await cos.sliceUploadFile(slices);
  assert((await cos.getObject({ ...place, Key })).Body.equals(content));
  assert.strictEqual((await cos.multipartList(place)).Upload.length, 0);
  const begun = await cos.multipartInit({ ...place, Key: 'aborted' });
  await cos.multipartAbort({ ...place, Key: 'aborted', UploadId: begun.UploadId });
  await refused(
    'NoSuchUpload',
    cos.multipartListPart({ ...place, Key: 'aborted', UploadId: begun.UploadId }),
  );
  return content;
}

const source = (Key) =>
  `${Bucket}.cos.${Region}.myqcloud.com/${Key.split('/').map(encodeURIComponent).join('/')}`;

async function copies(content) {
  const copied = await cos.putObjectCopy({
    ...place,
    Key: '复制/copy.txt',
    CopySource: source(KEYS[2]),
  });
  assert(copied.ETag);
  assert.strictEqual(
    (await cos.headObject({ ...place, Key: '复制/copy.txt' })).headers['x-cos-meta-name'],
    'a b',
  );
  await cos.putObjectCopy({
    ...place,
    Key: '复制/copy.txt',
    CopySource: source(KEYS[2]),
    MetadataDirective: 'Replaced',
    'x-cos-meta-new': '1',
  });
  const head = await cos.headObject({ ...place, Key: '复制/copy.txt' });
  assert.strictEqual(head.headers['x-cos-meta-new'], '1');
  assert(!('x-cos-meta-name' in head.headers));
  await cos.sliceCopyFile({
    ...place,
    Key: 'big copy.bin',
    CopySource: source('大/large.bin'),
    CopySliceSize: mib,
    CopyChunkSize: 2 * mib,
  });
  assert((await cos.getObject({ ...place, Key: 'big copy.bin' })).Body.equals(content));
  await cos.putObjectCopy({ ...place, Key: 'moved.txt', CopySource: source(KEYS[2]) });
  await cos.deleteObject({ ...place, Key: KEYS[2] });
  await refused(
    '404',
    cos.headObject({ ...place, Key: KEYS[2] }).catch((error) => {
      throw Object.assign(error, { code: String(error.statusCode) });
    }),
  );
}

async function access() {
  const Key = 'moved.txt';
  await cos.putObjectAcl({ ...place, Key, ACL: 'public-read' });
  assert.strictEqual((await cos.getObjectAcl({ ...place, Key })).ACL, 'public-read');
  const plain = await browse(`http://${Bucket}.cos.${Region}.myqcloud.com/${Key}`);
  assert.strictEqual(plain.status, 200);
  await cos.putObjectAcl({ ...place, Key, ACL: 'default' });
  await cos.putObjectTagging({ ...place, Key, Tags: [{ Key: '键', Value: 'a b' }] });
  assert.deepStrictEqual((await cos.getObjectTagging({ ...place, Key })).Tags, [
    { Key: '键', Value: 'a b' },
  ]);
  await cos.deleteObjectTagging({ ...place, Key });
}

async function presigned() {
  const Key = '预签名/a b+c.txt';
  const put = cos.getObjectUrl({ ...place, Key, Method: 'PUT', Sign: true });
  assert.strictEqual((await browse(put, 'PUT', 'by url')).status, 200);
  const get = cos.getObjectUrl({
    ...place,
    Key,
    Query: { 'response-content-type': 'text/x-test' },
  });
  const got = await browse(get);
  assert.deepStrictEqual([got.status, String(got.body)], [200, 'by url']);
  const unsigned = await browse(cos.getObjectUrl({ ...place, Key, Sign: false }));
  assert.strictEqual(unsigned.status, 403);
}

async function errors() {
  const missing = await refused('NoSuchKey', cos.getObject({ ...place, Key: 'none' }));
  assert.strictEqual(missing.statusCode, 404);
  await refused('NoSuchBucket', cos.getObject({ ...place, Bucket: 'none-1250000000', Key: 'a' }));
  await refused(
    'SignatureDoesNotMatch',
    client({ SecretKey: 'x' }).getObject({ ...place, Key: 'a' }),
  );
  await refused('InvalidAccessKeyId', client({ SecretId: 'x' }).getObject({ ...place, Key: 'a' }));
  await refused('KeyTooLong', cos.putObject({ ...place, Key: 'k'.repeat(851), Body: 'x' }));
  await refused(
    'MethodNotAllowed',
    cos.appendObject({ ...place, Key: 'appended', Position: 0, Body: 'x' }),
  );
  const temporary = client({
    SecretId: 'TEMPORARY_ID',
    SecretKey: 'TEMPORARY_KEY',
    SecurityToken: 'token+/=&',
  });
  assert.strictEqual((await temporary.headObject({ ...place, Key: 'plain.txt' })).statusCode, 200);
  const only = {
    ...place,
    Key: 'plain.txt',
    Body: 'x',
    Headers: { 'x-cos-forbid-overwrite': 'true' },
  };
  await refused('FileAlreadyExists', cos.putObject(only));
}

async function deletions() {
  const page = await cos.getBucket({ ...place, Prefix: '页/' });
  const Objects = page.Contents.map(({ Key }) => ({ Key }));
  const deleted = await cos.deleteMultipleObject({ ...place, Objects });
  assert.strictEqual(deleted.Deleted.length, 25);
  assert.strictEqual((await cos.getBucket({ ...place, Prefix: '页/' })).Contents.length, 0);
  assert.strictEqual((await cos.deleteObject({ ...place, Key: 'none' })).statusCode, 204);
}

async function main() {
  await objects();
  await lists();
  await copies(await large());
  await access();
  await presigned();
  await errors();
  await deletions();
  console.log('node: all is well');
}

// With an argument, this is the process that is killed.
const work = process.argv[2] ? cos.sliceUploadFile(JSON.parse(process.argv[2])) : main();
work
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => fs.rmSync(directory, { recursive: true, force: true }));
