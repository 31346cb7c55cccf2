package dev.chaperone.enforcer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.chaperone.enforcer.Zones.Zone;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ZonesTest {

    private static final Zones ZONES = new Zones(Map.of(
            "trusted", new Zone(List.of("10.0.0.0/8", "fd00::/8", "192.0.2.7")),
            "guests", new Zone(List.of("10.9.0.0/16", "fd00:9::/32")),
            "kiosk", new Zone(List.of("10.9.1.1/32"))));

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1,trusted",
        "10.255.255.255,trusted",
        "11.0.0.1,elsewhere",
        "10.9.0.1,guests",
        "10.9.1.1,kiosk",
        "10.9.1.2,guests",
        "192.0.2.7,trusted",
        "192.0.2.8,elsewhere",
        "fd12::1,trusted",
        "fd00:9::1,guests",
        "fe80::1,elsewhere",
        "::ffff:10.0.0.1,trusted",
    })
    void isThatOfTheNarrowestNetwork(String address, String zone) throws UnknownHostException {
        assertThat(ZONES.of(InetAddress.getByName(address))).isEqualTo(zone);
    }

    @Test
    void isEmptyWhereNoZonesAreDeclared() throws UnknownHostException {
        assertThat(Zones.NONE.of(InetAddress.getByName("10.0.0.1"))).isEmpty();
        assertThat(Zones.NONE.of(null)).isEmpty();
    }

    @Test
    void isElsewhereWhereNothingIsKnownOfTheDestination() throws UnknownHostException {
        assertThat(ZONES.of(null)).isEqualTo("elsewhere");
        Zones empty = new Zones(Map.of("trusted", new Zone(List.of())));
        assertThat(empty.of(InetAddress.getByName("10.0.0.1"))).isEqualTo("elsewhere");
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "fd00::/129", "10.0.0/8", "", "/8"})
    void refusesWhatIsNoNetwork(String network) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Zones(Map.of("trusted", new Zone(List.of(network)))))
                .withMessageContaining("`" + network + "` of the zone `trusted` is no network");
    }

    @Test
    void refusesANetworkOfTwoZones() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Zones(Map.of(
                        "a", new Zone(List.of("10.1.2.3/8")),
                        "b", new Zone(List.of("10.0.0.0/8")))))
                .withMessageContaining("network in common");
    }

    @Test
    void refusesNamesThatPoliciesCannotWrite() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Zones(Map.of("Trusted Zone", new Zone(List.of("10.0.0.0/8")))))
                .withMessageContaining("`Trusted Zone`");
    }
}
