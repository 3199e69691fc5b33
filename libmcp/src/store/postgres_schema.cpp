#include "store/postgres_schema.hpp"

#include "store/row_sum.hpp"

#include <algorithm>

namespace mcp::store {
namespace {

// docs/postgres.md says what each table is for. `writers` apart from `servers`: a batch holds its
// row for as long as it takes, and must not hold up the renewal of the lease.
constexpr const char* tables = R"sql(
CREATE TABLE meta(key text PRIMARY KEY, value bigint NOT NULL);
CREATE TABLE servers(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
  since timestamptz NOT NULL DEFAULT clock_timestamp(), until timestamptz NOT NULL);
CREATE TABLE writers(server bigint PRIMARY KEY REFERENCES servers ON DELETE CASCADE,
  batch bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE claims(thread text COLLATE "C" PRIMARY KEY,
  server bigint NOT NULL REFERENCES servers ON DELETE CASCADE);
CREATE INDEX claims_of_server ON claims(server);
CREATE TABLE threads(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE, created bigint NOT NULL, updated bigint NOT NULL,
  expires bigint);
CREATE INDEX threads_expiring ON threads(expires) WHERE expires IS NOT NULL;
CREATE TABLE namespaces(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  thread bigint NOT NULL REFERENCES threads ON DELETE CASCADE, name text COLLATE "C" NOT NULL,
  head bigint NOT NULL, base bigint, updated bigint NOT NULL, UNIQUE(thread, name))
  WITH (fillfactor = 70);
CREATE TABLE runs(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id text COLLATE "C" NOT NULL UNIQUE, thread bigint NOT NULL REFERENCES threads ON DELETE CASCADE,
  status bigint NOT NULL, graph text COLLATE "C" NOT NULL, body bytea NOT NULL, error bytea NOT NULL,
  created bigint NOT NULL, updated bigint NOT NULL);
CREATE INDEX runs_of_thread ON runs(thread);
CREATE INDEX runs_unfinished ON runs(id) WHERE status <= 2;
CREATE TABLE checkpoints(ns bigint NOT NULL, id bigint NOT NULL, parent bigint, base bigint,
  step bigint NOT NULL, source bigint NOT NULL, run_id text COLLATE "C" NOT NULL,
  created bigint NOT NULL, body bytea NOT NULL, snapshot bytea, PRIMARY KEY(ns, id));
CREATE TABLE journal(ns bigint NOT NULL, checkpoint bigint NOT NULL, kind bigint NOT NULL,
  key bytea NOT NULL, seq bigint GENERATED ALWAYS AS IDENTITY, body bytea NOT NULL,
  PRIMARY KEY(ns, checkpoint, kind, key));
CREATE TABLE memory(place text COLLATE "C" NOT NULL, key bytea NOT NULL, value bytea NOT NULL,
  created bigint NOT NULL, updated bigint NOT NULL, expires bigint, ttl bigint, words tsvector,
  PRIMARY KEY(place, key));
CREATE INDEX memory_expiring ON memory(expires) WHERE expires IS NOT NULL;
CREATE INDEX memory_words ON memory USING gin(words);
)sql";

constexpr const char* functions = R"sql(
CREATE FUNCTION fence(me bigint, number bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE writers SET batch = number WHERE server = me AND batch < number;
  IF FOUND THEN RETURN; END IF;
  IF EXISTS(SELECT 1 FROM writers WHERE server = me) THEN
    RAISE EXCEPTION 'the batch is there already' USING ERRCODE = 'MC007';
  END IF;
  RAISE EXCEPTION 'the lease is lost' USING ERRCODE = 'MC009';
END $$;

CREATE FUNCTION thread_named(wanted text, at bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE found_id bigint;
BEGIN
  SELECT id INTO found_id FROM threads WHERE name = wanted;
  IF FOUND THEN RETURN found_id; END IF;
  INSERT INTO threads(name, created, updated) VALUES(wanted, at, at)
    ON CONFLICT (name) DO NOTHING RETURNING id INTO found_id;
  IF found_id IS NULL THEN SELECT id INTO found_id FROM threads WHERE name = wanted; END IF;
  RETURN found_id;
END $$;

CREATE FUNCTION put_checkpoint(p_thread text, p_ns text, p_id bigint, p_parent bigint,
  p_base bigint, p_step bigint, p_source bigint, p_run text, p_created bigint, p_body bytea,
  p_snapshot bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  space bigint;
  last bigint;
  base_now bigint := p_base;
  inherited bigint;  -- of the head, which is the parent but for forks
BEGIN
  SELECT n.id, n.head, n.base INTO space, last, inherited FROM threads t
    JOIN namespaces n ON n.thread = t.id WHERE t.name = p_thread AND n.name = p_ns FOR UPDATE OF n;
  IF FOUND AND p_id <= last THEN
    RAISE EXCEPTION 'a checkpoint is out of order' USING ERRCODE = 'MC001', DETAIL = last::text;
  END IF;
  IF p_parent IS NOT NULL THEN
    IF p_parent IS DISTINCT FROM last THEN
      SELECT c.base INTO inherited FROM checkpoints c WHERE c.ns = space AND c.id = p_parent;
      IF NOT FOUND THEN RAISE EXCEPTION 'a parent is missing' USING ERRCODE = 'MC002'; END IF;
    END IF;
    base_now := coalesce(base_now, inherited);
  END IF;
  IF space IS NULL THEN
    INSERT INTO namespaces(thread, name, head, base, updated)
      VALUES(thread_named(p_thread, p_created), p_ns, p_id, base_now, p_created)
      RETURNING id INTO space;
  ELSE
    UPDATE namespaces SET head = p_id, base = base_now, updated = greatest(updated, p_created)
      WHERE id = space;
  END IF;
  INSERT INTO checkpoints VALUES(space, p_id, p_parent, base_now, p_step, p_source, p_run,
    p_created, p_body, p_snapshot);
END $$;

CREATE FUNCTION put_journal(p_thread text, p_ns text, p_checkpoint bigint, p_kind bigint,
  p_key bytea, p_body bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE space bigint;
BEGIN
  SELECT n.id INTO space FROM threads t JOIN namespaces n ON n.thread = t.id
    JOIN checkpoints c ON c.ns = n.id AND c.id = p_checkpoint
    WHERE t.name = p_thread AND n.name = p_ns;
  IF NOT FOUND THEN RAISE EXCEPTION 'a checkpoint is missing' USING ERRCODE = 'MC003'; END IF;
  INSERT INTO journal(ns, checkpoint, kind, key, body)
    VALUES(space, p_checkpoint, p_kind, p_key, p_body)
    ON CONFLICT (ns, checkpoint, kind, key) DO UPDATE SET body = excluded.body;
END $$;

CREATE FUNCTION put_run(p_run text, p_thread text, p_status bigint, p_graph text, p_body bytea,
  p_error bytea, p_created bigint, p_updated bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE t bigint := thread_named(p_thread, p_created);
BEGIN
  INSERT INTO runs(run_id, thread, status, graph, body, error, created, updated)
    VALUES(p_run, t, p_status, p_graph, p_body, p_error, p_created, p_updated)
    ON CONFLICT (run_id) DO UPDATE SET status = p_status, graph = p_graph, body = p_body,
      error = p_error, created = p_created, updated = p_updated WHERE runs.thread = t;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a run has another thread' USING ERRCODE = 'MC004', DETAIL =
      (SELECT o.name FROM runs r JOIN threads o ON o.id = r.thread WHERE r.run_id = p_run);
  END IF;
  UPDATE threads SET updated = p_updated WHERE id = t AND updated < p_updated;
END $$;

CREATE FUNCTION set_run_status(p_run text, p_status bigint, p_error bytea, p_updated bigint)
  RETURNS void LANGUAGE sql AS $$
  UPDATE runs SET status = p_status, error = p_error, updated = p_updated WHERE run_id = p_run
$$;

CREATE FUNCTION delete_thread(p_thread bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- Who writes a checkpoint holds its namespace's row.
  PERFORM 1 FROM namespaces WHERE thread = p_thread FOR UPDATE;
  DELETE FROM checkpoints c USING namespaces n WHERE n.thread = p_thread AND c.ns = n.id;
  DELETE FROM journal j USING namespaces n WHERE n.thread = p_thread AND j.ns = n.id;
  DELETE FROM threads WHERE id = p_thread;
END $$;

CREATE FUNCTION copy_thread(p_source text, p_target text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  a bigint;
  b bigint;
BEGIN
  SELECT id INTO a FROM threads WHERE name = p_source;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no thread' USING ERRCODE = 'MC005'; END IF;
  INSERT INTO threads(name, created, updated) SELECT p_target, created, updated FROM threads
    WHERE id = a ON CONFLICT (name) DO NOTHING RETURNING id INTO b;
  IF b IS NULL THEN RAISE EXCEPTION 'a thread exists' USING ERRCODE = 'MC006'; END IF;
  INSERT INTO namespaces(thread, name, head, base, updated)
    SELECT b, name, head, base, updated FROM namespaces WHERE thread = a;
  INSERT INTO checkpoints
    SELECT y.id, c.id, c.parent, c.base, c.step, c.source, c.run_id, c.created, c.body, c.snapshot
    FROM namespaces x JOIN namespaces y ON y.thread = b AND y.name = x.name
      JOIN checkpoints c ON c.ns = x.id WHERE x.thread = a;
  INSERT INTO journal(ns, checkpoint, kind, key, body)
    SELECT y.id, j.checkpoint, j.kind, j.key, j.body
    FROM namespaces x JOIN namespaces y ON y.thread = b AND y.name = x.name
      JOIN journal j ON j.ns = x.id WHERE x.thread = a ORDER BY j.seq;
END $$;
)sql";

/// 0: there are no tables.
std::int64_t format_of(postgres_connection& connection, const std::string& schema) {
  static constexpr postgres_statement known{
      "has_tables", "SELECT 1::bigint FROM pg_tables WHERE schemaname = $1 AND tablename = 'meta'"};
  if (connection.query(known, schema).rows() == 0) return 0;
  static constexpr postgres_statement format{"format",
                                             "SELECT value FROM meta WHERE key = 'format'"};
  const auto found = connection.query(format);
  return found.rows() == 0 ? 0 : found.integer(0, 0);
}

void check_format(std::int64_t format, const std::string& schema) {
  if (format <= postgres_format) return;
  throw error{errc::newer_format, "the PostgreSQL schema \"" + schema + "\" has format " +
                                      std::to_string(format) + "; this version reads up to " +
                                      std::to_string(postgres_format)};
}

}  // namespace

void check_postgres_schema(const std::string& schema) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  constexpr std::size_t longest = 63;
  if (!schema.empty() && schema.size() <= longest && letter(schema.front()) &&
      std::all_of(schema.begin(), schema.end(), rest)) {
    return;
  }
  throw error{errc::invalid_argument,
              "\"" + schema + "\" is no schema: write up to 63 of a-z, 0-9 and _, no digit first"};
}

void make_postgres_schema(postgres_connection& connection, const std::string& schema) {
  if (const auto format = format_of(connection, schema); format != 0) {
    return check_format(format, schema);
  }
  postgres_transaction transaction{connection, postgres_transaction::kind::write};
  // One at a time, of those that come at once.
  static constexpr postgres_statement lock{"lock_schema",
                                           "SELECT pg_advisory_xact_lock($1::bigint)"};
  connection.query(lock, std::int64_t{row_sum{}.add(schema).value()});
  if (format_of(connection, schema) == 0) {
    connection.execute("CREATE SCHEMA IF NOT EXISTS \"" + schema + "\"");
    connection.execute(tables);
    connection.execute(functions);
    connection.execute("INSERT INTO meta VALUES('format', " + std::to_string(postgres_format) +
                       ")");
  }
  transaction.commit();
}

void require_postgres_schema(postgres_connection& connection, const std::string& schema) {
  const auto format = format_of(connection, schema);
  if (format != 0) return check_format(format, schema);
  throw error{errc::store_failed,
              "the database has no schema \"" + schema + "\" of FastMCP; a run makes it"};
}

}  // namespace mcp::store
