// Everything in cos.hpp, at work.
//
//     objects HOST:PORT DIRECTORY
#include "check.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>
#if __cplusplus >= 202002L
#include <span>
#endif

using namespace libcos;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

// Checks that the API which does not have this refuses it.
void only(const char *which, const Result &result, const char *argument = "api")
{
    EXPECT(api() == which ? COS_OK : COS_ERR_PARAM, result);
    CHECK(api() == which || result.text("/error/argument") == argument);
}

void put(const Client &client, const std::string &path, const std::string &text)
{
    EXPECT(COS_OK, client.upload_buffer(bucket, path, text));
}

std::string content(std::size_t size)
{
    std::string bytes;
    for (std::uint64_t state = 1; bytes.size() < size; state = state * 6364136223846793005u + 1)
        bytes += static_cast<char>(state >> 56);
    return bytes;
}

std::string read_file(const std::string &path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

void write_file(const std::string &path, const std::string &text)
{
    CHECK(static_cast<bool>(std::ofstream(path, std::ios::binary) << text));
}

void values()
{
    std::ostringstream numbers;
    numbers << COS_VERSION_MAJOR << '.' << COS_VERSION_MINOR << '.' << COS_VERSION_PATCH;
    CHECK(version() == numbers.str() && abi_version() == COS_ABI_VERSION);
    CHECK(code_name(COS_ERR_NOT_FOUND) == "COS_ERR_NOT_FOUND"s);
    const std::string json = R"({"a": "x\n\u4f60", "n": [1, 2.5, 3], "zero": "\u0000"})";
    CHECK(json_string(json, "/a") == "x\n你" && json_string(json, "/n") == "[1, 2.5, 3]");
    CHECK(json_quote("a \"b\"\n") == R"("a \"b\"\n")" && !json_quote("\xff") && !json_quote("a\0"s));
    CHECK(!json_string(json, "/zero") && !json_string(json, "/b") && !json_string("{", ""));
    CHECK(!json_string(json, "/a\0"s) && !json_string(json + "\0"s, "/a"));
    CHECK(json_int(json, "/n/0") == 1 && !json_int(json, "/n/1") && !json_int(json, "/a"));
    std::string seen;
    const Each see = [&](const std::string &key, const std::string &value) {
        seen += key + "=" + value + ";";
        return value != "2.5";
    };
    CHECK(json_each(json, "/n", see) == 2 && seen == "=1;=2.5;" && !json_each(json, "/a", see));
    CHECK(!json_each(json, "/n", nullptr));
    CHECK(json_length(json, "/n") == 3 && json_length(json, "") == 3 && !json_length(json, "/a"));
}

void builders()
{
    CHECK(CallOptions().json() == "{}");
    CHECK(CallOptions().retries(0).timeout_ms(5).json() == R"({"retries":0,"timeout_ms":5})");
    CHECK(ListOptions().prefix("\"\\\n\x1f\x7f你"s + '\0').json() ==
          "{\"prefix\":\"\\\"\\\\\\u000a\\u001f\x7f你\\u0000\"}");
    CHECK(UploadOptions(Raw{"{ }"}).resume(true).json() == R"({ "resume":true})");
    const Raw entry{R"({"filesize":7})"};
    const auto compares = DownloadOptions().listed(entry).fetch(false);
    CHECK(compares.json() == R"({"listed":{"filesize":7},"fetch":false})");
    CHECK(UploadOptions(Raw{"{\"a\": {} }"}).retries(-1).json() == R"({"a": {} ,"retries":-1})");
    const Fields twice = {{"b", "2"}, {"a\"", "1"}, {"b", ""}};
    CHECK(SignOptions().params(twice).headers({}).json() ==
          R"({"params":{"a\"":["1"],"b":["2",""]},"headers":{}})");
}

