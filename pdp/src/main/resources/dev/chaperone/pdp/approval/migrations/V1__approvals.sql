-- What people are asked to decide on. Times are the database's own: replicas may disagree about the time, it does not.

create table approval (
    id             text primary key,
    state          text        not null check (state in ('PENDING', 'APPROVED', 'DENIED', 'EXPIRED', 'CANCELLED', 'CONSUMED')),
    revision       bigint      not null,
    digest         bytea       not null check (octet_length(digest) = 32),
    session_id     text        not null,
    outlives_call  boolean     not null,
    issuer         text        not null,
    subject        text        not null,
    agent          text        not null,
    -- Groups whose members may decide, and so may see it.
    groups         text[]      not null,
    mode           text        not null check (mode in ('ONCE', 'SESSION', 'WINDOW')),
    break_glass    boolean     not null default false,
    uses           bigint      not null default 0 check (uses >= 0),
    created_at     timestamptz not null default clock_timestamp(),
    changed_at     timestamptz not null default clock_timestamp(),
    expires_at     timestamptz not null,
    -- chaperone.approval.v1.Approval with what never changes of it: request, decision, operation, parameters, terms.
    content        bytea       not null,
    -- A grant for one execution is redeemed once, whoever races for it.
    constraint approval_once check (mode <> 'ONCE' or uses <= 1)
);

-- The same request, asked twice because an answer was lost, is one approval.
create unique index approval_pending_call on approval (digest, session_id) where state = 'PENDING' and not outlives_call;
create unique index approval_pending on approval (digest) where state = 'PENDING' and outlives_call;
create index approval_granted on approval (digest) where state = 'APPROVED';
create index approval_lapses on approval (expires_at) where state in ('PENDING', 'APPROVED');
create index approval_waits on approval (issuer, subject, agent) where state = 'PENDING';
create index approval_newest on approval (created_at desc, id desc);
create index approval_of on approval (subject, created_at desc, id desc);
create index approval_changed on approval (changed_at);

create table approval_vote (
    approval_id text        not null references approval on delete cascade,
    number      integer     not null,
    issuer      text        not null,
    subject     text        not null,
    approve     boolean     not null,
    at          timestamptz not null default clock_timestamp(),
    -- chaperone.audit.v1.Vote
    content     bytea       not null,
    primary key (approval_id, number),
    -- Two people are two people.
    unique (approval_id, issuer, subject, approve)
);

create table approval_use (
    approval_id    text        not null references approval on delete cascade,
    number         bigint      not null,
    consumption_id text        not null,
    session_id     text        not null,
    at             timestamptz not null default clock_timestamp(),
    primary key (approval_id, number),
    unique (approval_id, consumption_id)
);

-- What others are told: written in the transaction of what happened, sent afterwards, channel by channel.
create table outbox_event (
    sequence    bigint generated always as identity primary key,
    approval_id text        not null,
    at          timestamptz not null default clock_timestamp(),
    -- chaperone.approval.v1.ApprovalEvent
    content     bytea       not null
);
create index outbox_event_at on outbox_event (at);

create table outbox_delivery (
    sequence bigint      not null references outbox_event on delete cascade,
    channel  text        not null,
    attempts integer     not null default 0,
    due_at   timestamptz not null default clock_timestamp(),
    primary key (sequence, channel)
);
create index outbox_delivery_due on outbox_delivery (channel, sequence);
