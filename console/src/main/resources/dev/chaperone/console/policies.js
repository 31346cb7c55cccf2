// The policy in force: which, since when, whether it is the newest, and every rule with what it rests on.
import { badge, count, element, facts, sheet, table, time } from './dom.js';
import { policies as load } from './api.js';

function reload(policy) {
  return policy.problems.length
    ? [
      element('p', {}, badge('refused', 'denied'), ' A newer content was refused ', policy.refusedAt ? time(policy.refusedAt) : '',
        '; the policy above stays in force. Correct:'),
      element('ul', { class: 'plain' }, ...policy.problems.map((problem) => element('li', {}, element('code', {}, problem)))),
    ]
    : [element('p', {}, badge('in force', 'approved'), ' The newest content was taken into force ', time(policy.activeSince), '.')];
}

/** Shows the policy; returns what looks again. */
export function policies(main) {
  const filter = element('input', { type: 'search', id: 'filter', autocomplete: 'off', input: () => rules() });
  const list = element('div', { id: 'rules' });
  const head = element('div');
  let policy = null;
  main.replaceChildren(head,
    sheet('Rules', element('div', { class: 'field' }, element('label', { for: 'filter' }, 'Show those with'), filter), list));
  document.title = 'Policies · Chaperone';

  function rules() {
    const part = filter.value.trim().toLowerCase();
    const found = policy.rules.filter((rule) =>
      [rule.pack, rule.name, rule.reason, rule.citation, rule.path].some((text) => text.toLowerCase().includes(part)));
    list.replaceChildren(
      element('p', { class: 'dim', role: 'status' }, count(found.length, 'rule')),
      table('Rules', ['Rule', 'What it says', 'Rests on', 'Source'], found.map((rule) => [
        `${rule.pack}/${rule.name}`, rule.reason || '—', rule.citation || '—', `${rule.path}:${rule.line}`])));
  }

  async function look() {
    const now = await load();
    const same = JSON.stringify(now) === JSON.stringify(policy);
    policy = now;
    if (same) {
      return;
    }
    head.replaceChildren(
      element('h1', {}, `Policy ${policy.version}`),
      sheet('In force', facts(
        ['Since', time(policy.activeSince)],
        ['Digest', element('code', {}, `sha-256 ${policy.digest}`)],
        ['Rules', String(policy.rules.length)],
        ['Sources', policy.sources.join(', ')],
        ['PHI catalog', policy.catalog || 'none: every column counts as unknown'])),
      sheet('Last reload', ...reload(policy)),
      ...(policy.warnings.length
        ? [sheet('Warnings', element('ul', { class: 'plain' }, ...policy.warnings.map((text) => element('li', {}, text))))] : []),
      sheet('Tests', element('p', {}, 'Policies are tested where they are written, with ', element('code', {}, 'chaperone policy test'),
        '; a decision point keeps no results.')));
    rules();
  }
  look.every = 5000;
  return look;
}
