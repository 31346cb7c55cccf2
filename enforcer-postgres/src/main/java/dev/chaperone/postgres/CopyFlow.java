package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.CatalogSnapshot;
import dev.chaperone.postgres.analysis.ColumnInfo;
import dev.chaperone.postgres.analysis.OutputColumn;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.RelationInfo;
import dev.chaperone.postgres.analysis.SqlStatement;
import dev.chaperone.postgres.analysis.StatementClass;
import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.postgres.masking.CopyFormat;
import dev.chaperone.postgres.masking.RowMask;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.postgres.wire.RowDescription;
import dev.chaperone.proto.ErrorCode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a COPY to or from the client gets to a portal that may run. The server does not analyse a COPY before it runs it, so
 * that it is decided on by what stands for it:
 *
 * <pre>{@code
 * COPY (query) TO STDOUT        query
 * COPY t (a, b) TO STDOUT       SELECT a, b FROM ONLY t
 * COPY t (a, b) FROM STDIN      INSERT INTO t (a, b) VALUES (DEFAULT, DEFAULT)
 * }</pre>
 *
 * Whatever is copied to the client runs as {@code COPY (query)}, of which the server prints the tree when it runs it: the
 * first row is delivered only if that tree is the one that was decided on ({@link CopyOut}).
 */
final class CopyFlow {

    static final String SOURCE = StatementFlow.RESERVED + "copied";
    static final String COPY = StatementFlow.RESERVED + "copy";

    private static final String WRONG_OBJECT_TYPE = "42809";
    private static final Pattern NO_COLUMN = Pattern.compile("column (\"[^\"]*\") does not exist");

    private final Session session;
    private final UpstreamLink link;
    private final StatementFlow flow;
    private final Decider decider;
    private final Opening opening;
    private final StatementDetail.Copy copy;

    /** @param copy what the statement to be opened is */
    CopyFlow(
            Session session,
            UpstreamLink link,
            StatementFlow flow,
            Decider decider,
            Opening opening,
            StatementDetail.Copy copy) {
        this.session = session;
        this.link = link;
        this.flow = flow;
        this.decider = decider;
        this.opening = opening;
        this.copy = copy;
    }

    void open() {
        if (copy.query() != null) {
            parse(SOURCE, asWritten(copy.query()), this::decide);
        } else if (!copy.columns().isEmpty()) {
            standIn(forTable(copy.columns()));
        } else {
            parse(SOURCE, query("SELECT * FROM ONLY " + copy.relation()), this::columns);
        }
    }

    /** The query where it stands in what the client has sent. */
    private Prepared asWritten(String query) {
        Prepared whole = opening.prepared();
        String text = whole.statement().text();
        int before = text.codePointCount(0, Math.max(text.indexOf(query), 0));
        SqlStatement statement = new SqlStatement(query, 0, query.length(), StatementClass.QUERY, "select", null);
        return new Prepared(statement, whole.offset() + before, List.of());
    }

    /** Without a list, all columns are copied but those that are generated. */
    private void columns(Prepared all) {
        flow.analyse(tree(all))
                .whenComplete((result, impossible) -> session.inLoop(() -> {
                    QueryAnalysis analysis = result.analysis();
                    if (analysis == null) {
                        decide(all);
                        return;
                    }
                    List<String> names = new ArrayList<>();
                    for (OutputColumn output : analysis.outputs()) {
                        if (!generated(output)) {
                            names.add('"' + output.name().replace("\"", "\"\"") + '"');
                        }
                    }
                    standIn(forTable(names));
                }));
    }

    private boolean generated(OutputColumn output) {
        RelationInfo relation = catalog().relation(output.tableOid());
        ColumnInfo column = relation == null ? null : relation.column(output.attributeNumber());
        return column != null && column.generated();
    }

    private String forTable(List<String> columns) {
        String list = String.join(", ", columns);
        if (!copy.from()) {
            return "SELECT " + list + " FROM ONLY " + copy.relation();
        }
        // A condition sees nothing but the rows that come; whatever it calls and names is to be known all the same.
        String where = copy.where() == null
                ? ""
                : "WITH chaperone_condition AS (SELECT 1 FROM ONLY " + copy.relation() + " WHERE " + copy.where()
                        + "\n) ";
        String insert = where + "INSERT INTO " + copy.relation();
        return columns.isEmpty()
                ? insert + " DEFAULT VALUES"
                : insert + " (" + list + ") VALUES (" + "DEFAULT, ".repeat(columns.size() - 1) + "DEFAULT)";
    }

    private void standIn(String text) {
        parse(SOURCE, query(text), this::decide);
    }

    private void decide(Prepared source) {
        decider.decide(
                opening.prepared(),
                tree(source),
                opening.parameters(),
                ruling -> flow.obey(
                        ruling,
                        decider.recheck(tree(source), ruling),
                        () -> permitted(source, ruling),
                        opening.failed()));
    }

    private void permitted(Prepared source, Ruling ruling) {
        Terms terms = Objects.requireNonNull(ruling.terms());
        if (copy.from()) {
            opening.prepared().copying(Copying.FROM_CLIENT);
            // The server looks for the table when it runs.
            BooleanSupplier unchanged = session.handles().unchanged();
            flow.restrict(
                    opening.then(portal -> {
                        portal.runsWhile(unchanged);
                        opening.opened().accept(portal);
                    }),
                    ruling);
        } else if (terms.atSource()) {
            flow.rewrite(
                    source, ruling, (text, narrower) -> describe(SourceRewrite.NAME, text, narrower), opening.failed());
        } else {
            describe(SOURCE, source, ruling);
        }
    }

