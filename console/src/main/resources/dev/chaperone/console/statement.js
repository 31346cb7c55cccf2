// Shows a statement exactly as it would run, in colours. Colours only: not a character is added, moved or left out.
import { element } from './dom.js';

const KEYWORDS = new Set(('select from where and or not in is null as on join left right full inner outer cross lateral group by '
  + 'order having limit offset union all except intersect distinct insert into values update set delete returning with recursive '
  + 'case when then else end between like ilike exists cast copy to create table view index alter drop grant revoke truncate '
  + 'declare cursor fetch call do begin commit rollback explain analyze using asc desc nulls first last over partition').split(' '));

// Comments, quoted text and names, dollar quotes, numbers, words; whatever else there is stays as it is.
const TOKENS = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|\b\d+(?:\.\d+)?\b|[A-Za-z_]\w*/g;

/** The statement as a block of text. */
export function statement(text, protocol) {
  const block = element('pre', { id: 'statement', tabindex: '0', 'aria-label': 'what would run' });
  if (protocol !== 'postgres' || text.length > 50_000) {
    block.append(text);
    return block;
  }
  let at = 0;
  for (const match of text.matchAll(TOKENS)) {
    const kind = /^['$\d]/.test(match[0]) ? 'literal' : KEYWORDS.has(match[0].toLowerCase()) ? 'keyword' : null;
    if (kind) {
      block.append(text.slice(at, match.index), element('span', { class: kind }, match[0]));
      at = match.index + match[0].length;
    }
  }
  block.append(text.slice(at));
  return block;
}
