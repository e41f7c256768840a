/** A room: what is shown of it, from sequence `low` to `head` without a gap, and what is known to exist beyond. What comes is `held`
 * at the server while somebody reads far above the end. */
export class Room {
  epoch = null;
  low = 1;
  head = 0;
  known = 0;
  joined = false;
  held = false;
  unread = 0;
  received = -1;
  loading = false;
  loadFailed = false;
  mends = 0;
  mendTimer = null;
  here = [];
  typing = new Map();
  seen = new Map();

  constructor(name, timeline) {
    this.name = name;
    this.timeline = timeline;
  }

  get hasGap() {
    return this.head < this.known;
  }

  get hasOlder() {
    return this.low > 1;
  }

  /** Joining is resuming: after the last message shown. */
  joinFrame() {
    return { t: 'join', room: this.name, ...(this.epoch !== null && { after: { epoch: this.epoch, seq: this.head } }) };
  }

  /** Goes on after `head`, or begins anew: then what was shown must go. Returns whether it begins anew. */
  join({ epoch, head, recovered, messages = [] }, isResuming) {
    const anew = !(isResuming && recovered && epoch === this.epoch);
    this.joined = true;
    this.held = false;
    this.loadFailed = false;
    this.known = anew ? head : Math.max(this.known, head);
    if (!anew) return false;
    if (epoch !== this.epoch) this.seen.clear();
    this.epoch = epoch;
    this.low = messages[0]?.seq ?? head + 1;
    this.head = this.low - 1;
    this.received = -1;
    return true;
  }

  /** The connection is gone: the server forgets that we were in. */
  leave() {
    this.joined = false;
    this.loading = false;
    this.here = [];
    this.typing.clear();
  }

  /** Takes those of the messages that are new and next. */
  take(messages) {
    return messages.filter(({ seq }) => {
      const isNext = seq === this.head + 1;
      if (isNext) this.head = seq;
      this.known = Math.max(this.known, seq);
      return isNext;
    });
  }

  /** How many messages lie after the last one that was seen; of those not loaded it is not known who wrote them. */
  unseenAfter(last, messages, user) {
    if (last?.epoch !== this.epoch) return 0;
    const notLoaded = Math.max(0, this.low - 1 - last.seq);
    return notLoaded + messages.filter((message) => message.seq > last.seq && message.user !== user).length;
  }

  /** Takes what the server says of those in the room: who is there, who has just typed, who has seen how far. */
  takeActivity({ here, typing = [], seen = {} }, typingUntil) {
    this.here = here ?? this.here;
    for (const user of typing) this.typing.set(user, typingUntil);
    for (const [user, seq] of Object.entries(seen)) this.seen.set(user, seq);
  }

  /** Who is typing at that time. */
  typingAt(now) {
    return [...this.typing].filter(([, until]) => until > now).map(([user]) => user);
  }

  /** Takes a page of older messages; returns those that are not shown yet. */
  takeOlder(messages, more) {
    const older = messages.filter(({ seq }) => seq < this.low);
    this.low = more && older.length > 0 ? older[0].seq : 1;
    return older;
  }
}