    /** Asks for the types of the columns, which the server does not tell of a COPY. */
    private void describe(String name, Prepared source, Ruling ruling) {
        link.ask(
                out -> {
                    FrontendWriter.describe(out, Target.STATEMENT, name);
                    FrontendWriter.flush(out);
                },
                "tTnE",
                "TnE",
                message -> {
                    switch (message.tag()) {
                        case 't' -> {}
                        case 'T' -> {
                            RowDescription description = RowDescription.read(message.body());
                            table(ruling.analysis(), relation -> copyOut(source, ruling, description, relation));
                        }
                        // It delivers nothing that could be copied, and the server says what is wrong with it.
                        case 'n' -> flow.restrict(opening, ruling);
                        default -> flow.fail(ruling, Report.read(message.body()), Prepared.REWRITTEN, opening.failed());
                    }
                });
    }

    private void copyOut(Prepared source, Ruling ruling, RowDescription description, @Nullable RelationInfo relation) {
        GatewayError noTable = relation == null ? null : noTable(relation);
        if (noTable != null) {
            flow.refuseDecided(ruling, noTable, opening.failed());
            return;
        }
        Copying copying;
        try {
            copying = copying(source, ruling, description);
        } catch (EnforcementException e) {
            if (e.code() == ErrorCode.UPSTREAM_MISMATCH) {
                throw e;
            }
            flow.refuseDecided(ruling, GatewayError.of(e), opening.failed());
            return;
        }
        Prepared copied =
                opening.prepared().rewritten("COPY (" + source.statement().text() + "\n) TO STDOUT " + copy.tail());
        copied.copying(copying);
        flow.parseOwn(
                COPY,
                copied,
                () -> flow.restrict(opening.of(copied, COPY), ruling),
                report -> flow.fail(ruling, report, Prepared.REWRITTEN, opening.failed()));
    }

    private Copying copying(Prepared source, Ruling ruling, RowDescription description) {
        CopyFormat format = null;
        EnforcementException unknown = null;
        try {
            format = CopyFormat.of(
                    copy.options(),
                    description.columns().stream()
                            .map(RowDescription.Column::name)
                            .toList());
        } catch (EnforcementException e) {
            unknown = e;
        }
        boolean binary = format != null && format.kind() == CopyFormat.Kind.BINARY;
        QueryAnalysis analysis = ruling.analysis();
        if (analysis == null && !ruling.unanalysed()) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_MISMATCH, "rows are to be copied of which nobody knows what they are");
        }
        // What is permitted unanalysed has no fields to mask.
        RowDescription written = session.analyses().plain(description).inFormat(binary ? 1 : 0);
        RowMask mask = Objects.requireNonNull(ruling.terms()).rowMask(analysis, written);
        if (mask != null && unknown != null) {
            throw unknown;
        }
        Copying copying = new Copying(source, mask, format);
        CopyOut.requireMaskable(copying);
        return copying;
    }

    /** The relation that is copied, as the catalog has it by now; null for a query, and for what is not known. */
    private void table(@Nullable QueryAnalysis analysis, Consumer<@Nullable RelationInfo> then) {
        if (copy.relation() == null || analysis == null || analysis.outputs().isEmpty()) {
            then.accept(null);
            return;
        }
        int oid = analysis.outputs().get(0).tableOid();
        RelationInfo known = catalog().relation(oid);
        if (known != null) {
            then.accept(known);
            return;
        }
        session.analyses()
                .catalog(System.nanoTime())
                .whenComplete((fresh, failure) ->
                        session.inLoop(() -> then.accept(failure == null ? fresh.relation(oid) : null)));
    }

    /** As a query, rows could be copied of what the server does not copy as a table: it is refused in the server's words. */
    private static @Nullable GatewayError noTable(RelationInfo relation) {
        String kind = switch (relation.kind()) {
            case 'v' -> "view";
            case 'p' -> "partitioned table";
            case 'f' -> "foreign table";
            case 'S' -> "sequence";
            default -> "";
        };
        return kind.isEmpty()
                ? null
                : new GatewayError(
                        WRONG_OBJECT_TYPE,
                        ErrorCode.UNSUPPORTED,
                        "cannot copy from " + kind + " \"" + relation.name() + '"',
                        "",
                        kind.equals("sequence") ? "" : "Try the COPY (SELECT ...) TO variant.");
    }

    private static Prepared query(String text) {
        return Prepared.ofTheGateway(text);
    }

    private CatalogSnapshot catalog() {
        return session.analyses().catalog();
    }

    private static String tree(Prepared source) {
        String tree = source.tree();
        // What is not understood is refused in the words of the analysis.
        return tree == null ? "" : tree;
    }

    private void parse(String name, Prepared statement, Consumer<Prepared> parsed) {
        flow.parseOwn(name, statement, () -> parsed.accept(statement), report -> {
            session.parseError(ofTheRelation(report), statement.sentAt());
            opening.failed().run();
        });
    }

    /** The server says of which relation it has looked for a column of the list. */
    private Report ofTheRelation(Report report) {
        Matcher column = NO_COLUMN.matcher(report.message());
        if (copy.relation() == null || !report.sqlState().equals("42703") || !column.matches()) {
            return report;
        }
        String name = copy.relation().substring(copy.relation().lastIndexOf('.') + 1);
        Map<Character, String> fields = new LinkedHashMap<>(report.fields());
        fields.put('M', "column " + column.group(1) + " of relation \"" + name.replace("\"", "") + "\" does not exist");
        return new Report(fields);
    }
}
