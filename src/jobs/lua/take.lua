--[[
  Gives a worker the job whose turn it is, and beside it others that are alike and wait: together they cost less.

  Input:
    ARGV[1]  pool
    ARGV[2]  list: BullMQ's list of the pool's turns that wait
    ARGV[3]  turn: BullMQ's job in which they run
    ARGV[4]  worker
    ARGV[5]  now: milliseconds since 1970
    ARGV[6]  jobs: most jobs that are taken together; the next three do not bind the first job
    ARGV[7]  texts: most texts that they may have
    ARGV[8]  work: most work that they may be

  Output: {turns to be added, then for each job: id, the number of this attempt, its work}
]]
local pool, list, turn, worker, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local mostJobs, mostTexts, mostWork = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])

local taken = {}
local tenants = {}
local function take(id, job, inTurn)
  chargeFor(job, inTurn)
  if job.batch == '' then tenants[job.tenant] = true end
  move(id, job, 'running')
  redis.call('HSET', key('job', id), 'started_at', now, 'worker', worker, 'turn', turn)
  redis.call('SADD', key('turn', turn), id)
  if job.attempt == '0' then
    observe((now - redis.call('HGET', key('job', id), 'created_at')) / 1000, 'job_wait_seconds', pool)
  end
  setProgress(id, 'loading', '0', '0')
  tell(id, 'event')
  table.insert(taken, id)
  table.insert(taken, redis.call('HINCRBY', key('job', id), 'attempt', 1))
  table.insert(taken, tostring(job.work))
end

local id, job = nextInTurn(pool)
if id then
  local jobs, texts, work = 1, job.texts, job.work
  take(id, job, true)
  if not job.alone and job.alike ~= '' then
    -- As many are looked at as may be taken: what is too large for the room that is left stays.
    for _, other in ipairs(redis.call('ZRANGE', alikeKey(pool, job.alike), 0, mostJobs - 1)) do
      local beside = load(other)
      if beside and jobs < mostJobs and texts + beside.texts <= mostTexts and work + beside.work <= mostWork then
        jobs, texts, work = jobs + 1, texts + beside.texts, work + beside.work
        take(other, beside, false)
      end
    end
  end
  noteTurn(pool, tenants)
end
return { turnsWanted(pool, list), unpack(taken) }
