/* The functions of cos.h, from a library that is chosen when the program runs. */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <cos.h>

/* Those that an interpreter needs: it reads JSON itself, and asks for progress. */
#define FUNCTIONS(F) \
    F(abi_version) F(version) F(code_name) F(string_free) F(buffer_free) \
    F(client_new) F(client_with_transfer) F(client_free) F(client_set_config) F(client_set_credentials) \
    F(client_set_temporary_credentials) F(client_set_log) \
    F(sign_more) F(sign_once) F(sign_download) F(sign_url) \
    F(transfer_new) F(transfer_free) F(transfer_cancel) F(transfer_progress) \
    F(stat_file) F(update_file) F(del_file) F(del_files) F(move_file) F(copy_file) \
    F(create_folder) F(stat_folder) F(update_folder) F(list_folder) F(del_folder) \
    F(upload_file) F(upload_buffer) F(upload_stream) F(upload_folder) \
    F(download_file) F(download_buffer) F(download_stream) F(download_folder) \
    F(list_buckets) F(request)

struct functions {
#define MEMBER(name) __typeof__(&cos_##name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

/* Filled by open_library. It stays loaded: a call may outlive whoever made it. */
extern struct functions lib;

/* Loads the library, if none is loaded. Returns 0, or -1 and a reason. */
int open_library(const char *path, char *reason, size_t size);

#endif
