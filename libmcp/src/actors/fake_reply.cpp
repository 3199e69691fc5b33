#include "mcp/fake_reply.hpp"

#include <condition_variable>
#include <mutex>

namespace mcp::testkit {

struct fake_reply::answer {
  mutable std::mutex mutex{};
  mutable std::condition_variable changed{};
  bool ended = false;
  fake_outcome outcome{};

  /// True for the first one.
  bool end(fake_outcome how) {
    const std::lock_guard lock{mutex};
    if (std::exchange(ended, true)) return false;
    outcome = std::move(how);
    changed.notify_all();
    return true;
  }
};

class fake_reply::port final : public reply_port {
 public:
  port(std::shared_ptr<answer> to, fake_context& context)
      : answer_(std::move(to)), context_(context.start()) {}
  ~port() override { answer_->end({.dropped = true}); }

  bool done(node_result result) override { return answer_->end({.result = std::move(result)}); }
  bool fail(mcp::failure reason) override { return answer_->end({.failed = std::move(reason)}); }
  bool interrupt() override { return answer_->end({.dropped = true}); }
  bool done_after(milliseconds delay, node_result result) override {
    return answer_->end({.result = std::move(result), .delay = delay});
  }
  mcp::context& context() noexcept override { return context_; }

 private:
  std::shared_ptr<answer> answer_;
  mcp::context context_;
};

fake_reply::fake_reply(fake_context& context)
    : answer_(std::make_shared<answer>()), port_(std::make_shared<port>(answer_, context)) {}

bool fake_reply::ended() const {
  const std::lock_guard lock{answer_->mutex};
  return answer_->ended;
}

const fake_outcome& fake_reply::wait() const {
  std::unique_lock lock{answer_->mutex};
  answer_->changed.wait(lock, [this] { return answer_->ended; });
  return answer_->outcome;  // it does not change any more
}

}  // namespace mcp::testkit
