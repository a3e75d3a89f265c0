#!/usr/bin/env node
// Receives webhooks: verifies them, and keeps each once, however often it comes. Node 18, nothing else.
//
//     ROLLCALL_SECRET=whsec_… node receiver.mjs 8000 events.ndjson
import { createHmac, timingSafeEqual } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const TOLERANCE = 300; // seconds
const isSame = (a, b) => a.length === b.length && timingSafeEqual(a, b);

// The event. Throws when nobody knows who sent it. body: the bytes as they came, not what a framework made of them.
export function verify(secret, headers, body, now) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers;
  if (!(Math.abs(now - timestamp) <= TOLERANCE)) throw new Error('it was sent long ago: perhaps it was recorded');
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const digest = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  const theirs = signatures.split(' '); // two, while a secret is being replaced
  if (!theirs.some((each) => isSame(Buffer.from(`v1,${digest}`), Buffer.from(each)))) throw new Error('no signature is right');
  return JSON.parse(body);
}

function serve(port, file) {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  const seen = new Set(lines.map((line) => JSON.parse(line).id));
  createServer(async (request, response) => {
    try {
      const pieces = [];
      for await (const piece of request) pieces.push(piece);
      const event = verify(process.env.ROLLCALL_SECRET, request.headers, Buffer.concat(pieces), Date.now() / 1000);
      const id = request.headers['webhook-id'];
      if (!seen.has(id)) appendFileSync(file, `${JSON.stringify({ id, event })}\n`); // kept first, answered then
      seen.add(id);
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(400).end(error.message);
    }
  }).listen(port, '127.0.0.1');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) serve(process.argv[2], process.argv[3]);
