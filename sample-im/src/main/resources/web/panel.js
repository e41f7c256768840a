/** The small panel: what the server says of itself, asked once a second while the panel is open. It is folded away until one wants it. */

import { $ } from './dom.js';
import * as memory from './memory.js';

const EVERY = 1_000;
const OPEN = 'im.panel';

export class Panel {
  #unsent;

  /** @param unsent `unsent()` counts the messages that wait in this browser */
  constructor(unsent) {
    this.#unsent = unsent;
    $('panel-toggle').addEventListener('click', () => this.#want($('panel').hidden));
    this.#open(memory.load(OPEN) ?? false);
    setInterval(() => this.#ask(), EVERY);
  }

  /** Returns whether it was open. */
  close() {
    if ($('panel').hidden) return false;
    this.#want(false);
    return true;
  }

  node(name) {
    $('panel-node').textContent = name;
  }

  connection(name) {
    $('connection-dot').className = name;
    $('panel-connection').textContent = name;
  }

  #want(open) {
    memory.save(OPEN, open);
    this.#open(open);
  }

  #open(open) {
    $('panel').hidden = !open;
    $('panel-toggle').setAttribute('aria-expanded', open);
    this.#ask();
  }

  async #ask() {
    if (!$('panel').hidden) this.#show(await status());
  }

  #show({ state, phase, in_flight: inFlight = {}, sessions }) {
    const counts = Object.entries(inFlight).map(([gate, count]) => `${gate} ${count}`);
    $('panel-state').textContent = state;
    $('panel-state').dataset.state = state;
    $('panel-phase').textContent = phase ?? '–';
    $('panel-in-flight').textContent = counts.join(', ') || '–';
    $('panel-sessions').textContent = sessions ?? '–';
    $('panel-unsent').textContent = this.#unsent();
  }
}

async function status() {
  try {
    const response = await fetch('api/status', { cache: 'no-store', signal: AbortSignal.timeout(EVERY) });
    return response.ok ? await response.json() : { state: `HTTP ${response.status}` };
  } catch {
    return { state: 'unreachable' };
  }
}
