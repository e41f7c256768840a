/** The messages of one room as list items: those with a sequence in order, then the user's own that have none yet. */

import { button, element } from './dom.js';
import { withLinks } from './links.js';

const KEPT = 600;
const KEPT_AFTER_TRIM = 400;
const MOST = 2_000;
const GROUP_WITHIN = 5 * 60_000;
const HUES = 8;
const LONG = 900;
const LONG_LINES = 14;
const NAMED = 3;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const dayName = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: 'long', day: 'numeric', month: 'long' });

export class Timeline {
  list = element('ol');
  #user;
  #pending = new Map();
  #seenLine = element('p', 'seen');
  #last = null;

  constructor(user) {
    this.#user = user;
  }

  /** Whether so much is shown that no more should be. */
  get isFull() {
    return this.list.childElementCount >= MOST;
  }

  /** Adds a message of the user's own that the server has not acknowledged. */
  addPending({ cid, text, at }) {
    const item = this.#item({ cid, text, user: this.#user });
    this.#pending.set(cid, item);
    this.list.append(item);
    showTime(item, at);
    group(item);
    this.note(cid, 'waiting for the server…');
  }

  /** Adds messages after all that have a sequence. */
  append(messages) {
    for (const message of messages) {
      const item = this.#stored(message);
      if (this.#last) this.#last.after(item);
      else this.list.prepend(item);
      this.#last = item;
      group(item);
    }
  }

  /** Adds a page of older messages before all others. */
  prepend(messages) {
    const items = messages.map((message) => this.#stored(message));
    this.list.prepend(...items);
    this.#last ??= items.at(-1) ?? null;
    items.forEach(group);
  }

  /** Says how a message of the user's own fares: pending, sent (acknowledged, but not yet in its place) or failed. */
  note(cid, text, state = 'pending', ...buttons) {
    const item = this.#pending.get(cid);
    if (item) mark(item, state, text, buttons);
  }

  /** Says under the last stored message of the user's own who has seen it; `seen` has the sequence that each user has seen. */
  showSeen(seen) {
    const own = [...this.list.querySelectorAll('.own[data-seq]')].at(-1);
    const users = [...seen].filter(([user, seq]) => user !== this.#user && seq >= own?.dataset.seq).map(([user]) => user);
    const words = users.length > NAMED ? `Seen by ${users.length}` : `Seen by ${users.join(', ')}`;
    if (users.length === 0) return this.#seenLine.remove();
    if (this.#seenLine.textContent !== words) this.#seenLine.textContent = words;
    this.#seenLine.title = users.join(', ');
    if (this.#seenLine.parentElement !== own) own.append(this.#seenLine);
  }

  drop(cid) {
    this.#take(cid)?.remove();
  }

  /** Forgets what has a sequence; the user's own that have none stay. */
  clear() {
    for (const item of this.list.querySelectorAll('[data-seq]')) item.remove();
    this.#last = null;
    if (this.list.firstElementChild) group(this.list.firstElementChild);
  }

  /** Lets the oldest go when there are many; returns the sequence that is now the first, or undefined. */
  trim() {
    if (this.list.childElementCount <= KEPT) return undefined;
    while (this.list.childElementCount > KEPT_AFTER_TRIM && this.list.firstElementChild !== this.#last) {
      this.list.firstElementChild.remove();
    }
    group(this.list.firstElementChild);
    return Number(this.list.firstElementChild.dataset.seq);
  }

  /** The item of a stored message: the one that has been pending, if it is the user's own. */
  #stored(message) {
    const isOwn = message.user === this.#user;
    const item = (isOwn && this.#take(message.cid)) || this.#item(message);
    item.dataset.seq = message.seq;
    showTime(item, message.created_at);
    mark(item, 'sent', isOwn ? '✓' : '');
    return item;
  }

  #take(cid) {
    const item = this.#pending.get(cid);
    const next = item?.nextElementSibling;
    this.#pending.delete(cid);
    item?.remove();
    if (next) group(next);
    return item;
  }

  #item({ user, text }) {
    const item = element('li', user === this.#user ? 'message own' : 'message');
    const avatar = element('span', `avatar hue-${hue(user)}`, [...user][0].toUpperCase());
    const words = element('p', 'text', ...withLinks(text));
    const meta = element('div', 'meta', element('time'), element('span', 'note'));
    const line = element('div', 'line', words, meta);
    item.dataset.user = user;
    avatar.setAttribute('aria-hidden', 'true');
    words.dir = 'auto';
    item.append(element('div', 'day'), avatar, element('div', 'body', element('span', 'author', user), line));
    if (isLong(text)) line.before(words, foldable(words));
    return item;
  }
}

function isLong(text) {
  return text.length > LONG || text.split('\n').length > LONG_LINES;
}

/** Folds a long text, and returns the button that unfolds it; so does the keyboard that reaches a link in it. */
function foldable(words) {
  const more = button('', () => fold(!words.classList.contains('folded')));
  const fold = (folded) => {
    words.classList.toggle('folded', folded);
    more.textContent = folded ? 'Show more' : 'Show less';
    more.setAttribute('aria-expanded', !folded);
  };
  more.classList.add('more');
  words.addEventListener('focusin', () => fold(false));
  fold(true);
  return more;
}

function mark(item, state, note, buttons = []) {
  const place = item.querySelector('.note');
  item.classList.remove('pending', 'sent', 'failed');
  item.classList.add(state);
  place.replaceChildren(note, ...buttons);
  place.title = state === 'sent' && note ? 'stored by the server' : '';
}

function showTime(item, createdAt) {
  const date = new Date(createdAt);
  const time = item.querySelector('time');
  time.dateTime = date.toISOString();
  time.textContent = clock.format(date);
  time.title = fullTime.format(date);
  item.dataset.at = date.getTime();
}

/** Shows whether an item begins a day, or goes on with what its author has just said; and the same for the next one. */
function group(item) {
  for (const each of [item, item.nextElementSibling]) {
    if (!each) continue;
    const previous = each.previousElementSibling;
    const [at, before] = [new Date(Number(each.dataset.at)), new Date(Number(previous?.dataset.at))];
    const isNewDay = at.toDateString() !== before.toDateString();
    const follows = !isNewDay && each.dataset.user === previous.dataset.user && at - before < GROUP_WITHIN;
    each.classList.toggle('follows', follows);
    each.querySelector('.day').textContent = isNewDay ? dayOf(at) : '';
  }
}

function dayOf(date) {
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  if (date.toDateString() === new Date().toDateString()) return 'Today';
  return date.toDateString() === yesterday.toDateString() ? 'Yesterday' : dayName.format(date);
}

function hue(user) {
  return [...user].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) >>> 0, 7) % HUES;
}
