/* Keeps the files of an installed program up to date from COS: images, sounds, levels.
 *
 *     asset_updater publish VERSION DIRECTORY   uploads a release and makes it the current one
 *     asset_updater update DIRECTORY            brings the current release into a directory
 *
 * A release is a folder of its own, /releases/VERSION/, and the file /releases/current has the name of the
 * one that counts. Of an update, what has changed is fetched beside the assets and put into place when all
 * of it is there: until then the old release stays whole. An update that was ended, by Ctrl-C or by a
 * failure, continues where it was.
 *
 * The directory keeps a list of what was installed, .assets/installed, with the sum by which the service
 * knows each file, and one of what .assets/fetched is of. A file that was removed or has another size is
 * fetched anew.
 *
 * The environment says where: COS_APPID, COS_SECRET_ID, COS_SECRET_KEY, COS_TOKEN if there is one, COS_BUCKET,
 * COS_REGION; for other servers COS_API, COS_SCHEME, COS_HOSTNAME, COS_DOWNLOAD_HOSTNAME, COS_PROXY and
 * COS_CA_FILE.
 *
 *     c++ -std=c++17 asset_updater.cpp $(pkg-config --cflags --libs cos) -pthread -o asset_updater
 */
#include <cos.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <vector>

namespace fs = std::filesystem;
using namespace libcos;

namespace {

const std::string RELEASES = "/releases/";
const std::string CURRENT = RELEASES + "current";

std::atomic<bool> interrupted{false};

void interrupt(int) { interrupted = true; }

std::string setting(const char *name)
{
    const char *value = std::getenv(name);
    return value ? value : "";
}

struct Service {
    Client client;
    std::string bucket;
};

Service service()
{
    const std::pair<const char *, ClientOptions &(ClientOptions::*)(std::string_view)> settings[] = {
        {"COS_REGION", &ClientOptions::region},     {"COS_API", &ClientOptions::api},
        {"COS_TOKEN", &ClientOptions::token},       {"COS_SCHEME", &ClientOptions::scheme},
        {"COS_HOSTNAME", &ClientOptions::hostname}, {"COS_PROXY", &ClientOptions::proxy},
        {"COS_CA_FILE", &ClientOptions::ca_file},
        {"COS_DOWNLOAD_HOSTNAME", &ClientOptions::download_hostname},
    };
    ClientOptions options;
    for (const auto &[name, set] : settings)
        if (const auto value = setting(name); !value.empty())
            (options.*set)(value);
    Service service{Client(setting("COS_APPID"), setting("COS_SECRET_ID"), setting("COS_SECRET_KEY"),
                           options),
                    setting("COS_BUCKET")};
    service.client.created().value();
    return service;
}

// A file of a release: its size, and the sum by which the service knows its content.
struct Asset {
    std::int64_t size = 0;
    std::string sum;

