-- What programs would write around the calls. The module, the methods of a client, and what C has for
-- this file are its arguments.
local cos, Client, help = ...

local error, ipairs, pairs, pcall = error, ipairs, pairs, pcall
local tonumber, type = tonumber, type
local remove = table.remove
local find, gmatch, gsub, match, sub = string.find, string.gmatch, string.gsub, string.match, string.sub
local upper, huge = string.upper, math.huge

local NOT_FOUND = cos.codes.COS_ERR_NOT_FOUND

-- An error with the metatable of all errors, that the library has not made.
local function new_error(code, message)
  local _, made = cos.client("", "", "")
  made.code, made.name, made.message = code, cos.code_name(code), message
  made.kind = made.name
  made.hint, made.argument, made.phase, made.reply = nil, nil, nil, nil
  return made
end

-- As many as one request lists or deletes.
local BATCH = 1000

local function with(options, more)
  local all = {}
  for key, value in pairs(options or {}) do all[key] = value end
  for key, value in pairs(more) do all[key] = value end
  return all
end

-- A function that gives the options of each call in a series, whose deadline is for all of them.
local function series(options)
  local ms = options and options.deadline_ms
  local ends = type(ms) == "number" and help.now_ms() + ms
  return function(more)
    local all = with(options, more)
    local left = ends and ends - help.now_ms()
    if left then all.deadline_ms = left > 0 and left or 0 end
    return all
  end
end

--- The same as `assert`, which takes no error but a string in Lua 5.1 and 5.2.
function cos.assert(value, ...)
  if value then return value, ... end
  local problem = ...
  error(problem == nil and "assertion failed!" or problem, 0)
end

--- Whether there is such a file, or such a folder if the path ends with "/".
function Client:exists(bucket, cos_path, options)
  local reply, refusal
  if type(cos_path) == "string" and sub(cos_path, -1) == "/" then
    -- The JSON API does not know all folders, but lists what is in them.
    reply, refusal = self:list_folder(bucket, cos_path, with(options, { num = 1 }))
  else
    reply, refusal = self:stat_file(bucket, cos_path, with(options, { with_authority = false }))
  end
  if reply then return true end
  if refusal.code == NOT_FOUND then return false end
  return nil, refusal
end

--- A URL that anybody can download the file from, for so many seconds.
function Client:presign_get(bucket, cos_path, expires, options)
  local reply, refusal = self:sign_url("GET", bucket, cos_path, expires or 3600, options)
  if not reply then return nil, refusal end
  return reply.data.url
end

--- XML API: a URL that anybody can upload the file to, and the headers to send with it.
function Client:presign_put(bucket, cos_path, expires, options)
  local reply, refusal = self:sign_url("PUT", bucket, cos_path, expires or 3600, options)
  if not reply then return nil, refusal end
  return reply.data.url, reply.data.headers
end

--- The URL of a file that everybody may read, without a signature.
function Client:public_url(bucket, cos_path)
  local reply, refusal = self:sign_download(bucket, cos_path, 60)
  if not reply then return nil, refusal end
  return (gsub(reply.data.url, "%?.*", ""))
end

local upload_stream = Client.upload_stream

--- Asks a file for the size if it is nil.
function Client:upload_stream(bucket, cos_path, size, content, options)
  local kind = type(content)
  if size == nil then
    size = -1
    if (kind == "userdata" or kind == "table") and content.seek then
      local at = content:seek()
      local last = at and content:seek "end"
      if last then
        content:seek("set", at)
        size = last - at
      end
    end
  end
  return upload_stream(self, bucket, cos_path, size, content, options)
end

