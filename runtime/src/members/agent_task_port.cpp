#include "cluster/task_codec.hpp"
#include "members/agent_task.hpp"

#include <utility>

// What a handler on a worker asks of its agent.

namespace mcp::cluster {
namespace {

constexpr std::size_t most_sends = 10'000;  ///< as where agents live
constexpr std::size_t most_questions = 1'000;

std::string content_bytes(const agent_message& message) {
  return message.content ? encode_value(*message.content) : message.cbor;
}

}  // namespace

class agent_task::answer_to_later final : public agent_later_port {
 public:
  answer_to_later(std::weak_ptr<agent_task> task, std::uint64_t beginning)
      : task_(std::move(task)), beginning_(beginning) {}
  ~answer_to_later() override {
    fail({errc::reply_dropped, "the object that a message waits for was dropped"});
  }
  void resume(agent_continuation then) override {
    if (used_.exchange(true)) return;
    if (const auto task = task_.lock()) task->resumed(beginning_, std::move(then));
  }
  void fail(error reason) override {
    if (used_.load()) return;
    resume([reason = std::move(reason)](void*, agent_context&) { throw error{reason}; });
  }
  bool wanted() const noexcept override {
    const auto task = task_.lock();
    if (!task || task->cancelled()) return false;
    const std::lock_guard lock{task->mutex_};
    return !task->ended_ && task->beginning_ == beginning_;
  }

 private:
  std::weak_ptr<agent_task> task_;
  std::uint64_t beginning_;
  std::atomic<bool> used_{false};
};

agent_info agent_task::info() const {
  const std::string_view address{message_.address};
  const auto slash = address.find('/');
  return {.address = address,
          .type = address.substr(0, slash),
          .key = address.substr(slash + 1),
          .message_id = message_.message_id,
          .sender = message_.sender,
          .message = message_.name,
          .durable = message_.durable};
}

bool agent_task::cancelled() const noexcept {
  return cancelled_.load(std::memory_order_acquire);
}

std::chrono::system_clock::time_point agent_task::now() const {
  return std::chrono::system_clock::now();
}

void agent_task::count() {
  if (++counted_ <= most_sends) return;
  throw error{errc::too_large,
              "a message sends more than " + std::to_string(most_sends) + " others"};
}

std::string agent_task::make_id() {
  count();
  actions_.emplace_back(id_made{});
  return make_agent_id(message_.message_id, counted_);
}

void agent_task::tell(std::string address, agent_message content, bool durable) {
  count();
  if (durable) count();  // as where agents live
  actions_.emplace_back(
      message_told{std::move(address), content.name, content_bytes(content), durable});
}

void agent_task::publish(std::string topic, agent_message content) {
  count();
  actions_.emplace_back(message_published{std::move(topic), content.name, content_bytes(content)});
}

void agent_task::subscribe(std::string topic, bool on) {
  count();
  actions_.emplace_back(topic_wanted{std::move(topic), on});
}

void agent_task::schedule(milliseconds delay, agent_message content) {
  count();
  actions_.emplace_back(message_scheduled{delay.count(), content.name, content_bytes(content)});
}

void agent_task::ask(std::string address, agent_message content, milliseconds timeout, asked then) {
  if (timeout.count() <= 0) {
    throw error{errc::invalid_argument, "the timeout of an ask must be positive"};
  }
  count();
  std::uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    if (open_ >= most_questions) {
      throw error{errc::too_large,
                  "a message waits for more than " + std::to_string(most_questions) + " answers"};
    }
    ++open_;
    number = ++last_question_;
    questions_.emplace(number, std::move(then));
  }
  actions_.emplace_back(agent_asked{number, std::move(address), content.name,
                                    content_bytes(content), timeout.count()});
}

std::shared_ptr<agent_later_port> agent_task::later() {
  const std::lock_guard lock{mutex_};
  if (open_ >= most_questions) {
    throw error{errc::too_large,
                "a message waits for more than " + std::to_string(most_questions) + " answers"};
  }
  ++open_;
  return std::make_shared<answer_to_later>(weak_from_this(), beginning_);
}

void agent_task::before_commit(agent_step step) {
  count();
  actions_.emplace_back(id_made{});  // steps count where agents live, too
  steps_.push_back(std::move(step));
}

void agent_task::start_over() {
  std::unordered_map<std::uint64_t, asked> questions;
  std::deque<agent_continuation> ready;
  {
    const std::lock_guard lock{mutex_};
    ++beginning_;
    open_ = 0;
    questions.swap(questions_);
    ready.swap(ready_);
  }
  actions_.clear();
  actions_.emplace_back(started_over{});
  steps_.clear();
  answer_.reset();
  counted_ = 0;
}

bool agent_task::submit(std::function<void()> work) {
  around_.post(std::move(work));
  return true;
}

}  // namespace mcp::cluster
