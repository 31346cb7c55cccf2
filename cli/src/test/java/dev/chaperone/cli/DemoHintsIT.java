package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the demonstration says to type next, typed: the lines go to a shell just as they are printed. */
class DemoHintsIT {

    private static final Pattern SESSION =
            Pattern.compile("^(\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}) ", Pattern.MULTILINE);

    @TempDir
    Path directory;

    @Test
    void everyLineThatItSaysToTypeWorks() throws Exception {
        assumeTrue(installed("psql"), "psql is not installed (Debian: apt install postgresql-client)");
        Logging.toTerminal(false);
        Path demo = directory.resolve(".demo");
        TestingTerminal screen =
                new TestingTerminal(Map.of("CHAPERONE_COMMAND", command().toString()), directory);
        DemoProgress progress = new DemoProgress(screen.terminal());
        try (DemoWorld world = DemoWorld.start(DemoFiles.prepare(demo), 0, Map.of(), progress)) {
            new Demo(screen.terminal(), world, progress).printHints();

            assertThat(type(
                            "be the agent",
                            screen,
                            "SELECT patient_id, ssn FROM clinic.patients WHERE patient_id = 7;"))
                    .contains("7 | [redacted]");
            assertThat(type(
                            "be a clinician in person",
                            screen,
                            "SELECT patient_id, ssn FROM clinic.patients WHERE patient_id = 7;"))
                    .containsPattern("7 \\| \\d{3}-\\d{2}-\\d{4}");
            assertThat(type("be somebody else", screen, "")).startsWith("eyJ");
            assertThat(type("be somebody who decides", screen, "")).contains("nothing waits for you");
            Await.until(
                    () -> SESSION.matcher(type("see what was asked", screen, ""))
                            .find(),
                    world.files()::toString);
            String replay = type("replay a session", screen, "");
            assertThat(replay).contains("SELECT patient_id, ssn", "7          | [redacted]");
            holdSomething(screen);
            assertThat(type("verify the ledger", screen, "")).containsPattern("completeness +OK");
            if (installed("curl")) {
                assertThat(type("health", screen, "")).contains("\"status\" : \"ok\"");
            }
            if (installed("less")) {
                assertThat(type("what it is set up with", screen, "")).contains("postgres:", "recording:");
            }
        }
        assertThat(screen.out().lines().filter(line -> line.matches("   [a-z].*")))
                .as("a line that is said to be typed, and that nothing here types")
                .hasSize(9);
    }

    /** What is said about holding something, done: one waits at the prompt, another decides. */
    private void holdSomething(TestingTerminal screen) throws Exception {
        String update = screen.out()
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("UPDATE "))
                .findAny()
                .orElseThrow();
        Path output = directory.resolve("waiting");
        Process waiting = start(line("be the agent", screen), update + "\n", output);
        String list = line("be somebody who decides", screen);
        Pattern id = Pattern.compile("ap-[0-9a-z]+");
        List<String> held = new ArrayList<>();
        Await.until(
                () -> {
                    Matcher found = id.matcher(type(list, ""));
                    return found.find() && held.add(found.group());
                },
                () -> "nothing is held");
        assertThat(seenInTheConsole(screen)).contains(held.get(0));
        assertThat(type(list.replace("approvals list", "approvals approve " + held.get(0) + " --because called"), ""))
                .contains("approved by m.keller");
        assertThat(waiting.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(output)).contains("UPDATE 1").contains("8 | p_");
    }

    /** What waits, as the console tells somebody who signs in as it is said. */
    private static String seenInTheConsole(TestingTerminal screen) throws Exception {
        Matcher said = Pattern.compile("(http://localhost:\\d+) +sign in as (\\S+), with the claims (\\{.*})")
                .matcher(screen.out());
        assertThat(said.find()).isTrue();
        HttpClient browser = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .cookieHandler(new CookieManager())
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build();
        HttpResponse<String> login = ask(browser, HttpRequest.newBuilder(URI.create(said.group(1) + "/sign-in")));
        String form =
                "username=" + said.group(2) + "&claims=" + URLEncoder.encode(said.group(3), StandardCharsets.UTF_8);
        HttpResponse<String> signedIn = ask(
                browser,
                HttpRequest.newBuilder(login.uri())
                        .header("content-type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString(form)));
        assertThat(signedIn.uri()).hasToString(said.group(1) + "/");
        return ask(browser, HttpRequest.newBuilder(URI.create(said.group(1) + "/api/approvals")))
                .body();
    }

    private static HttpResponse<String> ask(HttpClient browser, HttpRequest.Builder request)
            throws IOException, InterruptedException {
        HttpResponse<String> response =
                browser.send(request.timeout(Duration.ofSeconds(30)).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response;
    }

    /** Types the line behind a title; what its program printed. */
    private String type(String title, TestingTerminal screen, String input) throws IOException, InterruptedException {
        String line = line(title, screen);
        if (line.endsWith(" SESSION")) {
            Matcher session = SESSION.matcher(type("see what was asked", screen, ""));
            assertThat(session.find()).isTrue();
            line = line.replace("SESSION", session.group(1));
        }
        return type(line, input);
    }

    private static String line(String title, TestingTerminal screen) {
        return screen.out()
                .lines()
                .map(String::strip)
                .filter(candidate -> candidate.startsWith(title))
                .map(candidate -> candidate.substring(title.length()).strip())
                .findAny()
                .orElseThrow();
    }

    private String type(String line, String input) throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        Process shell = start(line, input, output);
        assertThat(shell.waitFor(60, TimeUnit.SECONDS)).as(line).isTrue();
        assertThat(shell.exitValue()).as(line + "\n" + Files.readString(output)).isZero();
        return Files.readString(output);
    }

    private Process start(String line, String input, Path output) throws IOException {
        Path typed = Files.writeString(directory.resolve(output.getFileName() + ".input"), input);
        return new ProcessBuilder("bash", "-c", line)
                .directory(directory.toFile())
                .redirectInput(typed.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
    }

    /** A script that stands for {@code ./chaperone} of a source tree that is built. */
    private Path command() throws IOException {
        Path script = directory.resolve("chaperone");
        Files.writeString(
                script,
                "#!/bin/sh\nexec '" + Path.of(System.getProperty("java.home"), "bin", "java")
                        + "' -XX:TieredStopAtLevel=1 -cp '"
                        + System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")) + "' "
                        + Main.class.getName() + " \"$@\"\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return script;
    }

    private static boolean installed(String program) {
        return Stream.of(System.getenv("PATH").split(":", -1))
                .anyMatch(place -> Files.isExecutable(Path.of(place, program)));
    }
}
