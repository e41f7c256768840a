package io.lifecycle4j.sample.im.protocol;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * What clients send, as {@code docs/im-protocol.md} explains it. The constructors reject wrong fields, so that every instance but
 * {@link Wrong} is a valid frame. {@link Json#clientFrame} reads one.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "t")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ClientFrame.Hello.class, name = "hello"),
    @JsonSubTypes.Type(value = ClientFrame.Join.class, name = "join"),
    @JsonSubTypes.Type(value = ClientFrame.Leave.class, name = "leave"),
    @JsonSubTypes.Type(value = ClientFrame.Send.class, name = "send"),
    @JsonSubTypes.Type(value = ClientFrame.History.class, name = "history"),
    @JsonSubTypes.Type(value = ClientFrame.Received.class, name = "received"),
    @JsonSubTypes.Type(value = ClientFrame.Typing.class, name = "typing"),
    @JsonSubTypes.Type(value = ClientFrame.Pong.class, name = "pong")
})
public sealed interface ClientFrame {

    record Hello(@Nullable JsonNode id, long v, String token) implements ClientFrame {
        public Hello {
            id = Field.ID.checked(id);
            Field.V.require(v == Protocol.VERSION);
            Field.TOKEN.check(token);
        }
    }

    record Join(
            @Nullable JsonNode id, String room, @Nullable After after) implements ClientFrame {
        public Join {
            id = Field.ID.checked(id);
            Field.ROOM.check(room);
        }
    }

    /** The last message that a client has, and the history that it is of. */
    record After(String epoch, Long seq) {
        public After {
            Field.EPOCH.check(epoch);
            Field.SEQ.require(seq != null && seq >= 0);
        }
    }

    record Leave(@Nullable JsonNode id, String room) implements ClientFrame {
        public Leave {
            id = Field.ID.checked(id);
            Field.ROOM.check(room);
        }
    }

    record Send(@Nullable JsonNode id, String room, String cid, String text) implements ClientFrame {
        public Send {
            id = Field.ID.checked(id);
            Field.ROOM.check(room);
            Field.CID.check(cid);
            Field.TEXT.check(text);
        }
    }

    /** Without {@code before} and {@code limit}: the newest page. A limit above the most that a page holds is as good as that. */
    record History(@Nullable JsonNode id, String room, Long before, Long limit) implements ClientFrame {
        public History {
            id = Field.ID.checked(id);
            Field.ROOM.check(room);
            before = before == null ? Long.valueOf(Long.MAX_VALUE) : before;
            limit = limit == null ? Long.valueOf(Protocol.PAGE) : limit;
            Field.BEFORE.require(before >= 0);
            Field.LIMIT.require(limit >= 1);
        }
    }

    record Received(String room, long seq) implements ClientFrame {
        public Received {
            Field.ROOM.check(room);
            Field.SEQ.require(seq >= 0);
        }
    }

    record Typing(String room) implements ClientFrame {
        public Typing {
            Field.ROOM.check(room);
        }
    }

    record Pong() implements ClientFrame {}

    /** A frame of a known type with a field that is not as expected. */
    record Wrong(@Nullable JsonNode id, String problem) implements ClientFrame {}
}
