// The vendor's own client against the Shepa emulator. REPEAT_VERIFY says what a second verify does there.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { callback, emulator, press, refusal } from './payer.mjs';

const Shepa = createRequire(import.meta.url)('shepa-payment-getaway');
const connect = (key) => {
  const client = new Shepa(key);
  client.getTokenEndPoint = `${emulator}/api/v1/token`;
  client.verifyEndPoint = `${emulator}/api/v1/verify`;
  client.gateway = `${emulator}/api/v1/`;
  return client;
};
const client = connect('sandbox');
const open = async () => {
  const page = await client.send(250000, callback, '9120000001', 'a@example.test', 'order 77');
  return { page, token: page.slice(`${emulator}/api/v1/`.length) };
};

const paid = await open();
assert.deepEqual(await refusal(() => client.verify(paid.token, 250000)), ['transaction is not paid']);
assert.deepEqual(await press(paid.page, 'approve'), { order: '77', status: 'success', token: paid.token });
assert.deepEqual(await refusal(() => client.verify(paid.token, 25000)), ['amount does not match the transaction']);
const first = await client.verify(paid.token, 250000);
assert.equal(first.amount, 250000);
assert.equal(typeof first.transId, 'number');
assert.match(first.cardNumber, /^\d{6}\*{6}\d{4}$/);
if (process.env.REPEAT_VERIFY === 'error') {
  assert.deepEqual(await refusal(() => client.verify(paid.token, 250000)), ['transaction is not valid']);
} else {
  assert.deepEqual(await client.verify(paid.token, 250000), first);
}

// the address that the client builds and the one that the gateway names lead to the same page
const other = await open();
assert.equal((await press(`${emulator}/v1/${other.token}`, 'cancel')).status, 'cancel');
assert.deepEqual(await refusal(() => client.verify(other.token, 250000)), ['transaction is not paid']);
assert.deepEqual(await refusal(() => client.verify('nothing', 250000)), ['token is not valid']);

// without mobile, email and description the client sends null; a key that nobody knows is refused
const bare = await client.send(1000, callback);
assert.equal((await press(bare, 'decline')).status, 'failed');
assert.deepEqual(await refusal(() => connect('nobody').send(1000, callback)), ['api is not valid']);
