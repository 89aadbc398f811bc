---@meta cos
-- The types of the module, for lua-language-server: put this directory into `workspace.library`.
-- cos.h describes each call, option and code in full.

---@class cos
---@field codes table<string, integer> The codes by their names: `cos.codes.COS_ERR_NOT_FOUND`.
---@field levels cos.Levels What `set_log` takes.
---@field null lightuserdata JSON's null: in `set_config` it takes an option back to its default.
local cos = {}

---@class cos.Levels
---@field COS_LOG_OFF integer
---@field COS_LOG_FAILURES integer
---@field COS_LOG_REQUESTS integer

--- What the service answered.
---@class cos.Reply
---@field code integer
---@field message string
---@field request_id? string
---@field data? table<string, any> What was asked for.
---@field transfer? table<string, any> What is known of an upload or download: bytes, sent_bytes, seconds.
---@field error? table<string, any>

--- Why a call failed. `tostring` gives its name, code, message and hint.
---@class cos.Error
---@field code integer One of `cos.codes`, or another number of the server's.
---@field name string Such as "COS_ERR_NOT_FOUND"; "COS_ERR_SERVER" for a number without a name.
---@field kind string The code that it is a kind of, such as "COS_ERR_ACCESS_DENIED"; otherwise the same as `name`.
---@field message string What happened, in words that may change.
---@field hint? string What usually helps.
---@field retryable? boolean Whether the same call may succeed later.
---@field deadline_exceeded? boolean Whether `deadline_ms` has stopped the call.
---@field origin? "library"|"server" Whose code it is.
---@field phase? string "argument", "local_file", "resolve", "connect", "tls", "send", "receive", "server".
---@field argument? string The argument or option that was refused.
---@field errno? string Why the system refuses a local file, such as "ENOENT" or "ENOSPC".
---@field http_status? integer
---@field attempts? integer How often the request was tried.
---@field server_code? string The word by which the XML API refused, such as "NoSuchKey".
---@field request_id? string What the service's support asks for.
---@field reply? cos.Reply

--- A file or folder of a list.
---@class cos.Entry
---@field path string The whole path in the bucket; that of a folder ends with "/".
---@field name string The path from the folder that was listed.
---@field is_folder boolean
---@field size? integer In bytes; nil for a folder.
---@field mtime? integer When it was changed last, in UNIX seconds.
---@field info table<string, any> What the service told, such as `etag` or `sha`.

--- A file that could not be deleted.
---@class cos.Failure
---@field path string
---@field code integer
---@field message string
---@field server_code? string The word by which the XML API has refused.

--- Options that can be changed later.
---@class cos.ConfigOptions
---@field region? string "ap-shanghai" and the like for the XML API, "sh" and the like for the JSON API.
---@field token? string What came with temporary keys, for the XML API.
---@field scheme? "https"|"http"
---@field hostname? string `host[:port]` of requests, in place of the region's.
---@field download_hostname? string `host[:port]` of downloads.
---@field timeout_ms? integer A request without progress for so long fails (300000).
---@field connect_timeout_ms? integer (10000)
---@field sign_expired? integer Seconds that the signature of a request is valid (300).
---@field retries? integer How often a failed request is repeated, 0 to 10 (3).
---@field ca_file? string A PEM file with certificates to trust besides the bundled ones.
---@field proxy? string `http://[user:password@]host:port`
---@field user_agent? string
---@field max_idle_connections? integer Connections that are kept open between calls, 0 to 1024 (32).

---@class cos.ClientOptions: cos.ConfigOptions
---@field api? "v4"|"v5" Where it is not given the region tells.

---@class cos.EnvOptions: cos.ClientOptions
---@field config? string The configuration file.
---@field profile? string A section of it, in place of COS_PROFILE. What stands in it wins over the environment.

--- Of every call that waits for the service.
---@class cos.CallOptions
---@field timeout_ms? integer In place of the client's.
---@field retries? integer In place of the client's.
---@field deadline_ms? number The call is stopped after so long.
---@field transfer? cos.Transfer Stops the call, and tells how far an upload or download has come.

---@class cos.Headers: cos.CallOptions
---@field biz_attr? string Text that the program stores with the file.
---@field authority? "eInvalid"|"eWRPrivate"|"eWPrivateRPublic"
---@field cache_control? string
---@field content_type? string
---@field content_language? string
---@field content_disposition? string
---@field content_encoding? string
---@field [string] any Headers of the program's own: `["x-cos-meta-of"] = "me"`.

