-- ARGV: ids. Returns one description (or nil) for each.
local found = {}
for i, id in ipairs(ARGV) do found[i] = describe(id) end
return found
