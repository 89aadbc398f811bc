-- Every method and every way to end a call: everything.lua HOST:PORT, in a directory with `large` and
-- `tree`. COS_API says which API is used. The server stays silent when something is uploaded to a path
-- with `silent` in it, and waits a second with one that has `slow` in it.

local cos = require "cos"
local assert = cos.assert

local host, api = arg[1], os.getenv "COS_API" or "v4"
local bucket = "private-bucket"
local account = { "1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY" }
local client = assert(cos.client(account[1], account[2], account[3], {
  region = "sh", api = api, scheme = "http", hostname = host, download_hostname = host,
}))

-- Checks that the API which does not have this refuses it.
local function only(which, argument, reply, refusal)
  if api == which then return assert(reply, refusal) end
  assert(not reply and refusal.code == -1 and refusal.reply.error.argument == argument)
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "*a"
  file:close()
  return bytes
end

assert(#cos.version() > 0)
assert(client:set_config { retries = 1, user_agent = "everything" })
assert(client:set_credentials(account[1], account[2], account[3]))
only("v5", "token", client:set_temporary_credentials(account[1], "TEMPORARY_ID", "TEMPORARY_KEY",
                                                     "TEMPORARY_TOKEN"))
assert(client:stat_folder(bucket, "/"))
assert(client:set_credentials(account[1], account[2], account[3]))
local lines = {}
client:set_log(cos.levels.COS_LOG_REQUESTS, function(_, line) table.insert(lines, line) end)

assert(client:create_folder(bucket, "/folder/", { biz_attr = "one" }))
assert(client:update_folder(bucket, "/folder/", { biz_attr = "two" }))
assert(assert(client:stat_folder(bucket, "/folder/")).data.biz_attr == "two")
assert(#lines >= 3 and lines[1]:find "op=create")

local odd = 'quoted "你好"\\ \n\t/\1'
assert(client:upload_buffer(bucket, "/folder/a", "a\0b", { biz_attr = odd }))
local known = assert(client:stat_file(bucket, "/folder/a")).data
assert(known.biz_attr == odd and known.filesize == 3 and known.authority == "eInvalid")
assert(client:update_file(bucket, "/folder/a", { ["x-cos-meta-of"] = "me" }))
assert(client:copy_file(bucket, "/folder/a", "/folder/b"))
assert(client:move_file(bucket, "/folder/a", "/folder/b", { overwrite = true }))
local entries = assert(client:list_folder(bucket, "/folder/", { all = true })).data.infos
assert(#entries == 1 and entries[1].name == "b")
assert(client:download_buffer(bucket, "/folder/b") == "a\0b")
assert(client:upload_buffer(bucket, "/folder/empty", ""))
assert(client:download_buffer(bucket, "/folder/empty") == "")
assert(client:del_file(bucket, "/folder/b"))
assert(#assert(client:delete_files(bucket, { "/folder/empty" })) == 0)
assert(client:del_folder(bucket, "/folder/", { recursive = true }))

local told = { -1, -1 }
assert(client:upload_file(bucket, "/large", "large", {
  progress = function(done, total)
    assert(done >= told[1])
    -- A call within a call does not disturb it.
    local within = { insert_only = false, progress = function() end }
    assert(client:upload_buffer(bucket, "/small", "", within))
    told = { done, total }
  end,
}))
local large = read "large"
assert(told[1] == #large and told[2] == #large)
assert(client:download_file(bucket, "/large", "copy"))
local pieces = {}
assert(client:download_stream(bucket, "/large", function(bytes) table.insert(pieces, bytes) end))
assert(large == read "copy" and large == table.concat(pieces))
local opened = assert(io.open("large", "rb"))
assert(client:upload_stream(bucket, "/stream", #large, opened, { slice_size = 1048576 }))
opened:close()
assert(client:download_buffer(bucket, "/stream") == large)
local pieces_left = { "a", "bc" }
local function next_piece() return table.remove(pieces_left, 1) end
only("v5", "size", client:upload_stream(bucket, "/function", -1, next_piece))
pieces_left = { "a", "bcd", "-" }
assert(client:upload_stream(bucket, "/function", 4, next_piece, { insert_only = false }))
assert(client:download_buffer(bucket, "/function") == "abcd")
assert(client:upload_folder(bucket, "/tree/", "tree"))
assert(client:download_folder(bucket, "/tree/", "tree-copy"))
assert(read "tree-copy/sub/b" == read "tree/sub/b")

only("v4", "api", client:sign_more(bucket, "/large", 60))
only("v4", "api", client:sign_once(bucket, "/large"))
assert(assert(client:sign_download(bucket, "/large", 60)).data.url)
assert(assert(client:sign_url("GET", bucket, "/large", 60)).data.url)
local kind = { ["Content-Type"] = "text/plain" }
local signed = only("v5", "method", client:sign_url("PUT", bucket, "/signed", 60, {
  headers = kind, params = { several = { "one", "two" } },
}))
assert(not signed or signed.data.headers["Content-Type"] == "text/plain"
       and signed.data.url:find("several=one&several=two", 1, true))
local buckets = only("v5", "api", client:list_buckets())
assert(not buckets or buckets.data.buckets[1].name == bucket)
only("v5", "api", client:request("PUT", bucket, "/asked", nil, kind, "text"))
local params = { ["response-expires"] = "1" }
local asked = only("v5", "api", client:request("GET", bucket, "/asked", params))
assert(not asked or asked.data.body == "text")

-- What fails gives nil and an error.
local bytes, missing = client:download_buffer(bucket, "/missing")
assert(bytes == nil and missing.code == -197 and missing.code == cos.codes.COS_ERR_NOT_FOUND)
assert(missing.name == "COS_ERR_NOT_FOUND" and missing.reply.error.origin == "server")
local reply, refused = client:stat_file(bucket, "/large", { no_such_option = 1 })
assert(reply == nil and refused.reply.error.argument == "no_such_option")
assert(not cos.client("not a number", "", ""))

-- What is wrong with the program itself is raised, and so is what a callback raises.
local function fails(with, ...)
  local well, problem = pcall(...)
  assert(not well and tostring(problem):find(with, 1, true), problem)
end

local function broken() error "broken" end
fails("zero byte", client.stat_file, client, bucket, "/large\0/other")
fails("must be a string", client.stat_file, client, bucket, {})
fails("broken", client.upload_buffer, client, bucket, "/silent", "", { progress = broken })
fails("broken", client.download_stream, client, bucket, "/large", broken)
fails("broken", client.upload_stream, client, bucket, "/no", 9, broken)
local _, stopped = client:upload_stream(bucket, "/no", 9, function() return false end)
assert(stopped.name == "COS_ERR_CANCELLED")

-- A callback stops a call, even when the server is silent.
local began = os.time()
local _, cancelled = client:upload_file(bucket, "/silent", "large", {
  progress = function() return os.time() <= began end,
})
assert(cancelled.name == "COS_ERR_CANCELLED")

-- What has no progress is stopped by a transfer of its own, or after a time.
local transfer = cos.transfer()
assert(transfer:progress() == 0 and transfer:travelled() == 0)
local stoppable = assert(client:with_transfer(transfer))
assert(stoppable:stat_file(bucket, "/large"))
transfer:cancel()
local _, ended = stoppable:stat_file(bucket, "/large")
assert(ended.name == "COS_ERR_CANCELLED" and transfer:is_cancelled())
stoppable:close()
transfer:close()
local _, late = client:stat_file(bucket, "/slow", { deadline_ms = 100 })
assert(late.deadline_exceeded and late.retryable)

client:close()
client:close()
fails("closed", client.stat_file, client, bucket, "/large")
print "everything went well"
