// The sessions that were recorded: found by who, through which agent, on what, when; and followed as they come.
import { badge, count, element, time } from './dom.js';
import { searchSessions } from './api.js';

function field(id, label, control) {
  control.id = id;
  return element('div', { class: 'field' }, element('label', { for: id }, label), control);
}

const input = (type = 'text') => element('input', { type, maxlength: '200', autocomplete: 'off', spellcheck: 'false' });

/** Who a session is of, in words. */
export function principal(session) {
  const who = session.principal;
  return who ? (who.agent ? `${who.agent} for ${who.subject}` : who.subject) : 'nobody authenticated';
}

function item(session) {
  return element('li', {},
    element('a', { class: 'held', href: `#/sessions/${session.sessionId}`, 'data-id': session.sessionId },
      element('span', { class: 'title' }, principal(session)),
      badge(session.end ? `ended: ${session.end}` : 'open', session.end ? '' : 'approved'),
      element('span', { class: 'why' },
        `${session.protocol} on ${session.upstream}${session.resources.length ? `: ${session.resources.join(', ')}` : ''}`),
      element('span', { class: 'meta' },
        `${count(session.operations, 'operation')} · ${count(session.rows, 'row')} · ${count(session.maskedValues, 'value')} masked`,
        Number(session.held) ? ` · ${session.held} held` : '',
        Number(session.denied) ? ` · ${session.denied} denied` : '',
        ' · began ', time(session.began), ' · last seen ', time(session.lastSeen))));
}

/** Shows sessions; returns what looks again. */
export function sessions(main, who) {
  const subject = input();
  const agent = input();
  const resource = input();
  const from = input('datetime-local');
  const to = input('datetime-local');
  const effect = element('select', {}, ...[['', 'any'], ['permit', 'something permitted'], ['hold', 'something held'],
    ['deny', 'something denied']].map(([value, text]) => element('option', { value }, text)));
  const list = element('div', { id: 'sessions' });
  let conditions = {};
  let more = [];

  const iso = (control) => (control.value ? new Date(control.value).toISOString() : '');
  const search = async (event) => {
    event.preventDefault();
    conditions = {
      subject: subject.value, agent: agent.value, resource: resource.value, effect: effect.value, from: iso(from), to: iso(to),
    };
    more = [];
    await look();
  };

  main.replaceChildren(
    element('h1', {}, 'Sessions'),
    element('p', { class: 'dim' }, who.roles.includes('AUDITOR')
      ? 'What agents did, newest first. That you look at them is on record.'
      : 'What you and agents that act for you did, newest first.'),
    element('form', { class: 'sheet search', submit: search, role: 'search' },
      ...(who.roles.includes('AUDITOR') ? [field('subject', 'On behalf of', subject)] : []),
      field('agent', 'Agent', agent),
      field('resource', 'Resource', resource),
      field('effect', 'With', effect),
      field('from', 'Went on after', from),
      field('to', 'Began before', to),
      element('button', { type: 'submit', id: 'search' }, 'Search')),
    list);
  document.title = 'Sessions · Chaperone';

  function show(found) {
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    const all = [...found.sessions, ...more.flatMap((page) => page.sessions)];
    const last = more[more.length - 1] ?? found;
    list.replaceChildren(...[
      found.complete ? null : element('p', { class: 'problem' }, 'The sink still reads its ledger: older sessions may be missing.'),
      all.length
        ? element('ul', { class: 'held-list' }, ...all.map(item))
        : element('p', { class: 'dim' }, 'No session meets that.'),
      last.nextPageToken
        ? element('button', {
          type: 'button', class: 'quiet', id: 'more', 'data-id': 'more',
          click: async () => {
            more.push(await searchSessions({ ...conditions, page: last.nextPageToken }));
            show(found);
          },
        }, 'Show older ones')
        : found.oldest
          ? element('p', { class: 'dim' }, 'Sessions that began before ', time(found.oldest), ' are in the ledger\'s files alone.')
          : null,
    ].filter((part) => part !== null));
    if (focused) {
      list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    }
  }

  async function look() {
    // Older pages that somebody reads do not move.
    if (!more.length) {
      show(await searchSessions(conditions));
    }
  }
  look.every = 5000;
  return look;
}
