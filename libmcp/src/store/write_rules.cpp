#include "store/write_rules.hpp"

namespace mcp::store {
namespace {

std::string place(const std::string& thread_id, const std::string& ns) {
  return " (thread '" + thread_id + "', namespace '" + ns + "')";
}

}  // namespace

void check_checkpoint(const put_checkpoint& op) {
  const auto& info = op.info;
  const auto fail = [&](const std::string& what) {
    throw error(errc::invalid_argument,
                "checkpoint " + info.id.text() + what + place(op.thread_id, info.ns));
  };
  if (!info.id || info.id.value > max_checkpoint_id) fail(" has an id out of range");
  if (info.parent >= info.id) fail(" is not newer than its parent " + info.parent.text());
  if (info.base == info.id && op.snapshot.empty()) fail(" is its own base but has no snapshot");
  if (info.base != info.id && !op.snapshot.empty()) fail(" has a snapshot but is not its own base");
}

void refuse_id_order(const put_checkpoint& op, checkpoint_id last) {
  const bool same = op.info.id == last;
  throw error(errc::invalid_argument,
              "checkpoint " + op.info.id.text() +
                  (same ? " is already stored" : " is older than the last one, " + last.text()) +
                  place(op.thread_id, op.info.ns));
}

void refuse_parent(const put_checkpoint& op) {
  throw error(errc::unknown_checkpoint,
              "the parent " + op.info.parent.text() + " of checkpoint " + op.info.id.text() +
                  " is not stored: the thread was deleted meanwhile, or never had it" +
                  place(op.thread_id, op.info.ns));
}

void refuse_journal(const put_journal& op) {
  throw error(errc::unknown_checkpoint,
              "a journal entry names checkpoint " + op.checkpoint.text() +
                  ", which is not stored: the thread was deleted meanwhile, or never had it" +
                  place(op.thread_id, op.ns));
}

void refuse_run(const run_record& run, const std::string& stored_thread) {
  throw error(errc::invalid_argument, "run '" + run.run_id + "' belongs to thread '" +
                                          stored_thread + "', not to '" + run.thread_id + "'");
}

void refuse_target(const std::string& target) {
  throw error(errc::invalid_argument, "thread '" + target + "' exists already");
}

void refuse_keep() {
  throw error(errc::invalid_argument, "prune must keep at least 1 checkpoint of each branch");
}

void refuse_thread(const std::string& thread_id) {
  throw error(errc::unknown_thread, "there is no thread '" + thread_id + "'");
}

bool unfinished(run_status status) noexcept {
  return status <= run_status::interrupted;
}

}  // namespace mcp::store
