package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chaperone.cli.config.ConfigBinder;
import dev.chaperone.testkit.SelfSigned;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/**
 * The whole way: {@code psql} asks through a PostgreSQL enforcer, policies hold it, somebody decides in Chromium, and an auditor
 * replays the session there, which an audit sink tells over mutual TLS.
 */
class ConsoleIT {

    private static final String APPROVALS = """
            approvals:
              listen:
                port: 0
                plaintext: true
              identity:
                issuer: ${ISSUER}
                audiences: [${AUDIENCE}]
              console:
                listen:
                  port: 0
                  plaintext: true
                sign-in:
                  issuer: ${ISSUER}
                  client-id: console
                roles:
                  approvers: [privacy-officers]
                  auditors: [auditors]
                evidence:
                  targets: ["localhost:${EVIDENCE_PORT}"]
                  tls:
                    ca: tls-sink/server.crt
                    certificate: tls-console/server.crt
                    key: tls-console/server.key
              store:
                url: "${STORE}"
                user: postgres
                password: env:STORE_PASSWORD
              terms:
                approver-groups: [privacy-officers]
              auditor-groups: [auditors]

            management:""";

    private static final String EVIDENCE = """
              ledger: ledger
              evidence:
                listen:
                  port: ${EVIDENCE_PORT}
                  tls:
                    certificate: tls-sink/server.crt
                    key: tls-sink/server.key
                    client-ca: tls-console/server.crt
                keys: [${KEY}]
            """;

    /** More than two departments at a time take an approval. */
    private static final String POLICY = """
            package site
            rule "many departments"
                @reason("that many departments take an approval")
            when
                Table( name == "departments" )
            then
                verdict.limitRows(2);
            end
            """;

    /** How long the first page takes a browser that has not seen it, and how large it is; for docs/console.md, no test depends on it. */
    private static final String FIRST_PAGE = """
            const all = performance.getEntriesByType('resource').filter((entry) => !entry.name.includes('/api/events'));
            const bytes = all.concat(performance.getEntriesByType('navigation'))
              .reduce((sum, entry) => sum + entry.decodedBodySize, 0);
            const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN;
            const data = Math.max(...all.map((entry) => entry.responseEnd));
            return `${bytes} bytes, first contentful paint ${Math.round(paint)} ms, approvals there ${Math.round(data)} ms\\n`;
            """;

    private static final String DEPARTMENTS = "SELECT name FROM clinic.departments ORDER BY name";
    private static final String PATIENT = "SELECT patient_id, ssn FROM clinic.patients WHERE patient_id = 7";

    @TempDir
    static Path directory;

