--[[
  Whether jobs wait for which BullMQ has no turn.

  Input:
    ARGV[1]  pool
    ARGV[2]  list: BullMQ's list of the pool's turns that wait

  Output: turns to be added
]]
return turnsWanted(ARGV[1], ARGV[2])
