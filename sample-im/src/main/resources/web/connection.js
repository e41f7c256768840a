/** The way to the server: a token over HTTP, then a WebSocket that comes back after every loss but a final one. */

const SUBPROTOCOL = 'im.v1';
const PATIENCE = 10_000;
const BACKOFF_FIRST = 250;
const BACKOFF_MOST = 5_000;
const LASTING = 5_000;
const WHY = { 1001: 'stopped', 1012: 'stopped', 1013: 'busy', 4008: 'rate' };
const FINAL = {
  4501: 'This page and the server do not understand each other',
  4503: 'The server has closed your session for good',
};

/** What the server says no to for good. */
class Refused extends Error {}

/**
 * Tells `become(state)` of every change: its name is connecting, online, stopping (the server said that it goes), waiting
 * (`until` the next attempt) or final (with a `message`); `why` says what ended the last connection, `failed` how many
 * attempts have failed since. Tells `hear(frame, asked)` of every frame, `asked` being the request that it answers.
 */
export class Connection {
  state = { name: 'connecting' };
  #user;
  #become;
  #hear;
  #client = randomId();
  #token = null;
  #renewAt = 0;
  #socket = null;
  #asked = new Map();
  #lastId = 0;
  #why = null;
  #failed = 0;
  #losses = 0;
  #onlineSince = Infinity;
  #retryAfter = null;
  #heartbeat = PATIENCE;
  #timer = null;
  #silence = null;

  constructor(user, become, hear) {
    this.#user = user;
    this.#become = become;
    this.#hear = hear;
    // Timers sleep in hidden tabs, and without a network the waits get long.
    addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => document.hidden || this.hurry());
  }

  get isOnline() {
    return this.state.name === 'online';
  }

  async open() {
    clearTimeout(this.#timer);
    this.#is('connecting');
    try {
      if (Date.now() >= this.#renewAt) await this.#fetchToken();
      this.#connect();
    } catch (failure) {
      if (failure instanceof Refused) this.#is('final', { message: failure.message });
      else this.#retry();
    }
  }

  /** Connects at once if it waits to do so. */
  hurry() {
    if (this.state.name === 'waiting') this.open();
  }

  tell(frame) {
    this.#socket?.send(JSON.stringify(frame));
  }

  ask(frame) {
    const id = String(++this.#lastId);
    this.#asked.set(id, frame);
    this.tell({ ...frame, id });
  }

  async #fetchToken() {
    const response = await fetch('api/tokens', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ user: this.#user }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const answer = await response.json().catch(() => ({}));
    if ([400, 403, 422].includes(response.status)) throw new Refused(answer.detail ?? 'The server refuses this name');
    if (!response.ok) throw new Error(`token: ${response.status}`);
    this.#token = answer.token;
    this.#renewAt = Date.now() + answer.expires_in * 800;
  }

  #connect() {
    const url = new URL('ws', document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url, SUBPROTOCOL);
    const ifCurrent = (handler) => (event) => this.#socket === socket && handler(event);
    this.#socket = socket;
    this.#heartbeat = PATIENCE;
    this.#expectWord();
    socket.onopen = ifCurrent(() => this.ask({ t: 'hello', v: 1, token: this.#token, client: this.#client }));
    socket.onmessage = ifCurrent((event) => this.#receive(JSON.parse(event.data)));
    socket.onclose = ifCurrent((event) => this.#lose(event.code));
  }

  #receive(frame) {
    const asked = this.#asked.get(frame.re);
    this.#asked.delete(frame.re);
    if (frame.t === 'ping') this.tell({ t: 'pong', ...(frame.id && { re: frame.id }) });
    if (frame.t === 'welcome') this.#welcome(frame);
    if (frame.t === 'going_away') this.#stopping(frame);
    this.#expectWord();
    this.#hear(frame, asked);
  }

  #welcome({ heartbeat_ms: every = 30_000 }) {
    this.#heartbeat = every * 2.5; // two pings missed and a half: nobody is there
    this.#onlineSince = Date.now();
    this.#failed = 0;
    this.#is('online');
  }

  /** The server closes at its own pace, after the acknowledgements; only if it fails to do so in time, we do. */
  #stopping({ retry_after_ms: retryAfter = 1_000, deadline_ms: deadline = PATIENCE }) {
    this.#retryAfter = retryAfter;
    this.#timer = setTimeout(() => this.#lose(1001), deadline + 1_000);
    this.#why = 'stopped';
    this.#is('stopping');
  }

  #expectWord() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(1006), this.#heartbeat);
  }

  #lose(code) {
    const socket = this.#socket;
    this.#socket = null;
    this.#asked.clear();
    clearTimeout(this.#silence);
    clearTimeout(this.#timer);
    socket.close();
    if (code === 4500) this.#renewAt = 0;
    if (FINAL[code]) this.#is('final', { message: FINAL[code] });
    else this.#retry(code);
  }

  #retry(code) {
    const { name } = this.state;
    if (name === 'connecting') this.#failed++;
    this.#why = WHY[code] ?? (name === 'online' ? 'lost' : this.#why);
    // Losses count on until a connection has lasted: a server that accepts and drops is not hammered.
    if (Date.now() - this.#onlineSince > LASTING) this.#losses = 0;
    this.#onlineSince = Infinity;
    const delay = this.#delay(code);
    this.#retryAfter = null;
    this.#timer = setTimeout(() => this.open(), delay);
    this.#is('waiting', { until: Date.now() + delay });
  }

  /** When the server asked for, or exponential; never all clients at once. Who was turned away for load waits longer. */
  #delay(code) {
    if (this.#retryAfter !== null) return this.#retryAfter + Math.random() * BACKOFF_FIRST;
    const most = Math.min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** this.#losses++);
    return Math.random() * most + (code === 1013 || code === 4008 ? 1_000 : 0);
  }

  #is(name, more) {
    this.state = { name, why: this.#why, failed: this.#failed, ...more };
    this.#become(this.state);
  }
}

/** Works on plain http too, unlike crypto.randomUUID. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
