#include "mcp/log_fields.hpp"

#include "mcp/context.hpp"

#include <utility>

namespace mcp {
namespace {

const log_scope*& innermost() noexcept {
  thread_local const log_scope* scope = nullptr;
  return scope;
}

void describe_task(const void* what, log_fields& to) {
  const auto& task = *static_cast<const context_port*>(what);
  const auto info = task.info();
  to.run = info.run_id;
  to.thread = info.thread_id;
  to.graph = info.graph;
  to.node = info.node;
  to.task = task.task_id();
  to.attempt = info.attempt;
}

}  // namespace

log_scope::log_scope(const void* what, describe_function describe) noexcept
    : what_(what), describe_(describe), outer_(std::exchange(innermost(), this)) {}

log_scope::log_scope(const context_port& task) noexcept : log_scope(&task, describe_task) {}

log_scope::~log_scope() {
  innermost() = outer_;
}

log_fields current_log_fields() {
  log_fields fields;
  if (const auto* scope = innermost()) scope->describe_(scope->what_, fields);
  return fields;
}

}  // namespace mcp
