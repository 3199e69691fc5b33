#include "members/worker_task.hpp"

#include "mcp/cbor.hpp"
#include "mcp/log_fields.hpp"

#include <utility>

#include <spdlog/spdlog.h>

namespace mcp::cluster {
namespace {

constexpr std::int64_t sign_every_ms = 20;

error gone() {
  return error{errc::member_lost, "the server is gone"};
}

error over() {
  return error{errc::cancelled, "the task has ended, or nobody wants its result any more"};
}

bool makes_span(const task_trace& trace) {
  return trace.spans && trace.parent.has_trace() && trace.parent.sampled;
}

}  // namespace

/// What an asynchronous node answers through. Its destruction without an answer is an answer too.
class worker_task::reply final : public reply_port {
 public:
  explicit reply(std::shared_ptr<worker_task> task) : task_(std::move(task)), context_(*task_) {}
  ~reply() override {
    static_cast<void>(fail(
        {.error = error{errc::reply_dropped, "the reply object was destroyed without an answer"}}));
  }

  bool done(node_result result) override {
    if (answered_later_) return false;
    try {
      return task_->end(encode_result(result));
    } catch (const error& wrong) {
      return fail({.error = wrong});
    }
  }
  bool fail(mcp::failure reason) override {
    return !answered_later_ && task_->end({.failure = encode_failure(reason)});
  }
  bool interrupt() override { return !answered_later_ && task_->end({}); }
  bool done_after(milliseconds delay, node_result result) override {
    if (answered_later_.exchange(true)) return false;
    task_->timer_(delay, [task = task_, kept = std::make_shared<node_result>(std::move(result))] {
      const auto late = std::make_shared<reply>(task);
      static_cast<void>(late->done(std::move(*kept)));
    });
    return true;
  }
  mcp::context& context() noexcept override { return context_; }

 private:
  std::shared_ptr<worker_task> task_;
  mcp::context context_;
  std::atomic<bool> answered_later_{false};
};

worker_task::worker_task(task_message message, state_fields state, task_trace trace,
                         worker_outlet outlet, worker_timer timer, server_abilities server)
    : message_(std::move(message)),
      state_(std::move(state)),
      trace_(std::move(trace)),
      place_(makes_span(trace_) ? trace_.parent.child() : trace_.parent),
      outlet_(std::move(outlet)),
      timer_(std::move(timer)),
      server_(server) {
  if (message_.failure) failed_with_ = decode_failure(*message_.failure).error;
  if (!server_.memory) return;
  memory_ = std::make_unique<remote_memory>([this](std::string request) {
    return wish_for(memory_wanted{std::move(request)}).value_or(std::string{});
  });
}

void worker_task::run(const worker_system& system) {
  const log_scope about{*this};
  began_ = std::chrono::system_clock::now();
  spdlog::debug("the attempt begins here");
  try {
    call(system.find(message_.graph, message_.node));
  } catch (...) {
    end_with_exception();
  }
}

void worker_task::call(const worker_node& node) {
  node_input input;
  if (message_.state != 0) input.state = decode_state(*node.type, state_);
  if (message_.input) {
    const auto* type =
        node.spec.input != nullptr ? node.spec.input : &value_type_of<nlohmann::json>;
    input.input = decode_value(*type, *message_.input);
  }
  if (cancelled()) return static_cast<void>(end({}));
  if (node.spec.kind == node_kind::async) {
    return node.spec.begin(input, std::make_shared<reply>(shared_from_this()));
  }
  context own{*this};
  end(encode_result(node.spec.run(input, own)));
}

void worker_task::end_with_exception() {
  try {
    throw;
  } catch (const interrupt_signal&) {
    end({});
  } catch (const error& what) {
    fail({.error = what});
  } catch (const std::logic_error& what) {
    fail({.error = error{errc::node_failed, what.what()}, .logic = true});
  } catch (const std::exception& what) {
    fail({.error = error{errc::node_failed, what.what()}});
  } catch (...) {
    fail({.error = error{errc::node_failed, "threw something that is no std::exception"}});
  }
}

void worker_task::fail(const mcp::failure& why) {
  static_cast<void>(end({.failure = encode_failure(why)}));
}

bool worker_task::end(result_message result) {
  std::vector<std::function<void()>> forgotten;
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(ended_, true)) return false;
    forgotten.swap(stops_);
    result.task = message_.task;
    if (!result.failure) result.questions = std::move(questions_);
  }
  changed_.notify_all();
  end_span(result);
  outlet_(std::move(result));
  return true;
}

void worker_task::end_span(const result_message& result) {
  const std::string_view outcome = cancelled()                 ? "abandoned"
                                   : result.failure            ? "failed"
                                   : !result.questions.empty() ? "interrupted"
                                                               : "finished";
  if (spdlog::should_log(spdlog::level::debug)) {
    const log_scope about{*this};
    spdlog::debug("the attempt has ended here: {}", outcome);
  }
  if (!makes_span(trace_)) return;
  span made{.place = place_,
            .parent = trace_.parent.span,
            .name = std::string{cut_span_text(message_.node)},
            .kind = span_kind::server,
            .start = began_.load().time_since_epoch(),
            .end = std::chrono::system_clock::now().time_since_epoch()};
  const auto note = [&](const char* name, std::string_view text) {
    made.attributes.push_back({name, std::string{cut_span_text(text)}});
  };
  note("fastmcp.member", trace_.member);
  note("fastmcp.server", trace_.server);
  note("fastmcp.run", message_.run_id);
  note("fastmcp.node", message_.node);
  note("fastmcp.task", message_.task_id);
  made.attributes.push_back({"fastmcp.attempt", message_.attempt});
  note("fastmcp.outcome", outcome);
  if (result.failure && !cancelled()) {
    const auto failed = decode_failure(*result.failure).error;
    made.failed = true;
    made.message = cut_span_text(failed.message());
    note("error.type", name(failed.code()));
  }
  trace_.spans->ended(std::move(made));
}

