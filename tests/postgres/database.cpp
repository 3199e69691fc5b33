#include "postgres/database.hpp"

#include "store/postgres_connection.hpp"
#include "support/catch.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <stdexcept>

#include <unistd.h>

namespace mcp::test {
namespace {

/// The first line that the script prints.
std::string script(const std::string& arguments) {
  const auto command =
      std::string{MCP_TEST_SOURCE_DIR} + "/tests/support/private-postgres " + arguments;
  auto* pipe = ::popen(command.c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error{"popen"};
  std::array<char, 512> line{};
  std::string text;
  if (std::fgets(line.data(), line.size(), pipe) != nullptr) text = line.data();
  if (::pclose(pipe) != 0) throw std::runtime_error{"private-postgres " + arguments + " failed"};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

database& database::shared() {
  static database one;
  return one;
}

database::database() {
  start();
}

database::~database() {
  static_cast<void>(script("stop '" + folder_.file("") + "'"));
}

std::string database::new_schema() {
  static std::atomic<int> count{0};
  return "test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
}

void database::kill() const {
  static_cast<void>(script("kill '" + folder_.file("") + "'"));
}

void database::start() {
  target_ = script("start '" + folder_.file("") + "'");
}

void database::run(const std::string& sql) const {
  store::postgres_connection{target_, "public"}.execute(sql);
}

std::shared_ptr<checkpoint_store> open_postgres(const std::string& schema,
                                                std::chrono::milliseconds lease) {
  return postgres_checkpoint_store(database::shared().target(), {.schema = schema, .lease = lease});
}

}  // namespace mcp::test