    bool operator==(const Asset &other) const { return size == other.size && sum == other.sum; }
    bool operator!=(const Asset &other) const { return !(*this == other); }
};

// By their paths below the release's folder, or below the directory.
using Assets = std::map<std::string, Asset>;

Assets release(const Service &cos, const std::string &folder, const std::string &below = "")
{
    Assets assets;
    const auto list = cos.client.list_folder(cos.bucket, folder + below, ListOptions().all(true));
    list.value().each("/data/infos", [&](const std::string &, const std::string &entry) {
        const std::string name = below + json_string(entry, "/name").value();
        if (name.back() == '/') {
            assets.merge(release(cos, folder, name));
            return true;
        }
        auto sum = json_string(entry, "/sha");  // of the JSON API; the XML API has an ETag
        if (!sum)
            sum = json_string(entry, "/etag");
        assets[name] = {json_int(entry, "/filesize").value_or(-1), sum.value_or("")};
        return true;
    });
    return assets;
}

// The name of a folder.
bool is_version(const std::string &name)
{
    return !name.empty() && name[0] != '.' && name.find_first_of("/\\:") == std::string::npos;
}

std::string current_release(const Service &cos)
{
    Buffer current;
    cos.client.download_buffer(cos.bucket, CURRENT, current).value();
    const std::string version(current.view());
    if (!is_version(version))
        throw std::runtime_error(CURRENT + " has no name of a release: " + version);
    return version;
}

// No name of a release leads out of the directory, or into the updater's own files.
void check(const std::string &version, const Assets &assets)
{
    // Otherwise a release that is missing would remove all files here.
    if (assets.empty())
        throw std::runtime_error("the release " + version + " has no files");
    for (const auto &[name, asset] : assets) {
        const fs::path path = fs::u8path(name);
        const bool leads_out = path.is_absolute() || path.has_root_name() ||
                               *path.lexically_normal().begin() == "..";
        if (leads_out || *path.begin() == ".assets")
            throw std::runtime_error("the release has a file that can't be installed: " + name);
    }
}

// The list of what is installed: a JSON array of [path, size, sum].
Assets installed(const fs::path &list)
{
    std::ifstream file(list, std::ios::binary);
    const std::string json{std::istreambuf_iterator<char>(file), {}};
    Assets assets;
    json_each(json, "", [&](const std::string &, const std::string &entry) {
        const auto name = json_string(entry, "/0");
        if (name)
            assets[*name] = {json_int(entry, "/1").value_or(-1), json_string(entry, "/2").value_or("")};
        return true;
    });
    return assets;
}

void write_list(const Assets &assets, const fs::path &list)
{
    const fs::path next = fs::path(list) += ".new";
    {
        std::ofstream file(next, std::ios::binary);
        const char *before = "[";
        for (const auto &[name, asset] : assets) {
            file << before << "[" << json_quote(name).value() << "," << asset.size << ","
                 << json_quote(asset.sum).value() << "]";
            before = ",\n";
        }
        file << (assets.empty() ? "[]" : "]") << "\n";
        if (!file.flush())
            throw std::runtime_error("the list of what is installed can't be written");
    }
    fs::rename(next, list);
}

// Removes a file, and the directories that are empty without it. Returns whether it was there.
bool remove_asset(const fs::path &directory, const std::string &name)
{
    fs::path path = fs::u8path(name);
    if (!fs::remove(directory / path))
        return false;
    std::error_code error;
    while (path.has_parent_path() && !error) {
        path = path.parent_path();
        fs::remove(directory / path, error);
    }
    return true;
}

// Fetches files by several threads, each with its next one; the first failure ends all of them.
class Fetch {
public:
    Fetch(const Service &cos, std::string folder, fs::path to)
        : cos_(cos), folder_(std::move(folder)), to_(std::move(to))
    {
    }

    void run(const Assets &wanted)
    {
        for (const auto &[name, asset] : wanted) {
            todo_.push_back(name);
            total_ += asset.size;
        }
        std::vector<std::thread> workers;
        for (int i = 0; i < 4; ++i)
            workers.emplace_back([this] { work(); });
        while (running_ > 0) {
            if (interrupted)
                stop_.cancel();
            show();
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        for (auto &worker : workers)
            worker.join();
        show();
        if (failure_)
            std::rethrow_exception(failure_);
    }

private:
    void work()
    {
        // Its every call ends when stop_ is cancelled.
        const Client client = cos_.client.with_transfer(stop_);
        try {
            for (std::size_t i = next_++; i < todo_.size(); i = next_++)
                fetch(client, todo_[i]);
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!failure_)
                failure_ = std::current_exception();
            stop_.cancel();
        }
        --running_;
    }

    void fetch(const Client &client, const std::string &name)
    {
        const fs::path file = to_ / fs::u8path(name);
        fs::create_directories(file.parent_path());
        std::uint64_t before = 0;
        const auto count = [&](std::uint64_t done, std::uint64_t) {
            done_ += done - before;
            before = done;
            return true;
        };
        client.download_file(cos_.bucket, folder_ + name, file, DownloadOptions().concurrency(2), count)
            .value();
    }

