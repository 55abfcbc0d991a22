//! Names of consumers in their group. Every process has one of its own; Redis keeps them until somebody removes them.

use redis::RedisError;

use super::consume::Group;
use super::link::Link;

/// Removes consumers without pending entries: what a consumer has pending is lost with it, so looking and removing are one
/// step. A consumer that asks again is made again.
const REMOVE: &str = "\
local removed = 0
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #info, 2 do consumer[info[i]] = info[i + 1] end
  local meant = ARGV[2] == '' or ARGV[2] == consumer.name
  if meant and consumer.pending == 0 and tonumber(ARGV[3]) <= consumer.idle then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
    removed = removed + 1
  end
end
return removed";

impl Group<'_> {
    /// Removes our own name, unless something is pending under it: that is claimed by another, who then removes the name.
    pub(super) async fn leave(&self, link: &mut Link) {
        told(self.remove(link, self.replica, 0).await);
    }

    /// Removes the names of those who have not asked for long.
    pub(super) async fn remove_gone(&self, link: &mut Link) {
        told(self.remove(link, "", self.bus.pace.gone.as_millis()).await);
    }

    async fn remove(&self, link: &mut Link, name: &str, idle_ms: u128) -> Result<i64, RedisError> {
        let mut remove = redis::cmd("EVAL");
        remove.arg(REMOVE).arg(1).arg(&self.stream).arg(self.consumer.name).arg(name);
        remove.arg(u64::try_from(idle_ms).unwrap_or(u64::MAX)).query_async(link).await
    }
}

/// Names are no reason to stop: a login may not be allowed to run scripts, and the stream may have been flushed.
fn told(removed: Result<i64, RedisError>) {
    if let Err(error) = removed {
        tracing::debug!("names of consumers stay: {error}");
    }
}
