package dev.chaperone.pdp.approval;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.inprocess.InProcessSocketAddress;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Says who the enforcer of a call is, by the certificate that its connection was opened with: the certificate's first URI (as of
 * SPIFFE), else its first DNS name, else its subject. Those stay when a certificate is renewed, and replicas of one enforcer share
 * them. Whoever showed no certificate has no name; whoever is in this process is named so.
 */
final class ProvenEnforcer implements ServerInterceptor {

    /** Whoever is in this process. */
    static final String IN_PROCESS = "in-process";

    private static final Context.Key<String> NAME = Context.keyWithDefault("chaperone-proven-enforcer", "");
    private static final int URI = 6;
    private static final int DNS = 2;

    /** The enforcer of the current call; empty when it has proved nothing. */
    static String name() {
        return NAME.get();
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String name = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR) instanceof InProcessSocketAddress
                ? IN_PROCESS
                : name(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
        return Contexts.interceptCall(Context.current().withValue(NAME, name), call, headers, next);
    }

    private static String name(@Nullable SSLSession session) {
        if (session == null) {
            return "";
        }
        try {
            Certificate[] chain = session.getPeerCertificates();
            return chain.length > 0 && chain[0] instanceof X509Certificate certificate ? name(certificate) : "";
        } catch (SSLPeerUnverifiedException e) {
            return ""; // whoever configured that certificates are not asked for has admitted everybody
        }
    }

    static String name(X509Certificate certificate) {
        String uri = alternative(certificate, URI);
        if (uri != null) {
            return "uri:" + uri;
        }
        String dns = alternative(certificate, DNS);
        return dns != null
                ? "dns:" + dns
                : "subject:" + certificate.getSubjectX500Principal().getName();
    }

    private static @Nullable String alternative(X509Certificate certificate, int kind) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            for (List<?> name : names == null ? List.<List<?>>of() : names) {
                if (name.get(0).equals(kind) && name.get(1) instanceof String text) {
                    return text;
                }
            }
            return null;
        } catch (CertificateParsingException e) {
            return null;
        }
    }
}
