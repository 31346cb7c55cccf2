package dev.chaperone.pdp.approval;

import static dev.chaperone.pdp.approval.TestingApprovals.person;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chaperone.decision.v1.Principal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChangesTest {

    private static final Principal ALICE = person("alice");

    @Test
    void nobodyTakesAllTheStreamsThatOthersNeed() {
        try (Approvals approvals = new Approvals(
                ApprovalsConfig.of(ApprovalsConfig.Store.embedded(Path.of("never-started"))), () -> "", List.of())) {
            List<Subscription> hers = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                hers.add(approvals.watchAll(ALICE, approval -> {}));
            }
            assertThatExceptionOfType(ApprovalException.class)
                    .isThrownBy(() -> approvals.watchAll(ALICE, approval -> {}))
                    .withMessageContaining("32 times already");
            approvals.watchAll(person("bob"), approval -> {}).close();
            hers.get(0).close();
            approvals.watchAll(ALICE, approval -> {}).close();
        }
    }
}
