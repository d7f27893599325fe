-- What only PostgreSQL says this way: facts and entries are append-only.
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER fact_never_changes BEFORE UPDATE OR DELETE ON fact
FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER fact_never_empties BEFORE TRUNCATE ON fact
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER entry_never_changes
BEFORE UPDATE OF seq, entry_id, kind, entry_time, caller, certificate_sha256, method, subject, request_sha256,
  outcome, detail, revision ON entry
FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER entry_never_goes BEFORE DELETE ON entry
FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER entry_never_empties BEFORE TRUNCATE ON entry
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
