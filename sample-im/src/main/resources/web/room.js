/** A room's sequence: what has been shown, from `low` to `head` without a gap, and what came too early. */

export class Room {
  epoch = null;
  head = 0;
  low = 1;
  expected = 0;
  joined = false;
  unread = 0;
  received = 0;
  repairs = 0;
  loading = false;
  #early = new Map();

  constructor(name) {
    this.name = name;
  }

  /** Something is known to exist that has not been shown. */
  get hasGap() {
    return this.joined && this.head < this.expected;
  }

  get hasOlder() {
    return this.low > 1;
  }

  joinFrame() {
    const after = this.epoch === null ? {} : { after: { epoch: this.epoch, seq: this.head } };
    return { t: 'join', room: this.name, ...after };
  }

  /** The connection is gone: the server forgets that we were in. */
  left() {
    this.joined = false;
    this.#early.clear();
  }

  /** Begins anew or goes on after `head`; returns whether what was shown must go, and the messages to show. */
  join(frame, asked) {
    const messages = frame.messages ?? [];
    const resumed = Boolean(asked?.after) && frame.recovered && frame.epoch === this.epoch;
    this.joined = true;
    if (!resumed) return { anew: true, shown: this.#begin(frame, messages) };
    this.expected = Math.max(this.expected, frame.head);
    return { anew: false, shown: [...messages.flatMap((message) => this.take(message)), ...this.#ripe()] };
  }

  /** Takes a message as it comes; returns those that may now be shown, in order. What is known already is dropped. */
  take(message) {
    if (this.joined) this.expected = Math.max(this.expected, message.seq);
    if (!this.joined || message.seq > this.head) this.#early.set(message.seq, message);
    return this.joined ? this.#ripe() : [];
  }

  /** Takes a page of older messages; returns those below `low`. */
  takeOlder(messages, more) {
    const older = messages.filter((message) => message.seq < this.low);
    this.low = older.length > 0 && more ? older[0].seq : 1;
    return older;
  }

  /** The page keeps only so many; older ones can be loaded again. */
  forgetBelow(seq) {
    this.low = seq ?? this.low;
  }

  #begin(frame, messages) {
    // A joined frame may bring the newest messages or none; then they are fetched as a page.
    const newest = messages.at(-1)?.seq ?? 0;
    const usable = newest >= frame.head ? messages : [];
    this.epoch = frame.epoch;
    this.head = this.expected = Math.max(frame.head, newest);
    this.low = usable[0]?.seq ?? this.head + 1;
    this.received = 0;
    return [...usable, ...this.#ripe()];
  }

  #ripe() {
    const ripe = [];
    for (let next; (next = this.#early.get(this.head + 1)); this.head++) ripe.push(next);
    for (const seq of this.#early.keys()) if (seq <= this.head) this.#early.delete(seq);
    if (ripe.length > 0) this.repairs = 0;
    return ripe;
  }
}
