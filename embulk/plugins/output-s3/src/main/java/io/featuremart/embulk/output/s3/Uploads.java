package io.featuremart.embulk.output.s3;

import io.featuremart.embulk.aws.S3Location;
import io.featuremart.embulk.aws.S3Objects;
import io.featuremart.embulk.run.TransientFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Uploads the files of one task, a few at a time, while further rows are read. */
final class Uploads implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Uploads.class);
    private static final int THREADS = 4;
    private static final long STOP_SECONDS = 30;

    private final S3Objects s3;
    private final String bucket;
    private final int task;
    private final Map<String, String> prefixes;
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    private final List<Future<?>> running = new ArrayList<>();
    private final Map<String, List<DataObject>> objects = new TreeMap<>();

    Uploads(final S3Objects s3, final String bucket, final Map<String, String> prefixes, final int task) {
        this.s3 = s3;
        this.bucket = bucket;
        this.prefixes = prefixes;
        this.task = task;
    }

    /** Uploads an ended file and removes it, soon. */
    void take(final String label, final PartFile file, final String sha256, final long rows) {
        final List<DataObject> siblings = objects.computeIfAbsent(label, key -> new ArrayList<>());
        final String key = prefixes.get(label) + "part-" + task + "-" + siblings.size() + ".arrow";
        siblings.add(new DataObject(key, file.size(), sha256, rows));
        running.add(threads.submit(() -> {
            s3.upload(new S3Location(bucket, key), file.path(), sha256);
            file.delete();
        }));
    }

    /** Waits until all are uploaded. */
    void await() {
        for (final Future<?> upload : running) {
            try {
                upload.get();
            } catch (final ExecutionException error) {
                if (error.getCause() instanceof RuntimeException failure) {
                    throw failure;
                }
                throw new IllegalStateException(error.getCause());
            } catch (final InterruptedException error) {
                Thread.currentThread().interrupt();
                throw new TransientFailure("interrupted while uploading", error);
            }
        }
        running.clear();
    }

    /** Returns the objects of a partition. */
    List<DataObject> of(final String label) {
        return objects.getOrDefault(label, List.of());
    }

    /** Removes what was uploaded: the task failed, and nothing will name it. */
    void undo() {
        close();
        objects.values().forEach(list -> list.forEach(object -> {
            try {
                s3.delete(new S3Location(bucket, object.key()));
            } catch (final RuntimeException error) {
                LOGGER.warn("{} stays behind; no manifest names it", object.key(), error);
            }
        }));
    }

    /** Stops what is not uploaded yet, and waits for what is on its way. */
    @Override
    public void close() {
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOGGER.warn("an upload does not end");
            }
        } catch (final InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }
}
