/** Those who are in a room with the user: who is there, who is typing, who has seen what. */

const TYPING_EVERY = 3_000;
const TYPING_SHOWN = 4_000;

export class Company {
  #user;
  #page;
  #room = null;
  #typedAt = -Infinity;

  constructor(user, page) {
    this.#user = user;
    this.#page = page;
  }

  /** Shows another room, or the same when its company may have changed. */
  show(room) {
    const isOther = (user) => user !== this.#user;
    this.#room = room;
    this.#page.company(room.here.length > 0, room.here.filter(isOther), room.typingAt(Date.now()).filter(isOther));
  }

  /** The server has said what happens in a room. */
  heard(room, activity) {
    room.takeActivity(activity, Date.now() + TYPING_SHOWN);
    room.timeline.showSeen(room.seen);
    this.#showIfOpen(room);
    if (activity.typing) setTimeout(() => this.#showIfOpen(room), TYPING_SHOWN);
  }

  /** Messages have come: who wrote them has typed, and the user's own may be the last now. */
  spoke(room, messages) {
    for (const { user } of messages) room.typing.delete(user);
    if (messages.some(({ user }) => user === this.#user)) room.timeline.showSeen(room.seen);
    this.#showIfOpen(room);
  }

  /** Returns whether the others are to be told that the user is typing: now and then only. */
  types() {
    const now = performance.now();
    if (now - this.#typedAt < TYPING_EVERY) return false;
    this.#typedAt = now;
    return true;
  }

  /** The user has sent what was typed. */
  sent() {
    this.#typedAt = -Infinity;
  }

  #showIfOpen(room) {
    if (room === this.#room) this.show(room);
  }
}
