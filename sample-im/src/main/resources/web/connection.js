/** The way to the server: a token over HTTP, then a WebSocket that comes back after every loss but a final one. */

const SUBPROTOCOL = 'im.v1';
const HELLO_LIMIT = 10_000;
const BACKOFF_BASE = 250;
const BACKOFF_CAP = 10_000;
const SETTLED_AFTER = 5_000;
const GIVES_UP_WHY = 6;
const FINAL = {
  4501: 'This page and the server do not understand each other; reload the page.',
  4503: 'The server has closed your session for good.',
};
const WHY = { 1001: 'shutdown', 1012: 'restart', 1013: 'busy', 4008: 'rate' };

/** The server does not want this name; trying again would not help. */
export class Refused extends Error {}

/** Short-lived tokens of one user, fetched when needed. */
export class Tokens {
  #user;
  #token = null;
  #renewAt = 0;

  constructor(user) {
    this.#user = user;
  }

  async current() {
    if (!this.#token || Date.now() >= this.#renewAt) await this.#fetch();
    return this.#token;
  }

  forget() {
    this.#token = null;
  }

  async #fetch() {
    const response = await fetch('api/tokens', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ user: this.#user }),
      signal: AbortSignal.timeout(HELLO_LIMIT),
    });
    if ([400, 403, 422].includes(response.status)) throw new Refused(await explanation(response));
    if (!response.ok) throw new Error(`token: ${response.status}`);
    const { token, expires_in: seconds } = await response.json();
    this.#token = token;
    this.#renewAt = Date.now() + seconds * 800;
  }
}

/**
 * Tells `on.state({name, why, until, message})` of every change, name being connecting, online, leaving (the server said
 * that it goes), waiting (until the next attempt), refused or final; and `on.frame(frame, asked)` of every frame, asked
 * being the request that it answers.
 */
export class Connection {
  state = { name: 'idle' };
  #tokens;
  #on;
  #client = randomId();
  #socket = null;
  #asked = new Map();
  #lastId = 0;
  #failures = 0;
  #onlineSince = 0;
  #heartbeat = HELLO_LIMIT;
  #why = null;
  #goingAway = null;
  #timer = null;
  #silence = null;

  constructor(tokens, on) {
    this.#tokens = tokens;
    this.#on = on;
  }

  get isOnline() {
    return this.state.name === 'online';
  }

  async open() {
    clearTimeout(this.#timer);
    this.#become({ name: 'connecting', why: this.#why });
    try {
      this.#greet(await this.#tokens.current());
    } catch (failure) {
      if (failure instanceof Refused) this.#become({ name: 'refused', message: failure.message });
      else this.#retry();
    }
  }

  /** Connects at once if an attempt is being waited for; `due` only if its time has come (timers sleep in hidden tabs). */
  hurry(due = false) {
    if (this.state.name === 'waiting' && (!due || Date.now() >= this.state.until)) this.open();
  }

  tell(frame) {
    this.#socket?.send(JSON.stringify(frame));
  }

  ask(frame) {
    const id = String(++this.#lastId);
    this.#asked.set(id, frame);
    this.tell({ ...frame, id });
  }

  #greet(token) {
    const url = new URL('ws', document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url, SUBPROTOCOL);
    const mine = (handler) => (event) => this.#socket === socket && handler(event);
    this.#socket = socket;
    this.#heartbeat = HELLO_LIMIT;
    this.#expectWord();
    socket.onopen = mine(() => this.ask({ t: 'hello', v: 1, token, client: this.#client }));
    socket.onmessage = mine((event) => this.#hear(JSON.parse(event.data)));
    socket.onclose = mine((event) => this.#lose(event.code));
  }

  #hear(frame) {
    this.#expectWord();
    const asked = this.#asked.get(frame.re);
    this.#asked.delete(frame.re);
    if (frame.t === 'ping') this.tell({ t: 'pong', ...(frame.id && { re: frame.id }) });
    if (frame.t === 'welcome') this.#welcome(frame);
    if (frame.t === 'going_away') this.#leave(frame);
    this.#on.frame(frame, asked);
  }

  #welcome(frame) {
    // The server pings every heartbeat: two missed and a half mean that nobody is there.
    this.#heartbeat = (frame.heartbeat_ms ?? 30_000) * 2.5;
    this.#expectWord();
    this.#onlineSince = Date.now();
    this.#why = null;
    this.#become({ name: 'online' });
  }

  /** The server closes at its own pace, after the acknowledgements; only if it fails to do so in time, we close. */
  #leave(frame) {
    this.#goingAway = frame;
    this.#why = frame.reason === 'shutdown' ? 'shutdown' : 'restart';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(1006), (frame.deadline_ms ?? HELLO_LIMIT) + 1_000);
    this.#become({ name: 'leaving', why: this.#why });
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
    if (code === 4500) this.#tokens.forget();
    if (FINAL[code]) this.#become({ name: 'final', code, message: FINAL[code] });
    else this.#retry(code);
  }

  #retry(code) {
    // Failures count on until a connection has lasted: a server that accepts and drops is not hammered.
    if (this.#onlineSince && Date.now() - this.#onlineSince > SETTLED_AFTER) this.#failures = 0;
    this.#onlineSince = 0;
    this.#why = WHY[code] ?? this.#why ?? 'lost';
    const delay = this.#goingAway ? afterNotice(this.#goingAway) : backoff(this.#failures++, code);
    this.#goingAway = null;
    this.#timer = setTimeout(() => this.open(), delay);
    const why = this.#failures > GIVES_UP_WHY ? 'unreachable' : this.#why;
    this.#become({ name: 'waiting', why, until: Date.now() + delay, code });
  }

  #become(state) {
    this.state = state;
    this.#on.state(state);
  }
}

/** Never before the time the server asked for, and not all clients at once. */
function afterNotice({ retry_after_ms: wait = 1_000 }) {
  return wait + Math.random() * Math.max(BACKOFF_BASE, wait / 2);
}

/** Exponential with full jitter; who was turned away for load waits a second more. */
function backoff(failures, code) {
  const most = Math.min(BACKOFF_CAP, BACKOFF_BASE * 2 ** failures);
  return Math.random() * most + (code === 1013 || code === 4008 ? 1_000 : 0);
}

/** Works on plain http too, unlike crypto.randomUUID. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function explanation(response) {
  const body = await response.json().catch(() => ({}));
  return body.detail ?? body.message ?? body.title ?? 'The server does not accept this name.';
}
