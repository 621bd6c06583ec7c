package stream.capi.bench;

import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.processor.StateRestoreListener;

/** Counts what is read back from the changelog, and how long it took from the first partition to the last. */
final class Restored implements StateRestoreListener {
    private final AtomicLong records = new AtomicLong();
    private volatile long beganMs;
    private volatile long endedMs;

    @Override
    public void onRestoreStart(TopicPartition partition, String store, long start, long end) {
        beganMs = beganMs == 0 ? System.currentTimeMillis() : beganMs;
    }

    @Override
    public void onBatchRestored(TopicPartition partition, String store, long end, long count) {
        records.addAndGet(count);
    }

    @Override
    public void onRestoreEnd(TopicPartition partition, String store, long total) {
        endedMs = System.currentTimeMillis();
    }

    /** One line of JSON on standard output. */
    void tell() {
        System.out.printf("{\"restored\": %d, \"took_ms\": %d}%n", records.get(), endedMs - beganMs);
    }
}
