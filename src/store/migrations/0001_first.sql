-- The first schema. TEXT, BIGINT and BLOB only; times are microseconds since 1970 in UTC.
CREATE TABLE counter (
  name TEXT NOT NULL PRIMARY KEY,
  n BIGINT NOT NULL
);
INSERT INTO counter (name, n) VALUES ('revision', 0);

CREATE TABLE participant (
  name TEXT NOT NULL PRIMARY KEY,
  class TEXT NOT NULL,
  display_name TEXT NOT NULL,
  level TEXT,
  area TEXT NOT NULL,
  state TEXT NOT NULL,
  proposed_by TEXT NOT NULL,
  approved_by TEXT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);

CREATE TABLE fact (
  seq INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  mvno TEXT NOT NULL REFERENCES participant (name),
  kind TEXT NOT NULL,
  true_time BIGINT NOT NULL,
  record_time BIGINT NOT NULL,
  supersedes TEXT,
  recorded_by TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX fact_of_mvno ON fact (mvno, seq);
CREATE UNIQUE INDEX fact_corrected_once ON fact (supersedes) WHERE supersedes IS NOT NULL;

CREATE TABLE standing (
  mvno TEXT NOT NULL PRIMARY KEY REFERENCES participant (name),
  standing TEXT NOT NULL,
  previous TEXT NOT NULL,
  since_time BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  rule_version TEXT NOT NULL,
  next_turn BIGINT
);

CREATE TABLE change_log (
  revision BIGINT NOT NULL PRIMARY KEY,
  mvno TEXT NOT NULL,
  standing TEXT NOT NULL,
  previous TEXT NOT NULL,
  change_time BIGINT NOT NULL,
  cause TEXT NOT NULL
);

CREATE TABLE entry (
  seq INTEGER PRIMARY KEY,
  entry_id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  entry_time BIGINT NOT NULL,
  caller TEXT NOT NULL,
  certificate_sha256 TEXT NOT NULL,
  method TEXT NOT NULL,
  subject TEXT NOT NULL,
  request_sha256 TEXT NOT NULL,
  outcome TEXT NOT NULL,
  detail TEXT NOT NULL,
  revision BIGINT,
  leaf_index BIGINT UNIQUE
);

CREATE TABLE request (
  organisation TEXT NOT NULL,
  request_id TEXT NOT NULL,
  method TEXT NOT NULL,
  payload_sha256 TEXT NOT NULL,
  answer BLOB NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (organisation, request_id)
);
CREATE INDEX request_by_age ON request (create_time);

CREATE TABLE check_count (
  asker TEXT NOT NULL,
  mvno TEXT NOT NULL,
  action TEXT NOT NULL,
  decision TEXT NOT NULL,
  revision BIGINT NOT NULL,
  bulletin BIGINT NOT NULL,
  minute BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (asker, mvno, action, decision, revision, bulletin, minute)
);

CREATE TABLE allocation (
  id TEXT NOT NULL PRIMARY KEY,
  prefix TEXT NOT NULL,
  mvno TEXT NOT NULL REFERENCES participant (name),
  carrier TEXT NOT NULL,
  allocate_time BIGINT NOT NULL,
  return_time BIGINT,
  allocated_by TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE UNIQUE INDEX allocation_one_holder ON allocation (prefix) WHERE return_time IS NULL;
CREATE INDEX allocation_of_mvno ON allocation (mvno, id);
CREATE INDEX allocation_of_carrier ON allocation (carrier, id);
