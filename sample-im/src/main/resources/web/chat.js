/**
 * The chat: who you are, which rooms you are in, and how messages travel between the connection, the outbox and the page.
 *
 * What the server has acknowledged is shown once and in order: a message is shown when its sequence is the next one (room.js).
 * What it has not acknowledged stays in the outbox, and is sent again under the same `cid` (outbox.js).
 */

import { Connection, randomId, Tokens } from './connection.js';
import { Outbox } from './outbox.js';
import { Room } from './room.js';
import * as remembered from './storage.js';
import { View } from './view.js';

const DEFAULT_ROOM = 'lobby';
const PAGE = 50;
const WAITING = 'waiting for the server…';
const TOO_BIG = 1009;
const TRANSIENT = ['draining', 'rate', 'store'];
const FAILED = { too_large: 'too long', forbidden: 'not allowed here' };
const REPAIR_AFTER = 300;
const REPAIR_CAP = 10_000;
const RECEIPT_EVERY = 1_000;
const STATUS_EVERY = 2_000;

class Chat {
  #user;
  #view;
  #tokens;
  #connection;
  #outbox;
  #rooms = new Map();
  #current = null;
  #limits = {};

  constructor(user, view) {
    this.#user = user;
    this.#view = view;
    this.#tokens = new Tokens(user);
    this.#connection = new Connection(this.#tokens, {
      state: (state) => this.#connectionIs(state),
      frame: (frame, asked) => this.#frameHandlers[frame.t]?.(frame, asked),
    });
    this.#outbox = new Outbox(user, (entry) => this.#transmit(entry));
  }

  start() {
    this.#view.enter(this.#user, this);
    const withUnsent = this.#outbox.all().map((entry) => entry.room);
    for (const name of new Set([DEFAULT_ROOM, ...remembered.rooms(), ...withUnsent])) this.#room(name);
    this.openRoom(roomInAddress());
    this.#outbox.watch((cid) => this.#eachTimeline((timeline) => timeline.drop(cid)));
    addEventListener('hashchange', () => this.openRoom(roomInAddress()));
    addEventListener('online', () => this.#connection.hurry());
    this.#connection.open();
  }

  // --- the connection

  #connectionIs(state) {
    this.#view.connection(state);
    if (state.name === 'refused') changeName(state.message);
    if (state.name !== 'waiting' && state.name !== 'final') return;
    for (const room of this.#rooms.values()) room.left();
    if (state.code === TOO_BIG) this.#fail(this.#outbox.largestOnItsWay()?.cid, 'too long');
    this.#outbox.lost();
    for (const { cid, failed } of this.#outbox.all()) if (!failed) this.#view.timeline(this.#roomOf(cid)).note(cid, WAITING);
  }

  retry() {
    if (this.#connection.state.name === 'final') location.reload();
    else this.#connection.hurry();
  }

  #frameHandlers = {
    welcome: (frame) => this.#welcome(frame),
    joined: (frame, asked) => this.#joined(frame, asked),
    message: (frame) => this.#message(frame),
    ack: (frame) => this.#acknowledged(frame),
    nack: (frame) => this.#declined(frame),
    error: (frame, asked) => this.#error(frame, asked),
  };

  #welcome(frame) {
    this.#user = frame.user ?? this.#user;
    this.#limits = frame.limits ?? {};
    this.#view.node(frame.node);
    for (const room of this.#rooms.values()) this.#connection.ask(room.joinFrame());
  }

  #error(frame, asked) {
    if (asked?.t === 'send') this.#fail(asked.cid, frame.message ?? frame.code);
    else if (asked?.t === 'join' && TRANSIENT.includes(frame.code)) this.#joinLater(asked.room, frame.retry_ms);
    else if (asked?.t === 'join') this.#forget(asked.room, frame);
    else this.#view.notice(frame.message ?? frame.code);
  }

  changeName() {
    changeName();
  }

  // --- sending

  send(text) {
    const entry = this.#outbox.add(randomId(), this.#current.name, text);
    this.#view.timeline(this.#current).addPending({ ...entry, user: this.#user });
    if (bytes(text) > (this.#limits.text_bytes ?? Infinity)) this.#fail(entry.cid, 'too long');
    else this.#outbox.flush();
    this.#view.added(0);
  }

  /** While the server is leaving, what is new waits for its successor. */
  #transmit({ room, cid, text }) {
    const canSend = this.#connection.isOnline && this.#rooms.get(room)?.joined;
    if (!canSend) return false;
    this.#connection.ask({ t: 'send', room, cid, text });
    this.#view.timeline(this.#rooms.get(room)).note(cid, 'sending…');
    return true;
  }

  #acknowledged({ room: name, cid, seq, msg_id, created_at }) {
    const room = this.#rooms.get(name);
    const entry = this.#outbox.get(cid);
    this.#outbox.drop(cid);
    if (!room) return;
    if (entry && seq > room.head) {
      this.#show(room, room.take({ room: name, seq, msg_id, created_at, user: this.#user, cid, text: entry.text }));
      this.#view.timeline(room).stored(cid, seq);
    } else {
      // Known already, from before a reload or from another tab.
      this.#view.timeline(room).drop(cid);
      room.expected = Math.max(room.expected, seq);
    }
    this.#repair(room);
    this.#outbox.flush();
  }

  #declined({ cid, code, retry, retry_ms }) {
    if (!this.#outbox.get(cid)) return;
    if (!retry) return this.#fail(cid, FAILED[code] ?? code);
    this.#view.timeline(this.#roomOf(cid)).note(cid, 'the server is busy; sent again soon');
    this.#outbox.pause(cid, retry_ms ?? 1_000);
  }

  #fail(cid, reason) {
    if (!this.#outbox.get(cid)) return;
    this.#outbox.fail(cid, reason);
    this.#view.timeline(this.#roomOf(cid)).fail(cid, reason);
    this.#view.notice(`A message was not sent: ${reason}`);
    this.#outbox.flush();
  }

  edit(cid) {
    const { text } = this.#outbox.get(cid);
    this.remove(cid);
    this.#view.fillText(text);
  }

  remove(cid) {
    this.#view.timeline(this.#roomOf(cid)).drop(cid);
    this.#outbox.drop(cid);
  }

  #roomOf(cid) {
    return this.#rooms.get(this.#outbox.get(cid).room);
  }

  // --- rooms and what is said in them

  openRoom(name) {
    const room = this.#room(name);
    if (room === this.#current) return;
    this.#current = room;
    remembered.addRoom(name);
    location.hash = encodeURIComponent(name);
    this.#view.open(room, remembered.draft(name));
    this.seen();
    this.#listRooms();
  }

  draft(text) {
    remembered.saveDraft(this.#current.name, text);
  }

  isOwn(message) {
    return message.user === this.#user;
  }

  #room(name) {
    if (!this.#rooms.has(name)) {
      const room = new Room(name);
      this.#rooms.set(name, room);
      for (const entry of this.#outbox.of(name)) this.#view.timeline(room).addPending({ ...entry, user: this.#user });
      if (this.#connection.isOnline) this.#connection.ask(room.joinFrame());
    }
    return this.#rooms.get(name);
  }

  #joinLater(name, delay = REPAIR_AFTER * 4) {
    setTimeout(() => this.#connection.isOnline && this.#connection.ask(this.#room(name).joinFrame()), delay);
  }

  /** The server does not let us in; the room stays listed only while it holds what could not be sent. */
  #forget(name, { message, code }) {
    const unsent = this.#outbox.of(name);
    for (const { cid } of unsent) this.#fail(cid, message ?? code);
    this.#view.notice(`${name}: ${message ?? code}`);
    if (name === DEFAULT_ROOM || unsent.length > 0) return;
    this.#view.forget(this.#rooms.get(name));
    this.#rooms.delete(name);
    remembered.removeRoom(name);
    if (this.#current.name === name) this.openRoom(DEFAULT_ROOM);
    this.#listRooms();
  }

  #joined(frame, asked) {
    const room = this.#rooms.get(frame.room);
    if (!room) return;
    const { anew, shown } = room.join(frame, asked);
    room.olderFailed = false;
    if (anew) this.#view.timeline(room).clear();
    this.#show(room, shown, anew);
    if (room.low > room.head) this.#load(room);
    this.#repair(room, frame.more);
    this.#outbox.flush();
  }

  #message(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room) return;
    this.#show(room, room.take(frame));
    this.#repair(room);
  }

  #show(room, messages, isHistory = false) {
    const timeline = this.#view.timeline(room);
    const fromOthers = isHistory ? [] : messages.filter((message) => !this.isOwn(message));
    this.#settle(messages);
    timeline.append(messages);
    room.unread += fromOthers.length;
    if (room !== this.#current || this.#view.atEnd) room.forgetBelow(timeline.trim());
    if (room === this.#current) {
      this.#view.added(fromOthers.length);
      this.#view.older(room);
      fromOthers.slice(-3).forEach((message) => this.#view.announce(message));
    }
    this.seen();
    if (fromOthers.length > 0) this.#listRooms();
  }

  /** A message of our own that comes back is as good as acknowledged. */
  #settle(messages) {
    for (const message of messages) if (this.isOwn(message)) this.#outbox.drop(message.cid);
  }

  /** Joins again from the last message shown if one is missing and does not come by itself; ever more slowly. */
  #repair(room, now = false) {
    if (!room.hasGap || room.repairTimer) return;
    const delay = now ? 0 : Math.min(REPAIR_CAP, REPAIR_AFTER * 2 ** room.repairs);
    room.repairTimer = setTimeout(() => {
      room.repairTimer = null;
      if (!room.hasGap || !this.#connection.isOnline) return;
      room.repairs++;
      this.#connection.ask(room.joinFrame());
      this.#repair(room);
    }, delay);
  }

  /** Loads older messages; scrolling does not try again what has just failed. */
  older(byScrolling = false) {
    if (!byScrolling || !this.#current.olderFailed) this.#load(this.#current);
  }

  async #load(room) {
    if (room.loading || !room.hasOlder || !room.joined) return;
    const { epoch, low } = room;
    room.loading = true;
    this.#showOlder(room);
    room.olderFailed = false;
    try {
      const { messages, more } = await this.#fetchPage(room.name, low);
      if (room.epoch === epoch && room.low === low) this.#prepend(room, room.takeOlder(messages, more));
    } catch {
      room.olderFailed = true;
    }
    room.loading = false;
    this.#showOlder(room);
  }

  #prepend(room, messages) {
    this.#settle(messages);
    const prepend = () => this.#view.timeline(room).prepend(messages);
    if (room === this.#current) this.#view.prepend(prepend);
    else prepend();
  }

  #showOlder(room) {
    if (room === this.#current) this.#view.older(room, room.olderFailed);
  }

  async #fetchPage(name, before) {
    const token = await this.#tokens.current();
    const response = await fetch(`api/rooms/${encodeURIComponent(name)}/messages?before=${before}&limit=${PAGE}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    if (response.status === 401) this.#tokens.forget();
    if (!response.ok) throw new Error(`history: ${response.status}`);
    return response.json();
  }

  // --- what the user has seen

  seen() {
    if (!document.hidden) this.#connection.hurry(true);
    const room = this.#current;
    if (!room || !this.#view.atEnd) return;
    const hadUnread = room.unread > 0;
    room.unread = 0;
    if (hadUnread) this.#listRooms();
    this.#receipt(room);
  }

  #receipt(room) {
    if (room.receiptTimer || !room.joined || room.received >= room.head || !this.#connection.isOnline) return;
    room.received = room.head;
    this.#connection.tell({ t: 'received', room: room.name, seq: room.head });
    room.receiptTimer = setTimeout(() => {
      room.receiptTimer = null;
      this.seen();
    }, RECEIPT_EVERY);
  }

  #listRooms() {
    this.#view.rooms([...this.#rooms.values()], this.#current);
  }

  #eachTimeline(action) {
    for (const room of this.#rooms.values()) action(this.#view.timeline(room));
  }

  // --- the panel

  async watchStatus() {
    clearTimeout(this.statusTimer);
    if (!this.#view.panelIsOpen) return;
    this.#view.status(await status(), this.#outbox.size);
    this.statusTimer = setTimeout(() => this.watchStatus(), STATUS_EVERY);
  }
}

async function status() {
  try {
    const response = await fetch('api/status', { cache: 'no-store', signal: AbortSignal.timeout(STATUS_EVERY) });
    if (response.ok) return await response.json();
    return { state: response.status === 503 ? 'stopping' : 'unreachable' };
  } catch {
    return { state: 'unreachable' };
  }
}

// --- the beginning

const view = new View({ enter, unsent: Outbox.unsent });

if (remembered.tabName()) enter(remembered.tabName());
else view.askName(remembered.lastName(), remembered.takeRefusal());

function enter(name) {
  if (!name) return;
  remembered.saveName(name);
  new Chat(name, view).start();
}

/** Begins anew with a fresh page: nothing of one user's can reach the other. */
function changeName(refusal = '') {
  remembered.forgetTab();
  remembered.saveRefusal(refusal);
  location.reload();
}

function roomInAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || DEFAULT_ROOM;
  } catch {
    return DEFAULT_ROOM;
  }
}

function bytes(text) {
  return new TextEncoder().encode(text).length;
}
