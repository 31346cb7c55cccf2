package dev.chaperone.enforcer;

import dev.chaperone.proto.Setting;
import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The network zones that data may go to, as policies call them. An address belongs to the zone with the narrowest network that it
 * is in; one that is in none is {@link #ELSEWHERE}. Where no zones are declared nothing is known of any destination, and the name of
 * its zone is empty. Immutable.
 */
public final class Zones {

    /** No zones: every destination's zone is empty. */
    public static final Zones NONE = new Zones(Map.of());

    /** The zone of a destination that is in no declared network, or of which no address is known. */
    public static final String ELSEWHERE = "elsewhere";

    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,62}");

    /**
     * One zone.
     *
     * @param networks addresses, or networks by address and length of their prefix (RFC 4632, RFC 4291)
     */
    public record Zone(
            @Setting("its networks, each an address or one with the length of a prefix: `10.0.0.0/8`, `fd00::/8`")
            List<String> networks) {

        public Zone {
            networks = List.copyOf(networks);
        }
    }

    private record Network(String zone, int prefix, InetSocketAddress address, IpSubnetFilterRule addresses) {}

    private final boolean declared;
    private final List<Network> narrowestFirst;

    /** @throws IllegalArgumentException naming what is no zone's name, no network, or a network of two zones */
    public Zones(Map<String, Zone> zones) {
        declared = !zones.isEmpty();
        List<Network> networks = new ArrayList<>();
        zones.forEach((name, zone) -> {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("the zone's name `" + name
                        + "` cannot be used; write lower-case letters, digits, hyphens and underscores, at most 63");
            }
            zone.networks().forEach(network -> networks.add(network(name, network)));
        });
        networks.sort(Comparator.comparingInt(Network::prefix).reversed());
        for (int i = 0; i < networks.size(); i++) {
            for (int j = 0; j < i; j++) {
                requireApart(networks.get(j), networks.get(i));
            }
        }
        narrowestFirst = List.copyOf(networks);
    }

    private static void requireApart(Network one, Network other) {
        if (one.prefix() == other.prefix()
                && one.addresses().matches(other.address())
                && !one.zone().equals(other.zone())) {
            throw new IllegalArgumentException("the zones `" + one.zone() + "` and `" + other.zone()
                    + "` have a network in common; leave it in one of them");
        }
    }

    private static Network network(String zone, String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(address); // asks no name server
        int longest = bytes == null ? 0 : bytes.length * Byte.SIZE;
        int prefix = slash < 0 ? longest : prefix(text.substring(slash + 1));
        if (bytes == null || prefix < 0 || prefix > longest) {
            throw new IllegalArgumentException(
                    "`" + text + "` of the zone `" + zone + "` is no network; write one such as `10.0.0.0/8`");
        }
        try {
            InetAddress first = InetAddress.getByAddress(bytes);
            return new Network(
                    zone,
                    prefix,
                    new InetSocketAddress(first, 0),
                    new IpSubnetFilterRule(first, prefix, IpFilterRuleType.ACCEPT));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has 4 or 16 bytes", e);
        }
    }

    private static int prefix(String text) {
        return text.matches("\\d{1,3}") ? Integer.parseInt(text) : -1;
    }

    /**
     * The zone of an address.
     *
     * @param address null for a destination of which no address is known
     * @return its name; empty where no zones are declared
     */
    public String of(@Nullable InetAddress address) {
        if (address != null) {
            InetSocketAddress socket = new InetSocketAddress(address, 0);
            for (Network network : narrowestFirst) {
                if (network.addresses().matches(socket)) {
                    return network.zone();
                }
            }
        }
        return declared ? ELSEWHERE : "";
    }
}
