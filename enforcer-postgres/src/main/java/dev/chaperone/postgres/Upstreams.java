package dev.chaperone.postgres;

import dev.chaperone.proto.ErrorCode;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The databases behind one listener. A client chooses one by the {@code database} of its startup packet. */
final class Upstreams {

    /** What a client's choice comes to. */
    sealed interface Choice {

        /** What a session with the database needs. */
        record Found(Services services) implements Choice {}

        /** There is no such database. The answer names those that there are: it is for nobody who has not authenticated. */
        record Refused(GatewayError error) implements Choice {}
    }

    private final Map<String, Services> byName = new LinkedHashMap<>();

    Upstreams(Collection<Services> all) {
        all.forEach(services -> byName.put(services.upstream().name(), services));
    }

    /** Finds the upstream of that name, else the only one whose database has that name. */
    Choice choose(String database) {
        Services named = byName.get(database);
        if (named != null) {
            return new Choice.Found(named);
        }
        List<Services> found = byName.values().stream()
                .filter(services -> services.upstream().config().database().equals(database))
                .toList();
        if (found.size() == 1) {
            return new Choice.Found(found.get(0));
        }
        String message = found.isEmpty()
                ? "database `" + StartupParameters.shorten(database) + "` is not served by this gateway"
                : "database `" + StartupParameters.shorten(database) + "` is served under more than one name";
        return new Choice.Refused(new GatewayError(
                SqlState.INVALID_CATALOG_NAME,
                ErrorCode.UNSUPPORTED,
                message,
                "",
                "connect to one of: " + String.join(", ", byName.keySet())));
    }

    /** All of them, in the order of the configuration. */
    List<Upstream> all() {
        return byName.values().stream().map(Services::upstream).toList();
    }
}
