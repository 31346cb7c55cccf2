// Shows a statement exactly as it would run, in colours. Not a character is added, moved or left out.
import { element } from './dom.js';

const KEYWORDS = new Set(('select from where and or not in is null as on join left right full inner outer cross lateral group by '
  + 'order having limit offset union all except intersect distinct insert into values update set delete returning with recursive '
  + 'case when then else end between like ilike exists cast copy to create table view index alter drop grant revoke truncate '
  + 'declare cursor fetch call do begin commit rollback explain analyze using asc desc nulls first last over partition').split(' '));

// Comments, quoted text and names, dollar quotes, numbers, words; whatever else there is stays as it is.
const TOKENS = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|\b\d+(?:\.\d+)?\b|[A-Za-z_]\w*/g;

// What cannot be seen, or turns the direction of what follows, and so could make a statement read otherwise than it runs.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u061c\u115f\u1160\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0]|[\u{e0000}-\u{e0fff}]/gu;

/** Appends text in which what cannot be seen is marked by its code; each mark keeps its effect to itself. */
function append(to, text) {
  let at = 0;
  for (const match of text.matchAll(UNSEEN)) {
    const code = match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    to.append(text.slice(at, match.index),
      element('span', { class: 'unseen', 'data-code': `U+${code}`, title: `the character U+${code}` }, match[0]));
    at = match.index + match[0].length;
  }
  to.append(text.slice(at));
  return to;
}

/** A value, character for character. */
export const value = (text) => append(element('code'), text);

/** The statement as a block of text. */
export function statement(text, protocol) {
  const block = element('pre', { id: 'statement', tabindex: '0', 'aria-label': 'what would run' });
  if (protocol !== 'postgres' || text.length > 50_000) {
    return append(block, text);
  }
  let at = 0;
  for (const match of text.matchAll(TOKENS)) {
    const kind = /^['$\d]/.test(match[0]) ? 'literal' : KEYWORDS.has(match[0].toLowerCase()) ? 'keyword' : null;
    if (kind) {
      append(block, text.slice(at, match.index));
      block.append(append(element('span', { class: kind }), match[0]));
      at = match.index + match[0].length;
    }
  }
  return append(block, text.slice(at));
}
