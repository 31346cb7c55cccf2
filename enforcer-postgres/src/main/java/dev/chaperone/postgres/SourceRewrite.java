package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.CatalogSnapshot;
import dev.chaperone.postgres.analysis.MaskedSource;
import dev.chaperone.postgres.analysis.PrintedDefinitions;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.analysis.SourceMasking;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.postgres.masking.SqlMask;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.proto.ErrorCode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Has one permitted statement work on masked values: the relations in it that hold masked columns are replaced by subqueries
 * that mask them, and the server says what the outcome means before it may run ({@link SourceMasking}).
 *
 * <pre>{@code
 * for each source: Parse, Flush        <- its tree, ParseComplete
 * the new text:    Parse, Flush        <- its tree, ParseComplete
 *                  what is masked is masked at its source or only delivered: it may be bound
 * }</pre>
 */
final class SourceRewrite {

    /** The name that the rewritten statement has on the upstream connection. */
    static final String NAME = StatementFlow.RESERVED + "rewritten";

    private static final String CANNOT =
            "the statement cannot be rewritten to work on masked values; leave out `only` and schema"
                    + " names before column names, or select masked columns as they are";

    static final String SOURCE = StatementFlow.RESERVED + "source";

    /** What comes of it. */
    interface Outcome {

        /** The rewritten statement, which is {@link #NAME} upstream, and the permission with what it touches. */
        void rewritten(Prepared statement, Ruling ruling);

        /**
         * The statement cannot be rewritten.
         *
         * @param upstreamFailed true when the server did not accept the new text, so that its transaction has failed
         */
        void refused(EnforcementException reason, boolean upstreamFailed);
    }

    private final UpstreamLink link;
    private final CatalogSnapshot catalog;
    private final Prepared prepared;
    private final Ruling ruling;
    private final Terms terms;
    private final Outcome outcome;
    private final List<MaskedSource.Verified> verified = new ArrayList<>();

    /**
     * @param prepared the statement as the client had it prepared
     * @param ruling the permission, with terms that ask for this
     */
    SourceRewrite(UpstreamLink link, CatalogSnapshot catalog, Prepared prepared, Ruling ruling, Outcome outcome) {
        this.link = link;
        this.catalog = catalog;
        this.prepared = prepared;
        this.ruling = ruling;
        this.terms = Objects.requireNonNull(ruling.terms());
        this.outcome = outcome;
    }

    void start() {
        attempt(() -> {
            String tree = Objects.requireNonNull(prepared.tree());
            List<MaskedSource> sources =
                    terms.masks().isEmpty() ? List.of() : SourceMasking.sources(tree, catalog, new Masks());
            next(new ArrayDeque<>(sources), sources);
        });
    }

    private void next(ArrayDeque<MaskedSource> open, List<MaskedSource> sources) {
        MaskedSource source = open.poll();
        if (source == null) {
            rewritten(sources);
        } else {
            parse(SOURCE, source.text(), List.of(), tree -> {
                verified.add(source.verify(tree, catalog));
                next(open, sources);
            });
        }
    }

    private void rewritten(List<MaskedSource> sources) {
        QueryAnalysis original = Objects.requireNonNull(ruling.analysis());
        String asked = prepared.statement().text();
        String printed =
                original.definitions().isEmpty() || !terms.keepBack() ? asked : PrintedDefinitions.rewrite(asked);
        String text = sources.isEmpty() ? printed : SourceMasking.rewrite(printed, sources);
        parse(NAME, text, prepared.types(), tree -> {
            QueryAnalysis analysis = SourceMasking.verify(tree, catalog, verified, original);
            terms.requireDelivered(analysis);
            Prepared rewritten = prepared.rewritten(text);
            rewritten.tree(tree);
            outcome.rewritten(rewritten, ruling.of(analysis));
        });
    }

    private void parse(String name, String text, List<Integer> parameterTypes, Consumer<String> parsed) {
        link.takeTrees();
        link.ask(
                out -> {
                    FrontendWriter.close(out, Target.STATEMENT, name);
                    FrontendWriter.parse(out, name, text, parameterTypes);
                    FrontendWriter.flush(out);
                },
                "31E",
                "1E",
                message -> {
                    if (message.tag() == '3') {
                        return;
                    }
                    List<String> trees = link.takeTrees();
                    if (message.tag() == 'E') {
                        outcome.refused(unfulfillable(CANNOT), true);
                    } else if (trees.size() != 1) {
                        outcome.refused(
                                unfulfillable("the database did not say what the rewritten statement would do"), false);
                    } else {
                        attempt(() -> parsed.accept(trees.get(0)));
                    }
                });
    }

    private void attempt(Runnable step) {
        try {
            step.run();
        } catch (UnanalysableException e) {
            outcome.refused(unfulfillable(String.valueOf(e.getMessage())), false);
        } catch (EnforcementException e) {
            outcome.refused(e, false);
        }
    }

    private static EnforcementException unfulfillable(String message) {
        return new EnforcementException(ErrorCode.OBLIGATION_UNFULFILLABLE, message);
    }

    /** The masks that hold everywhere, in SQL. */
    private final class Masks implements SourceMasking.Masks {

        @Override
        public boolean covers(String field) {
            Terms.Masking masking = terms.masks().get(field);
            return masking != null && masking.everywhere();
        }

        @Override
        public String expression(Set<String> fields, String column, String type) {
            Terms.@Nullable Masking masking = terms.maskOf(List.copyOf(fields));
            if (masking == null) {
                throw new IllegalStateException("a covered column without a mask");
            }
            return SqlMask.expression(masking.mask(), masking.function(), column, type);
        }
    }
}
