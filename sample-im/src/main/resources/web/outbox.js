/** What the user has sent and the server has not yet acknowledged. Survives loss of connection and reload. */

import * as storage from './storage.js';

const ACK_LIMIT = 15_000;

/**
 * Each message has a key of its own in localStorage, so that tabs never overwrite each other. A tab that opens adopts all
 * that its user left unsent; should another tab send the same message, the server knows it by its `cid` and stores it once.
 */
export class Outbox {
  #prefix;
  #entries = new Map();
  #transmit;
  #notBefore = 0;
  #timer = null;

  /** `transmit(entry)` sends, or says false when it can't now. */
  constructor(user, transmit) {
    this.#prefix = prefix(user);
    this.#transmit = transmit;
    for (const entry of stored(this.#prefix)) this.#entries.set(entry.cid, { ...entry, due: 0 });
  }

  /** How many messages a user has left unsent in this browser. */
  static unsent(user) {
    return stored(prefix(user)).length;
  }

  get size() {
    return this.#entries.size;
  }

  all() {
    return [...this.#entries.values()];
  }

  of(room) {
    return this.all().filter((entry) => entry.room === room);
  }

  get(cid) {
    return this.#entries.get(cid);
  }

  add(cid, room, text) {
    const entry = { cid, room, text, at: Math.max(Date.now(), (this.all().at(-1)?.at ?? 0) + 1), due: 0 };
    this.#entries.set(cid, entry);
    this.#save(entry);
    return entry;
  }

  /** Acknowledged, or removed by the user. */
  drop(cid) {
    if (this.#entries.delete(cid)) storage.remove(this.#prefix + cid);
  }

  /** Sending it again would not help; it stays until the user removes it. */
  fail(cid, reason) {
    const entry = this.#entries.get(cid);
    entry.failed = reason;
    this.#save(entry);
  }

  /** The server wants a pause; everything waits. */
  pause(cid, milliseconds) {
    this.#entries.get(cid).due = 0;
    this.#notBefore = Math.max(this.#notBefore, Date.now() + milliseconds);
    this.flush();
  }

  /** The connection is gone: what was on its way may or may not have arrived. */
  lost() {
    this.#notBefore = 0;
    for (const entry of this.#entries.values()) entry.due = 0;
  }

  /** Sends what is due: one at a time in each room, so that the order holds whatever the server declines. */
  flush() {
    const now = Date.now();
    const first = new Map();
    for (const entry of this.#entries.values()) {
      if (!entry.failed && !first.has(entry.room)) first.set(entry.room, entry);
    }
    for (const entry of now < this.#notBefore ? [] : first.values()) {
      if (entry.due <= now && this.#transmit(entry)) entry.due = now + ACK_LIMIT;
    }
    this.#wake([...first.values()], now);
  }

  /** The largest of those that are on their way: the culprit when the server closes because a frame is too big. */
  largestOnItsWay() {
    const onTheirWay = this.all().filter((entry) => entry.due > 0 && !entry.failed);
    return onTheirWay.sort((one, other) => other.text.length - one.text.length)[0];
  }

  /** Calls `gone(cid)` when another tab has had a message acknowledged or has removed it. */
  watch(gone) {
    addEventListener('storage', ({ key, newValue }) => {
      const cid = key?.startsWith(this.#prefix) && newValue === null && key.slice(this.#prefix.length);
      if (cid && this.#entries.delete(cid)) gone(cid);
    });
  }

  #wake(entries, now) {
    clearTimeout(this.#timer);
    const times = entries.map((entry) => Math.max(entry.due, this.#notBefore)).filter((time) => time > now);
    if (times.length > 0) this.#timer = setTimeout(() => this.flush(), Math.min(...times) - now + 1);
  }

  #save({ due, ...entry }) {
    storage.save(this.#prefix + entry.cid, entry);
  }
}

function prefix(user) {
  return `im.outbox/${encodeURIComponent(user)}/`;
}

function stored(prefix) {
  const entries = storage.keys(prefix).map((key) => storage.load(key));
  return entries.filter(Boolean).sort((one, other) => one.at - other.at);
}
