package dev.chaperone.pdp;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;

/** Reads a catalog strictly, collecting everything that is wrong with it rather than the first thing only. */
final class CatalogReader {

    private static final List<String> CLASSES = Stream.concat(
                    IntStream.rangeClosed('A', 'R').mapToObj(letter -> String.valueOf((char) letter)),
                    Stream.of(PhiCatalog.CLINICAL, PhiCatalog.NONE, PhiCatalog.UNKNOWN))
            .toList();

    private static final int MOST_PROBLEMS = 50;
    private static final YAMLFactory YAML = new YAMLFactory();

    private final String name;
    private final String text;
    private final List<String> problems = new ArrayList<>();

    CatalogReader(String name, String text) {
        this.name = name;
        this.text = text;
    }

    PhiCatalog read() {
        Map<String, Map<String, CatalogSchema>> databases = Map.of();
        try (JsonParser parser = YAML.createParser(ObjectReadContext.empty(), text)) {
            if (parser.nextToken() == null) {
                problems.add(name + ": the catalog is empty; write `databases:`, or configure none");
            } else {
                databases = root(parser);
                if (parser.nextToken() != null) {
                    problem(parser, "a second document", "one catalog is one YAML document");
                }
            }
        } catch (JacksonException e) {
            problems.add(name + ": " + e.getMessage());
        }
        if (!problems.isEmpty()) {
            throw new PolicyLoadException(problems);
        }
        return new PhiCatalog(databases);
    }

    private Map<String, Map<String, CatalogSchema>> root(JsonParser parser) {
        Map<String, Map<String, CatalogSchema>> databases = new LinkedHashMap<>();
        object(parser, "", (key, path) -> {
            if (known(parser, path, key, List.of("databases"))) {
                databases.putAll(named(parser, path, this::database));
            }
        });
        return databases;
    }

    private Map<String, CatalogSchema> database(JsonParser parser, String path) {
        Map<String, CatalogSchema> schemas = new LinkedHashMap<>();
        object(parser, path, (key, keyPath) -> {
            if (known(parser, keyPath, key, List.of("schemas"))) {
                schemas.putAll(named(parser, keyPath, this::schema));
            }
        });
        return schemas;
    }

    private CatalogSchema schema(JsonParser parser, String path) {
        return new CatalogSchema(named(parser, path, this::table));
    }

    private CatalogTable table(JsonParser parser, String path) {
        Map<String, String> columns = new LinkedHashMap<>();
        List<String> others = new ArrayList<>();
        object(parser, path, (key, keyPath) -> {
            if (known(parser, keyPath, key, List.of("columns", "others"))) {
                if (key.equals("columns")) {
                    columns.putAll(named(parser, keyPath, this::phiClass));
                } else {
                    others.add(phiClass(parser, keyPath));
                }
            }
        });
        return new CatalogTable(columns, others.isEmpty() ? PhiCatalog.UNKNOWN : others.get(0));
    }

    private String phiClass(JsonParser parser, String path) {
        if (!parser.currentToken().isScalarValue()) {
            problem(parser, "`" + path + "` is not a PHI class", "write one of " + String.join(", ", CLASSES));
            parser.skipChildren();
            return PhiCatalog.UNKNOWN;
        }
        String written = parser.getString();
        if (!CLASSES.contains(written)) {
            problem(
                    parser,
                    "`" + path + "` has the unknown PHI class `" + written + "`",
                    Nearest.hint(written, CLASSES));
            return PhiCatalog.UNKNOWN;
        }
        return written;
    }

    /** Reads an object whose keys are names of the database's own. */
    private <T> Map<String, T> named(JsonParser parser, String path, ValueReader<T> values) {
        Map<String, T> read = new LinkedHashMap<>();
        object(parser, path, (key, keyPath) -> {
            if (key.isEmpty()) {
                problem(parser, "`" + path + "` holds an empty name", "write the name as the database has it");
            }
            read.put(key, values.read(parser, keyPath));
        });
        return read;
    }

    /** Visits each key of an object, the parser standing on its value; leaves it on the object's end. */
    private void object(JsonParser parser, String path, KeyVisitor visitor) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            problem(
                    parser,
                    "`" + (path.isEmpty() ? "the catalog" : path) + "` is not a mapping",
                    "write keys below it");
            parser.skipChildren();
            return;
        }
        Set<String> seen = new HashSet<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = parser.currentName();
            String keyPath = path.isEmpty() ? key : path + "." + key;
            if (!seen.add(key)) {
                problem(parser, "`" + keyPath + "` is there twice", "keep one of the two");
            }
            parser.nextToken();
            visitor.visit(key, keyPath);
        }
    }

    private boolean known(JsonParser parser, String path, String key, List<String> keys) {
        if (keys.contains(key)) {
            return true;
        }
        problem(parser, "unknown key `" + path + "`", Nearest.hint(key, keys));
        parser.skipChildren();
        return false;
    }

    private void problem(JsonParser parser, String what, String hint) {
        if (problems.size() < MOST_PROBLEMS) {
            problems.add(name + ":" + parser.currentTokenLocation().getLineNr() + ": " + what + "; " + hint);
        }
    }

    /** Takes one key of an object. */
    @FunctionalInterface
    private interface KeyVisitor {
        void visit(String key, String path);
    }

    /** Reads the value the parser stands on. */
    @FunctionalInterface
    private interface ValueReader<T> {
        T read(JsonParser parser, String path);
    }
}
