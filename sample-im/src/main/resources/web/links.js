/** Links in what people say: web addresses only, and only those that are what they look like. */

import { element } from './dom.js';

const ADDRESS = /https?:\/\/[^\s<>"]+/giu;
// What ends a sentence, or what a link was put in, is no part of it.
const TRAILING = /[.,;:!?'»”’*_~]+$/u;
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
  const address = found.replace(TRAILING, '');
  const last = address.at(-1);
  const opens = address.split(CLOSING[last]).length;
  const isUnmatched = CLOSING[last] && address.split(last).length > opens;
  return isUnmatched ? trim(address.slice(0, -1)) : address;
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
