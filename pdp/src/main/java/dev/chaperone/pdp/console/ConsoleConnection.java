package dev.chaperone.pdp.console;

import io.micrometer.core.instrument.MeterRegistry;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of a browser, which asks for one thing at a time. Answers are made on other threads, since they may wait for the
 * provider or for the approvals' database.
 */
final class ConsoleConnection extends SimpleChannelInboundHandler<FullHttpRequest> {

    private static final Logger LOG = LoggerFactory.getLogger(ConsoleConnection.class);

    private final ConsoleRoutes routes;
    private final Sessions sessions;
    private final ApprovalDesk desk;
    private final SecurityHeaders security;
    private final Executor workers;
    private final MeterRegistry registry;
    private boolean busy;
    private @Nullable EventStream stream;

    ConsoleConnection(
            ConsoleRoutes routes,
            Sessions sessions,
            ApprovalDesk desk,
            SecurityHeaders security,
            Executor workers,
            MeterRegistry registry) {
        this.routes = routes;
        this.sessions = sessions;
        this.desk = desk;
        this.security = security;
        this.workers = workers;
        this.registry = registry;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (busy) {
            // No browser sends a second request before it has the first answer; what does is not told apart from
            // smuggling.
            ctx.close();
            return;
        }
        busy = true;
        boolean keep = HttpUtil.isKeepAlive(request);
        if (!request.decoderResult().isSuccess()) {
            answer(ctx, Answer.text(400, "that is no request that can be read"), false);
            return;
        }
        WebRequest asked;
        try {
            asked = WebRequest.of(request);
        } catch (IllegalArgumentException e) {
            answer(ctx, Answer.text(400, "the address cannot be read"), false);
            return;
        }
        try {
            workers.execute(() -> {
                Answer answer = work(asked);
                ctx.executor().execute(() -> answer(ctx, answer, keep));
            });
        } catch (RejectedExecutionException e) {
            answer(ctx, Answer.text(503, "too much is going on; try again"), keep);
        }
    }

    private Answer work(WebRequest asked) {
        long began = System.nanoTime();
        Answer answer;
        try {
            answer = routes.answer(asked);
        } catch (RuntimeException e) {
            LOG.error("a page could not be answered", e);
            answer = Answer.text(500, "something went wrong here; it is in the log");
        }
        int status = answer instanceof Answer.Content content ? content.status() : 200;
        ConsoleMetric.REQUESTS
                .timer(registry, "kind", kind(asked.path()), "status", String.valueOf(status))
                .record(System.nanoTime() - began, TimeUnit.NANOSECONDS);
        return answer;
    }

    /** One of a few words, however many paths somebody makes up. */
    private static String kind(String path) {
        return path.startsWith("/api/") ? "api" : path.startsWith("/sign-") ? "sign-in" : "asset";
    }

    private void answer(ChannelHandlerContext ctx, Answer answer, boolean keep) {
        if (answer instanceof Answer.Events events) {
            stream(ctx, events.session());
        } else if (answer instanceof Answer.Content content) {
            content(ctx, content, keep);
        }
    }

    private void content(ChannelHandlerContext ctx, Answer.Content content, boolean keep) {
        HttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(content.status()),
                Unpooled.wrappedBuffer(content.body()));
        head(response, content.type());
        if (content.status() != 304) {
            HttpUtil.setContentLength(response, content.body().length);
        }
        content.headers().forEach((name, value) -> response.headers().set(name, value));
        content.cookies().forEach(cookie -> response.headers().add(HttpHeaderNames.SET_COOKIE, cookie));
        busy = false;
        if (keep) {
            ctx.writeAndFlush(response);
        } else {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private void stream(ChannelHandlerContext ctx, Sessions.Session session) {
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head(response, "text/event-stream; charset=utf-8");
        HttpUtil.setTransferEncodingChunked(response, true);
        ctx.writeAndFlush(response);
        // Its own beat shows whether anybody is there.
        ctx.pipeline().remove(IdleStateHandler.class);
        EventStream opened = new EventStream(ctx.channel(), () -> sessions.goesOn(session), workers);
        stream = opened;
        ApprovalDesk.Following following;
        try {
            following = desk.follow(session.person(), opened);
        } catch (DeskException e) {
            ctx.close();
            return;
        }
        ctx.channel().closeFuture().addListener(closed -> following.close());
        // What changed between the page's last look and now.
        opened.run();
    }

    private void head(HttpResponse response, String type) {
        response.headers().set(HttpHeaderNames.CONTENT_TYPE, type).set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        security.addTo(response.headers());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        EventStream open = stream;
        if (open != null) {
            open.flush();
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof IdleStateEvent && !busy) {
            ctx.close();
        }
        ctx.fireUserEventTriggered(event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("a browser's connection failed", cause);
        ctx.close();
    }
}
