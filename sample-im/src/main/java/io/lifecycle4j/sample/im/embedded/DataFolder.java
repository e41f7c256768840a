package io.lifecycle4j.sample.im.embedded;

import io.lifecycle4j.AppStartException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The folder with the embedded server's files: its user's alone, and what is said when it cannot be used. */
record DataFolder(Path path) {
    static final String JOURNAL = "im.journal";
    static final String MARK = "im.acknowledged";

    /** Creates it if it is missing, and keeps other users out. */
    void prepare() throws AppStartException {
        try {
            Files.createDirectories(path);
            if (!Files.isWritable(path)) {
                throw unusable("cannot be written to");
            }
            if (hasPermissions() && isOurs()) {
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
            }
        } catch (FileAlreadyExistsException e) {
            throw unusable("is not a folder");
        } catch (IOException e) {
            throw unusable("cannot be created or kept from other users (" + e + ")");
        }
    }

    /** A folder with something else in it, such as a user's home, is not ours to close to others; the files are. */
    private boolean isOurs() throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            return Set.of(JOURNAL, MARK)
                    .containsAll(
                            files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()));
        }
    }

    boolean isWithout(String name) {
        return Files.notExists(path.resolve(name));
    }

    /** Opens a file, created if missing. It is no channel, which an interrupt would close. */
    RandomAccessFile open(String name) throws IOException {
        Path file = path.resolve(name);
        if (hasPermissions()) { // closed to others from the first moment: whoever has opened a file may read on
            Set<PosixFilePermission> owners = PosixFilePermissions.fromString("rw-------");
            var created = PosixFilePermissions.asFileAttribute(owners);
            Files.newByteChannel(file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE), created)
                    .close();
            Files.setPosixFilePermissions(file, owners);
        }
        return new RandomAccessFile(file.toFile(), "rw");
    }

    private boolean hasPermissions() {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /** Makes the files' names survive a loss of power, where a system can be asked for that. */
    void force() throws IOException {
        if (hasPermissions()) { // and so folders that can be opened
            try (FileChannel entries = FileChannel.open(path, StandardOpenOption.READ)) {
                entries.force(true);
            }
        }
    }

    AppStartException unusable(String why) {
        return new AppStartException(
                "the data folder " + path + " " + why
                        + " (expected: a folder that this user can read and write); mend that, or choose another with --data-dir");
    }

    AppStartException inUse() {
        return new AppStartException("the data folder " + path + " is in use by another process (its file " + MARK
                + " is locked); stop that process, or choose another folder with --data-dir");
    }

    AppStartException damaged(String how) {
        return new AppStartException("the data folder " + path + " is damaged: " + how
                + "; put back a copy of the whole folder, or begin anew in another with --data-dir");
    }
}
