/** The page: what is shown, and what the user does. */

import { $, button, element, onSubmit } from './dom.js';
import { View } from './view.js';

// What ended the connection, and what is said once an attempt to come back has failed.
const WORDS = {
  stopped: ['The server has stopped', 'The server is not back yet'],
  lost: ['Connection lost', 'The server cannot be reached'],
  busy: ['The server is busy', 'The server is busy'],
  rate: ['Too much at once', 'Too much at once'],
};
const STOPPING = 'The server is stopping; what you write is kept';
const BACK_SHOWN = 2_500;
const NOTICE_SHOWN = 6_000;
const ANNOUNCED = 3;

export class Page {
  #does;
  #view;
  #list = null;
  #roomItems = new Map();
  #newer = 0;
  #state = { name: 'connecting' };
  #noticeUntil = 0;

  /** @param does what happens when the user acts: openRoom, leaveRoom, draft, typed, send, older, seen, closePanel, retry, changeName */
  constructor(user, does) {
    this.#does = does;
    this.#view = new View(() => this.#looked(), () => does.older(true));
    $('welcome').hidden = true;
    $('app').hidden = false;
    $('me').textContent = user;
    $('change-name').setAttribute('aria-label', `${user}: change name`);
    this.#listen();
    setInterval(() => this.#banner(), 250);
  }

  // --- rooms

  /** Each room keeps its button: one that is replaced loses the focus, and a click that has begun on it. */
  rooms(rooms, current, home) {
    for (const name of this.#roomItems.keys()) if (!rooms.some((room) => room.name === name)) this.#forgetRoom(name);
    for (const room of rooms) this.#showRoom(room, room === current, room.name !== home);
    const unread = rooms.reduce((sum, room) => sum + room.unread, 0);
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${current.name} · Chat`;
  }

  #forgetRoom(name) {
    this.#roomItems.get(name).remove();
    this.#roomItems.delete(name);
  }

  #showRoom({ name, unread }, isCurrent, canLeave) {
    if (!this.#roomItems.has(name)) this.#addRoom(name);
    const open = this.#roomItems.get(name).querySelector('button');
    this.#roomItems.get(name).querySelector('.leave').hidden = !isCurrent || !canLeave;
    if (isCurrent !== open.hasAttribute('aria-current')) {
      if (isCurrent) open.setAttribute('aria-current', 'true');
      else open.removeAttribute('aria-current');
      if (isCurrent) open.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
    open.querySelector('.badge').hidden = unread === 0;
    open.querySelector('.count').textContent = unread;
  }

  #addRoom(name) {
    const open = button('', () => this.#does.openRoom(name));
    const badge = element('span', 'badge', element('span', 'count'), element('span', 'unseen', ' unread'));
    open.append(element('span', '', name), badge);
    open.dataset.room = name;
    const leave = button('×', () => this.#does.leaveRoom(name));
    leave.className = 'leave';
    leave.title = `Leave ${name}`;
    leave.setAttribute('aria-label', `Leave ${name}`);
    const item = element('li', '', open, leave);
    this.#roomItems.set(name, item);
    $('room-list').append(item);
  }

  open(room, draft) {
    this.#list?.remove();
    this.#list = room.timeline.list;
    $('messages').append(this.#list);
    $('room-title').textContent = room.name;
    $('text').setAttribute('placeholder', `Message to ${room.name}`);
    $('text').value = draft;
    this.older(room);
    this.#toEnd();
    // On a phone, focus would raise the keyboard over the messages.
    if (!matchMedia('(pointer: coarse)').matches) $('text').focus();
  }

  // --- messages

  /** Whether the view follows the newest message. */
  get follows() {
    return this.#view.following;
  }

  /** Whether the user sees the newest message. */
  get seesEnd() {
    return this.follows && !document.hidden;
  }

  /** After messages were added at the end of the open room. */
  added(fromOthers) {
    for (const { user, text } of fromOthers.slice(-ANNOUNCED)) this.#announce(`${user}: ${text}`);
    if (!this.follows) this.#newer += fromOthers.length;
    this.#offerEnd();
    this.#view.laidOut();
  }

  /** Puts older messages above without moving what is being read. */
  prepend(change) {
    this.#view.prepend(change);
  }

  older({ name, joined, hasOlder, loading, loadFailed }) {
    $('earlier').hidden = !hasOlder;
    $('earlier').textContent = loading ? 'Loading…' : loadFailed ? 'Could not load; try again' : 'Earlier messages';
    $('beginning').hidden = !joined || hasOlder;
    $('beginning').textContent = `This is where ${name} begins.`;
    this.#view.laidOut();
  }

  /** Says under the room's name who is typing, or else who is there; nothing, if that is not known. */
  company(isKnown, others, typing) {
    const typists = typing.length > 2 ? 'Several people are' : `${typing.join(' and ')} ${typing.length > 1 ? 'are' : 'is'}`;
    const there = others.length > 0 ? `Here with you: ${others.join(', ')}` : 'Only you are here';
    const words = typing.length > 0 ? `${typists} typing…` : isKnown ? there : '';
    if ($('company').textContent !== words) $('company').textContent = words;
    $('company').title = others.join(', ');
    $('company').classList.toggle('typing', typing.length > 0);
    this.#view.laidOut();
  }

  fillText(text) {
    $('text').value = text;
    $('text').focus();
  }

  #announce(text) {
    const line = element('p', '', text);
    $('announcer').append(line);
    if ($('announcer').childElementCount > ANNOUNCED) $('announcer').firstElementChild.remove(); // nobody reads faster
    setTimeout(() => line.remove(), 5_000);
  }

  #toEnd() {
    this.#view.toEnd();
    this.#offerEnd();
  }

  #offerEnd() {
    if (this.follows) this.#newer = 0;
    $('to-end').textContent = this.#newer > 0 ? `↓ ${this.#newer} new` : '↓ Newest';
    $('to-end').hidden = this.follows;
  }

  #looked() {
    this.#offerEnd();
    this.#does.seen();
  }

  // --- banner

  connection(state, words) {
    this.#state = state;
    if (words) this.notice(words, 'good', BACK_SHOWN);
    else if (state.name !== 'online') this.#noticeUntil = 0;
    this.#banner();
  }

  /** Says something for a few seconds, or until the connection changes. */
  notice(text, kind = 'bad', milliseconds = NOTICE_SHOWN) {
    this.#noticeUntil = performance.now() + milliseconds;
    this.#say(kind, text);
  }

  #banner() {
    if (performance.now() < this.#noticeUntil) return;
    const { name, why, failed, until, message } = this.#state;
    const seconds = Math.ceil((until - Date.now()) / 1_000);
    const words = navigator.onLine ? WORDS[why ?? 'lost'][Math.min(failed, 1)] : 'You are offline';
    if (name === 'online') this.#say('', '');
    else if (name === 'stopping') this.#say('wait', STOPPING);
    else if (name === 'final') this.#say('bad', message, '', 'Start over');
    else if (name === 'waiting') this.#say('wait', `${words}; reconnecting`, seconds > 0 ? ` in ${seconds} s` : '…', 'Now');
    else if (why || failed) this.#say('wait', `${words}; reconnecting`, '…');
    else this.#say('wait', 'Connecting', '…');
  }

  /** The words alone are announced, once; the count beside them is for the eye. */
  #say(kind, text, count = '', button = '') {
    $('banner').className = kind;
    for (const [id, content] of Object.entries({ 'banner-text': text, 'banner-count': count, retry: button })) {
      if ($(id).textContent !== content) $(id).textContent = content;
    }
    $('retry').hidden = button === '';
  }

  // --- what the user does

  #listen() {
    onSubmit('room-form', () => this.#joinTyped());
    onSubmit('compose', () => this.#sendTyped());
    $('change-name').addEventListener('click', () => this.#does.changeName());
    $('earlier').addEventListener('click', () => this.#does.older());
    $('to-end').addEventListener('click', () => this.#toEnd());
    $('retry').addEventListener('click', () => this.#does.retry());
    $('text').addEventListener('input', () => this.#typed());
    $('messages').addEventListener('click', ({ target }) => target.closest('.more') && this.#view.judge());
    document.addEventListener('keydown', (event) => this.#escape(event));
    $('text').addEventListener('keydown', (event) => this.#key(event));
    document.addEventListener('visibilitychange', () => this.#does.seen());
  }

  #typed() {
    const text = $('text').value;
    this.#does.draft(text);
    if (text.trim()) this.#does.typed();
  }

  /** Ends what is nearest: a name that is being typed, the panel, reading above the end. */
  #escape(event) {
    if (event.key !== 'Escape' || event.isComposing || event.defaultPrevented) return;
    if (document.activeElement === $('room-name')) {
      $('room-name').value = '';
      $('text').focus();
    } else if (!this.#does.closePanel() && !this.follows) {
      this.#toEnd();
    }
  }

  #joinTyped() {
    const name = $('room-name').value.trim();
    $('room-name').value = '';
    if (name) this.#does.openRoom(name);
  }

  #sendTyped() {
    const text = $('text').value.trim();
    if (!text || !this.#does.send(text)) return;
    this.fillText('');
    this.#does.draft('');
    this.#toEnd();
  }

  #key(event) {
    // Enter that ends the composition of a character (Chinese, Japanese, Korean) does not send.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#sendTyped();
  }
}

/** Asks who the user is. */
export function askName(name, entered) {
  $('welcome').hidden = false;
  $('name').value = name;
  $('name').select();
  onSubmit('name-form', () => entered($('name').value.trim()));
}
