"""What happens in Redis in one step each. An item is at every moment in exactly one list.

Redis may be full, which refuses every command that needs memory, but not within a script that has begun to
write. So these pop first and push then: the queue can be worked off when it is what fills the memory.
"""

from __future__ import annotations

# KEYS: the queue, this worker's list, the orphans, the set of workers, this worker's sign of life.
# ARGV: worker, ticket of the first entry that is settled, begin of the new tickets, end of them, most items, most
# bytes, most bytes of an item, seconds of life, LPOP or RPOP.
# Answers the queue's and the orphans' length and what is in hand: what an unheard answer had given before, else
# orphans, then new items. Of an item that is too large comes just enough to see that. What is among the orphans
# without a ticket was put there by hand, and is an item.
TAKE = """
local queue, own, orphans = KEYS[1], KEYS[2], KEYS[3]
local function ticketed(entry)
  local w, c, p, t = string.match(entry, '^([0-9a-f]+)/(%d+)/(%d+)/(%d+)|')
  return w and #w == 16 and #c <= 15 and #p <= 6 and #t == 13
end
if ARGV[2] ~= '' then
  local first = redis.call('LINDEX', own, 0)
  if first and string.sub(first, 1, #ARGV[2]) == ARGV[2] then redis.call('DEL', own) end
end
local answer = redis.call('LRANGE', own, 0, -1)
local number, bytes = 0, 0
local function keep(entry)
  redis.call('RPUSH', own, entry)
  table.insert(answer, entry)
  number, bytes = number + 1, bytes + #entry
end
local function keep_new(item)
  keep(ARGV[3] .. number .. ARGV[4] .. string.sub(item, 1, ARGV[7] + 1))
end
if #answer == 0 then
  while number < tonumber(ARGV[5]) and bytes < tonumber(ARGV[6]) do
    local entry = redis.call('LPOP', orphans)
    if not entry then break end
    if ticketed(entry) then keep(entry) else keep_new(entry) end
  end
  while number < tonumber(ARGV[5]) and bytes < tonumber(ARGV[6]) do
    local item = redis.call(ARGV[9], queue)
    if not item then break end
    keep_new(item)
  end
end
if number > 0 then
  redis.call('SADD', KEYS[4], ARGV[1])
  redis.call('SET', KEYS[5], 1, 'EX', ARGV[8])
end
table.insert(answer, 1, redis.call('LLEN', orphans))
table.insert(answer, 1, redis.call('LLEN', queue))
return answer
"""

# KEYS: the set of workers, the orphans. ARGV: worker, begin of the workers' lists, begin of their signs of life.
# Answers how many items the dead had in hand. Those are orphans now, for anybody to take.
RECOVER = """
local number = 0
for _, worker in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if worker ~= ARGV[1] and redis.call('EXISTS', ARGV[3] .. worker) == 0 then
    local entry = redis.call('LPOP', ARGV[2] .. worker)
    while entry do
      redis.call('RPUSH', KEYS[2], entry)
      number = number + 1
      entry = redis.call('LPOP', ARGV[2] .. worker)
    end
    redis.call('SREM', KEYS[1], worker)
  end
end
return number
"""

# KEYS: this worker's list, the set of workers, its sign of life. ARGV: worker, ticket as for TAKE.
# Answers how many items are left in hand: another worker finds them at once.
LEAVE = """
if ARGV[2] ~= '' then
  local first = redis.call('LINDEX', KEYS[1], 0)
  if first and string.sub(first, 1, #ARGV[2]) == ARGV[2] then redis.call('DEL', KEYS[1]) end
end
redis.call('DEL', KEYS[3])
local left = redis.call('LLEN', KEYS[1])
if left == 0 then redis.call('SREM', KEYS[2], ARGV[1]) end
return left
"""
