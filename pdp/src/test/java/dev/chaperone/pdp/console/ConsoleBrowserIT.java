package dev.chaperone.pdp.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.State;
import dev.chaperone.pdp.approval.ApprovalException;
import dev.chaperone.testkit.SelfSigned;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Cookie;
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

/**
 * The console in the machine's own Chromium, over TLS, signed in at a real provider, before the real service of approvals.
 * Screenshots go to target/console.
 */
class ConsoleBrowserIT {

    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");
    private static final Path SHOTS = Path.of("target", "console");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private static Path directory;

    private static TestingAgents agents;
    private static TestingConsole console;
    private static ChromeDriver browser;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(
                Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER),
                "there is no Chromium here; install the packages chromium and chromium-driver to run this");
        SelfSigned certificate = SelfSigned.in(directory);
        agents = new TestingAgents(directory);
        console = TestingConsole.start(
                new ConsoleConfig.Tls(certificate.certificate(), certificate.key()), new ServiceDesk(agents.approvals));
        Files.createDirectories(SHOTS);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(CHROMIUM.toFile());
        options.setAcceptInsecureCerts(true);
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
                "--user-data-dir=" + directory.resolve("profile"));
        browser = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(DRIVER.toFile())
                        .usingAnyFreePort()
                        .withTimeout(PATIENCE)
                        .withLogFile(new File("target/console/chromedriver.log"))
                        .build(),
                options);
        browser.manage().timeouts().scriptTimeout(PATIENCE).pageLoadTimeout(Duration.ofSeconds(60));
    }

    @AfterAll
    static void stop() {
        if (browser != null) {
            browser.quit();
        }
        if (console != null) {
            console.close();
        }
        if (agents != null) {
            agents.close();
        }
    }

    @AfterEach
    void leave() {
        browser.manage().deleteAllCookies();
        // The next test's page is loaded anew, even if its address differs in what stands behind the "#" alone.
        browser.get("about:blank");
    }

    @Test
    void aHeldStatementAppearsByItselfAndApprovingItReleasesTheAgent() throws Exception {
        signIn("dr.osei", "privacy-office");
        Cookie session = browser.manage().getCookieNamed("__Host-chaperone-session");
        assertThat(session).isNotNull();
        assertThat(session.isHttpOnly()).isTrue();
        assertThat(session.isSecure()).isTrue();
        assertThat(session.getSameSite()).isEqualTo("Strict");
        await("the page follows", () -> text("live").equals("live"));
        browser.executeScript("window.notReloaded = true");

        Approval held = hold(
                "dr.rivera",
                "select ssn, diagnosis from patients where city = 'Bergen' -- <img src=x onerror=alert(1)>");

        await("the held statement appears", () -> find(row(held)));
        assertThat(browser.executeScript("return window.notReloaded")).isEqualTo(true);
        String row = await("the row", () -> find(row(held)).getText());
        assertThat(row).contains("coding-agent for dr.rivera", "waiting", "more than 1000 patients");
        shot("1-inbox");

        // By keyboard alone: to the row, into it, write, to the button, press.
        await("into the row", () -> {
            find(row(held)).sendKeys(Keys.ENTER);
            return true;
        });
        await("the statement is there", () -> find("#statement"));
        assertThat(text("statement"))
                .isEqualTo("select ssn, diagnosis from patients where city = 'Bergen' -- <img src=x onerror=alert(1)>");
        assertThat(text("main"))
                .contains("social security numbers", "masked: last4", "in the clear", "about 4,200 rows")
                .contains("45 CFR 164.502(b)", "10.1.2.3", "privacy-office", "cohort for the study");
        assertThat(browser.getCurrentUrl()).doesNotContain("ssn", "Bergen", "rivera");
        shot("2-detail");
        WebElement why = find("#justification");
        why.sendKeys("agreed with the study's board", Keys.TAB);
        browser.switchTo().activeElement().sendKeys(Keys.ENTER);

        await("it says so", () -> find("#outcome"));
        assertThat(text("state")).contains("approved");
        assertThat(text("main")).contains("dr.osei approved", "agreed with the study's board");
        assertThat(agents.run(held).getState()).isEqualTo(State.STATE_CONSUMED);
        await("the page follows what became of it", () -> text("state").contains("approved and used"));
        assertThatThrownBy(() -> agents.run(held)).isInstanceOf(ApprovalException.class);
        shot("3-approved");
    }

    @Test
    void denyingTakesAReasonAndEndsIt() throws Exception {
        // The second line would read as a comment to the end, and is none.
        String statement = "select * from patients\n/*\u202e*/ where \u2066/* admins only */";
        Approval held = hold("dr.rivera", statement);
        signIn("dr.osei", "privacy-office");
        click(row(held));
        click("#deny");

        assertThat(browser.executeScript("return document.getElementById('statement').textContent"))
                .isEqualTo(statement);
        assertThat(browser.findElements(By.cssSelector("#statement .unseen")))
                .extracting(mark -> mark.getDomAttribute("data-code"))
                .containsExactly("U+202E", "U+2066");

        await("a reason is asked for", () -> text("problem").contains("Say why"));
        find("#justification").sendKeys("not the minimum necessary");
        find("#deny").click();

        await("it says so", () -> find("#outcome"));
        assertThat(text("state")).contains("denied");
        assertThatThrownBy(() -> agents.run(held)).isInstanceOf(ApprovalException.class);
    }

    @Test
    void whoMayBreakTheGlassIsOfferedItAndIsOnRecord() throws Exception {
        Approval held = hold("dr.rivera", "select allergies from patients");
        signIn("dr.osei", "privacy-office");
        click(row(held));
        await("the form is there", () -> visible("approve"));
        assertThat(find("#emergency").isDisplayed()).as("for an approver").isFalse();

        browser.manage().deleteAllCookies();
        browser.get("about:blank");
        signIn("dr.night", "on-call");
        click(row(held));
        click("#emergency summary");
        assertThat(find("#approve").isDisplayed()).as("for who is on call").isFalse();
        click("#break-glass");
        await("a reason is asked for", () -> text("problem").contains("Say why"));
        find("#justification").sendKeys("the patient is in theatre");
        click("#break-glass");

        await("it says so", () -> text("state").contains("break-glass"));
        assertThat(text("main")).contains("dr.night approved by break-glass", "the patient is in theatre");
        shot("5-break-glass");
    }

    @Test
    void nobodyApprovesTheirOwn() throws Exception {
        Approval held = hold("dr.osei", "select * from patients");
        signIn("dr.osei", "privacy-office");
        click(row(held));
        await("the form is there", () -> visible("approve"));
        find("#justification").sendKeys("I need it");
        find("#approve").click();

        await("it is refused", () -> text("problem").contains("nobody decides on a request of their own"));
        assertThat(text("state")).contains("waiting");
        assertThatThrownBy(() -> agents.run(held)).isInstanceOf(ApprovalException.class);
        shot("4-own");
    }

    @Test
    void pagesFitAPhoneNameEveryControlAndAreSmall() throws Exception {
        Approval held = hold("dr.rivera", "select ssn from patients where x = '" + "y".repeat(300));
        browser.manage().window().setSize(new Dimension(500, 900));
        try {
            signIn("dr.osei", "privacy-office");
            assertThat((Long) browser.executeScript("return performance.getEntriesByType('resource')"
                            + ".concat(performance.getEntriesByType('navigation'))"
                            + ".reduce((sum, entry) => sum + entry.decodedBodySize, 0)"))
                    .isLessThan(300_000L);
            click(row(held));
            await("the form is there", () -> visible("approve"));
            assertThat(browser.executeScript(
                            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
                    .as("nothing to scroll sideways")
                    .isEqualTo(true);
            for (WebElement control : browser.findElements(By.cssSelector("a, button, textarea, input, select"))) {
                if (control.isDisplayed()) {
                    assertThat(control.getAccessibleName()).isNotBlank();
                }
            }
            shot("5-phone");
            for (String scheme : List.of("light", "dark")) {
                browser.executeCdpCommand(
                        "Emulation.setEmulatedMedia",
                        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
                assertThat((Number) browser.executeScript(ConsoleContrast.LEAST))
                        .as("least contrast, " + scheme)
                        .satisfies(least -> assertThat(least.doubleValue()).isGreaterThanOrEqualTo(4.5));
                shot("6-" + scheme);
            }
        } finally {
            browser.manage().window().setSize(new Dimension(1280, 900));
            browser.executeCdpCommand("Emulation.setEmulatedMedia", Map.of("features", List.of()));
        }
    }

    private static Approval hold(String subject, String statement) {
        return agents.hold(console.provider.issuer().toString(), subject, "coding-agent", statement);
    }

    private static String row(Approval held) {
        return "[data-id='" + held.getId() + "']";
    }

    private static void signIn(String subject, String group) {
        browser.get(console.server.origin() + "/#/approvals");
        await("the sign-in is offered", () -> find("#sign-in")).click();
        await("the provider asks who", () -> find("[type=submit]"));
        find("[name=username]").sendKeys(subject);
        find("[name=claims]").sendKeys("{\"groups\":[\"" + group + "\"],\"name\":\"" + subject + "\"}");
        find("[type=submit]").click();
        await("the console knows", () -> text("who").contains(subject));
    }

    /** Clicks as soon as it is there; a list that is shown anew meanwhile has another row in its place. */
    private static void click(String selector) {
        await("`" + selector + "` can be clicked", () -> {
            find(selector).click();
            return true;
        });
    }

    private static WebElement find(String selector) {
        return browser.findElement(By.cssSelector(selector));
    }

    private static WebElement visible(String id) {
        WebElement element = find("#" + id);
        if (!element.isDisplayed()) {
            throw new NoSuchElementException("`" + id + "` is hidden");
        }
        return element;
    }

    private static String text(String id) {
        return find("#" + id).getText();
    }

    /** Waits until something is there, or true. */
    private static <T> T await(String what, Supplier<T> condition) {
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
                throw new AssertionError(what + ": not within " + PATIENCE + ' ' + last + '\n' + browser.getCurrentUrl()
                        + '\n' + browser.getPageSource());
            }
            try {
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(what, e);
            }
        }
    }

    private static void shot(String name) throws Exception {
        Files.write(SHOTS.resolve(name + ".png"), browser.getScreenshotAs(OutputType.BYTES));
    }
}
