-- Why an act was done, in the actor's own words. Beside the ledger and not in it: an entry stays for ever, and what
-- somebody typed may have to go.
CREATE TABLE reason (
  entry_id TEXT NOT NULL PRIMARY KEY REFERENCES entry (entry_id),
  reason TEXT NOT NULL
);
