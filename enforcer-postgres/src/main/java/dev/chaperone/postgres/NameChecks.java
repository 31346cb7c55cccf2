package dev.chaperone.postgres;

import dev.chaperone.postgres.analysis.StatementDetail;
import dev.chaperone.proto.ErrorCode;
import org.jspecify.annotations.Nullable;

/** Keeps clients from the names that are the gateway's own on the upstream connection, and the number of theirs within bounds. */
final class NameChecks {

    private NameChecks() {}

    /** Why a statement may not use the name that it names; null when it may. */
    static @Nullable GatewayError refusal(@Nullable StatementDetail detail, SessionNames names) {
        String name = name(detail);
        if (name == null) {
            return null;
        }
        GatewayError full = null;
        if (detail instanceof StatementDetail.Prepare) {
            full = names.noRoomForStatement(name);
        } else if (detail instanceof StatementDetail.Declare) {
            full = names.noRoomForPortal(name);
        }
        return full == null ? refusal(name) : full;
    }

    /** Why a client may not use that name; null when it may. */
    static @Nullable GatewayError refusal(String name) {
        return name.startsWith(StatementFlow.RESERVED)
                ? GatewayError.of(
                        ErrorCode.UNSUPPORTED,
                        "names that begin with `" + StatementFlow.RESERVED + "` are the gateway's own",
                        "choose another name")
                : null;
    }

    private static @Nullable String name(@Nullable StatementDetail detail) {
        if (detail instanceof StatementDetail.Prepare prepare) {
            return prepare.name();
        }
        if (detail instanceof StatementDetail.Execute execute) {
            return execute.name();
        }
        if (detail instanceof StatementDetail.Deallocate deallocate) {
            return deallocate.name();
        }
        if (detail instanceof StatementDetail.Declare declare) {
            return declare.name();
        }
        return detail instanceof StatementDetail.CursorUse use ? use.name() : null;
    }
}
