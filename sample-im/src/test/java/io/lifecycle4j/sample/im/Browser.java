package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.By;
import org.openqa.selenium.JavascriptExecutor;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.interactions.WheelInput;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.support.ui.WebDriverWait;

/** A browser of its own, with a fresh profile, and what its user does and sees on the page. */
final class Browser implements AutoCloseable {
    private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    static {
        SELENIUM.setLevel(Level.SEVERE); // it warns that it has no classes for this Chromium's DevTools: none are used
    }

    private final ChromeDriver driver;
    private final WebDriverWait wait;

    private Browser(ChromeDriver driver) {
        this.driver = driver;
        this.wait = new WebDriverWait(driver, PATIENCE, Duration.ofMillis(50));
        wait.ignoring(StaleElementReferenceException.class);
    }

    /** Opens a window; the test is skipped where no Chromium is installed. */
    static Browser open() {
        File chromium = command("chromium", "chromium-browser", "google-chrome");
        File driver = command("chromedriver");
        Assumptions.assumeTrue(
                chromium != null && driver != null,
                "no Chromium with its driver on the PATH (Debian: apt-get install chromium chromium-driver)");
        ChromeOptions options = new ChromeOptions()
                .setBinary(chromium)
                .addArguments(
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-background-networking",
                        "--window-size=1100,720",
                        "--lang=en-GB");
        ChromeDriverService service =
                new ChromeDriverService.Builder().usingDriverExecutable(driver).build();
        return new Browser(new ChromeDriver(service, options));
    }

    private static @Nullable File command(String... names) {
        String path = Objects.requireNonNullElse(System.getenv("PATH"), "");
        return Arrays.stream(names)
                .flatMap(name -> Arrays.stream(path.split(File.pathSeparator)).map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .map(Path::toFile)
                .findFirst()
                .orElse(null);
    }

    /** Opens a room of the page under a name, with nothing remembered. */
    Browser enter(URI page, String user, String room) {
        leaveThePage(page);
        run("sessionStorage.clear(); localStorage.clear()");
        driver.get(page.resolve("/#" + room).toString());
        find("#name").sendKeys(user + Keys.ENTER);
        await("the room '" + room + "' is joined", () -> isOnline() && shows("#beginning, #earlier, li.message"));
        return this;
    }

    /** Goes to the page's origin, without its scripts. */
    void leaveThePage(URI page) {
        visit(page.resolve("/icon.svg"));
    }

    void visit(URI address) {
        driver.get(address.toString());
    }

    boolean isOnline() {
        return !all("#connection-dot.online").isEmpty();
    }

    void say(String text) {
        find("#text").sendKeys(text + Keys.ENTER);
    }

    /** Turns the mouse's wheel over an element: up if negative. */
    void wheel(String selector, int pixels) {
        new Actions(driver)
                .scrollFromOrigin(WheelInput.ScrollOrigin.fromElement(find(selector)), 0, pixels)
                .perform();
    }

    /** What the open room shows, from top to bottom. */
    List<String> texts() {
        return list("return [...document.querySelectorAll('#messages .text')].map((text) => text.textContent)");
    }

    void awaitText(String text) {
        await("the message '" + text + "'", () -> texts().contains(text));
    }

    String text(String selector) {
        return find(selector).getText();
    }

    void awaitText(String selector, String text) {
        await(selector + " says '" + text + "'", () -> text(selector).equals(text));
    }

    void await(String what, BooleanSupplier condition) {
        wait.withMessage(() -> what + "; the room shows " + texts() + ", the banner '" + text("#banner") + "', the log "
                        + complaints())
                .until(unused -> condition.getAsBoolean());
    }

    WebElement find(String selector) {
        return driver.findElement(By.cssSelector(selector));
    }

    List<WebElement> all(String selector) {
        return driver.findElements(By.cssSelector(selector));
    }

    boolean shows(String selector) {
        return all(selector).stream().anyMatch(WebElement::isDisplayed);
    }

    WebElement focused() {
        return driver.switchTo().activeElement();
    }

    void reload() {
        driver.navigate().refresh();
    }

    @Nullable
    Object run(String script, Object... arguments) {
        return ((JavascriptExecutor) driver).executeScript(script, arguments);
    }

    @SuppressWarnings("unchecked") // the script says what it returns
    <T> List<T> list(String script, Object... arguments) {
        return (List<T>) Objects.requireNonNull(run(script, arguments));
    }

    double number(String script) {
        return ((Number) Objects.requireNonNull(run(script))).doubleValue();
    }

    /** Runs a script in every page from now on, before the page's own. */
    void runFirst(String script) {
        driver.executeCdpCommand("Page.addScriptToEvaluateOnNewDocument", Map.of("source", script));
    }

    void isDark(boolean dark) {
        Map<String, String> scheme = Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light");
        driver.executeCdpCommand("Emulation.setEmulatedMedia", Map.of("features", List.of(scheme)));
    }

    void isWide() {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", 1100, "height", 700, "deviceScaleFactor", 1, "mobile", false));
    }

    void isPhone(int width, int height, int density) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", density, "mobile", true));
        driver.executeCdpCommand("Emulation.setTouchEmulationEnabled", Map.of("enabled", true));
    }

    void isNoPhone() {
        driver.executeCdpCommand("Emulation.clearDeviceMetricsOverride", Map.of());
        driver.executeCdpCommand("Emulation.setTouchEmulationEnabled", Map.of("enabled", false));
    }

    /** Waits until the page has been laid out and painted. */
    void awaitPaint() {
        run("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))");
    }

    void screenshot(Path file) throws IOException {
        Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
    }

    /** What the browser holds against the page: errors, violations of its policy; a server that is away, and a picture apart. */
    List<String> complaints() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(entry -> entry.getMessage())
                .filter(message ->
                        !message.matches("(?s).*(net::ERR_|WebSocket connection to|status of 503|favicon\\.ico).*"))
                .toList();
    }

    void assertNoComplaints() {
        assertThat(complaints()).isEmpty();
    }

    @Override
    public void close() {
        driver.quit();
    }
}
