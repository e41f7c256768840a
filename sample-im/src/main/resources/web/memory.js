/** What the browser remembers. Storage may be full or forbidden: then it is remembered as long as the page is open. */

const NAME = 'im.name';
const ROOMS = 'im.rooms';
const DRAFT = 'im.draft/';

/** The name that this tab goes by (a new tab has none), and the last one in this browser. */
export const tabName = () => attempt(() => sessionStorage.getItem(NAME));
export const lastName = () => load(NAME) ?? '';

export function saveName(name) {
  attempt(() => sessionStorage.setItem(NAME, name));
  save(NAME, name);
}

/** The tab begins anew: its name and its drafts go. */
export const forgetTab = () => attempt(() => sessionStorage.clear());

export const rooms = () => load(ROOMS) ?? [];
export const addRoom = (name) => save(ROOMS, [...new Set([...rooms(), name])]);
export const removeRoom = (name) => save(ROOMS, rooms().filter((other) => other !== name));

/** The last message of a room that a user has seen here: `{ epoch, seq }`. */
export const seen = (user, room) => load(seenKey(user, room));
export const saveSeen = (user, room, last) => save(seenKey(user, room), last);
const seenKey = (user, room) => `im.seen/${encodeURIComponent(user)}/${room}`;

export const draft = (room) => attempt(() => sessionStorage.getItem(DRAFT + room)) ?? '';
export const saveDraft = (room, text) => attempt(() => sessionStorage.setItem(DRAFT + room, text));

export const load = (key) => attempt(() => JSON.parse(localStorage.getItem(key)));
export const save = (key, value) => attempt(() => localStorage.setItem(key, JSON.stringify(value)));
export const remove = (key) => attempt(() => localStorage.removeItem(key));
export const keys = (prefix) => attempt(() => Object.keys(localStorage).filter((key) => key.startsWith(prefix))) ?? [];

function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
