package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.QueryAnalyzer;
import dev.chaperone.postgres.masking.CopyFormat;
import dev.chaperone.postgres.masking.CopyMasker;
import dev.chaperone.postgres.masking.OriginalsCollector;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one COPY TO STDOUT on their way to the client (chapter "COPY Operations"). Servers put one row into each
 * CopyData; format binary has its header before the first and its trailer in one of its own.
 */
final class CopyOut {

    private static final int BINARY_HEADER = 19;
    private static final int BINARY_TRAILER = 2;

    private final Outbox outbox;
    private final Copying copying;
    private final @Nullable CopyMasker masker;
    private boolean begun;
    private boolean first = true;

    /**
     * @param longestValue longest value of a masked column, in bytes
     * @param originals takes what is replaced
     */
    CopyOut(Outbox outbox, Copying copying, int longestValue, PortalOriginals originals) {
        this.outbox = outbox;
        this.copying = copying;
        CopyFormat format = copying.format();
        masker = copying.mask() == null || format == null
                ? null
                : CopyMasker.of(format, copying.mask(), longestValue, originals.ofCopy());
    }

    /** Throws OBLIGATION_UNFULFILLABLE when the rows cannot be masked in their format. */
    static void requireMaskable(Copying copying) {
        if (copying.mask() != null && copying.format() != null) {
            CopyMasker.of(copying.format(), copying.mask(), 0, OriginalsCollector.NONE);
        }
    }

    /** True when a row must be there as a whole to be passed on. */
    boolean masks() {
        return masker != null;
    }

    /**
     * CopyOutResponse: rows are about to come.
     *
     * @param trees what the server printed since the COPY was run
     * @throws EnforcementException with UPSTREAM_MISMATCH when it does not copy what was decided on
     */
    void begin(BackendMessage response, List<String> trees) {
        Prepared source = copying.source();
        String decided = source == null ? null : source.tree();
        if (begun || decided == null || trees.size() != 1 || !QueryAnalyzer.same(decided, trees.get(0))) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_MISMATCH,
                    "the database copies something else than what was decided on; the session ends, connect again");
        }
        begun = true;
        pass(response);
    }

    /** True when the CopyData holds a row; to be asked once of each. */
    boolean isRow(BackendMessage data) {
        boolean leads = first;
        first = false;
        CopyFormat format = copying.format();
        if (format == null) {
            return true;
        }
        if (format.kind() != CopyFormat.Kind.BINARY) {
            return !(leads && format.header());
        }
        int length = data.body().readableBytes() - (leads ? BINARY_HEADER : 0);
        return length > BINARY_TRAILER;
    }

    /** A CopyData that may pass. */
    void data(BackendMessage message, boolean row) {
        requireBegun();
        if (masker == null) {
            pass(message);
            outbox.countRows(row ? 1 : 0, 0);
            return;
        }
        long before = masker.maskedValues();
        ByteBuf out = outbox.buffer();
        int start = out.writerIndex();
        out.writeByte('d').writeInt(0);
        try {
            masker.mask(message.body(), out);
        } catch (RuntimeException e) {
            out.writerIndex(start);
            throw e;
        }
        out.setInt(start + 1, out.writerIndex() - start - 1);
        outbox.countRows(row ? 1 : 0, masker.maskedValues() - before);
    }

    /** CopyDone. */
    void done(BackendMessage message) {
        requireBegun();
        if (masker != null) {
            masker.end();
        }
        pass(message);
    }

    void requireBegun() {
        if (!begun) {
            throw new EnforcementException(
                    ErrorCode.UPSTREAM_MISMATCH, "the database copies rows that it had not announced");
        }
    }

    private void pass(BackendMessage message) {
        outbox.buffer().writeBytes(message.content(), message.content().readerIndex(), message.length());
    }
}
