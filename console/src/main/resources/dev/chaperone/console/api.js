// Talks to the console's server, and to nobody else.

/** An answer that is no; its message is for people to read. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let csrf = '';

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { cache: 'no-store', redirect: 'error', ...options });
  } catch {
    throw new Refusal(0, 'the server cannot be reached; nothing was changed as far as this page knows');
  }
  const json = (response.headers.get('content-type') ?? '').startsWith('application/json');
  const body = json ? await response.json() : {};
  if (!response.ok) {
    throw new Refusal(response.status, body.message ?? `the server answers with ${response.status}`);
  }
  return body;
}

function post(path, body) {
  return call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-chaperone-csrf': csrf },
    body: JSON.stringify(body),
  });
}

/** Who is signed in; a refusal with status 401 when nobody is. */
export async function me() {
  const answer = await call('/api/me');
  csrf = answer.csrf;
  return answer;
}

export const approvals = () => call('/api/approvals');

export const approval = (id) => call(`/api/approvals/${encodeURIComponent(id)}`);

/** What the requester of an approval did before. */
export const before = (id) => call(`/api/approvals/${encodeURIComponent(id)}/before`);

/** Approves or denies what was seen: the revision says what that was. */
export const vote = (held, approve, justification, breakGlass = false) =>
  post(`/api/approvals/${encodeURIComponent(held.id)}/${approve ? 'approve' : 'deny'}`, {
    justification,
    revision: held.revision,
    breakGlass,
  });

/** Sessions that meet conditions, which may name people and so are in no address. */
export const searchSessions = (conditions) => post('/api/sessions/search', conditions);

/** A session and its next steps, behind a sequence. */
export const steps = (id, after) =>
  call(`/api/sessions/${encodeURIComponent(id)}/steps${after === null ? '' : `?after=${after}`}`);

export const policies = () => call('/api/policies');

export const enforcers = () => call('/api/enforcers');

export const ledger = () => call('/api/ledger');

export const verify = () => post('/api/ledger/verify', {});

export const signOut = () => post('/sign-out', {});

/** Calls back whenever something may have changed, and with whether that can be relied on at the moment. */
export function follow(changed, connected) {
  const events = new EventSource('/api/events');
  let waiting = 0;
  events.addEventListener('open', () => connected(true));
  events.addEventListener('error', () => {
    connected(false);
    if (events.readyState === EventSource.CLOSED) {
      setTimeout(changed, 1000);
    }
  });
  events.addEventListener('changed', () => {
    // Many changes at a time are one look.
    waiting ||= setTimeout(() => {
      waiting = 0;
      changed();
    }, 50);
  });
  return events;
}
