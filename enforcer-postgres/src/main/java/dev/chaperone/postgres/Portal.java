package dev.chaperone.postgres;

import dev.chaperone.audit.v1.Parameter;
import dev.chaperone.enforcer.detect.FindCounts;
import dev.chaperone.postgres.analysis.QueryAnalysis;
import dev.chaperone.postgres.masking.RowMask;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A statement with its parameters, decided on and ready to run. Belongs to one session's event loop. */
final class Portal {

    private final String name;
    private final Prepared prepared;
    private final Ruling ruling;
    private final byte @Nullable [] description;
    private final int columns;
    private final @Nullable RowMask mask;
    private final @Nullable Copying copying;
    private final long began = System.nanoTime();
    private final FindCounts finds = new FindCounts();
    private Tally tally = new Tally();
    private List<Parameter> parameters = List.of();
    private @Nullable Consumer<Runnable> effect;
    private BooleanSupplier same = () -> true;
    private @Nullable QueryAnalysis runs;
    private long rows;
    private long bytes;
    private boolean completed;
    private boolean unannounced;

    /**
     * @param name as on the wire
     * @param ruling the permission that it runs by
     * @param description its whole RowDescription message, null when it delivers no rows
     * @param columns of each row
     * @param mask what to mask, null when nothing is
     * @param copying how its rows are copied, null for a statement that does not copy
     */
    Portal(
            String name,
            Prepared prepared,
            Ruling ruling,
            byte @Nullable [] description,
            int columns,
            @Nullable RowMask mask,
            @Nullable Copying copying) {
        this.name = name;
        this.prepared = prepared;
        this.ruling = ruling;
        this.description = description;
        this.columns = columns;
        this.mask = mask;
        this.copying = copying;
    }

    String name() {
        return name;
    }

    Prepared prepared() {
        return prepared;
    }

    Ruling ruling() {
        return ruling;
    }

    byte @Nullable [] description() {
        return description;
    }

    int columns() {
        return columns;
    }

    @Nullable
    RowMask mask() {
        return mask;
    }

    @Nullable
    Copying copying() {
        return copying;
    }

    long began() {
        return began;
    }

    long rows() {
        return rows;
    }

    long bytes() {
        return bytes;
    }

    void delivered(int rowBytes) {
        delivered(1, rowBytes);
    }

    void delivered(long moreRows, long moreBytes) {
        rows += moreRows;
        bytes += moreBytes;
        tally.add(moreRows, moreBytes);
    }

    /** Its RowDescription goes to the client with the first thing that it delivers. */
    void announceWithFirst() {
        unannounced = true;
    }

    /** Writes its RowDescription where that is due. */
    void announce(ByteBuf out) {
        if (unannounced && description != null) {
            out.writeBytes(description);
        }
        unannounced = false;
    }

    /** What the client has bound to it, as received. */
    List<Parameter> parameters() {
        return parameters;
    }

    void parameters(List<Parameter> bound) {
        parameters = List.copyOf(bound);
    }

    /** What counts against the limits: with a cursor, all that was ever fetched from it. */
    Tally tally() {
        return tally;
    }

    void tally(Tally shared) {
        tally = shared;
    }

    /** What it runs goes by a name, which must stand for the same until then. */
    void runsWhile(BooleanSupplier stillTheSame) {
        BooleanSupplier before = same;
        same = () -> before.getAsBoolean() && stillTheSame.getAsBoolean();
    }

    /** True when it would run what was decided on. Once it has begun nothing can be put in the place of that. */
    boolean begins() {
        boolean begins = same.getAsBoolean();
        if (begins) {
            same = () -> true;
        }
        return begins;
    }

    /**
     * What it was decided on runs another statement, which says that by itself.
     *
     * @param inside null where that is not known
     */
    void runs(@Nullable QueryAnalysis inside) {
        runs = inside;
    }

    /** What the server has to say should it analyse anew what is run; null when nobody knows. */
    @Nullable
    QueryAnalysis runs() {
        return runs == null ? ruling.analysis() : runs;
    }

    /** What it leaves behind when it has run to its end; goes on with what it is given. */
    void effect(Consumer<Runnable> left) {
        effect = left;
    }

    /** It has run to its end. */
    void ran(Runnable then) {
        Consumer<Runnable> left = effect;
        effect = null;
        if (left == null) {
            then.run();
        } else {
            left.accept(then);
        }
    }

    /**
     * True when running it may change what texts mean in the session, or undo such a change: anything but queries and data
     * modification whose functions are all known to do nothing of the kind.
     */
    boolean mayChangeMeanings() {
        return switch (prepared.statement().statementClass()) {
            case EMPTY, SHOW -> false;
            case QUERY, DML ->
                ruling.analysis() == null
                        || !ruling.analysis().disallowedFunctions().isEmpty();
            case TRANSACTION -> prepared.statement().operation().startsWith("rollback");
            default -> true;
        };
    }

    /** What detectors found in it so far. */
    FindCounts finds() {
        return finds;
    }

    /** True when its end has been recorded. */
    boolean completed() {
        return completed;
    }

    void complete() {
        completed = true;
    }
}
