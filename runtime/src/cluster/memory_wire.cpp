#include "cluster/memory_wire.hpp"

#include "mcp/codec.hpp"
#include "mcp/describe.hpp"

#include <utility>
#include <variant>

namespace mcp::cluster {
namespace memory_wire {

// What is asked: one for each function of `memory_store`. Times are milliseconds.

struct put_item {
  memory_namespace ns{};
  std::string key{};
  std::string value{};
  std::optional<std::int64_t> ttl_ms{};
  bool index = true;
};
struct get_item {
  memory_namespace ns{};
  std::string key{};
  bool refresh = true;
};
struct remove_item {
  memory_namespace ns{};
  std::string key{};
};
struct filter_item {
  std::string field{};
  std::uint64_t compare = 0;  ///< the number of a `memory_compare`
  std::string value{};
};
struct search_items {
  memory_namespace prefix{};
  std::vector<filter_item> filters{};
  std::string text{};
  std::uint64_t limit = 0;
  std::uint64_t offset = 0;
  bool refresh = true;
};
struct list_namespaces {
  memory_namespace prefix{};
  memory_namespace suffix{};
  std::uint64_t max_depth = 0;
  std::uint64_t limit = 0;
  std::uint64_t offset = 0;
};
struct sweep_items {
  std::int64_t now_ms = 0;
  std::uint64_t limit = max_swept_items;
};
/// What is found.
struct found_item {
  memory_namespace ns{};
  std::string key{};
  std::string value{};
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::optional<std::int64_t> expires_ms{};
  std::optional<double> score{};
};

MCP_STRUCT(put_item, ns, key, value, ttl_ms, index)
MCP_STRUCT(get_item, ns, key, refresh)
MCP_STRUCT(remove_item, ns, key)
MCP_STRUCT(filter_item, field, compare, value)
MCP_STRUCT(search_items, prefix, filters, text, limit, offset, refresh)
MCP_STRUCT(list_namespaces, prefix, suffix, max_depth, limit, offset)
MCP_STRUCT(sweep_items, now_ms, limit)
MCP_STRUCT(found_item, ns, key, value, created_ms, updated_ms, expires_ms, score)

using request =
    std::variant<put_item, get_item, remove_item, search_items, list_namespaces, sweep_items>;

store_time time_of(std::int64_t ms) {
  return store_time{std::chrono::milliseconds{ms}};
}
std::int64_t ms_of(store_time time) {
  return time.time_since_epoch().count();
}

memory_compare compare_of(std::uint64_t number) {
  if (number <= static_cast<std::uint64_t>(memory_compare::lte)) {
    return static_cast<memory_compare>(number);
  }
  throw error{errc::malformed_answer,
              "a memory filter compares by way " + std::to_string(number) + ", which there is not"};
}

found_item to_wire(memory_item item) {
  found_item made{.ns = std::move(item.ns),
                  .key = std::move(item.key),
                  .value = std::move(item.value),
                  .created_ms = ms_of(item.created),
                  .updated_ms = ms_of(item.updated),
                  .score = item.score};
  if (item.expires) made.expires_ms = ms_of(*item.expires);
  return made;
}

memory_item from_wire(found_item item) {
  memory_item made{.ns = std::move(item.ns),
                   .key = std::move(item.key),
                   .value = std::move(item.value),
                   .created = time_of(item.created_ms),
                   .updated = time_of(item.updated_ms),
                   .score = item.score};
  if (item.expires_ms) made.expires = time_of(*item.expires_ms);
  return made;
}

// What becomes of each at the store, as bytes.

std::string serve(memory_store& store, const put_item& one) {
  memory_put_options options{.index = one.index};
  if (one.ttl_ms) options.ttl = std::chrono::milliseconds{*one.ttl_ms};
  store.put(one.ns, one.key, one.value, options);
  return {};
}

std::string serve(memory_store& store, const get_item& one) {
  auto item = store.get(one.ns, one.key, one.refresh);
  std::optional<found_item> found;
  if (item) found = to_wire(std::move(*item));
  return to_cbor(found);
}

std::string serve(memory_store& store, const remove_item& one) {
  return to_cbor(store.remove(one.ns, one.key));
}

std::string serve(memory_store& store, const search_items& one) {
  memory_query query{.prefix = one.prefix,
                     .text = one.text,
                     .limit = one.limit,
                     .offset = one.offset,
                     .refresh = one.refresh};
  for (const auto& filter : one.filters) {
    query.filters.push_back({filter.field, compare_of(filter.compare), filter.value});
  }
  std::vector<found_item> found;
  for (auto& item : store.search(query)) found.push_back(to_wire(std::move(item)));
  return to_cbor(found);
}

std::string serve(memory_store& store, const list_namespaces& one) {
  return to_cbor(store.list_namespaces({.prefix = one.prefix,
                                        .suffix = one.suffix,
                                        .max_depth = one.max_depth,
                                        .limit = one.limit,
                                        .offset = one.offset}));
}

std::string serve(memory_store& store, const sweep_items& one) {
  const auto limit = std::min<std::uint64_t>(one.limit, max_swept_items);
  return to_cbor(std::uint64_t{store.sweep(time_of(one.now_ms), static_cast<std::size_t>(limit))});
}

template <class What>
What read(std::string_view bytes, const char* what) {
  try {
    return from_cbor<What>(bytes);
  } catch (const error& wrong) {
    throw error{errc::malformed_answer, std::string{what} + ": " + wrong.message()};
  }
}

template <class What>
What read_answer(std::string_view bytes) {
  return read<What>(bytes, "what a server says of its memory");
}

}  // namespace memory_wire

std::string serve_memory(memory_store& store, std::string_view request) {
  const auto asked =
      memory_wire::read<memory_wire::request>(request, "what a worker asks of the memory");
  return std::visit([&](const auto& one) { return memory_wire::serve(store, one); }, asked);
}

void remote_memory::put(const memory_namespace& ns, const std::string& key,
                        const std::string& value, const memory_put_options& options) {
  memory_wire::put_item one{.ns = ns, .key = key, .value = value, .index = options.index};
  if (options.ttl) one.ttl_ms = options.ttl->count();
  static_cast<void>(ask_(to_cbor(memory_wire::request{std::move(one)})));
}

std::optional<memory_item> remote_memory::get(const memory_namespace& ns, const std::string& key,
                                              bool refresh) {
  const auto bytes = ask_(to_cbor(memory_wire::request{memory_wire::get_item{ns, key, refresh}}));
  auto found = memory_wire::read_answer<std::optional<memory_wire::found_item>>(bytes);
  if (!found) return std::nullopt;
  return memory_wire::from_wire(std::move(*found));
}

bool remote_memory::remove(const memory_namespace& ns, const std::string& key) {
  return memory_wire::read_answer<bool>(
      ask_(to_cbor(memory_wire::request{memory_wire::remove_item{ns, key}})));
}

std::vector<memory_item> remote_memory::search(const memory_query& query) {
  memory_wire::search_items one{.prefix = query.prefix,
                                .text = query.text,
                                .limit = query.limit,
                                .offset = query.offset,
                                .refresh = query.refresh};
  for (const auto& filter : query.filters) {
    one.filters.push_back({filter.field, static_cast<std::uint64_t>(filter.compare), filter.value});
  }
  const auto bytes = ask_(to_cbor(memory_wire::request{std::move(one)}));
  std::vector<memory_item> found;
  for (auto& item : memory_wire::read_answer<std::vector<memory_wire::found_item>>(bytes)) {
    found.push_back(memory_wire::from_wire(std::move(item)));
  }
  return found;
}

std::vector<memory_namespace> remote_memory::list_namespaces(const memory_namespace_query& query) {
  const auto bytes = ask_(to_cbor(memory_wire::request{memory_wire::list_namespaces{
      query.prefix, query.suffix, query.max_depth, query.limit, query.offset}}));
  return memory_wire::read_answer<std::vector<memory_namespace>>(bytes);
}

std::size_t remote_memory::sweep(store_time now, std::size_t limit) {
  const auto bytes =
      ask_(to_cbor(memory_wire::request{memory_wire::sweep_items{memory_wire::ms_of(now), limit}}));
  return memory_wire::read_answer<std::uint64_t>(bytes);
}

}  // namespace mcp::cluster
