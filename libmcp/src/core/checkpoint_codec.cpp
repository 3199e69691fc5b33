#include "core/checkpoint_codec.hpp"

#include "core/stored_value.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace mcp::core {
namespace {

constexpr std::uint64_t format_version = 1;
constexpr const char* checkpoint_text = "a checkpoint";

// Keys of a body and of the usage within it: docs/checkpoint-format.md, section 4.
constexpr std::string_view key_version = "v";
constexpr std::string_view key_patches = "p";
constexpr std::string_view key_next = "n";
constexpr std::string_view key_joins = "j";
constexpr std::string_view key_deferred = "d";
constexpr std::string_view key_ran = "r";
constexpr std::string_view key_usage = "b";
constexpr std::string_view key_fallbacks = "f";
constexpr std::string_view key_steps = "s";
constexpr std::string_view key_node_calls = "c";
constexpr std::string_view key_counters = "k";

void write_nodes(cbor_writer& w, const graph_plan& plan, const std::vector<node_index>& nodes) {
  w.array(nodes.size());
  for (const auto node : nodes) w.text(plan.name_of(node));
}

bool shares_target(const graph_plan& plan, const planned_join& join) {
  return std::count_if(plan.joins.begin(), plan.joins.end(),
                       [&](const planned_join& other) { return other.target == join.target; }) > 1;
}

/// Names of the sources whose bit in `seen` is `wanted`.
void write_sources(cbor_writer& w, const graph_plan& plan, const planned_join& join,
                   std::uint64_t seen, bool wanted) {
  const auto is_wanted = [&](std::size_t i) { return ((seen >> i) & 1U) == (wanted ? 1U : 0U); };
  std::size_t count = 0;
  for (std::size_t i = 0; i < join.sources.size(); ++i) count += is_wanted(i) ? 1U : 0U;
  w.array(count);
  for (std::size_t i = 0; i < join.sources.size(); ++i) {
    if (is_wanted(i)) w.text(plan.name_of(join.sources[i]));
  }
}

void write_joins(cbor_writer& w, const graph_plan& plan, const std::vector<std::uint64_t>& joins,
                 std::size_t open) {
  w.array(open);
  for (std::size_t i = 0; i < joins.size(); ++i) {
    if (joins[i] == 0) continue;
    const auto& join = plan.joins[i];
    // The target names the join, unless there are several: then the awaited sources do so too.
    const bool shared = shares_target(plan, join);
    w.array(shared ? 3 : 2);
    w.text(plan.name_of(join.target));
    write_sources(w, plan, join, joins[i], true);
    if (shared) write_sources(w, plan, join, joins[i], false);
  }
}

void write_usage(cbor_writer& w, const run_usage& usage) {
  w.map(usage.counters.empty() ? 2 : 3);
  w.text(key_steps);
  w.integer(usage.steps);
  w.text(key_node_calls);
  w.integer(usage.node_calls);
  if (usage.counters.empty()) return;
  w.text(key_counters);
  write_counters(w, usage.counters);
}

void write_next(cbor_writer& w, const graph_plan& plan, const agenda& next) {
  w.array(next.triggered.size() + next.sends.size());
  for (const auto node : next.triggered) w.text(plan.name_of(node));
  for (const auto& send : next.sends) {
    write_send(w, plan.name_of(send.node), send.input, send.timeout);
  }
}

/// Whether a task of the next superstep may come to its fallback.
bool may_fall_back(const graph_plan& plan, const agenda& next) {
  const auto has = [&](node_index node) { return plan.nodes[node].fallback.has_value(); };
  return std::any_of(next.triggered.begin(), next.triggered.end(), has) ||
         std::any_of(next.deferred.begin(), next.deferred.end(), has) ||
         std::any_of(next.sends.begin(), next.sends.end(),
                     [&](const planned_send& one) { return has(one.node); });
}

node_index read_node(cbor_reader& r, const graph_plan& plan) {
  const auto name = r.text();
  const auto node = plan.find(name);
  if (node == end_index) {
    throw error{errc::unknown_node, "a checkpoint names the node \"" + std::string{name} +
                                        "\", which the graph \"" + plan.name + "\" does not have"};
  }
  return node;
}

std::vector<node_index> read_nodes(cbor_reader& r, const graph_plan& plan) {
  std::vector<node_index> nodes;
  read_items(r, [&] { nodes.push_back(read_node(r, plan)); });
  return nodes;
}

void sort_unique(std::vector<node_index>& nodes) {
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
}

planned_send read_send(cbor_reader& r, const graph_plan& plan) {
  const bool limited = read_send_head(r);
  planned_send send;
  send.node = read_node(r, plan);
  send.input = read_input(r, plan, send.node);
  if (limited) send.timeout = read_timeout(r);
  return send;
}

void read_next(cbor_reader& r, const graph_plan& plan, agenda& next) {
  read_items(r, [&] {
    if (r.peek() == cbor_kind::array) {
      next.sends.push_back(read_send(r, plan));
    } else {
      next.triggered.push_back(read_node(r, plan));
    }
  });
  sort_unique(next.triggered);
}

/// Bits of `sources` within `join`; nothing when one is not a source of it.
std::optional<std::uint64_t> bits_of(const planned_join& join,
                                     const std::vector<node_index>& sources) {
  std::uint64_t bits = 0;
  for (const auto source : sources) {
    const auto found = std::lower_bound(join.sources.begin(), join.sources.end(), source);
    if (found == join.sources.end() || *found != source) return std::nullopt;
    bits |= std::uint64_t{1} << static_cast<unsigned>(found - join.sources.begin());
  }
  return bits;
}

void read_join(cbor_reader& r, const graph_plan& plan, std::vector<std::uint64_t>& joins) {
  const auto size = r.array();
  if (size != 2 && size != 3) r.fail("expected a target, the sources seen and those awaited");
  const auto target = read_node(r, plan);
  const auto seen = read_nodes(r, plan);
  const auto awaited = size == 3 ? read_nodes(r, plan) : std::vector<node_index>{};
  for (std::size_t i = 0; i < plan.joins.size(); ++i) {
    const auto& join = plan.joins[i];
    if (join.target != target) continue;
    const auto bits = bits_of(join, seen);
    const auto others = bits_of(join, awaited);
    if (!bits || !others) continue;
    // Joins that share a target are told apart by all their sources.
    const auto named = static_cast<std::size_t>(std::popcount(*bits | *others));
    if (size == 3 && named != join.sources.size()) continue;
    joins[i] |= *bits;
    return;
  }
  throw error{errc::unknown_node, "a checkpoint waits for a join to the node \"" +
                                      plan.name_of(target) + "\", which the graph \"" + plan.name +
                                      "\" does not have"};
}

run_usage read_usage(cbor_reader& r) {
  run_usage usage;
  read_entries(r, [&](std::string_view key) {
    if (key == key_steps) {
      usage.steps = r.integer();
    } else if (key == key_node_calls) {
      usage.node_calls = r.integer();
    } else if (key == key_counters) {
      usage.counters = read_counters(r);
    } else {
      r.skip();
    }
  });
  return usage;
}

/// Before anything else, for a later version may have given the other keys another meaning.
void check_version(std::string_view body) {
  cbor_reader r{body};
  std::uint64_t version = 0;
  read_entries(r, [&](std::string_view key) {
    if (key == key_version) {
      version = r.unsigned_integer();
    } else {
      r.skip();
    }
  });
  if (version == 0) throw_damaged(checkpoint_text, "it has no format version");
  if (version > format_version) {
    throw error{errc::newer_format, "a checkpoint has format version " + std::to_string(version) +
                                        "; this version reads up to " +
                                        std::to_string(format_version)};
  }
}

}  // namespace

