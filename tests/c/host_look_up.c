/* The system's resolver does not answer; the calls that wait for it end all the same.
 *
 *     host_look_up HOST:PORT
 *
 * The resolver is this program's own: the library finds its getaddrinfo() before that of libc. */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int asked, answering;

/* Knows one address, and says nothing about silent.test before it is told to. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    struct addrinfo *info;
    struct sockaddr_in *address;
    (void)service;
    (void)hints;
    if (strcmp(name, "silent.test") == 0) {
        pthread_mutex_lock(&lock);
        asked++;
        pthread_cond_broadcast(&changed);
        while (!answering)
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        return EAI_NONAME;
    }
    if (strcmp(name, "good.test") != 0)
        return EAI_NONAME;
    info = calloc(1, sizeof *info + sizeof *address);
    CHECK(info != NULL);
    address = (struct sockaddr_in *)(info + 1);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    info->ai_family = AF_INET;
    info->ai_socktype = SOCK_STREAM;
    info->ai_addrlen = sizeof *address;
    info->ai_addr = (struct sockaddr *)address;
    *found = info;
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    free(info);
}

static cos_client *client_at(const char *host, const char *port, const char *more)
{
    char options[256];
    cos_client *client;
    snprintf(options, sizeof options,
             "{\"scheme\": \"http\", \"hostname\": \"%s:%s\", \"download_hostname\": \"%s:%s\","
             " \"retries\": 0%s}",
             host, port, host, port, more);
    EXPECT(COS_OK, cos_client_new(APPID, SECRET_ID, SECRET_KEY, NULL, options, &client, &reply));
    return client;
}

static void *cancel_when_asked(void *transfer)
{
    pthread_mutex_lock(&lock);
    while (asked == 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    cos_transfer_cancel(transfer);
    return NULL;
}

int main(int argc, char **argv)
{
    const char *port = argc == 2 ? strrchr(argv[1], ':') : NULL;
    cos_client *client;
    cos_transfer *transfer = cos_transfer_new();
    pthread_t canceller;
    CHECK(port != NULL);
    port++;

    client = client_at("good.test", port, "");
    EXPECT(COS_ERR_NOT_FOUND, cos_stat_file(client, BUCKET, "/none", NULL, &reply));
    cos_client_free(client);

    /* A cancelled call, and one that is out of time. */
    client = client_at("silent.test", port, "");
    CHECK(pthread_create(&canceller, NULL, cancel_when_asked, transfer) == 0);
    EXPECT(COS_ERR_CANCELLED,
           cos_upload_buffer(client, BUCKET, "/a", (const uint8_t *)"x", 1, NULL, transfer, &reply));
    CHECK(pthread_join(canceller, NULL) == 0);
    cos_client_free(client);
    client = client_at("silent.test", port, ", \"connect_timeout_ms\": 200");
    EXPECT(COS_ERR_CONNECT, cos_stat_file(client, BUCKET, "/a", NULL, &reply));
    CHECK_TEXT("/error/phase", "resolve");
    CHECK(strstr(reply, "silent.test") != NULL);
    cos_client_free(client);

    /* Both look-ups have been left behind. They end with the resolver's answer. */
    expect_threads(3);
    pthread_mutex_lock(&lock);
    CHECK(asked == 2);
    answering = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    expect_threads(1);
    cos_transfer_free(transfer);
    cos_string_free(reply);
    return EXIT_SUCCESS;
}
