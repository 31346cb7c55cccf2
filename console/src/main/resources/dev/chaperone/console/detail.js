// One approval: what would run, who asks, why it is held; and the decision.
import { announce, badge, element, facts, requester, sheet, STATES, table, time } from './dom.js';
import { approval, Refusal, vote } from './api.js';
import { history } from './before.js';
import { statement, value } from './statement.js';

const CLASSES = {
  A: 'names', B: 'geography', C: 'dates', D: 'phone numbers', E: 'fax numbers', F: 'e-mail addresses',
  G: 'social security numbers', H: 'medical record numbers', I: 'health plan numbers', J: 'account numbers',
  K: 'certificate and licence numbers', L: 'vehicle identifiers', M: 'device identifiers', N: 'web addresses',
  O: 'network addresses', P: 'biometric identifiers', Q: 'photographs', R: 'other unique identifiers',
  CLINICAL: 'health data', UNKNOWN: 'not classified', NONE: 'no PHI',
};

function fields(operation) {
  if (!operation.fields.length) {
    return element('p', {}, 'None that the enforcer knows of.');
  }
  const heads = ['Field', 'PHI class', 'Used as', 'Delivered'];
  const rows = operation.fields.map((field) => {
    const read = field.uses.includes('output') || field.uses.includes('derived');
    const phi = field.phiClass !== 'NONE';
    return [
      field.name,
      [badge(field.phiClass, phi ? 'phi' : ''), ` ${CLASSES[field.phiClass] ?? ''}`],
      field.uses.join(', '),
      field.mask ? badge(`masked: ${field.mask}`, 'mask') : read ? (phi ? 'in the clear' : 'yes') : 'no',
    ];
  });
  return table('Fields that it would touch', heads, rows);
}

function reasons(held) {
  return element('ul', { class: 'plain' }, ...held.reasons.map((reason) => element('li', {},
    reason.text,
    element('span', { class: 'dim' }, ` — ${reason.pack}/${reason.rule}${reason.citation ? `, ${reason.citation}` : ''}`))));
}

function votes(held) {
  return element('ul', { class: 'plain' }, ...held.votes.map((said) => element('li', {},
    `${said.subject} ${said.approve ? 'approved' : 'denied'}${said.breakGlass ? ' by break-glass' : ''}: `,
    element('q', {}, said.justification), ' ', time(said.at))));
}

function show(held) {
  const { operation, requester: asks, origin, terms } = held;
  return [
    element('p', {}, element('a', { href: '#/approvals' }, '← All approvals')),
    element('h1', {}, `${requester(held)}: ${operation.name} on ${operation.upstream}`),
    element('p', { id: 'state' }, badge(STATES[held.state], held.state.toLowerCase()),
      ...(held.votes.some((said) => said.breakGlass) ? [' ', badge('break-glass', 'denied')] : []),
      ...(held.state === 'PENDING' ? [' lapses ', time(held.expiresAt)] : [])),
    sheet('Why it is held', operation.limit ? element('p', {}, `It met a limit: ${operation.limit}.`) : null, reasons(held)),
    sheet('What would run, exactly', statement(operation.text, operation.protocol),
      operation.parameters.length
        ? element('ol', { class: 'plain', 'aria-label': 'parameters' },
          ...operation.parameters.map((parameter) => element('li', {}, value(parameter))))
        : null,
      element('p', { class: 'dim' }, operation.estimatedRows >= 0
        ? `The planner expects about ${operation.estimatedRows.toLocaleString('en')} rows.`
        : 'How many rows to expect is not known.')),
    sheet('Fields that it would touch', fields(operation)),
    sheet('Who asks', facts(
      ['Agent', asks.agent || 'none: in person'],
      ['On behalf of', asks.subject],
      ['Through', asks.delegation.join(' → ')],
      ['Groups', asks.groups.join(', ') || 'none'],
      ['Purpose stated', origin.purpose],
      ['From', [origin.address, origin.clientName].filter(Boolean).join(' · ')],
      ['Connection', origin.encrypted ? 'encrypted' : 'NOT encrypted'],
      ['Data goes to', origin.zone],
      ['Enforcer', origin.enforcer],
      ['Session', origin.sessionId],
      ['Asked', time(held.createdAt)],
      ['A grant is for', { once: 'one execution', session: 'the session', window: 'a time window' }[terms.mode] ?? terms.mode],
      ['It takes', `${terms.approvalsNeeded} ${terms.approvalsNeeded === 1 ? 'person' : 'different people'}`
        + (terms.groups.length ? ` of ${terms.groups.join(' or ')}` : '')],
      ['Policy', terms.policyVersion])),
    held.votes.length ? sheet('What people said', votes(held)) : null,
  ].filter((part) => part !== null);
}

