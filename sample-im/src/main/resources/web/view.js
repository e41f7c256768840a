/** The page: what is shown and what the user does. Data reaches it as text only, never as markup. */

import { Timeline } from './timeline.js';

const WORDS = {
  restart: 'The server is restarting; reconnecting',
  shutdown: 'The server has stopped; trying again',
  busy: 'The server is busy; trying again',
  rate: 'Too much at once; reconnecting',
  lost: 'Connection lost; reconnecting',
  unreachable: 'The server cannot be reached; trying again',
  offline: 'You are offline; trying again',
};
const LEAVING = {
  restart: 'The server is about to restart; what you write is kept',
  shutdown: 'The server is stopping; what you write is kept',
};
const NEAR_END = 60;
const BACK_SHOWN = 2_500;
const NOTICE_SHOWN = 6_000;

const $ = (id) => document.getElementById(id);

export class View {
  #entrance;
  #chat = null;
  #timelines = new Map();
  #timeline = null;
  #atEnd = true;
  #top = 0;
  #followed = false;
  #state = { name: 'idle' };
  #wasLost = false;
  #noticeTimer = null;
  #noticed = false;

  /** `entrance`: `enter(name)`, and `unsent(name)` that counts what a user has left unsent. */
  constructor(entrance) {
    this.#entrance = entrance;
    this.#listen();
    setInterval(() => this.#banner(), 250);
  }

  // --- name

  askName(name, error = '') {
    $('welcome').hidden = false;
    $('app').hidden = true;
    $('name').value = name;
    $('name-error').textContent = error;
    $('name').toggleAttribute('aria-invalid', error !== '');
    $('name').select();
    this.#nameHint();
  }

  enter(user, chat) {
    this.#chat = chat;
    $('welcome').hidden = true;
    $('app').hidden = false;
    $('me').textContent = user;
    $('change-name').setAttribute('aria-label', `${user}: change name`);
  }

  // --- rooms

  rooms(rooms, current) {
    $('room-list').replaceChildren(...rooms.map((room) => this.#roomItem(room, room === current)));
    $('room-list').querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    const unread = rooms.reduce((sum, room) => sum + room.unread, 0);
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${current.name} · Chat`;
  }

  open(room, draft) {
    this.#timeline?.list.remove();
    this.#timeline = this.timeline(room);
    $('messages').append(this.#timeline.list);
    $('room-title').textContent = room.name;
    $('text').value = draft;
    $('text').setAttribute('placeholder', `Message to ${room.name}`);
    this.#fit();
    this.older(room);
    this.toEnd();
    this.focusText();
  }

  timeline(room) {
    if (!this.#timelines.has(room)) this.#timelines.set(room, new Timeline(this.#chat));
    return this.#timelines.get(room);
  }

  forget(room) {
    this.#timelines.delete(room);
  }

  // --- messages

  get atEnd() {
    return this.#atEnd && !document.hidden;
  }

  /** After messages were added at the end of the open room. */
  added(fromOthers) {
    if (this.#atEnd) this.#follow();
    else this.#offerEnd(fromOthers);
  }

  announce(message) {
    const line = document.createElement('p');
    line.textContent = `${message.user}: ${message.text}`;
    $('announcer').append(line);
    setTimeout(() => line.remove(), 5_000);
  }

  /** Puts older messages above without moving what is being read. */
  prepend(change) {
    const messages = $('messages');
    const fromBottom = messages.scrollHeight - messages.scrollTop;
    change();
    messages.scrollTop = messages.scrollHeight - fromBottom;
  }

  older(room, failed = false) {
    $('earlier').hidden = !room.hasOlder;
    $('earlier').textContent = room.loading ? 'Loading…' : failed ? 'Could not load; try again' : 'Earlier messages';
    $('beginning').hidden = !room.joined || room.hasOlder;
    $('beginning').textContent = `This is where ${room.name} begins.`;
    if (this.#atEnd) this.#follow();
  }

  toEnd() {
    this.#atEnd = true;
    $('to-end').hidden = true;
    $('to-end').dataset.count = 0;
    this.#follow();
  }

  focusText() {
    // On a phone, focus would raise the keyboard over the messages.
    if (matchMedia('(hover: hover)').matches) $('text').focus();
  }

  fillText(text) {
    $('text').value = text;
    this.#fit();
    $('text').focus();
  }

  // --- banner

  connection(state) {
    const back = state.name === 'online' && this.#wasLost;
    this.#wasLost = state.name === 'online' ? false : this.#wasLost || state.name !== 'connecting';
    this.#state = state;
    $('connection-dot').className = state.name;
    $('panel-connection').textContent = state.code ? `${state.name} (closed with ${state.code})` : state.name;
    if (back) this.notice('Back', 'good', BACK_SHOWN);
    else if (state.name !== 'online') this.#noticed = false;
    this.#banner();
  }

  /** Says something for a few seconds, or until the connection changes. */
  notice(text, kind = 'bad', milliseconds = NOTICE_SHOWN) {
    clearTimeout(this.#noticeTimer);
    this.#noticed = true;
    this.#say(kind, text);
    this.#noticeTimer = setTimeout(() => {
      this.#noticed = false;
      this.#banner();
    }, milliseconds);
  }

  #banner() {
    const { name, why, until, message } = this.#state;
    const words = why === 'lost' && !navigator.onLine ? WORDS.offline : WORDS[why];
    const seconds = Math.ceil((until - Date.now()) / 1_000);
    if (this.#noticed) return;
    if (name === 'final') this.#say('bad', message, '', 'Reload');
    else if (name === 'leaving') this.#say('wait', LEAVING[why]);
    else if (name === 'waiting') this.#say('wait', words, seconds > 0 ? ` in ${seconds} s` : '…', 'Now');
    else if (name === 'connecting') this.#say('wait', words ?? 'Connecting', '…');
    else $('banner').hidden = true;
  }

  /** The words alone are announced, once; the count beside them is for the eye. */
  #say(kind, text, count = '', button = '') {
    $('banner').className = kind;
    $('banner').hidden = false;
    if ($('banner-text').textContent !== text) $('banner-text').textContent = text;
    if ($('banner-count').textContent !== count) $('banner-count').textContent = count;
    if ($('retry').textContent !== button) $('retry').textContent = button;
    $('retry').hidden = button === '';
  }

  // --- panel

  get panelIsOpen() {
    return !$('panel').hidden;
  }

  node(name) {
    $('panel-node').textContent = name;
  }

  status({ state, phase, in_flight: inFlight, sessions }, unsent) {
    $('panel-state').textContent = state ?? '–';
    $('panel-state').dataset.state = state ?? '';
    $('panel-phase').textContent = phase ?? '–';
    $('panel-in-flight').textContent = figure(inFlight);
    $('panel-sessions').textContent = figure(sessions);
    $('panel-unsent').textContent = unsent;
  }

  // --- listening

  #listen() {
    onSubmit('name-form', () => this.#entrance.enter($('name').value.trim()));
    onSubmit('room-form', () => this.#joinTyped());
    onSubmit('compose', () => this.#sendTyped());
    $('name').addEventListener('input', () => this.#nameHint());
    $('change-name').addEventListener('click', () => this.#chat.changeName());
    $('earlier').addEventListener('click', () => this.#chat.older());
    $('to-end').addEventListener('click', () => this.toEnd());
    $('retry').addEventListener('click', () => this.#chat.retry());
    $('panel-toggle').addEventListener('click', () => this.#togglePanel());
    $('messages').addEventListener('scroll', () => this.#scrolled(), { passive: true });
    $('text').addEventListener('input', () => this.#typed());
    $('text').addEventListener('keydown', (event) => this.#key(event));
    document.addEventListener('visibilitychange', () => this.#chat?.seen());
    new ResizeObserver(() => this.#atEnd && this.#follow()).observe($('messages'));
  }

  #nameHint() {
    const unsent = this.#entrance.unsent($('name').value.trim());
    $('name-hint').textContent = unsent > 0 ? `${unsent} unsent: sent as soon as you enter.` : '';
  }

  #joinTyped() {
    const name = $('room-name').value.trim();
    $('room-name').value = '';
    if (name) this.#chat.openRoom(name);
  }

  #sendTyped() {
    const text = $('text').value.trim();
    if (!text) return;
    this.fillText('');
    this.#chat.draft('');
    this.toEnd();
    this.#chat.send(text);
  }

  #typed() {
    this.#fit();
    this.#chat.draft($('text').value);
  }

  #key(event) {
    // Enter that ends the composition of a character (Chinese, Japanese, Korean) does not send.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#sendTyped();
  }

  #fit() {
    $('text').rows = Math.min(6, $('text').value.split('\n').length);
  }

  #togglePanel() {
    $('panel').hidden = this.panelIsOpen;
    $('panel-toggle').setAttribute('aria-expanded', this.panelIsOpen);
    this.#chat.watchStatus();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = $('messages');
    // Messages may have come since the scroll that this event tells of: only going up leaves the end.
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END || (this.#atEnd && scrollTop >= this.#top);
    this.#top = scrollTop;
    if (this.#atEnd) $('to-end').dataset.count = 0;
    this.#offerEnd(0);
    if (scrollTop < clientHeight) this.#chat.older(true);
    this.#chat.seen();
  }

  #follow() {
    if (this.#followed) return;
    this.#followed = true;
    requestAnimationFrame(() => {
      this.#followed = false;
      if (!this.#timeline) return;
      if (this.#atEnd) $('messages').scrollTop = $('messages').scrollHeight;
      if ($('messages').scrollHeight <= $('messages').clientHeight) this.#chat.older(true);
    });
  }

  #offerEnd(more) {
    const count = Number($('to-end').dataset.count ?? 0) + more;
    $('to-end').dataset.count = count;
    $('to-end').textContent = count > 0 ? `↓ ${count} new` : '↓ Newest';
    $('to-end').hidden = this.#atEnd;
  }

  #roomItem(room, isCurrent) {
    const button = document.createElement('button');
    const name = document.createElement('span');
    name.textContent = room.name;
    button.type = 'button';
    button.dataset.room = room.name;
    button.append(name);
    if (isCurrent) button.setAttribute('aria-current', 'true');
    if (room.unread > 0) button.append(badge(room.unread));
    button.addEventListener('click', () => this.#chat.openRoom(room.name));
    const item = document.createElement('li');
    item.append(button);
    return item;
  }
}

function onSubmit(id, action) {
  $(id).addEventListener('submit', (event) => {
    event.preventDefault();
    action();
  });
}

function badge(count) {
  const badge = document.createElement('span');
  badge.className = 'badge';
  badge.textContent = count;
  badge.setAttribute('aria-label', `${count} unread`);
  return badge;
}

function figure(value) {
  if (value === null || typeof value !== 'object') return value ?? '–';
  return Object.entries(value).map(([name, count]) => `${name} ${count}`).join(', ');
}