---@class cos.UpdateFileOptions: cos.Headers
---@field forbid? 0|1|2 JSON API: 1 forbids access, 2 forbids writing.
---@field clear_headers? boolean Removes all of these headers.

---@class cos.UploadOptions: cos.Headers
---@field insert_only? boolean False replaces a file that is there (true).
---@field slice_threshold? integer Bytes from which a file is sliced.
---@field slice_size? integer Bytes a slice.
---@field concurrency? integer Slices under way at a time, 1 to 64 (4).
---@field verify_sha1? boolean (true)
---@field resume? boolean Continue an unfinished upload (true).
---@field storage_class? string XML API.
---@field tagging? string XML API.
---@field traffic_limit? integer XML API: bits a second.
---@field content_md5? boolean XML API.
---@field progress? fun(done: integer, total: integer): boolean? Is told the bytes; false stops.

---@class cos.DownloadOptions: cos.CallOptions
---@field range_start? integer The first byte that is wanted, from 0.
---@field range_end? integer The last one.
---@field concurrency? integer Ranges under way at a time, 1 to 64 (4).
---@field verify_sha1? boolean (true)
---@field traffic_limit? integer XML API: bits a second.
---@field progress? fun(done: integer, total: integer): boolean? Is told the bytes; false stops.

---@class cos.DownloadFileOptions: cos.DownloadOptions
---@field overwrite? boolean False never replaces a local file (true).
---@field resume? boolean Continue a download that was broken off (true).
---@field listed? table What a list has shown of the file: nothing is fetched if the local file has that content.
---@field fetch? boolean With `listed`, false only compares (true).

---@class cos.ListOptions: cos.CallOptions
---@field num? integer Entries a page, 1 to 1000 (199).
---@field prefix? string Only names that begin so.
---@field delimiter? string

---@class cos.ListFolderOptions: cos.ListOptions
---@field context? string Where to go on: `data.context` of the page before.
---@field all? boolean All entries in one reply.
---@field recursive? boolean XML API: the files of all folders below.
---@field folders? boolean With `recursive`: also the folders that were created.

---@class cos.EachOptions: cos.ListOptions
---@field recursive? boolean The files in the folder and in all below it.

---@class cos.FolderOptions: cos.CallOptions
---@field biz_attr? string Text that the program stores with the folder.

---@class cos.DelFolderOptions: cos.CallOptions
---@field recursive? boolean Deletes everything below it as well.
---@field concurrency? integer Deletions under way at a time, 1 to 64 (4).

---@class cos.StatFileOptions: cos.CallOptions
---@field with_authority? boolean Asks who may read the file, with the XML API by a request of its own (true).

---@class cos.DelFileOptions: cos.CallOptions
---@field if_match? string Deletes only a file whose content has this SHA-1, CRC-64 or ETag.

---@class cos.DeleteFilesOptions: cos.CallOptions
---@field concurrency? integer JSON API: deletions under way at a time, 1 to 64 (4).

---@class cos.CopyFileOptions: cos.CallOptions
---@field overwrite? boolean Replaces a file at the destination.
---@field dest_bucket? string XML API: the bucket of the destination.
---@field source_region? string XML API: the region of the file's bucket if it is not the client's.

---@class cos.SignUrlOptions
---@field params? table<string, string|string[]>
---@field headers? table<string, string>

--- Stops calls, and tells how far an upload or a download has come. Once cancelled it stays cancelled.
---@class cos.Transfer
local Transfer = {}

function Transfer:cancel() end

---@return boolean
function Transfer:is_cancelled() end

---@return integer done
---@return integer total
function Transfer:progress() end

--- How many of the bytes done it has sent or received itself: what a rate is made of.
---@return integer
function Transfer:travelled() end

function Transfer:close() end

--- Makes a client. Nothing is sent: wrong credentials show in the first call.
---@param appid string
---@param secret_id string
---@param secret_key string
---@param options? cos.ClientOptions
---@return cos.Client?
---@return cos.Error?
function cos.client(appid, secret_id, secret_key, options) end

--- Makes a client of what is configured for the command `cos`.
---@param options? cos.EnvOptions
---@return cos.Client?
---@return cos.Error?
function cos.from_env(options) end

---@return cos.Transfer
function cos.transfer() end

--- The same as `assert`, which takes no error but a string in Lua 5.1 and 5.2.
---@generic T
---@param value? T
---@param ... any
---@return T
---@return any ...
function cos.assert(value, ...) end

