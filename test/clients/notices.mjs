// The public receiver of Standard Webhooks against the notices of an invoice, as a form and as JSON.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Webhook } from 'standardwebhooks';

// The Go test writes the secrets of the terminals in one line: that of /form and that of /json.
const secrets = new Promise((resolve) => {
  createInterface({ input: process.stdin }).once('line', (line) => resolve(JSON.parse(line)));
});
const expected = new Set(['/form', '/json']);

async function check(path, headers, body) {
  const known = await secrets;
  const jsonParse = path === '/json';
  assert.ok(expected.delete(path), `${path} was told twice, or of nothing`);
  assert.equal(headers['content-type'], jsonParse ? 'application/json' : 'application/x-www-form-urlencoded');
  const receiver = new Webhook(known[path]);
  const parsed = receiver.verify(body, headers, { jsonParse });
  const told = jsonParse ? parsed : Object.fromEntries(new URLSearchParams(body));
  assert.deepEqual(Object.keys(told), ['trackid', 'invoice_number', 'status']);
  assert.equal(told.invoice_number, `INV 7/2026 ${path}`);
  assert.equal(told.status, 'pending');
  const other = new Webhook(known[jsonParse ? '/form' : '/json']);
  assert.throws(() => other.verify(body, headers, { jsonParse }));
  assert.throws(() => receiver.verify(body.replace('pending', 'refunded'), headers, { jsonParse }));
  assert.throws(() => receiver.verify(body, { ...headers, 'webhook-id': 'msg_another' }, { jsonParse }));
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (text) => { body += text; });
  request.on('end', async () => {
    let failure;
    try {
      await check(request.url, request.headers, body);
    } catch (reason) {
      failure = reason;
    }
    response.writeHead(failure ? 400 : 204).end(() => {
      if (failure) console.error(failure);
      if (failure || expected.size === 0) process.exit(failure ? 1 : 0);
    });
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
