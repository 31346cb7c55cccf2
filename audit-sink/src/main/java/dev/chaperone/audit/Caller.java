package dev.chaperone.audit;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.net.InetSocketAddress;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** Finds out which process asks. */
final class Caller implements ServerInterceptor {

    private static final Context.Key<String> NAME = Context.keyWithDefault("chaperone-evidence-caller", "unknown");

    /** The process that makes the current call: the subject of its certificate, "this machine" or "this process". */
    static String name() {
        return NAME.get();
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        return Contexts.interceptCall(Context.current().withValue(NAME, name(call)), call, headers, next);
    }

    private static String name(ServerCall<?, ?> call) {
        SSLSession tls = call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
        if (tls == null) {
            boolean network = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR) instanceof InetSocketAddress;
            return network ? "this machine" : "this process";
        }
        try {
            return tls.getPeerPrincipal().getName();
        } catch (SSLPeerUnverifiedException e) {
            // The listener demands a certificate.
            return "unknown";
        }
    }
}
