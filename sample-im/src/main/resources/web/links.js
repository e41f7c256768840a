/** Links in what people say: web addresses only, and only those that are what they look like. */

import { element } from './dom.js';

const ADDRESS = /https?:\/\/[^\s<>"]+/giu;
// What ends a sentence, or what a link was put in, is no part of it.
const TRAILING = ".,;:!?'»”’*_~";
const CLOSING = { ')': '(', ']': '[', '}': '{' };
// Invisible, or able to turn the order of what one sees.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u;

/** Returns a text as text and links: to be appended to an element. */
export function withLinks(text) {
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = trim(found);
    if (!isHonest(address)) continue;
    parts.push(text.slice(end, index), link(address));
    end = index + address.length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== '');
}

function trim(found) {
  const count = {};
  for (const character of found) count[character] = (count[character] ?? 0) + 1;
  let end = found.length;
  for (; end > 0; end -= 1) {
    const last = found[end - 1];
    const isUnmatched = last in CLOSING && count[last] > (count[CLOSING[last]] ?? 0);
    if (isUnmatched) count[last] -= 1;
    else if (!TRAILING.includes(last)) break;
  }
  return found.slice(0, end);
}

/** No `https://bank.example@elsewhere.example`, and nothing that cannot be seen. */
function isHonest(address) {
  const url = URL.canParse?.(address) && new URL(address);
  return Boolean(url) && /^https?:$/.test(url.protocol) && !url.username && !url.password
    && !/[@\\]/.test(address.split(/[/?#]/)[2]) && !UNSEEN.test(address);
}

function link(address) {
  const anchor = element('a', '', address);
  const { href, hostname } = new URL(address);
  anchor.href = href;
  anchor.target = '_blank';
  anchor.rel = 'noopener noreferrer nofollow';
  anchor.referrerPolicy = 'no-referrer';
  anchor.dir = 'ltr';
  // Letters that look alike: the true name of the host.
  if (hostname.startsWith('xn--') || hostname.includes('.xn--')) anchor.title = hostname;
  return anchor;
}
