package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.Keys;

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

    /** A checker of what makes pages hard to use for some. */
    private static final String AXE = resource("/META-INF/resources/webjars/axe-core/4.6.3/axe.min.js");

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

    @Test
    void aPhonesHeaderShowsTheRoomsNameHoweverLongTheNamesAre() {
        ann.isPhone(320, 640, 2);
        try {
            ann.enter(page, "ann-with-a-name-of-32-characters", "a-room-whose-name-is-quite-long-too");
            assertThat(ann.number("return document.querySelector('#room-title').getBoundingClientRect().width"))
                    .isGreaterThan(80);
            // From left to right, each within the window, none over the next one.
            assertThat(ann.<String>list("const shown = [...document.querySelector('header').children]"
                            + ".map((each) => [each, each.getBoundingClientRect()]);"
                            + " return shown.filter(([, { left, right }], i) => left < (shown[i - 1]?.[1].right ?? 0)"
                            + "   || right > innerWidth).map(([each]) => each.outerHTML)"))
                    .isEmpty();
        } finally {
            ann.isNoPhone();
        }
    }

    @Test
    void theServersStateIsFoldedAwayUntilOneWantsItAndThenRemembered() {
        ann.isWide();
        try {
            ann.enter(page, "ann", "folded");
            assertThat(ann.shows("#panel")).isFalse();
            ann.find("#panel-toggle").click();
            ann.awaitText("#panel-state", "RUNNING");
            ann.reload();
            ann.await("it is open still", () -> ann.shows("#panel"));
            ann.find("#text").sendKeys(Keys.ESCAPE);
            assertThat(ann.shows("#panel")).isFalse();
            assertThat(ann.focused().getDomAttribute("id")).isEqualTo("text");
            ann.reload();
            ann.await("the page is there", ann::isOnline);
            assertThat(ann.shows("#panel")).isFalse();
        } finally {
            ann.isNoPhone();
        }
    }

    @Test
    void whoLeavesARoomIsNotToldOfItAndDoesNotFindItAgain() throws Exception {
        ChatClient bob = writerIn("leaving");
        ann.enter(page, "ann", "leaving");
        ann.awaitText("#company", "Here with you: bob-leaving");
        ann.find("[data-room=leaving] + .leave").click();
        ann.awaitText("#room-title", "lobby");
        assertThat(ann.all("[data-room=leaving]")).isEmpty();
        assertThat(ann.shows(".leave")).isFalse(); // there is a room always
        await().until(() -> last(bob, "activity").path("here").toString().equals("[\"bob-leaving\"]"));
        ann.reload();
        ann.await("the page is there", () -> ann.isOnline() && ann.shows("[data-room=lobby]"));
        assertThat(ann.all("[data-room=leaving]")).isEmpty();
    }

    @Test
    void oneSeesWhoIsThereAndWhoIsTyping() throws Exception {
        ann.enter(page, "ann", "company");
        ann.awaitText("#company", "Only you are here");
        ChatClient bob = writerIn("company");
        ann.awaitText("#company", "Here with you: bob-company");
        bob.send(ChatClient.frame("typing").put("room", "company").toString());
        ann.awaitText("#company", "bob-company is typing…");
        ann.awaitText("#company", "Here with you: bob-company"); // a few seconds later
        bob.send(ChatClient.frame("typing").put("room", "company").toString());
        ann.awaitText("#company", "bob-company is typing…");
        bob.say("company", "so it was");
        ann.awaitText("so it was");
        assertThat(ann.text("#company")).isEqualTo("Here with you: bob-company");
        ann.find("#text").sendKeys("I type much, and tell it once");
        await().until(() -> last(bob, "activity").path("typing").toString().equals("[\"ann\"]"));
        assertThat(ann.text("#company")).isEqualTo("Here with you: bob-company"); // and not oneself
        bob.ask(ChatClient.frame("leave").put("room", "company"));
        ann.awaitText("#company", "Only you are here");
    }

    @Test
    void underOnesOwnLastMessageStandsWhoHasSeenIt() throws Exception {
        ChatClient bob = writerIn("seen");
        ann.enter(page, "ann", "seen");
        ann.say("have you seen this?");
        ann.await("it is stored", () -> ann.all(".own.sent").size() == 1);
        assertThat(ann.shows(".seen")).isFalse();
        bob.send(ChatClient.frame("received").put("room", "seen").put("seq", 1).toString());
        ann.awaitText(".seen", "Seen by bob-seen");
        ann.say("and this?");
        ann.await(
                "nobody has seen it",
                () -> !ann.shows(".seen") && ann.all(".own.sent").size() == 2);
        bob.send(ChatClient.frame("received").put("room", "seen").put("seq", 2).toString());
        ann.awaitText(".own:last-child .seen", "Seen by bob-seen");
        ann.reload(); // who comes is told
        ann.awaitText(".own:last-child .seen", "Seen by bob-seen");
    }

    @Test
    void whatIsUnreadIsSoAfterAReload() throws Exception {
        ChatClient bob = writerIn("unread");
        bob.say("unread", "read");
        ann.enter(page, "ann", "unread");
        ann.awaitText("read");
        ann.find("#room-name").sendKeys("elsewhere" + Keys.ENTER);
        ann.awaitText("#room-title", "elsewhere");
        bob.say("unread", "one");
        bob.say("unread", "two");
        ann.awaitText("[data-room=unread] .count", "2");
        ann.leaveThePage(page);
        bob.say("unread", "three");
        ann.visit(page.resolve("/#elsewhere"));
        ann.awaitText("[data-room=unread] .count", "3");
        assertThat(ann.run("return document.title")).isEqualTo("(3) elsewhere · Chat");
        ann.find("[data-room=unread]").click();
        ann.await("it is read", () -> !ann.shows(".badge"));
        ann.reload();
        ann.awaitText("three");
        assertThat(ann.shows(".badge")).isFalse();
    }

    @Test
    void webAddressesAreLinksThatTellTheOtherSideNothing() {
        ann.enter(page, "ann", "links");
        ann.say("See https://example.org/a_(b)?c=d#e, or (http://example.org). And https://müller.example/ü!");
        ann.await("it is stored", () -> ann.all(".own.sent").size() == 1);
        assertThat(ann.texts())
                .containsExactly(
                        "See https://example.org/a_(b)?c=d#e, or (http://example.org). And https://müller.example/ü!");
        assertThat(ann.<String>list(
                        "return [...document.querySelectorAll('.text a')].map((a) => a.textContent + ' ' + a.href)"))
                .containsExactly(
                        "https://example.org/a_(b)?c=d#e https://example.org/a_(b)?c=d#e",
                        "http://example.org http://example.org/",
                        "https://müller.example/ü https://xn--mller-kva.example/%C3%BC");
        assertThat(ann.<String>list("return [...document.querySelectorAll('.text a')].map((a) => a.title)"))
                .containsExactly("", "", "xn--mller-kva.example");
        assertThat(ann.<String>list("return [...document.querySelectorAll('.text a')]"
                        + ".map((a) => [a.rel, a.target, a.referrerPolicy].join(', '))"))
                .containsOnly("noopener noreferrer nofollow, _blank, no-referrer");
    }

    @Test
    void anAddressThatIsNothingButEndsOfSentencesFreezesNobody() {
        String text = "https://a" + ".".repeat(2_600) + ")".repeat(1_300); // once took half a minute to look at
        ann.enter(page, "ann", "dots");
        ann.say(text);
        ann.await("it is stored", () -> ann.all(".own.sent").size() == 1);
        assertThat(ann.<String>list("return [...document.querySelectorAll('.text a')].map((a) => a.textContent)"))
                .containsExactly("https://a");
    }

    @Test
    void whatIsNoHonestWebAddressIsNoLink() {
        List<String> texts = List.of(
                "javascript:alert(1)",
                "JaVaScRiPt://example.org/%0aalert(1)",
                "data:text/html,<script>alert(1)</script>",
                "data:text/html;base64,PHNjcmlwdD4=",
                "file:///etc/passwd ftp://example.org mailto:a@example.org //example.org www.example.org",
                "https://bank.example@elsewhere.example/",
                "https://bank.example:443@elsewhere.example/",
                "https://@elsewhere.example",
                "https://bank.example\\@elsewhere.example/",
                "https://example.org/\u202Egpj.exe",
                "https://exam\u200Bple.org/",
                "https://example.org/\u2066a\u2069",
                "https://example.org/\u0001",
                "https://");
        ann.enter(page, "ann", "no-links");
        texts.forEach(text -> ann.run(
                "document.querySelector('#text').value = arguments[0]; document.querySelector('#compose').requestSubmit()",
                text));
        ann.await("all is stored", () -> ann.all(".own.sent").size() == texts.size());
        assertThat(ann.texts()).isEqualTo(texts);
        assertThat(ann.<String>list("return [...document.querySelectorAll('#messages a')].map((a) => a.outerHTML)"))
                .isEmpty();
        // What turns the order of the letters before a link does not reach into it.
        ann.run("document.querySelector('#text').value = '\u202Esee https://example.org/';"
                + " document.querySelector('#compose').requestSubmit()");
        ann.await("it is stored", () -> ann.all("#messages a").size() == 1);
        assertThat(ann.find("#messages a").getCssValue("unicode-bidi")).isEqualTo("isolate");
        assertThat(ann.find("#messages a").getCssValue("direction")).isEqualTo("ltr");
    }

    @Test
    void aLongMessageIsFoldedAndWhoUnfoldsItReadsItFromItsBeginning() throws Exception {
        ChatClient bob = writerIn("long");
        bob.say("long", "a line\n".repeat(100) + "the last one");
        bob.say("long", "short");
        ann.enter(page, "ann", "long");
        ann.awaitText("short");
        assertThat(ann.all(".more")).hasSize(1);
        assertThat(heightOf(".folded")).isLessThan(400);
        ann.find(".more").click();
        assertThat(ann.text(".more")).isEqualTo("Show less");
        assertThat(ann.find(".more").getDomAttribute("aria-expanded")).isEqualTo("true");
        assertThat(heightOf(".text")).isGreaterThan(1_500);
        ann.awaitPaint();
        double before = ann.number("return document.querySelector('.text').getBoundingClientRect().top");
        bob.say("long", "news");
        ann.awaitText("news");
        ann.awaitPaint();
        assertThat(ann.number("return document.querySelector('.text').getBoundingClientRect().top"))
                .isEqualTo(before);
        ann.find("#text").sendKeys(Keys.ESCAPE);
        ann.await("the end is shown", () -> !ann.shows("#to-end") && fromEnd() < 2);
    }

    @Test
    void escapeForgetsTheNameOfARoomThatIsBeingTyped() {
        ann.enter(page, "ann", "escape");
        ann.find("#room-name").sendKeys("never mind" + Keys.ESCAPE);
        assertThat(ann.find("#room-name").getDomProperty("value")).isEmpty();
        assertThat(ann.focused().getDomAttribute("id")).isEqualTo("text");
        assertThat(ann.text("#room-title")).isEqualTo("escape");
    }

    @Test
    void theBrowserNotifiesWhoHasAskedForItAndIsLookingElsewhere() throws Exception {
        ann.runFirst("window.notified = []; window.isHidden = false;"
                + " Object.defineProperty(document, 'hidden', { get: () => window.isHidden });"
                + " window.Notification = class extends EventTarget { static permission = 'default';"
                + "   static async requestPermission() { return Notification.permission = 'granted'; }"
                + "   constructor(title, { body }) { super(); window.notified.push(`${title}: ${body}`); window.last = this; }"
                + "   close() {} };");
        ChatClient bob = writerIn("notify");
        ann.enter(page, "ann", "notify");
        ann.run("window.isHidden = true");
        bob.say("notify", "not asked for");
        ann.awaitText("not asked for");
        ann.awaitText("#notify", "Notifications: off");
        ann.find("#notify").click();
        ann.awaitText("#notify", "Notifications: on");
        bob.say("notify", "<b>news</b>");
        bob.say("notify", "no second one so soon");
        ann.awaitText("no second one so soon");
        assertThat(ann.<String>list("return window.notified")).containsExactly("bob-notify in notify: <b>news</b>");
        ann.find("#room-name").sendKeys("notify-2" + Keys.ENTER);
        ann.awaitText("#room-title", "notify-2");
        ann.run("window.last.dispatchEvent(new Event('click'))");
        ann.awaitText("#room-title", "notify");
        ann.find("#notify").click();
        ann.awaitText("#notify", "Notifications: off");
    }

    /** With all that a room can have in view. */
    @ParameterizedTest
    @CsvSource({"false, 1100", "true, 1100", "false, 320", "true, 320"})
    void axeFindsNothingToComplainOf(boolean dark, int width) throws Exception {
        String room = "axe-" + dark + "-" + width;
        ChatClient bob = writerIn(room);
        ann.isDark(dark);
        ann.isPhone(width, 720, 1);
        try {
            ann.enter(page, "ann", room);
            bob.say(room, "a line\n".repeat(40));
            bob.say(room, "See https://example.org/");
            ann.awaitText("See https://example.org/");
            ann.say("Thank you: https://example.org/");
            ann.await("it is stored", () -> ann.all(".own.sent").size() == 1);
            bob.send(
                    ChatClient.frame("received").put("room", room).put("seq", 3).toString());
            ann.await("it is seen", () -> ann.shows(".seen"));
            assertThat(axe()).isEmpty();
            bob.send(ChatClient.frame("typing").put("room", room).toString());
            ann.await("bob types", () -> ann.shows("#company.typing"));
            assertThat(axe()).isEmpty();
            ann.find("#panel-toggle").click();
            ann.find("#room-name").sendKeys("elsewhere" + Keys.ENTER);
            bob.say(room, "news");
            ann.await("it is unread", () -> ann.shows(".badge"));
            assertThat(axe()).isEmpty();
            assertThat(ann.complaints()).allMatch(each -> each.contains("Canvas2D")); // the checker's own
        } finally {
            ann.isDark(false);
            ann.isNoPhone();
        }
    }

    private static List<String> axe() {
        return ann.list(AXE + "; return axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>"
                + " violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join('\\n')))");
    }

    private static JsonNode last(ChatClient client, String type) {
        List<JsonNode> told = client.told(type);
        return told.isEmpty() ? MissingNode.getInstance() : told.get(told.size() - 1);
    }

    private static double heightOf(String selector) {
        return ann.number("return document.querySelector('" + selector + "').getBoundingClientRect().height");
    }

    private static String resource(String name) {
        try (InputStream in = PageDailyIT.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double fromEnd() {
        return ann.number("const all = document.querySelector('#messages');"
                + " return all.scrollHeight - all.scrollTop - all.clientHeight");
    }

    /** Connects somebody new: the ids of a user's messages are unique in all rooms. */
    private static ChatClient writerIn(String room) throws Exception {
        ChatClient client = ChatClient.connect(page, "bob-" + room);
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
                        var unusedAnswer = client.sayLater(room, text + " " + next.getAndIncrement());
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
