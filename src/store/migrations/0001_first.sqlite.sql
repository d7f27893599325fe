-- What only SQLite says this way: facts and entries are append-only.
CREATE TRIGGER fact_never_changes BEFORE UPDATE ON fact
BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;
CREATE TRIGGER fact_never_goes BEFORE DELETE ON fact
BEGIN SELECT RAISE(ABORT, 'facts are append-only'); END;
CREATE TRIGGER entry_never_changes
BEFORE UPDATE OF seq, entry_id, kind, entry_time, caller, certificate_sha256, method, subject, request_sha256,
  outcome, detail, revision ON entry
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END;
