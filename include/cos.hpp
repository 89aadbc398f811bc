/** @file cos.hpp
 *
 * libcos for C++17: cos.h with objects that free themselves. cos.h is the manual; what a function
 * does, which options it takes and what it answers is described there, under the C function's name.
 *
 *     libcos::Client client("1250000000", "SECRET_ID", "SECRET_KEY", "sh");
 *     libcos::Result done = client.upload_file("mybucket", "/hello.txt", "hello.txt",
 *                                              libcos::UploadOptions().insert_only(false));
 *     std::cout << done.name() << ": " << done.message() << "\n";
 *     auto size = client.stat_file("mybucket", "/hello.txt").value().integer("/data/filesize");
 *
 * **Names** The namespace is `libcos`: a namespace `cos` can't be beside the `cos` of <math.h>.
 *
 * **Failures** Calls return a Result and throw nothing, but for std::bad_alloc. A program that wants
 * exceptions asks for them at the call: Result::value() throws an Error. What a callback throws does
 * not pass through the library: it stops the call as soon as that can be stopped, and is thrown on by
 * the function that made the call. What the call has done by then, it has done. A log function only
 * tells of a call, and never stops it: what it throws is told on stderr.
 *
 * **Strings** are UTF-8; a local path may be a std::filesystem::path as well. One with a NUL in it is
 * refused like one that is not UTF-8: #COS_ERR_PARAM.
 *
 * **Compilers** Nothing but the standard library is needed, not even exceptions or RTTI. All files
 * of a program must agree on -fno-exceptions. MinGW has what this needs where its threads are those of
 * POSIX: `x86_64-w64-mingw32-g++-posix`.
 */
#ifndef COS_HPP
#define COS_HPP

#include <cos.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <istream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace libcos {

namespace detail {

struct Free {
    void operator()(char *string) const noexcept { cos_string_free(string); }
    void operator()(cos_client *client) const noexcept { cos_client_free(client); }
    void operator()(cos_transfer *transfer) const noexcept { cos_transfer_free(transfer); }
};
template <class Handle> using Owned = std::unique_ptr<Handle, Free>;

// C would read a string up to the first NUL: another file's name. The library refuses "\xff".
inline const char *plain(const std::string &text) noexcept
{
    return text.find('\0') == std::string::npos ? text.c_str() : "\xff";
}

inline const char *plain(const std::optional<std::string> &text) noexcept
{
    return text ? plain(*text) : nullptr;
}

template <class Scalar, class = std::enable_if_t<std::is_scalar_v<Scalar>>>
Scalar plain(Scalar scalar) noexcept { return scalar; }

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
// What a callback threw. Callbacks run on the thread that made the call.
inline std::exception_ptr &thrown() noexcept
{
    thread_local std::exception_ptr exception;
    return exception;
}

// Runs a callback for the library; false ends the call. After an exception none runs any more.
template <class Callback> bool run(Callback callback) noexcept
{
    if (thrown())
        return false;
    try {
        return callback();
    } catch (...) {
        thrown() = std::current_exception();
        return false;
    }
}

inline void throw_on()
{
    if (thrown())
        std::rethrow_exception(std::exchange(thrown(), nullptr));
}

// Runs a log function, which must not change what becomes of the call, nor fail unnoticed.
template <class Function> void run_log(Function function) noexcept
{
    // Calls that it makes have exceptions of their own.
    auto before = std::exchange(thrown(), nullptr);
    try {
        function();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "cos: the log has failed: %s\n", error.what());
    } catch (...) {
        std::fputs("cos: the log has failed\n", stderr);
    }
    thrown() = std::move(before);
}
#else
template <class Callback> bool run(Callback callback) noexcept { return callback(); }
inline void throw_on() noexcept {}
template <class Function> void run_log(Function function) noexcept { function(); }
#endif

// A function that may be replaced while it runs, in another thread or by itself.
template <class Function> class Replaceable {
public:
    void set(Function function)
    {
        auto next = std::make_shared<const Function>(std::move(function));
        const std::lock_guard<std::mutex> lock(mutex_);
        function_.swap(next);
    }

    std::shared_ptr<const Function> get() const noexcept
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        return function_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Function> function_;
};

/// Text that is UTF-8, as a JSON string.
inline std::string quoted(std::string_view text)
{
    std::string json = "\"";
    for (const char c : text) {
        char control[8] = "";
        if (static_cast<unsigned char>(c) < ' ')
            std::snprintf(control, sizeof control, "\\u%04hhx", c);
        if (c == '"' || c == '\\')
            json += '\\';
        json += *control ? control : std::string(1, c);
    }
    return json + "\"";
}

}  // namespace detail

