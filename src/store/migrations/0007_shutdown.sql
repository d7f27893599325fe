-- Orders to shut numbers down and to let them back. A number is in clear nowhere here: it is sealed by its order's data
-- key, and found again by the same keyed index as its line.

-- A plan, and the order that it becomes: one row, one id. Without issue_time it is a plan. `header` is JSON: reason,
-- legal basis, case, scopes, times. `world_sha256` is what the plan found of its numbers.
CREATE TABLE shutdown_order (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  organisation TEXT NOT NULL,
  order_number TEXT NOT NULL,
  content_sha256 TEXT NOT NULL,
  plan_sha256 TEXT NOT NULL,
  world_sha256 TEXT NOT NULL,
  confirm_code TEXT NOT NULL,
  header TEXT NOT NULL,
  scopes BIGINT NOT NULL,
  urgency TEXT NOT NULL,
  drill BIGINT NOT NULL,
  break_glass BIGINT NOT NULL,
  approval TEXT NOT NULL,
  number_count BIGINT NOT NULL,
  restores TEXT,
  wrapped_key BLOB NOT NULL,
  kek_id BLOB NOT NULL,
  planned_by TEXT NOT NULL,
  plan_time BIGINT NOT NULL,
  plan_expire_time BIGINT NOT NULL,
  evidence_time BIGINT,
  effective_time BIGINT,
  expire_time BIGINT,
  state TEXT,
  wave BIGINT NOT NULL,
  issued_by TEXT,
  issue_time BIGINT,
  issue_reason TEXT,
  approve_by_time BIGINT,
  approved_by TEXT,
  approve_time BIGINT,
  update_time BIGINT NOT NULL,
  next_time BIGINT,
  erase_time BIGINT
);
CREATE UNIQUE INDEX shutdown_order_of_number ON shutdown_order (organisation, order_number) WHERE issue_time IS NOT NULL;
CREATE INDEX shutdown_plan_of_number ON shutdown_order (organisation, order_number, plan_time);
CREATE INDEX shutdown_order_of_organisation ON shutdown_order (organisation, issue_time);
-- What has to be looked at again, and when: a wave, an approval or an expiry.
CREATE INDEX shutdown_order_due ON shutdown_order (next_time) WHERE next_time IS NOT NULL;
-- What is under way, for whoever wants the opposite.
CREATE INDEX shutdown_order_under_way ON shutdown_order (kind) WHERE state IN ('IN_PROGRESS', 'HALTED');
-- What has ended, by how long it was kept since.
CREATE INDEX shutdown_order_kept ON shutdown_order (update_time)
  WHERE erase_time IS NULL AND state IN ('COMPLETED', 'PARTIAL', 'CANCELLED', 'EXPIRED');
CREATE INDEX shutdown_plan_unissued ON shutdown_order (plan_expire_time) WHERE issue_time IS NULL;

-- The numbers that one MVNO and one carrier get in one command each: at most 500 of one wave. Batch 0 has what goes to
-- nobody: refused and held numbers. The three counts follow its numbers: executed or beyond, refused or failed, final.
CREATE TABLE shutdown_batch (
  order_id TEXT NOT NULL,
  batch BIGINT NOT NULL,
  wave BIGINT NOT NULL,
  kind TEXT NOT NULL,
  mvno TEXT,
  carrier TEXT,
  number_count BIGINT NOT NULL,
  release_time BIGINT,
  executed_count BIGINT NOT NULL DEFAULT 0,
  failed_count BIGINT NOT NULL DEFAULT 0,
  final_count BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (order_id, batch)
);
CREATE INDEX shutdown_batch_of_mvno ON shutdown_batch (mvno, order_id, batch);
CREATE INDEX shutdown_batch_of_carrier ON shutdown_batch (carrier, order_id, batch);

CREATE TABLE shutdown_number (
  order_id TEXT NOT NULL,
  batch BIGINT NOT NULL,
  n BIGINT NOT NULL,
  number_index BLOB NOT NULL,
  number BLOB,
  mvno TEXT,
  carrier TEXT,
  line TEXT,
  flags BIGINT NOT NULL,
  state TEXT NOT NULL,
  code TEXT,
  mvno_state TEXT NOT NULL,
  carrier_state TEXT NOT NULL,
  appeal_index BLOB,
  execute_time BIGINT,
  verify_time BIGINT,
  overruled_by TEXT,
  PRIMARY KEY (order_id, batch, n)
);
CREATE INDEX shutdown_number_of ON shutdown_number (number_index, order_id);
CREATE UNIQUE INDEX shutdown_number_of_appeal ON shutdown_number (appeal_index) WHERE appeal_index IS NOT NULL;

