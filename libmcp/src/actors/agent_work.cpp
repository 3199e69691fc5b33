#include "actors/agent_work.hpp"

#include "actors/agent_cell.hpp"
#include "actors/agent_hub.hpp"
#include "actors/ask_ticket.hpp"
#include "core/agent_address.hpp"

#include <atomic>

namespace mcp::actors {
namespace {

/// The answer to `later`: wakes the message at work, unless it has ended.
class later_answer final : public agent_later_port {
 public:
  later_answer(std::weak_ptr<agent_cell> cell, std::uint64_t generation)
      : cell_(std::move(cell)), generation_(generation) {}
  ~later_answer() override {
    fail({errc::reply_dropped, "the object that a message waits for was dropped"});
  }
  void resume(agent_continuation then) override {
    if (used_.exchange(true)) return;
    if (const auto cell = cell_.lock()) cell->resumed(generation_, std::move(then));
  }
  void fail(error reason) override {
    if (used_.load()) return;
    resume([reason = std::move(reason)](void*, agent_context&) { throw error{reason}; });
  }
  bool wanted() const noexcept override {
    const auto cell = cell_.lock();
    return cell && cell->is_awaited(generation_);
  }

 private:
  std::weak_ptr<agent_cell> cell_;
  std::uint64_t generation_;
  std::atomic<bool> used_{false};
};

}  // namespace

agent_info agent_work::info() const {
  const auto parts = core::parse_agent_address(cell_.address());
  return {.address = cell_.address(),
          .type = parts.type,
          .key = parts.key,
          .message_id = mail.id,
          .sender = mail.sender,
          .message = mail.title(),
          .durable = mail.durable};
}

bool agent_work::cancelled() const noexcept {
  return !mail.wanted() || cell_.stopping();
}

std::chrono::system_clock::time_point agent_work::now() const {
  return cell_.hub().owner().clock().wall();
}

void agent_work::count_send() {
  if (++sent_ <= max_agent_sends) return;
  throw error{errc::too_large,
              "a message sends more than " + std::to_string(max_agent_sends) + " others"};
}

std::string agent_work::make_id() {
  count_send();
  return make_agent_id(mail.id, sent_);
}

void agent_work::tell(std::string address, agent_message message, bool durable) {
  send_options how{.id = make_id(), .sender = cell_.address()};
  auto made = cell_.hub().make_mail(address, message, std::move(how));
  made.durable = durable;
  if (!durable) {
    sendings.push_back({.to = std::move(address), .mail = std::move(made)});
    return;
  }
  before_commit([hub = cell_.hub().weak_from_this(), address = std::move(address),
                 made = std::move(made)](std::function<void(std::optional<error>)> done) mutable {
    made.accepted = done;
    if (const auto there = hub.lock()) there->post(address, std::move(made));
  });
}

void agent_work::publish(std::string topic, agent_message message) {
  count_send();
  sendings.push_back({.what = agent_sending::kind::publish,
                      .to = std::move(topic),
                      .message = std::move(message)});
}

void agent_work::subscribe(std::string topic, bool on) {
  count_send();
  if (on) cell_.hub().check_topic(topic, cell_.address());
  topics.emplace_back(std::move(topic), on);
}

void agent_work::schedule(milliseconds delay, agent_message message) {
  send_options how{.id = make_id(), .sender = cell_.address()};
  cell_.hub().check_timers();
  sendings.push_back({.what = agent_sending::kind::schedule,
                      .to = cell_.address(),
                      .mail = cell_.hub().make_mail(cell_.address(), message, std::move(how)),
                      .delay = delay});
}

std::shared_ptr<agent_later_port> agent_work::later() {
  return std::make_shared<later_answer>(cell_.weak_from_this(), cell_.open_question());
}

void agent_work::ask(std::string address, agent_message message, milliseconds timeout,
                     std::function<void(void*, agent_outcome, agent_context&)> then) {
  check_timeout(timeout);
  core::ask_chain here{cell_.address(), mail.chain};
  core::check_ask_chain(&here, address);
  send_options how{.id = make_id(), .sender = cell_.address()};
  auto made = cell_.hub().make_mail(address, message, std::move(how));
  made.chain = std::make_shared<const core::ask_chain>(std::move(here));
  made.from = std::make_shared<ask_ticket>(
      cell_.hub().owner().shared_from_this(),
      [answer_to = later(), then = std::move(then)](agent_outcome outcome) {
        answer_to->resume([then, outcome = std::move(outcome)](void* object, agent_context& ctx) {
          then(object, outcome, ctx);
        });
      });
  asked_.push_back(made.from);
  questions.push_back({std::move(address), std::move(made), timeout});
}

void agent_work::before_commit(agent_step step) {
  count_send();
  steps.push_back(std::move(step));
}

void agent_work::withdraw_questions() {
  for (const auto& one : std::exchange(asked_, {})) {
    if (const auto from = one.lock()) {
      from->answer({.error = error{errc::cancelled, "the message that asked has ended"}});
    }
  }
}

void agent_work::start_over() {
  cell_.start_over();
  withdraw_questions();
  // Those who would have answered say that they were dropped: too late, and not under the lock.
  std::exchange(questions, {}).clear();
  sendings.clear();
  topics.clear();
  steps.clear();
  answer.reset();
  sent_ = 0;
}

bool agent_work::submit(std::function<void()> work) {
  return cell_.hub().owner().workers().submit(std::move(work));
}

const value_type& agent_work::state_type() const noexcept {
  return *cell_.spec().state;
}

}  // namespace mcp::actors
