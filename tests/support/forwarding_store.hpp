#pragma once

#include "mcp/checkpoint_store.hpp"

#include <memory>
#include <utility>

namespace mcp::test {

/// Hands every call to another store; tests override what they want to be different.
class forwarding_store : public checkpoint_store {
 public:
  explicit forwarding_store(std::shared_ptr<checkpoint_store> inner) : inner_(std::move(inner)) {}

  [[nodiscard]] bool blocking() const noexcept override { return inner_->blocking(); }
  void write(std::span<const store_write> batch) override { inner_->write(batch); }
  bool claim(const std::string& thread_id) override { return inner_->claim(thread_id); }
  void release(const std::string& thread_id) noexcept override { inner_->release(thread_id); }
  std::optional<run_record> run(const std::string& run_id) override { return inner_->run(run_id); }
  std::vector<run_record> runs(const run_query& query) override { return inner_->runs(query); }
  std::optional<run_record> last_run(const std::string& thread_id) override {
    return inner_->last_run(thread_id);
  }
  std::optional<std::string> body(const std::string& thread_id, const std::string& ns,
                                  checkpoint_id id) override {
    return inner_->body(thread_id, ns, id);
  }
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
  std::vector<std::string> sweep(const sweep_query& query) override { return inner_->sweep(query); }

 protected:
  [[nodiscard]] checkpoint_store& inner() const noexcept { return *inner_; }

 private:
  std::shared_ptr<checkpoint_store> inner_;
};

}  // namespace mcp::test
