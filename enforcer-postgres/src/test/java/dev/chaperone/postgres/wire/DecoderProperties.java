package dev.chaperone.postgres.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.postgres.FuzzInput;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** What holds for the decoders whatever is sent to them. */
final class DecoderProperties {

    private static final int MAX_STARTUP = 200;
    private static final int MAX_PASSWORD = 100;
    private static final int MAX_MESSAGE = 1000;

    private DecoderProperties() {}

    /** What a decoder made of a stream: messages in order, then perhaps a refusal. */
    private record Decoded(List<Object> messages, @Nullable String refusal) {}

    /** Phase, cuts, then the stream. */
    static void frontend(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        FrontendDecoder.Phase phase = FrontendDecoder.Phase.values()[input.below(5)];
        int cuts = 1 + input.below(255);
        byte[] stream = input.rest();

        Decoded whole = frontend(stream, phase, Integer.MAX_VALUE);
        Decoded cut = frontend(stream, phase, cuts);
        if (whole.refusal() != null && whole.refusal().startsWith("bytes follow a request")) {
            // Whether they follow depends on what has come.
            assertThat(cut.messages().subList(0, whole.messages().size())).isEqualTo(whole.messages());
        } else {
            assertThat(cut).isEqualTo(whole);
        }
        whole.messages().forEach(DecoderProperties::reads);
    }

    private static Decoded frontend(byte[] stream, FrontendDecoder.Phase phase, int longest) {
        FrontendDecoder decoder = new FrontendDecoder(MAX_STARTUP, MAX_PASSWORD, MAX_MESSAGE);
        decoder.expect(phase);
        return decode(decoder, stream, longest, message -> {
            if (message instanceof StartupMessage.Startup) {
                decoder.expect(FrontendDecoder.Phase.PASSWORD);
            } else if (message instanceof FrontendMessage.Password) {
                decoder.expect(FrontendDecoder.Phase.SESSION);
            }
            return message;
        });
    }

    /** What is passed on to the server is what was read. */
    private static void reads(Object message) {
        ByteBuf out = Unpooled.buffer();
        if (message instanceof FrontendMessage.Parse parse) {
            FrontendWriter.parse(out, parse.statement(), parse.sql(), parse.parameterTypes());
        } else if (message instanceof FrontendMessage.Bind bind) {
            FrontendWriter.bind(out, bind);
        } else if (message instanceof FrontendMessage.Describe describe) {
            FrontendWriter.describe(out, describe.target(), describe.name());
        } else if (message instanceof FrontendMessage.Close close) {
            FrontendWriter.close(out, close.target(), close.name());
        } else if (message instanceof FrontendMessage.Execute execute) {
            FrontendWriter.execute(out, execute.portal(), execute.maxRows());
        } else {
            return;
        }
        Decoded again = frontend(ByteBufUtil.getBytes(out), FrontendDecoder.Phase.SESSION, Integer.MAX_VALUE);
        assertThat(again).isEqualTo(new Decoded(List.of(message), null));
    }

    /** Cuts, then the stream. */
    static void backend(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        int cuts = 1 + input.below(255);
        byte[] stream = input.rest();

        Decoded whole = backend(stream, Integer.MAX_VALUE);
        Decoded cut = backend(stream, cuts);

        assertThat(cut).isEqualTo(whole);
        assertThat(ByteBufUtil.hexDump(stream)).startsWith(String.join("", strings(whole.messages())));
    }

    private static List<String> strings(List<Object> frames) {
        return frames.stream().map(String::valueOf).toList();
    }

    private static Decoded backend(byte[] stream, int longest) {
        return decode(new BackendDecoder(MAX_MESSAGE), stream, longest, message -> {
            BackendMessage frame = (BackendMessage) message;
            try {
                understand(frame);
                return ByteBufUtil.hexDump(frame.content());
            } finally {
                frame.release();
            }
        });
    }

    private static void understand(BackendMessage frame) {
        try {
            switch (frame.tag()) {
                case 'T' -> RowDescription.read(frame.body());
                case 'E', 'N' -> Report.read(frame.body());
                default -> assertThat(frame.body().readableBytes()).isEqualTo(frame.length() - 5);
            }
        } catch (ProtocolException e) {
            assertThat(e).hasMessageStartingWith("message ");
        }
    }

    private interface Taker {
        Object take(Object message);
    }

    private static Decoded decode(ChannelHandler decoder, byte[] stream, int longest, Taker taker) {
        List<Object> messages = new ArrayList<>();
        List<String> refusals = new ArrayList<>();
        EmbeddedChannel channel = new EmbeddedChannel(decoder, new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                assertThat(refusals).as("nothing comes after a refusal").isEmpty();
                messages.add(taker.take(message));
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
                assertThat(failure).isInstanceOf(DecoderException.class);
                assertThat(failure.getCause()).isInstanceOf(ProtocolException.class);
                refusals.add(failure.getCause().getMessage());
            }
        });
        List<ByteBuf> sent = new ArrayList<>();
        Random lengths = new Random(longest);
        for (int from = 0; from < stream.length; ) {
            int length = longest == Integer.MAX_VALUE
                    ? stream.length
                    : Math.min(1 + lengths.nextInt(longest), stream.length - from);
            ByteBuf piece = channel.alloc().buffer(length).writeBytes(stream, from, length);
            sent.add(piece);
            channel.writeInbound(piece);
            from += length;
        }
        channel.finishAndReleaseAll();
        assertThat(sent).as("every buffer is released").allMatch(piece -> piece.refCnt() == 0);
        assertThat(refusals).hasSizeLessThan(2);
        return new Decoded(messages, refusals.isEmpty() ? null : refusals.get(0));
    }
}
