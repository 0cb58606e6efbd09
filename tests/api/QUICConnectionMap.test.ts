import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type QUICConnection,
  QUICConnectionId,
  QUICConnectionMap,
} from '@matrixai/quic';

// The map looks at nothing but the type of a connection
function connection(type: 'client' | 'server'): QUICConnection {
  return { type } as QUICConnection;
}

const id1 = QUICConnectionId.fromString('01');
const id2 = QUICConnectionId.fromString('02');

test('connections are found by the bytes of their ID', () => {
  const client = connection('client');
  const server = connection('server');
  const map = new QUICConnectionMap([[id1, client]]);
  assert.equal(map.set(id2, server), map);
  assert.equal(map.size, 2);
  assert.equal(map.get(new QUICConnectionId([1])), client);
  assert.equal(map.get(new QUICConnectionId([2])), server);
  assert.ok(map.has(new QUICConnectionId([2])));
  assert.equal(map.get(new QUICConnectionId([3])), undefined);
  assert.ok(!map.has(new QUICConnectionId([3])));
});

test('server and client connections are kept apart', () => {
  const client = connection('client');
  const server = connection('server');
  const map = new QUICConnectionMap([
    [id1, client],
    [id2, server],
  ]);
  assert.deepEqual([...map.clientConnections], [['01', client]]);
  assert.deepEqual([...map.serverConnections], [['02', server]]);
});

test('an ID stands for one connection only', () => {
  const server = connection('server');
  const map = new QUICConnectionMap([[id1, connection('client')]]);
  map.set(id1, server);
  assert.equal(map.size, 1);
  assert.equal(map.get(id1), server);
});

test('delete and clear remove connections', () => {
  const map = new QUICConnectionMap([
    [id1, connection('client')],
    [id2, connection('server')],
  ]);
  assert.ok(map.delete(id1));
  assert.ok(!map.delete(id1));
  assert.equal(map.size, 1);
  map.clear();
  assert.equal(map.size, 0);
});

test('iteration gives the server connections first', () => {
  const client = connection('client');
  const server = connection('server');
  const map = new QUICConnectionMap([
    [id1, client],
    [id2, server],
  ]);
  const entries = [
    [id2, server],
    [id1, client],
  ];
  assert.deepEqual([...map], entries);
  assert.deepEqual([...map.entries()], entries);
  assert.deepEqual([...map.keys()], [id2, id1]);
  assert.deepEqual([...map.values()], [server, client]);
  const seen: unknown[] = [];
  map.forEach(function (this: unknown, value, key, of) {
    seen.push([key, value]);
    assert.equal(this, id1);
    assert.equal(of, map);
  }, id1);
  assert.deepEqual(seen, entries);
});

test('connections can be deleted while iterating', () => {
  const map = new QUICConnectionMap([
    [id1, connection('client')],
    [id2, connection('server')],
  ]);
  for (const id of map.keys()) map.delete(id);
  assert.equal(map.size, 0);
});
