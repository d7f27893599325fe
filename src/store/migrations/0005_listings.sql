-- Its row is what whoever lists, restricts, or goes by what is listed locks.
INSERT INTO counter (name, n) VALUES ('listings', 0);

-- Whom a token stands for that an MVNO was given about somebody without a line there. Forgotten after 30 days.
CREATE TABLE issued_token (
  subject_token TEXT NOT NULL PRIMARY KEY,
  document_index BLOB NOT NULL,
  issue_time BIGINT NOT NULL
);
CREATE INDEX issued_token_by_age ON issued_token (issue_time);
