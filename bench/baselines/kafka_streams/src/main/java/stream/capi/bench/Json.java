package stream.capi.bench;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Stream;

/** Events in, batches out; streams/events says what they look like. */
final class Json {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** What the session wants to know of an event; of a tick only its type. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Incoming(
        String type,
        @JsonProperty("event_id") String eventId,
        @JsonProperty("event_name") String eventName,
        Map<String, JsonNode> user) {}

    private Json() {}

    static Incoming read(byte[] raw) {
        try {
            return MAPPER.readValue(raw, Incoming.class);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** All that the session holds, by the events' own time, each with what is known filled into its gaps. */
    static byte[] batch(String key, int partition, Session session, String reason, long atMs) {
        ObjectNode batch = MAPPER.createObjectNode();
        int bar = key.indexOf('|');
        Session.Held first = session.held.get(0);
        batch.put("batch_id", batchId(key, partition, first.offset()));
        batch.put("tenant", key.substring(0, bar));
        batch.put("session_id", key.substring(bar + 1));
        batch.put("reason", reason);
        batch.put("partition", partition);
        batch.put("first_offset", first.offset());
        batch.put("opened_at_ms", first.atMs());
        batch.put("flushed_at_ms", atMs);
        Stream<ObjectNode> leaving = session.held.stream().map(held -> enriched(held, session));
        Comparator<ObjectNode> byTime = Comparator.comparingLong(one -> one.get("event").get("event_time_ms").asLong());
        batch.putArray("events").addAll(leaving.sorted(byTime).toList());
        try {
            return MAPPER.writeValueAsBytes(batch);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static ObjectNode enriched(Session.Held held, Session session) {
        ObjectNode leaving = MAPPER.createObjectNode();
        try {
            ObjectNode event = (ObjectNode) MAPPER.readTree(held.raw());
            ObjectNode user = event.withObject("/user");
            ObjectNode backfilled = MAPPER.createObjectNode();
            session.identity.forEach((field, known) -> {
                if (!user.has(field)) {
                    user.putRawValue(field, new RawValue(known.json()));
                    backfilled.put(field, known.eventId());
                }
            });
            event.put("consent", "granted");
            leaving.set("event", event);
            leaving.set("backfilled", backfilled);
            return leaving.put("at_ms", held.atMs());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static String batchId(String key, int partition, long firstOffset) {
        try {
            byte[] named = (key + "|" + partition + "|" + firstOffset).getBytes(StandardCharsets.UTF_8);
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(named);
            return HexFormat.of().formatHex(Arrays.copyOf(digest, 16));
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }
}
