// The enforcers that this decision point hears of: whether they follow its policy, and when they last asked.
import { badge, count, element, table, time } from './dom.js';
import { enforcers as load } from './api.js';

function state(enforcer, version) {
  if (enforcer.streams === 0) {
    return badge('not connected', 'denied');
  }
  return enforcer.announcedVersion === version ? badge('follows', 'approved') : badge('behind', 'pending');
}

const when = (at) => (at ? time(at) : '—');

/** Shows enforcers; returns what looks again. */
export function enforcers(main) {
  const list = element('div', { id: 'enforcers' });
  main.replaceChildren(
    element('h1', {}, 'Enforcers'),
    element('p', { class: 'dim' }, 'Those that ask this decision point, by the names that they give themselves. One that follows was'
      + ' told of the policy in force; one that is not connected denies what it cannot ask about.'),
    list);
  document.title = 'Enforcers · Chaperone';
  async function look() {
    const { policyVersion, enforcers: all } = await load();
    list.replaceChildren(all.length
      ? table('Enforcers', ['Name', 'State', 'Processes', 'Since', 'Left', 'Decisions', 'Last decision', 'Its policy'],
        all.map((one) => [
          one.name, state(one, policyVersion), String(one.streams), when(one.followsSince), when(one.left),
          Number(one.decisions).toLocaleString('en'), when(one.lastDecision),
          one.decidedVersion || one.announcedVersion || '—']))
      : element('p', { class: 'dim' }, 'No enforcer has asked or connected since this decision point began.'));
    list.append(element('p', { class: 'dim' }, `${count(all.length, 'enforcer')}; policy in force: ${policyVersion || 'none'}.`));
  }
  look.every = 5000;
  return look;
}
