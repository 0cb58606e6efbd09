import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, QUICConnectionId } from '@matrixai/quic';

test('a connection ID encodes to and decodes from hex', () => {
  const id = QUICConnectionId.fromString('00ff10AB');
  assert.deepEqual([...id], [0x00, 0xff, 0x10, 0xab]);
  assert.equal(id.toString(), '00ff10ab');
  assert.equal(id.string, '00ff10ab');
  assert.equal(`${id}`, '00ff10ab');
  assert.equal(`${QUICConnectionId.fromString('')}`, '');
});

test('a string that is not hex is no connection ID', () => {
  for (const bad of ['0', '0g', '00 ', 'xyz', '-----BEGIN PRIVATE KEY-----']) {
    assert.throws(
      () => QUICConnectionId.fromString(bad),
      (e: unknown) =>
        e instanceof errors.ErrorQUICOptionInvalid &&
        !e.message.includes('PRIVATE'),
    );
  }
});

test('buffers are wrapped without copying, also those with an offset', () => {
  const pool = Buffer.from([1, 2, 3, 4, 5]);
  const id = QUICConnectionId.fromBuffer(pool.subarray(1, 4));
  assert.deepEqual([...id], [2, 3, 4]);
  pool[1] = 0xaa;
  assert.equal(id.toString(), 'aa0304');
  id.toBuffer()[2] = 0xbb;
  assert.equal(pool[3], 0xbb);
});

test('a connection ID is constructed in the ways of a Uint8Array', () => {
  assert.equal(new QUICConnectionId().length, 0);
  assert.equal(new QUICConnectionId(3).toString(), '000000');
  assert.equal(new QUICConnectionId([1, 2]).toString(), '0102');
  const { buffer } = new Uint8Array([1, 2, 3, 4]);
  assert.equal(new QUICConnectionId(buffer, 1, 2).toString(), '0203');
  const part = new QUICConnectionId(buffer).subarray(2);
  assert.ok(part instanceof QUICConnectionId);
  assert.equal(part.toString(), '0304');
});
