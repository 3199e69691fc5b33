#include "corpus.hpp"

#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <system_error>
#include <utility>

namespace mcp::documents {
namespace {

namespace fs = std::filesystem;

/// A file with more than one invalid byte in this many is not text.
constexpr std::size_t bytes_per_tolerated_error = 20;

struct candidate {
  std::string name;  // relative, as reported
  fs::path file;
};

std::string size_in_words(std::int64_t bytes) {
  constexpr std::int64_t mebibyte = 1024LL * 1024;
  return bytes >= mebibyte && bytes % mebibyte == 0 ? in_words(bytes / mebibyte) + " MiB"
                                                    : in_words(bytes) + " bytes";
}

class loader {
 public:
  loader(fs::path root, const load_limits& limits) : root_(std::move(root)), limits_(limits) {}

  corpus load() {
    find_root();
    std::sort(candidates_.begin(), candidates_.end(),
              [](const candidate& a, const candidate& b) { return a.name < b.name; });
    for (const candidate& c : candidates_) read(c);
    if (result_.documents.empty()) fail_empty();
    return std::move(result_);
  }

 private:
  struct folder {
    fs::path path;
    int depth;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw corpus_error("cannot search '" + root_.string() + "': " + what);
  }

  [[noreturn]] void fail_empty() const {
    std::string what = "no readable .md, .markdown or .txt file in it";
    if (!result_.skipped.empty()) {
      const skipped_file& first = result_.skipped.front();
      what += "; skipped " + in_words(result_.skipped_count) + ", the first: " + first.path + " (" +
              first.reason + ")";
    }
    fail(what + "; name a folder with such files");
  }

  void find_root() {
    std::error_code error;
    const fs::file_status status = fs::status(root_, error);
    if (status.type() == fs::file_type::not_found) fail("there is no such file or folder");
    if (error) fail(error.message());
    if (fs::is_regular_file(status)) {
      candidates_.push_back({root_.filename().generic_string(), root_});
    } else if (fs::is_directory(status)) {
      walk();
    } else {
      fail("it is neither a file nor a folder");
    }
  }

  // A stack of our own instead of the recursive iterator: one unreadable folder must cost only
  // that folder, and depth and number of entries are bounded.
  void walk() {
    std::vector<folder> open{{root_, 0}};
    while (!open.empty()) {
      const folder current = std::move(open.back());
      open.pop_back();
      std::error_code error;
      fs::directory_iterator entry(current.path, error);
      if (error && current.depth == 0) fail(error.message());
      if (error) skip(name_of(current.path), "folder not readable: " + error.message());
      while (!error && entry != fs::directory_iterator()) {
        if (++entries_ > limits_.max_directory_entries) {
          result_.warnings.push_back("the search for files ended after " +
                                     in_words(limits_.max_directory_entries) +
                                     " names in folders, which is the limit");
          return;
        }
        visit(*entry, current.depth, open);
        entry.increment(error);
      }
    }
  }

  void visit(const fs::directory_entry& entry, int depth, std::vector<folder>& open) {
    const std::string file_name = entry.path().filename().string();
    if (file_name.starts_with('.')) return;
    std::error_code error;
    const fs::file_status status = entry.symlink_status(error);
    if (error) return skip(name_of(entry.path()), error.message());
    if (fs::is_directory(status)) {
      if (depth + 1 > limits_.max_depth) {
        return skip(name_of(entry.path()),
                    "more than " + in_words(limits_.max_depth) + " folders deep");
      }
      open.push_back({entry.path(), depth + 1});
    } else if (fs::is_symlink(status)) {
      skip(name_of(entry.path()), "symbolic link, not followed");
    } else if (is_text_name(entry.path())) {
      if (!fs::is_regular_file(status)) return skip(name_of(entry.path()), "not a regular file");
      candidates_.push_back({name_of(entry.path()), entry.path()});
    }
  }

  static bool is_text_name(const fs::path& file) {
    const std::string extension = to_lower(file.extension().string());
    return extension == ".md" || extension == ".markdown" || extension == ".txt";
  }

  /// File names need not be UTF-8, reports and citations do.
  std::string name_of(const fs::path& file) const {
    return replace_invalid_utf8(file.lexically_relative(root_).generic_string()).text;
  }

