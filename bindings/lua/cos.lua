--- Tencent Cloud COS, through libcos and the FFI of LuaJIT.
--
-- The methods of a client are the functions of cos.h, which describes them: the same names, the
-- same order of arguments, options as a table at the end. They return the reply as a table, or nil
-- and an error with `code`, `name`, `message` and `reply`. client:download_buffer returns the bytes
-- and the reply; client:download_stream gives the bytes to a function. client:upload_stream takes a
-- file, or a function that is asked for so many bytes and returns a string, nil at the end.
--
-- Uploads and downloads take one option more: `progress`, a function that is told the bytes done
-- and the bytes in all. These functions stop the call with false.
--
-- The methods are made from cos.h, which lies beside this file, where COS_HEADER says, or where it
-- is installed. COS_LIBRARY names the library, if the system does not find it by its name.

local ffi = require "ffi"

local cos = {}

--- What the library is called on a system, one of the names that LuaJIT has for them.
function cos.library_name(system)
  local names = { Windows = "cos.dll", OSX = "libcos.1.dylib" }
  return names[system] or "libcos.so.1"
end

local function header()
  local here = debug.getinfo(1, "S").source:match "^@(.*[/\\])" or ""
  local places = { os.getenv "COS_HEADER" or here .. "cos.h",
                   "/usr/local/include/cos.h", "/usr/include/cos.h" }
  for _, place in ipairs(places) do
    local file = io.open(place)
    if file then
      local text = file:read "*a"
      file:close()
      text = text:gsub("/%*.-%*/", ""):gsub("#[^\n]*", ""):gsub("COS_API", "")
      return (text:gsub('extern "C" {(.*)}', "%1"))
    end
  end
  error("no cos.h at " .. table.concat(places, ", "))
end

local declarations = header()
ffi.cdef(declarations)
local lib = ffi.load(os.getenv "COS_LIBRARY" or cos.library_name(ffi.os))
cos.codes = lib

local function owned(string)
  if string ~= nil then
    local text = ffi.string(string)
    lib.cos_string_free(string)
    return text
  end
end

local function encode(value)
  if type(value) == "table" and #value > 0 then
    local elements = {}
    for i, element in ipairs(value) do elements[i] = encode(element) end
    return "[" .. table.concat(elements, ",") .. "]"
  elseif type(value) == "table" then
    local fields = {}
    for key, field in pairs(value) do
      fields[#fields + 1] = encode(key) .. ":" .. encode(field)
    end
    return "{" .. table.concat(fields, ",") .. "}"
  elseif type(value) == "string" then
    local escaped = value:gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end)
    return '"' .. escaped .. '"'
  end
  return type(value) == "number" and ("%.17g"):format(value) or tostring(value)
end

