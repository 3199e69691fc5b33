#include "cluster_file/store_place.hpp"

#include "runtime/cluster_system_support.hpp"

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using Catch::Matchers::Contains;

TEST_CASE("A place says what kind of store it is") {
  CHECK(kind_of_store("none") == store_kind::none);
  CHECK(kind_of_store("memory") == store_kind::memory);
  CHECK(kind_of_store("runs.db") == store_kind::sqlite);
  CHECK(kind_of_store("postgresql.db") == store_kind::sqlite);
  for (const auto* target :
       {"postgresql://db/agents", "postgres://db", "host=db user=agents", ""}) {
    const auto place = postgres_place(target);
    CHECK(kind_of_store(place) == store_kind::postgres);
    CHECK(postgres_target(place) == target);
    CHECK(is_durable(place));
  }
  CHECK(is_durable("runs.db"));
  CHECK_FALSE(is_durable("memory"));
}

TEST_CASE("No password of a store is shown") {
  const auto shown = [](const std::string& target) { return shown_store(postgres_place(target)); };
  CHECK(shown_store("password=x.db") == "password=x.db");  // a file
  CHECK(shown("postgresql://me:hunter2@db:5432/x") == "postgresql://me:***@db:5432/x");
  CHECK(shown("postgresql://me:hun@ter2@db/x") == "postgresql://me:***@db/x");
  CHECK(shown("postgresql://db:5432/x") == "postgresql://db:5432/x");
  CHECK(shown("postgresql://me@db:5432/x?password=hunter2&sslmode=require") ==
        "postgresql://me@db:5432/x?password=***&sslmode=require");
  CHECK(shown("host=db password=hunter2 user=me") == "postgres:host=db password=*** user=me");
  CHECK(shown("host=db password = 'hun ter2' user=me") ==
        "postgres:host=db password = '***' user=me");
  CHECK(shown("host=db password=hunter2") == "postgres:host=db password=***");
}

TEST_CASE("A file names the database of its store") {
  const std::string head =
      "state: {n: integer}\nnodes: {a: {lua: \"return {n = 1}\"}}\n"
      "edges: [start -> a -> END]\n";
  const auto store_of = [&](const std::string& store) {
    return cluster_folder{head + "store: " + store + "\n"}.load()->store();
  };
  CHECK(store_of("{postgres: \"host=db\"}") == "postgres:host=db");
  CHECK(store_of("{postgres: postgresql://db/x}") == "postgresql://db/x");
  CHECK_THAT(cluster_folder{head + "store: {postgres: a, sqlite: b}\n"}.problems(),
             Contains("names no place") && Contains("{postgres: TARGET}"));
}
