package dev.chaperone.cli;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.ElementNotInteractableException;
import org.openqa.selenium.Keys;
import org.openqa.selenium.NoSuchElementException;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.PageLoadStrategy;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;

/** The machine's own Chromium, which reaches this machine alone. Screenshots go to target/console. */
final class TestingBrowser implements AutoCloseable {

    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
    private static final Path SHOTS = Path.of("target", "console");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String AXE = "/axe.min.js";

    /** What axe-core finds against WCAG 2.1 AA, a line for each place; empty when it finds nothing. */
    private static final String AUDIT = """
            const done = arguments[arguments.length - 1];
            axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then(
              (found) => done(found.violations.flatMap((violation) =>
                violation.nodes.map((node) => `${violation.id}: ${node.html} ${node.failureSummary}`)).join('\\n')),
              (failure) => done(String(failure)));
            """;

    private static final int MOST_TABS = 200;

    /** What can be operated at the moment, and what to call it. */
    private static final String CONTROLS = """
            const name = (element) => [element.tagName, element.id || element.getAttribute('href') || element.dataset.id
              || element.getAttribute('aria-label') || element.textContent.trim()].join(' ');
            const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
              .filter((element) => element.checkVisibility() && !element.disabled);
            """;

    final ChromeDriver driver;

    private TestingBrowser(ChromeDriver driver) {
        this.driver = driver;
    }

    static boolean isInstalled() {
        return Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER);
    }

    static TestingBrowser start(Path profile) throws IOException {
        Files.createDirectories(SHOTS);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(CHROMIUM.toFile());
        options.setPageLoadStrategy(PageLoadStrategy.EAGER);
        options.addArguments(
                "--headless",
                "--window-size=1280,1000",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                // Whatever would be asked of anybody else fails at once.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
                "--user-data-dir=" + profile);
        ChromeDriver driver = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(DRIVER.toFile())
                        .usingAnyFreePort()
                        .withTimeout(PATIENCE)
                        .withLogFile(new File("target/console/chromedriver.log"))
                        .build(),
                options);
        driver.manage().timeouts().scriptTimeout(PATIENCE).pageLoadTimeout(PATIENCE);
        return new TestingBrowser(driver);
    }

    /** Signs in as somebody at the provider, who takes any name and any groups. */
    void signIn(String console, String page, String subject, String groups) {
        driver.manage().deleteAllCookies();
        driver.get("about:blank");
        driver.get(console + "/#/" + page);
        click("#sign-in");
        await("the provider asks who", () -> find("[type=submit]"));
        find("[name=username]").sendKeys(subject);
        find("[name=claims]").sendKeys("{\"groups\":[" + groups + "],\"name\":\"" + subject + "\"}");
        find("[type=submit]").click();
        await("the console knows", () -> text("who").contains(subject));
        await("it is the page that was asked for", () -> driver.getCurrentUrl().endsWith("/#/" + page));
    }

    /** Goes to a page as its link does. */
    void go(String page) {
        driver.executeScript("location.hash = arguments[0]", "#/" + page);
    }

    /** What axe-core finds against WCAG 2.1 AA on the page as it is. */
    String violations() throws IOException {
        if (!Boolean.TRUE.equals(driver.executeScript("return typeof axe === 'object'"))) {
            try (InputStream in = TestingBrowser.class.getResourceAsStream(AXE)) {
                if (in == null) {
                    throw new IllegalStateException("`" + AXE + "` is not among the test libraries");
                }
                driver.executeScript(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return String.valueOf(driver.executeAsyncScript(AUDIT));
    }

    /** The controls that cannot be reached by Tab alone, by what identifies them. */
    Set<String> unreachable() {
        Set<String> missing = new TreeSet<>();
        if (driver.executeScript(CONTROLS + "return all.map(name)") instanceof List<?> names) {
            names.forEach(name -> missing.add(String.valueOf(name)));
        }
        if (missing.isEmpty()) {
            throw new AssertionError("there is nothing to operate on " + driver.getCurrentUrl());
        }
        driver.executeScript("document.activeElement.blur(); getSelection().removeAllRanges()");
        for (int i = 0; i < MOST_TABS && !missing.isEmpty(); i++) {
            new Actions(driver).sendKeys(Keys.TAB).perform();
            missing.remove(String.valueOf(driver.executeScript(CONTROLS + "return name(document.activeElement)")));
        }
        return missing;
    }

    /** Whether everything fits without scrolling sideways. */
    boolean fits() {
        return Boolean.TRUE.equals(driver.executeScript(
                "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"));
    }

    void scheme(String scheme) {
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    void size(int width, int height) {
        driver.manage().window().setSize(new Dimension(width, height));
    }

    /** Clicks as soon as it is there; a list that is shown anew meanwhile has another row in its place. */
    void click(String selector) {
        await("`" + selector + "` can be clicked", () -> {
            find(selector).click();
            return true;
        });
    }

    WebElement find(String selector) {
        return driver.findElement(By.cssSelector(selector));
    }

    String text(String id) {
        return find("#" + id).getText();
    }

    /** Waits until something is there, or true. */
    <T> T await(String what, Supplier<T> condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String last = "";
            try {
                T found = condition.get();
                if (!Boolean.FALSE.equals(found)) {
                    return found;
                }
            } catch (NoSuchElementException | StaleElementReferenceException | ElementNotInteractableException e) {
                last = e.getClass().getSimpleName();
            }
            if (System.nanoTime() > end) {
                throw new AssertionError(what + ": not within " + PATIENCE + ' ' + last + '\n' + driver.getCurrentUrl()
                        + '\n' + driver.getPageSource());
            }
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
    }

    void shot(String name) throws IOException {
        Files.write(SHOTS.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
    }

    @Override
    public void close() {
        driver.quit();
    }
}
