#include "actors/store_writer.hpp"

#include "actors/engine_metrics.hpp"
#include "actors/runtime.hpp"

#include <iterator>
#include <span>
#include <utility>

namespace mcp::actors {
namespace {

/// Operations after which a transaction takes no further batch.
constexpr std::size_t max_group = 4096;
/// How long a write that nobody waits for may wait for company.
constexpr core::instant longest_wait = std::chrono::milliseconds{1};

/// To all who wait for a batch, but those who want to hear of success only.
void tell_end(write_queue::batch& batch, const std::shared_ptr<error>& failed) {
  if (batch.answer_to) caf::anon_send(batch.answer_to, written_message{failed});
  if (batch.done) batch.done(failed);
  if (!batch.waiting) return;
  if (failed) {
    batch.waiting->set_exception(std::make_exception_ptr(*failed));
  } else {
    batch.waiting->set_value();
  }
}

/// Commits what is in the queue, together. Has a thread of its own, as the store may block.
class writer_actor final : public base_actor {
 public:
  writer_actor(caf::actor_config& config, std::shared_ptr<checkpoint_store> store,
               std::shared_ptr<write_queue> queue, clock_port& clock)
      : base_actor(config), store_(std::move(store)), queue_(std::move(queue)), clock_(clock) {}

  caf::behavior make_behavior() override {
    return {[this](flush_message) { commit_all(); },
            [this](control_message) {
              commit_all();
              quit();
            }};
  }

  void on_exit() override {
    commit_all();
    store_.reset();
  }

 private:
  using batch_iterator = std::vector<write_queue::batch>::iterator;

  void commit_all() {
    queue_->take(taken_);
    std::size_t begin = 0;
    for (auto first = taken_.batches.begin(); first != taken_.batches.end();) {
      auto last = first;
      while (last != taken_.batches.end() && (last == first || last->end - begin <= max_group)) {
        ++last;
      }
      commit(begin, first, last);
      begin = std::prev(last)->end;
      first = last;
    }
    taken_.clear();
  }

  void commit(std::size_t begin, batch_iterator first, batch_iterator last) {
    const auto failed = write(begin, std::prev(last)->end);
    // One bad batch must not fail the others.
    const bool apart = failed && last - first > 1;
    for (; first != last; ++first) {
      answer(*first, apart ? write(begin, first->end) : failed);
      begin = first->end;
    }
  }

  std::shared_ptr<error> write(std::size_t begin, std::size_t end) {
    const auto metrics = queue_->metrics();
    if (!metrics) return try_to_write(begin, end);
    const auto began = clock_.now();
    auto failed = try_to_write(begin, end);
    count_batch(*metrics, end - begin, clock_.now() - began, failed != nullptr);
    return failed;
  }

  std::shared_ptr<error> try_to_write(std::size_t begin, std::size_t end) {
    try {
      store_->write(std::span{taken_.writes}.subspan(begin, end - begin));
      return nullptr;
    } catch (const error& what) {
      return std::make_shared<error>(what);
    } catch (const std::exception& what) {
      return std::make_shared<error>(errc::store_failed, what.what());
    }
  }

  void answer(write_queue::batch& batch, const std::shared_ptr<error>& failed) {
    if (batch.then && !failed) call_elsewhere(std::move(batch.then));
    tell_end(batch, failed);
  }

  /// On the scheduler: it is a node's code, which may wait for this very writer.
  void call_elsewhere(std::function<void()> then) {
    const auto call = [](const std::function<void()>& given) {
      try {
        given();
      } catch (...) {  // dropped with the reply object it holds, which fails the task
      }
    };
    // An argument, not a capture: CAF dereferences null for functors without arguments.
    system().spawn(call, std::move(then));
  }

  std::shared_ptr<checkpoint_store> store_;
  std::shared_ptr<write_queue> queue_;
  clock_port& clock_;
  write_queue::content taken_;
};

}  // namespace

store_writer::store_writer(runtime& owner, std::shared_ptr<checkpoint_store> store)
    : owner_(owner),
      store_(std::move(store)),
      direct_(!store_->blocking() || owner.deterministic()),
      queue_(std::make_shared<write_queue>()) {
  if (!direct_)
    actor_ =
        owner.system().spawn<writer_actor, caf::detached>(store_, queue_, std::ref(owner_.clock()));
}

void store_writer::close() {
  if (direct_) return;
  queue_->close();
  const control_message stop{control_message::kind::stop, nullptr};
  if (on_own_thread()) {
    caf::anon_send(actor_, stop);
  } else {
    const spawn_scope scope;
    caf::scoped_actor self{owner_.system()};
    self->monitor(actor_);
    self->send(actor_, stop);
    self->receive([](const caf::down_msg&) {});
  }
  store_.reset();
}

void store_writer::push(std::vector<store_write>& writes, write_queue::batch whose) {
  switch (queue_->push(writes, std::move(whose))) {
    case write_queue::call::none:
      return;
    case write_queue::call::soon: {
      const auto tell = [writer = actor_] { caf::anon_send(writer, flush_message{}); };
      static_cast<void>(owner_.timer().at(owner_.clock().now() + longest_wait, tell));
      return;
    }
    case write_queue::call::now:
      return caf::anon_send(actor_, flush_message{});
    case write_queue::call::refused:
      tell_end(whose, std::make_shared<error>(errc::shutting_down, "the executor is gone"));
  }
}

writer_lease::~writer_lease() {
  if (writer_) owner_->give_back_writer(writer_);
}

void store_writer::write(std::vector<store_write>& writes, caf::actor answer_to) {
  if (!direct_) return push(writes, {.answer_to = std::move(answer_to)});
  store_->write(writes);
  writes.clear();
  if (answer_to) caf::anon_send(answer_to, written_message{});
}

void store_writer::when_durable(std::function<void()> then) {
  std::vector<store_write> nothing;
  push(nothing, {.then = std::move(then)});
}

bool store_writer::write_then(std::vector<store_write> writes,
                              std::function<void(const std::shared_ptr<mcp::error>& failed)> done) {
  if (direct_) {
    store_->write(writes);
    return true;
  }
  push(writes, {.done = std::move(done)});
  return false;
}

void store_writer::write_and_wait(std::vector<store_write> writes) {
  if (direct_) return store_->write(writes);
  auto waiting = std::make_unique<std::promise<void>>();
  auto durable = waiting->get_future();
  push(writes, {.waiting = std::move(waiting)});
  durable.get();
}

}  // namespace mcp::actors
