package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every method of JDBC's {@link DatabaseMetaData}: the driver's catalog queries give an agent what they give the role itself. */
class JdbcMetadataIT {

    /** Arguments in place of what the parameter's type says, by method: the objects of {@code metadata/schema.sql}. */
    private static final Set<String> OF_ONE_TABLE = Set.of(
            "getBestRowIdentifier",
            "getColumnPrivileges",
            "getExportedKeys",
            "getImportedKeys",
            "getIndexInfo",
            "getPrimaryKeys",
            "getVersionColumns");

    /** Says where it is connected, which is another place. */
    private static final Set<String> OF_THE_CONNECTION = Set.of("getURL", "getUserName", "getConnection", "unwrap");

    private static MetadataWorld world;

    @BeforeAll
    static void start() {
        world = new MetadataWorld();
    }

    @AfterAll
    static void stop() {
        world.close();
    }

    static Stream<String> methods() {
        return Arrays.stream(DatabaseMetaData.class.getMethods())
                .filter(method -> Modifier.isAbstract(method.getModifiers()))
                .map(Method::getName)
                .distinct()
                .sorted();
    }

    @ParameterizedTest
    @MethodSource("methods")
    void answersAsTheDatabaseItself(String name) throws Exception {
        try (Connection direct = world.gateway.backend.connect(Gateway.DATABASE, "gateway", "not-for-agents");
                Connection through = world.gateway.connect(TestingAuthenticator.AGENT)) {
            for (String table : List.of("people", "visits", "measures")) {
                Object expected = call(direct.getMetaData(), name, table);
                Object actual = call(through.getMetaData(), name, table);

                if (!OF_THE_CONNECTION.contains(name)) {
                    assertThat(actual).isEqualTo(expected);
                }
                assertThat(String.valueOf(actual)).doesNotContain(MetadataWorld.CANARY);
            }
        }
    }

    private static Object call(DatabaseMetaData data, String name, String table) throws Exception {
        Method method = Arrays.stream(DatabaseMetaData.class.getMethods())
                .filter(candidate -> candidate.getName().equals(name))
                .findFirst()
                .orElseThrow();
        Object[] arguments = Arrays.stream(method.getParameterTypes())
                .map(JdbcMetadataIT::argument)
                .toArray();
        if (OF_ONE_TABLE.contains(name)) {
            arguments[1] = "registry";
            arguments[2] = table;
        } else if (name.equals("getCrossReference")) {
            arguments[2] = "people";
            arguments[5] = "visits";
        }
        try {
            Object result = method.invoke(data, arguments);
            return result instanceof ResultSet rows ? rows(rows) : Objects.requireNonNullElse(result, "null");
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof SQLFeatureNotSupportedException unsupported) {
                return unsupported.toString();
            }
            throw e;
        }
    }

    private static @Nullable Object argument(Class<?> type) {
        if (type == int.class) {
            return 0;
        }
        if (type == Class.class) {
            return DatabaseMetaData.class;
        }
        return type == boolean.class ? (Object) Boolean.FALSE : null;
    }

    private static List<String> rows(ResultSet rows) throws SQLException {
        List<String> all = new ArrayList<>();
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= columns; i++) {
                row.add(rows.getMetaData().getColumnName(i) + '=' + rows.getString(i));
            }
            all.add(row.toString());
        }
        return all;
    }
}