/// See cos_version().
inline const char *version() noexcept { return cos_version(); }
/// See cos_abi_version().
inline int abi_version() noexcept { return cos_abi_version(); }
/// See cos_code_name().
inline const char *code_name(int code) noexcept { return cos_code_name(code); }

/// Writes text as a JSON string; nothing where cos_json_quote() gives NULL.
inline std::optional<std::string> json_quote(const std::string &text)
{
    const detail::Owned<char> quoted(cos_json_quote(detail::plain(text)));
    return quoted ? std::optional<std::string>(quoted.get()) : std::nullopt;
}

/// Reads a value from JSON text; nothing where cos_json_string() gives NULL.
inline std::optional<std::string> json_string(const std::string &json, const std::string &pointer)
{
    const detail::Owned<char> found(cos_json_string(detail::plain(json), detail::plain(pointer)));
    return found ? std::optional<std::string>(found.get()) : std::nullopt;
}

/// Reads a whole number from JSON text; nothing where cos_json_int() fails.
inline std::optional<std::int64_t> json_int(const std::string &json, const std::string &pointer)
{
    std::int64_t number = 0;
    const int code = cos_json_int(detail::plain(json), detail::plain(pointer), &number);
    return code == 0 ? std::optional<std::int64_t>(number) : std::nullopt;
}

/// Counts elements or fields in JSON text; nothing where cos_json_length() fails.
inline std::optional<std::int64_t> json_length(const std::string &json, const std::string &pointer)
{
    const std::int64_t length = cos_json_length(detail::plain(json), detail::plain(pointer));
    return length >= 0 ? std::optional<std::int64_t>(length) : std::nullopt;
}

/// Takes an element of an array, with an empty key, or a field; returns whether to go on.
using Each = std::function<bool(const std::string &key, const std::string &value)>;

/// Goes through JSON text; returns how often `each` was called, or nothing where cos_json_each()
/// gives -1.
inline std::optional<std::int64_t> json_each(const std::string &json, const std::string &pointer,
                                             const Each &each)
{
    const auto take = [](const char *key, const char *value, void *user) noexcept {
        const auto &function = *static_cast<const Each *>(user);
        return detail::run([&] { return function(key ? key : "", value ? value : ""); }) ? 0 : 1;
    };
    const std::int64_t calls = cos_json_each(detail::plain(json), detail::plain(pointer),
                                             each ? cos_each_fn(take) : nullptr,
                                             const_cast<Each *>(&each));
    detail::throw_on();
    return calls >= 0 ? std::optional<std::int64_t>(calls) : std::nullopt;
}

/// What a call returned: its code and its reply.
class [[nodiscard]] Result {
public:
    /// Whether the call succeeded.
    explicit operator bool() const noexcept { return code_ == COS_OK; }
    /// COS_OK, another of enum cos_code, or any other code of the server.
    int code() const noexcept { return code_; }
    /// The name of the code, such as "COS_ERR_NOT_FOUND".
    const char *name() const noexcept { return cos_code_name(code_); }
    /// What the server or the library says about it.
    std::string message() const { return text("/message").value_or(""); }
    /// The whole reply. For a list of thousands take a JSON library: the readers below go through
    /// the text from its start, every time.
    const std::string &json() const noexcept { return json_; }
    /// What usually helps, if the library knows it.
    std::optional<std::string> hint() const { return text("/error/hint"); }
    /// Whether the same call may succeed later.
    bool retryable() const { return text("/error/retryable") == "true"; }
    /// The word by which the XML API refused, such as "NoSuchKey".
    std::optional<std::string> server_code() const { return text("/error/server_code"); }
    /// For the service's support, if the server gave one.
    std::optional<std::string> request_id() const { return text("/request_id"); }
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
    /// This, if the call succeeded; otherwise it throws an Error.
    const Result &value() const &;
    Result &&value() &&;
#endif
    /// A value of the reply, such as text("/data/url"); see json_string().
    std::optional<std::string> text(const std::string &pointer) const
    { return json_string(json_, pointer); }
    /// A whole number of the reply, such as integer("/data/filesize").
    std::optional<std::int64_t> integer(const std::string &pointer) const
    { return json_int(json_, pointer); }
    /// How many elements or fields there are, such as length("/data/infos").
    std::optional<std::int64_t> length(const std::string &pointer) const
    { return json_length(json_, pointer); }
    /// All elements, such as each("/data/infos", ...); see json_each().
    std::optional<std::int64_t> each(const std::string &pointer, const Each &function) const
    { return json_each(json_, pointer, function); }

private:
    friend class Client;
    Result() = default;
    Result(int code, const char *json) : code_(code), json_(json ? json : "") {}

