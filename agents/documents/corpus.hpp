#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace mcp::documents {

/// A text file as lines, without line ends.
struct document {
  std::string path;  ///< relative to the root, with '/' between folders
  std::vector<std::string> lines;
};

/// A file that was found but not read, and why.
struct skipped_file {
  std::string path;
  std::string reason;
};

struct corpus {
  std::vector<document> documents;    ///< sorted by path, bytewise
  std::vector<skipped_file> skipped;  ///< at most `load_limits::max_skipped_reports`
  std::int64_t skipped_count = 0;     ///< of all that were skipped
  std::vector<std::string> warnings;
};

/// Bounds of `load_folder`. What lies beyond a bound is skipped and reported, never cut silently.
struct load_limits {
  int max_files = 2'000;
  std::int64_t max_file_bytes = 4LL * 1024 * 1024;
  std::int64_t max_total_bytes = 64LL * 1024 * 1024;
  int max_depth = 32;                   ///< folders below the root
  int max_directory_entries = 200'000;  ///< entries looked at in all folders together
  int max_skipped_reports = 200;
};

/// There is nothing to search: the root is missing, not readable, of the wrong kind, or empty.
class corpus_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads every `.md`, `.markdown` and `.txt` file below `root`, or `root` itself when it is a file.
///
/// Names that begin with a dot are left out. Symbolic links below the root are not followed, so
/// a link can neither lead out of the root nor loop. Lines end at LF, CRLF or CR; a byte
/// order mark is dropped. Bytes that are not UTF-8 become U+FFFD with a warning; a file with a NUL
/// byte, or with more than one such byte in twenty, is skipped as binary.
/// Throws `corpus_error` when no document is left. Not safe against a folder
/// that another process rearranges during the call.
corpus load_folder(const std::filesystem::path& root, const load_limits& limits = {});

/// A number as people write it: 2000 as "2,000".
std::string in_words(std::int64_t number);

/// What a reader of an answer should know of the files: the warnings and the skipped ones, each a
/// line; beyond `max_file_notes` of a kind their number instead.
std::vector<std::string> notes_on(const corpus& texts);
inline constexpr std::size_t max_file_notes = 5;

/// Splits text into lines at LF, CRLF or CR. The end of the text ends the last line.
std::vector<std::string> split_lines(const std::string& text);

}  // namespace mcp::documents
