#include "core/run_machine.hpp"
#include "core/task_machine.hpp"

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
  changing_state(out, [&] {
    clear_agenda();
    merge_and_route(true);
    task_count_ = 0;
    // Stored on exit only, later supersteps may have left effects under the same checkpoint.
    if (settings_.options.durability != durability::exit) memory_.reset();
    checkpoint(source, out);
  });
}

/// The checkpoint of `update_state`: `as_node` returned `result`. What is known already of the
/// unfinished superstep comes first, as if it had ended with that; its other tasks are dropped.
void run_machine::apply_edit(node_index as_node, node_result result, machine_commands& out) {
  changing_state(out, [&] {
    keep_finished_tasks();
    const bool had_finished = task_count_ > 0;
    clear_agenda();
    if (had_finished) merge_and_route(true);
    ran_.clear();
    task_count_ = 1;
    auto& source = fresh_task(0);
    source.node = source.planned = as_node;
    source.outcome.result = std::move(result);
    source.state = task_state::finished;
    if (as_node == end_index) clear_agenda();
    merge_and_route(!had_finished);  // what the finished tasks wrote for one superstep stays for it
    task_count_ = 0;
    memory_.reset();
    checkpoint(checkpoint_source::update, out);
  });
}

/// What the user's routers, reducers and codecs throw fails the run, and nothing more is stored.
template <class Change>
void run_machine::changing_state(machine_commands& out, Change&& change) {
  try {
    change();
  } catch (...) {
    damaged_ = true;
    fail(current_failure().error, out);
  }
}

/// Does `work`, the user's code; what it throws then says whose code that was.
template <class Work>
void run_machine::blaming(node_index node, const char* what, std::string_view name,
                          Work&& work) const {
  try {
    work();
  } catch (...) {
    auto thrown = current_failure().error;
    if (thrown.code() == errc::node_failed) {
      auto whose = std::string{what} + (name.empty() ? "" : " " + quoted(std::string{name}));
      thrown = error{errc::node_failed, whose + " threw: " + thrown.message()}.at(thrown.place());
    }
    if (node < start_index) thrown = thrown.at({.node = settings_.plan->name_of(node)});
    throw thrown;
  }
}

void run_machine::clear_agenda() {
  next_.triggered.clear();
  next_.sends.clear();
  next_.shared_ids = false;
  ran_.clear();
}

void run_machine::merge_and_route(bool expire) {
  claim_channels();  // first: what it refuses may not be looked at by routers or reducers
  auto decided = decide_early();
  merge_writes();
  if (expire) expire_channels();
  bool ask_edge_map = false;
  for (std::size_t i = 0; i < task_count_; ++i) {
    auto& done = *tasks_[i];
    route(done, i < decided.size() ? std::move(decided[i]) : std::vector<routes>{});
    if (done.planned >= start_index) continue;
    ran_.push_back(done.planned);
    ask_edge_map = ask_edge_map || (settings_.plan->nodes[done.planned].follows_edge_map &&
                                    done.outcome.result.go_to.empty());
  }
  if (!ask_edge_map || result_.parent) return;
  routes decision;
  blaming(start_index, "the edge map", {},
          [&] { decision = settings_.plan->edge_map(state_.get()); });
  go_to(std::move(decision).take(), "the edge map");
}

/// With several tasks a router sees its own task's writes but not its siblings': it is asked before
/// the merge, with the writes put into the state for so long. With one task the merged state is
/// just that.
std::vector<std::vector<routes>> run_machine::decide_early() {
  std::vector<std::vector<routes>> decided;
  if (task_count_ < 2) return decided;
  decided.resize(task_count_);
  for (std::size_t i = 0; i < task_count_; ++i) {
    const auto& done = *tasks_[i];
    if (settings_.plan->nodes[done.planned].routers.empty()) continue;
    if (done.outcome.result.writes.empty()) {
      follow(done.planned, decided[i]);
      continue;
    }
    auto before = written_fields(done);
    try {
      for (const auto& write : done.outcome.result.writes) {
        merge(done.planned, {write.channel, write.mode, value{write.content}}, nullptr);
      }
      follow(done.planned, decided[i]);
    } catch (...) {
      put_back(before);
      throw;
    }
    put_back(before);
  }
  return decided;
}

/// The fields that a task writes, as they are: much less than a state with a long conversation.
std::vector<channel_write> run_machine::written_fields(const task& of) const {
  std::vector<channel_write> fields;
  for (const auto& write : of.outcome.result.writes) {
    const bool known = std::any_of(fields.begin(), fields.end(), [&](const channel_write& one) {
      return one.channel == write.channel;
    });
    if (known) continue;
    const auto& channel = settings_.plan->state->at(write.channel);
    fields.push_back(
        {write.channel, write_mode::overwrite, value{channel.type(), channel.at(state_.get())}});
  }
  return fields;
}

void run_machine::put_back(std::vector<channel_write>& fields) {
  for (auto& one : fields) {
    const auto& channel = settings_.plan->state->at(one.channel);
    channel.assign(state_.edit(), std::move(one.content), nullptr);
  }
}

/// Asks the routers of a node, or of the start.
void run_machine::follow(node_index node, std::vector<routes>& decided) const {
  const bool entry = node == start_index;
  const auto& routers = entry ? settings_.plan->entry_routers : settings_.plan->nodes[node].routers;
  for (const auto& decide : routers) {
    blaming(node, entry ? "a router of the start" : "a router of the node",
            entry ? std::string_view{} : settings_.plan->name_of(node),
            [&] { decided.push_back(decide(state_.get())); });
  }
}

/// One write through its field's reducer, or past it.
void run_machine::merge(node_index node, channel_write&& write, write_aids aids) {
  const auto& channel = settings_.plan->state->at(write.channel);
  void* object = state_.edit();
  blaming(node, "the reducer of the field", channel.name(), [&] {
    if (write.mode == write_mode::overwrite) {
      channel.assign(object, std::move(write.content), aids);
    } else {
      channel.reduce(object, std::move(write.content), aids);
    }
  });
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
                        " and " + writer_of(i) + " in one superstep" +
                        (merged ? ", past its reducer: return an mcp::update, which adds to it, "
                                  "instead of the state"
                                : "")};
      }
      if (claim.epoch != epoch_) claim = {epoch_, static_cast<std::uint32_t>(i), false};
      claim.overwritten = claim.overwritten || overwrites;
    }
  }
}

/// Merges the writes of all tasks into the state, in the order of their paths.
void run_machine::merge_writes() {
  auto* patches = settings_.stored ? &patches_ : nullptr;
  for (std::size_t i = 0; i < task_count_; ++i) {
    for (auto& write : tasks_[i]->outcome.result.writes) {
      // One that replaces the field makes those through its reducer vain.
      if (write.mode == write_mode::reduce && claims_[write.channel].overwritten) continue;
      const bool by_id = settings_.plan->state->at(write.channel).by_id();
      merge(tasks_[i]->planned, std::move(write),
            {patches, by_id ? &ids_[write.channel] : nullptr});
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
    follow(start_index, decided);
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
  if (decided.empty()) follow(done.planned, decided);
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
