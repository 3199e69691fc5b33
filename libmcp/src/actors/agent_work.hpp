#pragma once

#include "core/agent_mail.hpp"
#include "mcp/agent_context.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mcp::actors {

class agent_cell;
class agent_hub;

/// Most messages, timers and steps of one message, and most answers it may wait for at once.
inline constexpr std::size_t max_agent_sends = 10'000;
inline constexpr std::size_t max_agent_questions = 1'000;

/// Something that goes out when its message is done.
struct agent_sending {
  enum class kind : std::uint8_t { tell, publish, schedule } what = kind::tell;
  std::string to{};  ///< address, or topic
  core::agent_mail mail{};
  agent_message message{};  ///< publish: each subscriber's type takes it in its own way
  milliseconds delay{0};
};

/// A question that is asked when its turn has ended well.
struct agent_question {
  std::string to{};
  core::agent_mail mail{};
  milliseconds timeout{0};
};

/// The message at work, and all that its handler did so far: the context's other side. Used by the
/// thread that the machine gives the turn to; `ready` under the cell's lock.
class agent_work final : public agent_port {
 public:
  agent_work(agent_cell& cell, core::agent_mail taken) : mail(std::move(taken)), cell_(cell) {}
  /// Whom it still asks need not answer.
  ~agent_work() override { withdraw_questions(); }

  [[nodiscard]] agent_info info() const override;
  [[nodiscard]] bool cancelled() const noexcept override;
  [[nodiscard]] std::chrono::system_clock::time_point now() const override;
  [[nodiscard]] std::string make_id() override;
  void tell(std::string address, agent_message message, bool durable) override;
  void publish(std::string topic, agent_message message) override;
  void subscribe(std::string topic, bool on) override;
  void schedule(milliseconds delay, agent_message message) override;
  void reply(value content) override { answer = std::move(content); }
  void ask(std::string address, agent_message message, milliseconds timeout,
           std::function<void(void*, agent_outcome, agent_context&)> then) override;
  [[nodiscard]] std::shared_ptr<agent_later_port> later() override;
  void before_commit(agent_step step) override;
  void start_over() override;
  [[nodiscard]] bool submit(std::function<void()> work) override;
  [[nodiscard]] const value_type& state_type() const noexcept override;

  core::agent_mail mail;
  value state{};  ///< the copy that is changed; empty until one is needed
  value answer{};
  bool rejected = false;  ///< its failure is an answer, not a defect
  std::vector<agent_sending> sendings{};
  std::vector<agent_question> questions{};             ///< of the turn
  std::vector<std::pair<std::string, bool>> topics{};  ///< to subscribe to, or not
  std::deque<agent_step> steps{};
  std::deque<agent_continuation> ready{};

 private:
  void count_send();
  void withdraw_questions();

  agent_cell& cell_;
  std::size_t sent_ = 0;
  std::vector<std::weak_ptr<core::asker>> asked_;
};

}  // namespace mcp::actors
