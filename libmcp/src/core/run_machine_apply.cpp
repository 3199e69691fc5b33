#include "core/run_machine.hpp"

#include <algorithm>

namespace mcp::core {
namespace {

void insert_sorted(std::vector<node_index>& nodes, node_index node) {
  const auto place = std::lower_bound(nodes.begin(), nodes.end(), node);
  if (place == nodes.end() || *place != node) nodes.insert(place, node);
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

/// A node that says what it writes is held to it.
void check_declared(const node_spec& node, const std::string& field) {
  const auto& writes = node.options.writes;
  if (writes.empty() || std::find(writes.begin(), writes.end(), field) != writes.end()) return;
  throw error{errc::invalid_update, "node " + quoted(node.name) + " wrote the field " +
                                        quoted(field) +
                                        ", which its option `writes` does not name"};
}

}  // namespace

/// Ends a superstep: merges what its tasks wrote, decides what follows, makes the checkpoint.
void run_machine::apply(checkpoint_source source, machine_commands& out) {
  try {
    claim_channels();  // first: what it refuses may not be looked at by routers or reducers
    auto decided = decide_early();
    merge_writes();
    expire_channels();
    next_.triggered.clear();
    next_.sends.clear();
    next_.shared_ids = false;
    ran_.clear();
    bool ask_edge_map = false;
    for (std::size_t i = 0; i < task_count_; ++i) {
      auto& done = *tasks_[i];
      route(done, i < decided.size() ? std::move(decided[i]) : std::vector<routes>{});
      if (done.planned >= start_index) continue;
      ran_.push_back(done.planned);
      ask_edge_map = ask_edge_map || (settings_.plan->nodes[done.planned].follows_edge_map &&
                                      done.outcome.result.go_to.empty());
    }
    if (ask_edge_map && !result_.parent) {
      go_to(settings_.plan->edge_map(state_.get()).take(), "the edge map");
    }
    task_count_ = 0;
    // Stored on exit only, later supersteps may have left effects under the same checkpoint.
    if (settings_.options.durability != durability::exit) memory_.reset();
    checkpoint(source, out);
  } catch (const error& what) {
    damaged_ = true;
    return fail(what, out);
  } catch (const std::exception& what) {
    damaged_ = true;
    return fail(error{errc::node_failed, std::string{"a router or reducer threw: "} + what.what()},
                out);
  } catch (...) {
    damaged_ = true;
    return fail(error{errc::node_failed, "a router or reducer threw something unknown"}, out);
  }
}

/// With several tasks a router sees its own task's writes but not its siblings': it is asked before
/// the merge, on a copy. With one task the merged state is just that, and no copy is needed.
std::vector<std::vector<routes>> run_machine::decide_early() const {
  std::vector<std::vector<routes>> decided;
  if (task_count_ < 2) return decided;
  decided.resize(task_count_);
  for (std::size_t i = 0; i < task_count_; ++i) {
    const auto& done = *tasks_[i];
    const auto& node = settings_.plan->nodes[done.planned];
    if (node.routers.empty()) continue;
    state_pointer fresh = state_;
    if (!done.outcome.result.writes.empty()) {
      void* object = fresh.edit();
      for (const auto& write : done.outcome.result.writes) {
        const auto& channel = settings_.plan->state->at(write.channel);
        if (write.mode == write_mode::overwrite) {
          channel.assign(object, value{write.content}, nullptr);
        } else {
          channel.reduce(object, value{write.content}, nullptr);
        }
      }
    }
    follow(node.routers, fresh.get(), decided[i]);
  }
  return decided;
}

void run_machine::follow(const std::vector<router_function>& routers, const void* fresh,
                         std::vector<routes>& decided) const {
  for (const auto& decide : routers) decided.push_back(decide(fresh));
}

std::string run_machine::writer_of(std::size_t slot) const {
  const auto node = tasks_[slot]->planned;
  return node < start_index ? "node " + quoted(settings_.plan->name_of(node)) : "the input";
}

/// Notes who writes what, and refuses two writers of a field that takes one.
void run_machine::claim_channels() {
  const auto& type = *settings_.plan->state;
  claims_.resize(type.channel_count());
  ++epoch_;
  for (std::size_t i = 0; i < task_count_; ++i) {
    const auto& result = tasks_[i]->outcome.result;
    const bool foreign = result.type && !result.type->same(type);
    for (const auto& write : result.writes) {
      if (foreign || write.channel >= claims_.size() ||
          !write.content.type()->same(type.at(write.channel).type())) {
        throw error{
            errc::invalid_update,
            writer_of(i) + " returned an update of another state than " + quoted(type.name())};
      }
      if (tasks_[i]->planned < start_index) {
        check_declared(settings_.plan->nodes[tasks_[i]->planned].spec,
                       type.at(write.channel).name());
      }
      auto& claim = claims_[write.channel];
      const bool merged = type.at(write.channel).many_writers();
      const bool overwrites = merged && write.mode == write_mode::overwrite;
      const bool second = claim.epoch == epoch_ && claim.slot != i;
      if (second && (!merged || (overwrites && claim.overwritten))) {
        throw error{errc::invalid_update,
                    "field " + quoted(type.at(write.channel).name()) + " was " +
                        (merged ? "overwritten" : "written") + " by " + writer_of(claim.slot) +
                        " and " + writer_of(i) + " in one superstep"};
      }
      if (claim.epoch != epoch_) claim = {epoch_, static_cast<std::uint32_t>(i), false};
      claim.overwritten = claim.overwritten || overwrites;
    }
  }
}

/// Merges the writes of all tasks into the state, in the order of their paths.
void run_machine::merge_writes() {
  const auto& type = *settings_.plan->state;
  auto* patches = settings_.stored ? &patches_ : nullptr;
  void* object = nullptr;
  for (std::size_t i = 0; i < task_count_; ++i) {
    for (auto& write : tasks_[i]->outcome.result.writes) {
      if (object == nullptr) object = state_.edit();
      const auto& channel = type.at(write.channel);
      const write_aids aids{patches, channel.by_id() ? &ids_[write.channel] : nullptr};
      if (write.mode == write_mode::overwrite) {
        channel.assign(object, std::move(write.content), aids);
      } else if (!claims_[write.channel].overwritten) {
        channel.reduce(object, std::move(write.content), aids);
      }
    }
  }
}

void run_machine::expire_channels() {
  for (const auto index : settings_.plan->state->expiring()) {
    if (claims_[index].epoch == epoch_) continue;
    settings_.plan->state->at(index).expire(state_.edit(), settings_.stored ? &patches_ : nullptr);
  }
}

/// Decides what follows one finished task.
void run_machine::route(task& done, std::vector<routes> decided) {
  const auto& plan = *settings_.plan;
  auto& result = done.outcome.result;
  if (done.planned == end_index) {
    next_.deferred.clear();
    std::fill(next_.joins.begin(), next_.joins.end(), 0);
    return;
  }
  if (done.planned == start_index) {
    for (const auto entry : plan.entries) trigger(entry);
    follow(plan.entry_routers, state_.get(), decided);
    for (auto& where : decided) go_to(std::move(where).take(), start);
    return;
  }
  const auto& node = plan.nodes[done.planned];
  if (result.parent) {
    if (settings_.root()) {
      throw error{errc::invalid_goto,
                  "node " + quoted(node.spec.name) +
                      " returned a command for a parent graph, and there is none"};
    }
    if (!result_.parent) result_.parent = std::move(result.parent);
    return;
  }
  // A copy: whether there was a command is asked again later.
  go_to(std::vector<routes::target>{result.go_to}, node.spec.name);
  for (const auto target : node.edges) trigger(target);
  arrive_at_joins(done.planned);
  if (decided.empty()) follow(node.routers, state_.get(), decided);
  for (auto& where : decided) go_to(std::move(where).take(), node.spec.name);
}

void run_machine::go_to(std::vector<routes::target>&& targets, const std::string& from) {
  for (auto& target : targets) {
    if (auto* one = std::get_if<send>(&target)) {
      start_send(std::move(*one), from);
      continue;
    }
    const auto& name = std::get<std::string>(target);
    if (name == end) continue;
    const auto node = settings_.plan->find(name);
    if (node == end_index) {
      std::vector<std::string_view> known;
      for (const auto& other : settings_.plan->nodes) known.push_back(other.spec.name);
      throw error{errc::invalid_goto, quoted(from) + " leads to the unknown node " + quoted(name) +
                                          detail::suggestion(name, known)};
    }
    const auto& spec = settings_.plan->nodes[node].spec;
    if (spec.input != nullptr && spec.kind != node_kind::subgraph) {
      throw error{errc::invalid_goto,
                  quoted(from) + " leads to " + quoted(name) + ", which takes the input of a send"};
    }
    trigger(node);
  }
}

void run_machine::start_send(send&& one, const std::string& from) {
  const auto node = settings_.plan->find(one.node());
  if (node == end_index) {
    throw error{errc::invalid_goto,
                quoted(from) + " sends to the unknown node " + quoted(one.node())};
  }
  const auto& spec = settings_.plan->nodes[node].spec;
  const auto& sent = *one.input().type();
  const bool fits =
      spec.input != nullptr ? sent.same(*spec.input) : *sent.id == settings_.plan->state->id();
  if (!fits) {
    throw error{errc::invalid_goto, quoted(from) + " sends " + quoted(one.node()) +
                                        " an input of another type than it takes"};
  }
  next_.sends.push_back({node, std::move(one.input()), one.timeout()});
}

void run_machine::trigger(node_index node) {
  const bool defer = settings_.plan->nodes[node].spec.options.defer;
  insert_sorted(defer ? next_.deferred : next_.triggered, node);
}

void run_machine::arrive_at_joins(node_index source) {
  for (const auto index : settings_.plan->nodes[source].joins) {
    const auto& join = settings_.plan->joins[index];
    const auto place = std::lower_bound(join.sources.begin(), join.sources.end(), source);
    auto& seen = next_.joins[index];
    seen |= std::uint64_t{1} << static_cast<unsigned>(place - join.sources.begin());
    const auto all = join.sources.size() == 64 ? ~std::uint64_t{0}
                                               : (std::uint64_t{1} << join.sources.size()) - 1;
    if (seen != all) continue;
    seen = 0;
    trigger(join.target);
  }
}

}  // namespace mcp::core
