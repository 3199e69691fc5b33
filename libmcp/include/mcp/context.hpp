#pragma once

#include "mcp/checkpoint_store.hpp"
#include "mcp/message.hpp"
#include "mcp/value.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcp {

class memory_store;

/// Identity of one attempt of a task.
struct task_info {
  std::string_view graph{};
  std::string_view node{};
  std::string_view run_id{};
  std::string_view thread_id{};
  std::string_view ns{};
  std::int64_t step = 0;
  std::int64_t remaining_steps =
      0;  ///< supersteps left under the recursion limit, this one included
  int attempt = 1;
};

/// What a context asks of the engine; a test can play it (<mcp/testkit.hpp>).
class MCP_EXPORT context_port {
 public:
  context_port() = default;
  context_port(const context_port&) = delete;
  context_port& operator=(const context_port&) = delete;
  virtual ~context_port();
  [[nodiscard]] virtual task_info info() const = 0;
  [[nodiscard]] virtual std::string task_id() const = 0;
  [[nodiscard]] virtual bool cancelled() const noexcept = 0;
  virtual void on_cancel(std::function<void()> stop) = 0;
  virtual void heartbeat() noexcept = 0;
  [[nodiscard]] virtual std::chrono::system_clock::time_point now() const = 0;
  /// The answer (CBOR) to this task's `index`-th question, or nothing.
  [[nodiscard]] virtual std::optional<std::string> answer(std::size_t index) = 0;
  /// Records a question (CBOR) that waits; `schema` is JSON text or empty.
  virtual void ask(std::size_t index, std::string question, std::string schema) = 0;
  /// The journalled result of an effect. Nothing: it may happen now, and whatever its idempotency
  /// key stands on is durable.
  [[nodiscard]] virtual std::optional<std::string> find_effect(const std::string& key) = 0;
  /// Durable when it returns, if the run is stored.
  virtual void keep_effect(const std::string& key, const std::string& result) = 0;
  virtual void when_durable(std::function<void()> then) = 0;
  virtual void emit(std::string name, std::string payload) = 0;  ///< payload: CBOR
  virtual void emit_message(const message& content) = 0;
  /// Takes `amount` of a counter of the run's budget; throws `budget_exceeded`.
  virtual void charge(std::string_view counter, std::int64_t amount) = 0;
  /// Gives back what was reserved too much, without a check.
  virtual void refund(std::string_view counter, std::int64_t amount) noexcept = 0;
  /// Takes like `charge` what is not used yet: the attempt holds it until it is released, and gives
  /// it back when it is given up before. By default like `charge`.
  virtual void hold(std::string_view counter, std::int64_t amount);
  /// Ends a hold of `held`, of which `used` is charged; more than that may throw `budget_exceeded`.
  virtual void release(std::string_view counter, std::int64_t held, std::int64_t used);
  [[nodiscard]] virtual const error* failure() const noexcept = 0;
  [[nodiscard]] virtual memory_store* memory() const noexcept = 0;
  /// See `context::traceparent`; by default empty.
  [[nodiscard]] virtual std::string traceparent() const;
};

/// How often one question may be asked again because its answer did not fit its type; then the node
/// fails with `invalid_answer`.
inline constexpr std::size_t max_refused_answers = 100;

namespace detail {
/// The schema of a question that is asked again: `$comment` says why.
[[nodiscard]] MCP_EXPORT std::string schema_after_refusal(const std::string& schema,
                                                          const std::string& why);
}  // namespace detail

/// Leaves a node that asked something nobody has answered yet. Not a std::exception, so that a
/// node's own handlers let it pass.
struct interrupt_signal {};

