package io.lifecycle4j.jetty;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the requests in flight, so that a drain can name them at its limit. Lock-free; each thread begins its search for a free
 * place on a cache line of its own. A request that finds no free place within {@value #TRIES} tries goes into a set, which costs an
 * object.
 */
final class InFlight {
    private static final int PLACES = 4096;
    private static final int TRIES = 32;
    // That many references fill a cache line.
    private static final int STRIDE = 16;
    private static final int NOWHERE = -1;
    private static final int MOST_NAMES = 20;
    private static final int LONGEST_PATH = 200;

    private final AtomicReferenceArray<@Nullable Request> places = new AtomicReferenceArray<>(PLACES);
    private final AtomicReferenceArray<@Nullable Thread> threads = new AtomicReferenceArray<>(PLACES);
    private final Set<Request> others = ConcurrentHashMap.newKeySet();

    /** Remembers a request; returns its place, for {@link #remove}. */
    @SuppressWarnings("deprecation") // threadId() is new in Java 19
    int add(Request request) {
        Thread thread = Thread.currentThread();
        int first = (int) thread.getId() * STRIDE;
        for (int tried = 0; tried < TRIES; tried++) {
            int place = (first + tried) & (PLACES - 1);
            if (places.getPlain(place) == null && places.compareAndSet(place, null, request)) {
                threads.setPlain(place, thread);
                return place;
            }
        }
        others.add(Request.unWrap(request));
        return NOWHERE;
    }

    void remove(int place, Request request) {
        if (place != NOWHERE) {
            places.setRelease(place, null);
        } else {
            others.remove(Request.unWrap(request));
        }
    }

    /** Removes the youngest request that the thread has added, which is the one it is handling, and returns its name; null if none. */
    @Nullable
    String removeHandledBy(Thread thread) {
        Request handled = null;
        int found = NOWHERE;
        for (int place = 0; place < PLACES; place++) {
            Request request = places.get(place);
            if (request != null
                    && threads.get(place) == thread
                    && (handled == null || request.getBeginNanoTime() - handled.getBeginNanoTime() > 0)) {
                handled = request;
                found = place;
            }
        }
        if (handled != null) {
            remove(found, handled);
        }
        return handled == null ? null : name(handled);
    }

    /** Returns method, path and age of the {@value #MOST_NAMES} oldest requests, without queries and path parameters, which may be secret. */
    List<String> names() {
        long now = System.nanoTime();
        return requests()
                .sorted(Comparator.comparingLong(request -> request.getBeginNanoTime() - now))
                .limit(MOST_NAMES)
                .map(request -> name(request, now))
                .toList();
    }

    /** Returns the connections of the requests in flight. */
    Stream<Connection> connections() {
        return requests().map(request -> request.getConnectionMetaData().getConnection());
    }

    private Stream<Request> requests() {
        return Stream.concat(
                IntStream.range(0, PLACES).mapToObj(places::get).filter(Objects::nonNull), others.stream());
    }

    static String name(Request request) {
        return name(request, System.nanoTime());
    }

    private static String name(Request request, long now) {
        long millis = TimeUnit.NANOSECONDS.toMillis(now - request.getBeginNanoTime());
        return request.getMethod() + " " + pathOf(request) + ", " + millis + " ms";
    }

    /** Returns the path without query and path parameters, which may be secret. */
    static String pathOf(Request request) {
        String path = String.valueOf(request.getHttpURI().getPath()).replaceAll(";[^/]*", "");
        return path.length() > LONGEST_PATH ? path.substring(0, LONGEST_PATH) + "…" : path;
    }
}
