-- What README.md promises: package.lua HOST:PORT, in a directory of its own. COS_API says which API is
-- used. The server waits a second with a path that has `slow` in it.

local cos = require "cos"
local assert = cos.assert

local host, api = arg[1], os.getenv "COS_API" or "v4"
local bucket = "private-bucket"
local place = { region = "sh", api = api, scheme = "http", hostname = host, download_hostname = host }
local codes = cos.codes

local function new_client(more)
  local options = {}
  for key, value in pairs(place) do options[key] = value end
  for key, value in pairs(more or {}) do options[key] = value end
  return assert(cos.client("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY", options))
end

local client = new_client()

local function same(found, wanted)
  if found ~= wanted then
    error(("%s, not %s"):format(tostring(found), tostring(wanted)), 2)
  end
end

-- Whether a function raises an error with a text in it.
local function raises(text, ...)
  local well, problem = pcall(...)
  if well or not tostring(problem):find(text, 1, true) then
    error(("%s, not %s"):format(well and "no error" or tostring(problem), text), 2)
  end
  return problem
end

local function put(path, bytes)
  assert(client:upload_buffer(bucket, path, bytes or "", { insert_only = false }))
end

local function write_file(path, bytes)
  local file = assert(io.open(path, "wb"))
  file:write(bytes)
  file:close()
end

