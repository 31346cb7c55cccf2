package dev.chaperone.pdp.approval;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/** Takes the bearer token out of a call's metadata. */
final class Bearer implements ServerInterceptor {

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final String SCHEME = "Bearer ";
    private static final Context.Key<String> TOKEN = Context.keyWithDefault("chaperone-bearer-token", "");

    /** The token of the current call; empty when it has none, or more than one. */
    static String token() {
        return TOKEN.get();
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String token = "";
        int found = 0;
        Iterable<String> values = headers.getAll(AUTHORIZATION);
        if (values != null) {
            for (String value : values) {
                found++;
                token = value.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                        ? value.substring(SCHEME.length()).strip()
                        : "";
            }
        }
        return Contexts.interceptCall(Context.current().withValue(TOKEN, found == 1 ? token : ""), call, headers, next);
    }
}