    int code_ = COS_OK;
    std::string json_;
};

#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
/// The failure of a call, as Result::value() throws it.
class Error : public std::exception {
public:
    explicit Error(Result result) : result_(std::make_shared<const Result>(std::move(result)))
    {
        auto text = result_->name() + (" (" + std::to_string(result_->code()) + "): ")
                    + result_->message();
        if (const auto hint = result_->hint())
            text += "; " + *hint;
        what_ = std::make_shared<const std::string>(std::move(text));
    }

    /// Name, code, message and hint.
    const char *what() const noexcept override { return what_->c_str(); }
    int code() const noexcept { return result_->code(); }
    /// What the call returned.
    const Result &result() const noexcept { return *result_; }

private:
    // Shared, because copies of an exception must not throw.
    std::shared_ptr<const Result> result_;
    std::shared_ptr<const std::string> what_;
};

inline const Result &Result::value() const &
{
    if (!*this)
        throw Error(*this);
    return *this;
}

inline Result &&Result::value() &&
{
    if (!*this)
        throw Error(std::move(*this));
    return std::move(*this);
}
#endif

/// Options as JSON text, in place of a builder: `libcos::Raw{R"({"insert_only": 0})"}`.
struct Raw {
    std::string json;
};

/// Names with their values, such as parameters or headers: `{{"acl", ""}}`. A name may be there several
/// times.
using Fields = std::multimap<std::string, std::string>;

/// What all builders of options have in common. Of a key that is set twice the last value counts.
class Options {
public:
    /// The options as the C function takes them.
    const std::string &json() const noexcept { return json_; }

protected:
    Options() = default;
    explicit Options(Raw raw) : json_(std::move(raw.json)) {}

    void put(std::string_view key, std::string_view value)
    {
        const auto end = json_.rfind('}');
        if (end == std::string::npos)
            return;  // Raw that is no object: left as it is, and refused by the library
        const auto last = end == 0 ? end : json_.find_last_not_of(" \t\r\n", end - 1);
        const bool first = last != std::string::npos && json_[last] == '{';
        json_.insert(end, (first ? "" : ",") + detail::quoted(key) + ":" + std::string(value));
    }

    static std::string object(const Fields &fields)
    {
        std::string json = "{";
        for (auto one = fields.begin(); one != fields.end();) {
            json += (json == "{" ? "" : ",") + detail::quoted(one->first) + ":[" + detail::quoted(one->second);
            const auto end = fields.upper_bound(one->first);
            while (++one != end)
                json += "," + detail::quoted(one->second);
            json += "]";
        }
        return json + "}";
    }

private:
    friend const char *plain(const Options &options) noexcept
    { return detail::plain(options.json_); }

    friend class Client;

    std::string json_ = "{}";
};

/// The base of all builders: `Own` is the class that derives from it.
template <class Own> class BuilderOf : public Options {
public:
    BuilderOf() = default;
    BuilderOf(Raw raw) : Options(std::move(raw)) {}

protected:
    Own &set(std::string_view key, bool v) { return put(key, v ? "true" : "false"); }
    Own &set(std::string_view key, std::int64_t v) { return put(key, std::to_string(v)); }
    Own &set(std::string_view key, std::string_view v) { return put(key, detail::quoted(v)); }
    Own &set(std::string_view key, const Fields &v) { return put(key, object(v)); }
    Own &set(std::string_view key, const Raw &v) { return put(key, v.json); }

private:
    Own &put(std::string_view key, std::string_view value)
    {
        Options::put(key, value);
        return static_cast<Own &>(*this);
    }
};

/// The options of every call that sends something, and the base of those that have more.
template <class Own> class OptionsOf : public BuilderOf<Own> {
public:
    using BuilderOf<Own>::BuilderOf;

    Own &timeout_ms(std::int64_t v) { return set("timeout_ms", v); }
    Own &retries(std::int64_t v) { return set("retries", v); }

protected:
    using BuilderOf<Own>::set;
};

/// For calls without options of their own, such as cos_stat_folder().
struct CallOptions : OptionsOf<CallOptions> {
    using OptionsOf::OptionsOf;
};

