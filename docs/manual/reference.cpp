// The examples of the reference for C++, as in reference.c: reference HOST.

#include <cos.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>

using namespace libcos;

static void done(const Result &result)
{
    if (result)
        return;
    std::cerr << result.name() << ": " << result.message() << "\n";
    std::exit(1);
}

static void versions()
{
    // cos_version
    std::cout << "libcos " << version() << "\n";
    // end

    // cos_abi_version
    if (abi_version() != COS_ABI_VERSION)
        std::cerr << "compile this program anew\n";
    // end

    // cos_code_name
    std::cout << code_name(-197) << "\n"; // COS_ERR_NOT_FOUND
    // end
}

static void reading()
{
    const std::string json = R"({"data": {"infos": [{"name": "a.txt", "filesize": "5"}]}})";

    // cos_json_string
    if (auto name = json_string(json, "/data/infos/0/name"))
        std::cout << *name << "\n";
    // end

    // cos_json_int
    if (auto size = json_int(json, "/data/infos/0/filesize"))
        std::cout << *size << " bytes\n";
    // end

    // cos_json_length
    std::cout << json_length(json, "/data/infos").value_or(0) << " entries\n";
    // end

    // cos_json_each
    json_each(json, "/data/infos", [](const std::string &, const std::string &entry) {
        std::cout << json_string(entry, "/name").value_or("") << "\n";
        return true;
    });
    // end

    // cos_json_quote
    std::string options = "{\"biz_attr\": " + json_quote("a \"quoted\" word").value() + "}";
    // end
    std::cout << options << "\n";
}

static void uploads(const Client &client)
{
    // cos_upload_file
    done(client.upload_file("mybucket", "/docs/a.txt", "a.txt",
                            UploadOptions().insert_only(false)));
    // end

    // cos_upload_buffer
    done(client.upload_buffer("mybucket", "/docs/hello.txt", "hello",
                              UploadOptions().content_type("text/plain")));
    // end

    // cos_upload_stream
    std::istringstream lines("line 1\nline 2\n");
    done(client.upload_stream("mybucket", "/docs/lines.txt", -1, lines));
    // end

    // cos_upload_folder
    Result tree = client.upload_folder("mybucket", "/photos/", "photos",
                                       UploadOptions().concurrency(8));
    std::cout << tree.integer("/data/failed").value_or(0) << " failed\n";
    // end
    done(tree);
}

static void files(const Client &client)
{
    // cos_stat_file
    Result about = client.stat_file("mybucket", "/docs/a.txt");
    if (about.code() == COS_ERR_NOT_FOUND)
        std::cout << "no such file\n";
    else if (about)
        std::cout << about.integer("/data/filesize").value_or(0) << " bytes\n";
    // end
    done(about);

    // cos_update_file
    done(client.update_file("mybucket", "/docs/a.txt",
                            UpdateOptions().cache_control("max-age=3600").meta("by", "me")));
    // end

    // cos_copy_file
    done(client.copy_file("mybucket", "/docs/a.txt", "/docs/b.txt",
                          MoveOptions().overwrite(true)));
    // end

    // cos_move_file
    done(client.move_file("mybucket", "/docs/b.txt", "/archive/b.txt"));
    // end

    // cos_del_file
    done(client.del_file("mybucket", "/archive/b.txt"));
    // end

    // cos_del_files
    done(client.del_files("mybucket", {"/archive/c", "/archive/d"}));
    // end
}

static void folders(const Client &client)
{
    // cos_create_folder
    Result created = client.create_folder("mybucket", "/new/");
    if (created.code() == COS_ERR_FOLDER_EXISTS)
        std::cout << "it is there already\n";
    // end
    done(created);

    // cos_update_folder
    done(client.update_folder("mybucket", "/new/", FolderOptions().biz_attr("mine")));
    // end

    // cos_stat_folder
    Result about = client.stat_folder("mybucket", "/new/");
    std::cout << about.text("/data/biz_attr").value_or("") << "\n";
    // end
    done(about);

    // cos_list_folder
    Result list = client.list_folder("mybucket", "/docs/", ListOptions().all(true));
    list.each("/data/infos", [](const std::string &, const std::string &entry) {
        std::cout << json_string(entry, "/name").value_or("") << "\n";
        return true;
    });
    // end
    done(list);

    // cos_del_folder
    done(client.del_folder("mybucket", "/new/", DeleteOptions().recursive(true)));
    // end

    // cos_list_buckets
    Result buckets = client.list_buckets();
    buckets.each("/data/buckets", [](const std::string &, const std::string &bucket) {
        std::cout << json_string(bucket, "/name").value_or("") << "\n";
        return true;
    });
    // end
    done(buckets);
}