void worker_task::cancel() {
  std::vector<std::function<void()>> stops;
  std::map<std::uint64_t, std::function<void()>> dropped;  // with the reply objects in them
  {
    const std::lock_guard lock{mutex_};
    cancelled_.store(true, std::memory_order_release);
    stops.swap(stops_);
    dropped.swap(durable_);
  }
  changed_.notify_all();
  for (const auto& stop : stops) stop();
}

void worker_task::lose_server() {
  {
    const std::lock_guard lock{mutex_};
    server_lost_ = true;
  }
  cancel();
}

std::function<void()> worker_task::told(told_message what) {
  std::function<void()> then;
  {
    const std::lock_guard lock{mutex_};
    if (auto waits = durable_.extract(what.number); !waits.empty()) {
      // When the store fails the run ends: what waits is dropped.
      if (!what.failure) then = std::move(waits.mapped());
    } else if (const auto known = wishes_.find(what.number); known != wishes_.end()) {
      known->second = std::move(what);
    }
  }
  changed_.notify_all();
  return then;
}

task_info worker_task::info() const {
  return {.graph = message_.run_graph,
          .node = message_.node,
          .run_id = message_.run_id,
          .thread_id = message_.thread_id,
          .ns = message_.ns,
          .step = message_.step,
          .remaining_steps = message_.remaining_steps,
          .attempt = static_cast<int>(message_.attempt)};
}

bool worker_task::cancelled() const noexcept {
  return cancelled_.load(std::memory_order_acquire);
}

void worker_task::on_cancel(std::function<void()> stop) {
  {
    const std::lock_guard lock{mutex_};
    if (!cancelled()) {
      stops_.push_back(std::move(stop));
      return;
    }
  }
  stop();
}

void worker_task::heartbeat() noexcept {
  const auto since =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_)
          .count() +
      1;
  auto last = last_sign_.load(std::memory_order_relaxed);
  if (last != 0 && since - last < sign_every_ms) return;
  if (!last_sign_.compare_exchange_strong(last, since)) return;
  try {
    note(sign_of_life{});
  } catch (...) {  // without memory for it there is no sign of life
  }
}

std::chrono::system_clock::time_point worker_task::now() const {
  return std::chrono::system_clock::now();
}

std::optional<std::string> worker_task::answer(std::size_t index) {
  return wish_for(answer_wanted{index});
}

void worker_task::ask(std::size_t index, std::string question, std::string schema) {
  const std::lock_guard lock{mutex_};
  questions_.push_back({index, std::move(question), std::move(schema)});
}

std::optional<std::string> worker_task::find_effect(const std::string& key) {
  return wish_for(effect_wanted{key});
}

void worker_task::keep_effect(const std::string& key, const std::string& result) {
  static_cast<void>(wish_for(effect_kept{key, result}));
}

void worker_task::when_durable(std::function<void()> then) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    if (cancelled()) return;
    number = ++last_wish_;
    durable_[number] = std::move(then);
  }
  outlet_(wish_message{message_.task, number, durability_wanted{}});
}

void worker_task::emit(std::string name, std::string payload) {
  if (!cancelled()) note(event_told{std::move(name), std::move(payload)});
}

void worker_task::emit_message(const message& content) {
  if (!cancelled()) note(words_told{content});
}

void worker_task::charge(std::string_view counter, std::int64_t amount) {
  static_cast<void>(wish_for(charge_wanted{std::string{counter}, amount}));
}

void worker_task::refund(std::string_view counter, std::int64_t amount) noexcept {
  try {
    note(refunded{std::string{counter}, amount});
  } catch (...) {  // what was reserved stays charged
  }
}

void worker_task::hold(std::string_view counter, std::int64_t amount) {
  if (!server_.holds) return charge(counter, amount);
  static_cast<void>(wish_for(hold_wanted{std::string{counter}, amount}));
}

void worker_task::release(std::string_view counter, std::int64_t held, std::int64_t used) {
  if (!server_.holds) return context_port::release(counter, held, used);
  note(released{std::string{counter}, held, std::min(held, used)});
  if (used > held) charge(counter, used - held);
}

const error* worker_task::failure() const noexcept {
  return failed_with_ ? &*failed_with_ : nullptr;
}

void worker_task::note(mcp::cluster::note what) {
  outlet_(note_message{message_.task, std::move(what)});
}

std::optional<std::string> worker_task::wish_for(wish what) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    if (server_lost_) throw gone();
    if (ended_) throw over();
    number = ++last_wish_;
    wishes_[number];
  }
  outlet_(wish_message{message_.task, number, std::move(what)});
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return wishes_.at(number) || cancelled() || server_lost_ || ended_; });
  auto told = wishes_.extract(number).mapped();
  lock.unlock();
  if (!told) {
    if (server_lost_) throw gone();
    throw over();
  }
  if (told->failure) throw decode_failure(*told->failure).error;
  return std::move(told->bytes);
}

}  // namespace mcp::cluster
