// A third party's client against the ZarinPal emulator. ERROR_STATUS says under which status the emulator refuses:
// with 422 this client throws the errors object, with 200 it throws nothing.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { callback, emulator, press, refusal } from './payer.mjs';

const ZarinpalPayment = createRequire(import.meta.url)('zarinpal-pay');
const throws = process.env.ERROR_STATUS === '422';
assert.ok(throws || process.env.ERROR_STATUS === '200', 'ERROR_STATUS is 422 or 200');

const connect = (options) => {
  const client = new ZarinpalPayment('0b3c1a52-6f0e-4d0a-9d8e-2f8b5a7c1e90', options);
  client._baseLinkPayment = `${emulator}/pg/v4/payment`;
  client._sandboxBaseLink = `${emulator}/pg/v4/payment`;
  client._gateway = `${emulator}/pg/StartPay`;
  client._sandboxGateway = `${emulator}/pg/StartPay`;
  client._setLinks();
  return client;
};
const client = connect({ isSandbox: true });
const order = {
  amount: 250000, callback_url: callback, description: 'order 77', mobile: '09120000001', email: 'a@example.test', order_id: '77',
};

// refused runs a call that the gateway refuses. This client hides the code where the status is 200: the empty list
// data is all it hands on.
const refused = async (code, call) => {
  if (throws) {
    assert.equal((await refusal(call)).code, code);
    return;
  }
  assert.deepEqual(await call(), []);
};

const created = await client.create(order);
const { authority } = created;
assert.equal(created.code, 100);
assert.equal(created.link, `${emulator}/pg/StartPay/${authority}`);
assert.equal((await client.inquiry(authority)).status, 'IN_BANK');
await refused(-51, () => client.verify({ authority, amount: 250000 }));

assert.equal((await press(created.link, 'approve')).Status, 'OK');
assert.deepEqual((await client.unverified()).authorities.map((one) => one.authority), [authority]);
await refused(-50, () => client.verify({ authority, amount: 25000 }));
const first = await client.verify({ authority, amount: 250000 });
const second = await client.verify({ authority, amount: 250000 });
assert.deepEqual([first.code, second.code], [100, 101]);
assert.equal(first.ref_id, second.ref_id);
assert.equal((await client.inquiry(authority)).status, 'VERIFIED');
assert.deepEqual((await client.unverified()).authorities, []);

assert.equal((await client.reverse(authority)).code, 100);
await refused(-61, () => client.reverse(authority));
assert.equal((await client.inquiry(authority)).status, 'REVERSED');

// toman: the same number goes into the request and into verify
const toman = connect({ isSandbox: true, isToman: true });
const inToman = await toman.create({ ...order, amount: 25000 });
await press(inToman.link, 'approve');
assert.equal((await toman.verify({ authority: inToman.authority, amount: 25000 })).code, 100);

// a refused request
const bad = { ...order, callback_url: 'no address' };
if (throws) {
  assert.equal((await refusal(() => client.create(bad))).code, -9);
} else {
  assert.match((await client.create(bad)).link, /undefined$/);
}