/// See cos_client_new() and cos_client_set_config().
struct ClientOptions : OptionsOf<ClientOptions> {
    using OptionsOf::OptionsOf;
    ClientOptions &region(std::string_view v) { return set("region", v); }
    ClientOptions &api(std::string_view v) { return set("api", v); }
    ClientOptions &token(std::string_view v) { return set("token", v); }
    ClientOptions &scheme(std::string_view v) { return set("scheme", v); }
    ClientOptions &hostname(std::string_view v) { return set("hostname", v); }
    ClientOptions &download_hostname(std::string_view v) { return set("download_hostname", v); }
    ClientOptions &connect_timeout_ms(std::int64_t v) { return set("connect_timeout_ms", v); }
    ClientOptions &sign_expired(std::int64_t v) { return set("sign_expired", v); }
    ClientOptions &ca_file(std::string_view v) { return set("ca_file", v); }
    ClientOptions &proxy(std::string_view v) { return set("proxy", v); }
    ClientOptions &user_agent(std::string_view v) { return set("user_agent", v); }
    ClientOptions &max_idle_connections(std::int64_t v) { return set("max_idle_connections", v); }
};

/// See cos_sign_url().
struct SignOptions : BuilderOf<SignOptions> {
    using BuilderOf::BuilderOf;
    SignOptions &params(const Fields &v) { return set("params", v); }
    SignOptions &headers(const Fields &v) { return set("headers", v); }
};

/// See cos_upload_file() and cos_upload_folder(), which differ in the default of `insert_only`.
struct UploadOptions : OptionsOf<UploadOptions> {
    using OptionsOf::OptionsOf;
    UploadOptions &insert_only(bool v) { return set("insert_only", v); }
    UploadOptions &biz_attr(std::string_view v) { return set("biz_attr", v); }
    UploadOptions &slice_threshold(std::int64_t v) { return set("slice_threshold", v); }
    UploadOptions &slice_size(std::int64_t v) { return set("slice_size", v); }
    UploadOptions &concurrency(std::int64_t v) { return set("concurrency", v); }
    UploadOptions &verify_sha1(bool v) { return set("verify_sha1", v); }
    UploadOptions &resume(bool v) { return set("resume", v); }
    UploadOptions &content_type(std::string_view v) { return set("content_type", v); }
    UploadOptions &cache_control(std::string_view v) { return set("cache_control", v); }
    UploadOptions &content_disposition(std::string_view v) { return set("content_disposition", v); }
    UploadOptions &content_encoding(std::string_view v) { return set("content_encoding", v); }
    UploadOptions &content_language(std::string_view v) { return set("content_language", v); }
    /// The header `x-cos-meta-NAME`.
    UploadOptions &meta(const std::string &name, std::string_view value)
    {
        return set("x-cos-meta-" + name, value);
    }
    UploadOptions &authority(std::string_view v) { return set("authority", v); }
    UploadOptions &storage_class(std::string_view v) { return set("storage_class", v); }
    UploadOptions &tagging(std::string_view v) { return set("tagging", v); }
    UploadOptions &traffic_limit(std::int64_t v) { return set("traffic_limit", v); }
    UploadOptions &content_md5(bool v) { return set("content_md5", v); }
};

/// See cos_download_file(); the other downloads take some of these and refuse the rest.
struct DownloadOptions : OptionsOf<DownloadOptions> {
    using OptionsOf::OptionsOf;
    DownloadOptions &overwrite(bool v) { return set("overwrite", v); }
    DownloadOptions &range_start(std::int64_t v) { return set("range_start", v); }
    DownloadOptions &range_end(std::int64_t v) { return set("range_end", v); }
    DownloadOptions &concurrency(std::int64_t v) { return set("concurrency", v); }
    DownloadOptions &verify_sha1(bool v) { return set("verify_sha1", v); }
    DownloadOptions &resume(bool v) { return set("resume", v); }
    DownloadOptions &listed(const Raw &v) { return set("listed", v); }
    DownloadOptions &fetch(bool v) { return set("fetch", v); }
    DownloadOptions &traffic_limit(std::int64_t v) { return set("traffic_limit", v); }
};

/// See cos_update_file().
struct UpdateOptions : OptionsOf<UpdateOptions> {
    using OptionsOf::OptionsOf;
    UpdateOptions &biz_attr(std::string_view v) { return set("biz_attr", v); }
    UpdateOptions &authority(std::string_view v) { return set("authority", v); }
    UpdateOptions &forbid(std::int64_t v) { return set("forbid", v); }
    UpdateOptions &cache_control(std::string_view v) { return set("cache_control", v); }
    UpdateOptions &content_type(std::string_view v) { return set("content_type", v); }
    UpdateOptions &content_language(std::string_view v) { return set("content_language", v); }
    UpdateOptions &content_disposition(std::string_view v) { return set("content_disposition", v); }
    UpdateOptions &content_encoding(std::string_view v) { return set("content_encoding", v); }
    /// The header `x-cos-meta-NAME`.
    UpdateOptions &meta(const std::string &name, std::string_view value)
    {
        return set("x-cos-meta-" + name, value);
    }
    UpdateOptions &clear_headers(bool v) { return set("clear_headers", v); }
};

