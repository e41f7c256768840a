package io.lifecycle4j.sample.im.chat;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the members of one room do beside speaking: they come, go, type and read. It is gathered until it is told, so that a
 * storm of it costs each member one frame, not a storm of them. Thread-safe.
 */
final class Presence {
    /** In a larger room nothing of it is told: whatever one of n members did, n would hear of it. */
    static final int MOST_MEMBERS = 50;

    // From here on, all is under this. The user who has read last is the last of this map.
    private final Map<String, Long> seen = new LinkedHashMap<>();
    private final Map<String, Long> newlySeen = new LinkedHashMap<>();
    private final Set<String> typing = new TreeSet<>();
    private boolean moved;
    private boolean told;

    /** Somebody has come or gone. */
    synchronized void moved() {
        moved = true;
    }

    synchronized void typing(String user) {
        if (typing.size() < MOST_MEMBERS) {
            typing.add(user);
        }
    }

    synchronized void seen(String user, long seq) {
        Long before = seen.remove(user);
        seen.put(user, before == null ? seq : Math.max(before, seq));
        if (seen.size() > MOST_MEMBERS) {
            seen.remove(seen.keySet().iterator().next());
        }
        boolean isRoomForIt = newlySeen.containsKey(user) || newlySeen.size() < MOST_MEMBERS;
        if (isRoomForIt && (before == null || before < seq)) {
            newlySeen.put(user, seq);
        }
    }

    /** What is stored of the time before this room's first member came. */
    synchronized void stored(Map<String, Long> positions) {
        Map<String, Long> since = new LinkedHashMap<>(seen);
        seen.clear();
        positions.forEach(this::seen);
        since.forEach(this::seen);
    }

    /** Returns what is to be told to the members of a room, null if it is nothing; the same will not be returned again. */
    synchronized @Nullable Activity take(String room, Collection<Membership> members) {
        Activity activity = null;
        if (members.size() <= MOST_MEMBERS) {
            told |= moved;
            activity = activity(room, members);
        } else if (told) {
            told = false;
            activity = new Activity(room, List.of(), null, null);
        }
        moved = false;
        typing.clear();
        newlySeen.clear();
        return activity;
    }

    /** After somebody has come, all are told of everybody who has read, since it is not known who the newcomer is. */
    private @Nullable Activity activity(String room, Collection<Membership> members) {
        if (!moved && typing.isEmpty() && newlySeen.isEmpty()) {
            return null;
        }
        List<String> here =
                members.stream().map(Membership::user).distinct().sorted().toList();
        Map<String, Long> read = moved ? seen : newlySeen;
        return new Activity(
                room,
                moved ? here : null,
                typing.isEmpty() ? null : Set.copyOf(typing),
                read.isEmpty() ? null : Map.copyOf(read));
    }
}
