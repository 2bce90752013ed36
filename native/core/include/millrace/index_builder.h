#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace millrace {

/// Something that grows in the background, a little at a time.
class Growing {
 public:
  Growing() = default;
  Growing(const Growing&) = delete;
  Growing& operator=(const Growing&) = delete;
  virtual ~Growing() = default;

  /// Works until about `until_ns` of the steady clock. Called by several threads at once.
  /// @return whether there may be more to do
  virtual bool grow(std::uint64_t until_ns) noexcept = 0;
  /// Whether there is something to do that nobody has begun.
  [[nodiscard]] virtual bool has_growth() const noexcept = 0;

  /// At most so many threads work on it at once; 0: as many as there are. Those that do finish their turn.
  void limit_builders(std::uint32_t most) noexcept { builders_most_ = most; }

 private:
  friend class IndexBuilder;
  std::atomic<bool> is_awake_{false};
  std::atomic<std::uint32_t> builders_most_{0};
  std::uint32_t builders_ = 0;  ///< under the builder's mutex
};

/// The threads that build indexes while the process does other things. They have the lowest priority that the system
/// gives without asking, and look after less than a millisecond each time whether to go on: one thread builds beside
/// searches, all of them once no search has begun for some time.
class IndexBuilder {
 public:
  struct Options {
    std::uint32_t threads = 0;  ///< 0: the number of cores
  };

  IndexBuilder();
  explicit IndexBuilder(Options options);
  IndexBuilder(const IndexBuilder&) = delete;
  IndexBuilder& operator=(const IndexBuilder&) = delete;
  IndexBuilder(IndexBuilder&&) = delete;
  IndexBuilder& operator=(IndexBuilder&&) = delete;
  ~IndexBuilder();

  /// Has it grown until nothing is left to do. It may end meanwhile.
  /// @throws std::bad_alloc
  void wake(const std::shared_ptr<Growing>& growing);

  /// Told by every search: builders give way.
  static void note_search(std::uint64_t now_ns) noexcept;

  /// Takes nothing more up and joins the threads. May be called twice.
  void stop();

 private:
  void serve(std::uint32_t thread);
  [[nodiscard]] std::list<std::weak_ptr<Growing>>::iterator next_in_turn() noexcept;
  void leave(Growing& growing) noexcept;
  void wake_if_possible(const std::shared_ptr<Growing>& growing) noexcept;
  [[nodiscard]] bool may_work(std::uint32_t thread) const noexcept;
  void forget(const Growing* growing) noexcept;

  std::mutex mutex_;
  std::condition_variable work_arrived_;
  std::list<std::weak_ptr<Growing>> growing_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace millrace
