-- Who has which line. No name, document or number of a person is in clear here: what must be read again is sealed by
-- its subject's data key, what must be found again is found by a keyed index. Hot tables have as few indexes as their
-- questions need, and refer to participants without a foreign key: who registers was looked up in the same transaction.

-- A person as one MVNO knows it, by the document that its lines are counted by. Erased: everything but the row's own
-- id, its MVNO and its times is NULL.
CREATE TABLE subject (
  id TEXT NOT NULL PRIMARY KEY,
  mvno TEXT NOT NULL,
  document_index BLOB,
  subject_token TEXT,
  document_type TEXT,
  wrapped_key BLOB,
  kek_id BLOB,
  document BLOB,
  create_time BIGINT NOT NULL,
  erase_time BIGINT
);
-- One MVNO's, or those of all MVNOs, by document.
CREATE UNIQUE INDEX subject_of_document ON subject (document_index, mvno) WHERE document_index IS NOT NULL;
CREATE UNIQUE INDEX subject_of_token ON subject (subject_token) WHERE subject_token IS NOT NULL;

-- One tenancy of a number: from OPEN or TRANSFER to the end of the line or its passing to another holder. It is what
-- the wire calls a registration.
CREATE TABLE line (
  id TEXT NOT NULL PRIMARY KEY,
  mvno TEXT NOT NULL,
  block TEXT NOT NULL,
  number_index BLOB NOT NULL,
  number BLOB,
  subject TEXT NOT NULL,
  state TEXT NOT NULL,
  registration_state TEXT NOT NULL,
  slots TEXT NOT NULL,
  slot BIGINT NOT NULL,
  channel TEXT,
  event TEXT NOT NULL,
  assessment TEXT,
  sms BIGINT,
  data_cap_mb BIGINT,
  start_time BIGINT NOT NULL,
  record_time BIGINT NOT NULL,
  end_time BIGINT,
  erase_time BIGINT,
  ladder_step TEXT,
  ladder_time BIGINT,
  ladder_next_time BIGINT,
  ladder_pace TEXT,
  ladder_hardship BIGINT
);
-- A number has one live line; the sixth of a person has no slot.
CREATE UNIQUE INDEX line_of_number ON line (number_index) WHERE end_time IS NULL;
CREATE UNIQUE INDEX line_of_slot ON line (subject, slots, slot) WHERE end_time IS NULL;
CREATE INDEX line_of_subject ON line (subject, id);
CREATE INDEX line_of_mvno ON line (mvno, id);
CREATE INDEX line_of_channel ON line (channel, id) WHERE channel IS NOT NULL;
CREATE INDEX line_past ON line (number_index, end_time) WHERE end_time IS NOT NULL;
CREATE INDEX line_to_erase ON line (erase_time) WHERE erase_time IS NOT NULL AND registration_state = 'CLOSED';
CREATE INDEX line_on_ladder ON line (ladder_next_time) WHERE ladder_next_time IS NOT NULL;

-- What was registered of a line, event by event, with how it was taken in. `details` (guardian, handler, proxy, unit)
-- is NULL where there is nothing beyond the subject's document, and once erased.
CREATE TABLE registration (
  line TEXT NOT NULL,
  id TEXT NOT NULL,
  event TEXT NOT NULL,
  register_time BIGINT NOT NULL,
  capture TEXT NOT NULL,
  reader TEXT,
  channel TEXT,
  operator_id TEXT,
  photo_sha256 TEXT,
  details BLOB,
  PRIMARY KEY (line, id)
);

