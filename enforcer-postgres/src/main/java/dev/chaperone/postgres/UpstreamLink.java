package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.wire.BackendFragment;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The session's side of the upstream connection: one question at a time, and what the server says unasked. The query trees
 * that the server prints end here; they never go further than their reader.
 */
final class UpstreamLink extends ChannelInboundHandlerAdapter {

    /** What the server says or does unasked. */
    interface Events {

        /** A notice for people. */
        void notice(Report notice);

        /** A whole ParameterStatus message, valid during the call. */
        void parameterStatus(BackendMessage message);

        /** A whole NotificationResponse message, valid during the call. */
        void notification(BackendMessage message);

        /** The server ends the connection, saying why. */
        void fatal(Report report);

        /** The connection is gone. */
        void closed();

        /** Something is wrong that the session cannot survive. */
        void failed(Throwable cause);

        /** All that was read at once has been handed over. */
        void readComplete();

        /** The connection takes more, or no more, of what is to be sent. */
        void writabilityChanged();
    }

    /** What a question is, for those that may have been asked ahead. */
    enum Step {
        /** Runs a portal to its end. */
        EXECUTE,
        /** Ends a series. */
        SYNC,
        /** Any other. */
        OTHER
    }

    private static final String TREE = "rewritten parse tree:";

    /** What servers before 16 say of the parts of a tree that they cannot print. */
    private static final String CANNOT_PRINT = "could not dump unrecognized node type";

    /** A statement that is analysed has one tree; more than a few are of no use to anybody. */
    private static final int MOST_TREES = 4;

    private final Channel channel;
    private final Events events;
    private final List<String> trees = new ArrayList<>();
    /** What has been asked already, and whose answer nobody has asked for yet. */
    private final ArrayDeque<Step> ahead = new ArrayDeque<>();
    /** What came in answer to that before it was asked for. */
    private final ArrayDeque<ByteBufHolder> early = new ArrayDeque<>();

    private String allowed = "";
    private String last = "";
    private @Nullable Consumer<BackendMessage> answer;
    private Consumer<BackendFragment> parts = UpstreamLink::refuse;
    private CompletableFuture<?> clear = CompletableFuture.completedFuture(null);
    private boolean reading;
    private boolean paused;
    private boolean muted;

    UpstreamLink(Channel channel, Events events) {
        this.channel = channel;
        this.events = events;
    }

    /**
     * Asks something.
     *
     * @param request writes the messages that ask
     * @param mayCome tags of the messages that may come in answer; any other ends the session
     * @param lastTags tags of those that end the answer
     * @param each gets every message of the answer; valid during the call. The next question may be asked from the last
     */
    void ask(Consumer<ByteBuf> request, String mayCome, String lastTags, Consumer<BackendMessage> each) {
        ask(Step.OTHER, request, mayCome, lastTags, each);
    }

    /** Asks something that may have been asked ahead: then it is not asked again, and its answer is taken. */
    void ask(Step step, Consumer<ByteBuf> request, String mayCome, String lastTags, Consumer<BackendMessage> each) {
        ask(step, request, mayCome, lastTags, each, UpstreamLink::refuse);
    }

    /**
     * The same for an answer with data in it.
     *
     * @param part gets the data that is too long to be handed over as a whole, part by part
     */
    void ask(
            Step step,
            Consumer<ByteBuf> request,
            String mayCome,
            String lastTags,
            Consumer<BackendMessage> each,
            Consumer<BackendFragment> part) {
        if (answer != null) {
            throw new IllegalStateException("the question before is not answered");
        }
        if (!ahead.isEmpty()) {
            if (step == Step.OTHER) {
                settle(() -> ask(step, request, mayCome, lastTags, each, part));
                return;
            }
            // What lies between was skipped by the server, since what came before it failed.
            while (ahead.remove() != step) {}
            expect(mayCome, lastTags, each, part);
            return;
        }
        ByteBuf out = channel.alloc().buffer();
        request.accept(out);
        expect(mayCome, lastTags, each, part);
        if (clear.isDone()) {
            channel.writeAndFlush(out, channel.voidPromise());
        } else {
            clear.whenComplete((done, failure) -> send(out));
        }
    }

    /** The request of the question just asked holds these, too, in this order; the last is a {@link Step#SYNC}. */
    void askedAhead(Step... steps) {
        ahead.addAll(List.of(steps));
    }

    private void expect(
            String mayCome, String lastTags, Consumer<BackendMessage> each, Consumer<BackendFragment> part) {
        answer = each;
        parts = part;
        allowed = mayCome;
        last = lastTags;
        if (!early.isEmpty()) {
            handEarly();
        }
    }