void files(const Client &client)
{
    const std::string attribute = "\"quoted\" \\ back\nnext\t你好 {}, \x01";
    const auto own = UploadOptions().biz_attr(attribute);
    EXPECT(COS_OK, client.upload_buffer(bucket, "/f/你好", "text", own));
    EXPECT(COS_ERR_FILE_EXISTS, client.upload_buffer(bucket, "/f/你好", "other", own));
    const auto stat = EXPECT(COS_OK, client.stat_file(bucket, "/f/你好", StatOptions().retries(1)));
    CHECK(stat.text("/data/biz_attr") == attribute && stat.integer("/data/filesize") == 4);
    CHECK(stat.name() == "COS_OK"s && stat.message() == "SUCCESS" && stat.length("/data"));
    CHECK(!stat.integer("/data/none") && !stat.text("/data/none") && !stat.length("/data/sha"));

    const auto headers = UpdateOptions()
                             .biz_attr("b")
                             .authority("eWRPrivate")
                             .cache_control("no-cache")
                             .content_type("text/plain")
                             .content_language("zh")
                             .content_disposition("inline; filename=\"f\"")
                             .content_encoding("identity")
                             .meta("author", "me");
    EXPECT(COS_OK, client.update_file(bucket, "/f/你好", headers));
    const auto updated = EXPECT(COS_OK, client.stat_file(bucket, "/f/你好"));
    CHECK(updated.text("/data/authority") == "eWRPrivate");
    for (const auto &[name, value] : std::vector<std::pair<std::string, std::string>>{
             {"Cache-Control", "no-cache"},
             {"Content-Type", "text/plain"},
             {"Content-Language", "zh"},
             {"Content-Disposition", "inline; filename=\"f\""},
             {"Content-Encoding", "identity"},
             {"x-cos-meta-author", "me"}})
        CHECK(updated.text("/data/custom_headers/" + name) == value);
    const auto forbidden = client.update_file(bucket, "/f/你好", UpdateOptions().forbid(0));
    EXPECT(is_v5 ? COS_ERR_PARAM : COS_OK, forbidden);
    EXPECT(COS_OK, client.update_file(bucket, "/f/你好", UpdateOptions().clear_headers(true)));
    CHECK(!client.stat_file(bucket, "/f/你好").text("/data/custom_headers/x-cos-meta-author"));
    const auto bare = client.stat_file(bucket, "/f/你好", StatOptions().with_authority(false));
    CHECK(bare.text("/data/authority").has_value() != is_v5);

    put(client, "/f/there", "there");
    EXPECT(COS_ERR_FILE_EXISTS, client.copy_file(bucket, "/f/你好", "/f/there"));
    EXPECT(COS_OK, client.copy_file(bucket, "/f/你好", "/f/there", MoveOptions().overwrite(true)));
    only("v5",
         client.copy_file(bucket, "/f/there", "/f/there", MoveOptions().dest_bucket("public-bucket")),
         "dest_bucket");
    only("v5",
         client.copy_file(bucket, "/f/there", "/f/copy", MoveOptions().source_region("ap-shanghai")),
         "source_region");
    EXPECT(COS_OK, client.move_file(bucket, "/f/你好", "/f/moved"));
    EXPECT(COS_ERR_NOT_FOUND, client.del_file(bucket, "/f/你好"));
    EXPECT(COS_ERR_REFUSED,
           client.del_file(bucket, "/f/moved", DeleteFileOptions().if_match("another")));
    EXPECT(COS_OK, client.del_file(bucket, "/f/moved"));
    put(client, "/f/1'2", "1");
    const auto few = DeleteFilesOptions().concurrency(1);
    CHECK(client.del_files(bucket, {"/f/1'2", "/f/2"}, few).integer("/data/files") == 2);
    EXPECT(COS_OK, client.del_files(bucket, {}));
    EXPECT(COS_ERR_PARAM, client.del_files(bucket, {"/f/"}));
}