std::string encode_body(const graph_plan& plan, const patch_writer& patches, const agenda& next,
                        const std::vector<node_index>& ran, const run_usage* usage) {
  const auto open_joins = static_cast<std::size_t>(
      std::count_if(next.joins.begin(), next.joins.end(), [](auto seen) { return seen != 0; }));
  const bool fallbacks = !next.shared_ids && may_fall_back(plan, next);
  const std::array<bool, 7> present{
      patches.count() > 0, !next.empty(),    open_joins > 0, !next.deferred.empty(),
      !ran.empty(),        usage != nullptr, fallbacks};
  constexpr std::size_t usual_rest = 48;  // what a body takes beside its patches
  cbor_writer w;
  w.reserve(patches.bytes().size() + usual_rest);
  w.map(1 + static_cast<std::size_t>(std::count(present.begin(), present.end(), true)));
  w.text(key_version);
  w.unsigned_integer(format_version);
  if (patches.count() > 0) {
    w.text(key_patches);
    w.array(patches.count());
    w.raw(patches.bytes());
  }
  if (!next.empty()) {
    w.text(key_next);
    write_next(w, plan, next);
  }
  if (open_joins > 0) {
    w.text(key_joins);
    write_joins(w, plan, next.joins, open_joins);
  }
  if (!next.deferred.empty()) {
    w.text(key_deferred);
    write_nodes(w, plan, next.deferred);
  }
  if (!ran.empty()) {
    w.text(key_ran);
    write_nodes(w, plan, ran);
  }
  if (usage != nullptr) {
    w.text(key_usage);
    write_usage(w, *usage);
  }
  if (fallbacks) {
    w.text(key_fallbacks);
    w.unsigned_integer(1);
  }
  return take_stored(w, checkpoint_text);
}

