package io.lifecycle4j.sample.im;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Records in a file, each with a checksum and a number, one more than that of the one before. After {@link #restart()} the next ones
 * overwrite the first; the checksum and the number tell what is left of an earlier round, or was half written in
 * a crash. One thread at a time; {@link #force()} and {@link #size()} at any time.
 */
final class RedoLog implements AutoCloseable {
    /** A record, and its number. */
    record Entry(long number, ByteBuffer bytes) {}

    private static final int HEADER = Integer.BYTES + Integer.BYTES + Long.BYTES; // length, checksum, number

    private final FileChannel channel;
    private volatile long size;
    private boolean failed; // under this

    private RedoLog(FileChannel channel) {
        this.channel = channel;
    }

    /** Opens the file, created if missing. To go on, {@link #read} and {@link #clear} it first. */
    static RedoLog open(Path file) throws IOException {
        return new RedoLog(
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    /** The records from the file's beginning to the first place where there is none. */
    List<Entry> read() throws IOException {
        ByteBuffer file = ByteBuffer.allocate(Math.toIntExact(channel.size()));
        while (file.hasRemaining() && channel.read(file, file.position()) >= 0) {
            // a read may return less than there is
        }
        file.flip();
        List<Entry> entries = new ArrayList<>();
        while (file.remaining() >= HEADER) {
            int length = file.getInt();
            int checksum = file.getInt();
            long number = file.getLong();
            boolean follows = entries.isEmpty()
                    || number == entries.get(entries.size() - 1).number() + 1;
            if (!follows || length < 0 || length > file.remaining()) {
                break;
            }
            ByteBuffer bytes = file.slice(file.position(), length);
            if (checksum != checksum(number, bytes)) {
                break;
            }
            file.position(file.position() + length);
            entries.add(new Entry(number, bytes));
        }
        return entries;
    }

    /** Adds a record. A kill of the process does not harm it from here on, a loss of power after {@link #force()} only. */
    void append(long number, ByteBuffer bytes) throws IOException {
        ByteBuffer entry = ByteBuffer.allocate(HEADER + bytes.remaining());
        entry.putInt(bytes.remaining()).putInt(checksum(number, bytes)).putLong(number);
        entry.put(bytes).flip();
        long position = size;
        while (entry.hasRemaining()) {
            position += channel.write(entry, position);
        }
        size = position; // if the write failed, the next record takes the place of what there is of this one
    }

    /** Returns when everything appended before the call is on the disk. Once that has failed, it always fails. */
    synchronized void force() throws IOException {
        if (failed) { // the system reports a failure once, and may call what it has dropped written the next time
            throw new IOException("an earlier force of the log failed");
        }
        failed = true;
        channel.force(false); // the file's length included, its times not
        failed = false;
    }

    long size() {
        return size;
    }

    /** The next record is the first. What is overwritten only, and not cut off, costs the disk less. */
    void restart() {
        size = 0;
    }

    /** As {@link #restart()}, and nothing is left: numbers that a crash took back are given anew. */
    void clear() throws IOException {
        channel.truncate(0);
        restart();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int checksum(long number, ByteBuffer bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(ByteBuffer.allocate(Long.BYTES).putLong(number).flip());
        checksum.update(bytes.duplicate());
        return (int) checksum.getValue();
    }
}
