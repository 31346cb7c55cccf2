// What the requester of an approval did before: for whoever has to judge whether this is like them.
import { badge, count, element, sheet, STATES, table, time } from './dom.js';
import { before, Refusal } from './api.js';

const EFFECTS = { EFFECT_PERMIT: 'permitted', EFFECT_DENY: 'denied', EFFECT_HOLD: 'held' };

function approvals(all) {
  return all.length
    ? table('Earlier approvals', ['Asked', 'What', 'Why it was held', 'Outcome'], all.map((held) => [
      time(held.createdAt),
      element('a', { href: `#/approvals/${held.id}` }, `${held.operation.name} on ${held.operation.upstream}`),
      held.reasons[0]?.text ?? 'held by policy',
      badge(STATES[held.state], held.state.toLowerCase()),
    ]))
    : element('p', { class: 'dim' }, 'No other approval that you may see.');
}

function operations(sessions) {
  const recent = sessions.flatMap((session) => session.recent.map((operation) => ({ ...operation, session })))
    .sort((one, other) => other.at.localeCompare(one.at)).slice(0, 12);
  return recent.length
    ? table('Recent operations', ['When', 'Operation', 'On', 'Outcome', 'Agent'], recent.map((operation) => [
      time(operation.at),
      operation.name,
      operation.resources.join(', ') || operation.session.upstream,
      badge(EFFECTS[operation.effect] ?? 'unknown', operation.effect === 'EFFECT_DENY' ? 'denied' : ''),
      operation.session.principal?.agent || 'in person',
    ]))
    : element('p', { class: 'dim' }, 'No operation of the last sessions is known.');
}

function sessions(found) {
  const all = found.sessions;
  const sum = (key) => all.reduce((total, session) => total + Number(session[key]), 0);
  return element('p', {}, all.length
    ? `Last ${count(all.length, 'session')}: ${count(sum('operations'), 'operation')}, ${count(sum('rows'), 'row')} delivered, `
      + `${count(sum('maskedValues'), 'value')} masked, ${sum('held')} held, ${sum('denied')} denied.`
    : 'No earlier session is known.');
}

/** The section, and what fills it. */
export function history(id) {
  const content = element('div', {}, element('p', { class: 'dim' }, 'Looking it up…'));
  const section = sheet('What this principal did before', content);
  section.id = 'before';
  return {
    element: section,
    async look() {
      try {
        const past = await before(id);
        content.replaceChildren(...[
          past.sessions ? sessions(past.sessions) : null,
          past.sessions ? operations(past.sessions.sessions) : null,
          element('h3', {}, 'Approvals'),
          approvals(past.approvals),
        ].filter((part) => part !== null));
      } catch (e) {
        if (!(e instanceof Refusal)) {
          throw e;
        }
        content.replaceChildren(element('p', { class: 'dim' }, `It cannot be looked up now: ${e.message}`));
      }
    },
  };
}
