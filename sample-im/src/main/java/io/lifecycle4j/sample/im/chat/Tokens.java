package io.lifecycle4j.sample.im.chat;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Short-lived tokens that say who a client is: user, expiry and an HMAC over both. The key is kept in the
 * database, so that a token outlives a restart and counts at every node. Thread-safe.
 */
public final class Tokens {
    public static final Duration LIFE = Duration.ofHours(1);

    private static final Pattern USER = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} ._-]{0,31}");
    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec key;
    private final Clock clock;

    public Tokens(byte[] key, Clock clock) {
        this.key = new SecretKeySpec(key, ALGORITHM);
        this.clock = clock;
    }

    /** Returns whether somebody may be called so. */
    public static boolean isName(String user) {
        return USER.matcher(user).matches();
    }

    public String issue(String user) {
        long expiry = clock.instant().plus(LIFE).getEpochSecond();
        String claim = encode(user.getBytes(StandardCharsets.UTF_8)) + "." + expiry;
        return claim + "." + encode(sign(claim));
    }

    /** Returns the token's user; null if it is forged, expired or no token at all. */
    @Nullable
    public String user(@Nullable String token) {
        String[] parts = token == null ? new String[0] : token.split("\\.", -1);
        if (parts.length != 3) {
            return null;
        }
        try {
            byte[] signature = Base64.getUrlDecoder().decode(parts[2]);
            // Compared in constant time: how far a guess is right must not show.
            if (!MessageDigest.isEqual(signature, sign(parts[0] + "." + parts[1]))
                    || Long.parseLong(parts[1]) <= clock.instant().getEpochSecond()) {
                return null;
            }
            return new String(Base64.getUrlDecoder().decode(parts[0]), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private byte[] sign(String claim) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            return mac.doFinal(claim.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every JDK has " + ALGORITHM, e);
        }
    }

    private static String encode(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
