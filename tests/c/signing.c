/* Signatures handed to others: used with nothing but a socket.
 *
 *     signing HOST:PORT */
#define _POSIX_C_SOURCE 200809L

#include "check.h"

#include <time.h>

#ifdef _WIN32
#include <winsock2.h>
#define close closesocket
#define sleep(seconds) Sleep(1000 * (seconds))
typedef SOCKET socket_handle;
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
typedef int socket_handle;
#endif

#define CONTROL "/files/v2/" APPID "/" BUCKET

static int port;

/* The answer to an HTTP request, head and body. */
static const char *ask(const char *method, const char *host, const char *target, const char *sign,
                       const char *json)
{
    static char answer[65536];
    char request[8192], authorization[4096] = "";
    struct sockaddr_in address;
    socket_handle connection = socket(AF_INET, SOCK_STREAM, 0);
    int len = 0, n;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(connect(connection, (struct sockaddr *)&address, sizeof address) == 0);
    if (sign)
        snprintf(authorization, sizeof authorization, "Authorization: %s\r\n", sign);
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: %s\r\n%sConnection: close\r\n"
             "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
             method, target, host, authorization, (int)strlen(json), json);
    n = (int)strlen(request);
    CHECK((int)send(connection, request, (size_t)n, 0) == n);
    while (len < (int)sizeof answer - 1
           && (n = (int)recv(connection, answer + len, sizeof answer - 1 - (size_t)len, 0)) > 0)
        len += n;
    answer[len] = '\0';
    close(connection);
    return answer;
}

static int status_of(const char *answer)
{
    CHECK(strncmp(answer, "HTTP/1.1 ", 9) == 0);
    return atoi(answer + 9);
}

/* The `code` of a JSON reply, after the empty line. */
static int64_t code_of(const char *answer)
{
    const char *body = strstr(answer, "\r\n\r\n");
    int64_t code = 1;
    CHECK(body != NULL);
    CHECK(cos_json_int(body, "/code", &code) == 0);
    return code;
}

/* GETs an absolute URL of this machine. */
static const char *get(const char *url)
{
    char host[256];
    const char *slash;
    CHECK(strncmp(url, "http://", 7) == 0);
    slash = strchr(url + 7, '/');
    CHECK(slash != NULL && slash - url - 7 < (long)sizeof host);
    memcpy(host, url + 7, (size_t)(slash - url - 7));
    host[slash - url - 7] = '\0';
    return ask("GET", host, slash, NULL, "");
}

static char *signature(void)
{
    char *sign = cos_json_string(reply, "/data/sign");
    CHECK(sign != NULL);
    return sign;
}

static void more(const cos_client *client)
{
    const char *stat = CONTROL "/given/a?op=stat", *other = CONTROL "/elsewhere?op=stat";
    char *sign;

    put(client, "/given/a", "a");
    put(client, "/elsewhere", "e");
    EXPECT(COS_OK, cos_sign_more(client, BUCKET, "/given/a", 60, &reply));
    sign = signature();
    CHECK(code_of(ask("GET", "x", stat, NULL, "")) == COS_ERR_SIGN_EMPTY);
    CHECK(code_of(ask("GET", "x", stat, sign, "")) == 0);
    CHECK(code_of(ask("GET", "x", stat, sign, "")) == 0);
    CHECK(code_of(ask("GET", "x", other, sign, "")) == COS_ERR_SIGN_PATH);
    cos_string_free(sign);

    /* A moment, not a time span; and a folder. */
    EXPECT(COS_OK, cos_sign_more(client, BUCKET, "/given/", (int64_t)time(NULL) + 60, &reply));
    sign = signature();
    CHECK(code_of(ask("GET", "x", CONTROL "/given/?op=list", sign, "")) == 0);
    cos_string_free(sign);
}

static void expiries_of_more(const cos_client *client)
{
    EXPECT(COS_OK, cos_sign_more(client, BUCKET, "/x", 7776000, &reply));
    EXPECT(COS_ERR_PARAM, cos_sign_more(client, BUCKET, "/x", 0, &reply));
    CHECK_TEXT("/error/argument", "expired");
    EXPECT(COS_ERR_PARAM, cos_sign_more(client, BUCKET, "/x", 7776001, &reply));
    EXPECT(COS_ERR_PARAM, cos_sign_more(client, BUCKET, "/x", (int64_t)time(NULL) - 1, &reply));
}

static void once(const cos_client *client)
{
    const char *file = CONTROL "/once", *delete = COS_JSON({"op": "delete"});
    char *sign;

    put(client, "/once", "x");
    EXPECT(COS_OK, cos_sign_once(client, BUCKET, "/once", &reply));
    sign = signature();
    CHECK(code_of(ask("POST", "x", file, sign, delete)) == 0);
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/once", NULL, &reply));

    put(client, "/once", "x");
    CHECK(code_of(ask("POST", "x", file, sign, delete)) == COS_ERR_SIGN_REPLAYED);
    CHECK(object_holds(client, "/once", "x"));
    cos_string_free(sign);
}

