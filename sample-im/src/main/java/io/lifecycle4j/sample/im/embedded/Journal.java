package io.lifecycle4j.sample.im.embedded;

import io.lifecycle4j.AppStartException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Records in a file that only grows, and how many of its bytes are acknowledged in a second one, the mark. Each record has its
 * length and a checksum of its place, length and bytes. The first record that is not whole ends the journal. If that is
 * beyond the mark, it was being written in a crash, and nobody was told of it: it is dropped. If it is before the mark, or the
 * mark itself is not whole, something acknowledged is damaged, cut off or missing, and the folder is refused.
 *
 * <p>The mark is written after the force of what it acknowledges, and not forced itself: it is never ahead of the journal. A kill takes
 * nothing from it; after a loss of power it may be some seconds behind, and what lies beyond it is there, but
 * a damage there is not told from a crash.
 *
 * <p>One thread at a time appends; all else is thread-safe.
 */
final class Journal implements AutoCloseable {
    private static final int HEADER = Integer.BYTES + Integer.BYTES; // length, checksum
    private static final int MARK_BYTES = Long.BYTES + Integer.BYTES; // acknowledged, checksum
    private static final int MOST_BYTES = 16 << 20; // BSON's own limit, which a record is decoded with

    /** The journal is closed, or a sync has failed. */
    static final class UnusableException extends IllegalStateException {
        private static final long serialVersionUID = 1L;

        private UnusableException(String why) {
            super(why);
        }
    }

    private final DataFolder folder;
    private final RandomAccessFile mark; // locked as long as it is open
    RandomAccessFile file; // not final for the tests
    private volatile long size;
    private long acknowledged; // under this
    private volatile @Nullable String unusable;

    private Journal(DataFolder folder, RandomAccessFile mark, long acknowledged) throws IOException {
        this.folder = folder;
        this.mark = mark;
        this.acknowledged = acknowledged;
        file = folder.open(DataFolder.JOURNAL);
    }

    /** Opens the folder's journal, begun if there is none, and locks it. {@link #replay} it first. */
    static Journal open(DataFolder folder) throws IOException, AppStartException {
        RandomAccessFile mark = folder.open(DataFolder.MARK);
        try {
            lock(folder, mark);
            if (mark.length() == 0 && folder.isWithout(DataFolder.JOURNAL)) {
                write(mark, 0);
                mark.getFD().sync();
            }
            Journal journal = new Journal(folder, mark, acknowledged(folder, mark));
            folder.force();
            return journal;
        } catch (IOException | AppStartException e) {
            mark.close();
            throw e;
        }
    }

    private static void lock(DataFolder folder, RandomAccessFile mark) throws IOException, AppStartException {
        try {
            if (mark.getChannel().tryLock() != null) {
                return;
            }
        } catch (OverlappingFileLockException e) {
            // held by this process
        }
        throw folder.inUse();
    }

    private static long acknowledged(DataFolder folder, RandomAccessFile mark) throws IOException, AppStartException {
        if (mark.length() == MARK_BYTES) {
            mark.seek(0);
            long acknowledged = mark.readLong();
            if (mark.readInt() == checksum(acknowledged, new byte[0])) {
                return acknowledged;
            }
        }
        throw folder.damaged("its file " + DataFolder.MARK + " is not as it was written");
    }

    /** Hands on all records in their order, and drops what a crash left behind them. */
    synchronized void replay(Consumer<byte[]> records) throws IOException, AppStartException {
        long length = file.length();
        try (DataInputStream in = new DataInputStream(
                new BufferedInputStream(Files.newInputStream(folder.path().resolve(DataFolder.JOURNAL))))) {
            while (length - size >= HEADER) {
                int next = in.readInt();
                int checksum = in.readInt();
                if (next < 0 || next > Math.min(MOST_BYTES, length - size - HEADER)) {
                    break;
                }
                byte[] bytes = in.readNBytes(next);
                if (checksum != checksum(size, bytes)) {
                    break;
                }
                records.accept(bytes);
                size += HEADER + next;
            }
        }
        if (size < acknowledged) {
            throw folder.damaged("of its file " + DataFolder.JOURNAL + ", " + length + " bytes long, " + acknowledged
                    + " bytes were acknowledged, and only the first " + size + " are as they were written");
        }
        file.setLength(size);
    }

    /** Adds a record. A kill of the process does not harm it from here on, a loss of power after {@link #sync} only. */
    void append(byte[] bytes) throws IOException {
        requireUsable();
        if (bytes.length > MOST_BYTES) {
            throw new IOException("a command of " + bytes.length + " bytes (expected: at most " + MOST_BYTES + ")");
        }
        long end = size;
        ByteBuffer record = ByteBuffer.allocate(HEADER + bytes.length);
        record.putInt(bytes.length).putInt(checksum(end, bytes)).put(bytes);
        file.seek(end); // if a write failed, the next record takes the place of what there is of it
        file.write(record.array());
        size = end + record.capacity();
    }

    /** Returns when all that was appended before the call is acknowledged; one force serves all that wait meanwhile. */
    synchronized void sync() throws IOException {
        requireUsable();
        long written = size;
        if (written > acknowledged) {
            try {
                file.getFD().sync();
                write(mark, written);
            } catch (IOException e) {
                // The system reports a failure once, and may call what it has dropped written the next time.
                unusable = "the embedded MongoDB could not write; mend that, and start again with what it acknowledged";
                throw e;
            }
            acknowledged = written;
        }
    }

    /** Throws unless all syncs so far have succeeded and the journal is open. */
    void requireUsable() {
        String why = unusable;
        if (why != null) {
            throw new UnusableException(why);
        }
    }

    /** Closes the files; called again, it does nothing. */
    @Override
    public synchronized void close() {
        if (!mark.getChannel().isOpen()) {
            return;
        }
        unusable = "the embedded MongoDB is closed";
        RandomAccessFile journal = file;
        try (mark;
                journal) {
            mark.getFD().sync();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(RandomAccessFile mark, long acknowledged) throws IOException {
        mark.seek(0);
        mark.write(ByteBuffer.allocate(MARK_BYTES)
                .putLong(acknowledged)
                .putInt(checksum(acknowledged, new byte[0]))
                .array());
    }

    private static int checksum(long place, byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(ByteBuffer.allocate(Long.BYTES + Integer.BYTES)
                .putLong(place)
                .putInt(bytes.length)
                .flip());
        checksum.update(bytes);
        return (int) checksum.getValue();
    }
}