/// See cos_stat_file().
struct StatOptions : OptionsOf<StatOptions> {
    using OptionsOf::OptionsOf;
    StatOptions &with_authority(bool v) { return set("with_authority", v); }
};

/// See cos_del_file().
struct DeleteFileOptions : OptionsOf<DeleteFileOptions> {
    using OptionsOf::OptionsOf;
    DeleteFileOptions &if_match(std::string_view v) { return set("if_match", v); }
};

/// See cos_del_files().
struct DeleteFilesOptions : OptionsOf<DeleteFilesOptions> {
    using OptionsOf::OptionsOf;
    DeleteFilesOptions &concurrency(std::int64_t v) { return set("concurrency", v); }
};

/// See cos_move_file() and cos_copy_file().
struct MoveOptions : OptionsOf<MoveOptions> {
    using OptionsOf::OptionsOf;
    MoveOptions &overwrite(bool v) { return set("overwrite", v); }
    MoveOptions &dest_bucket(std::string_view v) { return set("dest_bucket", v); }
    MoveOptions &source_region(std::string_view v) { return set("source_region", v); }
};

/// See cos_create_folder() and cos_update_folder().
struct FolderOptions : OptionsOf<FolderOptions> {
    using OptionsOf::OptionsOf;
    FolderOptions &biz_attr(std::string_view v) { return set("biz_attr", v); }
};

/// See cos_list_folder().
struct ListOptions : OptionsOf<ListOptions> {
    using OptionsOf::OptionsOf;
    ListOptions &num(std::int64_t v) { return set("num", v); }
    ListOptions &prefix(std::string_view v) { return set("prefix", v); }
    ListOptions &context(std::string_view v) { return set("context", v); }
    ListOptions &recursive(bool v) { return set("recursive", v); }
    ListOptions &folders(bool v) { return set("folders", v); }
    ListOptions &delimiter(std::string_view v) { return set("delimiter", v); }
    ListOptions &all(bool v) { return set("all", v); }
};

/// See cos_del_folder().
struct DeleteOptions : OptionsOf<DeleteOptions> {
    using OptionsOf::OptionsOf;
    DeleteOptions &recursive(bool v) { return set("recursive", v); }
    DeleteOptions &concurrency(std::int64_t v) { return set("concurrency", v); }
};

/// Told of progress; returns whether to go on. See cos_progress_fn.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;
/// Takes bytes of a download, in order; returns whether to go on. See cos_write_fn.
using Write = std::function<bool(std::string_view bytes)>;
/// Gives the next bytes of an upload: writes up to `size` of them to `to` and returns how many; 0 at the
/// end, less than 0 to stop. See cos_read_fn.
using Read = std::function<std::int64_t(char *to, std::size_t size)>;
/// Takes a line of the log; may be called by several threads at once. What it throws is told on stderr,
/// and the call goes on. See cos_log_fn.
using Log = std::function<void(cos_log_level level, std::string_view line)>;

/// Follows an upload or a download, and stops any call: a cos_transfer. It must outlive the call.
///
/// Where a call takes a Transfer it takes as well a function for its progress.
class Transfer {
public:
    /// A transfer that tells of no progress, and can be stopped.
    Transfer() : handle_(cos_transfer_new()), progress_(std::make_unique<Told>()) {}
    /// A transfer that tells `function` of its progress.
    template <class Function, class = std::enable_if_t<std::is_invocable_r_v<
                                  bool, Function &, std::uint64_t, std::uint64_t>>>
    Transfer(Function function) : Transfer()
    {
        on_progress(std::move(function));
    }

    /// See cos_transfer_on_progress(). A call that told the old function goes on with this one.
    void on_progress(Progress function)
    {
        if (!progress_)
            return;
        const cos_progress_fn told = function ? tell : nullptr;
        progress_->set(std::move(function));
        cos_transfer_on_progress(handle_.get(), told, progress_.get());
    }

    /// See cos_transfer_cancel(). From any thread.
    void cancel() const noexcept { cos_transfer_cancel(handle_.get()); }

    /// Bytes done and bytes in all; see cos_transfer_progress(). From any thread.
    std::pair<std::uint64_t, std::uint64_t> progress() const noexcept
    {
        std::pair<std::uint64_t, std::uint64_t> now;
        cos_transfer_progress(handle_.get(), &now.first, &now.second);
        return now;
    }

