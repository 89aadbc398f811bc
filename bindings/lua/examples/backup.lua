-- Keeps a folder of a bucket like a local directory, deletes what has become old there, and says so:
--
--     backup.lua DIRECTORY BUCKET FOLDER [DAYS]
--
-- The account is the one that is configured for the command `cos`.

local cos = require "cos"

local directory, bucket, folder, days = arg[1], arg[2], arg[3], tonumber(arg[4])
if not folder or folder:sub(-1) ~= "/" then
  io.stderr:write "usage: backup.lua DIRECTORY BUCKET FOLDER/ [DAYS]\n"
  os.exit(2)
end

local function stop(problem)
  io.stderr:write(tostring(problem), "\n")
  os.exit(1)
end

local client, problem = cos.from_env { user_agent = "backup.lua" }
if not client then stop(problem) end

-- The whole may take an hour. What was broken off is continued the next time.
local told = 0
local reply, refusal = client:upload_folder(bucket, folder, directory, {
  deadline_ms = 3600000,
  progress = function(done, total)
    if os.time() > told then
      told = os.time()
      io.stderr:write(("\r%.1f of %.1f MB"):format(done / 1e6, total / 1e6))
    end
  end,
})
io.stderr:write "\n"
local data = (reply or refusal.reply or {}).data
for _, file in ipairs(data and data.files or {}) do
  if file.action == "failed" then print("not uploaded: " .. file.path .. ": " .. file.message) end
end
if not reply then
  stop(refusal.retryable and "not done, to be tried again: " .. tostring(refusal) or refusal)
end
print(("%d uploaded, %d unchanged"):format(data.uploaded, data.unchanged))

if days then
  local oldest = os.time() - days * 86400
  local entries = client:each(bucket, folder, { recursive = true })
  local count = 0
  local function next_old()
    for entry in entries do
      if entry.mtime and entry.mtime < oldest then
        count = count + 1
        return entry
      end
    end
  end
  local left, refused = client:delete_files(bucket, next_old)
  if not left then stop(refused) end
  for _, failure in ipairs(left) do print("not deleted: " .. failure.path .. ": " .. failure.message) end
  print(("%d deleted"):format(count - #left))
end
