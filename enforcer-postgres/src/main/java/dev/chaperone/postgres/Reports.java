package dev.chaperone.postgres;

import dev.chaperone.decision.v1.Relation;
import dev.chaperone.postgres.analysis.CatalogSnapshot;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.RelationInfo;
import dev.chaperone.postgres.masking.ErrorSanitizer;
import dev.chaperone.postgres.wire.Report;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Prepares what the server says besides rows, errors and notices, for one session's client. It reaches the client in the
 * server's own words only while nothing of the transaction is kept back from it; the whole is then kept among the originals.
 */
final class Reports {

    private static final int LONGEST_POSITION = 9;

    /** Classes of SQLSTATE of what the server itself finds wrong with a statement's text, or with the session. */
    private static final Set<String> ABOUT_THE_TEXT =
            Set.of("0A", "22", "25", "26", "34", "3D", "3F", "42", "54", "55", "57");

    /** Relations that are remembered as written in one transaction. */
    private static final int MOST_WRITTEN = 1000;

    private final Outbox outbox;
    private boolean parsing;
    private boolean decided;
    private boolean keepBack = true;
    private final Supplier<CatalogSnapshot> catalog;
    private final Set<RelationName> written = new HashSet<>();

    private record RelationName(String schema, String name) {}

    Reports(Outbox outbox, Supplier<CatalogSnapshot> catalog) {
        this.outbox = outbox;
        this.catalog = catalog;
    }

    /**
     * Whether the server is parsing a statement and doing nothing else. Nothing runs then, but for a type's own code where a
     * literal is converted: what the server itself says can show the client's own text and the names of things, and nothing
     * more.
     */
    void parsing(boolean now) {
        parsing = now;
    }

    /** A statement is about to run. What it does may come to light later, when the transaction commits. */
    void permitted(Ruling permission) {
        keepBack = decided ? keepBack || permission.keepBack() : permission.keepBack();
        decided = true;
        QueryAnalysis analysis = permission.analysis();
        if (analysis != null && written.size() < MOST_WRITTEN) {
            for (Relation relation : analysis.relations()) {
                if (relation.getWritten()) {
                    written.add(new RelationName(relation.getSchema(), relation.getName()));
                }
            }
        }
    }

    /** The transaction is over. */
    void transactionEnded() {
        decided = false;
        keepBack = true;
        written.clear();
    }

    /**
     * The fields that the client may see.
     *
     * @param offset characters of the client's query string before the statement that the server saw; negative when the
     *     client did not send what the server saw
     */
    Map<Character, String> forClient(Report report, int offset) {
        Map<Character, String> fields = new LinkedHashMap<>(report.fields());
        String position = fields.get('P');
        if (offset < 0) {
            fields.remove('P');
        }
        if (offset > 0
                && position != null
                && position.length() <= LONGEST_POSITION
                && position.chars().allMatch(c -> c >= '0' && c <= '9')
                && !position.isEmpty()) {
            fields.put('P', Long.toString(Long.parseLong(position) + offset));
        }
        return parsing && !ofCode(report) || !keepBack ? fields : sanitised(report, fields);
    }

    /** What code says while a statement is parsed may be anything. */
    private static boolean ofCode(Report report) {
        String state = report.sqlState();
        return !report.field('W').isEmpty() || state.length() < 2 || !ABOUT_THE_TEXT.contains(state.substring(0, 2));
    }

    private Map<Character, String> sanitised(Report report, Map<Character, String> fields) {
        Map<Character, String> safe = ErrorSanitizer.sanitize(fields, new WrittenNames());
        if (!safe.equals(fields)) {
            outbox.original("error", wire(report));
        }
        return safe;
    }

    /** The names that belong to relations which the transaction's own statements write. */
    private final class WrittenNames implements ErrorSanitizer.Names {

        private final CatalogSnapshot snapshot = catalog.get();

        @Override
        public boolean column(String schema, String relation, String column) {
            RelationInfo info = snapshot.relation(schema, relation);
            return info != null
                    && written(info)
                    && info.columns().values().stream()
                            .anyMatch(known -> known.name().equals(column));
        }

        @Override
        public ErrorSanitizer.@Nullable Violation constraint(String schema, String relation, String constraint) {
            RelationInfo info = snapshot.relation(schema, relation);
            Integer target = info == null ? null : info.constraints().get(constraint);
            if (info == null || target == null) {
                return null;
            }
            if (written(info)) {
                return ErrorSanitizer.Violation.OWN;
            }
            RelationInfo referenced = snapshot.relation(target);
            return referenced != null && written(referenced) ? ErrorSanitizer.Violation.REFERENCED : null;
        }

        private boolean written(RelationInfo relation) {
            return written.contains(new RelationName(relation.schema(), relation.name()))
                    || relation.ancestors().stream().anyMatch(this::writtenAncestor);
        }

        private boolean writtenAncestor(String qualified) {
            return written.stream().anyMatch(name -> qualified.equals(name.schema() + '.' + name.name()));
        }
    }

    /** The report as it was, in the form of the message's body. */
    private static byte[] wire(Report report) {
        StringBuilder text = new StringBuilder();
        report.fields().forEach((type, value) -> text.append(type).append(value).append('\0'));
        return text.append('\0').toString().getBytes(StandardCharsets.UTF_8);
    }
}
