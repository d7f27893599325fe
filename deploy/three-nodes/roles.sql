-- Once, on the first primary, by its superuser:
--   psql -v gateway="$(cat gateway.password)" -v standby="$(cat standby.password)" -f roles.sql
CREATE ROLE gateway LOGIN PASSWORD :'gateway';
CREATE ROLE standby LOGIN REPLICATION PASSWORD :'standby';
-- Nodes make and migrate their schema themselves, so the database is theirs.
CREATE DATABASE greenlane OWNER gateway ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE greenlane FROM PUBLIC;
-- Optional: greenlane doctor tells which standby is in sync.
GRANT pg_read_all_stats TO gateway;