    /// How many of these bytes the call has moved itself; see cos_transfer_travelled(). From any thread.
    std::uint64_t travelled() const noexcept { return cos_transfer_travelled(handle_.get()); }

private:
    friend cos_transfer *plain(const Transfer &transfer) noexcept { return transfer.handle_.get(); }

    using Told = detail::Replaceable<Progress>;

    static int tell(std::uint64_t done, std::uint64_t total, void *told) noexcept
    {
        const auto function = static_cast<const Told *>(told)->get();
        return detail::run([&] { return !*function || (*function)(done, total); }) ? 0 : 1;
    }

    detail::Owned<cos_transfer> handle_;
    std::unique_ptr<Told> progress_;  // at an address of its own, where it stays after a move
};

/// Bytes of any kind, for upload_buffer().
inline std::string_view bytes(const void *data, std::size_t size) noexcept
{ return {static_cast<const char *>(data), size}; }
/// The elements of a container, such as a std::vector or a std::span.
template <class Container,
          class = std::enable_if_t<std::is_trivially_copyable_v<std::remove_reference_t<
              decltype(*std::data(std::declval<const Container &>()))>>>>
std::string_view bytes(const Container &elements) noexcept
{ return bytes(std::data(elements), std::size(elements) * sizeof *std::data(elements)); }
/// Not for a text in quotes, which has a NUL behind its bytes: write `"text"sv`.
template <std::size_t size> std::string_view bytes(const char (&)[size]) = delete;

/// The path of a local file or directory.
class LocalPath {
public:
    LocalPath(std::string utf8) : utf8_(std::move(utf8)) {}
    LocalPath(const char *utf8) : utf8_(utf8) {}
    /// On Windows it throws where the path is not UTF-16.
    template <class Path,
              class = std::enable_if_t<std::is_same_v<Path, std::filesystem::path>>>
    LocalPath(const Path &path)
    {
        const auto text = path.u8string();  // of another type of char in C++20
        utf8_.assign(text.begin(), text.end());
    }

private:
    friend const char *plain(const LocalPath &path) noexcept { return detail::plain(path.utf8_); }

    std::string utf8_;
};

/// Bytes that cos_download_buffer() allocated, without a copy: a range, for std::span and loops.
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer &&other) noexcept { swap(other); }
    Buffer &operator=(Buffer &&other) noexcept
    {
        Buffer(std::move(other)).swap(*this);
        return *this;
    }
    ~Buffer() { cos_buffer_free(data_, size_); }

    /// NULL if there are none.
    const std::uint8_t *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    const std::uint8_t *begin() const noexcept { return data_; }
    const std::uint8_t *end() const noexcept { return data_ + size_; }
    /// The bytes, as long as the buffer holds them.
    std::string_view view() const noexcept { return bytes(data_, size_); }

private:
    friend class Client;
    void swap(Buffer &other) noexcept
    {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
    }

    std::uint8_t *data_ = nullptr;
    std::size_t size_ = 0;
};

/// An account, the place of the service, and the connections to it: a cos_client.
///
/// All const functions may be called by any number of threads at once. A function that is not
/// described here is the C function of its name.
class Client {
    using Text = const std::string &;

public:
    /// See cos_client_new(). If it fails, created() says why, and so does every call.
    Client(Text appid, Text secret_id, Text secret_key, Text region,
           const ClientOptions &options = {})
    {
        create(appid, secret_id, secret_key, detail::plain(region), options);
    }
    /// The same with the region, or the host names, among the `options`.
    Client(Text appid, Text secret_id, Text secret_key, const ClientOptions &options)
    {
        create(appid, secret_id, secret_key, nullptr, options);
    }

    /// Whether there is a client; not after it was moved away.
    explicit operator bool() const noexcept { return handle_ != nullptr; }
    /// What cos_client_new() answered.
    const Result &created() const noexcept { return created_; }

    /// See cos_client_with_transfer(): the same client, whose every call `transfer` stops.
    Client with_transfer(const Transfer &transfer) const
    {
        Client stopped;
        cos_client *handle = nullptr;
        stopped.created_ = call(cos_client_with_transfer, transfer, &handle);
        stopped.handle_.reset(handle);
        stopped.log_ = log_;
        return stopped;
    }

