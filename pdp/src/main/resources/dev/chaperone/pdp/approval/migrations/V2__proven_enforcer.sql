-- The enforcer that asked, by the name in its certificate; empty where it showed none. What one has asked for is no other's.
alter table approval add column proven_enforcer text not null default '';

drop index approval_pending_call;
create unique index approval_pending_call on approval (digest, session_id, proven_enforcer)
    where state = 'PENDING' and not outlives_call;
drop index approval_pending;
create unique index approval_pending on approval (digest, proven_enforcer) where state = 'PENDING' and outlives_call;
