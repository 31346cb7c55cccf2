package dev.chaperone.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Mask;
import dev.chaperone.enforcer.MaskingFunctions;
import dev.chaperone.enforcer.detect.DetectionConfig;
import dev.chaperone.enforcer.detect.Detector;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.proto.Secret;
import dev.chaperone.rules.PolicyCompiler;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What policies can name is what enforcers know: neither module sees the other. */
class PolicyNamesTest {

    @Test
    void enforcersKnowTheDetectorsThatPoliciesCanName() {
        assertThat(PolicyCompiler.detectors()).containsExactlyInAnyOrderElementsOf(Detector.names());
        Detectors detectors = new Detectors(DetectionConfig.DEFAULT);
        for (String name : PolicyCompiler.detectors()) {
            assertThat(detectors.of(
                            List.of(Detect.newBuilder().addDetectors(name).build())))
                    .as(name)
                    .isNotNull();
        }
    }

    @Test
    void enforcersKnowTheMasksThatPoliciesCanName() {
        assertThat(PolicyCompiler.masks()).containsExactlyInAnyOrderElementsOf(MaskingFunctions.names());
        MaskingFunctions functions = new MaskingFunctions(new Secret("0123456789abcdef0123456789abcdef"));
        for (String name : PolicyCompiler.masks()) {
            assertThat(functions.of(Mask.newBuilder()
                            .setField("d.s.t.c")
                            .setFunction(name)
                            .build()))
                    .as(name)
                    .isNotNull();
        }
    }
}
