package dev.chaperone.testkit.conformance;

import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A gateway to be attacked, as properties say: {@code conformance.host}, {@code .port}, {@code .user}, {@code .password},
 * {@code .sslmode} ({@code disable} or {@code require}), and {@code .admin-url}, where the fixture's owner reaches the database
 * behind it ({@code postgresql://user:password@host:port/database}). The same with {@code other} after {@code conformance.} is a second gateway before the fixture's other
 * world; without it, what depends on secrets in another form than is known is not found.
 *
 * @param worlds one, or two that differ in their secrets only
 * @param serverVersion major version of the PostgreSQL behind the gateway
 */
public record ConformanceTarget(List<World> worlds, int serverVersion) {

    private static final String PREFIX = "conformance.";
    private static final int POSTGRES = 5432;

    public ConformanceTarget {
        worlds = List.copyOf(worlds);
    }

    /**
     * Reads properties.
     *
     * @param database the name that the fixture's database has
     * @param property a property's value by its name, null where it has none
     */
    public static ConformanceTarget of(String database, UnaryOperator<@Nullable String> property) {
        List<World> worlds = new ArrayList<>();
        worlds.add(world(PREFIX, database, property));
        if (property.apply(PREFIX + "other.host") != null) {
            worlds.add(world(PREFIX + "other.", database, property));
        }
        return new ConformanceTarget(worlds, serverVersion(worlds.get(0)));
    }

    private static World world(String prefix, String database, UnaryOperator<@Nullable String> property) {
        Endpoint gateway = new Endpoint(
                required(prefix + "host", property),
                Integer.parseInt(required(prefix + "port", property)),
                otherwise(property.apply(prefix + "database"), database),
                required(prefix + "user", property),
                required(prefix + "password", property),
                encrypted(prefix + "sslmode", property));
        return new World(gateway, null, owner(URI.create(required(prefix + "admin-url", property)), database));
    }

    private static Endpoint owner(URI uri, String database) {
        String userInfo = uri.getUserInfo();
        if (uri.getHost() == null || userInfo == null || !userInfo.contains(":")) {
            throw new IllegalArgumentException(
                    "an `admin-url` is `postgresql://user:password@host:port/database`, with `?sslmode=require` for TLS");
        }
        int colon = userInfo.indexOf(':');
        String path = uri.getPath();
        return new Endpoint(
                uri.getHost(),
                uri.getPort() < 0 ? POSTGRES : uri.getPort(),
                path.length() < 2 ? database : path.substring(1),
                userInfo.substring(0, colon),
                userInfo.substring(colon + 1),
                "sslmode=require".equals(uri.getQuery()));
    }

    private static boolean encrypted(String name, UnaryOperator<@Nullable String> property) {
        String mode = otherwise(property.apply(name), "disable");
        return switch (mode) {
            case "disable" -> false;
            case "require" -> true;
            default -> throw new IllegalArgumentException("`" + name + "` is `" + mode + "`, not disable or require");
        };
    }

    private static String required(String name, UnaryOperator<@Nullable String> property) {
        String value = property.apply(name);
        if (value == null) {
            throw new IllegalArgumentException("the property `" + name + "` is not set; docs/conformance.md names all");
        }
        return value;
    }

    private static String otherwise(@Nullable String value, String otherwise) {
        return value == null ? otherwise : value;
    }

    private static int serverVersion(World world) {
        try (Connection owner = world.connectOwner()) {
            return owner.getMetaData().getDatabaseMajorVersion();
        } catch (SQLException e) {
            throw new IllegalStateException("the fixture's owner is not let in: " + e.getMessage(), e);
        }
    }
}
