// For Jest, and for mocha, whose `it` is the same.
const { deepEqual, equal } = require('node:assert/strict');
const { errors, events } = require('@matrixai/quic');
const { echo } = require('./echo.js');

for (const io of ['dgram', 'native']) {
  it(`echoes over ${io}`, async () => {
    equal(await echo('hello', io), 'hello');
  });
}

it('has errors that are errors, and events that are events', () => {
  const error = new errors.ErrorQUICHostInvalid('no host');
  equal(error instanceof errors.ErrorQUIC, true);
  equal(error.name, 'ErrorQUICHostInvalid');
  deepEqual(
    new events.EventQUICSocketStopped().type,
    events.EventQUICSocketStopped.name,
  );
});
