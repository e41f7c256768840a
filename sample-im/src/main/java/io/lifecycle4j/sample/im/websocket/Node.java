package io.lifecycle4j.sample.im.websocket;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** How this process is called where there are several. */
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
