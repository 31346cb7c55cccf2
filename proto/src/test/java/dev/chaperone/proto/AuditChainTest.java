package dev.chaperone.proto;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class AuditChainTest {

    @Test
    void emptyEventHashesLikeAnEmptyRfc6962Leaf() {
        assertThat(HexFormat.of().formatHex(AuditChain.hash(new byte[0])))
                .isEqualTo("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    }

    @Test
    void headMessageBindsSessionSequenceAndHash() {
        byte[] message = AuditChain.headMessage("s", 258, new byte[] {7});

        assertThat(new String(message, StandardCharsets.ISO_8859_1))
                .isEqualTo("chaperone-audit-head-v1\ns\0\0\0\0\0\0\0\1\2\7");
    }

    @Test
    void keyIdIsSixteenHexDigits() {
        assertThat(AuditChain.keyId(new byte[32])).isEqualTo("66687aadf862bd77");
    }
}
