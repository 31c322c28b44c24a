-- One database and three roles for one site: the owner upgrades, the app serves, the reader sees only what is public.
-- Run by psql as a superuser, before the first `moderation upgrade` and again after each; it says the same every time:
--
--   psql -X -v site=ville -f roles.sql
--
-- makes the database `ville` and the roles `ville_owner`, `ville_app` and `ville_reader`. It sets no password:
-- \password ville_app does, without writing it into any file or history.

\set ON_ERROR_STOP on
\set QUIET on
\if :{?site}
\else
  \set site moderation
\endif
-- How many connections the reader may hold: each server process takes up to 40 when it is busy.
\if :{?readers}
\else
  \set readers 80
\endif
\set owner :site _owner
\set app :site _app
\set reader :site _reader

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT', name)
  FROM unnest(ARRAY[:'owner', :'app', :'reader']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' TEMPLATE template0', :'site', :'owner')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'site') \gexec
\connect :"site"

BEGIN;

-- Nobody gets in but these three, and only the owner makes tables.
ALTER DATABASE :"site" OWNER TO :"owner";
REVOKE ALL ON DATABASE :"site" FROM PUBLIC, :"app", :"reader";
GRANT CONNECT ON DATABASE :"site" TO :"app", :"reader";
REVOKE ALL ON SCHEMA public FROM PUBLIC, :"app", :"reader";
GRANT ALL ON SCHEMA public TO :"owner";
GRANT USAGE ON SCHEMA public TO :"app", :"reader";

-- What PostgreSQL lets everybody do is for the owner and the app alone: counting and measuring what is in tables
-- one may not read, watching others work, locks that stop them, writing to its log; large objects are for nobody.
CREATE TEMPORARY VIEW closed AS
  SELECT format('FUNCTION %s', oid::regprocedure) AS what, 'EXECUTE' AS how, proname LIKE 'lo%' AS to_nobody
    FROM pg_proc
   WHERE pronamespace = 'pg_catalog'::regnamespace AND (
         proname LIKE ANY (ARRAY['pg\_advisory\_%', 'pg\_try\_advisory\_%', 'pg\_stat\_get\_%', 'pg\_%\_size',
                                 'pg\_current\_wal%', 'pg\_current\_xact%', 'txid\_current%', 'pg\_control\_%', 'lo\_%'])
      OR proname IN ('pg_current_snapshot', 'pg_lock_status', 'pg_get_replication_slots', 'pg_logical_emit_message',
                     'loread', 'lowrite'))
   UNION ALL VALUES ('TABLE pg_class', 'SELECT', false);
SELECT format('REVOKE %s ON %s FROM PUBLIC, %I, %I, %I', how, what, :'owner', :'app', :'reader') FROM closed \gexec
SELECT format('GRANT %s ON %s TO %I, %I', how, what, :'owner', :'app') FROM closed WHERE NOT to_nobody \gexec
DROP VIEW closed;

-- What an installation with a single role had made until now.
SELECT format('ALTER TABLE public.%I OWNER TO %I', tablename, :'owner')
  FROM pg_tables WHERE schemaname = 'public' AND tableowner <> :'owner' \gexec
SELECT format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, :'owner')
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = 'public' AND pg_get_userbyid(p.proowner) <> :'owner' \gexec

-- The app: rows, in today's tables and in those a later upgrade makes; no table, no function, no truncation.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, :"app";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"app";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"app";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT USAGE ON SEQUENCES TO :"app";

-- Which revision the tables have is for the owner to say.
SELECT format('REVOKE INSERT, UPDATE, DELETE ON public.alembic_version FROM %I', :'app')
 WHERE to_regclass('public.alembic_version') IS NOT NULL \gexec

-- What a trigger forbids in a log that only grows is not even granted. The triggers of changes name the
-- columns they guard; those that none does may be changed, as a note that has to be emptied.
CREATE TEMPORARY VIEW kept AS
  SELECT t.tgrelid AS place, t.tgtype & 8 > 0 AS rows_stay, t.tgattr::int2[] AS guarded
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = 'public' AND (t.tgname LIKE '%\_never\_changed' OR t.tgname LIKE '%\_never\_deleted');
SELECT format('REVOKE %s ON %s FROM %I', CASE WHEN rows_stay THEN 'DELETE' ELSE 'UPDATE' END, place::regclass, :'app')
  FROM kept \gexec
SELECT format('GRANT UPDATE (%I) ON %s TO %I', a.attname, place::regclass, :'app')
  FROM kept JOIN pg_attribute a ON a.attrelid = place
 WHERE NOT rows_stay AND a.attnum > 0 AND NOT a.attisdropped
 GROUP BY place, a.attname
HAVING bool_and(cardinality(guarded) > 0 AND NOT a.attnum = ANY (guarded)) \gexec
DROP VIEW kept;

-- What is erased leaves the files when its table is written anew, which only an owner could do by itself.
SELECT format('GRANT EXECUTE ON FUNCTION %s TO %I', p.oid::regprocedure, :'app')
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = 'public' AND p.proname LIKE 'rewrite\_%' \gexec

ALTER ROLE :"app" IN DATABASE :"site" SET statement_timeout = '30s';
ALTER ROLE :"app" IN DATABASE :"site" SET lock_timeout = '10s';
ALTER ROLE :"app" IN DATABASE :"site" SET idle_in_transaction_session_timeout = '60s';

-- The reader: what any visitor may read, one short look at a time. Nothing is granted for tables to come:
-- one that becomes public is named here.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM :"reader";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM :"reader";
SELECT format('GRANT SELECT ON public.%I TO %I', name, :'reader')
  FROM unnest(ARRAY['site', 'article', 'thread', 'publication', 'charter_version', 'log_line',
                    'month_figure', 'site_page']) AS name
 WHERE to_regclass('public.' || name) IS NOT NULL \gexec

ALTER ROLE :"reader" CONNECTION LIMIT :readers;
ALTER ROLE :"reader" IN DATABASE :"site" SET default_transaction_read_only = on;
ALTER ROLE :"reader" IN DATABASE :"site" SET statement_timeout = '5s';
ALTER ROLE :"reader" IN DATABASE :"site" SET idle_in_transaction_session_timeout = '10s';

COMMIT;
