package io.lifecycle4j.benchmarks.chat;

import io.lifecycle4j.benchmarks.ChildJvm;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A process of chatting clients, the same for each chat: joins the rooms, then talks at one rate after another and says how long
 * messages took. Sender and receivers are in this process, so there is one clock.
 */
final class FanOutLoad {
    static final int CLIENTS = 1_000;
    static final int ROOMS = 100;
    static final int ROOMS_OF_A_CLIENT = 10;
    static final int TEXT_BYTES = 50;
    static final double MOST_P99_MILLIS = 50;

    private static final int SEED = 1;
    private static final int JOINING_AT_ONCE = 32;
    private static final int WARM_UP_RATE = 40_000;
    private static final Duration WARM_UP = Duration.ofSeconds(60); // the JIT is busy for some forty

    private final Random random = new Random(SEED);
    private final Semaphore joining = new Semaphore(JOINING_AT_ONCE);
    private final List<List<Member>> rooms = new ArrayList<>();
    private final WebSocketClients clients = WebSocketClients.start("load");
    private volatile @Nullable FanOutStep step;

    private FanOutLoad() throws IOException {
        IntStream.range(0, ROOMS).forEach(room -> rooms.add(new ArrayList<>()));
    }

    /** Starts it; it says what comes of each rate, and then that it is done. */
    static ChildJvm start(ChatServer server, int port, Duration measured, List<Integer> rates, Duration lifetime)
            throws IOException {
        List<String> command = List.of(
                "-cp",
                System.getProperty("java.class.path"),
                FanOutLoad.class.getName(),
                server.name(),
                String.valueOf(port),
                measured.toString());
        return ChildJvm.readingStdout(
                Stream.concat(command.stream(), rates.stream().map(String::valueOf))
                        .toList(),
                lifetime);
    }

    public static void main(String[] arguments) throws Exception {
        ChatServer server = ChatServer.valueOf(arguments[0]);
        int port = Integer.parseInt(arguments[1]);
        Duration measured = Duration.parse(arguments[2]);
        List<Integer> rates = Stream.of(arguments).skip(3).map(Integer::valueOf).toList();
        FanOutLoad load = new FanOutLoad();
        load.join(server, port);
        load.run(WARM_UP_RATE, WARM_UP);
        int tooSlow = 0;
        for (int rate : rates) {
            FanOutStep done = load.run(rate, measured);
            System.out.println("measured " + done.result());
            tooSlow = done.p99Millis() > MOST_P99_MILLIS ? tooSlow + 1 : 0;
            if (tooSlow == 2) { // one may be the machine's
                break;
            }
        }
        System.out.println("done");
        System.exit(0);
    }

    private void join(ChatServer server, int port) throws IOException, InterruptedException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        List<Integer> all = new ArrayList<>(IntStream.range(0, ROOMS).boxed().toList());
        for (int client = 0; client < CLIENTS; client++) {
            Collections.shuffle(all, random);
            List<Integer> own = List.copyOf(all.subList(0, ROOMS_OF_A_CLIENT));
            joining.acquire();
            Member member = new Member(server.conversation(port, "user-" + client, own));
            own.forEach(room -> rooms.get(room).add(member));
            clients.connect(address, server.path(), server.headerLines(), member);
        }
        joining.acquire(JOINING_AT_ONCE);
    }

    private FanOutStep run(int rate, Duration measured) throws InterruptedException {
        FanOutStep next = new FanOutStep(clients, rate, measured, this::say);
        step = next;
        next.run();
        return next;
    }

    /** One of the members of one of the rooms says something; returns how many are to hear it. */
    private int say(String text) {
        int room = random.nextInt(rooms.size());
        List<Member> members = rooms.get(room);
        members.get(random.nextInt(members.size())).say(room, text);
        return members.size();
    }

    /** One client. */
    private final class Member implements WebSocketListener {
        private final Conversation conversation;
        private @Nullable WebSocketClient connection;

        Member(Conversation conversation) {
            this.conversation = conversation;
        }

        void say(int room, String text) {
            WebSocketClient opened = connection;
            if (opened != null) {
                conversation.say(opened, room, text);
            }
        }

        @Override
        public void opened(WebSocketClient client) {
            connection = client;
            conversation.begin(client);
        }

        @Override
        public void text(WebSocketClient client, ByteBuffer payload) {
            FanOutStep now = step;
            boolean handsOn = now != null && now.read(payload);
            if (!handsOn && conversation.hear(client, payload)) {
                joining.release();
            }
        }

        @Override
        public void closed(WebSocketClient client, int code, String reason) {
            System.out.println("broken " + code + " " + reason);
            System.exit(1);
        }
    }
}