---@return string
function cos.version() end

---@param code integer
---@return string
function cos.code_name(code) end

--- An account, the place of the service, and the connections to it.
---@class cos.Client
local Client = {}

---@return "v4"|"v5"
function Client:api() end

function Client:close() end

--- Changes what is given; `cos.null` goes back to the default.
---@param options cos.ConfigOptions
---@return cos.Reply?
---@return cos.Error?
function Client:set_config(options) end

---@param appid string
---@param secret_id string
---@param secret_key string
---@return cos.Reply?
---@return cos.Error?
function Client:set_credentials(appid, secret_id, secret_key) end

---@param appid string
---@param secret_id string
---@param secret_key string
---@param token string
---@return cos.Reply?
---@return cos.Error?
function Client:set_temporary_credentials(appid, secret_id, secret_key, token) end

--- Gives lines about requests, without secrets, to a function; nil for no log. If it raises an error, that is
--- told on stderr, and the call goes on.
---@param level integer
---@param fn? fun(level: integer, line: string)
function Client:set_log(level, fn) end

--- A second handle, whose every call stops when the transfer is cancelled.
---@param transfer cos.Transfer
---@return cos.Client?
---@return cos.Error?
function Client:with_transfer(transfer) end

--- JSON API: a signature for any number of requests, `data.sign`.
---@param bucket string
---@param cos_path string
---@param expired integer
---@return cos.Reply?
---@return cos.Error?
function Client:sign_more(bucket, cos_path, expired) end

--- JSON API: a signature for one deletion, update or move, `data.sign`.
---@param bucket string
---@param cos_path string
---@return cos.Reply?
---@return cos.Error?
function Client:sign_once(bucket, cos_path) end

--- A signature for downloads, `data.sign` and `data.url`.
---@param bucket string
---@param cos_path string
---@param expired integer
---@return cos.Reply?
---@return cos.Error?
function Client:sign_download(bucket, cos_path, expired) end

--- A URL for requests of one kind, `data.url` and `data.headers`.
---@param method string
---@param bucket string
---@param cos_path string
---@param expired integer
---@param options? cos.SignUrlOptions
---@return cos.Reply?
---@return cos.Error?
function Client:sign_url(method, bucket, cos_path, expired, options) end

--- A URL that anybody can download the file from, for so many seconds (3600).
---@param bucket string
---@param cos_path string
---@param expires? integer
---@param options? cos.SignUrlOptions
---@return string?
---@return cos.Error?
function Client:presign_get(bucket, cos_path, expires, options) end

--- XML API: a URL that anybody can upload the file to, and the headers to send with it.
---@param bucket string
---@param cos_path string
---@param expires? integer
---@param options? cos.SignUrlOptions
---@return string?
---@return table<string, string>|cos.Error
function Client:presign_put(bucket, cos_path, expires, options) end

--- The URL of a file that everybody may read.
---@param bucket string
---@param cos_path string
---@return string?
---@return cos.Error?
function Client:public_url(bucket, cos_path) end

--- What the service knows of a file: `data.filesize`, `data.mtime` and more.
---@param bucket string
---@param cos_path string
---@param options? cos.StatFileOptions
---@return cos.Reply?
---@return cos.Error?
function Client:stat_file(bucket, cos_path, options) end

--- Whether there is such a file, or such a folder if the path ends with "/".
---@param bucket string
---@param cos_path string
---@param options? cos.CallOptions
---@return boolean?
---@return cos.Error?
function Client:exists(bucket, cos_path, options) end

--- Changes attributes. All headers are replaced together.
---@param bucket string
---@param cos_path string
---@param options cos.UpdateFileOptions
---@return cos.Reply?
---@return cos.Error?
function Client:update_file(bucket, cos_path, options) end

---@param bucket string
---@param cos_path string
---@param options? cos.DelFileOptions
---@return cos.Reply?
---@return cos.Error?
function Client:del_file(bucket, cos_path, options) end

--- Deletes any number of files, and returns those that are still there because the service has refused.
---@param bucket string
---@param cos_paths (string|cos.Entry)[]|fun(): string|cos.Entry|nil
---@param options? cos.DeleteFilesOptions
---@return cos.Failure[]?
---@return cos.Error?
function Client:delete_files(bucket, cos_paths, options) end

---@param bucket string
---@param cos_path string
---@param dest_path string
---@param options? cos.CopyFileOptions
---@return cos.Reply?
---@return cos.Error?
function Client:move_file(bucket, cos_path, dest_path, options) end

