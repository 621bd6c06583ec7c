package stream.capi.bench;

import java.util.Set;

/** What bounds a session; times in milliseconds of log time. */
record Rules(long idleMs, long graceMs, long maxAgeMs, int maxEvents, long maxBytes, Set<String> flushOn) {
    static final int SEEN_IDS = 1_000; // event ids that a session remembers after they left

    static Rules given() {
        return new Rules(
            Long.parseLong(Main.setting("idle_ms")),
            Long.parseLong(Main.setting("grace_ms")),
            Long.parseLong(Main.setting("max_age_ms")),
            Integer.parseInt(Main.setting("max_events")),
            Long.parseLong(Main.setting("max_bytes")),
            Set.of(Main.setting("flush_on").split(",")));
    }

    /** Log time at which time alone changes this session. */
    long dueMs(Session session) {
        long silentMs = session.lastAtMs + idleMs;
        return session.held.isEmpty() ? silentMs + graceMs : Math.min(silentMs, session.held.get(0).atMs() + maxAgeMs);
    }

    String reasonOfTime(Session session) {
        return session.held.get(0).atMs() + maxAgeMs < session.lastAtMs + idleMs ? "max_age" : "idle";
    }

    /** Why everything leaves now that this event is held, or null. */
    String reasonOf(String eventName, Session session) {
        if (flushOn.contains(eventName)) {
            return "purchase";
        }
        return session.held.size() >= maxEvents || session.heldBytes >= maxBytes ? "size" : null;
    }
}
