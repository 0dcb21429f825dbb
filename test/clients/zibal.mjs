// The vendor's own client against the Zibal emulator.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { callback, emulator, press, refusal } from './payer.mjs';

const require = createRequire(import.meta.url);
// The addresses must move before the client is used: it reads them at every call.
const urls = require('zibal/lib/urls');
urls.requestURL = `${emulator}/v1/request`;
urls.verifyURL = `${emulator}/v1/verify`;
const Zibal = require('zibal');
const client = new Zibal({ merchant: 'zibal', callbackUrl: callback });
const order = { amount: 250000, orderId: '77', mobile: '09120000001', description: 'order 77' };

const created = await client.request(order);
assert.deepEqual([created.success, created.result], [true, 100]);
const { trackId } = created;
assert.equal(typeof trackId, 'number');
assert.match(String(trackId), /^\d{14}$/);
assert.match(created.paymentUrl, new RegExp(`/start/${trackId}$`));

const unpaid = await refusal(() => client.verify({ trackId }));
assert.deepEqual([unpaid.success, unpaid.result], [false, 202]);

const back = await press(`${emulator}/start/${trackId}`, 'approve');
assert.deepEqual(back, { order: '77', trackId: String(trackId), success: '1', status: '2', orderId: '77' });

const first = await client.verify({ trackId });
assert.deepEqual(
  [first.success, first.result, first.status, first.amount, first.orderId], [true, 100, 1, 250000, '77'],
);
assert.match(first.cardNumber, /^\d{5}\*{4}\d{2}$/);
assert.match(first.paidAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
const second = await refusal(() => client.verify({ trackId }));
assert.deepEqual([second.success, second.result], [false, 201]);

// the client has no inquiry: ask by hand what it would have asked
const asked = await fetch(`${emulator}/v1/inquiry`, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ merchant: 'zibal', trackId }),
});
const report = await asked.json();
assert.deepEqual([report.result, report.status, report.refNumber], [100, 1, first.refNumber]);

const refused = await client.request(order);
assert.equal((await press(`${emulator}/start/${refused.trackId}`, 'cancel')).status, '3');
assert.equal((await refusal(() => client.verify({ trackId: refused.trackId }))).result, 202);
assert.equal((await refusal(() => client.verify({ trackId: 1 }))).result, 203);

for (const [changes, result] of [
  [{ amount: 999 }, 105], [{ merchant: 'nobody' }, 102], [{ callbackUrl: 'no address' }, 106],
  [{ amount: 500000001 }, 113], [{ callbackUrl: '' }, 140], [{ feeMode: 7 }, 116], [{ percentMode: 7 }, 107],
]) {
  const answer = await client.request({ ...order, ...changes });
  assert.deepEqual([answer.success, answer.result], [false, result]);
}
