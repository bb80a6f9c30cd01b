--[[
  Describes a batch.

  Input:
    ARGV[1]  id

  Output:
    its description, or nil where there is none
]]
return describe(ARGV[1])
