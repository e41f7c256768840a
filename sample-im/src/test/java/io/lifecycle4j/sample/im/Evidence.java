package io.lifecycle4j.sample.im;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the clients of a chaos run saw, and what was found stored when it was over: all that {@link Judge} goes by.
 *
 * @param witnesses the clients
 * @param stored per room, what a server that was started afterwards tells, oldest first
 * @param stoppedCleanly the server processes, by number, that were ended by a signal they can answer
 * @param exits how the processes ended
 * @param longestAway how long a client may be without service beyond the time it was told to stay away
 */
record Evidence(
        List<Witness> witnesses,
        Map<String, List<Message>> stored,
        Set<Integer> stoppedCleanly,
        List<Exit> exits,
        Duration longestAway) {

    /** Where no server is left while one starts, nothing is promised of the time that takes. */
    static final Duration ANY_TIME = Duration.ofDays(1);

    /**
     * One client's account, each list in the order of time.
     *
     * @param user its user; no other client has the same
     * @param sends what it wanted to say
     * @param acks what it was told is stored; more than one for a message that was sent again
     * @param heard per room, what it was handed: live, on joining, and as history
     * @param unanswered client ids of sends that had neither ack nor final nack in the end
     * @param refused the final nacks and errors
     * @param closes how its connections ended, but for the last one, which it closed itself
     * @param away how long it was without service, each time, beyond the time it was told to stay away
     */
    record Witness(
            String user,
            List<Send> sends,
            List<Ack> acks,
            Map<String, List<Message>> heard,
            List<String> unanswered,
            List<String> refused,
            List<Close> closes,
            List<Duration> away) {}

    /** A message under its writer's own id for it; no other one of that user has the same text. */
    record Send(String clientId, String room, String text) {}

    /** The server's word that a message is stored. */
    record Ack(String clientId, String room, long seq, boolean duplicate) {}

    /** A message as somebody is told it. */
    record Message(long seq, String user, String text) {}

    /** The end of a connection to the server process of this number. */
    record Close(int server, int code) {}

    /** The end of a process: how it was asked, what came of it, and what was to be expected. */
    record Exit(String how, int status, Set<Integer> expected, Duration took, Duration limit) {}
}