/// Part of a budget taken before its price is known. Gives everything back unless settled.
class reservation {
 public:
  reservation(context_port& port, std::string counter, std::int64_t amount)
      : port_(&port), counter_(std::move(counter)), amount_(amount) {
    port.hold(counter_, amount);
  }
  reservation(reservation&& other) noexcept
      : port_(std::exchange(other.port_, nullptr)),
        counter_(std::move(other.counter_)),
        amount_(other.amount_) {}
  reservation& operator=(reservation&&) = delete;
  ~reservation() {
    if (port_ != nullptr) port_->release(counter_, amount_, 0);
  }
  /// Charges what was really used: more than reserved may throw `budget_exceeded`, less is given
  /// back.
  void settle(std::int64_t used) {
    if (auto* port = std::exchange(port_, nullptr)) port->release(counter_, amount_, used);
  }

 private:
  context_port* port_;
  std::string counter_;
  std::int64_t amount_;
};

/// A node's view of the run it is part of. Valid during the call of the node, or as long as its
/// reply object lives; used by one thread at a time.
class context {
 public:
  explicit context(context_port& port) noexcept : port_(&port) {}

  /// For those who carry a node's call elsewhere: what is asked of the engine, as it is asked.
  [[nodiscard]] context_port& port() noexcept { return *port_; }

  [[nodiscard]] task_info info() const { return port_->info(); }
  [[nodiscard]] std::string_view run_id() const { return port_->info().run_id; }
  [[nodiscard]] std::string_view thread_id() const { return port_->info().thread_id; }
  /// 32 hexadecimal digits, the same when the task is repeated after a crash.
  [[nodiscard]] std::string task_id() const { return port_->task_id(); }
  [[nodiscard]] std::int64_t step() const { return port_->info().step; }
  [[nodiscard]] std::int64_t remaining_steps() const { return port_->info().remaining_steps; }
  [[nodiscard]] bool is_last_step() const { return remaining_steps() <= 1; }
  [[nodiscard]] int attempt() const { return port_->info().attempt; }
  /// True when the result is no longer wanted: cancelled, timed out, or a sibling failed.
  [[nodiscard]] bool cancelled() const noexcept { return port_->cancelled(); }
  /// Calls `stop` once the result is no longer wanted, from any thread; at once if that is so
  /// already. It must not block, and should make the work end: close the socket, wake the thread.
  /// Forgotten when the attempt has ended.
  void on_cancel(std::function<void()> stop) { port_->on_cancel(std::move(stop)); }
  /// A sign of life for `timeout_policy::idle`.
  void heartbeat() noexcept { port_->heartbeat(); }
  [[nodiscard]] std::chrono::system_clock::time_point now() const { return port_->now(); }
  /// In a fallback node: why the node it stands in for failed. Null elsewhere.
  [[nodiscard]] const error* failure() const noexcept { return port_->failure(); }
  /// The attempt's place in the run's trace, as the W3C's header `traceparent` has it: for calls to
  /// others. Without `executor_options::spans` what was given with the run; empty: nothing was.
  [[nodiscard]] std::string traceparent() const { return port_->traceparent(); }
  /// The executor's memory store; null when it has none.
  [[nodiscard]] memory_store* memory() const noexcept { return port_->memory(); }

  /// Asks a person (or whoever resumes the run) and returns the answer. The first time, the run
  /// stops here and waits; when it is resumed the node starts again from its first line and this
  /// call returns. The answer must fit `Answer`, whose JSON Schema is published with the question:
  /// `resume` refuses others. An answer that fits the schema and that the codec of `Answer` throws
  /// at is asked for again, at most `max_refused_answers` times; `$comment` of the schema says why.
  template <has_codec Answer = std::string, class Question>
  [[nodiscard]] Answer ask(const Question& question) {
    return ask_with<Answer>(question, json_schema_of<Answer>());
  }
  /// The same with a JSON Schema that says more than the type.
  template <has_codec Answer = std::string, class Question>
  [[nodiscard]] Answer ask_with(const Question& question, std::string schema) {
    auto answer = find_or_ask<Answer>(question, schema);
    if (!answer) throw interrupt_signal{};
    return std::move(*answer);
  }
  /// Asks several questions at once; returns when all are answered.
  template <has_codec Answer = std::string, class Question>
  [[nodiscard]] std::vector<Answer> ask_all(const std::vector<Question>& questions) {
    std::vector<Answer> answers;
    const auto schema = json_schema_of<Answer>();
    bool missing = false;
    for (const auto& question : questions) {
      if (auto answer = find_or_ask<Answer>(question, schema)) {
        answers.push_back(std::move(*answer));
      } else {
        missing = true;
      }
    }
    if (missing) throw interrupt_signal{};
    return answers;
  }

