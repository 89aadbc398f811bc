// What the test programs share: checks that say what failed, and a client of the emulator.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <cmath>  // its cos() and the library have to get along
#include <cos.hpp>

#include <cstdlib>
#include <iostream>

#define CHECK(condition) check(condition, __FILE__, __LINE__, #condition)
#define EXPECT(wanted, call) expect(wanted, call, __FILE__, __LINE__, #call)

inline const std::string bucket = "private-bucket";

inline void check(bool good, const char *file, int line, const std::string &what)
{
    if (!good) {
        std::cerr << file << ":" << line << ": " << what << std::endl;
        std::_Exit(EXIT_FAILURE);
    }
}

// The call must give `wanted`, and say so in its reply.
inline const libcos::Result &expect(int wanted, const libcos::Result &result, const char *file,
                                    int line, const char *what)
{
    const bool good = result.code() == wanted && result.integer("/code") == wanted;
    check(good, file, line, what + (" gave " + result.json()));
    check(static_cast<bool>(result) == (wanted == COS_OK), file, line, what);
    return result;
}

// Which API is tried: the environment's COS_API says it.
inline std::string api()
{
    const char *given = std::getenv("COS_API");
    return given ? given : "v4";
}

inline const bool is_v5 = api() == "v5";

// The options that lead to the emulator at `host`, a name with a port.
inline libcos::ClientOptions emulator(const std::string &host)
{
    return libcos::ClientOptions().scheme("http").hostname(host).download_hostname(host);
}

inline libcos::Client client_of(const std::string &host)
{
    libcos::Client client("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY",
                          emulator(host).api(api()));
    EXPECT(COS_OK, client.created());
    return client;
}

// In a file of its own, which includes the header as well.
int code_in_another_file(const libcos::Client &client);

#endif
