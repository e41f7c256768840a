package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The page in daily use, in a real browser; {@link PageIT} has what it does when the server goes. Each test has rooms of its own. */
@Timeout(120)
@DisabledOnOs(OS.WINDOWS) // has no kill
class PageDailyIT {
    /** How many messages a busy room has: 1,500 in every build; {@code -Dim.page.messages=60000} is ten minutes of it. */
    private static final int BUSY = Integer.getInteger("im.page.messages", 1_500);

    private static final int EACH_TENTH_OF_A_SECOND = 10;

    /** Notes, before each frame that is painted, how much the page holds, and where the first message in view is. */
    private static final String WATCH = "const all = document.querySelector('#messages');"
            + " const inView = () => [...all.querySelectorAll('li')].find((li) => li.getBoundingClientRect().top"
            + "   >= all.getBoundingClientRect().top);"
            + " const first = inView(), top = () => first.getBoundingClientRect().top, before = top();"
            + " const watched = window.watched = { most: 0, moved: 0, left: 0 };"
            + " const look = () => { watched.most = Math.max(watched.most, all.querySelectorAll('li').length);"
            + "   watched.moved = Math.max(watched.moved, first.isConnected ? Math.abs(top() - before) : Infinity);"
            + "   if (!document.querySelector('#to-end').hidden) watched.left++;"
            + "   requestAnimationFrame(() => setTimeout(look)); };"
            + " look();";

    /** Notes the receipts that the page sends. */
    private static final String NOTE_RECEIPTS = "window.receipts = []; const send = WebSocket.prototype.send;"
            + " WebSocket.prototype.send = function (text) { const frame = JSON.parse(text);"
            + "   if (frame.t === 'received') window.receipts.push(frame.seq); send.call(this, text); };";

    @TempDir
    static Path data;

    private static Browser ann;
    private static ImProcess server;
    private static URI page;

    @BeforeAll
    static void open() throws Exception {
        ann = Browser.open();
        server = ImProcess.start(data, "--send-rate", "1000").awaitRunning();
        page = server.address();
    }

    @AfterAll
    static void close() throws Exception {
        if (ann != null) {
            ann.close();
        }
        if (server != null) {
            server.close();
        }
    }

    @AfterEach
    void noErrorsInTheBrowser() {
        ann.assertNoComplaints();
    }

    @Test
    @Timeout(1_200)
    void whoFollowsABusyRoomStaysAtItsEndAndThePageDoesNotGrow() throws Exception {
        ann.runFirst(NOTE_RECEIPTS);
        ChatClient bob = writerIn("busy");
        bob.say("busy", "first");
        ann.enter(page, "ann", "busy");
        ann.awaitText("first");
        ann.run(WATCH);
        long start = System.nanoTime();
        sayAHundredASecond(bob, "busy", "message", BUSY).get();
        System.out.printf("A busy room: %,d messages in %,d s%n", BUSY, (System.nanoTime() - start) / 1_000_000_000);
        ann.awaitText("message " + (BUSY - 1));
        ann.await("the last receipt", () -> ann.number("return window.receipts.at(-1) ?? 0") == BUSY + 1);
        System.out.println("A busy room, followed: " + ann.run("return JSON.stringify(window.watched)") + ", receipts: "
                + ann.run("return window.receipts.length") + ", heap: "
                + ann.run("return performance.memory.usedJSHeapSize"));
        assertThat(ann.number("return window.watched.left")).isZero();
        assertThat(ann.number("return window.watched.most")).isLessThan(700);
        assertThat(fromEnd()).isLessThan(2);
        assertThat(ann.number("return window.receipts.length")).isBetween(BUSY / 200.0, BUSY / 100.0 + 10);
    }

    @Test
    @Timeout(1_200)
    void whoHasScrolledUpInABusyRoomStaysWhereHeIsAndThePageDoesNotGrowWithoutEnd() throws Exception {
        ChatClient bob = writerIn("read");
        sayAHundredASecond(bob, "read", "message", 300).get();
        ann.enter(page, "ann", "read");
        ann.awaitText("message 299");
        CompletableFuture<Void> said = sayAHundredASecond(bob, "read", "news", 2_500);
        ann.wheel("#messages", -2_000);
        ann.await("the end is left", () -> ann.shows("#to-end"));
        ann.awaitPaint();
        ann.run(WATCH);
        said.get();
        ann.await("the news are counted", () -> ann.text("#to-end").matches("↓ 2\\d{3} new"));
        System.out.println("A busy room, read above its end: " + ann.run("return JSON.stringify(window.watched)"));
        assertThat(ann.number("return window.watched.moved")).isLessThan(1);
        assertThat(ann.number("return window.watched.most")).isLessThan(2_100);
        bob.say("read", "last");
        ann.find("#to-end").click();
        ann.awaitText("last");
        ann.await("the end is shown", () -> !ann.shows("#to-end") && fromEnd() < 2);
        assertThat(ann.texts()).doesNotHaveDuplicates().endsWith("news 2499", "last");
        assertThat(ann.texts().size()).isLessThan(700);
    }

    @Test
    void aRoomIsOpenedByAClickHoweverMuchIsSaid() throws Exception {
        ChatClient bob = writerIn("loud");
        ann.enter(page, "ann", "loud");
        ann.find("#room-name").sendKeys("quiet\n");
        ann.awaitText("#room-title", "quiet");
        ann.run("window.button = document.querySelector('[data-room=loud]'); window.button.focus()");
        bob.say("loud", "news");
        ann.await("it is unread", () -> ann.shows("[data-room=loud] .badge"));
        assertThat(ann.run("return document.activeElement === window.button && window.button.isConnected"))
                .isEqualTo(true);
    }

    private static double fromEnd() {
        return ann.number("const all = document.querySelector('#messages');"
                + " return all.scrollHeight - all.scrollTop - all.clientHeight");
    }

    /** Connects somebody new: the ids of a user's messages are unique in all rooms. */
    private static ChatClient writerIn(String room) throws Exception {
        ChatClient client =
                ChatClient.connect(page, "bob-" + room);
        client.join(room);
        return client;
    }

    /** Has somebody say so many messages, ten every tenth of a second. */
    private static CompletableFuture<Void> sayAHundredASecond(ChatClient client, String room, String text, int count) {
        CompletableFuture<Void> said = new CompletableFuture<>();
        ScheduledExecutorService pace = Executors.newSingleThreadScheduledExecutor();
        AtomicInteger next = new AtomicInteger();
        var unused = pace.scheduleAtFixedRate(
                () -> {
                    for (int i = 0; i < EACH_TENTH_OF_A_SECOND && next.get() < count; i++) {
                        client.sayLater(room, text + " " + next.getAndIncrement());
                    }
                    if (next.get() == count) {
                        pace.shutdown();
                        said.complete(null);
                    }
                },
                0,
                100,
                TimeUnit.MILLISECONDS);
        return said;
    }
}
