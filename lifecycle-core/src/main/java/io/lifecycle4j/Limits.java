package io.lifecycle4j;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How long things may take. Immutable.
 *
 * @param chosen those that somebody has set; the others have their defaults
 */
record Limits(Map<Limit, Duration> chosen) {
    static final Limits DEFAULTS = new Limits(Map.of());

    Limits with(Limit limit, Duration value) {
        Map<Limit, Duration> more = new EnumMap<>(Limit.class);
        more.putAll(chosen);
        more.put(limit, limit.checked(value));
        return new Limits(Collections.unmodifiableMap(more));
    }

    /** Null: unlimited. */
    @Nullable
    Duration start() {
        return chosen.get(Limit.START);
    }

    Duration shutdown() {
        return of(Limit.SHUTDOWN);
    }

    Duration announce() {
        return of(Limit.ANNOUNCE);
    }

    Duration drain() {
        return of(Limit.DRAIN);
    }

    Duration stop() {
        return of(Limit.STOP);
    }

    Duration callback() {
        return of(Limit.CALLBACK);
    }

    Duration release() {
        return of(Limit.RELEASE);
    }

    private Duration of(Limit limit) {
        return Objects.requireNonNull(chosen.getOrDefault(limit, limit.byDefault()));
    }
}