-- An outlet. Its name and code are those of its public certificate; uscc_index finds it on the blacklist.
CREATE TABLE channel (
  id TEXT NOT NULL PRIMARY KEY,
  mvno TEXT NOT NULL REFERENCES participant (name),
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  legal_name TEXT NOT NULL,
  uscc TEXT NOT NULL,
  uscc_index BLOB NOT NULL,
  uscc_compared BIGINT NOT NULL,
  plate_number TEXT NOT NULL,
  trained_time BIGINT,
  agreement_number TEXT NOT NULL,
  agreement_end BIGINT,
  authorise_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX channel_of_mvno ON channel (mvno, id);
CREATE INDEX channel_of_uscc ON channel (uscc_index);

-- Who works at an outlet, by the outlet's own id of them.
CREATE TABLE channel_person (
  channel TEXT NOT NULL REFERENCES channel (id),
  operator_id TEXT NOT NULL,
  document_index BLOB NOT NULL,
  PRIMARY KEY (channel, operator_id)
);
CREATE INDEX channel_person_of_document ON channel_person (document_index);

-- A reader is one outlet's.
CREATE TABLE reader (
  serial TEXT NOT NULL PRIMARY KEY,
  channel TEXT NOT NULL REFERENCES channel (id),
  bind_time BIGINT NOT NULL
);
CREATE INDEX reader_of_channel ON reader (channel, serial);

-- Outlets (by uscc_index) and persons (by document_index) that sell for nobody.
CREATE TABLE blacklist (
  id TEXT NOT NULL PRIMARY KEY,
  listed TEXT NOT NULL,
  listed_index BLOB NOT NULL,
  channel TEXT,
  from_time BIGINT NOT NULL,
  until_time BIGINT,
  listed_by TEXT NOT NULL
);
CREATE INDEX blacklist_of ON blacklist (listed_index, from_time);

-- Persons who get no new line.
CREATE TABLE person_restriction (
  id TEXT NOT NULL PRIMARY KEY,
  document_index BLOB NOT NULL,
  from_time BIGINT NOT NULL,
  until_time BIGINT NOT NULL,
  lift_time BIGINT,
  restricted_by TEXT NOT NULL,
  lifted_by TEXT
);
CREATE INDEX person_restriction_of ON person_restriction (document_index, until_time);

-- Lines that are not the person's own: a case at that MVNO.
CREATE TABLE card_dispute (
  id TEXT NOT NULL PRIMARY KEY,
  mvno TEXT NOT NULL REFERENCES participant (name),
  state TEXT NOT NULL,
  subject_token TEXT NOT NULL,
  n BIGINT NOT NULL,
  open_time BIGINT NOT NULL,
  due_time BIGINT NOT NULL,
  outcome TEXT,
  answer_time BIGINT
);
CREATE INDEX card_dispute_of_mvno ON card_dispute (mvno, id);

-- What an industry user's lines are for and may do. The unit is found by its code's index.
CREATE TABLE industry_assessment (
  id TEXT NOT NULL PRIMARY KEY,
  mvno TEXT NOT NULL REFERENCES participant (name),
  uscc_index BLOB NOT NULL,
  scene TEXT NOT NULL,
  voice BIGINT NOT NULL,
  sms BIGINT NOT NULL,
  data_cap_mb BIGINT NOT NULL,
  assess_time BIGINT NOT NULL,
  valid_to_time BIGINT NOT NULL
);

-- An import, and how far it is durable. Its rejected rows can be listed until expire_time.
CREATE TABLE import_job (
  id TEXT NOT NULL PRIMARY KEY,
  mvno TEXT NOT NULL REFERENCES participant (name),
  import_id TEXT NOT NULL,
  on_duplicate TEXT NOT NULL,
  durable_through_row BIGINT NOT NULL,
  accepted BIGINT NOT NULL,
  skipped BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  expire_time BIGINT NOT NULL
);
CREATE UNIQUE INDEX import_job_of_id ON import_job (mvno, import_id);

-- Which rows, and why; what they said is in their sender's own file, and not here.
CREATE TABLE import_row_rejected (
  job TEXT NOT NULL REFERENCES import_job (id),
  row_number BIGINT NOT NULL,
  code TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (job, row_number)
);
