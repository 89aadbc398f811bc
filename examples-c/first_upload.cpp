#include <cos.hpp>
#include <stdexcept>
using namespace libcos;
bool progress(uint64_t done, uint64_t total); // returns false to cancel

Client upload(const std::string &file, const ClientOptions &at)
{
    Client client("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", at);
    Result done = client.upload_file("private-bucket", "/first/你好.txt", file,
        UploadOptions().insert_only(false), progress);
    if (!done)
        throw std::runtime_error("upload: " + done.message());
    return client;
}

// The rest lists, shares and downloads what was uploaded, and asks for what is not there.

#include <cstdlib>
#include <curl/curl.h>
#include <fstream>
#include <iostream>
#include <sstream>

bool progress(uint64_t done, uint64_t total)
{
    std::cerr << done << " of " << total << " bytes\n";
    return true;
}

const Result &must(const Result &result)
{
    if (!result)
        throw std::runtime_error(std::string(result.name()) + ": " + result.message());
    return result;
}

std::string read(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    if (!(bytes << file.rdbuf()) && file.peek() != EOF)
        throw std::runtime_error("can't read " + path);
    return bytes.str();
}

size_t append(char *data, size_t, size_t size, void *to)
{
    static_cast<std::string *>(to)->append(data, size);
    return size;
}

std::string fetch(const std::string &url)
{
    std::string bytes;
    const std::unique_ptr<CURL, void (*)(CURL *)> curl(curl_easy_init(), curl_easy_cleanup);
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &bytes);
    const CURLcode code = curl_easy_perform(curl.get());
    if (code != CURLE_OK)
        throw std::runtime_error(curl_easy_strerror(code));
    return bytes;
}

void first_upload(const std::string &file, const ClientOptions &at)
{
    const std::string bucket = "private-bucket", path = "/first/你好.txt", copy = file + ".copy";
    const Client client = upload(file, at);
    std::cout << "uploaded " << file << " to " << path << "\n";

    const Result list = must(client.list_folder(bucket, "/first/", ListOptions().all(true)));
    list.each("/data/infos", [](const std::string &, const std::string &entry) {
        std::cout << "listed " << json_string(entry, "/name").value() << "\n";
        return true;
    });

    const Result sign = must(client.sign_download(bucket, path, 60));
    const std::string bytes = read(file), fetched = fetch(sign.text("/data/url").value());
    if (fetched != bytes)
        throw std::runtime_error("the signed URL leads to other bytes");
    std::cout << "fetched " << fetched.size() << " bytes from the signed URL, the same\n";

    must(client.download_file(bucket, path, copy));
    const std::string downloaded = read(copy);
    if (downloaded != bytes)
        throw std::runtime_error("other bytes were downloaded");
    std::cout << "downloaded " << downloaded.size() << " bytes to " << copy << ", the same\n";

    const Result none = client.stat_file(bucket, "/first/no-such.txt");
    if (none.code() != COS_ERR_NOT_FOUND)
        throw std::runtime_error("a file that does not exist: " + none.json());
    std::cout << "refused: " << none.name() << " (" << none.code() << "): " << none.message()
              << "\n";
}

int main(int argc, char **argv)
try {
    if (argc < 2)
        throw std::runtime_error("usage: first_upload FILE [HOST:PORT]");
    const std::string host = argc > 2 ? argv[2] : "localhost:9000";
    const char *api = std::getenv("COS_API");
    ClientOptions at;
    at.api(api ? api : "v4").scheme("http").hostname(host).download_hostname(host);
    first_upload(argv[1], at);
    curl_global_cleanup();
    return 0;
} catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 1;
}
