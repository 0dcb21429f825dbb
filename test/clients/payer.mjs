// The payer, and a few words that every script needs.
import assert from 'node:assert/strict';

// The emulator that the Go test has started for this script.
export const emulator = process.env.EMULATOR_URL;
assert.match(emulator ?? '', /^http:\/\/127\.0\.0\.1:\d+$/, 'EMULATOR_URL must be a loopback address');

// Where the payer would come back to. Nobody listens there, and nobody goes there.
export const callback = 'http://127.0.0.1:9/return?order=77';

// press opens the bank page as a browser does, presses one of its buttons, and answers the return's query.
export async function press(page, decision) {
  assert.ok(page.startsWith(emulator), `${page} is not on ${emulator}`);
  const shown = await fetch(page);
  assert.equal(shown.status, 200);
  assert.match(await shown.text(), /sandbox/);
  const done = await fetch(page, {
    method: 'POST', body: new URLSearchParams({ decision }), redirect: 'manual',
  });
  assert.equal(done.status, 303);
  const back = new URL(done.headers.get('location'));
  assert.equal(back.origin + back.pathname, 'http://127.0.0.1:9/return');
  assert.equal(back.searchParams.get('order'), '77');
  return Object.fromEntries(back.searchParams);
}

// refusal runs a call that must fail and answers what it was rejected with.
export async function refusal(call) {
  try {
    await call();
  } catch (reason) {
    return reason;
  }
  return assert.fail('the call was not refused');
}
