// The console: signs in, shows the page that the address names, and looks again whenever the server says that something has
// changed. What is looked at stands behind the "#", which browsers send to nobody.
import { element } from './dom.js';
import { follow, me, Refusal, signOut } from './api.js';
import { inbox } from './inbox.js';
import { detail } from './detail.js';
import { sessions } from './sessions.js';
import { replay } from './replay.js';
import { policies } from './policies.js';
import { enforcers } from './enforcers.js';
import { evidence } from './evidence.js';

// By the first word of the address: what shows all, and what shows one. A page is shown by calling what it returns, as often as
// one likes; a page that has to be looked at from time to time says in "every" after how many milliseconds.
const PAGES = {
  approvals: { name: 'Approvals', all: inbox, one: detail },
  sessions: { name: 'Sessions', all: sessions, one: replay },
  policies: { name: 'Policies', all: policies },
  enforcers: { name: 'Enforcers', all: enforcers },
  evidence: { name: 'Evidence', all: evidence },
};

const WANTED = 'chaperone-page';

const main = document.getElementById('main');
const live = document.getElementById('live');
const nav = document.getElementById('pages');
let who = null;
let look = async () => {};
let looking = Promise.resolve();
let events = null;
let timer = 0;

function welcome(message) {
  events?.close();
  clearInterval(timer);
  look.leave?.();
  look = async () => {};
  document.getElementById('who').hidden = true;
  nav.hidden = true;
  live.hidden = true;
  document.title = 'Sign in · Chaperone';
  main.replaceChildren(
    element('h1', {}, 'Sign in'),
    element('p', {}, message),
    // Whoever comes by a notice's link is shown what it is about once they are signed in.
    element('a', { class: 'button', id: 'sign-in', href: '/sign-in',
      click: () => sessionStorage.setItem(WANTED, location.hash) }, 'Sign in'));
}

function failed(e) {
  if (!(e instanceof Refusal)) {
    throw e;
  }
  if (e.status === 401) {
    welcome('You are not signed in, or no longer.');
  } else if (e.status === 0) {
    connected(false);
  } else {
    clearInterval(timer);
    main.replaceChildren(
      element('p', {}, element('a', { href: '#/approvals' }, '← All approvals')),
      element('p', { class: 'problem', role: 'alert' }, e.message));
  }
}

/** One look at a time, and one more when something changes meanwhile. */
function again() {
  const mine = look;
  looking = looking.then(() => (mine === look ? mine() : null)).catch((e) => {
    if (mine === look) {
      failed(e);
    }
  });
}

function connected(yes) {
  live.hidden = false;
  live.textContent = yes ? 'live' : 'not connected; what you see may be old';
}

function route() {
  const [, asked, id] = location.hash.split('/');
  const name = who.pages.includes(asked) ? asked : 'approvals';
  const page = PAGES[name];
  clearInterval(timer);
  look.leave?.();
  // A place of its own: a page that was left while it looked shows what it found to nobody.
  const place = element('div');
  main.replaceChildren(place);
  look = id && page.one && name === asked ? page.one(place, who, decodeURIComponent(id)) : page.all(place, who);
  if (look.every) {
    timer = setInterval(() => document.visibilityState === 'visible' && again(), look.every);
  }
  for (const link of nav.querySelectorAll('a')) {
    link.toggleAttribute('aria-current', link.dataset.page === name);
    if (link.dataset.page === name) {
      link.setAttribute('aria-current', 'page');
    }
  }
  again();
  main.focus();
}

async function begin() {
  try {
    who = await me();
  } catch (e) {
    if (e.status === 401) {
      welcome('The console shows what agents are waiting for.');
    } else {
      main.replaceChildren(element('p', { class: 'problem', role: 'alert' }, e.message));
    }
    return;
  }
  const wanted = sessionStorage.getItem(WANTED);
  sessionStorage.removeItem(WANTED);
  if (wanted && !location.hash) {
    history.replaceState(null, '', wanted);
  }
  document.getElementById('who').hidden = false;
  document.getElementById('who-name').textContent = `${who.name} (${who.roles.join(', ').toLowerCase()})`;
  document.getElementById('sign-out').addEventListener('click', async () => {
    try {
      const { goOn } = await signOut();
      who = null;
      welcome(goOn ? 'You have signed out here.' : 'You have signed out here. Your provider may still know you.');
      if (goOn) {
        location.assign(goOn);
      }
    } catch (e) {
      failed(e);
    }
  });
  nav.hidden = who.pages.length < 2;
  nav.querySelector('ul').replaceChildren(...who.pages.filter((page) => PAGES[page]).map((page) => element('li', {},
    element('a', { href: `#/${page}`, 'data-page': page }, PAGES[page].name))));
  addEventListener('hashchange', () => who && route());
  events = follow(() => again(), connected);
  route();
}

begin();
