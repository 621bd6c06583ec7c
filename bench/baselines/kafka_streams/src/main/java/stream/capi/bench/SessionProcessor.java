package stream.capi.bench;

import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Holds the events of a key until a purchase, silence, age or size releases them. streams/session.py has the rules;
 * here are those that events without clicks, consent and a change of person need. Deadlines are a heap in memory, made
 * anew of the store, so that stream time costs no walk through all sessions.
 */
final class SessionProcessor implements Processor<String, byte[], String, byte[]> {
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Set<String> CLICKS = Set.of("fbc", "ttclid"); // have rules of their own, not here

    private record Due(long atMs, String key) {}

    private final Rules rules;
    private final PriorityQueue<Due> deadlines = new PriorityQueue<>(Comparator.comparingLong(Due::atMs));
    private final Map<String, Long> scheduled = new HashMap<>();
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, Session> store;

    SessionProcessor(Rules rules) {
        this.rules = rules;
    }

    @Override
    public void init(ProcessorContext<String, byte[]> given) {
        context = given;
        store = context.getStateStore("sessions");
        try (KeyValueIterator<String, Session> restored = store.all()) {
            while (restored.hasNext()) {
                KeyValue<String, Session> entry = restored.next();
                schedule(entry.key, entry.value);
            }
        }
        context.schedule(LOOK, PunctuationType.STREAM_TIME, this::advance);
    }

    @Override
    public void process(Record<String, byte[]> record) {
        Json.Incoming event = Json.read(record.value());
        if (!"event".equals(event.type())) {
            return; // a tick: stream time has moved
        }
        long atMs = record.timestamp();
        Session before = store.get(record.key());
        Session session = expire(record.key(), before, atMs);
        if (session == null) {
            session = new Session();
        } else if (session.knows(event.eventId())) {
            keep(record.key(), session);
            return;
        }
        session.lastAtMs = atMs;
        take(event, record, session);
        keep(record.key(), session);
    }

    private void take(Json.Incoming event, Record<String, byte[]> record, Session session) {
        if (event.user() != null) {
            event.user().forEach((field, value) -> {
                if (!CLICKS.contains(field)) {
                    session.identity.computeIfAbsent(
                        field, unknown -> new Session.Known(value.toString(), event.eventId()));
                }
            });
        }
        if ("Identify".equals(event.eventName())) {
            session.remember(event.eventId());
            return;
        }
        long offset = context.recordMetadata().map(RecordMetadata::offset).orElseThrow();
        session.hold(new Session.Held(offset, record.timestamp(), event.eventId(), record.value()));
        String reason = rules.reasonOf(event.eventName(), session);
        if (reason != null) {
            release(record.key(), session, reason, record.timestamp());
        }
    }

    private void advance(long nowMs) {
        while (!deadlines.isEmpty() && deadlines.peek().atMs() <= nowMs) {
            Due due = deadlines.poll();
            if (scheduled.remove(due.key(), due.atMs())) {
                keep(due.key(), expire(due.key(), store.get(due.key()), due.atMs()));
            }
        }
    }

    /** What falls due up to now; null when the key is forgotten. */
    private Session expire(String key, Session session, long nowMs) {
        while (session != null && rules.dueMs(session) <= nowMs) {
            if (session.held.isEmpty()) {
                return null;
            }
            release(key, session, rules.reasonOfTime(session), rules.dueMs(session));
        }
        return session;
    }

    private void release(String key, Session session, String reason, long atMs) {
        byte[] batch = Json.batch(key, context.taskId().partition(), session, reason, atMs);
        context.forward(new Record<>(key, batch, context.currentStreamTimeMs()));
        session.letGo();
    }

    private void keep(String key, Session session) {
        if (session == null) {
            store.delete(key);
        } else {
            store.put(key, session);
            schedule(key, session);
        }
    }

    private void schedule(String key, Session session) {
        long dueMs = rules.dueMs(session);
        if (dueMs < scheduled.getOrDefault(key, Long.MAX_VALUE)) {
            scheduled.put(key, dueMs);
            deadlines.add(new Due(dueMs, key));
        }
    }
}
