// The vendor's own client against the SSLCommerz emulator.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { callback, emulator } from './payer.mjs';

const require = createRequire(import.meta.url);
const SSLCommerz = require('sslcommerz-lts');
const client = new SSLCommerz('testbox', 'qwerty', false);
const query = `${emulator}/validator/api/merchantTransIDvalidationAPI.php?`;
client.initURL = `${emulator}/gwprocess/v4/api.php`;
client.validationURL = `${emulator}/validator/api/validationserverAPI.php?`;
for (const name of [
  'refundURL', 'refundQueryURL', 'transactionQueryBySessionIdURL', 'transactionQueryByTransactionIdURL',
]) {
  client[name] = query;
}

const order = {
  total_amount: '2500.50', currency: 'BDT', tran_id: 'order77', success_url: callback, fail_url: callback,
  cancel_url: callback, ipn_url: callback, shipping_method: 'NO', product_name: 'order 77', product_category: 'general',
  product_profile: 'general', cus_name: 'Sara', cus_email: 'a@example.test', cus_add1: 'Dhaka', cus_city: 'Dhaka',
  cus_postcode: '1000', cus_country: 'Bangladesh', cus_phone: '01700000000', multi_card_name: 'mobilebank',
};

// pay presses a button of the page and answers the fields that the browser would post back.
async function pay(page, decision, channel) {
  assert.ok(page.startsWith(emulator), `${page} is not on ${emulator}`);
  assert.match(await (await fetch(page)).text(), /sandbox/);
  const done = await fetch(page, { method: 'POST', body: new URLSearchParams({ decision, channel }) });
  assert.equal(done.status, 200);
  const form = await done.text();
  assert.ok(form.includes(`action="${callback}"`), form);
  return Object.fromEntries([...form.matchAll(/name="(\w+)" value="([^"]*)"/g)].map((field) => field.slice(1)));
}

const started = await client.init({ ...order });
assert.deepEqual([started.status, started.failedreason], ['SUCCESS', '']);
assert.match(started.sessionkey, /^[0-9A-Z]{32}$/);

const open = await client.transactionQueryBySessionId({ sessionkey: started.sessionkey });
assert.deepEqual([open.APIConnect, open.status, open.tran_id], ['DONE', 'PENDING', 'order77']);
const none = await client.transactionQueryByTransactionId({ tran_id: 'order77' });
assert.deepEqual([none.APIConnect, none.no_of_trans_found, none.element], ['DONE', 0, []]);

const refused = await pay(started.GatewayPageURL, 'decline', 'bkash');
assert.deepEqual([refused.status, refused.val_id], ['FAILED', undefined]);
const paid = await pay(started.GatewayPageURL, 'approve', 'dbblmobilebanking');
assert.deepEqual([paid.status, paid.amount, paid.card_issuer], ['VALID', '2500.50', 'DBBL Mobile Banking']);

const first = await client.validate({ val_id: paid.val_id });
assert.deepEqual(
  [first.APIConnect, first.status, first.tran_id, first.amount, first.risk_level],
  ['DONE', 'VALID', 'order77', '2500.50', '0'],
);
assert.match(first.card_type, /^DBBLMOBILEB-/);
assert.equal((await client.validate({ val_id: paid.val_id })).status, 'VALIDATED');
assert.equal((await client.validate({ val_id: 'nothing' })).status, 'INVALID_TRANSACTION');
const tries = await client.transactionQueryByTransactionId({ tran_id: 'order77' });
assert.deepEqual(tries.element.map((one) => one.status), ['FAILED', 'VALIDATED']);

const again = await client.init({ ...order });
assert.equal(again.status, 'FAILED');
for (const change of [{ total_amount: '9.99' }, { cus_name: '' }, { multi_card_name: 'rocket' }, { currency: 'XXX' }]) {
  assert.equal((await client.init({ ...order, tran_id: 'order78', ...change })).status, 'FAILED');
}

const refund = await client.initiateRefund({
  refund_amount: '1000.00', refund_remarks: 'returned', bank_tran_id: paid.bank_tran_id, refe_id: 'r1',
});
assert.deepEqual([refund.APIConnect, refund.status, refund.trans_id], ['DONE', 'success', 'order77']);
const state = await client.refundQuery({ refund_ref_id: refund.refund_ref_id });
assert.deepEqual([state.APIConnect, state.status, state.bank_tran_id], ['DONE', 'processing', paid.bank_tran_id]);
const much = await client.initiateRefund({
  refund_amount: '2000.00', refund_remarks: 'returned', bank_tran_id: paid.bank_tran_id, refe_id: 'r2',
});
assert.deepEqual([much.status, much.refund_ref_id], ['failed', undefined]);
const stranger = new SSLCommerz('testbox', 'wrong', false);
stranger.validationURL = client.validationURL;
assert.equal((await stranger.validate({ val_id: paid.val_id })).APIConnect, 'INACTIVE');
