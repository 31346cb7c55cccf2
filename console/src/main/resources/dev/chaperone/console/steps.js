// Shows one step of a session: what was asked and decided, and what the agent got, character for character.
import { badge, count, duration, element, table } from './dom.js';
import { statement, value } from './statement.js';

const EFFECTS = { permit: ['permitted', 'approved'], hold: ['held', 'pending'], deny: ['denied', 'denied'] };

function effect(word) {
  const [text, kind] = EFFECTS[word] ?? [word, ''];
  return badge(text, kind);
}

function cell(shown) {
  if (shown.isNull) {
    return element('td', { class: 'null' }, 'NULL');
  }
  const text = value(shown.text);
  if (shown.cut) {
    text.append('…');
  }
  return shown.masked
    ? element('td', { class: 'masked' }, text, ' ', element('span', { class: 'mark' }, 'masked'))
    : element('td', {}, text);
}

function asked(step) {
  const { asked: what } = step;
  const masks = Object.entries(what.masks);
  const block = statement(what.operation, 'postgres');
  block.removeAttribute('id');
  return [
    element('p', {}, effect(what.effect), what.decided !== what.effect ? ` (the policy said ${what.decided})` : '',
      element('span', { class: 'dim' }, ` policy ${what.policyVersion} · ${duration(what.decisionMicros)}${what.cached ? ' · from the cache' : ''}`)),
    block,
    what.parameters.length
      ? element('ol', { class: 'plain', 'aria-label': 'parameters' }, ...what.parameters.map((parameter) => element('li', {},
        parameter.isNull ? 'NULL' : value(parameter.text))))
      : null,
    what.reasons.length
      ? element('ul', { class: 'plain' }, ...what.reasons.map((reason) => element('li', {}, reason.text,
        element('span', { class: 'dim' }, ` — ${reason.rule}${reason.citation ? `, ${reason.citation}` : ''}`))))
      : null,
    masks.length ? element('p', {}, 'Masked: ', masks.map(([field, mask]) => `${field} (${mask})`).join(', ')) : null,
    what.message ? element('p', {}, 'The client was told: ', value(what.message)) : null,
  ];
}

function saw(step) {
  const { saw: what } = step;
  const detected = Object.entries(what.detected).map(([name, finds]) => `${finds} ${name}`).join(', ');
  return [
    element('p', {}, `${count(what.rows, 'row')}, ${count(what.maskedValues, 'value')} masked`
      + `${detected ? `, found and replaced: ${detected}` : ''} · ${what.bytes} bytes`),
    what.table.length ? table('Rows as the agent saw them', what.columns, what.table.map((row) => row.cells.map(cell))) : null,
    Number(what.omitted) ? element('p', { class: 'dim' }, `${count(what.omitted, 'more row')} not shown here.`) : null,
    what.messages.length
      ? element('ul', { class: 'plain' }, ...what.messages.map((message) => element('li', {}, value(message))))
      : null,
  ];
}

function votes(all) {
  return element('ul', { class: 'plain' }, ...all.map((vote) => element('li', {},
    `${vote.voter?.subject ?? 'somebody'} ${vote.approve ? 'approved' : 'denied'}${vote.breakGlass ? ' by break-glass' : ''}: `,
    element('q', {}, vote.justification))));
}

const KINDS = [
  ['opened', 'connected', (step) => [element('p', {}, `From ${step.opened.clientAddress}, ${step.opened.transport}.`)]],
  ['authenticated', 'authenticated', ({ authenticated: who }) => [element('p', {},
    `${who.agent ? `${who.agent} for ${who.subject}` : who.subject}, groups: ${who.groups.join(', ') || 'none'}.`)]],
  ['refused', 'refused', ({ refused }) => [element('p', {}, `${refused.code}: ${refused.message}`)]],
  ['asked', 'asked', asked],
  ['saw', 'the agent saw', saw],
  ['sent', 'the agent sent', ({ sent }) => [
    element('p', {}, `${sent.bytes} bytes${sent.last ? ', the last' : ''}, beginning:`), element('p', {}, value(sent.start))]],
  ['ended', 'ended', ({ ended }) => [element('p', {},
    `${ended.outcome} ${ended.code} · ${count(ended.rows, 'row')} · ${duration(ended.durationMicros)}`)]],
  ['held', 'held for people', ({ held }) => [element('p', {}, held.limit ? `It met a limit: ${held.limit}. ` : '',
    element('a', { href: `#/approvals/${held.approvalId}` }, 'The approval'))]],
  ['holdEnded', 'waits no longer', ({ holdEnded: end }) => [
    element('p', {}, badge(end.outcome, end.outcome === 'granted' ? 'approved' : 'denied'), ` after ${duration(end.waitedMicros)}`,
      end.breakGlass ? ' by break-glass' : ''),
    end.words ? element('p', {}, value(end.words)) : null,
    end.votes.length ? votes(end.votes) : null]],
  ['closed', 'closed', (step) => [element('p', {}, `By ${step.closed}.`)]],
  ['other', 'event', (step) => [element('p', {}, step.other)]],
];

/** What kind of step it is: a word, and what shows it. */
function kind(step) {
  return KINDS.find(([name]) => step[name] !== undefined && step[name] !== null) ?? ['other', 'event', () => []];
}

/** A step in a few words. */
export function title(step) {
  const [, word] = kind(step);
  return `${Number(step.request) ? `#${step.request} ` : ''}${word}`;
}

/** A step as a whole. */
export function shown(step, current) {
  const [name, , content] = kind(step);
  return element('li', { class: `step ${name}${current ? ' current' : ''}`, 'data-sequence': step.sequence },
    element('h3', {}, title(step), element('span', { class: 'dim' }, ` +${(Number(step.atMicros) / 1e6).toFixed(3)} s`)),
    ...content(step).filter((part) => part !== null));
}