static void downloads(const Client &client)
{
    // cos_download_file
    done(client.download_file("mybucket", "/docs/a.txt", "copy.txt"));
    // end

    // cos_download_buffer
    Buffer content;
    done(client.download_buffer("mybucket", "/docs/a.txt", content));
    std::cout << content.view();
    // end

    // cos_download_stream
    done(client.download_stream("mybucket", "/docs/a.txt", [](std::string_view bytes) {
        return bool(std::cout << bytes);
    }));
    // end

    // cos_download_folder
    Result tree = client.download_folder("mybucket", "/photos/", "photos");
    std::cout << tree.integer("/data/downloaded").value_or(0) << " downloaded\n";
    // end
    done(tree);
}

static void signing(const Client &client)
{
    // cos_sign_url
    Result signed_url = client.sign_url("PUT", "mybucket", "/photos/cat.png", 600,
                                        SignOptions().headers({{"Content-Type", "image/png"}}));
    std::cout << signed_url.text("/data/url").value_or("") << "\n";
    // end
    done(signed_url);

    // cos_sign_download
    Result link = client.sign_download("mybucket", "/docs/a.txt", 600);
    std::cout << link.text("/data/url").value_or("") << "\n";
    // end
    done(link);
}

static void json_api(const Client &client)
{
    // cos_sign_more
    Result many = client.sign_more("mybucket", "/docs/", 3600);
    std::cout << "Authorization: " << many.text("/data/sign").value_or("") << "\n";
    // end
    done(many);

    // cos_sign_once
    Result once = client.sign_once("mybucket", "/docs/old.txt");
    std::cout << "Authorization: " << once.text("/data/sign").value_or("") << "\n";
    // end
    done(once);
}

static void any_request(const Client &client)
{
    // cos_request
    done(client.request("PUT", "mybucket", "/docs/a.txt", {{"tagging", ""}},
                        {{"Content-Type", "application/xml"}},
                        "<Tagging><TagSet><Tag><Key>year</Key><Value>2024</Value></Tag>"
                        "</TagSet></Tagging>"));
    // end
}

static void transfers(const Client &client)
{
    // cos_transfer_new
    Transfer transfer;
    done(client.upload_file("mybucket", "/docs/c.txt", "a.txt", {}, transfer));
    // end

    // cos_transfer_on_progress
    transfer.on_progress([](std::uint64_t done, std::uint64_t total) {
        std::cerr << done << " of " << total << "\n";
        return true; // false stops the call
    });
    // end

    // cos_transfer_progress
    auto [bytes, total] = transfer.progress();
    std::cout << bytes << " of " << total << " bytes\n";
    // end

    // cos_transfer_travelled
    std::cout << transfer.travelled() << " bytes have travelled\n";
    // end

    // cos_client_with_transfer
    Client stoppable = client.with_transfer(transfer);
    done(stoppable.list_folder("mybucket", "/", ListOptions().all(true)));
    // end

    // cos_transfer_cancel
    transfer.cancel(); // from any thread
    Result stopped = client.upload_file("mybucket", "/docs/d.txt", "a.txt", {}, transfer);
    if (stopped.code() == COS_ERR_CANCELLED)
        std::cout << "stopped\n";
    // end
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    versions();
    reading();

    // cos_client_new
    Client client("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", "ap-shanghai",
                  ClientOptions().retries(5));
    done(client.created());
    // end
    done(client.set_config(ClientOptions().scheme("http").hostname(argv[1])));

    // cos_client_set_config
    done(client.set_config(ClientOptions().timeout_ms(60000)));
    done(client.set_config(Raw{R"({"proxy": null})"}));
    // end

    // cos_client_set_temporary_credentials
    done(client.set_temporary_credentials("1250000000", "TEMPORARY_ID", "TEMPORARY_KEY",
                                          "TOKEN"));
    // end

    // cos_client_set_credentials
    done(client.set_credentials("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY"));
    // end

    // cos_client_set_log
    client.set_log(COS_LOG_FAILURES, [](cos_log_level, std::string_view line) {
        std::cerr << line << "\n";
    });
    // end
    uploads(client);
    files(client);
    folders(client);
    downloads(client);
    signing(client);
    any_request(client);
    transfers(client);
    Client old("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", "sh",
               ClientOptions().scheme("http").hostname(argv[1]).download_hostname(argv[1]));
    done(old.created());
    json_api(old);
}