    void show() const
    {
        std::cerr << "\r" << done_ / 1024 << " of " << total_ / 1024 << " KiB" << std::flush;
        if (running_ == 0)
            std::cerr << "\n";
    }

    const Service &cos_;
    const std::string folder_;
    const fs::path to_;
    std::vector<std::string> todo_;
    std::atomic<std::size_t> next_{0};
    std::atomic<int> running_{4};
    std::atomic<std::uint64_t> done_{0};
    std::int64_t total_ = 0;
    Transfer stop_;
    std::mutex mutex_;
    std::exception_ptr failure_;
};

void publish(const Service &cos, const std::string &version, const fs::path &directory)
{
    if (!is_version(version))
        throw std::runtime_error("this is no name of a release: " + version);
    const Result done = cos.client.upload_folder(cos.bucket, RELEASES + version + "/", directory).value();
    // Last, so that nobody is sent to a release that is not whole.
    cos.client.upload_buffer(cos.bucket, CURRENT, version, UploadOptions().insert_only(false)).value();
    std::cout << "published " << version << ": " << done.integer("/data/uploaded").value_or(0)
              << " files were sent\n";
}

void update(const Service &cos, const fs::path &directory)
{
    const std::string version = current_release(cos), folder = RELEASES + version + "/";
    const Assets wanted = release(cos, folder);
    check(version, wanted);

    const fs::path own = directory / ".assets", list = own / "installed", fetched = own / "fetched",
                   fetched_list = own / "fetched-list";
    fs::create_directories(fetched);
    // What is left of an update to other content is of no use.
    for (const auto &[name, asset] : installed(fetched_list))
        if (const auto same = wanted.find(name); same == wanted.end() || same->second != asset)
            remove_asset(fetched, name);
    write_list(wanted, fetched_list);
    const Assets old = installed(list);
    Assets missing, changed;
    for (const auto &[name, asset] : wanted) {
        std::error_code error;
        const auto size = fs::file_size(directory / fs::u8path(name), error);
        const auto was = old.find(name);
        if (!error && static_cast<std::int64_t>(size) == asset.size && was != old.end() &&
            was->second == asset)
            continue;
        changed.insert({name, asset});
        // What an earlier update has fetched is whole: a download has its name only then.
        if (!fs::exists(fetched / fs::u8path(name)))
            missing.insert({name, asset});
    }
    if (!missing.empty())
        Fetch(cos, folder, fetched).run(missing);

    // Should this end in between, the next update sees to these files again.
    Assets known = old;
    for (const auto &[name, asset] : changed)
        known.erase(name);
    write_list(known, list);
    // First, for a file may have to make room for a directory of its name, or the other way round.
    int removed = 0;
    for (const auto &[name, asset] : old)
        removed += !wanted.count(name) && remove_asset(directory, name);
    for (const auto &[name, asset] : changed) {
        const fs::path place = directory / fs::u8path(name);
        fs::create_directories(place.parent_path());
        fs::rename(fetched / fs::u8path(name), place);
    }
    write_list(wanted, list);
    fs::remove_all(fetched);
    fs::remove(fetched_list);
    std::cout << version << ": " << changed.size() << " files new, " << removed << " removed, "
              << wanted.size() - changed.size() << " as they were\n";
}

}  // namespace

int main(int argc, char **argv)
try {
    const std::string command = argc > 1 ? argv[1] : "";
    std::signal(SIGINT, interrupt);
    if (command == "publish" && argc == 4)
        publish(service(), argv[2], fs::u8path(argv[3]));
    else if (command == "update" && argc == 3)
        update(service(), fs::u8path(argv[2]));
    else {
        std::cerr << "usage: asset_updater publish VERSION DIRECTORY | update DIRECTORY\n";
        return 2;
    }
    return 0;
} catch (const Error &error) {
    std::cerr << "asset_updater: " << error.what() << "\n";
    return interrupted ? 130 : error.result().retryable() ? 4 : 1;
} catch (const std::exception &error) {
    std::cerr << "asset_updater: " << error.what() << "\n";
    return 1;
}