local function decode(json)
  local at = 1

  local function take(pattern)
    local _, last, found = json:find("^%s*(" .. pattern .. ")", at)
    at = last and last + 1 or at
    return found
  end

  local function text()
    local first, slashes = at, nil
    repeat
      _, at, slashes = json:find('(\\*)"', at)
      at = at + 1
    until #slashes % 2 == 0
    local inner = json:sub(first, at - 2)
    return inner:find "\\" and owned(lib.cos_json_string('"' .. inner .. '"', "")) or inner
  end

  local function value()
    if take '"' then
      return text()
    elseif take "{" then
      local object = {}
      while not take "}" do
        local key = value()
        take ":"
        object[key] = value()
        take ","
      end
      return object
    elseif take "%[" then
      local array = {}
      while not take "%]" do
        array[#array + 1] = value()
        take ","
      end
      return array
    end
    local word = take "[%w.+-]+"
    if word == "true" or word == "false" then return word == "true" end
    return tonumber(word)
  end

  return value()
end

local Error = {}

function Error:__tostring()
  return ("%s (%d): %s"):format(self.name, self.code, self.message)
end

local function result(code, json)
  local reply = decode(owned(json[0]))
  if code == 0 then return reply end
  local name = ffi.string(lib.cos_code_name(code))
  return nil, setmetatable(
    { code = code, name = name, message = reply.message, reply = reply }, Error)
end

local function plain(value)
  if type(value) == "string" and value:find("\0", 1, true) then
    error("libcos takes no string with a zero byte", 0)
  end
  return value
end

-- There is one callback of each kind for all calls, because LuaJIT has few. No error may pass
-- through the library: it is kept until the call has returned.
local progress, read, write, failure

local function told(fn, ...)
  local well, answer = pcall(fn, ...)
  if not well then failure = { answer } end
  return (not well or answer == false) and 1 or 0
end

local on_progress = ffi.cast("cos_progress_fn", function(done, total)
  return told(progress, tonumber(done), tonumber(total))
end)

-- A function that writes the next bytes of a content and returns how many, or false to stop.
local function reader(content)
  local is_function = type(content) == "function"
  local bytes, at = "", 1
  return function(place, len)
    if at > #bytes then
      local given
      if is_function then given = content(len) else given = content:read(len) end
      if given == false then return false end
      bytes, at = given or "", 1
    end
    local piece = bytes:sub(at, at + len - 1)
    at = at + #piece
    ffi.copy(place, piece, #piece)
    return #piece
  end
end

local on_read = ffi.cast("cos_read_fn", function(place, len)
  local count
  local stop = told(function()
    count = read(place, tonumber(len))
    return count
  end)
  return stop == 0 and count or -1
end)

local on_write = ffi.cast("cos_write_fn", function(data, len)
  return told(write, ffi.string(data, len))
end)

-- Calls under way keep the log they began with: old ones are freed when there are none.
local under_way, old_logs = 0, {}

local function free_old_logs()
  while under_way == 0 and #old_logs > 0 do table.remove(old_logs):free() end
end

local function call(name, parameters, inputs, client, ...)
  local json, data, len = ffi.new "char *[1]", ffi.new "uint8_t *[1]", ffi.new "size_t[1]"
  local values = { out_json = json, out_data = data, out_len = len }
  for i, input in ipairs(inputs) do
    local value = select(i, ...)
    if input == "params" or input == "headers" then value = value and encode(value) end
    values[input] = (input == "data" or input == "body") and value or plain(value)
  end
  local options = {}
  for key, value in pairs(values.options or {}) do options[key] = value end
  local calls = { progress, read, write }
  progress, read, write, failure = options.progress, reader(values.read), values.write, nil
  options.progress = nil
  values.options = next(options) and encode(options)
  values.len = #(values.data or values.body or "")
  values.read = values.read and on_read
  values.write = values.write and on_write
  if progress then
    values.transfer = lib.cos_transfer_new()
    lib.cos_transfer_on_progress(values.transfer, on_progress, nil)
  end

  local arguments = {}
  for i, parameter in ipairs(parameters) do arguments[i] = values[parameter] end
  under_way = under_way + 1
  local well, code = pcall(lib[name], client.handle, unpack(arguments, 1, #parameters))
  under_way = under_way - 1
  free_old_logs()

  local raised = failure or not well and { code }
  progress, read, write, failure = calls[1], calls[2], calls[3], nil
  lib.cos_transfer_free(values.transfer)
  local bytes = data[0] ~= nil and ffi.string(data[0], len[0]) or ""
  lib.cos_buffer_free(data[0], len[0])
  local reply, refusal = nil, nil
  if json[0] ~= nil then reply, refusal = result(code, json) end
  if raised then error(raised[1], 0) end
  if reply and name == "cos_download_buffer" then return bytes, reply end
  return reply, refusal
end
jit.off(call) -- compiled code must not be called back

local Client = {}
Client.__index = Client

-- What a program does not pass. Options come last, so that they can be left out.
local ours = { options = true, transfer = true, len = true, user = true,
               out_json = true, out_data = true, out_len = true }

for name, list in declarations:gmatch "int (cos_[%w_]+)%(const cos_client %*client,(.-)%);" do
  local parameters, inputs = {}, {}
  for parameter in (list .. ","):gmatch "([%w_]+)," do
    table.insert(parameters, parameter)
    if not ours[parameter] then table.insert(inputs, parameter) end
  end
  if list:find "%*options" then table.insert(inputs, "options") end
  Client[name:gsub("^cos_", ""):gsub("^client_", "")] = function(self, ...)
    return call(name, parameters, inputs, self, ...)
  end
end

--- Gives lines about requests to fn(level, line).
function Client:set_log(level, fn)
  local old = self.log
  self.log = ffi.cast("cos_log_fn", function(at, line) told(fn, at, ffi.string(line)) end)
  lib.cos_client_set_log(self.handle, level, self.log, nil)
  if old then table.insert(old_logs, old) end
  free_old_logs()
end

function Client:close()
  lib.cos_client_free(self.handle and ffi.gc(self.handle, nil))
  if self.log then self.log:free() end
  self.handle, self.log = nil, nil
end

--- Makes a client. Its region is one of the options.
function cos.client(appid, secret_id, secret_key, options)
  local json, client = ffi.new "char *[1]", ffi.new "cos_client *[1]"
  local fields = {}
  for key, value in pairs(options or {}) do fields[key] = value end
  local region = fields.region
  fields.region = nil
  local code = lib.cos_client_new(plain(appid), plain(secret_id), plain(secret_key), plain(region),
                                  next(fields) and encode(fields), client, json)
  local reply, refusal = result(code, json)
  if not reply then return nil, refusal end
  return setmetatable({ handle = ffi.gc(client[0], lib.cos_client_free) }, Client)
end

function cos.version()
  return ffi.string(lib.cos_version())
end

return cos
