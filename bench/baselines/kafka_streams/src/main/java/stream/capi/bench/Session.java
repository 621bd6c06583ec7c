package stream.capi.bench;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** State of one key. Stored in a compact binary form, held events as the bytes that came: the cheapest for the store. */
final class Session {
    record Held(long offset, long atMs, String eventId, byte[] raw) {}

    /** A value as JSON text, and the event that brought it. */
    record Known(String json, String eventId) {}

    static final Serde<Session> SERDE = Serdes.serdeFrom((topic, session) -> session.bytes(), (topic, raw) -> read(raw));

    long lastAtMs;
    long heldBytes;
    final List<Held> held = new ArrayList<>();
    final Set<String> seen = new LinkedHashSet<>();
    final Map<String, Known> identity = new LinkedHashMap<>();

    boolean knows(String eventId) {
        return seen.contains(eventId) || held.stream().anyMatch(one -> one.eventId().equals(eventId));
    }

    void hold(Held one) {
        held.add(one);
        heldBytes += one.raw().length;
    }

    /** Forget what has left, but for its ids; the oldest ids first. */
    void letGo() {
        held.forEach(one -> remember(one.eventId()));
        held.clear();
        heldBytes = 0;
    }

    void remember(String eventId) {
        seen.add(eventId);
        if (seen.size() > Rules.SEEN_IDS) {
            Iterator<String> oldest = seen.iterator();
            oldest.next();
            oldest.remove();
        }
    }

    private byte[] bytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream((int) heldBytes + 40 * (held.size() + seen.size()) + 512);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeLong(lastAtMs);
            out.writeInt(held.size());
            for (Held one : held) {
                out.writeLong(one.offset());
                out.writeLong(one.atMs());
                out.writeUTF(one.eventId());
                out.writeInt(one.raw().length);
                out.write(one.raw());
            }
            out.writeInt(seen.size());
            for (String eventId : seen) {
                out.writeUTF(eventId);
            }
            out.writeInt(identity.size());
            for (Map.Entry<String, Known> known : identity.entrySet()) {
                out.writeUTF(known.getKey());
                out.writeUTF(known.getValue().json());
                out.writeUTF(known.getValue().eventId());
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return bytes.toByteArray();
    }

    private static Session read(byte[] raw) {
        if (raw == null) {
            return null;
        }
        Session session = new Session();
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(raw))) {
            session.lastAtMs = in.readLong();
            for (int left = in.readInt(); left > 0; left--) {
                session.hold(new Held(in.readLong(), in.readLong(), in.readUTF(), in.readNBytes(in.readInt())));
            }
            for (int left = in.readInt(); left > 0; left--) {
                session.seen.add(in.readUTF());
            }
            for (int left = in.readInt(); left > 0; left--) {
                session.identity.put(in.readUTF(), new Known(in.readUTF(), in.readUTF()));
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return session;
    }
}
