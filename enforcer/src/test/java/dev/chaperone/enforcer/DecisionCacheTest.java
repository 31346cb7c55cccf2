package dev.chaperone.enforcer;

import static dev.chaperone.enforcer.DecisionRequests.VERSION;
import static dev.chaperone.enforcer.DecisionRequests.request;
import static dev.chaperone.enforcer.DecisionRequests.response;
import static dev.chaperone.enforcer.DecisionRequests.timestamp;
import static dev.chaperone.enforcer.TestingDecisionPoint.DIGEST;
import static dev.chaperone.enforcer.TestingDecisionPoint.digest;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.decision.v1.Cacheability;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.WatchPolicyResponse;
import dev.chaperone.enforcer.DecisionClient.Outcome;
import dev.chaperone.proto.ByteSize;
import dev.chaperone.proto.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecisionCacheTest {

    private static final Instant NOW = Instant.parse("2020-01-01T00:00:00Z");

    private Duration elapsed = Duration.ofDays(1);
    private final DecisionCache cache = cache(16 << 20, Duration.ofSeconds(60));

    @BeforeEach
    void announce() {
        cache.announced(policy(VERSION, DIGEST));
    }

    @Test
    void keepsAPermit() {
        keep(request().build(), permit().build());

        assertThat(cache.lookup(request().build()).hit()).isEqualTo(permit().build());
    }

    @Test
    void aKeptDecisionHoldsForItsTime() {
        keep(request().build(), permit().build());
        DecisionClient.Kept kept = Objects.requireNonNull(cache.kept(request().build()));
        assertThat(kept.decision()).isEqualTo(permit().build());
        elapsed = elapsed.plusSeconds(59);
        assertThat(kept.again().getAsBoolean()).isTrue();
        elapsed = elapsed.plusSeconds(1);
        assertThat(kept.again().getAsBoolean()).isFalse();
    }

    @Test
    void aKeptDecisionHoldsNoLongerThanItsPolicy() {
        keep(request().build(), permit().build());
        DecisionClient.Kept kept = Objects.requireNonNull(cache.kept(request().build()));
        cache.announced(policy(VERSION, DIGEST));
        assertThat(kept.again().getAsBoolean()).isTrue();
        cache.announced(policy("v2", digest(2)));
        assertThat(kept.again().getAsBoolean()).isFalse();
        cache.announced(policy(VERSION, DIGEST));
        assertThat(kept.again().getAsBoolean()).isFalse();
    }

    @Test
    void aKeptDecisionDoesNotOutliveTheAnnouncements() {
        keep(request().build(), permit().build());
        DecisionClient.Kept kept = Objects.requireNonNull(cache.kept(request().build()));
        cache.lost();
        assertThat(kept.again().getAsBoolean()).isFalse();
        assertThat(cache.kept(request().build())).isNull();
    }

    @Test
    void aKeptDecisionDoesNotHoldOnceMoreIsKnownToMatter() {
        keep(request().build(), permit().build());
        DecisionClient.Kept kept = Objects.requireNonNull(cache.kept(request().build()));
        Decision.Builder learning = permit();
        learning.getCacheabilityBuilder().addDependsOn("context.client_address");
        DecideRequest.Builder other = request();
        other.getPrincipalBuilder().setSubject("bob");
        keep(other.build(), learning.build());
        assertThat(kept.again().getAsBoolean()).isFalse();
    }

    @Test
    void aKeptDecisionDoesNotOutliveTheToken() {
        DecideRequest.Builder ending = request();
        ending.getPrincipalBuilder().setExpiresAt(timestamp(NOW.plus(elapsed).plusSeconds(30)));
        keep(ending.build(), permit().build());
        DecisionClient.Kept kept = Objects.requireNonNull(cache.kept(ending.build()));
        elapsed = elapsed.plusSeconds(29);
        assertThat(kept.again().getAsBoolean()).isTrue();
        elapsed = elapsed.plusSeconds(1);
        assertThat(kept.again().getAsBoolean()).isFalse();
    }

    @Test
    void keepsADenial() {
        Decision denial = permit().setEffect(Effect.EFFECT_DENY).build();
        keep(request().build(), denial);

        assertThat(cache.lookup(request().build()).hit()).isEqualTo(denial);
    }

    @Test
    void neverKeepsAHold() {
        keep(request().build(), permit().setEffect(Effect.EFFECT_HOLD).build());

        assertMiss(request().build());
    }

    @Test
    void neverKeepsADenialForWantOfADecision() {
        cache.lookup(request().build()).offer(new Outcome(permit().build(), false, ErrorCode.PDP_UNAVAILABLE));

        assertMiss(request().build());
    }

    @Test
    void neverKeepsWhatTheDecisionPointDoesNotAllow() {
        keep(request().build(), permit().clearCacheability().build());
        assertMiss(request().build());

        keep(request().build(), permit(-1).build());
        assertMiss(request().build());
    }

    @Test
    void neverKeepsTheDecisionOfAnotherPolicy() {
        keep(request().build(), permit().setPolicyDigest(digest(2)).build());
        keep(request().build(), permit().setPolicyVersion("v2").build());

        assertMiss(request().build());
    }

    @Test
    void neverKeepsOrFindsWhatRedeemsAnApproval() {
        DecideRequest.Builder redeeming = request();
        redeeming.getContextBuilder().setApprovalId("approval-1");
        keep(redeeming.build(), permit().build());
        assertMiss(redeeming.build());

        keep(request().build(), permit().build());
        assertMiss(redeeming.build());
    }

    @Test
    void forgetsWhenAnotherPolicyIsAnnounced() {
        keep(request().build(), permit().build());
        cache.announced(policy("v2", digest(2)));

        assertMiss(request().build());

        cache.announced(policy(VERSION, DIGEST));
        assertMiss(request().build());
    }

    @Test
    void keepsOnWhenTheSamePolicyIsAnnouncedAgain() {
        keep(request().build(), permit().build());

        assertThat(cache.announced(policy(VERSION, DIGEST))).isFalse();
        assertThat(cache.lookup(request().build()).hit()).isNotNull();
    }

    @Test
    void neitherKeepsNorFindsWithoutAnnouncements() {
        keep(request().build(), permit().build());
        cache.lost();
        assertMiss(request().build());
        keep(request().build(), permit().build());

        cache.announced(policy(VERSION, DIGEST));
        assertMiss(request().build());
    }

    @Test
    void dropsAnAnswerToAQuestionFromBeforeTheLoss() {
        DecisionCache.Lookup before = cache.lookup(request().build());
        cache.lost();
        cache.announced(policy(VERSION, DIGEST));
        before.offer(new Outcome(permit().build(), false, null));

        assertMiss(request().build());
    }

    @Test
    void forgetsWhenTheDecisionPointsTimeIsOver() {
        keep(request().build(), permit(10).build());
        pass(9_999);
        assertThat(cache.lookup(request().build()).hit()).isNotNull();
        pass(1);
        assertMiss(request().build());
    }

    @Test
    void forgetsWhenTheConfiguredTimeIsOver() {
        keep(request().build(), permit(86_400).build());
        pass(59_999);
        assertThat(cache.lookup(request().build()).hit()).isNotNull();
        pass(1);
        assertMiss(request().build());
    }

    @Test
    void countsTheTimeFromTheQuestion() {
        DecisionCache.Lookup asked = cache.lookup(request().build());
        pass(4_000);
        asked.offer(new Outcome(permit(10).build(), false, null));
        pass(5_999);
        assertThat(cache.lookup(request().build()).hit()).isNotNull();
        pass(1);
        assertMiss(request().build());
    }

    @Test
    void neverOutlivesTheToken() {
        DecideRequest.Builder expiring = request();
        expiring.getPrincipalBuilder().setExpiresAt(timestamp(now().plusSeconds(5)));
        keep(expiring.build(), permit(60).build());
        pass(4_999);
        assertThat(cache.lookup(expiring.build()).hit()).isNotNull();
        pass(1);
        assertMiss(expiring.build());
        assertMiss(request().build());

        keep(expiring.build(), permit(60).build());
        assertMiss(expiring.build());
    }

    @Test
    void anotherTokenOfTheSamePrincipalFindsIt() {
        keep(request().build(), permit().build());
        DecideRequest.Builder other = request().setRequestId("request-2");
        other.getPrincipalBuilder().setTokenId("token-2").setTokenHash(ByteString.copyFromUtf8("other"));
        other.getContextBuilder().setClientAddress("192.0.2.99").setTime(timestamp(NOW));

        assertThat(cache.lookup(other.build()).hit()).isNotNull();
    }

    @Test
    void tellsTokensApartWhenARuleReadsThem() {
        keep(request().build(), permit("principal.token_id").build());
        DecideRequest.Builder other = request();
        other.getPrincipalBuilder().setTokenId("token-2");

        assertMiss(other.build());
        assertThat(cache.lookup(request().build()).hit()).isNotNull();
    }

    @Test
    void tellsApartWhatTheDecisionDependedOn() {
        keep(
                request().build(),
                permit("context.client_address", "principal.groups").build());
        DecideRequest.Builder elsewhere = request();
        elsewhere.getContextBuilder().setClientAddress("192.0.2.2");
        DecideRequest.Builder otherwise = request();
        otherwise.getContextBuilder().setPurpose("research");

        assertMiss(elsewhere.build());
        assertThat(cache.lookup(otherwise.build()).hit()).isNotNull();

        keep(otherwise.build(), permit("context.purpose").build());
        assertMiss(request().build());
        assertMiss(elsewhere.build());
        assertThat(cache.lookup(otherwise.build()).hit()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "context.time",
                "context",
                "request_id",
                "environment.weather",
                "context.weather",
                "principal.shoe_size",
                "",
                ".",
                "context."
            })
    void neverKeepsWhatDependedOnSomethingNoKeyCanHold(String path) {
        keep(request().build(), permit(path).build());

        assertMiss(request().build());
    }

    @Test
    void keepsNothingWithoutRoom() {
        DecisionCache none = cache(0, Duration.ofSeconds(60));
        none.announced(policy(VERSION, DIGEST));
        none.lookup(request().build()).offer(new Outcome(permit().build(), false, null));

        assertThat(none.lookup(request().build()).hit()).isNull();
    }

    @Test
    void staysWithinItsSize() {
        DecisionCache small = cache(10_000, Duration.ofSeconds(60));
        small.announced(policy(VERSION, DIGEST));
        int found = 0;
        for (int i = 0; i < 1_000; i++) {
            small.lookup(subject("subject-" + i)).offer(new Outcome(permit().build(), false, null));
        }
        for (int i = 0; i < 1_000; i++) {
            found += small.lookup(subject("subject-" + i)).hit() == null ? 0 : 1;
        }

        assertThat(found).isBetween(1, 10_000 / permit().build().getSerializedSize());
    }

    @Test
    void aResponseIsReadAsItIs() {
        assertThat(DecisionAnswers.check(response(permit())).decision()).isEqualTo(permit().build());
    }

    private void keep(DecideRequest request, Decision decision) {
        cache.lookup(request).offer(new Outcome(decision, false, null));
    }

    private void assertMiss(DecideRequest request) {
        assertThat(cache.lookup(request).hit()).isNull();
    }

    private void pass(long millis) {
        elapsed = elapsed.plusMillis(millis);
    }

    private Instant now() {
        return NOW.plus(elapsed);
    }

    private DecisionCache cache(long bytes, Duration ttl) {
        return new DecisionCache(
                new DecisionClientConfig.Cache(new ByteSize(bytes), ttl), this::now, () -> elapsed.toNanos());
    }

    private static DecideRequest subject(String subject) {
        DecideRequest.Builder request = request();
        request.getPrincipalBuilder().setSubject(subject);
        return request.build();
    }

    private static Decision.Builder permit() {
        return DecisionRequests.permit();
    }

    private static Decision.Builder permit(long seconds) {
        return permit().setCacheability(Cacheability.newBuilder()
                .setTtl(com.google.protobuf.Duration.newBuilder().setSeconds(seconds)));
    }

    private static Decision.Builder permit(String... dependsOn) {
        Decision.Builder decision = DecisionRequests.permit();
        decision.getCacheabilityBuilder().addAllDependsOn(List.of(dependsOn));
        return decision;
    }

    private static WatchPolicyResponse policy(String version, ByteString digest) {
        return WatchPolicyResponse.newBuilder()
                .setPolicyVersion(version)
                .setPolicyDigest(digest)
                .build();
    }
}