void folders(const Client &client)
{
    EXPECT(COS_OK, client.create_folder(bucket, "/d/", FolderOptions().biz_attr("one")));
    EXPECT(COS_ERR_FOLDER_EXISTS, client.create_folder(bucket, "/d/"));
    EXPECT(COS_OK, client.update_folder(bucket, "/d/", FolderOptions().biz_attr("two")));
    CHECK(client.stat_folder(bucket, "/d/").text("/data/biz_attr") == "two");
    for (const char *name : {"/d/a1", "/d/a2", "/d/b"})
        put(client, name, "x");
    const auto some = ListOptions().num(1).prefix("a").delimiter("");
    const auto page = EXPECT(COS_OK, client.list_folder(bucket, "/d/", some));
    CHECK(page.text("/data/infos/0/name") == "a1" && page.length("/data/infos") == 1);
    const auto from = ListOptions(some).context(page.text("/data/context").value_or(""));
    CHECK(client.list_folder(bucket, "/d/", from).text("/data/infos/0/name") == "a2");
    const auto every = ListOptions().num(1).all(true);
    CHECK(client.list_folder(bucket, "/d/", every).length("/data/infos") == 3);
    const auto below = ListOptions().recursive(true).folders(true);
    const auto all_below = client.list_folder(bucket, "/d/", below);
    only("v5", all_below, "recursive");
    CHECK(!all_below || all_below.length("/data/infos") == 3);
    EXPECT(COS_ERR_FOLDER_NOT_EMPTY, client.del_folder(bucket, "/d/"));
    const auto whole = DeleteOptions().recursive(true).concurrency(2);
    CHECK(client.del_folder(bucket, "/d/", whole).integer("/data/files") == 3);
}

