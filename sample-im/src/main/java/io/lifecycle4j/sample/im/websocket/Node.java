package io.lifecycle4j.sample.im.websocket;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** The name of this process, which tells nodes apart. */
public final class Node {
    public static final String NAME = ProcessHandle.current().pid() + "@" + hostName();

    private Node() {}

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
