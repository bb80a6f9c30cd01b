--[[
  Describes jobs.

  Input:
    ARGV     ids

  Output:
    a description for each, or nil where there is no such job
]]
local found = {}
for i, id in ipairs(ARGV) do found[i] = describe(id) end
return found