-- The entries of one folder, page by page. Raises what is refused.
local function entries(client, bucket, folder, next_options, more)
  local infos, at, context, is_last = {}, 0, nil, false
  return function()
    while at == #infos do
      if is_last then return nil end
      local page, refusal =
        client:list_folder(bucket, folder, next_options(with(more, { context = context })))
      if not page then error(refusal, 0) end
      -- Some servers write flags as numbers, and numbers as strings.
      local over, last_context = page.data.listover, context
      infos, at, context = page.data.infos, 0, page.data.context
      is_last = over == true or over == 1 or over == "1" or over == "true"
      if not is_last and (not context or context == "" or context == last_context) then
        error(new_error(cos.codes.COS_ERR_NETWORK, "the list goes on and does not say where"), 0)
      end
    end
    at = at + 1
    local info = infos[at]
    return {
      path = folder .. info.name, name = info.name, is_folder = sub(info.name, -1) == "/",
      size = tonumber(info.filesize), mtime = tonumber(info.mtime), info = info,
    }
  end
end

-- The same for a folder that may be deleted meanwhile.
local function entries_if_there(...)
  local next_entry = entries(...)
  return function()
    local well, entry = pcall(next_entry)
    if well then return entry end
    if type(entry) == "table" and entry.code == NOT_FOUND then return nil end
    error(entry, 0)
  end
end

