// Plays a session: step by step, as it happened, in its own time or faster.
import { announce, badge, count, element, facts, time } from './dom.js';
import { Refusal, steps as load } from './api.js';
import { principal } from './sessions.js';
import { shown, title } from './steps.js';

const SHOWN = 40;
const LONGEST_PAUSE = 2000;

/** Plays one session; returns what looks at it first. */
export function replay(main, who, id) {
  let session = null;
  let all = [];
  let next = null;
  let at = 0;
  let playing = 0;
  let begun = false;
  let loading = null;

  const head = element('div');
  const list = element('ol', { class: 'steps', id: 'steps', 'aria-label': 'steps so far' });
  const where = element('p', { class: 'dim', id: 'where' });
  const bar = element('input', { type: 'range', min: '0', value: '0', id: 'position', 'aria-label': 'step',
    input: () => go(Number(bar.value)) });
  const speed = element('select', { id: 'speed' }, ...[['1', 'own time'], ['4', '4 times as fast'], ['16', '16 times as fast'],
    ['0', 'a step every half second']].map(([value, text]) => element('option', { value }, text)));
  const button = (name, text, click) => element('button', { type: 'button', class: 'quiet', id: name, click }, text);
  const play = element('button', { type: 'button', id: 'play', click: () => (playing ? pause() : start()) }, 'Play');
  const problem = element('p', { class: 'problem', role: 'alert', hidden: true });
  const player = element('section', { class: 'sheet player', 'aria-label': 'player', hidden: true },
    element('div', { class: 'actions' },
      button('first', 'To the start', () => go(0)),
      button('back', 'Step back', () => go(at - 1)),
      play,
      button('forward', 'Step forward', () => go(at + 1)),
      button('last', 'To the end', toEnd),
      element('label', { for: 'speed', class: 'beside' }, 'Speed'), speed),
    bar, where, problem);
  main.replaceChildren(element('p', {}, element('a', { href: '#/sessions' }, '← All sessions')), head, player, list);
  document.title = 'Session · Chaperone';

  /** Loads what comes behind the steps that are there; one request at a time. */
  function more() {
    loading ??= load(id, next).then((page) => {
      session = page.session;
      all = all.concat(page.steps);
      next = page.next;
    }).finally(() => { loading = null; });
    return loading;
  }

  async function toEnd() {
    try {
      while (next !== null) {
        await more();
      }
      await go(all.length - 1);
    } catch (e) {
      failed(e);
    }
  }

  function failed(e) {
    if (!(e instanceof Refusal)) {
      throw e;
    }
    pause();
    problem.textContent = e.message;
    problem.hidden = false;
  }

  async function go(to) {
    try {
      if (to >= all.length - 1 && next !== null) {
        await more();
      }
    } catch (e) {
      failed(e);
    }
    at = Math.max(0, Math.min(to, all.length - 1));
    render();
  }

  function start() {
    play.textContent = 'Pause';
    announce('playing');
    if (at >= all.length - 1 && next === null) {
      at = 0;
      render();
    }
    tick();
  }

  function tick() {
    const gap = at + 1 < all.length ? (Number(all[at + 1].atMicros) - Number(all[at].atMicros)) / 1000 : 0;
    const factor = Number(speed.value);
    playing = setTimeout(async () => {
      await go(at + 1);
      if (!playing) {
        return;
      }
      if (at >= all.length - 1 && next === null) {
        pause();
        announce('the session is over');
      } else {
        tick();
      }
    }, factor ? Math.min(gap / factor, LONGEST_PAUSE) : 500);
  }

  function pause() {
    clearTimeout(playing);
    playing = 0;
    play.textContent = 'Play';
  }

  function render() {
    const step = all[at];
    const from = Math.max(0, at + 1 - SHOWN);
    bar.max = String(all.length - 1);
    bar.value = String(at);
    bar.setAttribute('aria-valuetext', `step ${at + 1}: ${title(step)}`);
    where.textContent = `Step ${at + 1} of ${all.length}${next === null ? '' : ' or more'}, `
      + `${(Number(step.atMicros) / 1e6).toFixed(3)} s after the beginning.`
      + (from ? ` The last ${SHOWN} are shown.` : '');
    list.replaceChildren(...all.slice(from, at + 1).map((each, i) => shown(each, from + i === at)));
    list.lastElementChild?.scrollIntoView({ block: 'nearest' });
  }

  function summary() {
    head.replaceChildren(
      element('h1', {}, `${principal(session)} on ${session.upstream}`),
      facts(
        ['Session', session.sessionId],
        ['State', badge(session.end ? `ended: ${session.end}` : 'open', session.end ? '' : 'approved')],
        ['Began', time(session.began)],
        ['Last seen', time(session.lastSeen)],
        ['Enforcer', `${session.enforcer} (${session.protocol})`],
        ['From', `${session.clientAddress}, ${session.clientTransport}`],
        ['Groups', session.principal?.groups.join(', ') ?? ''],
        ['Durability', session.durability],
        ['In all', `${count(session.operations, 'operation')}, ${count(session.rows, 'row')}, `
          + `${count(session.maskedValues, 'value')} masked, ${session.held} held, ${session.denied} denied`]),
      element('p', { class: 'dim', id: 'originals' }, 'Rows are shown as the agent saw them; what is known to be masked is marked.'
        + ' The originals are not shown here: they are sealed to the auditor\'s key, which no server has, and whoever opens them does'
        + ' so apart from this console. Pauses of more than two seconds are played as two.'));
    player.hidden = false;
  }

  async function look() {
    if (begun) {
      return;
    }
    await more();
    begun = true;
    summary();
    if (all.length) {
      render();
    }
  }
  look.leave = pause;
  return look;
}