-- What an order weighs in the limits of its organisation: its numbers by MVNO, without those that were refused.
CREATE TABLE shutdown_weight (
  order_id TEXT NOT NULL,
  mvno TEXT NOT NULL,
  number_count BIGINT NOT NULL,
  PRIMARY KEY (order_id, mvno)
);

-- Who takes commands: the sequence given last, the oldest kept, and how often a command was put on its way again.
CREATE TABLE receiver (
  name TEXT NOT NULL PRIMARY KEY,
  last_sequence BIGINT NOT NULL,
  oldest_sequence BIGINT NOT NULL,
  resends BIGINT NOT NULL
);

-- The session of a receiver whose acknowledgements count. A row of its own: who acknowledges locks it first, and who
-- releases needs the receiver's.
CREATE TABLE receiver_session (
  name TEXT NOT NULL PRIMARY KEY,
  session TEXT NOT NULL,
  session_time BIGINT NOT NULL
);

-- The outbox. `members` is JSON, the n of those of its batch that it is about; NULL: all of it. `open_count` of them
-- were not answered. `resend` is the receiver's count when it was last put on its way again; `late` is 1 once it was not
-- acknowledged in time and 2 once it was not executed in time.
CREATE TABLE command (
  receiver TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  command_id TEXT NOT NULL UNIQUE,
  order_id TEXT NOT NULL,
  batch BIGINT NOT NULL,
  side TEXT NOT NULL,
  kind TEXT NOT NULL,
  members TEXT,
  number_count BIGINT NOT NULL,
  open_count BIGINT NOT NULL,
  release_time BIGINT NOT NULL,
  ack_due_time BIGINT NOT NULL,
  due_time BIGINT NOT NULL,
  deliver_time BIGINT,
  ack_time BIGINT,
  done_time BIGINT,
  tries BIGINT NOT NULL,
  resend BIGINT,
  late BIGINT NOT NULL,
  next_time BIGINT,
  PRIMARY KEY (receiver, sequence)
);
-- What was not done in time and is not yet.
CREATE INDEX command_late ON command (receiver) WHERE late = 2 AND done_time IS NULL;
CREATE INDEX command_resent ON command (receiver, resend) WHERE resend IS NOT NULL;
CREATE INDEX command_overdue ON command (receiver) WHERE late = 2 AND done_time IS NULL;
CREATE INDEX command_of_batch ON command (order_id, batch);
-- What was not done, by when it is sent again or late.
CREATE INDEX command_due ON command (next_time) WHERE next_time IS NOT NULL;

CREATE TABLE alarm (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  organisation TEXT NOT NULL,
  order_id TEXT NOT NULL,
  receiver TEXT,
  number_count BIGINT NOT NULL,
  alarm_time BIGINT NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX alarm_of_order ON alarm (order_id, id);

-- `statement` is sealed by the order's data key at the appeal's row.
CREATE TABLE appeal (
  id TEXT NOT NULL PRIMARY KEY,
  order_id TEXT NOT NULL,
  n BIGINT NOT NULL,
  organisation TEXT NOT NULL,
  mvno TEXT NOT NULL,
  state TEXT NOT NULL,
  appeal_index BLOB NOT NULL UNIQUE,
  statement BLOB,
  file_time BIGINT NOT NULL,
  due_time BIGINT NOT NULL,
  alarm_time BIGINT,
  outcome TEXT,
  decided_by TEXT,
  decide_time BIGINT,
  reason TEXT,
  restoration TEXT
);
CREATE UNIQUE INDEX appeal_of_number ON appeal (order_id, n);
CREATE INDEX appeal_of_mvno ON appeal (mvno, id);
CREATE INDEX appeal_open ON appeal (due_time) WHERE state = 'OPEN';

-- What an order keeps stopped on a number, from when its MVNO has done it until its MVNO has undone it: the state that
-- the number's line has at least. `own` is the state that the line would have without any order.
CREATE TABLE number_hold (
  number_index BLOB NOT NULL,
  order_id TEXT NOT NULL,
  state TEXT NOT NULL,
  own TEXT NOT NULL,
  PRIMARY KEY (number_index, order_id)
);