  /// Runs `effect` and journals its result under `key`; when the task is repeated (retry, resume,
  /// crash) the journalled result is returned instead. `effect` may take the idempotency key, a
  /// `const std::string&` that is the same on every attempt: hand it to the receiver, for a crash
  /// between the effect and the journal makes it run once more. Waits for the store: best
  /// called in blocking nodes.
  template <class Effect>
  auto once(const std::string& key, Effect&& effect) {
    const auto call = [&]() -> decltype(auto) {
      if constexpr (std::is_invocable_v<Effect&, const std::string&>) {
        return effect(task_id() + "/" + key);
      } else {
        return effect();
      }
    };
    using result = std::remove_cvref_t<decltype(call())>;
    const auto found = port_->find_effect(key);
    if constexpr (std::is_void_v<result>) {
      if (found) return;
      call();
      port_->keep_effect(key, to_cbor(true));
    } else {
      if (found) return from_cbor<result>(*found);
      result made = call();
      port_->keep_effect(key, to_cbor(made));
      return made;
    }
  }

  /// For asynchronous nodes, which cannot wait: calls `then` once everything that the task's id
  /// stands on is durable; from now on an effect under a key made of it is the same effect after
  /// a crash. At once when nothing is stored, else on a thread of the scheduler: `then` is like the
  /// node itself, and must not block. When the store fails, which ends the run, or when it throws
  /// there, it is dropped, and the reply object in it with it.
  void when_durable(std::function<void()> then) { port_->when_durable(std::move(then)); }

  /// Sends a custom event to the run's stream. Costs nothing when nobody records the stream.
  template <class Payload>
  void emit(std::string name, const Payload& payload) {
    port_->emit(std::move(name), encode(payload));
  }
  /// Sends a message, or a part of one, to the run's stream.
  void emit_message(const message& content) { port_->emit_message(content); }

  /// Takes `amount` of the counter from the budget; throws `budget_exceeded` and takes nothing when
  /// it does not suffice. Counters without a limit are only counted.
  void charge(std::string_view counter, std::int64_t amount) { port_->charge(counter, amount); }
  /// Takes it before the call that will cost it.
  [[nodiscard]] reservation reserve(std::string counter, std::int64_t amount) {
    return {*port_, std::move(counter), amount};
  }

 private:
  /// The answer to the next question; nothing when it was asked. A question that is asked again has
  /// an index of its own, so that both answers stay in the journal.
  template <class Answer, class Question>
  std::optional<Answer> find_or_ask(const Question& question, const std::string& schema) {
    const std::uint64_t index = questions_++;
    std::string why;
    for (std::uint64_t refused = 0; refused <= max_refused_answers; ++refused) {
      const auto place = index + (refused << 32U);
      const auto found = port_->answer(place);
      if (!found) {
        port_->ask(place, encode(question),
                   refused == 0 ? schema : detail::schema_after_refusal(schema, why));
        return std::nullopt;
      }
      try {
        return from_cbor<Answer>(*found);
      } catch (const error& what) {
        why = what.message();
      } catch (const std::exception& what) {
        why = what.what();
      }
    }
    throw error{errc::invalid_answer, "question " + std::to_string(index + 1) +
                                          " of the node had too many answers that do not fit; the "
                                          "last one: " +
                                          why};
  }

  template <class T>
  static std::string encode(const T& content) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return to_cbor(std::string{std::string_view{content}});
    } else {
      return to_cbor(content);
    }
  }

  context_port* port_;
  std::size_t questions_ = 0;
};

}  // namespace mcp
