// The vendor's own library against the Stripe emulator.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import Stripe from 'stripe';
import { callback, emulator, press, refusal } from './payer.mjs';

const { hostname, port } = new URL(emulator);
const options = { host: hostname, port, protocol: 'http', maxNetworkRetries: 0, telemetry: false };
const stripe = new Stripe('sk_test_client', options);
const secret = process.env.WEBHOOK_SECRET;

// the merchant's own address for events
const events = [];
let told = () => {};
const hook = createServer((request, response) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    events.push({ body, signature: request.headers['stripe-signature'] });
    response.end();
    told();
  });
});
await new Promise((done) => { hook.listen(Number(process.env.WEBHOOK_PORT), '127.0.0.1', done); });
const heard = async (type) => {
  for (;;) {
    const found = events.find(({ body }) => JSON.parse(body).type === type);
    if (found) return found;
    await new Promise((done) => { told = done; });
  }
};

// a card that pays, and what is given back
const order = {
  amount: 1999, currency: 'eur', automatic_payment_methods: { enabled: true }, metadata: { payment: 'P-77' },
};
const made = await stripe.paymentIntents.create(order, { idempotencyKey: 'one' });
assert.deepEqual([made.status, made.amount, made.currency], ['requires_payment_method', 1999, 'eur']);
assert.equal(made.metadata.payment, 'P-77');
assert.equal((await stripe.paymentIntents.create(order, { idempotencyKey: 'one' })).id, made.id);
const other = await refusal(() => stripe.paymentIntents.create({ ...order, amount: 5 }, { idempotencyKey: 'one' }));
assert.ok(other instanceof Stripe.errors.StripeIdempotencyError);
const declined = await refusal(() => stripe.paymentIntents.confirm(made.id, {
  payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds',
}));
assert.ok(declined instanceof Stripe.errors.StripeCardError);
assert.deepEqual([declined.code, declined.decline_code], ['card_declined', 'insufficient_funds']);
const paid = await stripe.paymentIntents.confirm(made.id, { payment_method: 'pm_card_visa', expand: ['latest_charge'] });
assert.deepEqual([paid.status, paid.amount_received, paid.latest_charge.object], ['succeeded', 1999, 'charge']);
const part = await stripe.refunds.create({ payment_intent: made.id, amount: 500, reason: 'requested_by_customer' });
assert.deepEqual([part.status, part.amount], ['succeeded', 500]);
assert.equal((await stripe.refunds.retrieve(part.id)).payment_intent, made.id);
assert.equal((await stripe.refunds.list({ payment_intent: made.id })).data.length, 1);
const most = await refusal(() => stripe.refunds.create({ payment_intent: made.id, amount: 1500 }));
assert.ok(most instanceof Stripe.errors.StripeInvalidRequestError);

// money that is held, in part taken, or let go
const hold = () => stripe.paymentIntents.create({
  amount: 1000, currency: 'eur', capture_method: 'manual', confirm: true, payment_method: 'pm_card_visa',
  payment_method_types: ['card'],
});
const held = await hold();
assert.deepEqual([held.status, held.amount_capturable], ['requires_capture', 1000]);
const taken = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 600 });
assert.deepEqual([taken.status, taken.amount_received], ['succeeded', 600]);
const gone = await stripe.paymentIntents.cancel((await hold()).id);
assert.equal(gone.status, 'canceled');
const late = await refusal(() => stripe.paymentIntents.capture(gone.id));
assert.equal(late.code, 'payment_intent_unexpected_state');

// the payer's bank wants to see the payer
const asked = await stripe.paymentIntents.create({
  ...order, confirm: true, payment_method: 'pm_card_authenticationRequired', return_url: callback,
});
assert.equal(asked.status, 'requires_action');
const back = await press(asked.next_action.redirect_to_url.url, 'approve');
assert.deepEqual([back.payment_intent, back.redirect_status], [asked.id, 'succeeded']);
assert.equal((await stripe.paymentIntents.retrieve(asked.id)).status, 'succeeded');

// the hosted page
const session = await stripe.checkout.sessions.create({
  mode: 'payment', client_reference_id: '77', success_url: `${callback}&session={CHECKOUT_SESSION_ID}`,
  cancel_url: callback, payment_intent_data: { metadata: { payment: '77' } },
  line_items: [{ quantity: 1, price_data: { currency: 'eur', unit_amount: 2500, product_data: { name: 'tea' } } }],
});
assert.deepEqual([session.status, session.payment_status, session.amount_total], ['open', 'unpaid', 2500]);
assert.equal((await press(session.url, 'cancel')).session, undefined);
assert.equal((await press(session.url, 'approve')).session, session.id);
const through = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] });
assert.deepEqual([through.status, through.payment_status, through.payment_intent.status], ['complete', 'paid', 'succeeded']);
const closed = await stripe.checkout.sessions.create({
  mode: 'payment', success_url: callback,
  line_items: [{ quantity: 1, price_data: { currency: 'jpy', unit_amount: 500, product_data: { name: 'tea' } } }],
});
assert.equal((await stripe.checkout.sessions.expire(closed.id)).status, 'expired');

// its events are signed, and no other text is
const { body, signature } = await heard('checkout.session.completed');
const event = stripe.webhooks.constructEvent(body, signature, secret);
assert.deepEqual([event.object, event.data.object.id, event.livemode], ['event', session.id, false]);
assert.throws(() => stripe.webhooks.constructEvent(`${body} `, signature, secret));
assert.throws(() => stripe.webhooks.constructEvent(body, signature, 'whsec_other'));

// what is refused
const unknown = await refusal(() => stripe.paymentIntents.create({ ...order, colour: 'red' }));
assert.deepEqual([unknown.code, unknown.param], ['parameter_unknown', 'colour']);
const missing = await refusal(() => stripe.paymentIntents.create({ amount: 1999 }));
assert.deepEqual([missing.code, missing.param], ['parameter_missing', 'currency']);
assert.equal((await refusal(() => stripe.paymentIntents.retrieve('pi_none'))).code, 'resource_missing');
const stranger = new Stripe('nonsense', options);
assert.ok(await refusal(() => stranger.paymentIntents.create(order)) instanceof Stripe.errors.StripeAuthenticationError);
hook.close();
hook.closeAllConnections();
