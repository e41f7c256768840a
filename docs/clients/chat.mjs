// A client of the chat's protocol (docs/im-protocol.md) that loses nothing: Node 22, or an earlier one with --experimental-websocket.
//
//     node chat.mjs http://127.0.0.1:8080 ann lobby
//
// Each line of the input is sent, and each message is printed. At the end of the input it waits for the last acknowledgement.

import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [server, user, room] = process.argv.slice(2);
const unacknowledged = new Map(); // cid -> text, in the order of the input
let sent = new Set(); // the cids that were sent on this connection
let inputEnded = false;
let after = null; // the last message that was printed
let retryAt = 0;
let failures = 0;
let wake = () => {}; // the sender, when there is something to send, or nothing any more

const isDone = () => inputEnded && unacknowledged.size === 0;
const fail = (why) => process.exit(console.error(why) ?? 1);

createInterface({ input: process.stdin })
  .on('line', (line) => {
    unacknowledged.set(crypto.randomUUID(), line);
    wake();
  })
  .on('close', () => {
    inputEnded = true;
    wake();
  });

async function token() {
  const request = { method: 'POST', body: JSON.stringify({ user }), signal: AbortSignal.timeout(10_000) };
  const response = await fetch(new URL('/api/tokens', server), request);
  if (!response.ok) throw new Error(`no token: ${response.status}`); // 503 while the server drains
  return (await response.json()).token;
}

/** Sends, in order, what was not sent on this connection, now and whenever it is woken; closes when all is done. */
async function sendAll(socket, send) {
  while (!isDone() && socket.readyState === WebSocket.OPEN) {
    const news = new Promise((resolve) => (wake = resolve));
    for (const [cid, text] of unacknowledged) {
      if (sent.has(cid) || socket.readyState !== WebSocket.OPEN) continue;
      sent.add(cid);
      send({ t: 'send', room, cid, text });
      await sleep(20); // half of the server's rate
    }
    await news;
  }
  socket.close(1000);
}

/** Does what a frame asks for; a type that is not known here asks for nothing. */
function hear(socket, send, frame) {
  if (frame.t === 'joined' && after?.epoch !== frame.epoch) after = { epoch: frame.epoch, seq: 0 }; // other sequences
  for (const message of { joined: frame.messages, message: [frame] }[frame.t] ?? []) {
    if (message.seq <= after.seq) continue; // printed on an earlier connection
    after.seq = message.seq;
    console.log(message.seq, message.user, message.text);
  }
  if (frame.t === 'welcome') send({ t: 'join', room, after });
  if (frame.t === 'ping') send({ t: 'pong' });
  if (frame.t === 'going_away') retryAt = Date.now() + frame.retry_after_ms;
  if (frame.t === 'joined') {
    failures = 0;
    sendAll(socket, send);
  }
  if (frame.t === 'error') { // the room was not joined
    if (!frame.retry) fail(frame.message);
    socket.close(1000);
  }
  if (frame.t === 'nack' && frame.retry) {
    setTimeout(() => sent.delete(frame.cid) && wake(), frame.retry_ms);
  } else if (frame.t === 'ack' || frame.t === 'nack') {
    if (frame.t === 'nack') console.error(`declined, ${frame.message}: ${unacknowledged.get(frame.cid)}`);
    unacknowledged.delete(frame.cid);
    wake();
  }
}

/** Talks until the connection is lost; returns the close code. */
async function connect() {
  const hello = JSON.stringify({ t: 'hello', v: 1, token: await token() });
  const socket = new WebSocket(new URL('/ws', server.replace(/^http/, 'ws')), 'im.v1');
  const send = (frame) => socket.send(JSON.stringify(frame));
  sent = new Set();
  socket.onopen = () => socket.send(hello);
  socket.onmessage = (event) => hear(socket, send, JSON.parse(event.data));
  return new Promise((resolve) => (socket.onclose = (event) => resolve(event.code)));
}

while (!isDone()) {
  const code = await connect().catch(() => 0);
  wake(); // the sender of that connection ends
  if (code > 4500) fail(`closed with ${code}: the same would happen again`); // after 4500 another token helps
  const growing = Math.random() * Math.min(10_000, 500 * 2 ** failures++);
  if (!isDone()) await sleep(Math.max(growing, retryAt - Date.now()));
}