  void skip(const std::string& name, const std::string& reason) {
    ++result_.skipped_count;
    if (std::cmp_less(result_.skipped.size(), limits_.max_skipped_reports)) {
      result_.skipped.push_back({name, reason});
    }
  }

  void read(const candidate& c) {
    if (std::cmp_greater_equal(result_.documents.size(), limits_.max_files)) {
      return skip(c.name, "beyond the limit of " + in_words(limits_.max_files) + " files");
    }
    std::string bytes;
    if (const std::string reason = read_bytes(c.file, bytes); !reason.empty()) {
      return skip(c.name, reason);
    }
    if (total_bytes_ + static_cast<std::int64_t>(bytes.size()) > limits_.max_total_bytes) {
      return skip(c.name,
                  "beyond the limit of " + size_in_words(limits_.max_total_bytes) + " in all");
    }
    if (bytes.find('\0') != std::string::npos) return skip(c.name, "binary: it has a NUL byte");
    cleaned_text clean = replace_invalid_utf8(bytes);
    if (clean.replaced > bytes.size() / bytes_per_tolerated_error) {
      return skip(c.name,
                  "binary or not UTF-8: " + std::to_string(clean.replaced) + " invalid bytes");
    }
    if (clean.replaced > 0) {
      result_.warnings.push_back(c.name + ": " + std::to_string(clean.replaced) +
                                 " bytes were not UTF-8 and were replaced");
    }
    if (clean.text.find_first_not_of(" \t\r\n") == std::string::npos) {
      return skip(c.name, "empty");
    }
    total_bytes_ += static_cast<std::int64_t>(bytes.size());
    result_.documents.push_back({c.name, split_lines(clean.text)});
  }

  /// Reads one byte more than allowed at most, so that a file that grows meanwhile stays bounded.
  /// Returns why it could not be read, or nothing.
  std::string read_bytes(const fs::path& file, std::string& out) const {
    std::ifstream in(file, std::ios::binary);
    if (!in) return "not readable";
    std::array<char, 65536> buffer{};
    while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
      out.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
      if (std::cmp_greater(out.size(), limits_.max_file_bytes)) {
        return "larger than " + size_in_words(limits_.max_file_bytes);
      }
    }
    if (in.bad()) return "read error";
    if (out.starts_with("\xEF\xBB\xBF")) out.erase(0, 3);
    return {};
  }

  fs::path root_;
  load_limits limits_;
  std::vector<candidate> candidates_;
  corpus result_;
  std::int64_t total_bytes_ = 0;
  int entries_ = 0;
};

}  // namespace

std::string in_words(std::int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

std::vector<std::string> notes_on(const corpus& texts) {
  // One more is named as well: a line that stands for one other line saves nothing.
  const auto named = [](std::int64_t all) {
    constexpr auto most = static_cast<std::int64_t>(max_file_notes);
    return static_cast<std::size_t>(all <= most + 1 ? all : most);
  };
  std::vector<std::string> notes;
  const auto all_warnings = static_cast<std::int64_t>(texts.warnings.size());
  for (std::size_t i = 0; i < named(all_warnings); ++i) notes.push_back(texts.warnings[i]);
  if (notes.size() < texts.warnings.size()) {
    notes.push_back("and " + in_words(all_warnings - static_cast<std::int64_t>(notes.size())) +
                    " more warnings of this kind");
  }
  const std::size_t files = std::min(named(texts.skipped_count), texts.skipped.size());
  for (std::size_t i = 0; i < files; ++i) {
    notes.push_back(texts.skipped[i].path + " was skipped: " + texts.skipped[i].reason);
  }
  if (std::cmp_less(files, texts.skipped_count)) {
    notes.push_back("and " + in_words(texts.skipped_count - static_cast<std::int64_t>(files)) +
                    " more files were skipped, " + in_words(texts.skipped_count) + " in all");
  }
  return notes;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    std::size_t end = text.find_first_of("\r\n", start);
    if (end == std::string::npos) end = text.size();
    lines.push_back(text.substr(start, end - start));
    const bool crlf = end + 1 < text.size() && text[end] == '\r' && text[end + 1] == '\n';
    start = end + (crlf ? 2 : 1);
  }
  return lines;
}

corpus load_folder(const std::filesystem::path& root, const load_limits& limits) {
  return loader(root, limits).load();
}

}  // namespace mcp::documents