    /// See cos_client_set_config(). `Raw{R"({"proxy": null})"}` goes back to a default.
    Result set_config(const ClientOptions &options) const
    { return call(cos_client_set_config, options); }
    Result set_credentials(Text appid, Text secret_id, Text secret_key) const
    { return call(cos_client_set_credentials, appid, secret_id, secret_key); }
    Result set_temporary_credentials(Text appid, Text secret_id, Text secret_key, Text token) const
    { return call(cos_client_set_temporary_credentials, appid, secret_id, secret_key, token); }
    /// See cos_client_set_log(). The client keeps `function` until it is replaced. Calls under way
    /// that have a log go on in the new one.
    /// @return COS_OK, or COS_ERR_PARAM if there is no client or no such level.
    int set_log(cos_log_level level, Log function) const
    {
        if (!handle_)
            return COS_ERR_PARAM;
        const std::lock_guard<std::mutex> lock(log_->setting);
        const cos_log_fn written = function ? write_line : nullptr;
        const int code = cos_client_set_log(handle_.get(), level, written, log_.get());
        if (code == COS_OK)  // a call that began with a higher level must not show in this one
            log_->lines.set([level, function = std::move(function)](auto of, auto line) {
                if (function && of <= level)
                    function(of, line);
            });
        return code;
    }

    Result sign_more(Text bucket, Text cos_path, std::int64_t expired) const
    { return call(cos_sign_more, bucket, cos_path, expired); }
    Result sign_once(Text bucket, Text cos_path) const
    { return call(cos_sign_once, bucket, cos_path); }
    Result sign_download(Text bucket, Text cos_path, std::int64_t expired) const
    { return call(cos_sign_download, bucket, cos_path, expired); }
    Result sign_url(Text method, Text bucket, Text cos_path, std::int64_t expired,
                    const SignOptions &options = {}) const
    { return call(cos_sign_url, method, bucket, cos_path, expired, options); }

    Result stat_file(Text bucket, Text cos_path, const StatOptions &options = {}) const
    { return call(cos_stat_file, bucket, cos_path, options); }
    Result update_file(Text bucket, Text cos_path, const UpdateOptions &options) const
    { return call(cos_update_file, bucket, cos_path, options); }
    Result del_file(Text bucket, Text cos_path, const DeleteFileOptions &options = {}) const
    { return call(cos_del_file, bucket, cos_path, options); }
    Result del_files(Text bucket, const std::vector<std::string> &cos_paths,
                     const DeleteFilesOptions &options = {}) const
    {
        std::string json;
        for (const std::string &path : cos_paths)
            json += (json.empty() ? "[" : ",") + detail::quoted(path);
        return call(cos_del_files, bucket, json.empty() ? "[]" : json + "]", options);
    }
    Result move_file(Text bucket, Text cos_path, Text dest_path,
                     const MoveOptions &options = {}) const
    { return call(cos_move_file, bucket, cos_path, dest_path, options); }
    Result copy_file(Text bucket, Text cos_path, Text dest_path,
                     const MoveOptions &options = {}) const
    { return call(cos_copy_file, bucket, cos_path, dest_path, options); }

    Result create_folder(Text bucket, Text cos_path, const FolderOptions &options = {}) const
    { return call(cos_create_folder, bucket, cos_path, options); }
    Result stat_folder(Text bucket, Text cos_path, const CallOptions &options = {}) const
    { return call(cos_stat_folder, bucket, cos_path, options); }
    Result update_folder(Text bucket, Text cos_path, const FolderOptions &options) const
    { return call(cos_update_folder, bucket, cos_path, options); }
    Result list_folder(Text bucket, Text cos_path, const ListOptions &options = {}) const
    { return call(cos_list_folder, bucket, cos_path, options); }
    Result del_folder(Text bucket, Text cos_path, const DeleteOptions &options = {}) const
    { return call(cos_del_folder, bucket, cos_path, options); }

    Result upload_file(Text bucket, Text cos_path, const LocalPath &local_path,
                       const UploadOptions &options = {}, const Transfer &transfer = {}) const
    { return call(cos_upload_file, bucket, cos_path, local_path, options, transfer); }
    /// See cos_upload_buffer(); bytes() makes a view of anything.
    Result upload_buffer(Text bucket, Text cos_path, std::string_view data,
                         const UploadOptions &options = {}, const Transfer &transfer = {}) const
    {
        const void *start = data.data();
        return call(cos_upload_buffer, bucket, cos_path, static_cast<const std::uint8_t *>(start),
                    data.size(), options, transfer);
    }
    /// See cos_upload_stream(). What `read` throws stops the upload.
    Result upload_stream(Text bucket, Text cos_path, std::int64_t size, const Read &read,
                         const UploadOptions &options = {}, const Transfer &transfer = {}) const
    {
        const cos_read_fn given = read ? read_bytes : nullptr;
        void *user = const_cast<Read *>(&read);
        return call(cos_upload_stream, bucket, cos_path, size, given, user, options, transfer);
    }
    /// The same with what a stream has from its position on. One that fails (bad()) stops the upload.
    Result upload_stream(Text bucket, Text cos_path, std::int64_t size, std::istream &from,
                         const UploadOptions &options = {}, const Transfer &transfer = {}) const
    {
        const auto read = [&from](char *to, std::size_t len) -> std::int64_t {
            from.read(to, static_cast<std::streamsize>(len));
            return from.bad() ? -1 : from.gcount();
        };
        return upload_stream(bucket, cos_path, size, Read(read), options, transfer);
    }
    Result upload_folder(Text bucket, Text cos_path, const LocalPath &local_path,
                         const UploadOptions &options = {}, const Transfer &transfer = {}) const
    { return call(cos_upload_folder, bucket, cos_path, local_path, options, transfer); }