/** The form; the one thing that stays when the rest is shown anew, so that nobody loses what they write. */
function decision(decide) {
  const why = element('textarea', { id: 'justification', maxlength: '2000', required: true, 'aria-describedby': 'hint' });
  const problem = element('p', { class: 'problem', role: 'alert', id: 'problem', hidden: true });
  const refuse = (text) => {
    problem.textContent = text;
    problem.hidden = text === '';
  };
  const say = (approve, breakGlass = false) => async () => {
    const justification = why.value.trim();
    if (justification === '') {
      refuse('Say why: the justification goes on record with your name.');
      why.setAttribute('aria-invalid', 'true');
      why.focus();
      return;
    }
    why.removeAttribute('aria-invalid');
    refuse('');
    buttons.forEach((button) => { button.disabled = true; });
    try {
      await decide(approve, justification, breakGlass);
    } catch (e) {
      if (!(e instanceof Refusal)) {
        throw e;
      }
      refuse(e.message);
    } finally {
      buttons.forEach((button) => { button.disabled = false; });
    }
  };
  const buttons = [
    element('button', { type: 'button', id: 'approve', click: say(true) }, 'Approve'),
    element('button', { type: 'button', id: 'deny', class: 'danger', click: say(false) }, 'Deny'),
  ];
  const glass = element('button', { type: 'button', id: 'break-glass', class: 'danger', click: say(true, true) },
    'Break the glass: grant it alone');
  buttons.push(glass);
  return element('section', { class: 'sheet', id: 'decision' },
    element('h2', {}, 'Your decision'),
    element('label', { for: 'justification' }, 'Justification'),
    why,
    element('p', { class: 'dim', id: 'hint' }, 'Required. It is kept as evidence; write no patient data.'),
    problem,
    element('div', { class: 'actions', id: 'usual' }, ...buttons.slice(0, 2)),
    element('details', { class: 'emergency', id: 'emergency' },
      element('summary', {}, 'Emergency'),
      element('p', {}, 'In an emergency you may grant this alone, with the justification above. Every approver is told at once,'
        + ' and every report marks it.'),
      element('div', { class: 'actions' }, glass)));
}

/** Shows one approval; returns what looks again. */
export function detail(main, who, id) {
  const above = element('div');
  const below = element('div');
  let seen = null;
  const past = history(id);
  const form = decision(async (approve, justification, breakGlass) => {
    seen = await vote(seen, approve, justification, breakGlass);
    render();
    announce(`You have ${breakGlass ? 'broken the glass for' : approve ? 'approved' : 'denied'} it.`);
    document.getElementById('main').focus();
  });
  main.replaceChildren(above, form, below, past.element);
  form.hidden = true;
  function render() {
    above.replaceChildren(...show(seen));
    const decides = who.roles.includes('APPROVER');
    form.hidden = seen.state !== 'PENDING' || !(decides || seen.powers.breakGlass)
      || seen.votes.some((said) => said.subject === who.subject);
    form.querySelector('#usual').hidden = !decides;
    form.querySelector('#emergency').hidden = !seen.powers.breakGlass;
    below.replaceChildren(seen.state === 'PENDING' ? '' : element('p', { class: 'outcome', id: 'outcome' },
      `This is ${STATES[seen.state]}; nothing is left to decide.`));
    document.title = `${requester(seen)} · Chaperone`;
  }
  return async () => {
    const now = await approval(id);
    if (seen === null || now.revision !== seen.revision) {
      seen = now;
      render();
      past.look();
    }
  };
}
