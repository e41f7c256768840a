package io.lifecycle4j.sample.im;

import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.MongoServerError;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A database that writes down which change streams it is asked for, and can end them or keep them from being opened. */
final class WatchedBackend extends MemoryBackend {
    private static final int CURSOR_KILLED = 237;
    private static final int CHANGE_STREAM_HISTORY_LOST = 286;

    private final BlockingQueue<Document> opened = new LinkedBlockingQueue<>();
    private final Semaphore toEnd = new Semaphore(0);
    private final Semaphore ended = new Semaphore(0);
    private volatile boolean refusing;
    private volatile boolean forgetful;

    /** Ends the stream that is asked for news next; returns when that is done. */
    void endStream() throws InterruptedException {
        toEnd.release();
        if (!ended.tryAcquire(20, TimeUnit.SECONDS)) {
            throw new AssertionError("no change stream was asked for news");
        }
    }

    /** Knows no place any more at which a stream could be resumed. */
    void forgetPlaces() {
        forgetful = true;
    }

    /** The stage {@code $changeStream} of the next one that was asked for. */
    Document awaitStream() throws InterruptedException {
        Document stage = opened.poll(20, TimeUnit.SECONDS);
        if (stage == null) {
            throw new AssertionError("no change stream was asked for");
        }
        return stage;
    }

    /** Opens no stream until it is told to. */
    void refuseStreams(boolean refuse) {
        refusing = refuse;
    }

    @Override
    public Document handleMessage(MongoMessage message) {
        Document command = message.getDocument();
        Document stage = changeStream(command);
        if (stage != null) {
            opened.add(stage);
            if (refusing || (forgetful && stage.containsKey("resumeAfter"))) {
                throw new MongoServerError(CHANGE_STREAM_HISTORY_LOST, "ChangeStreamHistoryLost", "the test says so");
            }
        }
        if (command.containsKey("getMore") && toEnd.tryAcquire()) {
            ended.release();
            throw new MongoServerError(CURSOR_KILLED, "CursorKilled", "the test says so");
        }
        return super.handleMessage(message);
    }

    private static @Nullable Document changeStream(Document command) {
        return command.get("pipeline") instanceof List<?> stages
                        && !stages.isEmpty()
                        && stages.get(0) instanceof Document first
                        && first.get("$changeStream") instanceof Document stage
                ? stage
                : null;
    }
}