    private static TestingWorld world;
    private static TestingSite site;
    private static Processes processes;
    private static TestingBrowser browser;
    private static URI console;

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(
                TestingBrowser.isInstalled(),
                "there is no Chromium here; install the packages chromium and chromium-driver to run this");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/psql")), "psql is not installed");
        world = TestingWorld.start();
        world.postgres().createDatabase("approvals");
        site = TestingSite.in(directory.resolve("console"), world);
        for (String side : List.of("tls-sink", "tls-console")) {
            SelfSigned.in(Files.createDirectory(site.directory().resolve(side)));
        }
        String port = String.valueOf(TestingSite.freePort());
        site.configure(
                "\nmanagement:",
                "\n"
                        + APPROVALS
                                .replace("${ISSUER}", world.oidc().issuer().toString())
                                .replace("${AUDIENCE}", world.oidc().audience())
                                .replace("${EVIDENCE_PORT}", port)
                                .replace("${STORE}", world.postgres().jdbcUrl("approvals")));
        site.configure(
                "  ledger: ledger\n",
                EVIDENCE.replace("${EVIDENCE_PORT}", port)
                        .replace(
                                "${KEY}",
                                site.signingPublicKey().toAbsolutePath().toString()));
        site.configure("      deadline: 5s", "      deadline: 5s\n    approvals: true");
        site.configure("packs: [baseline, hipaa]", "packs: [baseline, hipaa]\n  policies: policies");
        Files.writeString(
                Files.createDirectory(site.directory().resolve("policies")).resolve("own.drl"), POLICY);
        Map<String, String> environment = new HashMap<>(site.environment());
        environment.put("STORE_PASSWORD", world.postgres().superuserPassword());
        processes = Processes.start(
                ConfigBinder.bind(ChaperoneConfig.class, site.directory().resolve("chaperone.yaml"), environment));
        console = Objects.requireNonNull(
                Objects.requireNonNull(Objects.requireNonNull(processes.pdp()).approvals())
                        .console());
        browser = TestingBrowser.start(directory.resolve("profile"));
    }

    @AfterAll
    static void stop() {
        try (Closing closing = new Closing()) {
            for (AutoCloseable each : new AutoCloseable[] {world, processes, browser}) {
                if (each != null) {
                    closing.add(each);
                }
            }
        }
    }

    @Test
    void aHeldStatementAppearsIsApprovedRunsAndIsReplayed() throws Exception {
        signIn("approvals", "olivia", "\"privacy-officers\",\"auditors\"");
        browser.await("the page follows", () -> browser.text("live").equals("live"));
        browser.driver.executeScript("window.notReloaded = true");

        Psql psql = Psql.start(DEPARTMENTS, PATIENT);
        String id = pending();
        browser.await("it appears by itself", () -> browser.find("[data-id='" + id + "']"));
        assertThat(browser.driver.executeScript("return window.notReloaded")).isEqualTo(true);
        browser.shot("1-inbox");

        // By keyboard alone: into the row, to the justification, to the button.
        browser.await("into the row", () -> {
            browser.find("[data-id='" + id + "']").sendKeys(Keys.ENTER);
            return true;
        });
        browser.await("its statement", () -> browser.text("statement").equals(DEPARTMENTS));
        browser.await("what was done before", () -> browser.text("before").contains("Last"));
        assertThat(browser.text("main")).contains("that many departments take an approval", "more than 2 rows");
        browser.shot("2-detail");
        String session = String.valueOf(browser.driver.executeScript(
                "return [...document.querySelectorAll('dt')].find((term) => term.textContent === 'Session')"
                        + ".nextElementSibling.textContent"));
        browser.find("#justification").sendKeys("a census", Keys.TAB);
        browser.driver.switchTo().activeElement().sendKeys(Keys.ENTER);
        browser.await("it says so", () -> browser.text("state").contains("approved"));

        String output = psql.end();
        assertThat(output).as("psql").contains("Cardiology\n").contains("\n7|");
        browser.shot("3-approved");

        browser.go("sessions");
        browser.await(
                "its session is listed, and ended",
                () -> browser.find("[data-id='" + session + "']").getText().contains("ended"));
        assertThat(browser.text("main")).contains("clinic.departments");
        browser.shot("4-sessions");
        browser.click("[data-id='" + session + "']");
        browser.await("the player", () -> browser.text("where").startsWith("Step 1 of"));
        browser.find("#position").sendKeys(Keys.ARROW_RIGHT);
        browser.await("a step further by keyboard", () -> browser.text("where").startsWith("Step 2 of"));
        browser.driver.executeScript("document.getElementById('speed').value = '16'");
        browser.click("#play");
        browser.await(
                "it has played to the end",
                () -> browser.text("play").equals("Play")
                        && browser.text("steps").contains("closed"));
        assertThat(browser.text("steps"))
                .contains(DEPARTMENTS, "Cardiology", "held for people", "granted", "olivia approved", "a census")
                .doesNotContain(ssn());
        assertThat(browser.find("td.masked").getText()).contains("masked");
        assertThat(browser.text("originals")).contains("not shown here");
        assertThat(browser.driver.getCurrentUrl()).doesNotContain("clinic", "rivera", "departments");
        browser.shot("5-replay");
        TestingTerminal auditor = new TestingTerminal(Map.of(), directory);
        assertThat(auditor.run("audit", "accesses", "--ledger", site.ledger().toString()))
                .as(auditor.out())
                .isZero();
        assertThat(auditor.out())
                .contains("olivia of " + world.oidc().issuer() + ": replay of session " + session)
                .contains("for approval " + id, "CN=localhost");
        browser.click("#first");
        browser.await("at the start again", () -> browser.text("where").startsWith("Step 1 of"));
    }

    @Test
    void aDeniedStatementDoesNotRun() throws Exception {
        Psql psql = Psql.start(DEPARTMENTS);
        String id = pending();
        signIn("approvals/" + id, "olivia", "\"privacy-officers\"");
        browser.await("the form", () -> {
            browser.find("#justification").sendKeys("not the minimum necessary");
            return true;
        });
        browser.click("#deny");
        browser.await("it says so", () -> browser.text("state").contains("denied"));

        assertThat(psql.end()).contains("ERROR", "not the minimum necessary").doesNotContain("Cardiology");
    }

    @Test
    void nobodyApprovesTheirOwnAndSeesWhyNot() throws Exception {
        Psql psql = Psql.start(DEPARTMENTS);
        String id = pending();
        signIn("approvals/" + id, DemoWorld.SUBJECT, "\"privacy-officers\"");
        browser.await("the form", () -> {
            browser.find("#justification").sendKeys("I need it");
            return true;
        });
        browser.click("#approve");
        browser.await(
                "it is refused", () -> browser.text("problem").contains("nobody decides on a request of their own"));
        assertThat(browser.text("state")).contains("waiting");
        browser.shot("6-own");

        psql.cancel();
        assertThat(psql.end()).doesNotContain("Cardiology");
        browser.await("it is withdrawn", () -> browser.text("state").contains("withdrawn"));
    }

    @Test
    void everyPageIsReadableByEverybodyOnAnyScreen() throws Exception {
        Psql.start(PATIENT).end();
        signIn("sessions", "olivia", "\"privacy-officers\",\"auditors\"");
        browser.await("the search", () -> browser.find("#resource")).sendKeys("patients");
        browser.click("#search");
        browser.await("a session of patients has ended", () -> {
            String first = browser.find(".held").getText();
            return first.contains("clinic.patients") && first.contains("ended");
        });
        String session = browser.find(".held").getDomAttribute("data-id");
        Map<String, String> pages = new LinkedHashMap<>();
        pages.put("approvals", "Approvals");
        pages.put("sessions", "Sessions");
        pages.put("sessions/" + session, "Step 1 of");
        pages.put("policies", "many departments");
        pages.put("enforcers", "follows");
        pages.put("evidence", "stores");
        try {
            for (Map.Entry<String, String> page : pages.entrySet()) {
                browser.go(page.getKey());
                browser.await(page.getKey(), () -> browser.text("main").contains(page.getValue()));
                if (page.getKey().equals("sessions/" + session)) {
                    browser.click("#last");
                    browser.await("masked cells", () -> browser.find("td.masked"));
                }
                assertThat(browser.unreachable())
                        .as("out of reach of the keyboard on " + page.getKey())
                        .isEmpty();
                for (String scheme : List.of("light", "dark")) {
                    browser.scheme(scheme);
                    assertThat(browser.violations())
                            .as(page.getKey() + ", " + scheme)
                            .isEmpty();
                }
                browser.size(500, 900);
                assertThat(browser.fits()).as(page.getKey() + " on a phone").isTrue();
                for (WebElement control :
                        browser.driver.findElements(By.cssSelector("a, button, textarea, input, select, summary"))) {
                    if (control.isDisplayed()) {
                        assertThat(control.getAccessibleName())
                                .as("name of " + control.getTagName() + " on " + page.getKey())
                                .isNotBlank();
                    }
                }
                browser.shot("7-" + page.getKey().replaceAll("/.*", "-one") + "-phone-dark");
                browser.size(1280, 1000);
            }
            browser.click("#verify");
            browser.await(
                    "the verdicts",
                    () -> browser.text("main").contains("Integrity holds")
                            && browser.text("main").contains("on request of olivia"));
            browser.shot("8-evidence");
        } finally {
            browser.scheme("light");
        }
        browser.driver.get("about:blank");
        browser.driver.executeCdpCommand("Network.clearBrowserCache", Map.of());
        browser.driver.get(console + "/#/approvals");
        browser.await("the first page again", () -> browser.text("main").contains("Waiting"));
        Files.writeString(
                Path.of("target", "console", "first-page.txt"),
                String.valueOf(browser.driver.executeScript(FIRST_PAGE)));
        assertThat((Long) browser.driver.executeScript("return performance.getEntriesByType('resource')"
                        + ".filter((entry) => !entry.name.includes('/api/'))"
                        + ".concat(performance.getEntriesByType('navigation'))"
                        + ".reduce((sum, entry) => sum + entry.decodedBodySize, 0)"))
                .as("bytes of every page together")
                .isLessThan(300_000L);
    }

    private static void signIn(String page, String subject, String groups) {
        browser.signIn(console.toString(), page, subject, groups);
    }

    /** The id of the one request that waits. */
    private static String pending() throws Exception {
        String[] found = {""};
        Await.until(
                () -> {
                    try (Connection connection = world.postgres().connect("approvals");
                            Statement statement = connection.createStatement();
                            ResultSet rows =
                                    statement.executeQuery("select id from approval where state = 'PENDING'")) {
                        if (rows.next()) {
                            found[0] = rows.getString(1);
                        }
                        return !found[0].isEmpty();
                    }
                },
                () -> "nothing is held");
        return found[0];
    }

    private static String ssn() throws Exception {
        try (Connection connection = world.postgres().connect(DemoWorld.DATABASE);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT ssn FROM clinic.patients WHERE patient_id = 7")) {
            assertThat(rows.next()).isTrue();
            return rows.getString(1);
        }
    }

    /** A {@code psql} that runs. */
    private record Psql(Process process, Path output) {

        static Psql start(String... statements) throws Exception {
            List<String> command = new ArrayList<>(List.of("psql", "-X", "-At"));
            for (String statement : statements) {
                command.addAll(List.of("-c", statement));
            }
            Path output = Files.createTempFile(directory, "psql", ".out");
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment()
                    .putAll(Map.of(
                            "PGHOST",
                            "127.0.0.1",
                            "PGPORT",
                            String.valueOf(processes.enforcers().get(0).port()),
                            "PGDATABASE",
                            DemoWorld.DATABASE,
                            "PGUSER",
                            DemoWorld.SUBJECT,
                            "PGPASSWORD",
                            world.token(),
                            "PGSSLMODE",
                            "disable"));
            return new Psql(builder.start(), output);
        }

        /** Ctrl-C. */
        void cancel() throws Exception {
            new ProcessBuilder("kill", "-INT", String.valueOf(process.pid()))
                    .start()
                    .waitFor();
        }

        String end() throws Exception {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("psql ends").isTrue();
            return Files.readString(output);
        }
    }
}
