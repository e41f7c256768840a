package io.lifecycle4j.sample.im.chat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What happens in a room beside its messages. What has not changed is null.
 *
 * @param room the room's name
 * @param here who is in it, at this node; nobody if it is too large to be told
 * @param typing who has just been typing
 * @param seen up to which sequence users have seen the room
 */
public record Activity(
        String room,
        @Nullable List<String> here,
        @Nullable Set<String> typing,
        @Nullable Map<String, Long> seen) {}
