/** The view on the open room's messages: it follows their end until the user goes up, and stays where it is then. */

import { $ } from './dom.js';

const NEAR_END = 60;
const MOVED = 1;

export class View {
  following = true;
  #changed;
  #wantsOlder;
  #last = null;
  #lastBottom = 0;
  #top = 0;
  #size = '';
  #scheduled = false;

  /**
   * @param changed `changed()` is told when another part is looked at
   * @param wantsOlder `wantsOlder()` is told when the view comes near the beginning
   */
  constructor(changed, wantsOlder) {
    this.#changed = changed;
    this.#wantsOlder = wantsOlder;
    $('messages').addEventListener('scroll', () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.laidOut()).observe($('messages'));
  }

  toEnd() {
    this.following = true;
    this.laidOut();
  }

  /** After a change, once it is laid out: goes to the end if it follows, and asks for more if there is space above. */
  laidOut() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      const messages = $('messages');
      this.#scheduled = false;
      if (this.following) messages.scrollTop = messages.scrollHeight;
      this.#remember();
      if (messages.scrollHeight <= messages.clientHeight) this.#wantsOlder();
    });
  }

  /** Puts older messages above without moving what is being read. */
  prepend(change) {
    const messages = $('messages');
    const fromBottom = messages.scrollHeight - messages.scrollTop;
    change();
    messages.scrollTop = messages.scrollHeight - fromBottom;
    this.#remember();
  }

  /** A message was unfolded or folded: whoever reads it is not taken to the end. */
  judge() {
    this.following = this.#fromEnd < NEAR_END;
    this.#remember();
    this.#changed();
  }

  get #fromEnd() {
    const { scrollTop, scrollHeight, clientHeight } = $('messages');
    return scrollHeight - scrollTop - clientHeight;
  }

  #scrolled() {
    const { scrollTop, clientHeight } = $('messages');
    if (this.following) this.following = !this.#wentUp(scrollTop);
    else this.following = this.#fromEnd < (scrollTop >= this.#top ? NEAR_END : MOVED + 1);
    this.#remember();
    if (scrollTop < clientHeight) this.#wantsOlder();
    this.#changed();
  }

  /**
   * Whether it was the user who scrolled. The browser scrolls, too, when messages above go or the phone is turned; but then
   * what was the last message is not lower in the view than it was, however many have come behind it since.
   */
  #wentUp(scrollTop) {
    return this.#top - scrollTop >= MOVED && this.#size === sizeOfView() && bottomOf(this.#last) - this.#lastBottom >= MOVED;
  }

  #remember() {
    this.#top = $('messages').scrollTop;
    this.#size = sizeOfView();
    this.#last = $('messages').lastElementChild.lastElementChild;
    this.#lastBottom = bottomOf(this.#last);
  }
}

function sizeOfView() {
  const { clientWidth, clientHeight } = $('messages');
  return `${clientWidth} x ${clientHeight}`;
}

/** Where an item ends, measured from the top of the view; nowhere if it has gone. */
function bottomOf(item) {
  return item?.isConnected ? item.getBoundingClientRect().bottom : -Infinity;
}
