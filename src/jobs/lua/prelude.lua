-- Shared by all scripts: src/jobs/scripts.ts puts it in front of each; before it the tables NAMES (what keys begin with)
-- and FINAL (statuses that do not change any more) and time.lua, behind it scheduler.lua and records.lua.

local function key(kind, ...) return table.concat({ NAMES[kind], ... }, ':') end

local function tell(id, what) redis.call('PUBLISH', key('channel_job', id), what) end

local function load(id)
  local fields = redis.call('HMGET', key('job', id), 'status', 'model', 'pool', 'attempt', 'idempotency', 'webhook',
    'tenant', 'batch', 'work', 'texts', 'alike', 'alone', 'turn', 'cache', 'estimate', 'priority')
  if not fields[1] then return nil end
  return {
    status = fields[1], model = fields[2], pool = fields[3], attempt = fields[4],
    idempotency = fields[5], webhook = fields[6] == '1',
    -- Records of the version before lack these.
    tenant = fields[7] or '', batch = fields[8] or '', work = tonumber(fields[9] or 1), texts = tonumber(fields[10] or 1),
    alike = fields[11] or '', alone = fields[12] == '1', turn = fields[13],
    cache = fields[14] or '', -- where its result is kept, or ''
    estimate = tonumber(fields[15] or ''),
    priority = tonumber(fields[16] or 0),
  }
end

local function isFinal(status) return FINAL[status] ~= nil end
