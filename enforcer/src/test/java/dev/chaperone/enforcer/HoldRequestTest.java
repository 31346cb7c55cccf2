package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.Context;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Decision;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.decision.v1.Obligation;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class HoldRequestTest {

    private static final DecideRequest REQUEST = DecideRequest.newBuilder()
            .setRequestId("one")
            .setPrincipal(Principal.newBuilder().setSubject("ada"))
            .setAction(Action.newBuilder().setOperation("select"))
            .setResource(
                    Resource.newBuilder().addRelations(Relation.newBuilder().setName("patients")))
            .build();
    private static final Decision DECISION =
            Decision.newBuilder().setPolicyVersion("7").build();

    private static String digest(HoldRequest request) {
        assertThat(request.digest()).hasSize(32);
        return HexFormat.of().formatHex(request.digest());
    }

    private static HoldRequest request(DecideRequest request, Decision decision, String text, String... parameters) {
        List<Parameter> all = new ArrayList<>();
        for (String parameter : parameters) {
            all.add(Parameter.newBuilder()
                    .setValue(ByteString.copyFromUtf8(parameter))
                    .build());
        }
        return new HoldRequest(request, decision, text, all, null);
    }

    private static Decision obliging(Obligation.Builder obligation) {
        return DECISION.toBuilder().addObligations(obligation).build();
    }

    @Test
    void theDigestIsThatOfExactlyWhatWouldRun() {
        DecideRequest.Builder other = REQUEST.toBuilder();
        List<String> digests = List.of(
                digest(request(REQUEST, DECISION, "select 1")),
                digest(request(REQUEST, DECISION, "select 2")),
                digest(request(REQUEST, DECISION, "select 1", "")),
                digest(request(REQUEST, DECISION, "select 1", "a", "b")),
                digest(request(REQUEST, DECISION, "select 1", "ab")),
                digest(request(REQUEST, DECISION, "select 1").at("more than 3 rows")),
                digest(request(
                        REQUEST, DECISION.toBuilder().setPolicyVersion("8").build(), "select 1")),
                digest(request(
                        REQUEST,
                        DECISION.toBuilder().setEffect(Effect.EFFECT_HOLD).build(),
                        "select 1")),
                digest(request(REQUEST, obliging(Obligation.newBuilder().setHold(HoldTerms.newBuilder())), "select 1")),
                digest(request(
                        REQUEST,
                        obliging(Obligation.newBuilder()
                                .setHold(HoldTerms.newBuilder().setApprovalsNeeded(2))),
                        "select 1")),
                digest(request(
                        REQUEST,
                        obliging(Obligation.newBuilder()
                                .setMask(Mask.newBuilder().setField("f").setFunction("redact"))),
                        "select 1")),
                digest(request(REQUEST, DECISION.toBuilder().setVerbatim(true).build(), "select 1")),
                digest(request(
                        REQUEST.toBuilder()
                                .setContext(Context.newBuilder().setPurpose("treatment"))
                                .build(),
                        DECISION,
                        "select 1")),
                digest(request(
                        other.setPrincipal(Principal.newBuilder().setSubject("bob"))
                                .build(),
                        DECISION,
                        "select 1")),
                digest(request(
                        REQUEST.toBuilder()
                                .setResource(Resource.getDefaultInstance())
                                .build(),
                        DECISION,
                        "select 1")));
        assertThat(digests).doesNotHaveDuplicates();
    }

    @Test
    void theSameOperationAskedAgainHasTheSameDigest() {
        DecideRequest again = REQUEST.toBuilder().setRequestId("two").build();
        assertThat(digest(request(again, DECISION, "select 1", "x")))
                .isEqualTo(digest(request(REQUEST, DECISION, "select 1", "x")));
    }

    @Test
    void aRenewedTokenAndAnotherGuessOfThePlannerChangeNothing() {
        DecideRequest.Builder again = REQUEST.toBuilder();
        again.getPrincipalBuilder()
                .setTokenId("another")
                .setTokenHash(ByteString.copyFromUtf8("another"))
                .getExpiresAtBuilder()
                .setSeconds(1);
        again.getResourceBuilder().setEstimatedRows(7).setEstimatedBytes(70);
        assertThat(digest(request(again.build(), DECISION, "select 1")))
                .isEqualTo(digest(request(REQUEST, DECISION, "select 1")));
    }
}