void contents(const Client &client, const std::string &directory)
{
    const std::string bytes = content(2 << 20), local = directory + "/本地", back = local + ".back";
    write_file(local, bytes);
    const auto sliced = UploadOptions()
                            .insert_only(false)
                            .biz_attr("")
                            .slice_threshold(1048576)
                            .slice_size(1048576)
                            .concurrency(2)
                            .verify_sha1(true)
                            .resume(true)
                            .timeout_ms(60000);
    const auto sent = EXPECT(COS_OK, client.upload_file(bucket, "/c/f", local, sliced));
    CHECK(sent.integer("/transfer/slices") == 2);

    const auto described = UploadOptions()
                               .content_type("text/plain")
                               .cache_control("no-cache")
                               .content_disposition("inline")
                               .content_encoding("identity")
                               .content_language("zh")
                               .meta("author", "me")
                               .authority("eWRPrivate");
    EXPECT(COS_OK, client.upload_buffer(bucket, "/c/d", "text", described));
    const auto headers = EXPECT(COS_OK, client.stat_file(bucket, "/c/d"));
    CHECK(headers.text("/data/custom_headers/x-cos-meta-author") == "me");
    CHECK(headers.text("/data/custom_headers/Content-Language") == "zh");
    CHECK(headers.text("/data/authority") == "eWRPrivate");
    const auto stored = UploadOptions(described)
                            .insert_only(false)
                            .storage_class("STANDARD_IA")
                            .tagging("kind=log")
                            .traffic_limit(819200)
                            .content_md5(true);
    EXPECT(is_v5 ? COS_OK : COS_ERR_PARAM, client.upload_buffer(bucket, "/c/d", "text", stored));

    Buffer buffer;
    EXPECT(COS_OK, client.download_buffer(bucket, "/c/f", buffer));
    CHECK(buffer.view() == bytes && buffer.size() == bytes.size());
    Buffer moved = std::move(buffer);
    CHECK(moved.view() == bytes);
    CHECK(buffer.data() == nullptr && buffer.view().empty());  // NOLINT: moved from, on purpose
    const auto part = DownloadOptions().range_start(1).range_end(3).concurrency(1);
    EXPECT(COS_OK, client.download_buffer(bucket, "/c/f", moved, part));
    CHECK(moved.view() == bytes.substr(1, 3));
    const auto slow = DownloadOptions().traffic_limit(819200);
    EXPECT(is_v5 ? COS_OK : COS_ERR_PARAM, client.download_buffer(bucket, "/c/f", moved, slow));
    EXPECT(COS_ERR_NOT_FOUND, client.download_buffer(bucket, "/c/none", moved));
    CHECK(moved.size() == 0);

    EXPECT(COS_OK, client.download_file(bucket, "/c/f", back, DownloadOptions().resume(false)));
    CHECK(read_file(back) == bytes);
    EXPECT(COS_ERR_PARAM,
           client.download_file(bucket, "/c/f", back, DownloadOptions().overwrite(false)));

    std::string streamed;
    const auto append = [&](std::string_view piece) { return streamed += piece, true; };
    EXPECT(COS_OK, client.download_stream(bucket, "/c/f", append));
    CHECK(streamed == bytes);
    EXPECT(COS_ERR_CANCELLED,
           client.download_stream(bucket, "/c/f", [](std::string_view) { return false; }));
    EXPECT(COS_ERR_PARAM, client.download_stream(bucket, "/c/f", nullptr));

    const auto replace = UploadOptions(sliced).retries(1);
    const auto size = static_cast<std::int64_t>(bytes.size());
    std::istringstream stream("-" + bytes);
    stream.ignore();
    const auto piped = client.upload_stream(bucket, "/c/s", size, stream, replace);
    CHECK(EXPECT(COS_OK, piped).integer("/transfer/slices") == 2);
    EXPECT(COS_OK, client.download_buffer(bucket, "/c/s", moved));
    CHECK(moved.view() == bytes);
    int left = 3;
    const auto give = [&](char *to, std::size_t) { return *to = 'x', left-- > 0 ? 1 : 0; };
    only("v5", client.upload_stream(bucket, "/c/s", -1, give, replace), "size");
    CHECK(client.stat_file(bucket, "/c/s").integer("/data/filesize") == (is_v5 ? 3 : size));
    const auto nothing = [](char *, std::size_t) { return -1; };
    EXPECT(COS_ERR_CANCELLED, client.upload_stream(bucket, "/c/none", 1, nothing));
    stream.setstate(std::ios::badbit);
    EXPECT(COS_ERR_CANCELLED, client.upload_stream(bucket, "/c/none", 1, stream));
    EXPECT(COS_ERR_PARAM, client.upload_stream(bucket, "/c/none", 1, nullptr));

    const std::vector<std::uint16_t> numbers(5, 0x0100);
    EXPECT(COS_OK, client.upload_buffer(bucket, "/c/n", libcos::bytes(numbers)));
    EXPECT(COS_OK, client.upload_buffer(bucket, "/c/empty", {}));
    EXPECT(COS_OK, client.download_buffer(bucket, "/c/n", moved));
    CHECK(moved.view() == libcos::bytes(numbers.data(), 10));
    CHECK(std::vector<std::uint8_t>(moved.begin(), moved.end()).size() == 10);
    const std::uint8_t array[] = {0, 1, 0};
    CHECK(libcos::bytes(array) == "\0\1\0"sv && libcos::bytes("text"s) == "text");
#if __cplusplus >= 202002L
    const std::span<const std::uint8_t> span(moved);
    CHECK(span.size() == 10 && libcos::bytes(span.subspan(2)) == moved.view().substr(2));
#endif

    // A path is a path however it is written; the directory's name was given in UTF-8.
    const auto place = std::filesystem::u8path(directory) / std::filesystem::u8path("本地");
    EXPECT(COS_OK, client.upload_file(bucket, "/c/path", place));
    EXPECT(COS_OK, client.download_file(bucket, "/c/path", place.parent_path() / "path"));
    CHECK(read_file(directory + "/path") == bytes);

    // The directory has `tree/a` and `tree/sub/b`.
    const auto up = client.upload_folder(bucket, "/t/", directory + "/tree");
    CHECK(up.integer("/data/uploaded") == 2);
    const auto down = DownloadOptions().overwrite(true).verify_sha1(true).resume(true);
    const auto tree = client.download_folder(bucket, "/t/", directory + "/copy", down);
    CHECK(tree.integer("/data/downloaded") == 2 && read_file(directory + "/copy/sub/b") == "b");
}

