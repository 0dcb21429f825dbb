// The vendor's own client against the ZarinPal emulator.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { callback, emulator, press, refusal } from './payer.mjs';

const ZarinPal = createRequire(import.meta.url)('zarinpal-node-sdk');
const merchantId = '0b3c1a52-6f0e-4d0a-9d8e-2f8b5a7c1e90';
const client = new ZarinPal({ merchantId, accessToken: 'panel-token', sandbox: true });
client.baseURL = emulator;
client.httpClient.defaults.baseURL = emulator;
client.graphqlClient.defaults.baseURL = `${emulator}/api/v4/graphql/`;

const order = { amount: 250000, callback_url: callback, description: 'order 77', mobile: '09120000001' };
const code = (reason) => reason.response.data.errors.code;

// create, and what the client says before anybody has paid
const created = await client.payments.create(order);
assert.equal(created.data.code, 100);
assert.deepEqual(created.errors, []);
const { authority } = created.data;
assert.match(authority, /^S[0-9A-Za-z]{35}$/);
assert.equal((await client.inquiries.inquire({ authority })).data.status, 'IN_BANK');
const unpaid = await refusal(() => client.verifications.verify({ amount: 250000, authority }));
assert.equal(unpaid.response.status, 422);
assert.equal(code(unpaid), -51);
assert.deepEqual(unpaid.response.data.data, []);

// pay, and see it among the unverified
const back = await press(client.payments.getRedirectUrl(authority), 'approve');
assert.deepEqual(back, { order: '77', Authority: authority, Status: 'OK' });
assert.equal((await client.inquiries.inquire({ authority })).data.status, 'PAID');
const listed = await client.unverified.list();
assert.deepEqual(listed.data.authorities.map((one) => [one.authority, one.amount]), [[authority, 250000]]);

// verify with a wrong amount, rightly, and again
assert.equal(code(await refusal(() => client.verifications.verify({ amount: 25000, authority }))), -50);
const first = await client.verifications.verify({ amount: 250000, authority });
assert.equal(first.data.code, 100);
assert.match(first.data.card_pan, /^\d{6}\*{6}\d{4}$/);
assert.match(first.data.card_hash, /^[0-9A-F]{64}$/);
const second = await client.verifications.verify({ amount: 250000, authority });
assert.equal(second.data.code, 101);
assert.equal(second.data.ref_id, first.data.ref_id);
assert.equal((await client.inquiries.inquire({ authority })).data.status, 'VERIFIED');
assert.deepEqual((await client.unverified.list()).data.authorities, []);

// reverse, once
assert.deepEqual((await client.reversals.reverse({ authority })).data, { code: 100, message: 'Reversed' });
assert.equal(code(await refusal(() => client.reversals.reverse({ authority }))), -61);
assert.equal((await client.inquiries.inquire({ authority })).data.status, 'REVERSED');

// the payer refuses
const refused = (await client.payments.create({ ...order, cardPan: '6037991200001234' })).data.authority;
assert.equal((await press(client.payments.getRedirectUrl(refused), 'decline')).Status, 'NOK');
assert.equal((await client.inquiries.inquire({ authority: refused })).data.status, 'FAILED');

// a refund through the panel
const sold = (await client.payments.create(order)).data.authority;
await press(client.payments.getRedirectUrl(sold), 'approve');
await client.verifications.verify({ amount: 250000, authority: sold });
const sales = (await client.transactions.list({ terminalId: merchantId, filter: 'VERIFIED' })).data.transactions;
assert.deepEqual(sales.map((one) => [one.status, one.amount, one.description]), [['VERIFIED', 250000, 'order 77']]);
const given = (await client.refunds.create({
  sessionId: sales[0].id, amount: 100000, method: 'CARD', reason: 'CUSTOMER_REQUEST', description: 'half of it',
})).data.resource;
assert.deepEqual([given.terminal_id, given.amount, given.timeline.refund_status], [merchantId, 100000, 'SUCCESS']);
const refund = (await client.refunds.retrieve(given.id)).data.refund;
assert.deepEqual([refund.amount, refund.status, refund.description], [100000, 'SUCCESS', 'half of it']);
assert.deepEqual((await client.refunds.list({ terminalId: merchantId })).data.refunds, [refund]);
const tooMuch = await client.refunds.create({ sessionId: sales[0].id, amount: 150001 });
assert.ok(Array.isArray(tooMuch.errors) && tooMuch.errors[0].message);

// input that the client lets through and the gateway does not
const long = await refusal(() => client.payments.create({ ...order, description: 'x'.repeat(501) }));
assert.equal(code(long), -9);
assert.ok(long.response.data.errors.validations[0].description);