    private void handEarly() {
        while (answer != null && !early.isEmpty() && !paused) {
            hand(early.remove());
        }
        read(reading);
    }

    /**
     * Hands nothing over and reads nothing from the server until {@link #resume}. To be called while a message is handed over,
     * which is then handed over again.
     *
     * @param again that message
     */
    void pause(ByteBufHolder again) {
        paused = true;
        early.addFirst(again.retain());
        read(reading);
    }

    /** Goes on with the message that was handed over last. */
    void resume() {
        paused = false;
        handEarly();
    }

    /** Lets what has been asked ahead come to its end without anybody hearing of it. */
    private void settle(Runnable then) {
        ahead.clear();
        expect(
                "2TnDCsIEZ",
                "Z",
                message -> {
                    if (message.tag() == 'Z') {
                        trees.clear();
                        then.run();
                    }
                },
                part -> {});
    }

    /** Sends more of what is being asked. */
    void send(ByteBuf more) {
        if (muted) {
            more.release();
        } else {
            channel.writeAndFlush(more, channel.voidPromise());
        }
    }

    /** Asks nothing new until something has passed that would hit it: a cancellation on its way. Ends on the event loop. */
    void holdUntil(CompletableFuture<?> passed) {
        clear = CompletableFuture.allOf(clear, passed);
    }

    /** False when so much waits to be sent that no more should come. */
    boolean writable() {
        return channel.isWritable();
    }

    ByteBuf buffer() {
        return channel.alloc().buffer();
    }

    /** From now on nothing of what the server says matters. */
    void mute() {
        muted = true;
        answer = null;
        ahead.clear();
        early.forEach(ByteBufHolder::release);
        early.clear();
    }

    /** The trees of top-level statements that the server has printed since this was last asked. */
    List<String> takeTrees() {
        List<String> taken = List.copyOf(trees);
        trees.clear();
        return taken;
    }

    /** True when the server has printed trees that were not taken yet. */
    boolean hasTrees() {
        return !trees.isEmpty();
    }

    /** Whether the server is to be read from. */
    void read(boolean on) {
        reading = on;
        boolean room = on && early.isEmpty() && !paused;
        if (channel.config().isAutoRead() != room) {
            channel.config().setAutoRead(room);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object object) {
        if (muted || !(object instanceof ByteBufHolder message)) {
            ReferenceCountUtil.release(object);
        } else if (answer == null && !ahead.isEmpty() || !early.isEmpty()) {
            early.add(message);
            read(reading);
        } else {
            hand(message);
        }
    }

    private void hand(ByteBufHolder message) {
        try {
            if (message instanceof BackendFragment fragment) {
                part(fragment);
            } else {
                whole((BackendMessage) message);
            }
        } catch (RuntimeException e) {
            events.failed(e);
        } finally {
            message.release();
        }
    }

    private void whole(BackendMessage message) {
        switch (message.tag()) {
            case 'N' -> notice(Report.read(message.body()));
            case 'S' -> events.parameterStatus(message);
            case 'A' -> events.notification(message);
            default -> answered(message);
        }
    }

    private void part(BackendFragment fragment) {
        if (answer == null || allowed.indexOf(fragment.tag()) < 0) {
            throw unasked(fragment.tag());
        }
        parts.accept(fragment);
    }

    private static void refuse(BackendFragment fragment) {
        throw unasked(fragment.tag());
    }

    private static EnforcementException unasked(char tag) {
        return new EnforcementException(
                ErrorCode.UPSTREAM_MISMATCH,
                "the database sent the message `" + tag + "`, which answers nothing that was asked");
    }

    private void notice(Report notice) {
        String severity = notice.severity();
        if (severity.equals("LOG") && notice.message().equals(TREE)) {
            // A tree that was printed inside of another statement (functions, triggers, foreign keys) has a context.
            if (notice.field('W').isEmpty() && trees.size() < MOST_TREES) {
                trees.add(notice.field('D'));
            }
        } else if (!notice.message().startsWith(CANNOT_PRINT)) {
            events.notice(notice);
        }
    }

    private void answered(BackendMessage message) {
        char tag = message.tag();
        if (tag == 'E') {
            Report report = Report.read(message.body());
            if (report.severity().equals("FATAL") || report.severity().equals("PANIC")) {
                events.fatal(report);
                return;
            }
        }
        Consumer<BackendMessage> to = answer;
        if (to == null || allowed.indexOf(tag) < 0) {
            throw unasked(tag);
        }
        if (last.indexOf(tag) >= 0) {
            answer = null;
        }
        to.accept(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (!muted) {
            events.readComplete();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (!muted) {
            events.writabilityChanged();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!muted) {
            events.closed();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!muted) {
            events.failed(cause);
        }
    }
}
