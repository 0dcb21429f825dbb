// A public client against the Nagad emulator. Its runtime must be told to decrypt PKCS #1 v1.5.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { callback, emulator, press, refusal } from './payer.mjs';

const require = createRequire(import.meta.url);
const { NagadGateway } = require('nagad-payment-gateway');
const config = {
  baseURL: `${emulator}/remote-payment-gateway-1.0`, callbackURL: callback, merchantID: '683000000000001',
  merchantNumber: '01700000000', apiVersion: 'v-0.2.0', isPath: false,
  privKey: process.env.MERCHANT_PRIVATE_KEY, pubKey: process.env.PG_PUBLIC_KEY,
};
const client = new NagadGateway(config);
const order = (orderId) => ({
  amount: '100.50', ip: '127.0.0.1', orderId, productDetails: { k: 'v' }, clientType: 'PC_WEB',
});
const referenceOf = (page) => decodeURIComponent(new URL(page).pathname.split('/').at(-1));

// One payment from its beginning to its end.
const page = await client.createPayment(order('ORD1'));
const reference = referenceOf(page);
const ready = await client.verifyPayment(reference);
assert.deepEqual([ready.status, ready.statusCode, ready.issuerPaymentRefNo], ['Ready', null, null]);
const back = await press(page, 'approve');
assert.deepEqual(Object.keys(back), [
  'order', 'merchant', 'order_id', 'payment_ref_id', 'status', 'status_code', 'message', 'payment_dt', 'issuer_payment_ref',
]);
assert.deepEqual([back.status, back.status_code, back.payment_ref_id], ['Success', '00_0000_000', reference]);
const paid = await client.verifyPayment(reference);
assert.deepEqual(
  [paid.merchantId, paid.orderId, paid.paymentRefId, paid.amount, paid.status, paid.statusCode, paid.issuerPaymentRefNo],
  [config.merchantID, 'ORD1', reference, '100.50', 'Success', '000', back.issuer_payment_ref],
);
assert.deepEqual(JSON.parse(paid.additionalMerchantInfo), { k: 'v' });

// Two payments that come to nothing.
for (const [id, choice, word] of [['ORD2', 'decline', 'Failed'], ['ORD3', 'cancel', 'Aborted']]) {
  const refused = await client.createPayment(order(id));
  assert.equal((await press(refused, choice)).status, word);
  assert.equal((await client.verifyPayment(referenceOf(refused))).status, word);
}

// The provider's refusals.
for (const call of [
  () => client.createPayment(order('ORD1')),
  () => client.createPayment({ ...order('ORD4'), amount: '0.50' }),
  () => client.createPayment({ ...order('ORD5'), clientType: 'TV' }),
  () => new NagadGateway({ ...config, merchantID: '683000000000002' }).createPayment(order('ORD6')),
  () => new NagadGateway({ ...config, apiVersion: 'v-0.1.0' }).verifyPayment(reference),
  () => client.verifyPayment('MDEw'),
]) {
  const reason = await refusal(call);
  assert.equal(reason.name, 'NagadException');
  assert.match(reason.reason, /^\d_\d{4}_\d{3}$/);
}
