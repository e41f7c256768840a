/** Notifications of the browser's, for who has asked for them: only while the page is hidden, and now and then only. */

import { $ } from './dom.js';
import * as memory from './memory.js';

const WANTED = 'im.notify';
const AT_MOST_EVERY = 5_000;
const MOST_CHARACTERS = 200;

export class Notifier {
  #open;
  #lastAt = -Infinity;

  /** @param open `open(room)` opens the room whose notification was clicked */
  constructor(open) {
    this.#open = open;
    $('notify').hidden = !('Notification' in window);
    $('notify').addEventListener('click', () => this.#toggle());
    this.#show();
  }

  /** Tells of a message, should nobody be looking. */
  heard({ room, user, text }) {
    if (!document.hidden || !this.#isOn || performance.now() - this.#lastAt < AT_MOST_EVERY) return;
    this.#lastAt = performance.now();
    try {
      const notification = new Notification(`${user} in ${room}`, { body: text.slice(0, MOST_CHARACTERS), tag: room, icon: 'icon.svg' });
      notification.addEventListener('click', () => {
        window.focus();
        notification.close();
        this.#open(room);
      });
    } catch {
      $('notify').hidden = true; // phones want a service worker for it
    }
  }

  get #isOn() {
    return memory.load(WANTED) === true && 'Notification' in window && Notification.permission === 'granted';
  }

  async #toggle() {
    const wanted = !this.#isOn;
    memory.save(WANTED, wanted);
    if (wanted) await Notification.requestPermission();
    this.#show();
  }

  #show() {
    const isRefused = 'Notification' in window && Notification.permission === 'denied' && memory.load(WANTED) === true;
    $('notify').setAttribute('aria-pressed', this.#isOn);
    $('notify').textContent = isRefused ? 'Notifications: blocked by the browser' : `Notifications: ${this.#isOn ? 'on' : 'off'}`;
  }
}