static void download(const cos_client *client)
{
    const char *path = "/deep/你好 +%41&=#.txt";
    char bare[1024], *url, *sign, *query;

    put(client, path, "what is in it");
    EXPECT(COS_OK, cos_sign_download(client, BUCKET, path, 60, &reply));
    url = cos_json_string(reply, "/data/url");
    CHECK(url != NULL);
    CHECK(status_of(get(url)) == 200);
    CHECK(strstr(get(url), "\r\n\r\nwhat is in it") != NULL);

    /* The bucket is private; the same signature is good as a header, too. */
    snprintf(bare, sizeof bare, "%s", url);
    query = strchr(bare, '?');
    CHECK(query != NULL);
    *query = '\0';
    CHECK(status_of(get(bare)) == 403);
    sign = signature();
    snprintf(bare, sizeof bare, "%s-%s.localhost:%d", BUCKET, APPID, port);
    query = strchr(url, '?');
    *query = '\0';
    CHECK(status_of(ask("GET", bare, strchr(url + 7, '/'), sign, "")) == 200);
    cos_string_free(sign);
    cos_string_free(url);
}

/* A URL for a request of another kind, and what has to be sent with it. */
static void url_for(const cos_client *client)
{
    const char *headers = COS_JSON({"headers": {"Content-Type": "application/json"}});
    char *url, host[256];

    put(client, "/url", "what is there");
    EXPECT(COS_OK, cos_sign_url(client, "GET", BUCKET, "/url", 60, NULL, &reply));
    CHECK(cos_json_length(reply, "/data/headers") == 0);
    url = cos_json_string(reply, "/data/url");
    CHECK(url != NULL);
    CHECK(strstr(get(url), "\r\n\r\nwhat is there") != NULL);
    cos_string_free(url);

    EXPECT(is_v5() ? COS_OK : COS_ERR_PARAM,
           cos_sign_url(client, "PUT", BUCKET, "/url", 60, headers, &reply));
    if (!is_v5()) {
        CHECK_TEXT("/error/argument", "method");
        return;
    }
    CHECK_TEXT("/data/headers/Content-Type", "application/json");
    url = cos_json_string(reply, "/data/url");
    CHECK(url != NULL);
    snprintf(host, sizeof host, "%s-%s.localhost:%d", BUCKET, APPID, port);
    CHECK(status_of(ask("PUT", host, strchr(url + 7, '/'), NULL, "{}")) == 200);
    CHECK(status_of(ask("DELETE", host, strchr(url + 7, '/'), NULL, "")) == 403);
    CHECK(object_holds(client, "/url", "{}"));
    cos_string_free(url);
}

/* The XML API has none that are for several requests, or for one use. */
static void none_of_those(const cos_client *client)
{
    EXPECT(COS_ERR_PARAM, cos_sign_more(client, BUCKET, "/x", 60, &reply));
    CHECK_TEXT("/error/argument", "api");
    EXPECT(COS_ERR_PARAM, cos_sign_once(client, BUCKET, "/x", &reply));
    CHECK_TEXT("/error/argument", "api");
}

static void expiries(const cos_client *client)
{
    int64_t now = (int64_t)time(NULL);
    char *url;

    put(client, "/soon", "over");
    EXPECT(COS_OK, cos_sign_download(client, BUCKET, "/soon", 1, &reply));
    url = cos_json_string(reply, "/data/url");
    CHECK(url != NULL);

    EXPECT(COS_OK, cos_sign_url(client, "GET", BUCKET, "/x", 7776000, NULL, &reply));
    EXPECT(COS_ERR_PARAM, cos_sign_url(client, "GET", BUCKET, "/x", 0, NULL, &reply));
    CHECK_TEXT("/error/argument", "expired");
    EXPECT(COS_ERR_PARAM, cos_sign_download(client, BUCKET, "/x", 7776001, &reply));
    EXPECT(COS_ERR_PARAM, cos_sign_download(client, BUCKET, "/x", now - 1, &reply));
    EXPECT(COS_ERR_PARAM, cos_sign_download(client, BUCKET, "/x", now, &reply));
    EXPECT(COS_ERR_PARAM, cos_sign_download(client, BUCKET, "/x", now + 7776000 + 60, &reply));
    EXPECT(COS_ERR_PARAM, cos_sign_download(client, BUCKET, "/x/", 60, &reply));
    CHECK_TEXT("/error/argument", "cos_path");

    sleep(2);
    CHECK(status_of(get(url)) == 403);
    cos_string_free(url);
}

int main(int argc, char **argv)
{
    cos_client *client;
#ifdef _WIN32
    WSADATA started;
    CHECK(WSAStartup(MAKEWORD(2, 2), &started) == 0);
#endif
    if (argc != 2)
        return EXIT_FAILURE;
    port = atoi(strrchr(argv[1], ':') + 1);
    client = client_of(argv[1]);
    if (is_v5()) {
        none_of_those(client);
    } else {
        more(client);
        once(client);
        expiries_of_more(client);
    }
    download(client);
    url_for(client);
    expiries(client);
    done(client);
    return EXIT_SUCCESS;
}
