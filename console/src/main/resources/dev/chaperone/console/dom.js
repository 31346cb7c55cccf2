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
