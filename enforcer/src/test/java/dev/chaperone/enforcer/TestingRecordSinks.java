package dev.chaperone.enforcer;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.chaperone.audit.v1.AuditEvent;
import dev.chaperone.audit.v1.AuditRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** A stand-in for Kafka that acknowledges, keeps silent, fails or is away on command. */
final class TestingRecordSinks implements RecordSink.Opener {

    enum Mode {
        ACKNOWLEDGE,
        HOLD,
        FAIL,
        AWAY
    }

    record Sent(String key, AuditRecord record, AuditEvent event) {}

    private final List<Sent> sent = new ArrayList<>();
    private final ArrayDeque<RecordSink.Callback> held = new ArrayDeque<>();
    private Mode mode;
    private int opened;

    TestingRecordSinks(Mode mode) {
        this.mode = mode;
    }

    synchronized void mode(Mode newMode) {
        mode = newMode;
        if (newMode == Mode.ACKNOWLEDGE) {
            held.forEach(RecordSink.Callback::acknowledged);
            held.clear();
        }
        notifyAll();
    }

    /** Acknowledges or fails the records that were sent and not answered, out of order. */
    synchronized void answerHeld(int failing) {
        int index = held.size();
        while (!held.isEmpty()) {
            RecordSink.Callback callback = held.removeLast();
            if (--index == failing) {
                callback.failed(new IOException("refused on command"));
            } else {
                callback.acknowledged();
            }
        }
    }

    synchronized int opened() {
        return opened;
    }

    synchronized int held() {
        return held.size();
    }

    synchronized List<Sent> sent() {
        return List.copyOf(sent);
    }

    /** What a ledger would keep of one session: each sequence once, in order. */
    List<Sent> ledger(String sessionId) {
        List<Sent> events = new ArrayList<>();
        for (Sent one : sent()) {
            if (one.key().equals(sessionId) && one.event().getSequence() == events.size()) {
                events.add(one);
            }
        }
        return events;
    }

    @Override
    public synchronized RecordSink open() throws IOException {
        if (mode == Mode.AWAY) {
            throw new IOException("away on command");
        }
        opened++;
        return new RecordSink() {
            @Override
            public void send(byte[] key, byte[] record, Callback callback) {
                accept(key, record, callback);
            }

            @Override
            public void close() {}
        };
    }

    private synchronized void accept(byte[] key, byte[] record, RecordSink.Callback callback) {
        switch (mode) {
            case FAIL, AWAY -> callback.failed(new IOException("refused on command"));
            case HOLD -> {
                sent.add(parse(key, record));
                held.add(callback);
            }
            case ACKNOWLEDGE -> {
                sent.add(parse(key, record));
                callback.acknowledged();
            }
        }
    }

    static Sent parse(byte[] key, byte[] bytes) {
        try {
            AuditRecord record = AuditRecord.parseFrom(bytes);
            return new Sent(new String(key, StandardCharsets.UTF_8), record, AuditEvent.parseFrom(record.getEvent()));
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }
}