---@param bucket string
---@param cos_path string
---@param dest_path string
---@param options? cos.CopyFileOptions
---@return cos.Reply?
---@return cos.Error?
function Client:copy_file(bucket, cos_path, dest_path, options) end

---@param bucket string
---@param cos_path string
---@param options? cos.FolderOptions
---@return cos.Reply?
---@return cos.Error?
function Client:create_folder(bucket, cos_path, options) end

---@param bucket string
---@param cos_path string
---@param options? cos.CallOptions
---@return cos.Reply?
---@return cos.Error?
function Client:stat_folder(bucket, cos_path, options) end

---@param bucket string
---@param cos_path string
---@param options cos.FolderOptions
---@return cos.Reply?
---@return cos.Error?
function Client:update_folder(bucket, cos_path, options) end

--- A page of what is in a folder, `data.infos`.
---@param bucket string
---@param cos_path string
---@param options? cos.ListFolderOptions
---@return cos.Reply?
---@return cos.Error?
function Client:list_folder(bucket, cos_path, options) end

--- For loops: what is in a folder, asked for page by page. Raises what is refused.
---@param bucket string
---@param folder string
---@param options? cos.EachOptions
---@return fun(): cos.Entry?
function Client:each(bucket, folder, options) end

---@param bucket string
---@param cos_path string
---@param options? cos.DelFolderOptions
---@return cos.Reply?
---@return cos.Error?
function Client:del_folder(bucket, cos_path, options) end

--- The same call continues an upload that was broken off.
---@param bucket string
---@param cos_path string
---@param local_path string
---@param options? cos.UploadOptions
---@return cos.Reply?
---@return cos.Error?
function Client:upload_file(bucket, cos_path, local_path, options) end

---@param bucket string
---@param cos_path string
---@param data string
---@param options? cos.UploadOptions
---@return cos.Reply?
---@return cos.Error?
function Client:upload_buffer(bucket, cos_path, data, options) end

--- Uploads what a file, a function or an object with `read` gives; no more than `size` bytes. nil
--- for the size asks the file.
---@param bucket string
---@param cos_path string
---@param size? integer
---@param content file*|(fun(length: integer): string|false|nil)|table|userdata
---@param options? cos.UploadOptions
---@return cos.Reply?
---@return cos.Error?
function Client:upload_stream(bucket, cos_path, size, content, options) end

--- Uploads a directory with everything below it; what is there already does not travel.
---@param bucket string
---@param cos_path string
---@param local_path string
---@param options? cos.UploadOptions
---@return cos.Reply?
---@return cos.Error?
function Client:upload_folder(bucket, cos_path, local_path, options) end

--- The same call continues a download that was broken off.
---@param bucket string
---@param cos_path string
---@param local_path string
---@param options? cos.DownloadFileOptions
---@return cos.Reply?
---@return cos.Error?
function Client:download_file(bucket, cos_path, local_path, options) end

--- The bytes, and the reply.
---@param bucket string
---@param cos_path string
---@param options? cos.DownloadOptions
---@return string?
---@return cos.Reply|cos.Error
function Client:download_buffer(bucket, cos_path, options) end

--- Gives the bytes, in order, to a file, a function or an object with `write`.
---@param bucket string
---@param cos_path string
---@param sink file*|(fun(bytes: string): boolean?)|table|userdata
---@param options? cos.DownloadOptions
---@return cos.Reply?
---@return cos.Error?
function Client:download_stream(bucket, cos_path, sink, options) end

--- Downloads a folder with everything below it; what is there already does not travel.
---@param bucket string
---@param cos_path string
---@param local_path string
---@param options? cos.DownloadFileOptions
---@return cos.Reply?
---@return cos.Error?
function Client:download_folder(bucket, cos_path, local_path, options) end

--- XML API: the buckets of the account, `data.buckets`.
---@param options? cos.CallOptions
---@return cos.Reply?
---@return cos.Error?
function Client:list_buckets(options) end

--- XML API: any other request: `data.status`, `data.headers`, `data.body`.
---@param method string
---@param bucket? string
---@param cos_path? string
---@param params? table<string, string|string[]>
---@param headers? table<string, string>
---@param body? string
---@param options? cos.CallOptions
---@return cos.Reply?
---@return cos.Error?
function Client:request(method, bucket, cos_path, params, headers, body, options) end

return cos
