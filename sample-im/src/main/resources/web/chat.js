/**
 * The chat: how messages travel between the server, the outbox and the page.
 *
 * What the server has stored is shown once and in order (room.js). What it has not acknowledged waits in the outbox, and is
 * sent again under the same `cid` until it has (outbox.js).
 */

import { Company } from './company.js';
import { Connection, randomId } from './connection.js';
import { button } from './dom.js';
import * as memory from './memory.js';
import { Notifier } from './notifier.js';
import { Outbox } from './outbox.js';
import { askName, Page } from './page.js';
import { Panel } from './panel.js';
import { Room } from './room.js';
import { Timeline } from './timeline.js';

const DEFAULT_ROOM = 'lobby';
const HISTORY_PAGE = 50;
const MEND_AFTER = 500;
const MEND_AT_LEAST_EVERY = 8_000;
const RECEIPT_EVERY = 1_000;

class Chat {
  #user;
  #page;
  #panel;
  #outbox;
  #notifier;
  #company;
  #connection;
  #rooms = new Map();
  #current = null;
  #node = null;
  #longest = 4_096;
  #receiptTimer = null;

  constructor(user) {
    this.#user = user;
    this.#page = new Page(user, {
      openRoom: (name) => this.#openRoom(name),
      leaveRoom: (name) => this.#leaveRoom(this.#rooms.get(name)),
      draft: (text) => memory.saveDraft(this.#current.name, text),
      send: (text) => this.#send(text),
      older: (byScrolling) => this.#loadOlder(byScrolling),
      seen: () => this.#seen(),
      typed: () => this.#typed(),
      closePanel: () => this.#panel.close(),
      retry: () => this.#retry(),
      changeName,
    });
    const drop = (cid) => this.#rooms.forEach(({ timeline }) => timeline.drop(cid));
    this.#outbox = new Outbox(user, (entry) => this.#transmit(entry), drop);
    this.#company = new Company(user, this.#page);
    this.#notifier = new Notifier((room) => this.#openRoom(room));
    this.#panel = new Panel(() => this.#outbox.all.length);
    this.#connection = new Connection(user, (state) => this.#connectionIs(state), (...heard) => this.#hear(...heard));
  }

  start() {
    this.#connection.open();
    const withUnsent = this.#outbox.all.map((entry) => entry.room);
    for (const name of new Set([DEFAULT_ROOM, ...memory.rooms(), ...withUnsent])) this.#room(name);
    this.#openRoom(roomInAddress());
    addEventListener('hashchange', () => this.#openRoom(roomInAddress()));
  }

  // --- the server

  #connectionIs(state) {
    this.#panel.connection(state.name);
    if (state.name !== 'online') this.#page.connection(state); // until the server has said who it is: see #welcome
    if (state.name !== 'waiting' && state.name !== 'final') return;
    this.#outbox.lost();
    for (const room of this.#rooms.values()) room.leave();
    if (this.#current) this.#company.show(this.#current);
    for (const entry of this.#outbox.all) this.#noteOn(entry, 'waiting for the server…');
  }

  #hear(frame, asked) {
    const room = this.#rooms.get(frame.room ?? asked?.room);
    if (frame.t === 'welcome') this.#welcome(frame);
    if (frame.t === 'ack') this.#acknowledged(room, frame);
    if (frame.t === 'nack') this.#declined(frame);
    if (frame.t === 'joined' && room) this.#joined(room, frame, asked);
    if (frame.t === 'message' && room) this.#show(room, [frame]);
    if (frame.t === 'activity' && room) this.#company.heard(room, frame);
    if (asked?.t === 'history' && room) this.#older(room, frame, asked);
    if (frame.t === 'error') this.#error(room, frame, asked);
  }

  #welcome({ node, limits }) {
    const back = node === this.#node ? 'Back' : 'Back: a new server answers';
    this.#page.connection(this.#connection.state, this.#node && back);
    this.#panel.node(node);
    this.#node = node;
    this.#longest = limits?.text_bytes ?? this.#longest;
    for (const room of this.#rooms.values()) this.#connection.ask(room.joinFrame());
  }

  #error(room, { message, code, retry_ms: retryAfter }, asked) {
    if (asked?.t === 'join' && !room) return; // it was left meanwhile
    if (asked?.t === 'join' && retryAfter) setTimeout(() => this.#join(room), retryAfter);
    else if (asked?.t === 'join') this.#forget(room, message ?? code);
    else if (asked?.t === 'send') this.#fail(asked.cid, message ?? code);
    else if (asked?.t !== 'history') this.#page.notice(message ?? code);
  }

  #retry() {
    if (this.#connection.state.name === 'final') changeName();
    else this.#connection.hurry();
  }

  // --- sending

  #typed() {
    const { name, joined } = this.#current;
    if (joined && this.#connection.isOnline && this.#company.types()) this.#connection.tell({ t: 'typing', room: name });
  }

  /** Returns whether the text is on its way, or waits for it: then it is safe. */
  #send(text) {
    const bytes = new TextEncoder().encode(text).length;
    if (bytes > this.#longest) {
      this.#page.notice(`Too long: ${bytes} bytes, at most ${this.#longest} can be sent at once`);
      return false;
    }
    const entry = this.#outbox.add(randomId(), this.#current.name, text);
    this.#current.timeline.addPending(entry);
    this.#company.sent();
    this.#outbox.flush();
    return true;
  }

  /** While the server is stopping, what is new waits for its successor. */
  #transmit(entry) {
    const { room, cid, text } = entry;
    if (!this.#connection.isOnline || !this.#room(room).joined) return false;
    this.#connection.ask({ t: 'send', room, cid, text });
    this.#noteOn(entry, 'sending…');
    return true;
  }

  #acknowledged(room, { cid, seq }) {
    this.#outbox.drop(cid);
    if (room && seq > room.head) {
      room.known = Math.max(room.known, seq);
      room.timeline.note(cid, '✓', 'sent');
      this.#mend(room); // it comes as a message, too
    } else {
      room?.timeline.drop(cid); // shown already
    }
    this.#outbox.flush();
  }

  #declined({ cid, code, message, retry, retry_ms: retryAfter = 1_000 }) {
    if (!this.#outbox.get(cid)) return;
    if (!retry) return this.#fail(cid, message ?? code);
    this.#noteOn(this.#outbox.get(cid), 'the server is busy; sent again soon');
    this.#outbox.retryIn(cid, retryAfter);
  }

  #fail(cid, reason) {
    if (!this.#outbox.get(cid)) return;
    this.#outbox.fail(cid, reason);
    this.#noteOn(this.#outbox.get(cid));
    this.#page.notice(`A message was not sent: ${reason}`);
    this.#outbox.flush();
  }

  #noteOn({ cid, room, text, failed }, words) {
    const { timeline } = this.#room(room);
    if (!failed) return timeline.note(cid, words);
    const remove = () => {
      this.#outbox.drop(cid);
      timeline.drop(cid);
    };
    const edit = () => {
      remove();
      this.#page.fillText(text);
    };
    timeline.note(cid, `not sent: ${failed}`, 'failed', button('Edit', edit), button('Remove', remove));
  }

  // --- rooms and what is said in them

  #openRoom(name) {
    const room = this.#room(name);
    if (room === this.#current) return;
    this.#current = room;
    memory.addRoom(name);
    location.hash = encodeURIComponent(name);
    this.#page.open(room, memory.draft(name));
    this.#company.show(room);
    this.#listRooms();
    this.#seen();
  }

  #room(name) {
    if (!this.#rooms.has(name)) {
      const room = new Room(name, new Timeline(this.#user));
      this.#rooms.set(name, room);
      for (const entry of this.#outbox.all.filter((entry) => entry.room === name)) {
        room.timeline.addPending(entry);
        if (entry.failed) this.#noteOn(entry);
      }
      this.#join(room);
    }
    return this.#rooms.get(name);
  }

  #join(room) {
    const isListed = this.#rooms.get(room.name) === room; // it may have been left meanwhile
    if (isListed && this.#connection.isOnline) this.#connection.ask(room.joinFrame());
  }

  /** The server does not let us in; the room stays listed only while it holds what could not be sent. */
  #forget(room, reason) {
    const unsent = this.#outbox.all.filter((entry) => entry.room === room.name);
    for (const { cid } of unsent) this.#fail(cid, reason);
    this.#page.notice(reason);
    if (room.name !== DEFAULT_ROOM && unsent.length === 0) this.#unlist(room);
  }

  #leaveRoom(room) {
    const unsent = this.#outbox.all.filter((entry) => entry.room === room.name).length;
    if (unsent > 0) return this.#page.notice(`${room.name} has ${unsent} unsent of yours`);
    if (this.#connection.isOnline) this.#connection.ask({ t: 'leave', room: room.name }); // perhaps a join is on its way
    this.#unlist(room);
  }

  #unlist(room) {
    this.#rooms.delete(room.name);
    room.leave(); // ends what waits to mend it
    memory.removeRoom(room.name);
    if (this.#current === room) this.#openRoom(DEFAULT_ROOM);
    this.#listRooms();
  }

  #joined(room, frame, asked) {
    const anew = room.join(frame, Boolean(asked?.after));
    if (anew) room.timeline.clear();
    this.#show(room, frame.messages ?? [], anew);
    if (anew && !this.#isSeen(room)) this.#countUnseen(room, frame.messages ?? []);
    this.#outbox.flush();
  }

  #show(room, heard, isHistory = false) {
    if (room.held || this.#isReadFarAbove(room)) return this.#hold(room, heard);
    const messages = room.take(heard);
    const fromOthers = isHistory ? [] : this.#fromOthers(messages);
    this.#settle(messages);
    room.timeline.append(messages);
    this.#company.spoke(room, messages);
    if (room !== this.#current || this.#page.follows) room.low = room.timeline.trim() ?? room.low;
    this.#count(room, fromOthers);
    if (room === this.#current) this.#page.older(room);
    this.#seen();
    this.#mend(room);
  }

  #isReadFarAbove(room) {
    return room === this.#current && !this.#page.follows && room.timeline.isFull;
  }

  /** Counts what comes, and does not show it: when its reader wants the end, it is fetched. */
  #hold(room, heard) {
    const news = heard.filter(({ seq }) => seq > room.known);
    room.held = true;
    room.known = Math.max(room.known, ...news.map(({ seq }) => seq));
    this.#settle(news);
    this.#count(room, this.#fromOthers(news));
  }

  #count(room, fromOthers) {
    room.unread += fromOthers.length;
    if (fromOthers.length > 0) this.#notifier.heard(fromOthers.at(-1));
    if (room === this.#current) this.#page.added(fromOthers);
    if (fromOthers.length > 0) this.#listRooms();
  }

  #fromOthers(messages) {
    return messages.filter(({ user }) => user !== this.#user);
  }

  /** What was unread when the page was closed, or longer ago than can be caught up with, is so still. */
  #countUnseen(room, messages) {
    const unseen = room.unseenAfter(memory.seen(this.#user, room.name), messages, this.#user);
    room.unread = Math.max(room.unread, unseen);
    this.#listRooms();
  }

  /** A message of our own that comes back is as good as acknowledged. */
  #settle(messages) {
    for (const { user, cid } of messages) if (user === this.#user) this.#outbox.drop(cid);
  }

  /** Joins again, after the last message shown, if one is missing and does not come by itself; ever more slowly. */
  #mend(room) {
    if (!room.hasGap) room.mends = 0;
    if (!room.hasGap || room.held || room.mendTimer) return;
    const delay = Math.min(MEND_AT_LEAST_EVERY, MEND_AFTER * 2 ** room.mends++);
    room.mendTimer = setTimeout(() => {
      room.mendTimer = null;
      if (room.hasGap && room.joined && !room.held) this.#join(room);
      if (room.joined) this.#mend(room);
    }, delay);
  }

  /** Loads older messages; scrolling does not try again what has just failed. */
  #loadOlder(byScrolling = false) {
    const room = this.#current;
    if (room.loading || !room.hasOlder || !room.joined || (byScrolling && room.loadFailed)) return;
    if (!this.#connection.isOnline) return;
    room.loading = true;
    room.loadFailed = false;
    this.#connection.ask({ t: 'history', room: room.name, before: room.low, limit: HISTORY_PAGE });
    this.#page.older(room);
  }

  #older(room, { t, messages, more }, asked) {
    room.loading = false;
    room.loadFailed = t === 'error';
    if (!room.loadFailed && asked.before === room.low) {
      const older = room.takeOlder(messages, more);
      this.#settle(older);
      this.#page.prepend(() => room.timeline.prepend(older));
    }
    if (room === this.#current) this.#page.older(room);
  }

  // --- what the user has seen

  #isSeen(room) {
    return room === this.#current && this.#page.seesEnd;
  }

  #seen() {
    const room = this.#current;
    if (!room || !this.#isSeen(room)) return;
    if (room.held) return this.#release(room);
    const hadUnread = room.unread > 0;
    room.unread = 0;
    if (hadUnread) this.#listRooms();
    if (this.#receiptTimer || !room.joined || room.received >= room.head || !this.#connection.isOnline) return;
    room.received = room.head;
    this.#connection.tell({ t: 'received', room: room.name, seq: room.head });
    memory.saveSeen(this.#user, room.name, { epoch: room.epoch, seq: room.head });
    this.#receiptTimer = setTimeout(() => {
      this.#receiptTimer = null;
      this.#seen();
    }, RECEIPT_EVERY);
  }

  /** The end is wanted again: the newest are fetched, and what lies before them when it is scrolled to. */
  #release(room) {
    room.held = false;
    this.#join(room);
  }

  #listRooms() {
    if (this.#current) this.#page.rooms([...this.#rooms.values()], this.#current, DEFAULT_ROOM);
  }
}

/** Begins anew with a fresh page: nothing of one user's can reach the other. */
function changeName() {
  memory.forgetTab();
  location.reload();
}

function roomInAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || DEFAULT_ROOM;
  } catch {
    return DEFAULT_ROOM;
  }
}

function enter(name) {
  memory.saveName(name);
  new Chat(name).start();
}

if (memory.tabName()) enter(memory.tabName());
else askName(memory.lastName(), enter);