void settings(const std::string &host)
{
    const Client client = client_of(host);
    EXPECT(COS_ERR_PARAM, client.set_config(ClientOptions().retries(11)));
    const auto all = emulator(host)
                         .region("gz")
                         .timeout_ms(60000)
                         .connect_timeout_ms(1000)
                         .sign_expired(60)
                         .retries(1)
                         .user_agent("cpp/1")
                         .max_idle_connections(1);
    EXPECT(COS_OK, client.set_config(all));
    EXPECT(COS_OK, client.set_config(ClientOptions().proxy("http://127.0.0.1:1")));
    EXPECT(COS_ERR_CONNECT, client.stat_folder(bucket, "/", CallOptions().retries(0)));
    EXPECT(COS_OK, client.set_config(Raw{R"({"proxy": null})"}));
    EXPECT(COS_OK, client.stat_folder(bucket, "/"));
    CHECK(client.set_config(ClientOptions().ca_file("/none")).text("/error/argument") == "ca_file");
    EXPECT(COS_OK, client.set_credentials("1250000000", "EXAMPLE_SECRET_ID", "wrong"));
    EXPECT(COS_ERR_SIGN_INVALID, client.stat_folder(bucket, "/"));

    only("v4", client.sign_more(bucket, "/a", 60));
    only("v4", client.sign_once(bucket, "/a"));
    for (const auto &signed_url :
         {client.sign_download(bucket, "/你", 60), client.sign_url("GET", bucket, "/你", 60)}) {
        const auto url = EXPECT(COS_OK, signed_url).text("/data/url").value_or("");
        CHECK(url.find(is_v5 ? "/%E4%BD%A0?q-sign" : "/%E4%BD%A0?sign=") != std::string::npos);
    }
    EXPECT(COS_ERR_PARAM, client.sign_download(bucket, "/a", 0));
    const auto picture = SignOptions().headers({{"Content-Type", "image/png"}}).params({});
    const auto put = client.sign_url("PUT", bucket, "/a", 60, picture);
    only("v5", put, "method");
    CHECK(!put || put.text("/data/headers/Content-Type") == "image/png");

    const Client xml("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY",
                     ClientOptions().api("v5").token("t+k").hostname("localhost:1"));
    const auto presigned = xml.sign_download(bucket, "/a", 60).text("/data/url").value_or("");
    CHECK(presigned.find("&x-cos-security-token=t%2Bk") != std::string::npos);
}

void requests(const Client &client)
{
    const auto temporary = client.set_temporary_credentials("1250000000", "TEMPORARY_ID",
                                                            "TEMPORARY_KEY", "TEMPORARY_TOKEN");
    only("v5", temporary, "token");
    EXPECT(COS_OK, client.stat_folder(bucket, "/"));
    EXPECT(COS_OK, client.set_credentials("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY"));

    const auto buckets = client.list_buckets(CallOptions().retries(1));
    only("v5", buckets);
    CHECK(!buckets || buckets.text("/data/buckets/0/name") == bucket);
    const Fields kind = {{"Content-Type", "text/plain"}};
    only("v5", client.request("PUT", bucket, "/q", {}, kind, "text"));
    const auto asked = client.request("GET", bucket, "/q", {{"response-expires", "1"}});
    only("v5", asked);
    CHECK(!asked || asked.text("/data/body") == "text");
    const auto account = client.request("GET", std::nullopt);
    only("v5", account);
    CHECK(!account || account.integer("/data/status") == 200);
}

