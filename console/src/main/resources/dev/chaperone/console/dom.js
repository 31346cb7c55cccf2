// Makes elements. Text is always text: nothing here, and nothing that uses it, turns a string into markup.

/** An element with attributes, properties that are functions as listeners, and children that are elements or text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      made.addEventListener(key, value);
    } else if (typeof value === 'boolean') {
      made.toggleAttribute(key, value);
    } else {
      made.setAttribute(key, value);
    }
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Says something to who hears the page rather than sees it. */
export function announce(text) {
  document.getElementById('announce').textContent = text;
}

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** A time, with how far from now it is. */
export function time(iso) {
  const at = new Date(iso);
  const seconds = Math.round((at - Date.now()) / 1000);
  const [amount, unit] = Math.abs(seconds) < 90 ? [seconds, 'second']
    : Math.abs(seconds) < 5400 ? [Math.round(seconds / 60), 'minute']
      : Math.abs(seconds) < 129600 ? [Math.round(seconds / 3600), 'hour']
        : [Math.round(seconds / 86400), 'day'];
  return element('time', { datetime: iso, title: at.toLocaleString() }, RELATIVE.format(amount, unit));
}

/** How long something took or lasted. */
export function duration(micros) {
  const seconds = Number(micros) / 1e6;
  return seconds < 0.001 ? `${Math.round(seconds * 1e6)} µs` : seconds < 1 ? `${(seconds * 1e3).toFixed(1)} ms`
    : seconds < 120 ? `${seconds.toFixed(1)} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min`
      : `${(seconds / 3600).toFixed(1)} h`;
}

/** "1 row", "2 rows". */
export const count = (number, one, many = `${one}s`) =>
  `${Number(number).toLocaleString('en')} ${Number(number) === 1 ? one : many}`;

/** A size in words. */
export function size(bytes) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = Number(bytes);
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit ? amount.toFixed(1) : amount} ${units[unit]}`;
}

/** Terms and what they are; what is empty is left out. */
export function facts(...pairs) {
  return element('dl', {}, ...pairs.filter(([, fact]) => fact !== '' && fact !== null)
    .flatMap(([term, fact]) => [element('dt', {}, term), element('dd', {}, ...[fact].flat())]));
}

/** A part of a page with a heading. */
export function sheet(title, ...content) {
  return element('section', { class: 'sheet' }, element('h2', {}, title), ...content);
}

/** A table that can be scrolled by itself, so that the page need not be. */
export function table(caption, heads, rows) {
  return element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    element('table', {},
      element('caption', { class: 'visually-hidden' }, caption),
      element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
      element('tbody', {}, ...rows.map((cells) => element('tr', {}, ...cells.map((cell) => (
        cell instanceof HTMLTableCellElement ? cell : element('td', {}, ...[cell].flat()))))))));
}

/** A word in a coloured pill; the word alone carries the meaning. */
export function badge(text, kind) {
  return element('span', { class: `badge ${kind}` }, text);
}

export const STATES = {
  PENDING: 'waiting',
  APPROVED: 'approved',
  DENIED: 'denied',
  EXPIRED: 'expired',
  CANCELLED: 'withdrawn',
  CONSUMED: 'approved and used',
};

/** Who asks, in words. */
export function requester(held) {
  const { subject, agent } = held.requester;
  return agent ? `${agent} for ${subject}` : subject;
}
