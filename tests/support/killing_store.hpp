#pragma once

#include "mcp/checkpoint_store.hpp"

#include <csignal>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include <unistd.h>

namespace mcp::test {

/// A store whose process dies, by SIGKILL, at one chosen write.
class killing_store final : public checkpoint_store {
 public:
  enum class side { before, after };
  struct plan {
    std::size_t at = 0;  ///< number of the write, from 1; 0: never
    side when = side::before;
    /// Called right before the process dies at a write that has not happened.
    std::function<void()> last_words{};
    /// Called with what has become durable.
    std::function<void(std::span<const store_write>)> durable{};
  };

  killing_store(std::shared_ptr<checkpoint_store> inner, plan fate)
      : inner_(std::move(inner)), fate_(std::move(fate)) {}

  [[nodiscard]] bool blocking() const noexcept override { return inner_->blocking(); }
  void write(std::span<const store_write> batch) override {
    if (batch.empty()) return;
    const bool fatal = ++count_ == fate_.at;
    if (fatal && fate_.when == side::before) {
      if (fate_.last_words) fate_.last_words();
      die();
    }
    inner_->write(batch);
    if (fate_.durable) fate_.durable(batch);
    if (fatal) die();
  }
  bool claim(const std::string& thread_id) override { return inner_->claim(thread_id); }
  void release(const std::string& thread_id) noexcept override { inner_->release(thread_id); }
  std::optional<run_record> last_run(const std::string& thread_id) override {
    return inner_->last_run(thread_id);
  }
  std::optional<std::string> body(const std::string& thread_id, const std::string& ns,
                                  checkpoint_id id) override {
    return inner_->body(thread_id, ns, id);
  }
  std::optional<run_record> run(const std::string& run_id) override { return inner_->run(run_id); }
  std::vector<run_record> runs(const run_query& query) override { return inner_->runs(query); }
  std::optional<stored_checkpoint> load(const std::string& thread_id, const std::string& ns,
                                        std::optional<checkpoint_id> id) override {
    return inner_->load(thread_id, ns, id);
  }
  std::vector<checkpoint_info> history(const std::string& thread_id, const std::string& ns,
                                       const history_query& query) override {
    return inner_->history(thread_id, ns, query);
  }
  std::vector<std::string> namespaces(const std::string& thread_id) override {
    return inner_->namespaces(thread_id);
  }
  std::vector<thread_info> threads(std::size_t limit) override { return inner_->threads(limit); }
  void copy_thread(const std::string& source, const std::string& target) override {
    inner_->copy_thread(source, target);
  }
  prune_report prune(const std::string& thread_id, std::size_t keep) override {
    return inner_->prune(thread_id, keep);
  }
  bool delete_thread(const std::string& thread_id) override {
    return inner_->delete_thread(thread_id);
  }
  void expire_thread(const std::string& thread_id, std::optional<store_time> expires) override {
    inner_->expire_thread(thread_id, expires);
  }
  std::size_t sweep(store_time now) override { return inner_->sweep(now); }

 private:
  [[noreturn]] static void die() {
    static_cast<void>(::kill(::getpid(), SIGKILL));
    for (;;) ::pause();
  }

  std::shared_ptr<checkpoint_store> inner_;
  plan fate_;
  std::size_t count_ = 0;  ///< writes are serialised by the caller
};

}  // namespace mcp::test
