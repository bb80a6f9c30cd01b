-- Results of jobs, and those that are kept for requests that ask for the same: part of the prelude of all scripts.
--
-- A result is gzipped JSON whose head names its job. It comes in two parts, because what is kept goes without the head:
-- head  4 bytes CRC-32 and 4 bytes length of the text, both little-endian, then the text as deflate blocks that end
--       on a byte and are not the last
-- tail  the rest of the text as a gzip member of its own, with the ten bytes of header that zlib writes
--
-- What is kept has a limit of bytes; the least recently used goes first. It goes with its time to live, too, which uses
-- do not extend, and with any job that it was made by or given to whose deletion is asked for.
-- Invariant: what has an entry has a place in `cache_used`, `cache_until` and `cache_bytes`, whose `total` is the sum.

-- What an entry takes in the three indexes and in its own key.
local ENTRY_BYTES = 640

local GZIP_HEADER_BYTES, GZIP_TRAILER_BYTES = 10, 8
local CRC_POLYNOMIAL = 0xEDB88320

-- The product of two polynomials modulo that of CRC-32, lowest power in the highest bit (zlib, crc32_combine).
local function product(a, b)
  local sum = 0
  for power = 31, 0, -1 do
    if bit.band(a, bit.lshift(1, power)) ~= 0 then sum = bit.bxor(sum, b) end
    b = bit.bxor(bit.rshift(b, 1), bit.band(b, 1) == 1 and CRC_POLYNOMIAL or 0)
  end
  return sum
end

-- The CRC-32 of two texts behind each other, of which the second is so many bytes long.
local function crcOfBoth(first, second, bytes)
  local shift, square = bit.lshift(1, 31), bit.lshift(1, 23) -- x^0; x^8, by which a byte shifts
  while bytes > 0 do
    if bytes % 2 == 1 then shift = product(shift, square) end
    square = product(square, square)
    bytes = math.floor(bytes / 2)
  end
  return bit.bxor(product(shift, first), second) % 4294967296
end

-- One gzip member of head and tail.
local function joined(head, tail)
  local headCrc, headBytes = struct.unpack('<I4I4', head)
  local tailCrc, tailBytes = struct.unpack('<I4I4', tail, #tail - GZIP_TRAILER_BYTES + 1)
  return string.sub(tail, 1, GZIP_HEADER_BYTES) .. string.sub(head, GZIP_TRAILER_BYTES + 1)
    .. string.sub(tail, GZIP_HEADER_BYTES + 1, -GZIP_TRAILER_BYTES - 1)
    .. struct.pack('<I4I4', crcOfBoth(headCrc, tailCrc, tailBytes), (headBytes + tailBytes) % 4294967296)
end

local function storeResult(id, head, tail, inseq, ttl)
  redis.call('SET', key('result', 'json', id), joined(head, tail), 'EX', ttl)
  redis.call('SET', key('result', 'inseq', id), inseq, 'EX', ttl)
end

local function forgetResult(entry)
  redis.call('DEL', key('cache', entry))
  redis.call('ZREM', key('cache_used'), entry)
  redis.call('ZREM', key('cache_until'), entry)
  local bytes = redis.call('HGET', key('cache_bytes'), entry)
  if not bytes then return end
  redis.call('HDEL', key('cache_bytes'), entry)
  redis.call('HINCRBY', key('cache_bytes'), 'total', -bytes)
end

-- Makes what is kept fit into so many bytes.
local function shrinkResults(limit)
  while tonumber(redis.call('HGET', key('cache_bytes'), 'total') or 0) > limit do
    local oldest = redis.call('ZRANGE', key('cache_used'), 0, 0)[1]
    if not oldest then -- somebody else deleted the index
      redis.call('DEL', key('cache_bytes'))
      return
    end
    forgetResult(oldest)
  end
end

-- Entries vanish by their TTL; their places in the indexes vanish here.
local function sweepResults(now)
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', key('cache_until'), '-inf', now, 'LIMIT', 0, 500)) do
    forgetResult(entry)
  end
end

local function markUsed(entry)
  local time = redis.call('TIME')
  redis.call('ZADD', key('cache_used'), time[1] * 1000000 + time[2], entry)
end

-- Keeps a result for `ttl` seconds. `total`: units of work of its job. What is larger than an eighth of the limit would
-- push out too much else, and is not kept.
local function keepResult(entry, tail, inseq, total, ttl, limit)
  forgetResult(entry)
  local bytes = #tail + #inseq + ENTRY_BYTES
  if bytes * 8 > limit then return end
  redis.call('HSET', key('cache', entry), 'tail', tail, 'inseq', inseq, 'total', total)
  redis.call('EXPIRE', key('cache', entry), ttl)
  redis.call('ZADD', key('cache_until'), serverTime() + ttl * 1000, entry)
  redis.call('HSET', key('cache_bytes'), entry, bytes)
  redis.call('HINCRBY', key('cache_bytes'), 'total', bytes)
  markUsed(entry)
  for _, index in ipairs({ 'cache_used', 'cache_until', 'cache_bytes' }) do
    redis.call('EXPIRE', key(index), math.max(ttl, redis.call('TTL', key(index)))) -- nothing stays when all have gone
  end
end

-- {tail, inseq, total} of what is kept; nil where there is nothing.
local function keptResult(entry)
  local kept = redis.call('HMGET', key('cache', entry), 'tail', 'inseq', 'total')
  if not kept[1] then return nil end
  markUsed(entry)
  return kept
end
