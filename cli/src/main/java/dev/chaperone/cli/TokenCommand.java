package dev.chaperone.cli;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code chaperone token}: a token of the running demonstration's OIDC provider. */
@Command(
        name = "token",
        description = {
            "Print a token of the running demonstration's OIDC provider: what an agent's password is.",
            "The provider believes whatever it is told; it exists for the demonstration alone."
        },
        footer = {
            "",
            "Example:",
            "  PGPASSWORD=$(chaperone token) psql 'host=127.0.0.1 port=6432 dbname=clinic user=dr.rivera'",
            "  chaperone token --subject dr.osei --agent other-agent --groups clinicians,researchers",
            "  chaperone token --no-agent --groups treatment        a clinician in person"
        })
final class TokenCommand implements Callable<Integer> {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** The client through which humans log in, as the demonstration's configuration has it. */
    static final String PORTAL = "clinic-portal";

    private final Terminal terminal;

    @Option(names = "--subject", paramLabel = "NAME", description = "the human; default is the demonstration's own")
    private @Nullable String subject;

    @Option(
            names = "--agent",
            paramLabel = "NAME",
            description = "the acting agent; default is the demonstration's own")
    private @Nullable String agent;

    @Option(names = "--no-agent", description = "no agent: the human acts in person")
    private boolean inPerson;

    @Option(names = "--groups", split = ",", paramLabel = "GROUP", description = "the human's groups")
    private @Nullable List<String> groups;

    @Option(names = "--json", description = "print the token with what it says as JSON")
    private boolean json;

    private TokenCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    static CommandLine line(Terminal terminal) {
        return new CommandLine(new TokenCommand(terminal));
    }

    @Override
    public Integer call() throws Exception {
        DemoState demo = DemoState.read(terminal, "CHAPERONE_DEMO_DIR, its directory");
        if (!demo.isRunning()) {
            throw new CommandException("the demonstration has ended; start one with `chaperone demo`");
        }
        JWTClaimsSet claims = claims(demo);
        String token = exchange(demo, claims);
        terminal.out()
                .println(
                        json
                                ? Json.write(Map.of(
                                        "token",
                                        token,
                                        "claims",
                                        SignedJWT.parse(token).getJWTClaimsSet().toJSONObject()))
                                : token);
        return ChaperoneCommand.OK;
    }

    private JWTClaimsSet claims(DemoState demo) {
        Instant now = Instant.now();
        JWTClaimsSet.Builder claims = new JWTClaimsSet.Builder()
                .issuer("chaperone-cli")
                .subject(subject == null ? demo.subject() : subject)
                .audience(demo.issuer().toString())
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plusSeconds(60)))
                .claim("groups", groups == null ? demo.groups() : groups);
        if (inPerson) {
            claims.claim("azp", PORTAL);
        } else {
            claims.claim("act", Map.of("sub", agent == null ? demo.agent() : agent));
        }
        return claims.build();
    }

    /** The JWT bearer grant (RFC 7523 section 2.1): the provider signs what the assertion says. */
    private static String exchange(DemoState demo, JWTClaimsSet claims) throws InterruptedException {
        HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
        try {
            JsonNode description = get(http, URI.create(demo.issuer() + "/.well-known/openid-configuration"));
            String form = "grant_type=" + encode("urn:ietf:params:oauth:grant-type:jwt-bearer")
                    + "&client_id=chaperone-cli&client_secret=unused&scope=" + encode(demo.audience())
                    + "&audience=" + encode(demo.audience()) + "&assertion=" + encode(assertion(claims));
            HttpRequest request = HttpRequest.newBuilder(
                            URI.create(description.path("token_endpoint").asString("")))
                    .timeout(PATIENCE)
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(HttpRequest.BodyPublishers.ofString(form))
                    .build();
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            String token = json(response.body()).path("access_token").asString("");
            if (response.statusCode() != 200 || token.isEmpty()) {
                throw new CommandException("the provider gave no token: HTTP " + response.statusCode() + " "
                        + Text.printable(response.body()));
            }
            return token;
        } catch (IOException | JacksonException | JOSEException e) {
            throw new CommandException("the provider `" + demo.issuer() + "` cannot be asked: " + e.getMessage(), e);
        }
    }

    private static JsonNode get(HttpClient http, URI uri) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(uri).timeout(PATIENCE).build();
        return json(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    private static JsonNode json(String text) {
        return JsonMapper.builder().build().readTree(text);
    }

    private static String assertion(JWTClaimsSet claims) throws JOSEException {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        SignedJWT jwt = new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), claims);
        jwt.sign(new MACSigner(key));
        return jwt.serialize();
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
