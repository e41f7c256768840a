package io.lifecycle4j.sample.im.chat;

import static org.assertj.core.api.Assertions.assertThat;

import com.auth0.jwt.JWT;
import com.auth0.jwt.algorithms.Algorithm;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TokensTest {
    private static final byte[] KEY = new byte[32];
    private static final Instant NOW = Instant.parse("2026-11-27T12:00:00Z");
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Tokens tokens = at(NOW);

    @Test
    void aTokenNamesItsUserAtEachNodeUntilItExpires() {
        String token = tokens.issue("Zoë 1");
        assertThat(tokens.user(token)).isEqualTo("Zoë 1");
        assertThat(at(NOW.plus(Tokens.LIFE).minus(SECOND)).user(token)).isEqualTo("Zoë 1");
        assertThat(at(NOW.plus(Tokens.LIFE).plus(SECOND)).user(token)).isNull();
    }

    @Test
    void whatIsForgedNamesNobody() {
        Algorithm key = Algorithm.HMAC256(KEY);
        Instant later = NOW.plus(Tokens.LIFE);
        assertThat(tokens.user(
                        JWT.create().withSubject("ann").withExpiresAt(later).sign(key)))
                .isEqualTo("ann");
        assertThat(tokens.user(JWT.create().withSubject("ann").sign(key))).isNull();
        assertThat(tokens.user(
                        JWT.create().withSubject("ann").withExpiresAt(later).sign(Algorithm.none())))
                .isNull();
        assertThat(tokens.user(
                        JWT.create().withSubject("ann").withExpiresAt(later).sign(Algorithm.HMAC256("another key"))))
                .isNull();
        assertThat(tokens.user(
                        JWT.create().withSubject("ann").withExpiresAt(later).sign(Algorithm.HMAC512(KEY))))
                .isNull();
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"", "nonsense", "..", "a.b.c", "YW5u.99999999999.AAAA", "bnVsbA.e30.AAAA"})
    void whatIsNoTokenNamesNobody(String text) {
        assertThat(tokens.user(text)).isNull();
    }

    private static Tokens at(Instant now) {
        return new Tokens(KEY, Clock.fixed(now, ZoneOffset.UTC));
    }
}
