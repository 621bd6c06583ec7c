package stream.capi.bench;

import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The session job as a Kafka Streams application with one thread. Its settings are system properties, all required. */
public final class Main {
    private static final long CACHE_BYTES = 256L << 20; // all sessions that a benchmark touches between two commits

    private Main() {}

    public static void main(String[] arguments) throws InterruptedException {
        KafkaStreams streams = new KafkaStreams(topology(), config());
        Restored restored = new Restored();
        CountDownLatch ended = new CountDownLatch(1);
        streams.setGlobalStateRestoreListener(restored);
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) {
                restored.tell();
            }
            if (now == KafkaStreams.State.ERROR) {
                ended.countDown();
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
        streams.start();
        ended.await();
        System.exit(1);
    }

    private static Topology topology() {
        StoreBuilder<KeyValueStore<String, Session>> store = Stores
            .keyValueStoreBuilder(Stores.inMemoryKeyValueStore("sessions"), Serdes.String(), Session.SERDE)
            .withCachingEnabled()
            .withLoggingEnabled(Map.of());
        Rules rules = Rules.given();
        return new Topology()
            .addSource("events", new StringDeserializer(), new ByteArrayDeserializer(), setting("source"))
            .addProcessor("sessions", () -> new SessionProcessor(rules), "events")
            .addStateStore(store, "sessions")
            .addSink("batches", setting("sink"), new StringSerializer(), new ByteArraySerializer(), "sessions");
    }

    private static Properties config() {
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, setting("application"));
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, setting("servers"));
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, setting("guarantee"));
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, setting("commit_ms"));
        config.put(StreamsConfig.STATE_DIR_CONFIG, setting("folder"));
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        config.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), setting("session_timeout_ms"));
        config.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 2_000);
        return config;
    }

    static String setting(String name) {
        String value = System.getProperty("bench." + name);
        if (value == null) {
            throw new IllegalArgumentException("-Dbench." + name + " is missing");
        }
        return value;
    }
}
