package io.lifecycle4j.sample.im.protocol;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.lifecycle4j.sample.im.chat.ChatMessage;
import io.lifecycle4j.sample.im.protocol.Protocol.Declined;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the server sends, as {@code docs/im-protocol.md} explains it; {@code re} repeats the id of the frame that is answered. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "t")
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
public sealed interface ServerFrame {

    @JsonTypeName("welcome")
    record Welcome(@Nullable JsonNode re, String session, String user, String node, long heartbeatMs, Limits limits)
            implements ServerFrame {}

    @JsonNaming(SnakeCaseStrategy.class)
    record Limits(int textBytes, int frameBytes, int rooms, int sendsPerSecond, int framesPerSecond) {}

    @JsonTypeName("joined")
    record Joined(
            @Nullable JsonNode re,
            String room,
            String epoch,
            long head,
            boolean recovered,
            boolean more,
            List<Item> messages)
            implements ServerFrame {}

    @JsonTypeName("left")
    record Left(@Nullable JsonNode re, String room) implements ServerFrame {}

    @JsonTypeName("activity")
    record Activity(
            String room,
            @Nullable List<String> here,
            @Nullable Set<String> typing,
            @Nullable Map<String, Long> seen) implements ServerFrame {}

    @JsonTypeName("ack")
    record Ack(@Nullable JsonNode re, String room, String cid, long seq, String msgId, long createdAt, boolean dup)
            implements ServerFrame {}

    @JsonTypeName("nack")
    record Nack(@Nullable JsonNode re, String cid, Declined code, String message, boolean retry, long retryMs)
            implements ServerFrame {
        public Nack(@Nullable JsonNode re, String cid, Declined code, String message, Duration retry) {
            this(re, cid, code, message, code.isPassing(), retry.toMillis());
        }
    }

    @JsonTypeName("message")
    record Message(@JsonUnwrapped Item item) implements ServerFrame {}

    /** A message, in a frame of its own or among others. */
    @JsonNaming(SnakeCaseStrategy.class)
    record Item(String room, long seq, String msgId, String user, String cid, String text, long createdAt) {
        static Item of(ChatMessage message) {
            return new Item(
                    message.room(),
                    message.seq(),
                    message.id(),
                    message.user(),
                    message.clientId(),
                    message.text(),
                    message.createdAt().toEpochMilli());
        }

        public static List<Item> of(List<ChatMessage> messages) {
            return messages.stream().map(Item::of).toList();
        }
    }

    @JsonTypeName("history")
    record History(@Nullable JsonNode re, String room, boolean more, List<Item> messages) implements ServerFrame {}

    @JsonTypeName("error")
    record Problem(
            @Nullable JsonNode re,
            Declined code,
            String message,
            boolean retry,
            @Nullable Long retryMs) implements ServerFrame {
        /** What was declined for the time being is to be tried again after that time. */
        public Problem(@Nullable JsonNode re, Declined code, String message, Duration retry) {
            this(re, code, message, code.isPassing(), code.isPassing() ? retry.toMillis() : null);
        }
    }

    @JsonTypeName("ping")
    record Ping() implements ServerFrame {}

    @JsonTypeName("going_away")
    record GoingAway(String reason, long retryAfterMs, long deadlineMs) implements ServerFrame {}
}
