// A public client against the bKash emulator: payments, holds, agreements and refunds of version 1.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { callback, emulator } from './payer.mjs';

const require = createRequire(import.meta.url);
const client = require('bkash-payment');
const config = {
  base_url: `${emulator}/v1.2.0-beta`, username: 'user', password: 'pass', app_key: 'key', app_secret: 'secret',
};

// pay types the sandbox's wallet, code and PIN on the customer page and answers the return's query.
async function pay(page, decision = 'approve', wallet = '01770618575') {
  assert.ok(page.startsWith(emulator), `${page} is not on ${emulator}`);
  assert.match(await (await fetch(page)).text(), /sandbox/);
  const done = await fetch(page, {
    method: 'POST', body: new URLSearchParams({ decision, wallet, otp: '123456', pin: '12121' }), redirect: 'manual',
  });
  assert.equal(done.status, 303);
  return Object.fromEntries(new URL(done.headers.get('location')).searchParams);
}

let orders = 0;
const order = (more) => ({
  amount: 150.5, callbackURL: callback, orderID: `INV-${(orders += 1)}`, reference: '01700000000', ...more,
});

// One payment from its beginning to its refund.
const created = await client.createPayment(config, order());
assert.deepEqual([created.statusCode, created.transactionStatus, created.amount], ['0000', 'Initiated', '150.50']);
const { paymentID } = created;
assert.match(paymentID, /^TR0011\w+\d{13}$/);
assert.equal((await client.executePayment(config, paymentID)).statusCode, '2060');
assert.deepEqual(await pay(created.bkashURL), { order: '77', paymentID, status: 'success' });
const waiting = await client.queryPayment(config, paymentID);
assert.deepEqual(
  [waiting.transactionStatus, waiting.userVerificationStatus, waiting.trxID], ['Initiated', 'Complete', undefined],
);

const paid = await client.executePayment(config, paymentID);
assert.deepEqual([paid.statusCode, paid.transactionStatus, paid.amount], ['0000', 'Completed', '150.50']);
assert.match(paid.trxID, /^[0-9A-Z]{10}$/);
assert.match(paid.paymentExecuteTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d:\d{3} GMT\+0600$/);
assert.equal((await client.executePayment(config, paymentID)).statusCode, '2062');
assert.equal((await client.queryPayment(config, paymentID)).trxID, paid.trxID);
const found = await client.searchTransaction(config, paid.trxID);
assert.deepEqual([found.transactionStatus, found.amount], ['Completed', '150.50']);

// The client asks first, and gives back only when nothing was given back.
const refund = { paymentID, trxID: paid.trxID, amount: '50.00' };
const given = await client.refundTransaction(config, refund);
assert.deepEqual([given.statusCode, given.transactionStatus, given.amount], ['0000', 'Completed', '50.00']);
assert.equal((await client.refundTransaction(config, refund)).refundTrxID, given.refundTrxID);

// A payer without money, and one who stops.
const poor = await client.createPayment(config, order());
await pay(poor.bkashURL, 'approve', '01823074817');
assert.equal((await client.executePayment(config, poor.paymentID)).statusCode, '2023');
const stopped = await client.createPayment(config, order());
assert.equal((await pay(stopped.bkashURL, 'cancel')).status, 'cancel');
assert.equal((await client.queryPayment(config, stopped.paymentID)).transactionStatus, 'Initiated');

// Money that is held, then taken or let go.
for (const [finish, status] of [['captureAuthPayment', 'Completed'], ['voidAuthPayment', 'Cancelled']]) {
  const held = await client.createAuthPayment(config, order());
  await pay(held.bkashURL);
  assert.equal((await client.executePayment(config, held.paymentID)).transactionStatus, 'Authorized');
  assert.equal((await client[finish](config, held.paymentID)).transactionStatus, status);
}

// An agreement, a payment with it, and its end.
const wish = await client.createAgreement(config, order());
assert.equal(wish.agreementStatus, 'Initiated');
await pay(wish.bkashURL);
const { agreementID, agreementStatus } = await client.executeAgreement(config, wish.paymentID);
assert.equal(agreementStatus, 'Completed');
assert.equal((await client.queryAgreement(config, agreementID)).agreementStatus, 'Completed');
const agreed = await client.createPaymentWithAgreement(config, order({ agreementID }));
await pay(agreed.bkashURL);
assert.equal((await client.executePayment(config, agreed.paymentID)).transactionStatus, 'Completed');
assert.equal((await client.cancelAgreement(config, agreementID)).agreementStatus, 'Cancelled');
assert.equal((await client.createPaymentWithAgreement(config, order({ agreementID }))).statusCode, '2051');

// What the emulator refuses.
assert.equal((await client.createPayment(config, order({ orderID: 'INV-1' }))).statusCode, '2029');
assert.equal((await client.createPayment(config, order({ amount: 1.001 }))).statusCode, '2006');
assert.equal((await client.queryPayment(config, 'TR0011nobody')).statusCode, '2002');
assert.equal((await client.searchTransaction(config, 'NOBODY0000')).statusCode, '2033');

// The older product with its frame is not here.
const older = await fetch(`${emulator}/v1.2.0-beta/checkout/payment/create`, { method: 'POST', body: '{}' });
assert.equal(older.status, 404);
