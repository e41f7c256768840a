/** What the user has sent and the server has not acknowledged yet. Survives loss of connection and reload. */

import * as memory from './memory.js';

/**
 * Each message has a key of its own in localStorage, so that tabs never overwrite each other. A tab that opens adopts all
 * that its user left unsent; should another tab send the same message, the server knows it by its `cid` and stores it once.
 */
export class Outbox {
  #prefix;
  #entries = new Map();
  #transmit;

  /**
   * @param transmit `transmit(entry)` sends, or says false when it can't now
   * @param gone `gone(cid)` is told when another tab has had a message acknowledged, or has removed it
   */
  constructor(user, transmit, gone) {
    this.#prefix = `im.outbox/${encodeURIComponent(user)}/`;
    this.#transmit = transmit;
    const stored = memory.keys(this.#prefix).map((key) => memory.load(key)).filter(Boolean);
    for (const entry of stored.sort((one, other) => one.at - other.at)) this.#entries.set(entry.cid, entry);
    addEventListener('storage', ({ key, newValue }) => {
      const cid = key?.startsWith(this.#prefix) && newValue === null && key.slice(this.#prefix.length);
      if (cid && this.#entries.delete(cid)) gone(cid);
    });
  }

  get all() {
    return [...this.#entries.values()];
  }

  get(cid) {
    return this.#entries.get(cid);
  }

  add(cid, room, text) {
    const entry = { cid, room, text, at: Math.max(Date.now(), (this.all.at(-1)?.at ?? 0) + 1) };
    this.#entries.set(cid, entry);
    memory.save(this.#prefix + cid, entry);
    return entry;
  }

  /** Acknowledged, or removed by the user. */
  drop(cid) {
    if (this.#entries.delete(cid)) memory.remove(this.#prefix + cid);
  }

  /** The server does not take it now. */
  retryIn(cid, milliseconds) {
    setTimeout(() => {
      if (this.#entries.has(cid)) this.#entries.get(cid).onItsWay = false;
      this.flush();
    }, milliseconds);
  }

  /** Sending it again would not help; it stays until the user removes it. */
  fail(cid, reason) {
    const entry = this.#entries.get(cid);
    entry.failed = reason;
    memory.save(this.#prefix + cid, entry);
  }

  /** The connection is gone: what was on its way may or may not have arrived. */
  lost() {
    for (const entry of this.all) entry.onItsWay = false;
  }

  /** Sends what it can: one at a time in each room, so that the order holds whatever the server declines. */
  flush() {
    const busy = new Set();
    for (const entry of this.all) {
      if (entry.failed || busy.has(entry.room)) continue;
      busy.add(entry.room);
      entry.onItsWay ||= this.#transmit(entry);
    }
  }
}
