// The console: signs in, shows the page that the address names, and looks again whenever the server says that something has
// changed. What is looked at stands behind the "#", which browsers send to nobody.
import { element } from './dom.js';
import { follow, me, Refusal, signOut } from './api.js';
import { inbox } from './inbox.js';
import { detail } from './detail.js';

const main = document.getElementById('main');
const live = document.getElementById('live');
let who = null;
let look = async () => {};
let looking = Promise.resolve();
let events = null;

function welcome(message) {
  events?.close();
  document.getElementById('who').hidden = true;
  live.hidden = true;
  document.title = 'Sign in · Chaperone';
  main.replaceChildren(
    element('h1', {}, 'Sign in'),
    element('p', {}, message),
    element('a', { class: 'button', id: 'sign-in', href: '/sign-in' }, 'Sign in'));
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
    main.replaceChildren(
      element('p', {}, element('a', { href: '#/approvals' }, '← All approvals')),
      element('p', { class: 'problem', role: 'alert' }, e.message));
  }
}

/** One look at a time, and one more when something changes meanwhile. */
function again() {
  const mine = look;
  looking = looking.then(() => (mine === look ? mine() : null)).catch(failed);
}

function connected(yes) {
  live.hidden = false;
  live.textContent = yes ? 'live' : 'not connected; what you see may be old';
}

function route() {
  const [, page, id] = location.hash.split('/');
  look = page === 'approvals' && id ? detail(main, who, decodeURIComponent(id)) : inbox(main, who);
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
  document.getElementById('who').hidden = false;
  document.getElementById('who-name').textContent = `${who.name} (${who.roles.join(', ').toLowerCase()})`;
  document.getElementById('sign-out').addEventListener('click', async () => {
    try {
      await signOut();
      who = null;
      welcome('You have signed out here. Your provider may still know you.');
    } catch (e) {
      failed(e);
    }
  });
  addEventListener('hashchange', () => who && route());
  events = follow(() => again(), connected);
  route();
}

begin();
