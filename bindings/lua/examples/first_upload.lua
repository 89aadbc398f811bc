local cos = require "cos"

local file, host = arg[1], arg[2] or "localhost:9000"
local emulator = { api = os.getenv "COS_API" or "v4", scheme = "http",
                   hostname = host, download_hostname = host }
local client = cos.assert(cos.client("1250000000", "EXAMPLE_SECRET_ID",
                                     "EXAMPLE_SECRET_KEY", emulator))
cos.assert(client:upload_file("private-bucket", "/first/你好.txt", file,
                              { insert_only = false }))
print("uploaded " .. file .. " to /first/你好.txt")

for entry in client:each("private-bucket", "/first/") do
  print("listed " .. entry.name)
end

local function read(path)
  local opened = assert(io.open(path, "rb"))
  local bytes = opened:read "*a"
  opened:close()
  return bytes
end

local function same(what, bytes, where)
  assert(bytes == read(file), what .. ": not the bytes that were uploaded")
  print(("%s %d bytes %s, the same"):format(what, #bytes, where))
end

local http = require "socket.http"
http.PROXY = os.getenv "http_proxy"
local url = cos.assert(client:presign_get("private-bucket", "/first/你好.txt", 60))
same("fetched", assert(http.request(url)), "from the signed URL")

local copy = file .. ".copy"
cos.assert(client:download_file("private-bucket", "/first/你好.txt", copy))
same("downloaded", read(copy), "to " .. copy)

local reply, refusal = client:stat_file("private-bucket", "/first/no-such.txt")
assert(not reply, "no-such.txt is there")
print("refused: " .. tostring(refusal))
