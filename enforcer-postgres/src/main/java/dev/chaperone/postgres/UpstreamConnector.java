package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.SettingsPolicy;
import dev.chaperone.postgres.wire.BackendDecoder;
import dev.chaperone.postgres.wire.CancelKey;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.ProtocolVersion;
import dev.chaperone.proto.ErrorCode;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.SocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Opens connections to the database, with the enforcer's own credential. */
final class UpstreamConnector {

    /**
     * What every upstream session starts with, whatever its client asks for. As start-up values they are what RESET ALL and
     * DISCARD ALL go back to.
     */
    private static final Map<String, String> PINNED = Map.of(
            "client_encoding", "UTF8",
            "standard_conforming_strings", "on",
            "client_min_messages", "log",
            "debug_print_rewritten", "on",
            "debug_pretty_print", "off",
            "debug_print_parse", "off",
            "debug_print_plan", "off",
            // Parameters would become the context of notices, and a tree that has a context is taken for a nested one.
            "log_parameter_max_length_on_error", "0");

    private final String name;
    private final PostgresConfig.Upstream upstream;
    private final PostgresConfig.Bounds bounds;
    private final @Nullable SslContext tls;

    /**
     * @param name what policies and records call the database
     */
    UpstreamConnector(String name, PostgresConfig.Upstream upstream, PostgresConfig.Bounds bounds) {
        this.name = name;
        this.upstream = upstream;
        this.bounds = bounds;
        this.tls = Tls.client(upstream);
    }

    /**
     * Connects and logs in.
     *
     * @param loop runs the connection
     * @param settings the client's accepted settings
     * @return the connection, or a failure with an {@link EnforcementException} of code UPSTREAM_UNAVAILABLE
     */
    CompletableFuture<UpstreamConnection> connect(EventLoop loop, Map<String, String> settings) {
        Map<String, String> startup = new LinkedHashMap<>(settings);
        startup.putAll(PINNED);
        // Masks know dates in ISO form only; the order of day and month stays the client's choice, and another style is
        // asked
        // for here only when the policy has permitted it.
        startup.merge(
                "datestyle",
                "ISO",
                (asked, iso) ->
                        SettingsPolicy.refusal("datestyle", List.of(asked)) == null ? iso + ", " + asked : asked);
        startup.put("user", upstream.user());
        startup.put("database", upstream.database());
        CompletableFuture<UpstreamConnection> result = new CompletableFuture<>();
        open(loop, result, channel -> {
            SslHandler handler = channel.pipeline().get(SslHandler.class);
            channel.pipeline()
                    .addLast(new BackendDecoder((int) bounds.serverMessage().bytes()))
                    .addLast(new UpstreamLogin(name, upstream, handler, result));
            ByteBuf out = channel.alloc().buffer();
            FrontendWriter.startup(out, ProtocolVersion.V3_2, startup);
            channel.writeAndFlush(out);
        });
        return result;
    }

    /** Asks the server to cancel what one of its processes is doing; completes when the server has taken note, or not. */
    CompletableFuture<Void> cancel(EventLoop loop, CancelKey key) {
        CompletableFuture<Void> result = new CompletableFuture<>();
        open(loop, result, channel -> {
            ByteBuf out = channel.alloc().buffer();
            FrontendWriter.cancelRequest(out, key);
            // The server answers by closing.
            channel.closeFuture().addListener(closed -> result.complete(null));
            channel.writeAndFlush(out);
        });
        return result.exceptionally(failure -> null);
    }

    private void open(EventLoop loop, CompletableFuture<?> result, Consumer<Channel> ready) {
        int timeout = (int) Math.min(Integer.MAX_VALUE, bounds.connectTimeout().toMillis());
        SocketAddress address = Transport.address(upstream.host(), upstream.port());
        Bootstrap bootstrap = new Bootstrap();
        if (!Transport.isUnix(address)) {
            bootstrap.option(ChannelOption.TCP_NODELAY, true).option(ChannelOption.SO_KEEPALIVE, true);
        }
        bootstrap
                .group(loop)
                .channel(Transport.connecting(address))
                .option(ChannelOption.ALLOCATOR, Transport.ALLOCATOR)
                .option(ChannelOption.RCVBUF_ALLOCATOR, Transport.READS)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, timeout)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (tls != null) {
                            channel.pipeline().addLast(new TlsNegotiation(tls, result, ready));
                        }
                    }
                })
                .connect(Transport.taken(address))
                .addListener((ChannelFutureListener) connected -> {
                    if (!connected.isSuccess()) {
                        result.completeExceptionally(unavailable("cannot be reached", connected.cause()));
                        return;
                    }
                    Channel channel = connected.channel();
                    var timer = loop.schedule(
                            () -> {
                                if (result.completeExceptionally(unavailable("did not answer in time", null))) {
                                    channel.close();
                                }
                            },
                            timeout,
                            TimeUnit.MILLISECONDS);
                    result.whenComplete((value, failure) -> {
                        timer.cancel(false);
                        if (failure != null) {
                            channel.close();
                        }
                    });
                    channel.closeFuture()
                            .addListener(
                                    closed -> result.completeExceptionally(unavailable("closed the connection", null)));
                    if (tls == null) {
                        ready.accept(channel);
                    }
                });
    }

    private EnforcementException unavailable(String what, @Nullable Throwable cause) {
        String message = "database `" + name + "` " + what;
        return cause == null
                ? new EnforcementException(ErrorCode.UPSTREAM_UNAVAILABLE, message)
                : new EnforcementException(ErrorCode.UPSTREAM_UNAVAILABLE, message, cause);
    }

    /** Asks for TLS and takes no for a failure (chapter "SSL Session Encryption"). */
    private final class TlsNegotiation extends ChannelInboundHandlerAdapter {

        private final SslContext context;
        private final CompletableFuture<?> result;
        private final Consumer<Channel> ready;
        private boolean answered;

        TlsNegotiation(SslContext context, CompletableFuture<?> result, Consumer<Channel> ready) {
            this.context = context;
            this.result = result;
            this.ready = ready;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ByteBuf out = ctx.alloc().buffer();
            FrontendWriter.sslRequest(out);
            ctx.writeAndFlush(out);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            try {
                if (answered || in.readableBytes() != 1) {
                    fail(ctx, "sent more than the answer to the request for TLS");
                } else if (in.readByte() != 'S') {
                    fail(ctx, "does not offer TLS; set `tls: disable` for the upstream, or turn TLS on in the server");
                } else {
                    answered = true;
                    ctx.pipeline().addFirst(context.newHandler(ctx.alloc(), upstream.host(), upstream.port()));
                }
            } finally {
                in.release();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake) {
                if (handshake.isSuccess()) {
                    ctx.pipeline().remove(this);
                    ready.accept(ctx.channel());
                } else {
                    result.completeExceptionally(unavailable("could not be verified over TLS", handshake.cause()));
                }
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            result.completeExceptionally(unavailable("failed while TLS was negotiated", cause));
        }

        private void fail(ChannelHandlerContext ctx, String what) {
            result.completeExceptionally(unavailable(what, null));
            ctx.close();
        }
    }
}
