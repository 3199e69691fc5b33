#include "actors/store_writer.hpp"

#include "actors/runtime.hpp"

#include <iterator>

namespace mcp::actors {
namespace {

/// Most operations that go into one transaction.
constexpr std::size_t max_group = 4096;

/// Collects batches and commits them together. Has a thread of its own, as the store may block.
class writer_actor final : public base_actor {
 public:
  writer_actor(caf::actor_config& config, std::shared_ptr<checkpoint_store> store)
      : base_actor(config), store_(std::move(store)) {}

  caf::behavior make_behavior() override {
    return {[this](write_message& arrived) {
              size_ += arrived.batch->writes.size();
              waiting_.push_back(std::move(arrived.batch));
              // The flush stands behind everything that is in the mailbox by now.
              if (!flushing_) send(this, flush_message{});
              flushing_ = true;
              if (size_ >= max_group) commit();
            },
            [this](flush_message) {
              flushing_ = false;
              commit();
            },
            [this](control_message) {
              commit();
              quit();
            }};
  }

  void on_exit() override {
    commit();
    store_.reset();
  }

 private:
  void commit() {
    if (waiting_.empty()) return;
    std::vector<store_write> all;
    all.reserve(size_);
    for (const auto& batch : waiting_) {
      std::copy(batch->writes.begin(), batch->writes.end(), std::back_inserter(all));
    }
    if (waiting_.size() == 1) {
      answer(*waiting_.front(), write(waiting_.front()->writes));
    } else if (write(all) == nullptr) {
      for (const auto& batch : waiting_) answer(*batch, nullptr);
    } else {
      // One bad batch must not fail the others.
      for (const auto& batch : waiting_) answer(*batch, write(batch->writes));
    }
    waiting_.clear();
    size_ = 0;
  }

  std::shared_ptr<error> write(const std::vector<store_write>& writes) {
    try {
      store_->write(writes);
      return nullptr;
    } catch (const error& what) {
      return std::make_shared<error>(what);
    } catch (const std::exception& what) {
      return std::make_shared<error>(errc::store_failed, what.what());
    }
  }

  void answer(write_batch& batch, const std::shared_ptr<error>& failed) {
    if (batch.answer_to) send(batch.answer_to, written_message{failed});
    if (batch.then && !failed) batch.then();
    if (batch.done) batch.done(failed);
    if (!batch.waiting) return;
    if (failed) {
      batch.waiting->set_exception(std::make_exception_ptr(*failed));
    } else {
      batch.waiting->set_value();
    }
  }

  std::shared_ptr<checkpoint_store> store_;
  std::vector<std::shared_ptr<write_batch>> waiting_;
  std::size_t size_ = 0;
  bool flushing_ = false;
};

}  // namespace

store_writer::store_writer(runtime& owner, std::shared_ptr<checkpoint_store> store)
    : store_(std::move(store)), direct_(!store_->blocking() || owner.deterministic()) {
  if (!direct_) actor_ = owner.system().spawn<writer_actor, caf::detached>(store_);
}

store_writer::~store_writer() {
  if (actor_) caf::anon_send(actor_, control_message{control_message::kind::stop, nullptr});
}

void store_writer::write(std::vector<store_write> writes, caf::actor answer_to) {
  if (direct_) {
    store_->write(writes);
    if (answer_to) caf::anon_send(answer_to, written_message{});
    return;
  }
  auto batch = std::make_shared<write_batch>();
  batch->writes = std::move(writes);
  batch->answer_to = std::move(answer_to);
  caf::anon_send(actor_, write_message{std::move(batch)});
}

void store_writer::when_durable(std::function<void()> then) {
  auto batch = std::make_shared<write_batch>();
  batch->then = std::move(then);
  caf::anon_send(actor_, write_message{std::move(batch)});
}

bool store_writer::write_then(std::vector<store_write> writes,
                              std::function<void(const std::shared_ptr<mcp::error>& failed)> done) {
  if (direct_) {
    store_->write(writes);
    return true;
  }
  auto batch = std::make_shared<write_batch>();
  batch->writes = std::move(writes);
  batch->done = std::move(done);
  caf::anon_send(actor_, write_message{std::move(batch)});
  return false;
}

void store_writer::write_and_wait(std::vector<store_write> writes) {
  if (direct_) return store_->write(writes);
  auto batch = std::make_shared<write_batch>();
  batch->writes = std::move(writes);
  batch->waiting = std::make_unique<std::promise<void>>();
  auto durable = batch->waiting->get_future();
  caf::anon_send(actor_, write_message{std::move(batch)});
  durable.get();
}

}  // namespace mcp::actors
