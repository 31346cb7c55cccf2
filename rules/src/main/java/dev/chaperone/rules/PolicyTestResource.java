package dev.chaperone.rules;

import com.google.protobuf.ByteString;
import dev.chaperone.decision.v1.Column;
import dev.chaperone.decision.v1.Endpoint;
import dev.chaperone.decision.v1.Field;
import dev.chaperone.decision.v1.ObjectRef;
import dev.chaperone.decision.v1.ObjectRole;
import dev.chaperone.decision.v1.Relation;
import dev.chaperone.decision.v1.Resource;
import dev.chaperone.decision.v1.Tool;
import dev.chaperone.decision.v1.Use;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads the resource of a policy test, and collects the classes that its fields are given.
 *
 * <p>A field is written as its class and its uses, {@code "G output predicate"}, or as a mapping with {@code class},
 * {@code uses}, {@code type} (columns) and {@code value} (request fields). Without uses it is an output.
 */
final class PolicyTestResource {
    private static final String DATABASE = "clinic";

    private final Map<String, String> classes;

    PolicyTestResource(Map<String, String> classes) {
        this.classes = classes;
    }

    /** A field of any kind, as written. */
    private record FieldText(String phiClass, List<Use> uses, String type, String value) {}

    Resource read(YamlNode node) {
        node.keys(
                "upstream",
                "relations",
                "functions",
                "objects",
                "endpoint",
                "tool",
                "estimated-rows",
                "estimated-bytes");
        Resource.Builder resource = Resource.newBuilder()
                .setUpstream(node.at("upstream").text("clinic"))
                .addAllFunctions(node.at("functions").texts())
                .setEstimatedRows(node.at("estimated-rows").number(-1))
                .setEstimatedBytes(node.at("estimated-bytes").number(-1));
        node.at("relations").entries().forEach((name, relation) -> resource.addRelations(relation(name, relation)));
        node.at("objects").items().forEach(object -> resource.addObjects(object(object)));
        if (node.at("endpoint").isPresent()) {
            resource.setEndpoint(endpoint(node.at("endpoint")));
        }
        if (node.at("tool").isPresent()) {
            resource.setTool(tool(node.at("tool")));
        }
        return resource.build();
    }

    private Relation relation(String name, YamlNode node) {
        node.keys("written", "system", "class", "ancestors", "columns");
        String[] parts = name.split("\\.", -1);
        if (parts.length < 2 || parts.length > 3) {
            throw node.malformed("`" + name + "` is not a relation, expected `schema.name` or `database.schema.name`");
        }
        String database = parts.length == 3 ? parts[0] : DATABASE;
        String qualified = database + "." + parts[parts.length - 2] + "." + parts[parts.length - 1];
        if (node.at("class").isPresent()) {
            classes.put(qualified, phiClass(node.at("class")));
        }
        Relation.Builder relation = Relation.newBuilder()
                .setDatabase(database)
                .setSchema(parts[parts.length - 2])
                .setName(parts[parts.length - 1])
                .addAllAncestors(node.at("ancestors").texts())
                .setWritten(node.at("written").bool())
                .setSystem(node.at("system").bool());
        node.at("columns").entries().forEach((column, text) -> {
            FieldText field = field(text, "type");
            classes.put(qualified + "." + column, field.phiClass());
            relation.addColumns(
                    Column.newBuilder().setName(column).addAllUses(field.uses()).setType(field.type()));
        });
        return relation.build();
    }

    private ObjectRef object(YamlNode node) {
        node.keys("bucket", "key", "version", "role", "media-type", "fields");
        ObjectRef.Builder object = ObjectRef.newBuilder()
                .setBucket(node.at("bucket").text())
                .setKey(node.at("key").text())
                .setVersion(node.at("version").text(""))
                .setRole(node.at("role").constant(ObjectRole.class, "OBJECT_ROLE_"))
                .setRangeEnd(-1)
                .setMediaType(node.at("media-type").text(""));
        return object.addAllFields(fields(node.at("fields"))).build();
    }

    private Endpoint endpoint(YamlNode node) {
        node.keys("host", "method", "route", "request-fields", "response-fields");
        return Endpoint.newBuilder()
                .setHost(node.at("host").text("api.clinic.example"))
                .setMethod(node.at("method").text("GET"))
                .setRoute(node.at("route").text())
                .addAllRequestFields(fields(node.at("request-fields")))
                .addAllResponseFields(fields(node.at("response-fields")))
                .build();
    }

    private Tool tool(YamlNode node) {
        node.keys("server", "name", "arguments", "annotations");
        Tool.Builder tool = Tool.newBuilder()
                .setServer(node.at("server").text())
                .setName(node.at("name").text())
                .setFingerprint(ByteString.EMPTY)
                .addAllArguments(fields(node.at("arguments")));
        node.at("annotations").entries().forEach((name, value) -> tool.putAnnotations(name, value.text()));
        return tool.build();
    }

    private List<Field> fields(YamlNode node) {
        List<Field> fields = new ArrayList<>();
        node.entries().forEach((path, text) -> {
            FieldText field = field(text, "value");
            classes.put(path, field.phiClass());
            fields.add(Field.newBuilder()
                    .setPath(path)
                    .addAllUses(field.uses())
                    .setValue(field.value())
                    .build());
        });
        return fields;
    }

    private static FieldText field(YamlNode node, String further) {
        if (!node.isText()) {
            node.keys("class", "uses", further);
            List<Use> uses = node.at("uses").items().stream()
                    .map(use -> use.constant(Use.class, "USE_"))
                    .toList();
            return new FieldText(
                    phiClass(node.at("class")),
                    uses.isEmpty() ? List.of(Use.USE_OUTPUT) : uses,
                    node.at("type").text("text"),
                    node.at("value").text(""));
        }
        String[] words = node.text().trim().split("\\s+", -1);
        List<Use> uses = new ArrayList<>();
        for (int i = 1; i < words.length; i++) {
            uses.add(word(node, words[i]).constant(Use.class, "USE_"));
        }
        String phiClass = phiClass(word(node, words[0]));
        return new FieldText(phiClass, uses.isEmpty() ? List.of(Use.USE_OUTPUT) : uses, "text", "");
    }

    private static YamlNode word(YamlNode node, String word) {
        return new YamlNode(node.path(), tools.jackson.databind.node.StringNode.valueOf(word));
    }

    private static String phiClass(YamlNode node) {
        String phiClass = node.text();
        if (!PhiClasses.checked(phiClass).equals(phiClass)) {
            throw node.malformed(
                    "`" + phiClass + "` is not a PHI class, expected `A` to `R`, `CLINICAL`, `NONE` or `UNKNOWN`");
        }
        return phiClass;
    }
}