void refusals(const std::string &host)
{
    const auto where = emulator(host);
    const auto refused = [](const Result &result, const std::string &argument) {
        EXPECT(COS_ERR_PARAM, result);
        CHECK(result.text("/error/argument") == argument);
    };
    const std::string nul = "a\0b"s, path = "/a\0b"s;
    refused(Client(nul, "i", "k", where).created(), "appid");
    refused(Client("1", nul, "k", where).created(), "secret_id");
    refused(Client("1", "i", nul, where).created(), "secret_key");
    refused(Client("1", "i", "k", "sh\0"s, where).created(), "region");
    refused(Client("1", "i", "k", "sh", ClientOptions().region("gz")).created(), "region");
    CHECK(static_cast<bool>(Client("1", "i", "k", ClientOptions().region("ap-shanghai"))));
    refused(Client("1", "i", "k", "sh", Raw{"{}\0"s}).created(), "options");
    refused(Client("1", "i", "k", "sh", Raw{""}).created(), "options");
    CHECK(static_cast<bool>(Client("1", "i", "k", "sh")));

    // A client that could not be made says why, whatever it is asked to do.
    const Client none("", "i", "k", where);
    CHECK(!none && !none.with_transfer({}));
    refused(none.stat_file(bucket, "/a"), "appid");
    CHECK(none.set_log(COS_LOG_REQUESTS, nullptr) == COS_ERR_PARAM);

    Client client = client_of(host);
    refused(client.stat_file(nul, "/a"), "bucket");
    refused(client.stat_file(bucket, path), "cos_path");
    refused(client.move_file(bucket, "/a", path), "dest_path");
    refused(client.upload_file(bucket, "/a", nul), "local_path");
    refused(client.upload_file(bucket, "/a", "/none/none"), "local_path");
    refused(client.upload_buffer(bucket, "/a", "", UploadOptions().concurrency(-1)), "concurrency");
    for (const char *bad : {"", "{", "[]", "}", " }", "1", "{\"a\": \"}"})
        refused(client.stat_file(bucket, "/a", StatOptions(Raw{bad}).retries(1)), "options");
    refused(client.set_credentials("1", "i", nul), "secret_key");
    refused(client.set_temporary_credentials("1", "i", "k", nul), "token");
    refused(client.sign_url(nul, bucket, "/a", 60), "method");
    refused(client.request("GET", nul), "bucket");

    // Handles that were moved away.
    Client moved = std::move(client);
    EXPECT(COS_OK, moved.stat_folder(bucket, "/"));
    CHECK(!client);  // NOLINT
    refused(client.stat_folder(bucket, "/"), "client");
    CHECK(client.set_log(COS_LOG_OFF, nullptr) == COS_ERR_PARAM);
    client = std::move(moved);
    EXPECT(COS_OK, client.stat_folder(bucket, "/"));

    int told = 0;
    Transfer transfer([&](std::uint64_t, std::uint64_t) { return ++told, true; });
    Transfer follower = std::move(transfer);
    EXPECT(COS_OK, client.upload_buffer(bucket, "/r/a", "text", {}, follower));
    CHECK(told > 0 && follower.progress() == std::make_pair(std::uint64_t{4}, std::uint64_t{4}));
    CHECK(follower.travelled() == 4);
    transfer.on_progress(nullptr);  // NOLINT
    transfer.cancel();
    CHECK(transfer.progress().second == 0 && transfer.travelled() == 0);
    EXPECT(COS_OK, client.upload_buffer(bucket, "/r/b", "text", {}, transfer));
}

