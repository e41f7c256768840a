package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Takes the pictures of {@code docs/im-page.md}; run by the command that stands there, not by every build. */
class PageScreenshots {
    private static final Path IMAGES = Path.of("..", "docs", "images");
    private static final int MOST_BYTES = 150_000;

    @TempDir
    Path data;

    @Test
    void areTaken() throws Exception {
        Files.createDirectories(IMAGES);
        try (ImProcess server = ImProcess.start(data, "--announce-delay", "2s").awaitRunning();
                Browser browser = Browser.open()) {
            URI page = server.address();
            browser.isWide();
            browser.enter(page, "ann", "lobby");
            talk(browser, page);
            browser.find("#panel-toggle").click();
            browser.awaitText("#panel-state", "RUNNING");
            take(browser, "im-light");
            browser.isDark(true);
            take(browser, "im-dark");
            browser.isDark(false);
            browser.find("#panel-toggle").click();
            browser.isPhone(390, 720, 2);
            browser.await("the end is shown", () -> !browser.shows("#to-end"));
            take(browser, "im-phone");
            browser.isNoPhone();
            browser.isWide();
            browser.find("#panel-toggle").click();

            server.signal("TERM");
            browser.awaitText("#panel-phase", "ANNOUNCE");
            take(browser, "im-announce");
            server.awaitStatus();
            browser.run("Math.random = () => 0.999");
            browser.say("Is anybody there?");
            browser.say("I keep writing; it goes out as soon as the server is back.");
            browser.awaitText("#panel-state", "unreachable");
            browser.await("it waits", () -> browser.text("#banner-count").matches(" ?in [2-5] s"));
            take(browser, "im-restart");
        }
    }

    private static void talk(Browser browser, URI page) throws Exception {
        ChatClient bob = ChatClient.connect(page, "bob");
        ChatClient cleo = ChatClient.connect(page, "cleo");
        bob.join("lobby");
        cleo.join("lobby");
        bob.say("lobby", "Morning! The new build is on the second node: https://node-2.example/");
        bob.say("lobby", "I'll restart the first one in a minute.");
        browser.awaitText("I'll restart the first one in a minute.");
        browser.say("Now? We are in the middle of a call.");
        browser.await("it is stored", () -> browser.all(".own.sent").size() == 1);
        cleo.say("lobby", "Go ahead. Whatever you write in the meantime is kept and sent when it is back.");
        cleo.say("lobby", "<b>Even this</b> stays as it is typed.");
        bob.say("lobby", "Ctrl+C once: it finishes what it has.\nCtrl+C twice: it is gone at once.");
        browser.awaitText("Ctrl+C once: it finishes what it has.\nCtrl+C twice: it is gone at once.");
        browser.say("Then do it.");
        browser.await("it is stored", () -> browser.all(".own.sent").size() == 2);
        for (ChatClient each : new ChatClient[] {bob, cleo}) {
            each.send("{\"t\":\"received\",\"room\":\"lobby\",\"seq\":7}");
        }
        browser.awaitText(".seen", "Seen by bob, cleo");
        for (String room : new String[] {"releases", "support"}) {
            browser.find("#room-name").sendKeys(room + "\n");
            browser.awaitText("#room-title", room);
        }
        browser.find("[data-room=lobby]").click();
        bob.join("releases");
        bob.say("releases", "0.1.0 is out");
        bob.say("releases", "The notes follow.");
        browser.await("they are unread", () -> browser.shows("[data-room=releases] .badge"));
    }

    private static void take(Browser browser, String name) throws Exception {
        Path file = IMAGES.resolve(name + ".png");
        browser.screenshot(file);
        assertThat(file).matches(each -> each.toFile().length() < MOST_BYTES, "is below " + MOST_BYTES + " bytes");
    }
}
