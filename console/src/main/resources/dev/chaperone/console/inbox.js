// The list of what waits for a decision, and of what was decided of late.
import { announce, badge, element, requester, STATES, time } from './dom.js';
import { approvals } from './api.js';

function item(held, isNew) {
  const { operation } = held;
  const classes = [...new Set(operation.fields.map((field) => field.phiClass))].filter((name) => name !== 'NONE');
  return element('li', {},
    element('a', { class: isNew ? 'held new' : 'held', href: `#/approvals/${held.id}`, 'data-id': held.id },
      element('span', { class: 'title' }, requester(held)),
      badge(STATES[held.state], held.state.toLowerCase()),
      element('span', { class: 'why' }, held.reasons[0]?.text ?? 'held by policy'),
      element('span', { class: 'meta' },
        `${operation.name} on ${operation.upstream}`,
        operation.estimatedRows >= 0 ? ` · about ${operation.estimatedRows.toLocaleString('en')} rows` : '',
        classes.length ? ` · PHI ${classes.join(', ')}` : '',
        ' · asked ', time(held.createdAt),
        ...(held.state === 'PENDING' ? [' · lapses ', time(held.expiresAt)] : []))));
}

function section(title, all, known, nothing) {
  return [
    element('h2', {}, title),
    all.length
      ? element('ul', { class: 'held-list' }, ...all.map((held) => item(held, known !== null && !known.has(held.id))))
      : element('p', { class: 'dim' }, nothing),
  ];
}

/** Shows the list; returns what looks again. */
export function inbox(main, who) {
  const decides = who.roles.includes('APPROVER');
  let known = null;
  return async () => {
    const all = await approvals();
    const pending = all.filter((held) => held.state === 'PENDING');
    const focused = main.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    main.replaceChildren(
      element('h1', {}, 'Approvals'),
      element('p', { class: 'dim' }, decides
        ? 'Agents wait for these. Nothing runs before somebody else than who asked has approved exactly that.'
        : 'Your own requests, and what you may see besides. Others decide on them.'),
      ...section('Waiting', pending, known, 'Nothing waits.'),
      ...section('Decided', all.filter((held) => held.state !== 'PENDING'), null, 'Nothing yet.'));
    if (focused) {
      main.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    }
    document.title = `${pending.length ? `(${pending.length}) ` : ''}Approvals · Chaperone`;
    const arrived = known === null ? [] : pending.filter((held) => !known.has(held.id));
    if (arrived.length) {
      announce(arrived.length === 1 ? `${requester(arrived[0])} waits for a decision` : `${arrived.length} more wait`);
    }
    known = new Set(all.map((held) => held.id));
  };
}