local function files_below(client, bucket, folder, next_options, more)
  local folders = {}
  local next_entry = entries(client, bucket, folder, next_options, more)
  return function()
    while true do
      local entry = next_entry()
      if not entry then
        local below = remove(folders)
        if not below then return nil end
        next_entry = entries_if_there(client, bucket, below, next_options, more)
      elseif entry.is_folder then
        folders[#folders + 1] = entry.path
      else
        entry.name = sub(entry.path, #folder + 1)
        return entry
      end
    end
  end
end

--- For loops: what is in a folder, asked for page by page; with `recursive` the files in it and below.
function Client:each(bucket, folder, options)
  local next_options = series(options)
  if type(folder) ~= "string" then error("cos_path must be a string, not a " .. type(folder), 2) end
  if options and options.recursive then
    if self:api() == "v5" then
      return entries(self, bucket, folder, next_options, { num = BATCH })
    end
    return files_below(self, bucket, folder, next_options, { recursive = cos.null })
  end
  return entries(self, bucket, folder, next_options, {})
end

-- A function that gives one path after the other.
local function each_path(cos_paths)
  local at = 0
  return function()
    local path
    if type(cos_paths) == "function" then
      path = cos_paths()
    else
      at = at + 1
      path = cos_paths[at]
    end
    if path == nil then return nil end
    if type(path) == "table" then path = path.path end
    if type(path) ~= "string" then error("cos_paths must be strings or entries, not a " .. type(path), 0) end
    return path
  end
end

local del_files = Client.del_files
Client.del_files = nil

--- Deletes files: paths or entries, in an array or from an iterator. Returns those that are still
--- there, as `{ path, code, message, server_code }`. Files that are not there count as deleted.
function Client:delete_files(bucket, cos_paths, options)
  if type(cos_paths) ~= "table" and type(cos_paths) ~= "function" then
    error("cos_paths must be an array or a function, not a " .. type(cos_paths), 2)
  end
  -- What a page of the JSON API depends on is not known: a list is read to its end first.
  local most = self:api() == "v5" and BATCH or huge
  local next_path, next_options, left = each_path(cos_paths), series(options), {}
  while true do
    local batch = {}
    for path in next_path do
      batch[#batch + 1] = path
      if #batch == most then break end
    end
    if #batch == 0 then return left end
    local reply, refusal = del_files(self, bucket, batch, next_options {})
    if not reply then
      local data = refusal.phase == "server" and refusal.reply.data
      if not (data and data.failures) then return nil, refusal end
      for _, failure in ipairs(data.failures) do left[#left + 1] = failure end
    end
  end
end

-- The configuration of the command `cos`: lines NAME = VALUE in a file, and variables of the
-- environment, which win, but not over a profile that the program names.

local NAMES = { "appid", "secret_id", "secret_key", "region", "api", "token", "scheme", "hostname",
                "download_hostname", "ca_file", "proxy" }
local IS_NAME = {}
for _, name in ipairs(NAMES) do IS_NAME[name] = true end

local function default_file()
  return (help.getenv "XDG_CONFIG_HOME" or (help.getenv "HOME" or "") .. "/.config") .. "/cos.conf"
end

-- A value without the quotes around it; nil if one is not closed, or something follows it.
local function unquoted(value)
  local quote = match(value, "^[\"']")
  if not quote then return value end
  return match(value, "^" .. quote .. "([^" .. quote .. "]*)" .. quote .. "$")
end

-- The settings in a text that stand above all sections, and those behind [PROFILE], which win over them;
-- or nil and what is wrong.
local function read_lines(text, profile)
  local above, chosen, number, section, is_found = {}, {}, 0, nil, not profile
  for line in gmatch(gsub(text, "^\239\187\191", "") .. "\n", "(.-)\n") do
    number = number + 1
    local title = match(line, "^%s*%[%s*(%S.-)%s*%]%s*$")
    if title then
      section = title
      is_found = is_found or section == profile
    elseif not find(line, "^%s*#") and find(line, "%S") then
      local name, value = match(line, "^%s*([^=]-)%s*=%s*(.-)%s*$")
      value = value and unquoted(value)
      -- The line is not shown: it may hold a secret.
      if not value or not IS_NAME[name] then
        return nil, ":" .. number .. ": this is not NAME = VALUE with a name of a setting"
      end
      if not section then
        above[name] = value
      elseif section == profile then
        chosen[name] = value
      end
    end
  end
  if not is_found then return nil, " has no section [" .. profile .. "]" end
  return above, chosen
end

local function in_environment()
  local settings = {}
  for _, name in ipairs(NAMES) do settings[name] = help.getenv("COS_" .. upper(name)) end
  return settings
end

local function refused(message)
  local refusal = new_error(cos.codes.COS_ERR_PARAM, message)
  refusal.argument, refusal.phase = "config", "argument"
  return nil, refusal
end

--- A client of what is configured for the command `cos`: in the file `options.config`, $COS_CONFIG or
--- ~/.config/cos.conf, and in the environment, whose COS_APPID, COS_SECRET_ID, COS_SECRET_KEY,
--- COS_REGION and so on win. `options.profile` or COS_PROFILE chooses a section [NAME] of the file; what stands
--- in that of `options.profile` wins over the environment, too. The other options win over all.
function cos.from_env(options)
  local named = options and options.config or help.getenv "COS_CONFIG"
  local file = named or default_file()
  local text, problem = help.read_file(file, named ~= nil)
  if not text then return refused(file .. ": " .. problem) end
  if find(text, "\0", 1, true) then
    return refused(file .. ": this is not UTF-8 text, but perhaps UTF-16; save it as UTF-8")
  end
  local profile = options and options.profile
  local above, chosen = read_lines(text, profile or help.getenv "COS_PROFILE")
  if not above then return refused(file .. chosen) end
  local settings, lower, higher = above, chosen, in_environment()
  -- Who asks for an account must not get another.
  if profile then lower, higher = higher, lower end
  for _, layer in ipairs { lower, higher } do
    -- A token belongs to the keys that it came with.
    if layer.secret_id then settings.token = nil end
    for name, value in pairs(layer) do settings[name] = value end
  end
  for i = 1, 3 do
    if not settings[NAMES[i]] then
      return refused("no " .. NAMES[i] .. ": set COS_" .. upper(NAMES[i]) .. ", or write " .. NAMES[i] ..
                     " = ... into " .. file)
    end
  end
  local all = with(settings, options or {})
  all.appid, all.secret_id, all.secret_key, all.config, all.profile = nil, nil, nil, nil, nil
  return cos.client(settings.appid, settings.secret_id, settings.secret_key, all)
end
