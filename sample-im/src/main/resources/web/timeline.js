/** The messages of one room as list items: those with a sequence in order, then the user's own that have none yet. */

const KEPT = 600;
const KEPT_AFTER_TRIM = 400;
const GROUP_WITHIN = 5 * 60_000;
const HUES = 8;

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const fullTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const dayName = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: 'long', day: 'numeric', month: 'long' });

export class Timeline {
  list = element('ol');
  #chat;
  #pending = new Map();
  #last = null;

  constructor(chat) {
    this.#chat = chat;
  }

  /** Adds a message of the user's own that the server has not acknowledged. */
  addPending(entry) {
    if (this.#pending.has(entry.cid)) return;
    const item = this.#item({ ...entry, created_at: entry.at }, true);
    this.#pending.set(entry.cid, item);
    this.list.append(item);
    regroup(item);
    if (entry.failed) this.fail(entry.cid, entry.failed);
    else this.note(entry.cid, 'waiting for the server…');
  }

  /** Adds messages after all that have a sequence. */
  append(messages) {
    for (const message of messages) {
      const item = this.#sent(message);
      if (this.#last) this.#last.after(item);
      else this.list.prepend(item);
      this.#last = item;
      regroup(item);
    }
  }

  /** Adds a page of older messages before all others. */
  prepend(messages) {
    const items = messages.map((message) => this.#sent(message));
    this.list.prepend(...items);
    this.#last ??= items.at(-1) ?? null;
    items.forEach(regroup);
  }

  /** Says how an unacknowledged message fares. */
  note(cid, text) {
    const item = this.#pending.get(cid);
    if (item) mark(item, 'pending', text);
  }

  /** It is stored, but cannot be shown in its place before those that precede it. */
  stored(cid, seq) {
    const item = this.#pending.get(cid);
    if (!item) return;
    this.#pending.delete(cid);
    this.#pending.set(seq, item);
    mark(item, 'sent', '✓');
  }

  fail(cid, reason) {
    const item = this.#pending.get(cid);
    if (!item) return;
    mark(item, 'failed', `not sent: ${reason}`);
    const edit = button('Edit', () => this.#chat.edit(cid));
    const remove = button('Remove', () => this.#chat.remove(cid));
    item.querySelector('.note').append(edit, remove);
  }

  drop(cid) {
    this.#take(cid)?.remove();
  }

  /** Forgets what has a sequence; the user's own that have none stay. */
  clear() {
    for (const item of this.list.querySelectorAll('[data-seq]')) item.remove();
    this.#last = null;
    if (this.list.firstElementChild) regroup(this.list.firstElementChild);
  }

  /** Lets the oldest go when there are many; returns the sequence that is now the first, or undefined. */
  trim() {
    if (this.list.childElementCount <= KEPT) return undefined;
    while (this.list.childElementCount > KEPT_AFTER_TRIM && this.list.firstElementChild !== this.#last) {
      this.list.firstElementChild.remove();
    }
    regroup(this.list.firstElementChild);
    return Number(this.list.firstElementChild.dataset.seq);
  }

  /** The item of a stored message: the one that has been pending, if it is our own. */
  #sent(message) {
    const isOwn = this.#chat.isOwn(message);
    const item = (isOwn && (this.#take(message.cid) ?? this.#take(message.seq))) || this.#item(message, isOwn);
    item.dataset.seq = message.seq;
    showTime(item, message.created_at);
    mark(item, 'sent', isOwn ? '✓' : '');
    return item;
  }

  #take(cid) {
    const item = this.#pending.get(cid);
    this.#pending.delete(cid);
    const next = item?.nextElementSibling;
    item?.remove();
    if (next) regroup(next);
    return item;
  }

  #item(message, isOwn) {
    const item = element('li', isOwn ? 'message own' : 'message');
    if (message.cid) item.dataset.cid = message.cid;
    item.dataset.user = message.user;
    const avatar = element('span', `avatar hue-${hue(message.user)}`, [...message.user][0].toUpperCase());
    avatar.setAttribute('aria-hidden', 'true');
    const text = element('p', 'text', message.text);
    text.dir = 'auto';
    const meta = element('div', 'meta');
    meta.append(element('time'), element('span', 'note'));
    const body = element('div', 'body');
    body.append(element('span', 'author', message.user), text, meta);
    item.append(element('div', 'day'), avatar, body);
    showTime(item, message.created_at);
    return item;
  }
}

function element(tag, className = '', text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function button(label, action) {
  const button = element('button', '', label);
  button.type = 'button';
  button.addEventListener('click', action);
  return button;
}

function mark(item, state, note) {
  item.classList.remove('pending', 'sent', 'failed');
  item.classList.add(state);
  const place = item.querySelector('.note');
  place.textContent = note;
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

/** Whether an item begins a day, or goes on with what its author said just before; and the same for the next one. */
function regroup(item) {
  for (const each of [item, item.nextElementSibling]) if (each) group(each, each.previousElementSibling);
}

function group(item, previous) {
  const [at, before] = [new Date(Number(item.dataset.at)), new Date(Number(previous?.dataset.at))];
  const isNewDay = !previous || at.toDateString() !== before.toDateString();
  const follows = !isNewDay && item.dataset.user === previous.dataset.user && at - before < GROUP_WITHIN;
  item.classList.toggle('follows', follows);
  item.querySelector('.day').textContent = isNewDay ? dayOf(at) : '';
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