void transfers(const Client &client)
{
    const std::string bytes = content(9 << 20);
    const auto upload = [&](const Transfer &transfer) {
        return client.upload_buffer(bucket, "/large", bytes, {}, transfer);
    };
    EXPECT(COS_ERR_CANCELLED, upload([](std::uint64_t, std::uint64_t) { return false; }));

    Transfer transfer;
    transfer.on_progress([&](std::uint64_t, std::uint64_t) {
        transfer.on_progress(nullptr);  // itself, while it runs
        std::thread([&] { transfer.cancel(); }).join();
        return true;
    });
    EXPECT(COS_ERR_CANCELLED, upload(transfer));
    EXPECT(COS_ERR_CANCELLED, upload(transfer));

    const Transfer other;
    const Client stopped = client.with_transfer(other);
    EXPECT(COS_OK, stopped.created());
    EXPECT(COS_OK, stopped.list_folder(bucket, "/"));
    other.cancel();
    EXPECT(COS_ERR_CANCELLED, stopped.list_folder(bucket, "/"));
    EXPECT(COS_ERR_CANCELLED, stopped.del_folder(bucket, "/t/", DeleteOptions().recursive(true)));
    EXPECT(COS_OK, client.list_folder(bucket, "/"));

#ifdef __cpp_exceptions
    EXPECT(COS_OK, client.stat_folder(bucket, "/").value());
    const Result kept = client.list_folder(bucket, "/").value();
    CHECK(&kept.value() == &kept && kept.length("/data/infos"));
    EXPECT(COS_OK, client.create_folder(bucket, "/full/"));
    put(client, "/full/a", "x");
    try {
        client.del_folder(bucket, "/full/").value();
        CHECK(false);
    } catch (const std::exception &exception) {
        const Error copy = dynamic_cast<const Error &>(exception);
        const Result &failed = copy.result();
        EXPECT(COS_ERR_FOLDER_NOT_EMPTY, failed);
        CHECK(copy.code() == COS_ERR_FOLDER_NOT_EMPTY && !failed.retryable());
        CHECK(copy.what() == "COS_ERR_FOLDER_NOT_EMPTY (-173): " + failed.message() + "; " +
                                 failed.hint().value());
    }
    const auto none = client.stat_file(bucket, "/none");
    CHECK(none.server_code() == (is_v5 ? std::optional("NoSuchKey"s) : std::nullopt));
    CHECK(none.request_id() && !none.hint());

    const auto thrown_by = [](auto call) {
        try {
            const Result result = call();
            return "none, but " + result.json();
        } catch (const std::runtime_error &error) {
            return std::string(error.what());
        }
    };
    int told = 0;
    CHECK(thrown_by([&] {
              return upload([&](std::uint64_t, std::uint64_t) -> bool {
                  throw std::runtime_error("progress " + std::to_string(++told));
              });
          }) == "progress 1");
    EXPECT(COS_ERR_NOT_FOUND, client.stat_file(bucket, "/large"));
    CHECK(thrown_by([&] {
              return client.upload_stream(bucket, "/large", 9, [](char *, std::size_t) -> int {
                  throw std::runtime_error("read");
              });
          }) == "read");
    EXPECT(COS_OK, upload({}));
    CHECK(thrown_by([&] {
              return client.download_stream(bucket, "/large", [](std::string_view) -> bool {
                  throw std::runtime_error("write");
              });
          }) == "write");

    // A log function that throws changes nothing, also where another callback has thrown before.
    int lines = 0;
    bool is_within = false;
    const auto throwing = [&](auto, auto) {
        if (is_within)
            return;
        if (++lines == 1)
            throw 5;
        is_within = true;
        const auto inner = thrown_by([&] {
            const auto write = [](auto) -> bool { throw std::runtime_error("inner"); };
            return client.download_stream(bucket, "/large", write);
        });
        is_within = false;
        throw std::runtime_error("after " + inner);
    };
    CHECK(client.set_log(COS_LOG_REQUESTS, throwing) == COS_OK);
    Buffer buffer;
    EXPECT(COS_OK, client.download_buffer(bucket, "/large", buffer));
    EXPECT(COS_OK, client.stat_folder(bucket, "/"));
    CHECK(lines > 1);
    const int before = lines;
    CHECK(thrown_by([&] {
              return client.download_stream(bucket, "/large", [](std::string_view) -> bool {
                  throw std::runtime_error("write");
              });
          }) == "write");
    CHECK(lines > before);

    // A call within a callback has exceptions of its own.
    CHECK(client.set_log(COS_LOG_OFF, nullptr) == COS_OK);
    CHECK(thrown_by([&] {
              return upload([&](std::uint64_t, std::uint64_t) -> bool {
                  CHECK(client.stat_folder(bucket, "/").code() == COS_OK);
                  const auto write = [](auto) -> bool { throw std::runtime_error("inner"); };
                  return !client.download_stream(bucket, "/large", write);
              });
          }) == "inner");
#endif
    EXPECT(COS_OK, client.stat_file(bucket, "/r/a"));
    EXPECT(COS_OK, client.del_folder(bucket, "/r/", DeleteOptions().recursive(true)));
}