value read_input(cbor_reader& r, const graph_plan& plan, node_index node) {
  const auto* type = plan.nodes[node].spec.input;
  if (type == nullptr) {
    if (r.skip_null()) return {};
    type = plan.state->object();
    if (type == nullptr) {
      r.fail("an input for the node \"" + plan.name_of(node) + "\", which takes the state");
    }
  }
  value input{*type};
  type->decode(r, input.get());
  return input;
}

decoded_body decode_body(const graph_plan& plan, std::string_view body) {
  return read_stored(checkpoint_text, body, [&](cbor_reader& r) {
    check_version(body);
    decoded_body result;
    result.next.shared_ids = true;
    result.next.joins.resize(plan.joins.size());
    read_entries(r, [&](std::string_view key) {
      if (key == key_next) {
        read_next(r, plan, result.next);
      } else if (key == key_joins) {
        read_items(r, [&] { read_join(r, plan, result.next.joins); });
      } else if (key == key_deferred) {
        result.next.deferred = read_nodes(r, plan);
        sort_unique(result.next.deferred);
      } else if (key == key_ran) {
        result.ran = read_texts(r);
      } else if (key == key_usage) {
        result.usage = read_usage(r);
      } else if (key == key_fallbacks) {
        result.next.shared_ids = r.unsigned_integer() == 0;
      } else {
        r.skip();
      }
    });
    return result;
  });
}

std::string encode_usage(const run_usage& usage) {
  cbor_writer w;
  write_usage(w, usage);
  return w.take();
}

run_usage usage_after(run_usage usage, const std::vector<journal_entry>& journal) {
  for (const auto& entry : journal) {
    if (entry.kind != journal_kind::usage) continue;
    usage = read_stored("the usage of a run", entry.body, read_usage);
  }
  return usage;
}

std::vector<std::string> next_nodes(std::string_view body) {
  return read_stored(checkpoint_text, body, [&](cbor_reader& r) {
    check_version(body);
    std::vector<std::string> names;
    const auto read_name = [&] {
      const bool is_send = r.peek() == cbor_kind::array;
      const bool limited = is_send && read_send_head(r);
      names.emplace_back(r.text());
      if (is_send) r.skip();
      if (limited) r.skip();
    };
    read_entries(r, [&](std::string_view key) {
      if (key == key_next) {
        read_items(r, read_name);
      } else {
        r.skip();
      }
    });
    return names;
  });
}

}  // namespace mcp::core
