#include "actors/engine.hpp"
#include "core/checkpoint_codec.hpp"
#include "mcp/executor_base.hpp"

namespace mcp {

event_stream::event_stream(std::shared_ptr<actors::live_run> run, std::uint64_t from)
    : run_(std::move(run)), next_(from == 0 ? 1 : from) {}

std::optional<run_event> event_stream::next() {
  run_event event;
  if (run_->read(next_, event, true) == actors::live_run::reading::found) return event;
  return std::nullopt;
}

std::optional<run_event> event_stream::poll() {
  run_event event;
  if (run_->read(next_, event, false) == actors::live_run::reading::found) return event;
  return std::nullopt;
}

run_handle_base::run_handle_base(std::shared_ptr<actors::live_run> run) : run_(std::move(run)) {}
const std::string& run_handle_base::run_id() const noexcept {
  return run_->run_id();
}
const std::string& run_handle_base::thread_id() const noexcept {
  return run_->thread_id();
}
bool run_handle_base::finished() const {
  return run_->finished();
}
run_result_info run_handle_base::wait() const {
  return run_->wait();
}
void run_handle_base::when_finished(std::function<void(const run_result_info&)> then) const {
  run_->when_finished(std::move(then));
}
event_stream run_handle_base::stream(std::uint64_t from) const {
  return {run_, from};
}

void run_handle_base::cancel(const std::string& reason) const {
  run_->control(actors::control_message::kind::cancel,
                std::make_shared<error>(errc::cancelled, reason));
}

void run_handle_base::drain() const {
  run_->control(actors::control_message::kind::drain);
}

executor_base::executor_base(std::shared_ptr<const graph_plan> plan, executor_options options)
    : engine_(std::make_shared<actors::engine>(std::move(plan), std::move(options))) {}
executor_base::~executor_base() = default;

run_result_info executor_base::run(state_pointer fresh, std::vector<channel_write> input,
                                   run_options options) {
  return engine_->run(std::move(fresh), std::move(input), std::move(options));
}

run_handle_base executor_base::start(state_pointer fresh, std::vector<channel_write> input,
                                     run_options options) {
  return run_handle_base{engine_->start(std::move(fresh), std::move(input), std::move(options))};
}

run_handle_base executor_base::resume(const std::string& thread_id,
                                      std::map<std::string, std::string> answers,
                                      run_options options) {
  return run_handle_base{engine_->resume(thread_id, std::move(answers), std::move(options))};
}

const state_type& executor_base::type() const noexcept {
  return *engine_->plan().state;
}

thread_state_base executor_base::state(const std::string& thread_id,
                                       std::optional<checkpoint_id> at, const std::string& ns) {
  return engine_->state(thread_id, at, ns);
}

std::vector<checkpoint_entry> executor_base::history(const std::string& thread_id,
                                                     const history_query& query,
                                                     const std::string& ns) {
  return engine_->history(thread_id, query, ns);
}

std::vector<std::string> executor_base::namespaces(const std::string& thread_id) const {
  return engine_->namespaces(thread_id);
}

checkpoint_id executor_base::update_state(const std::string& thread_id, node_result change,
                                          const std::string& as_node) {
  return engine_->update_state(thread_id, std::move(change), as_node);
}

checkpoint_id executor_base::fork(const std::string& thread_id, checkpoint_id at) {
  return engine_->fork(thread_id, at);
}

bool executor_base::cancel(const std::string& thread_id, const std::string& reason) {
  return engine_->cancel(thread_id, reason);
}

void executor_base::hand_over(bool now) {
  engine_->hand_over(now);
}

std::optional<run_handle_base> executor_base::find(const std::string& thread_id) const {
  auto found = engine_->find(thread_id);
  if (!found) return std::nullopt;
  return run_handle_base{std::move(found)};
}

std::string pinned_version(const run_record& run) {
  return core::decode_version(run.body);
}

std::vector<run_handle_base> executor_base::recovered() const {
  std::vector<run_handle_base> result;
  for (const auto& run : engine_->recovered()) result.emplace_back(run);
  return result;
}

std::size_t executor_base::restarts() const {
  return engine_->team().restarts();
}

void executor_base::kill_node(const std::string& node, std::size_t replica) {
  engine_->team().kill_node(node, replica);
}

}  // namespace mcp