    Result download_file(Text bucket, Text cos_path, const LocalPath &local_path,
                         const DownloadOptions &options = {}, const Transfer &transfer = {}) const
    { return call(cos_download_file, bucket, cos_path, local_path, options, transfer); }
    /// See cos_download_buffer(). `out` is empty if it fails.
    Result download_buffer(Text bucket, Text cos_path, Buffer &out,
                           const DownloadOptions &options = {}, const Transfer &transfer = {}) const
    {
        out = Buffer();
        return call(cos_download_buffer, bucket, cos_path, options, transfer, &out.data_,
                    &out.size_);
    }
    Result download_stream(Text bucket, Text cos_path, const Write &write,
                           const DownloadOptions &options = {}, const Transfer &transfer = {}) const
    {
        const cos_write_fn written = write ? write_bytes : nullptr;
        void *user = const_cast<Write *>(&write);
        return call(cos_download_stream, bucket, cos_path, options, transfer, written, user);
    }
    Result download_folder(Text bucket, Text cos_path, const LocalPath &local_path,
                           const DownloadOptions &options = {}, const Transfer &transfer = {}) const
    { return call(cos_download_folder, bucket, cos_path, local_path, options, transfer); }

    Result list_buckets(const CallOptions &options = {}) const
    { return call(cos_list_buckets, options); }
    /// See cos_request(). Without a bucket (std::nullopt) the request is about the account.
    Result request(Text method, const std::optional<std::string> &bucket, Text cos_path = "/",
                   const Fields &params = {}, const Fields &headers = {},
                   std::string_view body = {}, const CallOptions &options = {}) const
    {
        const void *start = body.data();
        return call(cos_request, method, bucket, cos_path, Options::object(params),
                    Options::object(headers), static_cast<const std::uint8_t *>(start), body.size(),
                    options);
    }

private:
    Client() = default;

    struct Logged {
        std::mutex setting;
        detail::Replaceable<Log> lines;
    };

    void create(Text appid, Text secret_id, Text secret_key, const char *region,
                const ClientOptions &options)
    {
        using detail::plain;
        cos_client *handle = nullptr;
        char *json = nullptr;
        const int code = cos_client_new(plain(appid), plain(secret_id), plain(secret_key), region,
                                        plain(options), &handle, &json);
        handle_.reset(handle);
        created_ = Result(code, detail::Owned<char>(json).get());
    }

    template <class Function, class... Arguments>
    Result call(Function function, const Arguments &...arguments) const
    {
        if (!handle_ && !created_)
            return created_;
        using detail::plain;
        char *json = nullptr;
        const int code = function(handle_.get(), plain(arguments)..., &json);
        const detail::Owned<char> owned(json);
        detail::throw_on();
        return Result(code, json);
    }

    static int write_bytes(const std::uint8_t *data, std::size_t len, void *user) noexcept
    {
        const auto &write = *static_cast<const Write *>(user);
        return detail::run([&] { return write(bytes(data, len)); }) ? 0 : 1;
    }

    static std::int64_t read_bytes(std::uint8_t *to, std::size_t size, void *user) noexcept
    {
        const auto &read = *static_cast<const Read *>(user);
        void *start = to;
        std::int64_t len = -1;
        detail::run([&] { return len = read(static_cast<char *>(start), size), true; });
        return len;
    }

    static void write_line(int level, const char *line, void *user) noexcept
    {
        const auto log = static_cast<const Logged *>(user)->lines.get();
        detail::run_log([&] {
            if (log)
                (*log)(static_cast<cos_log_level>(level), line);
        });
    }

    Result created_;
    std::shared_ptr<Logged> log_ = std::make_shared<Logged>();
    detail::Owned<cos_client> handle_;  // the last to come and the first to go: it uses the log
};

}  // namespace libcos

#endif
