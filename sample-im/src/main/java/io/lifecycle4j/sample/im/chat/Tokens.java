package io.lifecycle4j.sample.im.chat;

import com.auth0.jwt.JWT;
import com.auth0.jwt.JWTVerifier;
import com.auth0.jwt.JWTVerifier.BaseVerification;
import com.auth0.jwt.RegisteredClaims;
import com.auth0.jwt.algorithms.Algorithm;
import java.time.Clock;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Short-lived tokens that say who a client is: signed JSON Web Tokens. The key is kept in the database, so that a token
 * outlives a restart and counts at every node. Thread-safe.
 */
public final class Tokens {
    public static final Duration LIFE = Duration.ofHours(1);

    private static final Pattern USER = Pattern.compile("[\\p{L}\\p{N}]([\\p{L}\\p{N} ._-]{0,30}[\\p{L}\\p{N}._-])?");

    private final Algorithm algorithm;
    private final Clock clock;
    private final JWTVerifier verifier;

    public Tokens(byte[] key, Clock clock) {
        this.algorithm = Algorithm.HMAC256(key);
        this.clock = clock;
        this.verifier =
                ((BaseVerification) JWT.require(algorithm).withClaimPresence(RegisteredClaims.EXPIRES_AT)).build(clock);
    }

    /** Returns whether somebody may be called so. */
    public static boolean isName(String user) {
        return USER.matcher(user).matches();
    }

    public String issue(String user) {
        return JWT.create()
                .withSubject(user)
                .withExpiresAt(clock.instant().plus(LIFE))
                .sign(algorithm);
    }

    /** Returns the token's user; null if it is forged, expired or no token at all. */
    @Nullable
    public String user(@Nullable String token) {
        try {
            return token == null ? null : verifier.verify(token).getSubject();
        } catch (RuntimeException e) { // the library's own, and what it does not foresee, such as a header that is null
            return null;
        }
    }
}
