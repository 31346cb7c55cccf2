package dev.chaperone.postgres.masking;

import com.google.protobuf.ByteString;
import dev.chaperone.audit.v1.MaskedOriginal;
import dev.chaperone.audit.v1.MaskedOriginals;
import io.netty.buffer.ByteBuf;

/** Collects the originals of one recorded chunk of rows. Used by one thread. */
public final class OriginalsBuffer implements OriginalsCollector {

    private MaskedOriginals.Builder values = MaskedOriginals.newBuilder();
    private long bytes;

    @Override
    public void original(long row, int column, String field, ByteBuf source, int index, int length) {
        values.addValues(MaskedOriginal.newBuilder()
                .setRow(row)
                .setColumn(column)
                .setField(field)
                .setValue(ByteString.copyFrom(source.nioBuffer(index, length))));
        bytes += length;
    }

    /** Values collected since the last {@link #drain}. */
    public int count() {
        return values.getValuesCount();
    }

    /** Their bytes; the chunk is to be recorded before this grows past what may be held. */
    public long bytes() {
        return bytes;
    }

    /** Hands the values over and begins anew. */
    public MaskedOriginals drain() {
        MaskedOriginals drained = values.build();
        values = MaskedOriginals.newBuilder();
        bytes = 0;
        return drained;
    }
}
