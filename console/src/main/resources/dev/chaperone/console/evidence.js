// How the ledger is, and whether it holds.
import { badge, count, element, facts, sheet, size, table, time } from './dom.js';
import { ledger, Refusal, verify } from './api.js';

function verdict(name, found, good, bad) {
  const listed = [...found.failures.map((text) => `! ${text}`), ...found.notes.map((text) => `– ${text}`)];
  return [
    element('p', {}, badge(`${name} ${found.ok ? 'holds' : 'FAILED'}`, found.ok ? 'approved' : 'denied'), ' ',
      found.ok ? good : `${bad} ${count(found.totalFailures, 'finding')}.`),
    listed.length ? element('ul', { class: 'plain' }, ...listed.map((text) => element('li', {}, text))) : null,
  ];
}

function result(last) {
  if (!last) {
    return [element('p', { class: 'dim' }, 'It was not verified since the sink began.')];
  }
  return [
    element('p', {}, 'Verified ', time(last.ended), ` on request of ${last.askedBy}: ${count(last.records, 'record')}, `
      + `${count(last.sessions, 'session')}, ${count(last.processes, 'enforcer process', 'enforcer processes')}.`),
    ...(last.failure ? [element('p', { class: 'problem' }, `There are no verdicts: ${last.failure}`)] : [
      ...verdict('Integrity', last.integrity, 'What is there is what the enforcers wrote.',
        'Something is not as the enforcers wrote it.'),
      ...verdict('Completeness', last.completeness, 'Everything that the enforcers wrote is there.', 'Something is missing.'),
      last.openProcesses.length
        ? element('ul', { class: 'plain' }, ...last.openProcesses.map((open) => element('li', {},
          `${open.enforcer} has not ended: complete up to its last signed event, `, time(open.lastSigned))))
        : null,
    ]),
  ];
}

function sink(part, ask) {
  const { status, running } = part;
  if (!status) {
    return [sheet(part.target, element('p', { class: 'problem' }, part.problem))];
  }
  const total = status.partitions.reduce((sum, partition) => sum + Number(partition.bytes), 0);
  return [sheet(part.target,
    element('p', {}, status.problem ? badge('does not store', 'denied') : badge('stores', 'approved'), ` ${status.problem}`),
    facts(
      ['In all', `${size(total)} in ${count(status.partitions.length, 'partition')}`],
      ['Not stored yet', Number(status.lag) < 0 ? 'unknown' : count(status.lag, 'record')],
      ['Stored since it began', count(status.storedRecords, 'record')],
      ['Sessions to find', Number(status.sessions).toLocaleString('en')],
      ['Checkpoints', 'none yet: evidence rests on the enforcers\' signed chains']),
    status.partitions.length
      ? table('Partitions', ['Partition', 'Files', 'Size', 'Last written'], status.partitions.map((partition) => [
        String(partition.number), String(partition.segments), size(partition.bytes), time(partition.lastWritten)]))
      : null),
  sheet('Verification', ...[
    ...result(status.lastVerification),
    running ? element('p', {}, element('progress', {
      max: String(Math.max(1, Number(running.bytesTotal))), value: running.bytesRead, 'aria-label': 'verified so far',
    }), ` ${size(running.bytesRead)} of ${size(running.bytesTotal)}`) : null,
    status.canVerify
      ? element('button', { type: 'button', id: 'verify', 'data-id': 'verify', disabled: running !== null, click: ask },
        running ? 'Verifying…' : 'Verify now')
      : element('p', { class: 'dim' }, 'This sink has no keys to verify by (', element('code', {}, 'sink.evidence.keys'),
        '); verify with ', element('code', {}, 'chaperone audit verify'), '.'),
  ].filter((part) => part !== null))];
}

/** Shows the ledger; returns what looks again. */
export function evidence(main) {
  const list = element('div', { id: 'ledger' });
  const problem = element('p', { class: 'problem', role: 'alert', hidden: true });
  main.replaceChildren(
    element('h1', {}, 'Evidence'),
    element('p', { class: 'dim' }, 'The ledger keeps what enforcers recorded. That you look at it is on record.'),
    problem, list);
  document.title = 'Evidence · Chaperone';
  async function ask() {
    try {
      await verify();
      problem.hidden = true;
      await look();
    } catch (e) {
      if (!(e instanceof Refusal)) {
        throw e;
      }
      problem.textContent = e.message;
      problem.hidden = false;
    }
  }
  async function look() {
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    const parts = await ledger();
    list.replaceChildren(...parts.flatMap((part) => sink(part, ask)));
    if (focused) {
      list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    }
  }
  look.every = 2000;
  return look;
}