local tests = {}
local function test(name, fn) tests[#tests + 1] = { name, fn } end

-- Errors.

test("an error has all that is known", function()
  local reply, refusal = client:stat_file(bucket, "/none")
  same(reply, nil)
  same(refusal.code, codes.COS_ERR_NOT_FOUND)
  same(refusal.name, "COS_ERR_NOT_FOUND")
  same(refusal.origin, "server")
  same(refusal.phase, "server")
  same(refusal.retryable, false)
  same(refusal.attempts, 1)
  assert(#refusal.request_id > 0 and #refusal.message > 0)
  same(refusal.server_code, api == "v5" and "NoSuchKey" or nil)
  same(refusal.reply.code, -197)
  same(tostring(refusal), "COS_ERR_NOT_FOUND (-197): " .. refusal.message)
  local _, wrong = client:stat_file(bucket, "/none", { retries = 99 })
  same(wrong.argument, "retries")
  local _, exists = client:upload_buffer(bucket, "/none", "")
  _, exists = client:upload_buffer(bucket, "/none", "")
  assert(#exists.hint > 0 and tostring(exists):find(exists.hint, 1, true))
  assert(client:del_file(bucket, "/none"))
  same(raises("NOT_FOUND", cos.assert, client:stat_file(bucket, "/none")).code, -197)
end)

test("what a program does wrong is raised, and named", function()
  raises("cos_path must be a string, not a nil", client.stat_file, client, bucket, nil)
  raises("bucket must be a string, not a number", client.stat_file, client, 5, "/a")
  raises("cos.client expected", client.stat_file, bucket, "/a", "b")
  raises("local_path must not have a zero byte", client.upload_file, client, bucket, "/a", "a\0b")
  raises("options must be a table, not a string", client.stat_file, client, bucket, "/a", "b")
  raises("size must be a whole number", client.upload_stream, client, bucket, "/a", 1.5, print)
  raises("content must be a function, or a file", client.upload_stream, client, bucket, "/a", 1, {})
  raises("sink must be a function", client.download_stream, client, bucket, "/a", 5)
  raises("progress must be a function", client.upload_buffer, client, bucket, "/a", "", { progress = 1 })
  raises("deadline_ms must be a number", client.stat_file, client, bucket, "/a", { deadline_ms = -1 })
  raises("transfer must be made by", client.stat_file, client, bucket, "/a", { transfer = {} })
  raises("transfer must be made by", client.stat_file, client, bucket, "/a", { transfer = client })
  raises("transfer must be made by", cos.transfer().cancel)
  raises("content must be a function", client.upload_stream, client, bucket, "/a", nil, 5)
  raises("options.progress must be", client.stat_file, client, bucket, "/a", { progress = print })
  raises("level must be one of", client.set_log, client, 7, print)
  raises("appid must be a string", cos.client, 1250000000, "a", "b")
end)

test("a table that is no JSON is refused by the key", function()
  local function options(value) return client.stat_file, client, bucket, "/a", { key = value } end
  local cycle = {}
  cycle.inner = { cycle }
  raises("options.key.inner[1] must not be a table that it is in", options(cycle))
  raises("options.key must be a string, number, boolean, table or cos.null, not a function", options(print))
  raises("options.key[2] must be", options { 1, print })
  raises("options.key.? is in a table with elements", options { 1, a = 2 })
  raises("options.key must be a finite number", options(0 / 0))
  raises("options.key.? must have a string", options { [true] = 1 })
  raises("options[1] must have a string", client.stat_file, client, bucket, "/a", { "a" })
  raises("params.a must be", client.request, client, "GET", bucket, "/", { a = print })
  local deep = {}
  for _ = 1, 100 do deep = { deep } end
  raises("is too deep", options(deep))
end)

test("numbers and texts arrive as they are", function()
  local odd = '"\\/\b\f\n\r\t\1 é 你好 😀'
  assert(client:upload_buffer(bucket, "/odd", "12345", { biz_attr = odd, insert_only = false }))
  local data = assert(client:stat_file(bucket, "/odd")).data
  same(data.biz_attr, odd)
  same(tostring(data.filesize), "5")
  if math.type then same(math.type(data.filesize), "integer") end
  assert(client:set_config { retries = 2.0, timeout_ms = 1e4 })
  assert(client:set_config { retries = cos.null })
  local same_number = cos.null
  same(same_number, cos.null)
end)

-- Objects.

test("what is closed is refused", function()
  local other = new_client()
  other:close()
  other:close()
  raises("the client is closed", other.stat_file, other, bucket, "/a")
  raises("the client is closed", other.with_transfer, other, cos.transfer())
  local transfer = cos.transfer()
  transfer:close()
  raises("the transfer is closed", transfer.cancel, transfer)
  raises("the transfer is closed", client.with_transfer, client, transfer)
  same(tostring(other), "cos.client: closed")
  same(getmetatable(other), "cos.client")
end)

test("nothing is closed while it is in use", function()
  local transfer = cos.transfer()
  local options = { insert_only = false, transfer = transfer }
  options.progress = function()
    raises("can't be closed in a call of its own", client.close, client)
    raises("can't be closed while a call uses it", transfer.close, transfer)
    raises("must not be that of a call that is under way", client.upload_buffer, client, bucket, "/b", "",
           { transfer = transfer })
    -- What the options had is kept all the same.
    options.transfer, options.progress = nil, nil
    collectgarbage()
  end
  assert(client:upload_buffer(bucket, "/a", "abc", options))
  local done, total = transfer:progress()
  assert(done == 3 and total == 3)
end)

test("the collector frees what is forgotten", function()
  for _ = 1, 20 do
    local forgotten = new_client()
    forgotten:set_log(cos.levels.COS_LOG_REQUESTS, function() return forgotten end)
    local handle = assert(forgotten:with_transfer(cos.transfer()))
    assert(handle:stat_folder(bucket, "/"))
  end
  collectgarbage()
  collectgarbage()
end)

test("a handle outlives its client and its transfer", function()
  local other, transfer = new_client(), cos.transfer()
  local handle = assert(other:with_transfer(transfer))
  other:close()
  transfer:close()
  assert(handle:stat_folder(bucket, "/"))
  same(handle:api(), api)
end)

-- Callbacks.

test("what a callback raises ends the call and is raised again", function()
  local problem = { "mine" }
  local function fail() error(problem) end
  local function caught(...)
    local well, found = pcall(...)
    assert(not well)
    same(found, problem)
  end
  put("/a", ("x"):rep(100000))
  caught(client.upload_buffer, client, bucket, "/b", "x", { progress = fail })
  caught(client.download_stream, client, bucket, "/a", fail)
  caught(client.upload_stream, client, bucket, "/b", 5, fail)
  caught(client.download_file, client, bucket, "/a", "a", { progress = fail })
end)

-- Whoever runs this looks at stderr.
test("a log that fails ends no call", function()
  local other = new_client()
  local readable = setmetatable({}, { __tostring = function() return "a readable problem" end })
  for _, problem in ipairs { "a problem", readable, {}, 5 } do
    other:set_log(cos.levels.COS_LOG_REQUESTS, function() error(problem, 0) end)
    assert(other:upload_buffer(bucket, "/a", "x", { insert_only = false }))
    assert(other:stat_file(bucket, "/a"))
  end
  -- What interrupts a program is no failure of the log that it strikes in.
  local is_in_log = false
  other:set_log(cos.levels.COS_LOG_REQUESTS, function() is_in_log = true end)
  debug.sethook(function()
    if not is_in_log then return end
    debug.sethook()
    error("interrupted", 0)
  end, "", 1)
  local well, problem = pcall(other.stat_file, other, bucket, "/a")
  debug.sethook()
  assert(not well)
  same(problem, "interrupted")
  other:set_log(cos.levels.COS_LOG_OFF)
  assert(other:stat_file(bucket, "/a"))
end)

test("progress is told, and false stops", function()
  local told = {}
  assert(client:upload_buffer(bucket, "/a", "12345", {
    insert_only = false, progress = function(done, total) told = { done, total } end,
  }))
  assert(told[1] == 5 and told[2] == 5)
  local _, stopped = client:upload_buffer(bucket, "/b", "1", { progress = function() return false end })
  same(stopped.code, codes.COS_ERR_CANCELLED)
  same(stopped.deadline_exceeded, nil)
end)

test("the log of a client is that of its handles", function()
  local other, lines = new_client(), {}
  other:set_log(cos.levels.COS_LOG_REQUESTS, function(level, line) lines[#lines + 1] = level .. line end)
  local handle = assert(other:with_transfer(cos.transfer()))
  assert(handle:stat_folder(bucket, "/"))
  assert(#lines > 0 and lines[1]:find("^2.*status=200"))
  local count = #lines
  other:set_log(cos.levels.COS_LOG_REQUESTS, nil)
  assert(handle:stat_folder(bucket, "/"))
  same(#lines, count)
end)

test("the log may be changed while it is told", function()
  local other, count = new_client(), 0
  other:set_log(cos.levels.COS_LOG_REQUESTS, function()
    count = count + 1
    other:set_log(cos.levels.COS_LOG_OFF, nil)
    collectgarbage()
  end)
  assert(other:upload_buffer(bucket, "/a", "x", { insert_only = false }))
  assert(other:upload_buffer(bucket, "/a", "x", { insert_only = false }))
  assert(count >= 1)
end)

test("calls are made inside of coroutines, and callbacks can't yield", function()
  local routine = coroutine.wrap(function()
    local reply = assert(client:upload_buffer(bucket, "/a", "1", {
      insert_only = false,
      progress = function() assert(client:stat_folder(bucket, "/")) end,
    }))
    coroutine.yield(reply.code)
    return pcall(client.download_stream, client, bucket, "/a", coroutine.yield)
  end)
  same(routine(), 0)
  local well, problem = routine()
  assert(not well and tostring(problem):find "yield")
end)

test("a coroutine that is made in a callback may yield", function()
  local generator
  assert(client:upload_stream(bucket, "/a", 6, function()
    generator = generator or coroutine.wrap(function()
      coroutine.yield "abc"
      coroutine.yield "def"
    end)
    return generator()
  end, { insert_only = false }))
  same((client:download_buffer(bucket, "/a")), "abcdef")
end)

-- Streams.

test("a stream is a file, a function or an object", function()
  local bytes = ("0123456789"):rep(300000)
  write_file("stream", bytes)
  local options = { insert_only = false, slice_size = 1048576, slice_threshold = 0 }
  local file = assert(io.open("stream", "rb"))
  file:seek("set", 10)
  -- Without a size the file is asked.
  assert(client:upload_stream(bucket, "/stream", nil, file, options))
  file:close()
  local sink = assert(io.open("copy", "wb"))
  assert(client:download_stream(bucket, "/stream", sink))
  sink:close()
  local copy = assert(io.open("copy", "rb"))
  assert(copy:read "*a" == bytes:sub(11))
  copy:close()
  local pieces = {}
  function pieces:write(piece) self[#self + 1] = piece end
  assert(client:download_stream(bucket, "/stream", pieces))
  assert(table.concat(pieces) == bytes:sub(11))
  -- Pieces may be of any size, also of none.
  local at = 0
  local source = { "ab", "", ("c"):rep(5000000), "d" }
  function source:read()
    at = at + 1
    return self[at]
  end
  assert(client:upload_stream(bucket, "/stream", 5000003, source, options))
  assert(client:download_buffer(bucket, "/stream") == table.concat(source))
end)

test("a local file that is missing is told by a name", function()
  local _, refusal = client:upload_file(bucket, "/b", "no such file")
  same(refusal.phase .. " " .. refusal.errno, "local_file ENOENT")
end)

test("a stream that fails or stops ends the call", function()
  local function ends(code, content, size)
    local _, refusal = client:upload_stream(bucket, "/b", size or 5, content, { insert_only = false })
    same(refusal.name, code)
  end
  ends("COS_ERR_CANCELLED", function() return false end)
  ends("COS_ERR_LOCAL_IO", function() return nil end)
  raises("broken pipe", client.upload_stream, client, bucket, "/b", 5,
         function() return nil, "broken pipe" end)
  raises("content must give a string", client.upload_stream, client, bucket, "/b", 5,
         function() return 5 end)
  local file = assert(io.open("stream", "rb"))
  file:close()
  raises("closed file", client.upload_stream, client, bucket, "/b", 5, file)
  put("/a", "abc")
  local _, stopped = client:download_stream(bucket, "/a", function() return false end)
  same(stopped.name, "COS_ERR_CANCELLED")
  raises("disk full", client.download_stream, client, bucket, "/a", function() return nil, "disk full" end)
end)

test("bytes are bytes", function()
  local bytes = {}
  for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
  bytes = table.concat(bytes)
  put("/bytes", bytes)
  local found, reply = assert(client:download_buffer(bucket, "/bytes"))
  assert(found == bytes and reply.code == 0 and reply.transfer.bytes == 256)
  assert(client:download_buffer(bucket, "/bytes", { range_start = 65, range_end = 66 }) == "AB")
  local pieces = {}
  assert(client:download_stream(bucket, "/bytes", function(piece) pieces[#pieces + 1] = piece end))
  assert(table.concat(pieces) == bytes)
end)

-- Stopping.

test("a deadline stops any call", function()
  local _, refusal = client:stat_file(bucket, "/slow", { deadline_ms = 50 })
  same(refusal.name, "COS_ERR_CANCELLED")
  assert(refusal.deadline_exceeded and refusal.retryable and refusal.message:find("deadline", 1, true))
  _, refusal = client:stat_folder(bucket, "/", { deadline_ms = 0 })
  assert(refusal.deadline_exceeded)
  _, refusal = client:upload_buffer(bucket, "/slow", "x", { deadline_ms = 50, transfer = cos.transfer() })
  assert(refusal.deadline_exceeded)
  _, refusal = client:upload_stream(bucket, "/b", 5, function() return "" end, { deadline_ms = 50 })
  assert(refusal.deadline_exceeded)
  assert(client:stat_folder(bucket, "/", { deadline_ms = 60000 }))
end)

test("a transfer stops this call and later ones", function()
  local transfer = cos.transfer()
  local _, refusal = client:upload_buffer(bucket, "/b", "x", {
    transfer = transfer, progress = function() transfer:cancel() end,
  })
  same(refusal.code, codes.COS_ERR_CANCELLED)
  _, refusal = client:stat_file(bucket, "/b", { transfer = transfer })
  same(refusal.code, codes.COS_ERR_CANCELLED)
  assert(transfer:is_cancelled())
  assert(client:stat_folder(bucket, "/"))
end)

-- What goes beyond cos.h.

test("lists are read page by page", function()
  for i = 1, 5 do put("/list/" .. i) end
  put("/list/sub/6", "123456")
  put("/list/sub/below/7")
  local function names(options)
    local found = {}
    for entry in client:each(bucket, "/list/", options) do
      same(entry.path, "/list/" .. entry.name)
      same(entry.is_folder, entry.name:sub(-1) == "/")
      if entry.name == "sub/6" then assert(entry.size == 6 and entry.mtime > 0 and entry.info) end
      found[#found + 1] = entry.name
    end
    table.sort(found)
    return table.concat(found, " ")
  end
  same(names { num = 2 }, "1 2 3 4 5 sub/")
  same(names(), "1 2 3 4 5 sub/")
  same(names { recursive = true }, "1 2 3 4 5 sub/6 sub/below/7")
  same(names { recursive = true, deadline_ms = 60000 }, "1 2 3 4 5 sub/6 sub/below/7")
  same(names { prefix = "4" }, "4")
  raises("COS_ERR_NO_BUCKET", function() for _ in client:each("no-such-bucket", "/") do end end)
  raises("deadline", function()
    for _ in client:each(bucket, "/list/", { num = 1, deadline_ms = 300 }) do
      local began = os.clock()
      repeat until os.clock() > began + 0.35
    end
  end)
  raises("must be a string", client.each, client, bucket)
end)

test("a list that does not say where it goes on is no whole list", function()
  local methods = debug.getmetatable(client).__index
  local list_folder, asked = methods.list_folder, 0
  for _, contexts in ipairs { { "" }, {}, { "next", "next" } } do
    asked = 0
    methods.list_folder = function()
      asked = asked + 1
      assert(asked < 5, "it goes on for ever")
      return { data = { infos = { { name = "a" } }, listover = false, context = contexts[asked] } }
    end
    local refusal = raises("goes on", function() for _ in client:each(bucket, "/list/") do end end)
    methods.list_folder = list_folder
    same(refusal.name, "COS_ERR_NETWORK")
    same(asked, contexts[1] == "next" and 2 or 1)
  end
end)

test("many files are deleted", function()
  local odd = (api == "v5" and "/list/a&b<c>d" or "/list/a&b") .. "\195\169\226\130\172\240\159\152\128"
  put(odd)
  local left = assert(client:delete_files(bucket, { "/list/1", odd, "/list/none" }))
  same(#left, 0)
  same(client:exists(bucket, "/list/1"), false)
  same(client:exists(bucket, odd), false)
  same(#assert(client:delete_files(bucket, client:each(bucket, "/list/", { recursive = true }))), 0)
  same(client:exists(bucket, "/list/sub/below/7"), false)
end)

test("what is not deleted is told", function()
  local left_alone = "/refused/left"
  put(left_alone)
  -- XML turns CR into LF, which is another file.
  for _, path in ipairs { "/", "a", "/list/", "/a\rb", "//a", "/a\255b", "/a\194", "/a\192\175b", "/a\194\133b",
                          "/a\237\160\128b", "/a\244\144\128\128", "/a\0b" } do
    local left, refusal = client:delete_files(bucket, { left_alone, path })
    same(left, nil)
    same(refusal.name, "COS_ERR_PARAM")
    same(refusal.argument, "cos_paths")
  end
  same(client:exists(bucket, left_alone), true)
  raises("cos_path must be a string, not a nil", client.sign_once, client, bucket)
  raises("cos_paths must be an array or a function", client.delete_files, client, bucket, "/list/1")
  raises("cos_paths must be strings or entries, not a nil", client.delete_files, client, bucket, { {} })
  raises("cos_paths must be strings or entries, not a number", client.delete_files, client, bucket, { 5 })
  local _, wrong = client:delete_files(bucket, { left_alone }, { concurrency = 65 })
  same(wrong.argument, "concurrency")

  local left = assert(client:delete_files("no-such-bucket", { "/a", "/b" }))
  same(#left, 2)
  for i, path in ipairs { "/a", "/b" } do
    same(left[i].path, path)
    same(left[i].code, cos.codes.COS_ERR_NO_BUCKET)
    same(left[i].server_code, api == "v5" and "NoSuchBucket" or nil)
    assert(#left[i].message > 0)
  end
  local _, late = client:delete_files(bucket, { "/slow/a" }, { deadline_ms = 100 })
  same(late.deadline_exceeded, true)
end)

if api == "v5" then
  test("a thousand files are deleted by one request", function()
    local asked, lines = 0, 0
    local function next_path()
      asked = asked + 1
      return asked <= 1001 and "/none/" .. asked or nil
    end
    client:set_log(cos.levels.COS_LOG_REQUESTS, function() lines = lines + 1 end)
    local left = assert(client:delete_files(bucket, next_path))
    client:set_log(cos.levels.COS_LOG_OFF)
    same(#left, 0)
    same(lines, 2)
  end)
end

test("there is or there is not", function()
  put("/there")
  same(client:exists(bucket, "/there"), true)
  same(client:exists(bucket, "/not-there"), false)
  same(client:exists(bucket, "/"), true)
  local well, refusal = client:exists("no-such-bucket", "/a")
  assert(well == nil and refusal.name == "COS_ERR_NO_BUCKET")
  raises("cos_path must be a string", client.exists, client, bucket)
end)

test("URLs are made", function()
  local url = assert(client:presign_get(bucket, "/there", 60))
  assert(url:find("sign=", 1, true) or url:find("q-signature=", 1, true))
  local plain = assert(client:public_url(bucket, "/there"))
  assert(not plain:find("?", 1, true) and url:sub(1, #plain) == plain)
  local put_url, headers = client:presign_put(bucket, "/b", 60, { headers = { ["Content-Type"] = "a/b" } })
  if api == "v5" then
    assert(put_url:find("q-signature=", 1, true) and headers["Content-Type"] == "a/b")
  else
    same(put_url, nil)
    same(headers.argument, "method")
  end
end)

test("the configuration of the command is read", function()
  local text = "\239\187\191# account\nappid = 1250000000\r\nsecret_id=EXAMPLE_SECRET_ID\n\n" ..
    " secret_key = EXAMPLE_SECRET_KEY \nscheme = http\nregion = sh\nhostname = " .. host ..
    "\ndownload_hostname = " .. host .. "\napi = " .. api
  write_file("cos.conf", text)
  local other = assert(cos.from_env { config = "cos.conf", retries = 1 })
  same(other:api(), api)
  assert(other:stat_folder(bucket, "/"))
  local function refused(message, config)
    local made, refusal = cos.from_env { config = config or "cos.conf" }
    assert(not made and refusal.code == codes.COS_ERR_PARAM)
    if not tostring(refusal):find(message, 1, true) then error(tostring(refusal), 2) end
  end
  refused("No such file", "no-such.conf")
  write_file("cos.conf", (text:gsub("secret_id=EXAMPLE_SECRET_ID", "secret_id = 'OTHER'\ntoken = x")) ..
    "\n[ work ]\nsecret_id = \"EXAMPLE_SECRET_ID\"\n[rest]\nregion=none\n")
  other = assert(cos.from_env { config = "cos.conf", profile = "work", retries = 1 })
  assert(other:stat_folder(bucket, "/"))
  local _, missing = cos.from_env { config = "cos.conf", profile = "play" }
  assert(tostring(missing):find("cos.conf has no section [play]", 1, true))
  write_file("cos.conf", text .. "\nregion = 'x' y")
  refused "cos.conf:11: this is not NAME = VALUE"
  write_file("cos.conf", text .. "\nsecret = x")
  refused "cos.conf:11: this is not NAME = VALUE"
  write_file("cos.conf", "appid = 1250000000")
  refused "no secret_id: set COS_SECRET_ID"
  write_file("cos.conf", "a\0p")
  refused "UTF-8"
  write_file("cos.conf", ("#"):rep(70000))
  refused "too large"
end)

test("names are those of cos.h", function()
  same(cos.code_name(-197), "COS_ERR_NOT_FOUND")
  same(cos.code_name(-12345), "COS_ERR_SERVER")
  for name, code in pairs(codes) do same(cos.code_name(code), name) end
  assert(cos.version():find "^%d+%.%d+%.%d+$")
  same(tostring(cos.null), tostring(cos.null))
end)

local failed = 0
for _, one in ipairs(tests) do
  local well, problem = xpcall(one[2], function(problem)
    return debug.traceback(tostring(problem), 2)
  end)
  if not well then
    failed = failed + 1
    print("FAILED: " .. one[1] .. "\n" .. problem)
  end
end
client:close()
if failed > 0 then os.exit(1) end
print(#tests .. " tests passed")
