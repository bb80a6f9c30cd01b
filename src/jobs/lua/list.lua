--[[
  One page of jobs, newest first. Looks at 1,000 index entries at most, so that what is rare cannot hold up the server: such a page may be short and still have a next cursor.

  Input:
    ARGV[1]  now: milliseconds since 1970
    ARGV[2]  tenant, or '' for the jobs of all
    ARGV[3]  status, or ''
    ARGV[4]  model, or ''
    ARGV[5]  cursor: last id of the page before, or ''
    ARGV[6]  limit: most jobs on the page
    ARGV[7]  and so on, in pairs: names and texts that the metadata of a job must have

  Output:
    {cursor for the next page or '', descriptions...}
]]
local now, tenant, status, model, cursor, limit = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local FIRST_NAME = 7

local function isMeant(id, job)
  if status ~= '' and job[1] ~= status or model ~= '' and job[2] ~= model then return false end
  if #ARGV < FIRST_NAME then return true end
  local metadata = cjson.decode(redis.call('HGET', key('job', id), 'metadata') or '{}')
  for i = FIRST_NAME, #ARGV, 2 do
    if metadata[ARGV[i]] ~= ARGV[i + 1] then return false end
  end
  return true
end

sweep(now)
local index = key('jobs')
if tenant ~= '' then index = key('jobs', tenant) elseif model ~= '' then index = key('model', model) elseif status ~= '' then index = statusIndex(status, '') end
local page = { '' }
local seen = 0
while seen < 1000 do
  local batch = redis.call('ZREVRANGEBYLEX', index, cursor == '' and '+' or '(' .. cursor, '-', 'LIMIT', 0, limit)
  for _, id in ipairs(batch) do
    if #page - 1 == limit then
      page[1] = cursor
      return page
    end
    cursor = id
    seen = seen + 1
    local job = describe(id)
    if not job then
      redis.call('ZREM', index, id)
    elseif isMeant(id, job) then
      table.insert(page, job)
    end
  end
  if #batch < limit then return page end
  if #page - 1 == limit then
    if redis.call('ZREVRANGEBYLEX', index, '(' .. cursor, '-', 'LIMIT', 0, 1)[1] then page[1] = cursor end
    return page
  end
end
page[1] = cursor
return page