void logs(const Client &client)
{
    std::vector<std::string> lines;
    const auto keep = [&](cos_log_level, std::string_view line) { lines.emplace_back(line); };
    CHECK(client.set_log(COS_LOG_FAILURES, keep) == COS_OK);
    EXPECT(COS_OK, client.stat_folder(bucket, "/"));
    CHECK(lines.empty());
    EXPECT(COS_ERR_NOT_FOUND, client.stat_file(bucket, "/none"));
    CHECK(!lines.empty() && lines[0].find("op=stat") != std::string::npos);
    CHECK(client.set_log(COS_LOG_REQUESTS, keep) == COS_OK);
    EXPECT(COS_OK, client.upload_buffer(bucket, "/l", "text", UploadOptions().insert_only(false)));
    Buffer buffer;
    EXPECT(COS_OK, client.download_buffer(bucket, "/l", buffer));
    CHECK(lines.size() >= 3);
    for (const auto &line : lines)
        for (const char *secret : {"EXAMPLE_SECRET", "sign=", "signature", "Authorization"})
            CHECK(line.find(secret) == std::string::npos);
    CHECK(client.set_log(static_cast<cos_log_level>(3), nullptr) == COS_ERR_PARAM);
    CHECK(client.set_log(COS_LOG_OFF, nullptr) == COS_OK);
}

// The log is replaced under them all the while; a function that is gone would not go unnoticed.
void threads(const Client &client)
{
    constexpr int count = 8, calls = 10;
    std::atomic<int> done{0}, lines{0};
    std::vector<std::thread> others;
    CHECK(client.set_log(COS_LOG_REQUESTS, [&](auto, auto) { ++lines; }) == COS_OK);
    for (int i = 0; i < count; ++i)
        others.emplace_back([&client, &done, path = "/threads/" + std::to_string(i)] {
            for (int n = 0; n < calls; ++n) {
                const auto text = path + " " + std::to_string(n);
                const auto replace = UploadOptions().insert_only(false);
                Buffer buffer;
                EXPECT(COS_OK, client.upload_buffer(bucket, path, text, replace));
                EXPECT(COS_OK, client.download_buffer(bucket, path, buffer));
                CHECK(buffer.view() == text);
            }
            ++done;
        });
    while (done < count) {
        const auto counter = std::make_shared<std::atomic<int> *>(&lines);
        CHECK(client.set_log(COS_LOG_REQUESTS, [counter](auto, auto) { ++**counter; }) == COS_OK);
        std::this_thread::yield();
    }
    for (auto &other : others)
        other.join();
    const int requests = api() == "v5" ? 2 : 3;  // upload, download, and stat beside it
    CHECK(lines == count * calls * requests);
    CHECK(client.set_log(COS_LOG_OFF, nullptr) == COS_OK);
}

void everything(const std::string &host, const std::string &directory)
{
    values();
    builders();
    const Client client = client_of(host);
    CHECK(code_in_another_file(client) == COS_OK);
    files(client);
    folders(client);
    contents(client, directory);
    requests(client);
    settings(host);
    refusals(host);
    transfers(client);
    logs(client);
    threads(client);
}

}  // namespace

int main(int argc, char **argv)
{
    if (argc != 3)
        return EXIT_FAILURE;
    // What a thread keeps for itself is freed when it ends, and the main thread never does.
    std::thread(everything, argv[1], argv[2]).join();
    return EXIT_SUCCESS;
}
