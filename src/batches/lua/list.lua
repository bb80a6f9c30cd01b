--[[
  One page of batches, newest first.

  Input:
    ARGV[1]  tenant, or '' for the batches of all
    ARGV[2]  cursor: last id of the page before, or ''
    ARGV[3]  limit: most batches on the page

  Output:
    {cursor for the next page or '', descriptions...}
]]
local tenant, cursor, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])

local page = { '' }
local index = tenant == '' and key('batches') or key('batches', tenant)
local ids = redis.call('ZREVRANGEBYLEX', index, cursor == '' and '+' or '(' .. cursor, '-', 'LIMIT', 0, limit + 1)
for i = 1, math.min(#ids, limit) do table.insert(page, describe(ids[i])) end
if #ids > limit then page[1] = ids[limit] end
return page
