--[[
  Forgets jobs and kept results whose time to live is over in every index.

  Input:
    ARGV[1]  now: milliseconds since 1970
]]
sweep(tonumber(ARGV[1]))
sweepResults(serverTime())
