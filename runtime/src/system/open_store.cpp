#include "system/open_store.hpp"

#include "cluster_file/yaml_tree.hpp"

namespace mcp::cluster {
namespace {

constexpr std::chrono::hours as_long_as_it_takes{24 * 365};

}  // namespace

std::shared_ptr<checkpoint_store> open_checkpoints(const std::string& place, store_access access,
                                                   const std::string& server) {
  const bool change = access == store_access::change;
  switch (kind_of_store(place)) {
    case store_kind::none:
      return nullptr;
    case store_kind::memory:
      return in_memory_checkpoint_store();
    case store_kind::sqlite:
      return sqlite_checkpoint_store(place,
                                     {.mode = change ? sqlite_mode::own : sqlite_mode::read});
    case store_kind::postgres:
      break;
  }
  postgres_options options{.server = server, .own = change};
  // A server of a cluster outlasts its database's absence, in sight of /readyz and its log.
  if (!server.empty()) options.write_patience = as_long_as_it_takes;
  return postgres_checkpoint_store(postgres_target(place), options);
}

std::shared_ptr<memory_store> open_memory(const std::string& place, const memory_options& options) {
  switch (kind_of_store(place)) {
    case store_kind::none:
    case store_kind::memory:
      return in_memory_memory_store(options);
    case store_kind::sqlite:
      return sqlite_memory_store(place, options);
    case store_kind::postgres:
      break;
  }
  return postgres_memory_store(postgres_target(place), options);
}

std::shared_ptr<kept_files> open_kept_files(const std::string& place) {
  constexpr std::size_t largest = 8 * max_yaml_bytes;  // a file's text as JSON, with its path
  return std::make_shared<kept_files>(open_memory(place, {.max_value_bytes = largest}));
}

}  // namespace mcp::cluster
