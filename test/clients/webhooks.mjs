// The public receiver of Standard Webhooks against messages of a real server.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Webhook } from 'standardwebhooks';

// The Go test writes the secrets in one line, as soon as it knows them.
const secrets = new Promise((resolve) => {
  createInterface({ input: process.stdin }).once('line', (line) => resolve(JSON.parse(line)));
});

async function check(headers, body) {
  const known = await secrets;
  assert.equal(known.length, 2);
  for (const secret of known) {
    const message = new Webhook(secret).verify(body, headers);
    assert.equal(message.type, 'invoice.open');
    assert.deepEqual(Object.keys(message.data), ['id', 'object', 'state']);
    assert.equal(message.data.object, 'invoice');
    assert.ok(Math.abs(Date.now() - Date.parse(message.timestamp)) < 60_000);
    assert.throws(() => new Webhook(secret).verify(body.replace('open', 'paid'), headers));
    const late = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1) };
    assert.throws(() => new Webhook(secret).verify(body, late));
    assert.throws(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'msg_another' }));
  }
  assert.throws(() => new Webhook(`whsec_${Buffer.alloc(32).toString('base64')}`).verify(body, headers));
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (text) => { body += text; });
  request.on('end', async () => {
    let failure;
    try {
      await check(request.headers, body);
    } catch (reason) {
      failure = reason;
    }
    response.writeHead(failure ? 400 : 204).end(() => {
      if (failure) console.error(failure);
      process.exit(failure ? 1 : 0);
    });
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/hook`));
