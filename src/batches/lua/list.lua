--[[
  One page of batches, newest first.

  Input:
    ARGV[1]  cursor: last id of the page before, or ''
    ARGV[2]  limit: most batches on the page

  Output:
    {cursor for the next page or '', descriptions...}
]]
local cursor, limit = ARGV[1], tonumber(ARGV[2])

local page = { '' }
local ids = redis.call('ZREVRANGEBYLEX', key('batches'), cursor == '' and '+' or '(' .. cursor, '-', 'LIMIT', 0, limit + 1)
for i = 1, math.min(#ids, limit) do table.insert(page, describe(ids[i])) end
if #ids > limit then page[1] = ids[limit] end
return page
